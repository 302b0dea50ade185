"""The history of a channel, fetched between the nights: real crawls, store and database."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from pipeline.collect.backfill import NOTHING_LEFT, Turn, is_to_work, run_backfill
from pipeline.collect.harvest import harvest_source
from pipeline.config.archive_factory import opened_archive
from pipeline.config.settings import ROOT, Settings, variable
from pipeline.process.run import process_pending
from samples.sites import SampleSites
from storage.archive import Archive
from storage.ledger.custody import entries
from storage.ledger.harvests import begin_harvest, end_harvest, harvest_at_work
from storage.ledger.last_crawls import crawls_since, last_crawls
from storage.queries.backfill_plan import missing_of
from storage.queries.channel_coverage import coverage_of_source
from storage.queries.crawl_yields import recent_crawl_yields
from storage.queries.source_history import crawl_histories
from storage.work_queue.backfills import Backfill, all_backfills, is_started, only_one, pause, start, stop
from tests.storage.killed_deposits import environment

pytestmark = pytest.mark.slow

SOURCE = "tg-vestki"
WATCHLIST = """
defaults: {{delay_s: {delay_s}, limits: {{pages: 1, seconds: 120}}}}
sources:
  - {{id: tg-vestki, kind: telegram, channel: pryklad_vestki, reread_days: 1}}
"""
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def collecting(stored_settings: Settings, sample_sites: SampleSites, tmp_path: Path) -> Iterator[Settings]:
    """A channel of which one night has read its newest page, some minutes ago for all that backfills know."""
    watchlist = tmp_path / "watchlist.yaml"
    watchlist.write_text(WATCHLIST.format(delay_s=0.02), "utf-8")
    settings = replace(
        stored_settings,
        watchlist=watchlist,
        connect_to=(sample_sites.connect_to,),
        allow_addresses=("127.0.0.0/8",),
        upstream_ca=sample_sites.authority,
    )
    with opened_archive(settings) as archive:
        archive.objects.ensure_bucket()
    harvest_source(settings, SOURCE)
    with opened_archive(settings) as archive:
        process_pending(archive)
        with archive.writer.begin() as connection:
            missing = missing_of(coverage_of_source(connection, SOURCE))
            start(connection, SOURCE, delay_s=0.02, by="ann", missing=missing)
            connection.execute(text("UPDATE traffic.hosts SET others_at = others_at - interval '5 minutes'"))
    yield settings


@pytest.fixture
def opened(collecting: Settings) -> Iterator[Archive]:
    with opened_archive(collecting) as archive:
        yield archive


def row_of(archive: Archive) -> Backfill:
    with archive.reader.connect() as connection:
        (row,) = all_backfills(connection)
    return row


def never_requested(archive: Archive) -> list[tuple[int, int]]:
    with archive.reader.connect() as connection:
        (channel,) = coverage_of_source(connection, SOURCE)
    return [(gap.first, gap.last) for gap in channel.gaps if not gap.visited]


def test_history_is_fetched_to_its_beginning_and_counts_in_no_night(collecting: Settings, opened: Archive) -> None:
    before = row_of(opened)
    assert (before.state, before.done, before.pages_done) == ("started", False, 0)
    assert before.ids_left
    assert before.ids_left > 20
    assert before.pages_left
    turns: list[Turn] = []
    assert run_backfill(collecting, on_turn=turns.append) == NOTHING_LEFT

    (turn,) = turns
    assert (turn.problem, turn.ids_left) == (None, 0)
    assert turn.pages >= 2
    assert never_requested(opened) == []
    after = row_of(opened)
    assert (after.done, after.pages_done, after.ids_at_start) == (True, turn.pages, before.ids_left)
    assert not is_to_work(collecting)
    with opened.reader.connect() as connection:
        begun = [each for each in entries(connection) if each.event == "collection_started"]
        nightly = begun[0].subject_id
        assert [each.details.get("lane") for each in begun] == [None, "backfill"]
        assert last_crawls(connection)[SOURCE].crawl_id == nightly
        assert [each.crawl_id for each in crawls_since(connection, LONG_AGO)] == [nightly]
        assert [each.crawl_id for each in crawl_histories(connection, LONG_AGO)] == [nightly]
        assert [each.crawl_id for each in recent_crawl_yields(connection, SOURCE, most=9)] == [nightly]


def slow_down(settings: Settings) -> None:
    """So that a second page is far off when what follows on the first is done."""
    settings.watchlist.write_text(WATCHLIST.format(delay_s=5.0), "utf-8")


def test_a_crawl_of_history_ends_at_once_when_a_harvest_begins_and_goes_on_after_it(
    collecting: Settings, opened: Archive
) -> None:
    slow_down(collecting)
    began: list[str] = []

    def night_begins(sentence: str) -> None:
        if " 1 pages" in sentence and not began:
            began.append("manual__1")
            begin_harvest(opened, "manual__1", actor="ann", due_at=None, sources=[SOURCE], covers_watchlist=True)

    turns: list[Turn] = []
    ended = run_backfill(collecting, on_turn=turns.append, on_progress=night_begins)
    assert "A harvest is at work" in ended
    (turn,) = turns
    assert turn.problem is None, "giving way is no fault of the channel"
    assert turn.ids_left, "it did not go on to the end"
    assert turn.ids_left < (row_of(opened).ids_at_start or 0), "what it had is deposited and read"
    assert not is_to_work(collecting)

    end_harvest(opened, "manual__1", actor="ann", failures={}, network=None)
    collecting.watchlist.write_text(WATCHLIST.format(delay_s=0.02), "utf-8")
    assert run_backfill(collecting) == NOTHING_LEFT
    assert never_requested(opened) == []


def test_killed_with_its_crawl_it_goes_on_where_it_was_and_loses_nothing(
    collecting: Settings, opened: Archive
) -> None:
    slow_down(collecting)
    reached = {
        variable("watchlist"): str(collecting.watchlist),
        variable("connect_to"): ",".join(collecting.connect_to),
        variable("allow_addresses"): ",".join(collecting.allow_addresses),
        variable("upstream_ca"): str(collecting.upstream_ca),
    }
    working = subprocess.Popen(
        [sys.executable, "-m", "pipeline.cli", "backfill", "work", "--json"],
        cwd=ROOT,
        env={**environment(collecting), **reached},
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert working.stderr is not None
    lines = []
    for line in working.stderr:
        lines.append(line)
        if " 1 pages" in line:
            break
    os.kill(working.pid, signal.SIGKILL)
    working.communicate()
    assert any(" 1 pages" in line for line in lines), lines
    assert row_of(opened).pages_done == 0

    collecting.watchlist.write_text(WATCHLIST.format(delay_s=0.02), "utf-8")
    turns: list[Turn] = []
    assert run_backfill(collecting, on_turn=turns.append) == NOTHING_LEFT
    assert never_requested(opened) == []
    with opened.reader.connect() as connection:
        crawls = [each.subject_id for each in entries(connection) if each.event == "collection_started"]
        ended = {each.subject_id for each in entries(connection) if each.event == "collection_ended"}
    assert len(crawls) == 3
    assert ended == set(crawls)


def test_who_pauses_a_channel_stops_its_crawl_and_who_stops_it_forgets_the_plan(
    collecting: Settings, opened: Archive
) -> None:
    slow_down(collecting)
    paused = threading.Event()

    def rest(sentence: str) -> None:
        if " 1 pages" in sentence and not paused.is_set():
            paused.set()
            with opened.writer.begin() as connection:
                assert pause(connection, SOURCE)

    turns: list[Turn] = []
    assert run_backfill(collecting, on_turn=turns.append, on_progress=rest) == NOTHING_LEFT
    assert [(turn.problem, bool(turn.ids_left)) for turn in turns] == [(None, True)]
    with opened.writer.begin() as connection:
        assert not is_started(connection, SOURCE)
        assert stop(connection, SOURCE)
        assert not stop(connection, SOURCE)
        assert all_backfills(connection) == ()


def test_one_process_fetches_history_and_a_second_one_says_so(collecting: Settings, opened: Archive) -> None:
    with only_one(opened.writer) as alone:
        assert alone
        assert "Another process" in run_backfill(collecting)
    with only_one(opened.writer) as alone:
        assert alone


def test_a_harvest_that_never_ended_holds_history_up_for_half_a_day_and_no_longer(
    collecting: Settings, opened: Archive
) -> None:
    begin_harvest(opened, "manual__1", actor="ann", due_at=None, sources=[SOURCE], covers_watchlist=True)
    assert not is_to_work(collecting)
    later = datetime.now(UTC) + timedelta(hours=12, minutes=1)
    with opened.reader.connect() as connection:
        assert harvest_at_work(connection, datetime.now(UTC)) is not None
        assert harvest_at_work(connection, later) is None


def test_a_channel_that_brings_nothing_new_three_times_waits_for_a_day(
    collecting: Settings, opened: Archive
) -> None:
    collecting.watchlist.write_text("sources: [{id: other, kind: telegram, channel: pryklad_monitor}]\n", "utf-8")
    turns: list[Turn] = []
    assert run_backfill(collecting, on_turn=turns.append) == NOTHING_LEFT
    assert [turn.pages for turn in turns] == [0, 0, 0]
    assert "expected a Telegram channel of the watch-list" in (row_of(opened).problem or "")
    with opened.writer.begin() as connection:
        connection.execute(text("UPDATE work.backfills SET last_at = last_at - interval '25 hours'"))
    assert is_to_work(collecting)
