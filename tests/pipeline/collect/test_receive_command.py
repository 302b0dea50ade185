"""`letapis receive` and `letapis received`, as people and programs run them."""

import json
from pathlib import Path

import pytest

from pipeline.config.settings import Settings, variable
from processors.digest import sha256
from samples.media.files import media_file
from storage.archive import Archive
from storage.similarity.media import medium
from tests.typed_commands import typed

SAID = ("--origin", "filmed on a phone", "--received-at", "2026-11-20", "--from", "Сведка 7")
PICTURE = media_file("tram/w800/q82").content


@pytest.fixture
def configured(stored_settings: Settings, archive: Archive, monkeypatch: pytest.MonkeyPatch) -> Archive:
    """The commands find this test's archive by the environment."""
    store = (
        "s3_endpoint",
        "s3_access_key",
        "s3_secret_key",
        "s3_bucket",
        "lock_mode",
        "lock_days",
        "sealing_keys",
    )
    database = ("database_url", "database_writer_url", "database_reader_url")
    for name in ("data", *store, *database):
        monkeypatch.setenv(variable(name), str(getattr(stored_settings, name)))
    return archive


def test_files_are_received_once_fingerprinted_and_listed(configured: Archive, tmp_path: Path) -> None:
    photo, paper = tmp_path / "tram.jpg", tmp_path / "spis.pdf"
    photo.write_bytes(PICTURE)
    paper.write_bytes(b"%PDF-1.4 x")
    first = typed("receive", str(photo), str(paper), *SAID, "--json")
    assert first.returncode == 0, first.stderr
    rows = [json.loads(line) for line in first.stdout.splitlines()]
    assert [(row["kind"], row["file"], row["media_type"], row["already"]) for row in rows] == [
        ("received_file", str(photo), "image/jpeg", False),
        ("received_file", str(paper), "application/pdf", False),
    ]
    with configured.reader.connect() as connection:
        assert medium(connection, sha256(PICTURE)) is not None
    again = typed("receive", str(photo), *SAID)
    assert again.returncode == 0
    assert f"the same bytes as entry {rows[0]['custody_seq']}, not stored twice" in again.stdout
    listed = typed("received", "--json")
    assert [json.loads(line)["first_seq"] for line in listed.stdout.splitlines()] == [
        rows[0]["custody_seq"],
        None,
        None,
    ]
    assert "received from Сведка 7 on 2026-11-20" in typed("received").stdout


def test_a_file_that_is_not_there_and_a_statement_that_is_none_are_wrong_use(
    configured: Archive, tmp_path: Path
) -> None:
    missing = typed("receive", str(tmp_path / "none"), *SAID)
    assert (missing.returncode, "Nothing was received." in missing.stderr) == (2, True)
    (tmp_path / "a").write_bytes(b"a")
    slip = typed("receive", str(tmp_path / "a"), *SAID[:2], "--received-at", "20.11.", *SAID[4:])
    assert (slip.returncode, "expected a day or time" in slip.stderr) == (2, True)


def test_what_cannot_be_taken_is_named_and_the_others_go_on(configured: Archive, tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "full").write_bytes(b"a")
    both = typed("receive", str(tmp_path / "empty"), str(tmp_path / "full"), *SAID, "--json")
    assert (both.returncode, len(both.stdout.splitlines())) == (3, 1)
    assert "empty: expected a file with content, found 0 bytes. Nothing of it was kept." in both.stderr
    assert typed("receive", str(tmp_path / "empty"), *SAID).returncode == 1
