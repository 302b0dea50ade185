"""The store alone gives the catalogue back: equal rows, equal ids, equal custody."""

import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, MetaData, select, text

from crawlers.model.capture import Captured
from pipeline.config.archive_factory import open_archive
from pipeline.config.settings import Settings
from pipeline.devstack.postgres import PostgresServer
from pipeline.process.rebuild import rebuild
from pipeline.process.run import process_pending
from samples.media.files import media_file
from storage.archive import Archive
from storage.catalogue import tables as catalogue_tables
from storage.deposit.deposit import deposit_file
from storage.integrity.restore import ContradictionError
from storage.ledger import tables as ledger_tables
from storage.ledger.crawl_facts import Fact, begin_collection
from storage.ledger.custody import append, append_and_publish
from storage.ledger.entry import CustodyEntry
from storage.objects.errors import KeyTakenError
from tests.embedded_database import drop_database
from tests.storage.crawled_files import NIGHT, crawl_one, exchange, no_answer, response

Rows = dict[str, list[tuple[object, ...]]]


def dump(engine: Engine, tables: MetaData, *names: str) -> Rows:
    """Every row of every table, in the order of the primary keys, generated columns included."""
    with engine.connect() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in tables.sorted_tables
            if not names or table.name in names
        }


def catalogue(archive: Archive) -> Rows:
    return dump(archive.reader, catalogue_tables.metadata)


def custody(archive: Archive) -> Rows:
    return dump(archive.reader, ledger_tables.metadata, "custody", "custody_objects", "sealed_objects")


@pytest.fixture
def filled(archive: Archive, tmp_path: Path, realdata: Path) -> Archive:
    """Two nights of pages and pictures, a failure, an imported file, facts of collection; all of it read."""
    begin_collection(archive, crawl_id="1", source_id="kanal", actor="tester", facts={"reason": Fact("so")})
    pages = sorted((realdata / "telegram" / "layout-2026").rglob("*.html"))[:6]
    pictures = [media_file(f"tram/{name}").content for name in ("w800/q82", "c3/w640/q72", "w960/q80")]
    for night in (0, 1):
        at = NIGHT + timedelta(days=night)
        items: list[Captured] = [
            *(
                exchange(f"https://t.me/s/kanal?before={number}", response(page.read_bytes()), at=at)
                for number, page in enumerate(pages)
            ),
            *(
                exchange(f"https://cdn.test/{night}/{number}.jpg", response(picture, "image/jpeg"), at=at)
                for number, picture in enumerate(pictures)
            ),
            no_answer("https://gone.test/", at=at),
        ]
        deposit_file(archive, crawl_one(tmp_path, items))
    deposit_file(archive, realdata / "warc" / "pywb" / "example.warc.gz")
    deposit_file(archive, realdata / "warc" / "pywb" / "valid_example_1.wacz")
    deposit_file(archive, realdata / "warc" / "derived" / "example-iana.org-chunked.warc.zst")
    process_pending(archive)
    return archive


@pytest.fixture
def other(stored_settings: Settings, postgres_server: PostgresServer, migrated_template: str) -> Iterator[Archive]:
    """The same store with a new and empty database."""
    name = f"test_{secrets.token_hex(6)}"
    access = postgres_server.create_database(name, template=migrated_template)
    settings = replace(
        stored_settings,
        database_url=access.owner_url,
        database_writer_url=access.writer_url,
        database_reader_url=access.reader_url,
        database_access_url=access.access_url,
    )
    opened = open_archive(settings)
    yield opened
    opened.writer.dispose()
    opened.reader.dispose()
    drop_database(postgres_server, name)


def test_a_new_database_gets_the_same_rows_from_the_store_alone(filled: Archive, other: Archive) -> None:
    before, chain = catalogue(filled), custody(filled)
    report = rebuild(other)
    assert catalogue(other) == before
    assert custody(other) == chain
    assert (report.files, report.custody_restored, report.remarks) == (5, 6, ())
    assert all(
        before[name] for name in ("warcs", "captures", "records", "versions", "sightings", "media", "links")
    )


def test_rebuilding_in_place_gives_the_same_rows_and_leaves_the_ledger(filled: Archive) -> None:
    before, chain = catalogue(filled), custody(filled)
    assert rebuild(filled).custody_restored == 0
    assert catalogue(filled) == before
    assert custody(filled) == chain


def test_an_entry_still_owed_to_the_store_is_brought_there_first(filled: Archive) -> None:
    with filled.writer.begin() as connection:
        append(connection, "accessed", keys=filled.sealing, subject_id="x", actor="tester", details={})
    report = rebuild(filled)
    assert report.custody_entries == 7
    assert len(custody(filled)["custody_objects"]) == 7


def test_a_ledger_that_contradicts_the_store_is_left_alone(filled: Archive, other: Archive) -> None:
    with other.writer.begin() as connection:
        append(connection, "received", keys=other.sealing, subject_id="x", actor="somebody else", details={})
    before = custody(other)
    with pytest.raises(KeyTakenError, match="000000000001"):
        rebuild(other)
    assert custody(other)["custody"] == before["custody"]
    assert catalogue(filled)["warcs"]


def test_a_chain_with_a_lost_entry_is_not_rebuilt_from(archive: Archive) -> None:
    first = append_and_publish(archive, "received", subject_id="x", actor="tester", details={})
    third = replace(first, seq=3, previous=first.digest)
    assert isinstance(third, CustodyEntry)
    archive.objects.put_new("custody/000000000003.json", third.canonical(), sha256=third.digest)
    with pytest.raises(ContradictionError, match="000000000002"):
        rebuild(archive)


def test_groups_do_not_depend_on_the_order_in_which_media_came(filled: Archive) -> None:
    before = dump(filled.reader, catalogue_tables.metadata, "links", "groups", "group_members")
    with filled.writer.begin() as connection:
        connection.execute(text("UPDATE catalogue.warcs SET custody_seq = 100 - custody_seq"))
        for table in ("group_members", "groups", "links", "fingerprints", "occurrences", "media"):
            connection.execute(text(f"DELETE FROM catalogue.{table}"))
        connection.execute(text("UPDATE catalogue.warcs SET processed_with = NULL"))
    process_pending(filled)
    assert dump(filled.reader, catalogue_tables.metadata, "links", "groups", "group_members") == before
