"""What bad input gets: a sentence, no file under its final name, no number given, nothing disclosed."""

import resource
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from access.app import create_app
from pipeline.config.settings import ROOT
from pipeline.handover.choosing import Choice
from pipeline.handover.desk import ExportDesk
from pipeline.handover.freezing import freeze, recipient_of
from pipeline.handover.package_errors import StoreAwayError
from pipeline.handover.package_key import PackageKeyError, prepare_package_key
from storage.access_labels import Role, Viewer
from storage.archive import Archive
from storage.ledger.disclosures import disclosures_to
from storage.ledger.tables import exhibits
from storage.objects.store import ObjectStore
from tests.pipeline.handover.handed_over_archive import sample_report
from tests.pipeline.handover.test_choosing import capture_ids
from tests.pipeline.handover.test_export_command import Run, run
from tests.storage.labelled_archive import Labelled

__all__ = ["run"]

KUST = Viewer("kust", Role.CUSTODIAN, every_label=True)
COURT = ("--recipient", "Full Court", "--level", "court", "--no-context")
ROBOTS = "https://vesnik.example/robots.txt"
GONE = "https://vesnik.example/gone"
ON_A_FULL_DISK = """
import sys
from pathlib import Path
from pipeline.handover.selection_file import SelectionFileError, selection_file
disk = Path(sys.argv[1])
(disk / "filler").write_bytes(bytes(200 << 10))
try:
    with selection_file(disk / "selection.json") as file:
        file.reserve(100 << 10)
except SelectionFileError as problem:
    print(problem.is_full, problem, *sorted(each.name for each in disk.iterdir()), sep="|")
"""


@contextmanager
def no_larger_files(most_bytes: int) -> Iterator[None]:
    """The kernel then refuses what goes beyond, as it does on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def without_store(archive: Archive) -> Archive:
    away = ObjectStore(
        f"http://127.0.0.1:{free_port()}",
        "bucket",
        access_key="a",
        secret_key="b",
        region="us-east-1",
        lock_mode="governance",
        lock_days=1,
        attempts=1,
    )
    return replace(archive, objects=away)


def numbers_of(archive: Archive, subject_id: str) -> list[str]:
    with archive.reader.connect() as connection:
        return list(connection.scalars(select(exhibits.c.number).where(exhibits.c.subject_id == subject_id)))


def last_number(archive: Archive) -> str:
    with archive.reader.connect() as connection:
        return connection.scalar(select(func.max(exhibits.c.number))) or "LTP-2026-000000"


def test_a_full_disk_while_freezing_leaves_no_file_and_spends_no_number(
    run: Run, handed: Labelled, tmp_path: Path
) -> None:
    shown, file = capture_ids(handed.archive, ROBOTS)[0], tmp_path / "selection.json"
    words = ("export", "--id", shown, *COURT, "--freeze", str(file))
    before = last_number(handed.archive)
    with no_larger_files(16):
        answer = run(*words)
    assert answer.exit_code == 1
    assert answer.stderr.startswith(f"Selection {file}: expected a folder with room for it, found File too large.")
    assert "Make room or name another file" in answer.stderr
    assert (list(tmp_path.iterdir()), numbers_of(handed.archive, shown)) == ([], [])
    assert run(*words).exit_code == 0
    (number,) = numbers_of(handed.archive, shown)
    assert int(number[-6:]) == int(before[-6:]) + 1
    assert [each.name for each in tmp_path.iterdir()] == ["selection.json"]


def test_a_folder_that_is_not_there_is_named_before_anything_is_frozen(
    run: Run, handed: Labelled, tmp_path: Path
) -> None:
    shown = capture_ids(handed.archive, GONE)[0]
    answer = run("export", "--id", shown, *COURT, "--freeze", str(tmp_path / "none" / "selection.json"))
    assert answer.exit_code == 1
    assert "none/selection.json: expected a folder with room for it, found No such file" in answer.stderr
    assert numbers_of(handed.archive, shown) == []


@pytest.mark.root
def test_a_disk_without_room_is_called_full(tmp_path: Path) -> None:
    unshare = shutil.which("unshare")
    assert unshare is not None
    script = 'mount -t tmpfs -o size=262144 none "$1" && exec "$2" -c "$3" "$1"'
    done = subprocess.run(
        [unshare, "--mount", "sh", "-c", script, "sh", str(tmp_path), sys.executable, ON_A_FULL_DISK],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    is_full, refusal, left = done.stdout.strip().split("|")
    assert (is_full, left) == ("True", "filler")
    assert "found a full disk. Nothing is left under that name and nothing was disclosed." in refusal


def test_a_disk_that_is_full_while_building_keeps_the_selection_that_was_frozen(
    run: Run, handed: Labelled, tmp_path: Path
) -> None:
    to = tmp_path / "package"
    words = ("export", "--id", capture_ids(handed.archive, ROBOTS)[0], *COURT, "--to", str(to))
    with no_larger_files(1 << 12):
        answer = run(*words)
    kept = tmp_path / "package.selection.json"
    assert answer.exit_code == 1
    assert f"Package {to}: expected a disk that takes it, found File too large." in answer.stderr
    assert f"`letapis export --from {kept} --to {to}` builds it." in answer.stderr
    assert list(tmp_path.iterdir()) == [kept]
    again = run(*words)
    assert again.exit_code == 2
    assert f"{kept}: expected no file, found one" in again.stderr
    with handed.archive.reader.connect() as connection:
        assert disclosures_to(connection, "Full Court") == ()


def test_a_full_disk_leaves_no_half_of_the_key_of_packages(tmp_path: Path) -> None:
    place = tmp_path / "package.key"
    with no_larger_files(16), pytest.raises(PackageKeyError, match="a folder with room for a new key"):
        prepare_package_key(place)
    assert list(tmp_path.iterdir()) == []
    assert prepare_package_key(place)[1]


@pytest.mark.parametrize("with_report", [True, False])
def test_a_store_that_is_away_while_freezing_spends_no_number(handed: Labelled, *, with_report: bool) -> None:
    shown = capture_ids(handed.archive, GONE)[0]
    recipient = recipient_of("Court of the away", "court", None, "en")
    report = sample_report() if with_report else None
    with pytest.raises(StoreAwayError, match="expected an object store that answers") as away:
        freeze(
            without_store(handed.archive), Choice(ids=(shown,)), recipient, viewer=KUST, validation_report=report
        )
    assert "no exhibit got a number, and nothing was disclosed" in str(away.value)
    assert numbers_of(handed.archive, shown) == []


def test_a_store_that_is_away_is_told_on_the_page_as_what_it_is(handed: Labelled) -> None:
    shown, away = capture_ids(handed.archive, GONE)[0], without_store(handed.archive)
    sent = {"ids": shown, "alone": "true", "level": "court", "recipient": "Court of the away"}
    with TestClient(create_app(lambda: away, lambda: KUST, handover=ExportDesk())) as pages:
        previewed = pages.get("/handover", params=sent)
        refused = pages.post("/handover", data=sent, headers={"Sec-Fetch-Site": "same-origin"})
    assert (previewed.status_code, refused.status_code) == (200, 503)
    assert "no exhibit got a number, and nothing was disclosed" in refused.text
    assert numbers_of(handed.archive, shown) == []


def test_a_store_that_is_away_is_told_by_the_command(
    run: Run, handed: Labelled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LETAPIS_S3_ENDPOINT", f"http://127.0.0.1:{free_port()}")
    shown = capture_ids(handed.archive, GONE)[0]
    answer = run("export", "--id", shown, *COURT, "--freeze", str(tmp_path / "selection.json"))
    assert answer.exit_code == 1
    assert "The selection: expected an object store that answers, found none at http://127.0.0.1:" in answer.stderr
    assert (list(tmp_path.iterdir()), numbers_of(handed.archive, shown)) == ([], [])
