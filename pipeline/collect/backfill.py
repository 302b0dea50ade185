"""Fetches the history of channels when nothing else is to be done: between the nights, with slots left over.

In: `Settings`. Out: a `Turn` for each crawl, and in the end why it stopped. Channels take turns of some minutes,
the one that has waited longest first, each from its newest missing post back. After a turn its files are deposited
and read, so what it covered is known before the next. Guaranteed: a crawl of history is told to stop within
seconds once a harvest has begun, and ends by itself before the hour of a night; killed at any moment, the next run
deposits what it captured and goes on. One process of a stack does this; a second one returns at once.
"""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from sqlalchemy.exc import SQLAlchemyError

from crawlers.model.report import CrawlReport
from crawlers.watchlist.source import Source
from pipeline.clock_offset import measured_clock
from pipeline.collect.deposit_spool import recover_spools
from pipeline.collect.harvest import OnProgress, collect, failure_reason
from pipeline.collect.history_turn import HistoryTurn
from pipeline.config.archive_factory import opened_archive
from pipeline.config.listed_sources import usable_now
from pipeline.config.settings import Settings
from pipeline.process.run import ProcessError, process_files
from pipeline.supervise.processes import send
from pipeline.tracing import task_span
from storage.archive import Archive
from storage.crawl_state.known_urls import unseen_posts
from storage.errors import StorageError
from storage.ledger.harvests import DAY, harvest_at_work, newest_due
from storage.queries.backfill_plan import missing_of
from storage.queries.channel_coverage import coverage_of_source
from storage.work_queue.backfills import Backfill, MissingPosts, is_started, next_backfill, note_turn, only_one

LEAD_S: Final = 120.0
"""So long before a night the last crawl of history has ended: its files are deposited and read by then."""

SHORTEST_TURN_S: Final = 60.0
"""With less time before a night, no crawl begins any more."""

LOOK_EVERY_S: Final = 3.0
"""How often it looks, while a crawl runs, whether a harvest has begun or somebody has paused it."""

NOTHING_LEFT: Final = "Nothing is left to fetch."


@dataclass(frozen=True, slots=True)
class Turn:
    """One crawl of one channel's history; ``ids_left`` after it, None where that is not known."""

    source_id: str
    crawl_id: str | None
    pages: int
    seconds: float
    ids_left: int | None
    problem: str | None

    def as_json(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {"kind": "backfill_turn"} | asdict(self)


def run_backfill(
    settings: Settings,
    *,
    most_s: float = float("inf"),
    on_turn: Callable[[Turn], None] = lambda _: None,
    on_progress: OnProgress = lambda _: None,
) -> str:
    """Take turns until a night comes, nothing is left, or ``most_s`` seconds have passed; returns why it ended."""
    began = time.monotonic()
    with opened_archive(settings) as archive, only_one(archive.writer) as alone:
        if not alone:
            return "Another process fetches history; only one does at a time."
        recover_spools(
            archive,
            settings.spool_dir,
            actor=settings.collector,
            on_progress=on_progress,
            measure_clock=partial(measured_clock, settings.time_servers),
        )
        while True:
            if (wait := why_it_waits(archive, datetime.now(UTC))) is not None:
                return wait
            with archive.reader.connect() as connection:
                due = next_backfill(connection)
            if due is None:
                return NOTHING_LEFT
            if time.monotonic() - began > most_s:
                return "Its time is over; the next run goes on."
            with task_span("backfill"):
                on_turn(_take_turn(settings, archive, due, on_progress))


def is_to_work(settings: Settings) -> bool:
    """Whether a channel's turn is due and nothing comes before it."""
    with opened_archive(settings) as archive:
        with archive.reader.connect() as connection:
            due = next_backfill(connection)
        return due is not None and why_it_waits(archive, datetime.now(UTC)) is None


def why_it_waits(archive: Archive, now: datetime) -> str | None:
    """What comes before the backfill now, as a sentence; None where nothing does."""
    night = night_at_hand(archive, now)
    return None if night is None else f"{night}; history waits for its end."


def night_at_hand(archive: Archive, now: datetime) -> str | None:
    """The night, or other harvest, that comes before what may wait, as the beginning of a sentence."""
    with archive.reader.connect() as connection:
        harvest = harvest_at_work(connection, now)
    if harvest is not None:
        return f"A harvest is at work since {harvest.began_at:%Y-%m-%d %H:%M} UTC"
    if _seconds_before_night(now) < SHORTEST_TURN_S:
        return "A night begins in a moment"
    return None


def _gave_way(archive: Archive, source_id: str) -> bool:
    """Whether the crawl that has just ended had to, or would have to by now: that is no fault of the channel."""
    with archive.reader.connect() as connection:
        wanted = is_started(connection, source_id)
    return not wanted or why_it_waits(archive, datetime.now(UTC)) is not None


def _seconds_before_night(now: datetime) -> float:
    """How long a crawl of history may last from now."""
    return (newest_due(now) + DAY - now - timedelta(seconds=LEAD_S)).total_seconds()


def _take_turn(settings: Settings, archive: Archive, due: Backfill, on_progress: OnProgress) -> Turn:
    """Crawl, deposit, read and count; whatever goes wrong is noted with the channel, and the next one is taken."""
    begun = time.monotonic()
    report: CrawlReport | None = None
    problem: str | None = None
    try:
        source = _source(settings, due.source_id)
        with archive.reader.connect() as connection:
            ranges = unseen_posts(connection, source)
            known = bool(coverage_of_source(connection, source.id)) if not ranges else True
        if ranges:
            report = _crawl(settings, archive, source, ranges, on_progress)
            problem = None if _gave_way(archive, due.source_id) else failure_reason(report)
        elif not known:
            problem = "No page of it was read yet; its first night comes before its history."
    except (StorageError, ProcessError, NotOfTheWatchlist, OSError) as broken:
        problem = str(broken)
    left = _missing(archive, due.source_id)
    pages, seconds = (0 if report is None else report.pages), time.monotonic() - begun
    crawl_id = None if report is None else report.crawl_id
    with archive.writer.begin() as connection:
        note_turn(
            connection,
            due.source_id,
            crawl_id=crawl_id,
            pages=pages,
            seconds=seconds if pages else 0.0,
            missing=left,
            problem=problem,
        )
    ids_left = None if left is None else left.ids
    return Turn(due.source_id, crawl_id, pages, round(seconds, 1), ids_left, problem)


def _crawl(
    settings: Settings,
    archive: Archive,
    source: Source,
    ranges: tuple[tuple[int, int], ...],
    on_progress: OnProgress,
) -> CrawlReport:
    turn = HistoryTurn(ranges, seconds=_seconds_before_night(datetime.now(UTC)))
    report, deposited = collect(
        settings,
        archive,
        source,
        on_progress=on_progress,
        history=turn,
        watched=partial(_stopped_for_others, archive, source.id),
    )
    process_files(archive, [each.key for each in deposited], on_progress=on_progress)
    return report


@contextmanager
def _stopped_for_others(archive: Archive, source_id: str, keeper: int) -> Iterator[None]:
    """During the block the crawl is told to stop as soon as a harvest begins, or nobody wants it any more."""
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(LOOK_EVERY_S):
            try:
                with archive.reader.connect() as connection:
                    wanted = is_started(connection, source_id)
                    night = harvest_at_work(connection, datetime.now(UTC))
            except SQLAlchemyError:  # without the database there are no slots, either
                continue
            if night is not None or not wanted:
                send(keeper, signal.SIGTERM)
                return

    thread = threading.Thread(target=look, name="backfill-gives-way", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


class NotOfTheWatchlist(Exception):
    """The watch-list has no such channel, or its entry has mistakes; stop its backfill, or mend the entry."""

    def __init__(self, source_id: str) -> None:
        super().__init__(
            f"{source_id}: expected a Telegram channel of the watch-list, found none, or one with mistakes. "
            "Nothing was fetched. Mend its entry, or end its backfill (`letapis backfill stop`)."
        )
        self.source_id = source_id


def channels_of(settings: Settings) -> dict[str, Source]:
    """The channels of the watch-list whose history can be fetched, by id; those that people added, too."""
    sources = usable_now(settings).sources
    return {name: source for name, source in sources.items() if source.kind == "telegram"}


def _source(settings: Settings, source_id: str) -> Source:
    source = channels_of(settings).get(source_id)
    if source is None:
        raise NotOfTheWatchlist(source_id)
    return source


def _missing(archive: Archive, source_id: str) -> MissingPosts | None:
    with archive.reader.connect() as connection:
        return missing_of(coverage_of_source(connection, source_id))
