"""What changed over all sources is what comparing each source gives, for everybody who asks."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from crawlers.watchlist.source import Source
from pipeline.process.run import compare_sources, process_pending
from storage.access_labels import EVERYONE, Viewer
from storage.archive import Archive
from storage.deposit.deposit import deposit_file
from storage.ledger.memberships import add_member
from storage.queries.changes import Change, changes
from storage.queries.stored_changes import (
    ChangeQuestion,
    SourceChange,
    count_by_kind,
    count_changes,
    not_compared,
    store_changes,
    stored_changes,
    stored_for,
)
from tests.access.views.test_changes import (
    COMES_AND_GOES,
    COURT,
    LIST,
    MOVED_AFTER,
    MOVED_BEFORE,
    NEW,
    STAYS,
    page,
)
from tests.storage.crawled_files import NIGHT, crawl_one, exchange

OTHER = replace(COURT, id="sud-inshy", pages=("https://inshy.example/list",))
NIGHTS = ((MOVED_BEFORE, STAYS, COMES_AND_GOES), (MOVED_AFTER, STAYS), (MOVED_AFTER, STAYS, COMES_AND_GOES, NEW))
READER = Viewer("чытач")


def deposit_nights(archive: Archive, spool: Path, source: Source, nights: Sequence[tuple[str, ...]]) -> list[str]:
    """The crawls of the nights, deposited and not read."""
    crawls = []
    for number, rows in enumerate(nights, 1):
        at = NIGHT + timedelta(days=number)
        path = crawl_one(spool, [exchange(source.pages[0], page(*rows), at=at)], source=source)
        deposit_file(archive, path)
        crawls.append(path.name[:26])
    return crawls


def label(archive: Archive, crawl_id: str, name: str) -> None:
    """Give everything of a crawl an access label, as the deposit of a labelled source does."""
    with archive.writer.begin() as connection:
        for table in ("warcs", "captures"):
            statement = f"UPDATE catalogue.{table} SET access_label = :label WHERE crawl_id = :crawl"
            connection.execute(text(statement), {"label": name, "crawl": crawl_id})


def stored(
    archive: Archive, question: ChangeQuestion | None = None, viewer: Viewer = EVERYONE
) -> tuple[SourceChange, ...]:
    with archive.reader.connect() as connection:
        return stored_changes(connection, question or ChangeQuestion(), viewer=viewer, limit=1000)


def compared_now(archive: Archive, source_id: str, viewer: Viewer = EVERYONE) -> list[Change]:
    with archive.reader.connect() as connection:
        return list(reversed(changes(connection, source_id, viewer=viewer)))


@pytest.fixture
def two_courts(archive: Archive, tmp_path: Path) -> Archive:
    deposit_nights(archive, tmp_path, COURT, NIGHTS)
    deposit_nights(archive, tmp_path, OTHER, NIGHTS[:2])
    process_pending(archive)
    return archive


def test_the_changes_of_every_source_are_stored_once_it_is_read(two_courts: Archive) -> None:
    found = stored(two_courts)
    for source in (COURT, OTHER):
        of_source = [each.change for each in found if each.source_id == source.id]
        assert of_source == compared_now(two_courts, source.id)
        assert of_source
    moments = [each.change.at for each in found]
    assert moments == sorted(moments, reverse=True)
    with two_courts.reader.connect() as connection:
        assert not_compared(connection) == ()
        assert count_changes(connection, ChangeQuestion()) == len(found)
        assert count_by_kind(connection, ChangeQuestion()) == {"added": 1, "missing": 2, "moved": 2, "returned": 1}


def test_a_question_narrows_and_a_page_begins_where_the_one_before_ended(two_courts: Archive) -> None:
    second_night = NIGHT + timedelta(days=2)
    questions = [
        ChangeQuestion(source_id=OTHER.id),
        ChangeQuestion(kind="missing"),
        ChangeQuestion(since=second_night + timedelta(hours=1)),
        ChangeQuestion(until=second_night + timedelta(hours=1), kind="moved"),
    ]
    everything = stored(two_courts)
    for question in questions:
        expected = tuple(
            each
            for each in everything
            if question.source_id in (None, each.source_id) and question.admits(each.change)
        )
        assert 0 < len(expected) < len(everything)
        assert stored(two_courts, question) == expected
    with two_courts.reader.connect() as connection:
        pages = [
            stored_changes(connection, ChangeQuestion(), limit=2, offset=offset)
            for offset in range(0, len(everything), 2)
        ]
    assert tuple(each for one in pages for each in one) == everything


def test_nobody_is_shown_a_change_that_a_capture_proves_which_they_may_not_see(
    archive: Archive, tmp_path: Path
) -> None:
    first, second, _ = deposit_nights(archive, tmp_path, COURT, NIGHTS)
    deposit_nights(archive, tmp_path, OTHER, NIGHTS[:2])
    name = add_member(archive, "ala", actor="kust", case="К-1").label
    label(archive, second, name)
    process_pending(archive)
    member = Viewer("ala")

    assert compared_now(archive, COURT.id, READER) != compared_now(archive, COURT.id)
    for viewer in (EVERYONE, member, READER):
        of_court = [each.change for each in stored(archive, ChangeQuestion(source_id=COURT.id), viewer)]
        assert of_court == compared_now(archive, COURT.id, viewer), viewer
        with archive.reader.connect() as connection:
            assert count_changes(connection, ChangeQuestion(source_id=COURT.id), viewer=viewer) == len(of_court)
            assert stored_for(connection, COURT.id, viewer=viewer)

    label(archive, first, "other-label")
    with archive.writer.begin() as connection:
        connection.execute(
            text(
                "UPDATE catalogue.sightings AS s SET access_label = c.access_label "
                "FROM catalogue.captures AS c WHERE c.id = s.capture_id"
            )
        )
        store_changes(connection, COURT.id)
    with archive.reader.connect() as connection:
        assert not stored_for(connection, COURT.id, viewer=member), "more than the default label, and not all"
        visible = {
            row.id
            for row in connection.execute(
                text("SELECT id FROM catalogue.captures WHERE access_label IN ('default', :label)"),
                {"label": name},
            )
        }
    shown = stored(archive, ChangeQuestion(source_id=COURT.id), member)
    assert shown
    assert all(visible.issuperset(each.change.capture_ids) for each in shown)


def test_a_source_that_is_read_anew_is_named_until_it_is_compared(two_courts: Archive, tmp_path: Path) -> None:
    before = stored(two_courts)
    path = crawl_one(tmp_path, [exchange(LIST, page(STAYS), at=NIGHT + timedelta(days=9))], source=COURT)
    deposited = deposit_file(two_courts, path)
    from pipeline.process.run import process_files

    process_files(two_courts, [deposited.key])
    with two_courts.reader.connect() as connection:
        assert not_compared(connection) == (COURT.id,)
        assert not stored_for(connection, COURT.id)
    assert stored(two_courts) == before, "what was compared is shown until then"
    compare_sources(two_courts)
    of_court = [each.change for each in stored(two_courts, ChangeQuestion(source_id=COURT.id))]
    assert of_court == compared_now(two_courts, COURT.id)
    assert len(of_court) > len([each for each in before if each.source_id == COURT.id])


def test_a_source_is_not_compared_while_readings_of_it_are_written(two_courts: Archive) -> None:
    from storage.catalogue.compared_sources import begin_change

    with two_courts.writer.begin() as writing:
        begin_change(writing, COURT.id)
        with two_courts.writer.begin() as comparing:
            assert store_changes(comparing, COURT.id) is None
            assert store_changes(comparing, OTHER.id) == 2
    with two_courts.reader.connect() as connection:
        assert not_compared(connection) == (COURT.id,)
