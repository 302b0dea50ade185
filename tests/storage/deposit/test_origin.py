"""What a crawl of ours has signed is a crawl's; everything else was brought by somebody, and is said to be."""

import gzip
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select, text, update
from ulid import ULID

from pipeline.config.archive_factory import open_archive
from pipeline.config.settings import Settings
from pipeline.process.rebuild import rebuild
from processors.digest import sha256
from storage.archive import Archive
from storage.catalogue.tables import captures, warcs
from storage.deposit.deposit import Deposited, deposit_file
from storage.deposit.origin import LeftBy
from storage.integrity.verification import expected_of_store, verify_deposits
from storage.ledger.chain import read_chain
from storage.ledger.proven_entry import EntryInDoubtError
from storage.ledger.tables import custody
from storage.signing import CrawlKey, FileState
from storage.spool.signature_journal import path_of_signatures
from storage.spool.spool import recover
from tests.storage.crawled_files import crawl, crawl_one, exchange, key_in_custody, response, signed_crawl

PAGE = "https://t.me/s/kanal"
SAID, FORGED = b"<p>what the site said", b"<p>what it never said"


@pytest.fixture
def warc(archive: Archive, tmp_path: Path) -> Path:
    return signed_crawl(archive, tmp_path, [exchange(PAGE, response(SAID))])


def origins(archive: Archive) -> list[str]:
    with archive.reader.connect() as connection:
        return list(connection.execute(select(warcs.c.origin).order_by(warcs.c.custody_seq)).scalars())


def ids(archive: Archive) -> list[str]:
    with archive.reader.connect() as connection:
        return list(connection.execute(select(captures.c.id).order_by(captures.c.id)).scalars())


def why(deposited: Deposited) -> tuple[str, str | None]:
    return deposited.origin.kind, deposited.origin.reason


def forged(warc: Path, *, crawl_id: str, folder: Path) -> Path:
    """The file with another source, host, text, other ids and right digests, as a crawl of its own."""
    other = crawl_one(folder, [exchange("https://evil.test/", response(FORGED))], crawl_id=crawl_id)
    shutil.copy(path_of_signatures(warc), path_of_signatures(other))
    return other


def test_what_a_crawl_has_signed_is_a_crawls(archive: Archive, warc: Path) -> None:
    deposited = deposit_file(archive, warc, left_by=LeftBy.CRAWL_THAT_REPORTED, actor="collector-1")

    assert (why(deposited), deposited.origin.recovered) == (("crawl", None), False)
    details = read_chain(archive.objects, archive.sealing).entries[-1].entry.details
    assert (details["signature"]["closed"], details["signature"]["collection_started"]) == (True, 1)
    assert origins(archive) == ["crawl"]


def test_a_signed_file_is_a_crawls_whoever_brings_it(archive: Archive, warc: Path) -> None:
    assert why(deposit_file(archive, warc, actor="analyst")) == ("crawl", None)


def test_a_file_of_a_crawl_that_signed_nothing_is_an_import(archive: Archive, tmp_path: Path) -> None:
    deposited = deposit_file(archive, crawl_one(tmp_path, [exchange(PAGE, response(SAID))]), actor="analyst")
    assert why(deposited) == ("import", "no signatures of a crawl stand beside it")
    assert (deposited.brought_by, origins(archive)) == ("analyst", ["import"])


def test_a_forged_file_with_the_signatures_of_a_crawl_beside_it_is_an_import(
    archive: Archive, warc: Path, tmp_path: Path
) -> None:
    same_crawl = forged(warc, crawl_id=warc.parent.name, folder=tmp_path / "elsewhere")
    deposited = deposit_file(archive, same_crawl, left_by=LeftBy.CRAWL_THAT_REPORTED)
    assert why(deposited) == ("import", "none of the signatures beside it covers these bytes, all of them")


def test_the_signatures_of_another_crawl_speak_for_no_file(archive: Archive, warc: Path, tmp_path: Path) -> None:
    crawl_id = str(ULID())
    key_in_custody(archive, crawl_id)
    copied = tmp_path / f"{crawl_id}-00000.warc.gz"
    shutil.copy(warc, copied)
    shutil.copy(path_of_signatures(warc), path_of_signatures(copied))
    deposited = deposit_file(archive, copied, left_by=LeftBy.CRAWL_THAT_REPORTED)
    assert why(deposited) == ("import", f"it is not signed by the key of the crawl {crawl_id}")


def test_a_key_of_ones_own_makes_no_crawl(archive: Archive, tmp_path: Path) -> None:
    crawl_id, own = str(ULID()), CrawlKey(CrawlKey.new_secret())
    (unknown,) = crawl(tmp_path / "a", [exchange(PAGE, response(FORGED))], key=own)
    key_in_custody(archive, crawl_id)
    (known,) = crawl(tmp_path / "b", [exchange(PAGE, response(FORGED))], crawl_id=crawl_id, key=own)
    assert why(deposit_file(archive, unknown)) == (
        "import",
        f"custody here tells of no crawl {unknown.parent.name}",
    )
    assert why(deposit_file(archive, known)) == ("import", f"it is not signed by the key of the crawl {crawl_id}")


def test_a_second_entry_about_a_crawl_does_not_exchange_its_key(archive: Archive, tmp_path: Path) -> None:
    crawl_id = str(ULID())
    key_in_custody(archive, crawl_id)
    later = key_in_custody(archive, crawl_id)
    (path,) = crawl(tmp_path, [exchange(PAGE, response(FORGED))], crawl_id=crawl_id, key=later)
    assert deposit_file(archive, path).origin.kind == "import"


def test_a_signed_beginning_with_records_behind_it_is_an_import(archive: Archive, warc: Path) -> None:
    record = (
        b"WARC/1.1\r\nWARC-Type: metadata\r\nWARC-Record-ID: <urn:uuid:%s>\r\n" % str(ULID().to_uuid()).encode()
    )
    record += b"WARC-Date: 2026-11-20T21:00:00Z\r\nContent-Length: 0\r\n\r\n\r\n\r\n"
    with warc.open("ab") as end:
        end.write(gzip.compress(record))
    deposited = deposit_file(archive, warc, left_by=LeftBy.CRAWL_THAT_DIED)
    assert why(deposited) == ("import", "none of the signatures beside it covers these bytes, all of them")


def cut_back(warc: Path, key: CrawlKey) -> None:
    """The file cut to its first record, with a true signature of its crawl over just that."""
    content = warc.read_bytes()
    first = content[: content.index(b"\x1f\x8b\x08", 10)]
    state = FileState(warc.parent.name, warc.name, len(first), sha256(first), closed=False)
    line = f"{len(first)} {state.sha256.hex} open {key.sign(state).value.hex()}\n"
    path_of_signatures(warc).write_text(line)
    warc.write_bytes(first)


def test_a_signed_file_cut_short_is_an_import_unless_it_comes_from_the_spool_of_its_crawl(
    archive: Archive, tmp_path: Path
) -> None:
    crawl_id = str(ULID())
    key = key_in_custody(archive, crawl_id)
    (path,) = crawl(tmp_path, [exchange(PAGE, response(SAID))], crawl_id=crawl_id, key=key)
    cut_back(path, key)
    assert why(deposit_file(archive, path)) == ("import", "its crawl had not closed it with these bytes")


def test_what_a_crawl_that_died_had_signed_is_a_crawls_and_recovered(archive: Archive, tmp_path: Path) -> None:
    crawl_id = str(ULID())
    key = key_in_custody(archive, crawl_id)
    (path,) = crawl(tmp_path, [exchange(PAGE, response(SAID))], crawl_id=crawl_id, key=key)
    cut_back(path, key)
    deposited = deposit_file(archive, path, left_by=LeftBy.CRAWL_THAT_DIED)
    assert (why(deposited), deposited.origin.recovered) == (("crawl", None), True)


def test_the_unsigned_rest_of_a_killed_crawls_file_is_kept_as_an_import_under_its_own_ids(
    archive: Archive, tmp_path: Path
) -> None:
    crawl_id = str(ULID())
    key = key_in_custody(archive, crawl_id)
    (path,) = crawl(tmp_path, [exchange(PAGE, response(SAID))], crawl_id=crawl_id, key=key)
    whole = path.read_bytes()
    cut_back(path, key)
    path.rename(path.with_name(f"{path.name}.open")).write_bytes(whole)

    found = recover(tmp_path)
    deposited = [deposit_file(archive, file.path, left_by=LeftBy.CRAWL_THAT_DIED) for file in found.files]

    assert [each.origin.kind for each in deposited] == ["crawl", "import"]
    assert {each.crawl_id for each in deposited} == {crawl_id}
    (capture_id,) = ids(archive)
    assert capture_id.startswith("urn:uuid:")


def test_ids_and_place_do_not_depend_on_who_brought_a_file(archive: Archive, tmp_path: Path, warc: Path) -> None:
    unsigned = tmp_path / warc.name
    shutil.copy(warc, unsigned)

    brought = deposit_file(archive, unsigned)
    by_record = ids(archive)
    again = deposit_file(archive, warc, left_by=LeftBy.CRAWL_THAT_REPORTED)

    assert by_record[0].startswith("urn:uuid:")
    assert again == replace(brought, already=True), "what custody has said stays; the bytes are recognised"
    assert again.origin.kind == "import"
    assert (ids(archive), origins(archive)) == (by_record, ["import"])


@pytest.mark.parametrize("digest_too", [False, True])
def test_a_key_that_only_the_database_names_is_not_believed(
    archive: Archive, stored_settings: Settings, warc: Path, digest_too: bool
) -> None:
    """The owner of the database writes a key of his own into the row; the entry's object in the store stands."""
    own = CrawlKey(CrawlKey.new_secret())
    state = FileState(warc.parent.name, warc.name, warc.stat().st_size, sha256(warc.read_bytes()), closed=True)
    path_of_signatures(warc).write_text(
        f"{state.length_bytes} {state.sha256.hex} closed {own.sign(state).value.hex()}\n"
    )
    entry = read_chain(archive.objects, archive.sealing).entries[0].entry
    written = replace(entry, details={**entry.details, "signing_key": own.public})
    engine = create_engine(stored_settings.database_url or "")
    with engine.begin() as owner:
        owner.execute(text("ALTER TABLE ledger.custody DISABLE TRIGGER USER"))
        values = {"details": dict(written.details), "digest": str(written.digest if digest_too else entry.digest)}
        owner.execute(update(custody).values(**values))
    engine.dispose()
    with pytest.raises(EntryInDoubtError, match="object in the store" if digest_too else "digest of the row"):
        deposit_file(archive, warc)
    assert origins(archive) == []


def test_verify_and_rebuild_find_the_same_from_the_store_alone(
    archive: Archive, stored_settings: Settings, warc: Path, tmp_path: Path
) -> None:
    signed = deposit_file(archive, warc, left_by=LeftBy.CRAWL_THAT_DIED)
    deposit_file(archive, crawl_one(tmp_path, [exchange("https://a.test/", response(SAID))]))
    before = origins(archive), ids(archive)
    path_of_signatures(warc).unlink()

    opened = open_archive(stored_settings)
    rebuild(opened)

    assert (origins(opened), ids(opened)) == before
    assert [each.ok for each in verify_deposits(expected_of_store(archive.objects), [signed.key])] == [True]


def test_verify_names_a_deposit_whose_signature_is_not_its_crawls(archive: Archive, warc: Path) -> None:
    deposited = deposit_file(archive, warc)
    expected = expected_of_store(archive.objects)
    *others, last = expected.chain.entries
    other = {**last.entry.details, "signature": {**last.entry.details["signature"], "value": "00" * 64}}
    changed = replace(last, entry=replace(last.entry, details=other))
    expected = replace(expected, chain=replace(expected.chain, entries=(*others, changed)))

    (found,) = verify_deposits(expected, [deposited.key])

    assert [problem.what for problem in found.problems] == ["signature of its crawl"]
