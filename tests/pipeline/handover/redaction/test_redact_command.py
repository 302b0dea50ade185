import getpass
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.config.settings import variable
from processors.digest import sha256
from storage.ledger.redactions import redactions
from tests.pipeline.handover.redaction.covered_archive import CoveredArchive

Run = Callable[..., Any]

BOX = {"cover": "region", "left": 0.1, "top": 0.1, "right": 0.3, "bottom": 0.4, "reason": "a face"}
STEPS = {"reason": "a passer-by", "steps": [BOX]}


@pytest.fixture
def run(covered: CoveredArchive, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """A command with the settings of the archive; ``{steps}`` is a file with what is given as steps."""
    for name, value in vars(covered.labelled.settings).items():
        if value is not None and name.startswith(("data", "s3_", "lock_", "sealing_")):
            monkeypatch.setenv(variable(name), str(value))
    monkeypatch.setenv("LOGNAME", "kust")

    def ran(*words: str, steps: Any = STEPS) -> Any:
        file = tmp_path / "steps.json"
        file.write_text(steps if isinstance(steps, str) else json.dumps(steps), "utf-8")
        return CliRunner().invoke(app, [each.format(steps=file) for each in words])

    return ran


def test_a_copy_is_looked_at_first_then_kept_and_listed(run: Run, covered: CoveredArchive, tmp_path: Path) -> None:
    name, look = covered.portrait.id, tmp_path / "look.png"
    before = run("redactions", name, "--json").stdout.splitlines()
    drafted = run("redact", name, "--steps", "{steps}", "--preview", str(look), "--json")
    assert json.loads(drafted.stdout) == {
        "kind": "redaction_draft",
        "original_id": name,
        "media_type": "image/png",
        "length_bytes": look.stat().st_size,
        "file": str(look),
    }
    assert run("redactions", name, "--json").stdout.splitlines() == before
    again = run("redact", name, "--steps", "{steps}", "--preview", str(look))
    assert (again.exit_code, "this name is taken" in again.stderr) == (2, True)

    row = json.loads(run("redact", name, "--steps", "{steps}", "--json").stdout)
    assert (row["original_id"], row["copy_digest"]) == (name, str(sha256(look.read_bytes())))
    assert (row["actor"], row["reason"]) == (getpass.getuser(), "a passer-by")
    assert [(each["cover"], each["left"], each["reason"]) for each in row["steps"]] == [("region", 0.1, "a face")]
    assert json.loads(run("redactions", name, "--json").stdout.splitlines()[-1]) == row
    listed = run("redactions", name).stdout
    assert "region on page 1, left 0.1 top 0.1 right 0.3 bottom 0.4 (a face)" in listed
    assert row["copy_id"] in run("show", row["copy_id"]).stdout


def test_where_nobody_has_a_name_their_number_is_entered(
    run: Run, covered: CoveredArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found")

    monkeypatch.setattr(getpass, "getuser", nobody)
    row = json.loads(run("redact", covered.portrait.id, "--steps", "{steps}", "--json").stdout)
    assert row["actor"] == f"uid {os.getuid()}"


UNKNOWN = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("name", "steps", "code", "sentence"),
    [
        ("portrait.jpg", STEPS, 2, "expected urn:uuid:... of a capture"),
        (UNKNOWN, STEPS, 1, "expected a capture or record, found none of this name. Nothing was kept"),
        (None, {**STEPS, "steps": [{**BOX, "right": 1.3}]}, 2, "expected a fraction of the side, from 0 to 1"),
        (None, {**STEPS, "steps": [{**BOX, "left": 0.9}]}, 2, "expected left before right"),
        (None, {**STEPS, "steps": [{**BOX, "page": 2}]}, 1, "it has 1 pages, and a region is on page 2"),
        (None, {**STEPS, "reason": " "}, 2, "reason: expected why it is covered"),
        (None, {**STEPS, "steps": []}, 2, "steps: expected a list of 1 to 200"),
        (None, '{"reason": "x"', 2, "expected JSON"),
        (None, {**STEPS, "steps": [{"cover": "words", "words": "Jan"}]}, 1, "covered in a record"),
    ],
)
def test_bad_input_is_answered_with_a_sentence_and_nothing_is_kept(
    run: Run, covered: CoveredArchive, name: str | None, steps: Any, code: int, sentence: str
) -> None:
    with covered.archive.reader.connect() as connection:
        before = redactions(connection)
    answer = run("redact", name or covered.portrait.id, "--steps", "{steps}", steps=steps)
    assert answer.exit_code == code, answer.stderr
    assert sentence in " ".join(answer.stderr.split())
    with covered.archive.reader.connect() as connection:
        assert redactions(connection) == before


def test_a_file_of_steps_that_is_not_there_is_named(run: Run, covered: CoveredArchive, tmp_path: Path) -> None:
    answer = run("redact", covered.portrait.id, "--steps", str(tmp_path / "none.json"))
    assert (answer.exit_code, "Nothing was covered" in answer.stderr) == (2, True)


def test_a_preview_that_cannot_be_written_is_named_and_nothing_is_written_through_a_link(
    run: Run, covered: CoveredArchive, tmp_path: Path
) -> None:
    nowhere = run(
        "redact", covered.portrait.id, "--steps", "{steps}", "--preview", str(tmp_path / "none" / "look.png")
    )
    assert (nowhere.exit_code, "look.png could not be written" in " ".join(nowhere.stderr.split())) == (1, True)
    link, aim = tmp_path / "link.png", tmp_path / "aim.png"
    link.symlink_to(aim)
    through = run("redact", covered.portrait.id, "--steps", "{steps}", "--preview", str(link))
    assert (through.exit_code, "this name is taken" in through.stderr, aim.exists()) == (2, True, False)
