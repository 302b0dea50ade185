"""The access log: administrators see who looked at what, nobody else does, and each look at it is logged."""

import json

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.config.settings import Settings, variable
from storage.ledger.access_log import accesses_of, log_access
from tests.access.conftest import Filled

SUBJECT = "urn:uuid:00000000-0000-4000-8000-000000000001"


@pytest.fixture
def logged(filled: Filled) -> Filled:
    """One look of an analyst, and one by somebody whose name is markup."""
    log_access(filled.archive, actor="analyst-7", action="viewed", subject_id=SUBJECT)
    log_access(filled.archive, actor="<b>zlo</b>", action="downloaded", subject_id=SUBJECT)
    return filled


def test_an_administrator_sees_who_looked_and_the_look_is_logged(logged: Filled, anonymous: TestClient) -> None:
    anonymous.headers["X-User"] = "admin"
    answer = anonymous.get("/accesses", params={"subject": SUBJECT, "actor": "analyst-7"})
    assert answer.status_code == 200
    assert "analyst-7" in answer.text
    assert "downloaded" not in answer.text
    shown = anonymous.get("/accesses", params={"subject": SUBJECT}).text
    assert "&lt;b&gt;zlo&lt;/b&gt;" in shown
    assert "<b>zlo</b>" not in shown
    with logged.archive.reader.connect() as connection:
        assert "admin" in {each.actor for each in accesses_of(connection, "access-log")}


def test_nobody_else_sees_it_and_no_row_of_it(logged: Filled, analyst: TestClient) -> None:
    answer = analyst.get("/accesses", params={"subject": SUBJECT})
    assert answer.status_code == 403
    assert "This needs the role custodian" in answer.text
    assert "analyst-7" not in answer.text
    assert "/accesses" not in analyst.get("/").text


def test_the_command_lists_the_newest_first(
    logged: Filled, own_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in vars(own_settings).items():
        if value is not None and name.startswith(("data", "s3_", "lock_")):
            monkeypatch.setenv(variable(name), str(value))
    ran = CliRunner().invoke(app, ["accesses", "--subject", SUBJECT, "--actor", "analyst-7", "--json"])
    assert ran.exit_code == 0, ran.output
    rows = [json.loads(line) for line in ran.stdout.splitlines()]
    assert rows
    assert {(row["kind"], row["actor"], row["action"], row["subject_id"]) for row in rows} == {
        ("access", "analyst-7", "viewed", SUBJECT)
    }
    assert [row["at"] for row in rows] == sorted((row["at"] for row in rows), reverse=True)
    later = CliRunner().invoke(app, ["accesses", "--since", "2999-01-01", "--json"])
    assert (later.exit_code, later.stdout) == (0, "")
