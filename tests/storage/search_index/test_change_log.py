"""What changed in the catalogue, by commit: nothing is lost whatever transaction ends first."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, text, update

from storage.archive import Archive
from storage.catalogue.tables import page_texts, sightings, versions
from storage.integrity.rebuilt_catalogue import open_next_catalogue, swap_catalogues
from storage.search_index.change_log import (
    KEPT,
    Changes,
    Position,
    backlog,
    changes_since,
    continues,
    forget_changes,
    one_snapshot,
    present_position,
)
from tests.storage.search_index.catalogue_rows import CatalogueRows, digest


def position(archive: Archive) -> Position:
    with one_snapshot(archive.reader) as connection:
        return present_position(connection)


def since(archive: Archive, before: Position) -> Changes:
    with one_snapshot(archive.reader) as connection:
        return changes_since(connection, before)


def record(key: str) -> tuple[str, str]:
    return ("record", digest("article", key))


def test_of_two_open_transactions_the_one_that_ends_last_is_read_last_and_not_lost(archive: Archive) -> None:
    start = position(archive)
    first, second = archive.writer.connect(), archive.writer.connect()
    with first.begin() as begun_first:
        CatalogueRows(first).record("begun-first", "one")
        with second.begin():
            CatalogueRows(second, made=100).record("begun-second", "two", source="source-2")
        meanwhile = since(archive, start)
        assert meanwhile.subjects == (record("begun-second"),)
        begun_first.commit()
    first.close()
    second.close()

    assert since(archive, meanwhile.position).subjects == (record("begun-first"),)


def test_what_a_transaction_takes_back_is_no_change(archive: Archive) -> None:
    start = position(archive)
    with archive.writer.connect() as connection:
        CatalogueRows(connection).record("a", "text")
        connection.rollback()
    assert since(archive, start).subjects == ()


@pytest.mark.parametrize(
    "statement",
    [
        update(sightings).values(access_label="sealed-case"),
        update(versions).values(text="other words"),
        delete(sightings),
    ],
    ids=["relabelled", "reworded", "withdrawn"],
)
def test_every_change_of_a_record_is_noted(archive: Archive, statement: object) -> None:
    with archive.writer.begin() as connection:
        CatalogueRows(connection).record("a", "text")
    start = position(archive)
    with archive.writer.begin() as connection:
        connection.execute(statement)  # type: ignore[call-overload]  # one of three statements
    assert since(archive, start).subjects == (record("a"),)


def test_a_text_of_a_page_is_noted_when_it_comes_and_when_it_goes(archive: Archive) -> None:
    start = position(archive)
    with archive.writer.begin() as connection:
        capture_id = CatalogueRows(connection).page("words")
    came = since(archive, start)
    with archive.writer.begin() as connection:
        connection.execute(delete(page_texts))
    assert came.subjects == since(archive, came.position).subjects == (("page", capture_id),)


def test_a_rebuilt_catalogue_changes_everything_and_is_watched_from_then_on(archive: Archive) -> None:
    start = position(archive)
    there, _ = open_next_catalogue(archive, "test")
    assert swap_catalogues(archive, there)
    exchanged = since(archive, start)
    assert exchanged.everything

    with archive.writer.begin() as connection:
        CatalogueRows(connection).record("a", "text")
    assert since(archive, exchanged.position).subjects == (record("a"),)


def test_a_position_that_the_log_no_longer_reaches_is_not_continued(archive: Archive) -> None:
    old = position(archive)
    with archive.writer.begin() as connection:
        CatalogueRows(connection).record("a", "text")
    new = position(archive)

    with archive.writer.begin() as connection:
        assert forget_changes(connection) == 0  # younger than what is kept
        assert forget_changes(connection, now=datetime.now(UTC) + KEPT + timedelta(hours=1)) == 2

    with archive.reader.connect() as connection:
        assert (continues(connection, old), continues(connection, new)) == (False, True)
    assert since(archive, old).everything


def test_a_position_of_another_database_is_not_continued(archive: Archive) -> None:
    here = position(archive)
    with archive.reader.connect() as connection:
        assert not continues(connection, Position("1/2/3", here.snapshot))


def test_the_backlog_counts_records_not_changes(archive: Archive) -> None:
    start = position(archive)
    for made in range(3):
        with archive.writer.begin() as connection:
            CatalogueRows(connection, made=made).record("a", f"wording {made}")
    with archive.reader.connect() as connection:
        assert backlog(connection, start).subjects == 1
        assert backlog(connection, position(archive)).subjects == 0


def test_the_reader_may_not_write_the_log(archive: Archive) -> None:
    with archive.reader.connect() as connection:
        asked = "SELECT has_table_privilege(current_user, 'changes.log', :right)"
        rights = [connection.scalar(text(asked), {"right": right}) for right in ("SELECT", "INSERT", "DELETE")]
    assert rights == [True, False, False]
