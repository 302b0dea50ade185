"""The catalogue is derived again and compared: every row that its owner changed, added or took away is named."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from crawlers.watchlist.loader import read_watchlist
from crawlers.watchlist.source import Source
from pipeline.config.settings import OwnedDatabase
from pipeline.process.catalogue_check import RebuildInterruptedError, check_catalogue
from pipeline.process.run import process_pending
from samples.media.files import media_file
from samples.sites import SampleSites
from storage.archive import Archive
from storage.deposit.deposit import deposit_file
from storage.findings import Mismatch
from storage.integrity.rebuilt_catalogue import open_next_catalogue
from storage.ledger.custody import entries
from tests.pipeline.process.collector import NIGHTS, SAMPLES, Collector
from tests.storage.crawled_files import KANAL, crawl_one, exchange, response


@pytest.fixture(scope="module")
def sources() -> dict[str, Source]:
    return {source.id: source for source in read_watchlist(SAMPLES).sources}


@pytest.fixture(scope="module")
def sites() -> Iterator[SampleSites]:
    with SampleSites() as running:
        yield running


@pytest.fixture
def keys(archive: Archive, sites: SampleSites, sources: dict[str, Source], tmp_path: Path) -> list[str]:
    """A channel on two days and a picture, all of it read."""
    collector = Collector(sites, archive, tmp_path)
    deposited = [collector.collect(sources["tg-vestki"], 1), collector.collect(sources["tg-vestki"], 2)]
    picture = exchange(
        "https://kanal.example/photo.jpg",
        response(media_file("tram/w800/q82").content, "image/jpeg"),
        at=NIGHTS[1],
    )
    deposited.append(deposit_file(archive, crawl_one(tmp_path, [picture], source=KANAL)).key)
    process_pending(archive)
    return deposited


@pytest.fixture
def owner(database: OwnedDatabase) -> Iterator[Engine]:
    engine = create_engine(database.owner_url)
    yield engine
    engine.dispose()


def differences(archive: Archive, keys: list[str] | None = None) -> list[Mismatch]:
    return [each for file in check_catalogue(archive, keys, actor="auditor").files for each in file.differences]


def test_a_catalogue_that_nobody_touched_is_as_its_files_give_it(archive: Archive, keys: list[str]) -> None:
    check = check_catalogue(archive, actor="auditor")
    assert [file.key for file in check.files] == keys
    assert (check.differing, check.not_comparable) == (0, 0)
    assert all(file.compared > 0 for file in check.files)
    with archive.writer.connect() as connection:
        (entry,) = entries(connection, subject_id="catalogue")
        left = connection.scalar(text("SELECT count(*) FROM catalogue_next.captures"))
    assert (entry.event, entry.actor, entry.details["differing"]) == ("catalogue_checked", "auditor", 0)
    assert left == 0


FORGERIES = (
    ("UPDATE catalogue.captures SET captured_at = captured_at - interval '1 year'", "captures", ": captured_at"),
    ("UPDATE catalogue.captures SET url = 'https://other.example/'", "captures", ": url"),
    ("UPDATE catalogue.captures SET status = 404", "captures", ": status"),
    ("UPDATE catalogue.outcomes SET outcome = 'blocked'", "outcomes", ": outcome"),
    ("UPDATE catalogue.readings SET remarks = '[]', layout = 'none'", "readings", ": layout"),
    ('UPDATE catalogue.versions SET content = content || \'{"text": "Other."}\'', "versions", ": content"),
    ("UPDATE catalogue.versions SET text = 'words to be found by'", "versions", ": text"),
    ("UPDATE catalogue.sightings SET position = position + 100", "sightings", ": position"),
    ("UPDATE catalogue.records SET natural_key = 'another'", "records", ": natural_key"),
    ("UPDATE catalogue.media SET width = width + 1", "media", ": width"),
    ("UPDATE catalogue.fingerprints SET quality = 1", "fingerprints", ": quality"),
)
"""A change of the database's owner, the table, and the column that is to be named."""


def test_every_kind_of_forged_row_is_named(archive: Archive, keys: list[str], owner: Engine) -> None:
    with owner.begin() as connection:
        for statement, table, _ in FORGERIES:
            # one row each, so that no forgery hides another
            one = f"ctid = (SELECT ctid FROM catalogue.{table} ORDER BY ctid DESC LIMIT 1)"
            connection.execute(text(f"{statement} WHERE {one}"))
    named = [each.what for each in differences(archive)]
    assert [column for *_, column in FORGERIES if not any(what.endswith(column) for what in named)] == []


def test_a_planted_and_a_removed_record_are_named(archive: Archive, keys: list[str], owner: Engine) -> None:
    one = "ctid = (SELECT ctid FROM catalogue.sightings ORDER BY record_id {} LIMIT 1) RETURNING capture_id"
    with owner.begin() as connection:
        removed = connection.scalar(text(f"DELETE FROM catalogue.sightings WHERE {one.format('DESC')}"))
        connection.execute(text("INSERT INTO catalogue.records VALUES ('planted', 'telegram_post', 'planted')"))
        planted = connection.scalar(
            text(
                "INSERT INTO catalogue.sightings SELECT capture_id, parser_version, 'planted', version_id, "
                "position, content, captured_at, source_id, access_label FROM catalogue.sightings "
                f"WHERE {one.format('ASC')}"
            )
        )
    seen = [each for each in differences(archive) if each.what.startswith("record seen in capture ")]
    found = {(each.what.split()[4], each.expected, each.found) for each in seen}
    assert {(planted, "none", "a row"), (removed, "a row", "none")} <= found


def test_what_another_version_has_read_is_counted_and_called_not_comparable(
    archive: Archive, keys: list[str], owner: Engine
) -> None:
    with owner.begin() as connection:
        older = text("UPDATE catalogue.warcs SET processed_with = 'older-1' WHERE key = :key")
        connection.execute(older, {"key": keys[0]})
        connection.execute(text("UPDATE catalogue.versions SET text = 'read by an older parser'"))
    check = check_catalogue(archive, [keys[0]], actor="auditor")
    assert check.differing == 0
    assert check.not_comparable > 0
    assert "are not comparable, since another version of a parser made them" in check.sentence()


def test_a_rebuild_that_was_interrupted_is_not_lost_to_a_check(archive: Archive) -> None:
    open_next_catalogue(archive, "letapis rebuild: of this test")
    with pytest.raises(RebuildInterruptedError, match="run `letapis rebuild` to its end"):
        check_catalogue(archive, actor="auditor")
