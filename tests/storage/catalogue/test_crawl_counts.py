"""The counts of files: those that their captures and readings give, after every way in which these change."""

from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection, select, text

from pipeline.process.run import process_pending
from storage.archive import Archive
from storage.catalogue.crawl_counts import count_files
from storage.catalogue.forgetting import forget_captures
from storage.catalogue.tables import captures, crawl_counts, warcs
from storage.deposit.deposit import deposit_file
from tests.access.views.test_changes import COURT, LIST, MOVED_AFTER, STAYS, page
from tests.storage.crawled_files import NIGHT, crawl_one, exchange, response
from tests.storage.queries.test_stored_changes import OTHER, deposit_nights

COUNTED = text("""
    SELECT warc_key, (captures.captured_at AT TIME ZONE 'UTC')::date, access_label,
        readings.outcome, captures.source_id, captures.crawl_id, count(*), sum(records), max(captures.captured_at)
    FROM catalogue.captures JOIN catalogue.readings ON capture_id = captures.id
    WHERE surt NOT LIKE '%)/robots.txt'
    GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4
""")


def counts(connection: Connection) -> list[tuple[object, ...]]:
    query = select(crawl_counts).order_by(*crawl_counts.primary_key.columns)
    return [tuple(row) for row in connection.execute(query)]


def assert_counts_are_those_of_the_readings(archive: Archive) -> list[tuple[object, ...]]:
    with archive.reader.connect() as connection:
        found = counts(connection)
        assert found == [tuple(row) for row in connection.execute(COUNTED)]
    return found


def test_a_file_is_counted_when_it_was_read_and_again_when_it_is_read_by_other_versions(
    archive: Archive, tmp_path: Path
) -> None:
    deposit_nights(archive, tmp_path, COURT, ((STAYS,), (STAYS, MOVED_AFTER)))
    process_pending(archive)
    first = assert_counts_are_those_of_the_readings(archive)
    assert [(row[3], row[6], row[7]) for row in first] == [("content", 1, 1), ("content", 1, 2)]
    with archive.writer.begin() as connection:
        connection.execute(warcs.update().values(processed_with=None))
        connection.execute(text("DELETE FROM catalogue.sightings"))
        connection.execute(text("UPDATE catalogue.readings SET parser_version = 'older/1', records = 9"))
    process_pending(archive)
    assert assert_counts_are_those_of_the_readings(archive) == first


def test_a_request_without_an_answer_is_counted_when_its_file_is_deposited(
    archive: Archive, tmp_path: Path
) -> None:
    path = crawl_one(tmp_path, [exchange(LIST, response(b"", status="503 Unavailable"))], source=COURT)
    deposit_file(archive, path)
    with archive.writer.begin() as connection:
        connection.execute(captures.update().values(transport_outcome="unreachable"))
        count_files(connection, connection.scalars(select(warcs.c.key)).all())
        assert [(row[3], row[6], row[7]) for row in counts(connection)] == [("unreachable", 1, 0)]


def test_two_days_of_one_file_and_captures_that_were_hidden_are_counted_apart(
    archive: Archive, tmp_path: Path
) -> None:
    nights = [exchange(LIST, page(STAYS), at=NIGHT + timedelta(days=number)) for number in (1, 2)]
    deposit_file(archive, crawl_one(tmp_path, nights, source=COURT))
    process_pending(archive)
    assert len(assert_counts_are_those_of_the_readings(archive)) == 2
    with archive.writer.begin() as connection:
        hidden = connection.scalar(select(captures.c.id).order_by(captures.c.captured_at).limit(1))
        connection.execute(captures.update().where(captures.c.id == hidden).values(access_label="withdrawn"))
        count_files(connection, connection.scalars(select(warcs.c.key)).all())
    labels = [row[2] for row in assert_counts_are_those_of_the_readings(archive)]
    assert labels == ["withdrawn", "default"]


def test_what_is_purged_is_counted_no_more(archive: Archive, tmp_path: Path) -> None:
    deposit_nights(archive, tmp_path, COURT, ((STAYS,),))
    deposit_nights(archive, tmp_path, OTHER, ((STAYS,),))
    process_pending(archive)
    with archive.writer.begin() as connection:
        gone = connection.scalars(select(captures.c.id).where(captures.c.source_id == COURT.id)).all()
        forget_captures(connection, gone, ())
    assert {row[4] for row in assert_counts_are_those_of_the_readings(archive)} == {OTHER.id}
