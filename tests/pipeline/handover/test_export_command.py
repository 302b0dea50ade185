import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.config.settings import variable
from pipeline.handover.register import register_package
from pipeline.handover.selection import FrozenSelection
from processors.digest import sha256
from tests.pipeline.handover.test_choosing import capture_ids
from tests.storage.labelled_archive import OPEN, SECRET, Labelled

Run = Callable[..., Any]


@pytest.fixture
def run(handed: Labelled, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A command with the settings of the archive."""
    for name, value in vars(handed.settings).items():
        if value is not None and name.startswith(("data", "s3_", "lock_", "sealing_")):
            monkeypatch.setenv(variable(name), str(value))
    return lambda *words: CliRunner().invoke(app, words)


def test_a_preview_says_what_goes_what_stays_out_and_who_sees_what(run: Run, handed: Labelled) -> None:
    shown, secret = capture_ids(handed.archive, OPEN)[0], capture_ids(handed.archive, SECRET)[0]
    rows = [
        json.loads(line)
        for line in run("export", "--id", shown, "--id", secret, "--level", "court", "--json").stdout.splitlines()
    ]
    assert [row["kind"] for row in rows] == ["export_exhibit", "left_out", "export_preview"]
    assert (rows[0]["subject_id"], rows[1]["reason"]) == (shown, "sealed_case")
    assert rows[2]["refused"] == [f"{secret}: {rows[1]['words']}"]
    spoken = run("export", "--id", shown)
    assert spoken.exit_code == 0
    assert "this is what the public would receive" in spoken.stdout


def test_a_choice_is_frozen_into_a_file_once_and_shown_in_the_register_when_it_was_handed_over(
    run: Run, handed: Labelled, tmp_path: Path
) -> None:
    shown, file = capture_ids(handed.archive, OPEN)[0], tmp_path / "selection.json"
    words = ("export", "--id", shown, "--recipient", "A Tribunal", "--level", "court", "--freeze", str(file))
    row = json.loads(run(*words, "--request", "R-7", "--json").stdout)
    frozen = FrozenSelection.from_json(file.read_bytes())
    assert (row["package_id"], row["exhibits"]) == (frozen.package_id, [frozen.exhibits[0].number])
    assert run(*words).exit_code == 2
    assert FrozenSelection.from_json(file.read_bytes()) == frozen

    assert run("disclosures", "A Tribunal").stdout == ""
    register_package(handed.archive, frozen, sha256(b"a package of the tribunal"), actor="kust")
    (listed,) = map(json.loads, run("disclosures", "A Tribunal", "--json").stdout.splitlines())
    assert (listed["package_id"], listed["request"], listed["level"]) == (frozen.package_id, "R-7", "court")
    (changed,) = map(json.loads, run("disclosures", "A Tribunal", "--changes", "--json").stdout.splitlines())
    assert (changed["number"], changed["added"], changed["gone"]) == (frozen.exhibits[0].number, [], [])
    assert frozen.package_id in run("disclosures").stdout
    assert "unchanged" in run("disclosures", "A Tribunal", "--changes").stdout


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("export", "--recipient", "A Court", "--level", "court"), 1, "Nothing is chosen"),
        (("export", "суд", "--level", "all"), 2, "expected one of court|prosecutor|partner|public"),
        (("export", "суд", "--recipient", "A Court"), 1, "A Court has no level"),
        (("export", "суд", "--level", "court"), 1, "expected a name on one line"),
        (("export", "--supplement-of", "01KB8Z0000000000000000000A"), 1, "expected one of the register"),
        (("export", "суд", "--supplement-of", "01KB8Z0000000000000000000A"), 2, "no other choice beside it"),
        (("disclosures", "--changes"), 2, "the name of a recipient"),
        (("disclosures", "Nobody", "--changes"), 1, "nothing that you may know of"),
    ],
)
def test_bad_input_is_answered_with_a_sentence_and_no_file(
    run: Run, tmp_path: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    file = tmp_path / "selection.json"
    freeze = ("--freeze", str(file)) if words[0] == "export" and "all" not in words else ()
    answer = run(*words, *freeze)
    assert (answer.exit_code, file.exists()) == (code, False)
    assert said in answer.stderr
