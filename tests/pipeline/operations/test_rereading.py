"""After an upgrade: what an earlier parser has read is read again, and what it had read otherwise is kept."""

import contextlib
import random
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, text

from access.app import create_app
from access.views.captures import one_capture
from crawlers.watchlist.loader import read_watchlist
from crawlers.watchlist.source import Source
from pipeline.config.settings import Settings
from pipeline.operations.rereading import NOTHING_LEFT, is_to_read_again, reread_plan, run_rereading
from pipeline.process import run
from pipeline.process.rebuild import rebuild
from pipeline.process.run import process_pending
from processors.kinds import PageKind
from processors.pages.page import Page
from processors.pages.parse_result import Reading
from processors.parsing.parser_versions import parser_for, read_page
from processors.parsing.sandboxed_parsers import ConfinedParsers
from processors.records.telegram_post import TelegramPost
from samples import expected
from samples.sites import SampleSites
from storage.access_labels import EVERYONE, Viewer
from storage.archive import Archive
from storage.catalogue.earlier_readings import earlier_readings_of, forget_earlier_of_record, parser_changes
from storage.catalogue.forgetting import forget_captures
from storage.catalogue.tables import captures, readings, warcs
from storage.catalogue.unread import Lane, captures_left
from storage.integrity.withdrawal import quarantine
from storage.ledger.harvests import begin_harvest, end_harvest, newest_due
from tests.pipeline.process.collector import NIGHTS, SAMPLES, Collector
from tests.pipeline.process.killed_readers import kill_reader, start_reader
from tests.storage.integrity.test_restore import catalogue

TODAY = parser_for("telegram", NIGHTS[1].date()).name
EARLIER = "telegram-before"
POSTS = len(expected.posts(expected.MONITOR, 1))


@pytest.fixture(scope="module")
def sources() -> dict[str, Source]:
    return {source.id: source for source in read_watchlist(SAMPLES).sources}


@pytest.fixture(scope="module")
def sites() -> Iterator[SampleSites]:
    with SampleSites() as running:
        yield running


@pytest.fixture
def collector(sites: SampleSites, archive: Archive, tmp_path: Path) -> Collector:
    return Collector(sites, archive, tmp_path)


def read_by_the_version_before(archive: Archive) -> None:
    """Read what is there as a version did that took texts in capitals, and saw no first post of a page."""

    def reads_shouting(_: ConfinedParsers, page: Page, kind: PageKind, **more: Any) -> Reading:
        reading = read_page(page, kind, **more)
        posts = [record for record in reading.records if isinstance(record, TelegramPost)]
        louder = tuple(replace(post, text=(post.text or "").upper()) for post in posts[1:])
        return replace(reading, parser_version=EARLIER, records=louder)

    versions = tuple(EARLIER if name == TODAY else name for name in run.VERSIONS)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ConfinedParsers, "read_page", reads_shouting)
        patched.setattr(run, "READ_WITH", " ".join(versions))
        patched.setattr(run, "VERSIONS", versions)
        process_pending(archive)


def versions_in(archive: Archive) -> set[str]:
    with archive.reader.connect() as connection:
        return set(connection.scalars(select(readings.c.parser_version)))


def test_new_files_are_read_at_once_and_what_an_earlier_parser_read_is_left_to_its_lane(
    collector: Collector, sources: dict[str, Source], archive: Archive, stored_settings: Settings
) -> None:
    collector.collect(sources["tg-monitor"], 1)
    read_by_the_version_before(archive)
    collector.collect(sources["tg-oblsud"], 1)
    assert process_pending(archive, lane=Lane.NEW).files == 1
    assert versions_in(archive) == {EARLIER, TODAY}
    plan = reread_plan(archive)
    assert (plan.files_done, plan.files_left, plan.ends_at) == (0, 1, None)
    assert is_to_read_again(stored_settings)

    assert run_rereading(stored_settings) == NOTHING_LEFT
    assert versions_in(archive) == {TODAY}
    plan = reread_plan(archive)
    assert (plan.files_done, plan.files_left, plan.share_done) == (1, 0, 1.0)
    assert not is_to_read_again(stored_settings)
    assert run_rereading(stored_settings) == NOTHING_LEFT


def test_what_is_read_otherwise_is_counted_and_stays_as_the_earlier_parser_read_it(
    collector: Collector, sources: dict[str, Source], archive: Archive, stored_settings: Settings
) -> None:
    key = collector.collect(sources["tg-monitor"], 1)
    read_by_the_version_before(archive)
    with archive.reader.connect() as connection:
        left = captures_left(connection, run.VERSIONS)
        pages = connection.scalar(text("SELECT count(*) FROM catalogue.readings WHERE records > 0"))
    assert left == {EARLIER: pages}
    run_rereading(stored_settings)
    rebuilt_from = catalogue(archive)

    with archive.reader.connect() as connection:
        (change,) = parser_changes(connection)
        found = list(earlier_readings_of(connection, parser=TODAY, limit=100))
    assert (change.earlier, change.later) == (EARLIER, TODAY)
    assert (change.captures, change.otherwise) == (pages, pages)
    assert (change.changed + change.added, change.gone) == (POSTS, 0)
    assert change.added == pages
    differences = [each for reading in found for each in reading.differences]
    changed = [each for each in differences if each["how"] == "changed"]
    assert len(changed) == change.changed
    assert all(each["fields"] == ["text"] and each["before"]["text"].isupper() for each in changed)
    assert all(each["before"] is None for each in differences if each["how"] == "added")

    facts = one_capture(archive, found[0].capture_id)
    assert facts is not None
    assert [each["earlier"] for each in facts["earlier_readings"]] == [EARLIER]
    with TestClient(create_app(lambda: archive, lambda: EVERYONE)) as client:
        page = client.get(f"/capture/{found[0].capture_id}").text
    assert f"Read otherwise before, by {EARLIER}" in page
    assert all(each["before"]["text"][:40] in unescape(page) for each in found[0].differences if each["before"])

    # nothing of it is derived from the store: making the catalogue anew leaves it
    rebuild(archive)
    assert catalogue(archive) == rebuilt_from
    with archive.reader.connect() as connection:
        assert list(earlier_readings_of(connection, limit=100)) == found

    with archive.writer.begin() as connection:
        connection.execute(warcs.update().where(warcs.c.key == key).values(access_label="case-k1"))
        connection.execute(captures.update().values(access_label="case-k1"))
    with archive.reader.connect() as connection:
        stranger = Viewer("ann")
        assert parser_changes(connection, viewer=stranger) == ()
        assert list(earlier_readings_of(connection, viewer=stranger, limit=100)) == []
        assert len(parser_changes(connection, viewer=EVERYONE)) == 1


def test_what_is_purged_takes_its_earlier_readings_along(
    collector: Collector, sources: dict[str, Source], archive: Archive, stored_settings: Settings
) -> None:
    collector.collect(sources["tg-monitor"], 1)
    read_by_the_version_before(archive)
    run_rereading(stored_settings)
    with archive.writer.begin() as connection:
        found = [each.capture_id for each in earlier_readings_of(connection, limit=100)]
        forget_captures(connection, found[:1], ())
        left = connection.scalars(text("SELECT capture_id FROM work.earlier_readings")).all()
    assert sorted(left) == sorted(found[1:])


def test_a_record_that_is_purged_is_taken_from_every_earlier_reading_that_had_it(
    collector: Collector, sources: dict[str, Source], archive: Archive, stored_settings: Settings
) -> None:
    for name in ("tg-monitor", "tg-oblsud"):
        collector.collect(sources[name], 1)
    read_by_the_version_before(archive)
    run_rereading(stored_settings)
    with archive.writer.begin() as connection:
        before = list(earlier_readings_of(connection, limit=100))
        purged = next(row["record_id"] for row in before[0].differences if row["before"] is not None)
        forget_earlier_of_record(connection, purged)
        after = list(earlier_readings_of(connection, limit=100))
    assert after == [each for each in before if purged not in {row["record_id"] for row in each.differences}]
    assert 0 < len(after) < len(before)


def test_no_word_of_a_record_that_is_hidden_since_is_shown_from_an_earlier_reading(
    collector: Collector, sources: dict[str, Source], archive: Archive, stored_settings: Settings
) -> None:
    collector.collect(sources["tg-monitor"], 1)
    read_by_the_version_before(archive)
    run_rereading(stored_settings)
    with archive.reader.connect() as connection:
        before = list(earlier_readings_of(connection, limit=100))
    kept = next(row for each in before for row in each.differences if row["before"] is not None)

    quarantine(archive, kept["record_id"], actor="kust", reason="a court's order")

    with archive.writer.begin() as connection:  # as where today's parser does not see the record in its capture
        connection.execute(captures.update().values(access_label="default"))
        after = list(earlier_readings_of(connection, limit=100))
    assert len(after) == len(before)
    names = {row["record_id"] for each in after for row in each.differences}
    assert names == {row["record_id"] for each in before for row in each.differences} - {kept["record_id"]}
    assert kept["before"]["text"] not in str(after)


def test_a_night_comes_first(
    collector: Collector, sources: dict[str, Source], archive: Archive, stored_settings: Settings
) -> None:
    collector.collect(sources["tg-monitor"], 1)
    read_by_the_version_before(archive)
    due = newest_due(datetime.now(UTC))
    begin_harvest(archive, "n-1", actor="scheduler", due_at=due, sources=["tg-monitor"], covers_watchlist=True)
    assert "A harvest is at work" in run_rereading(stored_settings)
    assert not is_to_read_again(stored_settings)
    assert versions_in(archive) == {EARLIER}
    end_harvest(archive, "n-1", actor="scheduler", failures={}, network=None)
    assert run_rereading(stored_settings) == NOTHING_LEFT
    assert versions_in(archive) == {TODAY}


@pytest.mark.timeout(600)
def test_reading_again_killed_at_random_moments_ends_as_if_it_had_not_been(
    collector: Collector, sources: dict[str, Source], archive: Archive, stored_settings: Settings
) -> None:
    moments = random.Random(20261201)
    for source_id in ("tg-monitor", "tg-vestki", "tg-oblsud"):
        for day in NIGHTS:
            collector.collect(sources[source_id], day)
    read_by_the_version_before(archive)
    with archive.reader.connect() as connection:
        pages = connection.scalar(text("SELECT count(*) FROM catalogue.readings"))
    for _ in range(5):
        child = start_reader("pipeline.operations.rereading", "run_rereading", stored_settings)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(timeout=moments.uniform(0.2, 2.0))
        kill_reader(child)
    run_rereading(stored_settings)

    read_under_fire = catalogue(archive)
    with archive.reader.connect() as connection:
        (change,) = parser_changes(connection)
    assert change.captures == pages
    assert reread_plan(archive).files_left == 0
    rebuild(archive)
    assert catalogue(archive) == read_under_fire
