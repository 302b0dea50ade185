import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.handover.building import hand_over
from pipeline.handover.choosing import Choice, ChoiceRefusedError
from pipeline.handover.freezing import freeze, recipient_of
from pipeline.handover.package_key import PackageKey
from pipeline.handover.selection import CaptureRole, Exhibit, FrozenSelection, SelectedCapture
from storage.access_labels import EVERYONE, Role, Viewer
from storage.ledger.disclosures import disclosures_to
from storage.log.signing import sign_next_checkpoint
from tests.pipeline.handover.test_choosing import capture_ids, labelled_as, the_post
from tests.pipeline.handover.test_export_command import Run, run
from tests.storage.labelled_archive import OPEN, SECRET, Labelled
from tests.storage.log.log_archive import signer_at

__all__ = ["run"]

KUST = Viewer("kust", Role.CUSTODIAN, every_label=True)


def files_of(folder: Path) -> dict[str, bytes]:
    return {each.relative_to(folder).as_posix(): each.read_bytes() for each in folder.rglob("*") if each.is_file()}


def test_a_package_is_built_by_one_command_entered_once_and_built_again_with_equal_bytes(
    run: Run, handed: Labelled, tmp_path: Path
) -> None:
    sign_next_checkpoint(handed.archive, signer_at(tmp_path / "log.key"), actor="tester")
    to, again = tmp_path / "package", tmp_path / "again"
    words = ("--recipient", "Appeal Court", "--level", "court", "--language", "pl")
    answer = run("export", "--id", the_post(handed.archive), *words, "--to", str(to), "--json")
    assert answer.exit_code == 0, answer.stderr
    row = json.loads(answer.stdout)
    frozen = FrozenSelection.from_json((to / "data" / "selection.json").read_bytes())
    assert (row["folder"], row["exhibits"]) == (str(to), [each.number for each in frozen.exhibits])
    assert "Exhibits written: 100 %" in answer.stderr
    with handed.archive.reader.connect() as connection:
        (entered,) = disclosures_to(connection, "Appeal Court")
    assert (str(entered.package_digest), entered.seq) == (row["digest"], row["custody_seq"])
    assert entered.selection == json.loads(frozen.to_json())

    assert frozen.checkpoint is not None
    verifier = [sys.executable, "-I", str(to / "data" / "verify" / "verify.py"), str(to)]
    checked = subprocess.run(verifier, capture_output=True, text=True, timeout=120, check=False)
    assert checked.returncode == 0, checked.stdout

    spoken = run("export", "--from", str(to / "data" / "selection.json"), "--to", str(again))
    assert f"custody entry {entered.seq}" in spoken.stdout
    assert files_of(again) == files_of(to)
    with handed.archive.reader.connect() as connection:
        assert disclosures_to(connection, "Appeal Court") == (entered,)
    assert run("export", "--id", the_post(handed.archive), *words, "--to", str(to)).exit_code == 2


def with_foreign_capture(exhibit: Exhibit, foreign: str) -> Exhibit:
    return replace(exhibit, captures=(*exhibit.captures, SelectedCapture(foreign, CaptureRole.CONTEXT)))


@pytest.mark.parametrize(
    ("altered", "said"),
    [
        (with_foreign_capture, "It belongs to a matter other than the one"),
        (lambda exhibit, _: replace(exhibit, number="LTP-2026-999999"), "has not given this number"),
        (lambda exhibit, _: replace(exhibit, subject_id="urn:uuid:x"), "has not given this number"),
        (lambda exhibit, _: replace(exhibit, record_ids=("ab" * 32,)), "none of its captures shows"),
        (lambda exhibit, _: replace(exhibit, media=("sha256:" + "ab" * 32,)), "none of its captures shows"),
    ],
)
def test_a_selection_that_somebody_altered_is_refused_before_anything_is_built(
    handed: Labelled, tmp_path: Path, altered: Callable[[Exhibit, str], Exhibit], said: str
) -> None:
    shown, foreign = capture_ids(handed.archive, OPEN)[0], capture_ids(handed.archive, SECRET)[0]
    recipient = recipient_of("Court of the altered", "court", None, "en")
    frozen = freeze(handed.archive, Choice(ids=(shown,)), recipient, viewer=EVERYONE)
    wrong = replace(frozen, exhibits=(altered(frozen.exhibits[0], foreign),))
    with pytest.raises(ChoiceRefusedError, match=said):
        hand_over(handed.archive, wrong, tmp_path / "package", key=PackageKey.generate(), viewer=KUST)
    assert list(tmp_path.iterdir()) == []
    with handed.archive.reader.connect() as connection:
        assert disclosures_to(connection, recipient.name) == ()


def test_what_was_withdrawn_after_it_was_frozen_is_not_built(handed: Labelled, tmp_path: Path) -> None:
    shown = capture_ids(handed.archive, OPEN)[0]
    recipient = recipient_of("Late Court", "court", None, "en")
    frozen = freeze(handed.archive, Choice(ids=(shown,)), recipient, viewer=EVERYONE)
    with labelled_as(handed.archive, "withdrawn", shown), pytest.raises(ChoiceRefusedError, match="was withdrawn"):
        hand_over(handed.archive, frozen, tmp_path / "package", key=PackageKey.generate(), viewer=Viewer("kust"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--from", "{file}"), "expected --to"),
        (("--from", "{file}", "--to", "x", "--level", "court"), "the file says what goes to whom"),
        (("--from", "{none}", "--to", "x"), "No such file"),
        (("--from", "{file}", "--to", "x"), "expected 'letapis/selection/1', found None"),
        (("суд", "--zip-parts", "2GB"), "expected --to beside it"),
        (("суд", "--to", "x", "--zip-parts", "many"), "expected a size such as 2GB"),
    ],
)
def test_a_wrong_use_of_the_command_builds_nothing(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "selection.json"
    file.write_text("{}")
    answer = run("export", *(each.format(file=file, none=tmp_path / "none.json") for each in words))
    assert answer.exit_code == 2
    assert said in answer.stderr
    assert list(tmp_path.iterdir()) == [file]
