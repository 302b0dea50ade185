"""A file becomes evidence: once, whole, under lock, in custody; or it is refused and stays where it is."""

import gzip
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select
from sqlalchemy.exc import OperationalError

from crawlers.model.capture import Captured
from pipeline.config.archive_factory import open_store
from pipeline.config.settings import Settings
from pipeline.devstack.ports import free_ports
from processors.digest import sha256
from storage.archive import Archive
from storage.catalogue.captures import capture_by_id, captures_of
from storage.catalogue.tables import captures, warcs
from storage.deposit.deposit import DepositRefusedError, deposit_file
from storage.ledger.chain import read_chain
from storage.ledger.custody import publish_pending_entries
from storage.objects.errors import KeyTakenError, StoreUnreachableError
from storage.warc.reader import WarcDamageError
from tests.storage.crawled_files import KANAL, crawl_one, exchange, no_answer, response

PAGE = "https://t.me/s/kanal"
CRAWL = "01JDN0E9Q0Z3V4W5X6Y7Z8A9B0"
EMPTY_RECORD = (
    b"WARC/1.1\r\nWARC-Type: metadata\r\nWARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-000000000001>\r\n"
    b"WARC-Date: 2026-11-20T21:00:00Z\r\nContent-Length: 0\r\n\r\n\r\n\r\n"
)


@pytest.fixture
def warc(tmp_path: Path) -> Path:
    items: list[Captured] = [
        exchange(PAGE, response("Прывітанне".encode())),
        exchange("https://cdn.test/a.jpg", response(b"\xff\xd8\xff picture", "image/jpeg")),
        no_answer("https://gone.test/"),
    ]
    return crawl_one(tmp_path, items, crawl_id=CRAWL)


def count(archive: Archive, table: str = "captures") -> int:
    columns = {"captures": captures.c.id, "warcs": warcs.c.key}
    with archive.reader.connect() as connection:
        return len(connection.execute(select(columns[table])).all())


def test_a_deposited_file_stands_in_the_store_under_its_key_and_lock(archive: Archive, warc: Path) -> None:
    deposited = deposit_file(archive, warc, source_id="kanal", crawl_id=CRAWL, serial=0)
    head = archive.objects.head(deposited.key, deposited.version_id)
    day = read_chain(archive.objects, archive.sealing).entries[0].entry.at.strftime("%Y/%m/%d")
    assert deposited.key == f"warc/{day}/kanal/{CRAWL}-00000.warc.gz"
    assert head is not None and head.lock_mode == "governance"
    assert archive.objects.read(deposited.key, deposited.version_id) == warc.read_bytes()


def test_custody_says_what_was_deposited(archive: Archive, warc: Path) -> None:
    deposited = deposit_file(archive, warc, actor="harvest")
    (chained,) = read_chain(archive.objects, archive.sealing).entries
    entry = chained.entry
    assert (entry.event, entry.subject_id, entry.actor) == ("deposited", deposited.key, "harvest")
    assert entry.subject_digest == sha256(warc.read_bytes())
    assert entry.details["object_version"] == deposited.version_id
    assert entry.details["length_bytes"] == warc.stat().st_size
    assert read_chain(archive.objects, archive.sealing).problems == ()


def test_every_capture_is_found_by_its_url_and_read_back_by_its_place(archive: Archive, warc: Path) -> None:
    deposited = deposit_file(archive, warc)
    with archive.reader.connect() as connection:
        (page,) = captures_of(connection, "http://www.t.me/s/kanal/")
        same = capture_by_id(connection, f"<{page.id}>")
    assert same == page and page.id.startswith("urn:uuid:")
    assert (page.status, page.media_type, page.source_id) == (200, "text/html", "kanal")
    assert page.payload_digest == sha256("Прывітанне".encode())
    member = archive.objects.read(
        deposited.key, deposited.version_id, offset=page.offset_bytes, length=page.length_bytes
    )
    record = gzip.decompress(member)
    assert f"<{page.id}>".encode() in record and record.endswith("Прывітанне\r\n\r\n".encode())


def test_a_request_without_an_answer_is_a_capture_that_says_why(archive: Archive, warc: Path) -> None:
    deposit_file(archive, warc)
    with archive.reader.connect() as connection:
        (failure,) = captures_of(connection, "https://gone.test/")
    assert (failure.record_type, failure.status) == ("metadata", None)
    assert (failure.outcome, failure.outcome_reason) == ("unreachable", "the connection was refused")


def test_depositing_again_finds_what_is_there(archive: Archive, warc: Path) -> None:
    first = deposit_file(archive, warc)
    again = deposit_file(archive, warc)
    assert (first.already, again.already) == (False, True)
    assert replace(again, already=False) == first
    assert len(read_chain(archive.objects, archive.sealing).entries) == 1
    assert count(archive) == 3


def test_a_crash_after_the_upload_is_made_good_by_the_same_call(archive: Archive, warc: Path) -> None:
    before = deposit_key(archive, warc)
    stored = archive.objects.put_new(before, warc, sha256=sha256(warc.read_bytes()))
    deposited = deposit_file(archive, warc)
    assert (deposited.version_id, deposited.already) == (stored.version_id, False)
    assert len(list(archive.objects.list("warc/"))) == 1


def deposit_key(archive: Archive, warc: Path) -> str:
    from storage.deposit.inspection import inspect_file
    from storage.deposit.placement import archive_location

    return archive_location(inspect_file(warc), "import").key


def test_a_crash_before_the_custody_object_is_made_good_by_the_same_call(
    archive: Archive, warc: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("storage.deposit.deposit.publish_pending_entries", lambda archive: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            deposit_file(archive, warc)
    assert read_chain(archive.objects, archive.sealing).entries == ()
    assert deposit_file(archive, warc).already is True
    assert len(read_chain(archive.objects, archive.sealing).entries) == 1
    assert publish_pending_entries(archive) == 0


def test_another_file_under_the_same_key_is_refused_with_both_digests(
    archive: Archive, warc: Path, tmp_path: Path
) -> None:
    deposit_file(archive, warc)
    other = crawl_one(tmp_path / "other", [exchange(PAGE, response(b"other"))], crawl_id=CRAWL)
    with pytest.raises(KeyTakenError) as refused:
        deposit_file(archive, other)
    assert refused.value.expected == sha256(other.read_bytes())
    assert refused.value.found == sha256(warc.read_bytes())
    assert count(archive, "warcs") == 1


def test_what_is_named_must_agree_with_the_file(archive: Archive, warc: Path) -> None:
    with pytest.raises(DepositRefusedError, match="expected drugi, found kanal"):
        deposit_file(archive, warc, source_id="drugi")
    assert list(archive.objects.list()) == []


def test_the_same_bytes_under_another_name_are_one_deposit(archive: Archive, warc: Path, tmp_path: Path) -> None:
    first = deposit_file(archive, warc)
    for name in ("01JDN0E9Q0Z3V4W5X6Y7Z8A9B1-00000.warc.gz", "brought.warc.gz"):
        copied = tmp_path / name
        copied.write_bytes(warc.read_bytes())
        assert deposit_file(archive, copied) == replace(first, already=True)
    assert count(archive, "warcs") == 1


def test_a_file_that_repeats_the_record_ids_of_another_is_refused(
    archive: Archive, warc: Path, tmp_path: Path
) -> None:
    deposit_file(archive, warc)
    copied = tmp_path / "01JDN0E9Q0Z3V4W5X6Y7Z8A9B1-00000.warc.gz"
    copied.write_bytes(warc.read_bytes() + gzip.compress(EMPTY_RECORD))
    with pytest.raises(DepositRefusedError, match="record ids"):
        deposit_file(archive, copied)
    assert count(archive, "warcs") == 1


@pytest.mark.parametrize("place", [0.01, 0.2, 0.5, 0.8, 0.9, 0.99])
def test_a_bit_that_flipped_since_the_crawl_is_found_before_anything_is_stored(
    archive: Archive, warc: Path, place: float
) -> None:
    content = bytearray(warc.read_bytes())
    closed_with = sha256(bytes(content))
    content[int(len(content) * place)] ^= 4
    warc.write_bytes(content)
    with pytest.raises((WarcDamageError, DepositRefusedError)):
        deposit_file(archive, warc, expected=closed_with)
    assert list(archive.objects.list()) == []
    assert warc.exists()


def test_a_file_that_is_not_the_one_its_crawl_closed_is_refused_with_both_digests(
    archive: Archive, warc: Path
) -> None:
    with pytest.raises(DepositRefusedError) as refused:
        deposit_file(archive, warc, expected=sha256(b"what the crawl closed"))
    assert refused.value.expected == str(sha256(b"what the crawl closed"))
    assert refused.value.found == str(sha256(warc.read_bytes()))


def test_a_file_cut_short_says_where(archive: Archive, warc: Path) -> None:
    whole = warc.read_bytes()
    warc.write_bytes(whole[:-10])
    with pytest.raises(WarcDamageError, match="offset") as damage:
        deposit_file(archive, warc)
    assert 0 < damage.value.offset < len(whole)
    assert damage.value.found == "the end of the file"


def test_a_store_that_is_down_leaves_nothing_behind(
    archive: Archive, stored_settings: Settings, warc: Path
) -> None:
    (port,) = free_ports(1)
    down = open_store(replace(stored_settings, s3_endpoint=f"http://127.0.0.1:{port}"))
    with pytest.raises(StoreUnreachableError):
        deposit_file(replace(archive, objects=down), warc)
    assert count(archive, "warcs") == 0
    assert deposit_file(archive, warc).already is False


def test_a_database_that_is_down_leaves_an_object_that_the_next_call_takes_up(
    archive: Archive, stored_settings: Settings, warc: Path
) -> None:
    (port,) = free_ports(1)
    nowhere = create_engine(f"postgresql+psycopg2://nobody@127.0.0.1:{port}/none")
    with pytest.raises(OperationalError, match=f"port {port} failed: Connection refused"):
        deposit_file(replace(archive, writer=nowhere, reader=nowhere), warc)
    assert deposit_file(archive, warc).already is False
    assert len(list(archive.objects.list("warc/"))) == 1


def test_the_declaration_of_the_source_is_kept_for_readers_and_rebuild(archive: Archive, warc: Path) -> None:
    deposit_file(archive, warc)
    with archive.reader.connect() as connection:
        row = connection.execute(select(warcs)).one()
    assert row.declaration["channel"] == KANAL.channel
    assert row.processed_with is None
