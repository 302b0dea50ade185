"""The commands for data people, on an archive with labels: `sql`, `sql-login`, `export-index` and `tokens`."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.config.settings import variable
from storage.ledger.custody import entries
from storage.ledger.tokens import PREFIX, token_by_secret
from storage.sql_access.logins import login_of
from tests.storage.labelled_archive import OPEN, SECRET, Labelled

Run = Callable[..., Any]


@pytest.fixture
def run(labelled: Labelled, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A command with the settings of the archive."""
    for name, value in vars(labelled.settings).items():
        if value is not None and name.startswith(("data", "s3_", "lock_", "sealing_")):
            monkeypatch.setenv(variable(name), str(value))
    return lambda *words: CliRunner().invoke(app, words)


def test_a_question_in_sql_is_answered_as_table_csv_json_and_parquet(run: Run, tmp_path: Path) -> None:
    wanted = "url LIKE '%п%' OR url LIKE '%b.jpg'"
    question = f"SELECT url, count(*) AS n, NULL AS none FROM captures WHERE {wanted} GROUP BY 1"
    table = run("sql", question)
    assert (table.exit_code, table.stdout.split()[:3]) == (0, ["url", "n", "none"])
    rows = list(csv.reader(io.StringIO(run("sql", question, "--csv").stdout)))
    assert rows[0] == ["url", "n", "none"]
    assert sorted(rows[1:]) == [["https://secret.example/b.jpg", "1", ""], [OPEN, "2", ""]]
    lines = [json.loads(line) for line in run("sql", question, "--json").stdout.splitlines()]
    assert {"kind": "sql_row", "values": {"url": OPEN, "n": 2, "none": None}} in lines
    file = tmp_path / "answer.parquet"
    assert run("sql", question, "--parquet", str(file)).exit_code == 0
    with duckdb.connect() as connection:
        assert (OPEN, 2, None) in connection.execute(f"SELECT * FROM '{file}'").fetchall()


def test_without_a_question_the_views_are_named_and_a_wrong_one_is_refused_in_a_sentence(run: Run) -> None:
    views = [json.loads(line) for line in run("sql", "--json").stdout.splitlines()]
    assert "archive.captures" in {view["name"] for view in views}
    refused = run("sql", "DROP VIEW captures")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "The database refused" in refused.stderr
    assert run("sql", "SELECT 1", "--csv", "--json").exit_code == 2


def test_a_login_is_printed_as_statements_for_the_administrator(run: Run) -> None:
    (row,) = map(json.loads, run("sql-login", "ала", "--days", "7", "--json").stdout.splitlines())
    assert row["login"] == login_of("ала")
    assert row["statements"][0].startswith(f"CREATE ROLE {row['login']} LOGIN CONNECTION LIMIT 4 PASSWORD")
    assert row["password"] not in run("sql-login", "ала").stdout


def test_confidential_rows_are_exported_only_where_they_are_asked_for_and_custody_says_by_whom(
    run: Run, labelled: Labelled, tmp_path: Path
) -> None:
    assert run("export-index", "--to", str(tmp_path / "open")).exit_code == 0
    everything = run("export-index", "--to", str(tmp_path / "all"), "--confidential", "--json")
    row = json.loads(everything.stdout)
    assert (row["rows"], row["labels"]) == (8, None)
    with duckdb.connect() as connection:
        seen = {
            name: connection.execute(f"SELECT list(url) FROM '{tmp_path}/{name}/*/*/*.parquet'").fetchall()[0][0]
            for name in ("open", "all")
        }
    assert SECRET in seen["all"]
    assert SECRET not in seen["open"]
    with labelled.archive.reader.connect() as ledger:
        exported = [entry for entry in entries(ledger) if entry.event == "exported"]
    assert [(entry.subject_id, entry.details["labels"]) for entry in exported] == [("capture-index", None)]
    assert run("export-index", "--to", str(tmp_path / "x"), "--label", "nothing").exit_code == 2
    assert run("export-index").exit_code == 2
    assert not (tmp_path / "x").exists()


def test_a_token_is_printed_once_listed_without_itself_and_revoked(run: Run, labelled: Labelled) -> None:
    made = json.loads(run("tokens", "make", "ала", "--for", "сшытак", "--scope", "read", "--json").stdout)
    assert made["token"].startswith(PREFIX)
    (listed,) = map(json.loads, run("tokens", "--json").stdout.splitlines())
    assert listed == {name: value for name, value in made.items() if name != "token"}
    assert run("tokens", "make", "ала", "--for", "n", "--scope", "everything").exit_code == 2
    assert run("tokens", "revoke", made["id"]).exit_code == 0
    with labelled.archive.reader.connect() as connection:
        assert token_by_secret(connection, made["token"]) is None
    assert run("tokens", "revoke", "none").exit_code == 1
