"""The file of known payloads: what is written before a crawl is what the crawl finds, and it is written once."""

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from processors.digest import sha256
from storage.spool.known_payloads import KnownPayloads, write_payloads_file
from storage.warc.records import DepositedRecord

AT = datetime(2026, 11, 23, 20, 15, 0, 123456, tzinfo=UTC)


def deposited(name: str) -> tuple[str, DepositedRecord]:
    return str(sha256(name.encode())), DepositedRecord(f"<urn:uuid:{name}>", f"https://a.example/{name}", AT)


def test_a_crawl_finds_each_payload_that_was_written_and_no_other(tmp_path: Path) -> None:
    written = write_payloads_file(tmp_path / "payloads.sqlite", map(deposited, ("one", "two")))
    known = KnownPayloads(tmp_path / "payloads.sqlite")
    assert written == 2
    assert known(sha256(b"two")) == DepositedRecord("<urn:uuid:two>", "https://a.example/two", AT)
    assert known(sha256(b"three")) is None


def test_the_file_is_its_owners_alone_and_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "payloads.sqlite"
    assert write_payloads_file(path, ()) == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        write_payloads_file(path, map(deposited, ("one",)))
