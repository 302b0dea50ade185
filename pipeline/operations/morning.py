"""What the operator has to know in the morning: what last night brought, what failed, what waits, what runs out.

In: `Settings`. Out: `Morning`. It leaves the house by way of others' services, so it knows what every reader may
know: sources of a case are only counted, and of a failure it gives the outcome, never the words with their
addresses. A part that is away is named as such, and what it alone knows is None.
"""

import shutil
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from access.views.overview import last_crawl_row
from pipeline.config.archive_factory import opened_archive
from pipeline.config.settings import Settings, SettingsError
from pipeline.operations.forecast import Forecast, forecast
from pipeline.operations.outbox import Outbox
from pipeline.operations.readiness import Part, PartState, nearest_folder, parts_of
from pipeline.operations.samples import GIVEN_UP_AFTER, WITHOUT_LABELS
from storage.archive import Archive
from storage.deposit.replication import pending_copies
from storage.deposit.timestamps import pending_timestamps
from storage.errors import StorageError
from storage.ledger.drills import EVERY, Drills, drills_until_now
from storage.ledger.harvests import DueNight, NightState, due_nights
from storage.ledger.last_crawls import LastCrawl, crawls_since
from storage.log.checkpoints import newest_in_ledger
from storage.queries.nightly_counts import counts_since, unread_files
from storage.queries.operating_figures import custody_length, request_queue
from storage.queries.overview import ON_DEMAND, last_night
from storage.queries.stored_changes import ChangeQuestion, count_by_kind

LOOKS_BACK: Final = timedelta(days=60)
"""A source that has failed for longer is shown as failing since then."""

LATE: Final = timedelta(hours=24)
"""What has been pending for longer needs somebody: all that tries again does so within minutes."""

UNSIGNED: Final = timedelta(hours=6)


class Result(StrEnum):
    """The morning in one word, for the heartbeat."""

    OK = "ok"
    ATTENTION = "attention"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class RedSource:
    """A source whose last crawl failed: since when without a break, and the outcome of most of its pages."""

    source_id: str
    since: datetime
    outcome: str | None


@dataclass(frozen=True, slots=True)
class Pending:
    """How many, and since when the oldest waits."""

    count: int
    oldest_at: datetime | None

    def is_late(self, now: datetime) -> bool:
        """Whether the oldest waits for longer than `LATE`."""
        return self.oldest_at is not None and now - self.oldest_at > LATE


@dataclass(frozen=True, slots=True)
class NightOfArchive:
    """What the database knows of the night and of what waits.

    ``changes`` by kind (`storage.queries.changes.ChangeKind`); ``other_red``: how many further sources failed that
    not every reader may know of; ``checkpoint_at`` is None before the first checkpoint; ``may_drill``: whether a
    role for drills is known.
    """

    night: DueNight | None
    files: int
    file_bytes: int
    pages: int
    new: int
    changes: Mapping[str, int]
    red: tuple[RedSource, ...]
    other_red: int
    copies: Pending
    time_tokens: Pending
    unread_files: int
    requests: Pending
    forecast: Forecast
    custody_entries: int
    custody_at: datetime | None
    checkpoint_entries: int
    checkpoint_at: datetime | None
    drills: Drills
    may_drill: bool

    def drill_is_late(self, now: datetime) -> bool:
        """Whether a drill that could be made was left out."""
        waited = self.drills.none_for(now)
        return self.may_drill and waited is not None and waited > EVERY

    @property
    def unsigned_for(self) -> timedelta | None:
        """How long custody has gone on without a checkpoint; None where the newest covers all of it."""
        if (
            self.checkpoint_at is None
            or self.custody_at is None
            or self.custody_entries <= self.checkpoint_entries
        ):
            return None
        return self.custody_at - self.checkpoint_at


@dataclass(frozen=True, slots=True)
class Morning:
    """``archive`` is None where the database does not answer.

    ``unsent``: how many messages have not reached every address.
    """

    made_at: datetime
    parts: tuple[Part, ...]
    disk_free_bytes: int
    unsent: int
    archive: NightOfArchive | None

    @property
    def result(self) -> Result:
        """Whether somebody has to look."""
        found = self.archive
        night = None if found is None or found.night is None else found.night.state
        lost = (NightState.MISSED, NightState.NOT_ENDED)
        if found is None or night in lost or any(part.state is PartState.FAILED for part in self.parts):
            return Result.FAILED
        troubled = (
            night is NightState.FAILED,
            bool(found.red) or found.other_red > 0,
            found.forecast.alarms,
            found.copies.is_late(self.made_at) or found.time_tokens.is_late(self.made_at),
            found.unsigned_for is not None and found.unsigned_for > UNSIGNED,
            found.custody_entries < found.checkpoint_entries,
            found.drill_is_late(self.made_at),
            found.drills.last is not None and not found.drills.last.passed,
            self.unsent > 0,
            any(part.state is not PartState.OK for part in self.parts),
        )
        return Result.ATTENTION if any(troubled) else Result.OK


def morning_of(settings: Settings, *, now: datetime | None = None) -> Morning:
    """How things are now."""
    moment = now or datetime.now(UTC)
    parts = parts_of(settings)
    found: NightOfArchive | None = None
    if {"database", "migrations"} <= {part.name for part in parts if part.state is PartState.OK}:
        try:
            with opened_archive(settings) as archive, archive.reader.connect() as connection:
                found = _night_of(settings, archive, connection, moment)
        except (SettingsError, StorageError, SQLAlchemyError):
            parts = (*parts, Part("archive", PartState.FAILED, "The database stopped answering."))
    free = shutil.disk_usage(nearest_folder(settings.data)).free
    return Morning(moment, parts, free, len(Outbox(settings.data).unsent()), found)


def _night_of(settings: Settings, archive: Archive, connection: Connection, now: datetime) -> NightOfArchive:
    night = last_night(connection)
    brought = () if night is None else counts_since(connection, night.after_seq)
    question = None if night is None else ChangeQuestion(since=night.began_at)
    changes = {} if question is None else count_by_kind(connection, question, viewer=WITHOUT_LABELS)
    nights = due_nights(connection, now=now, known_since=archive.nights_since, most=1)
    copies = () if archive.replica is None else pending_copies(connection)
    queue = request_queue(connection, now - GIVEN_UP_AFTER)
    all_red = red_sources(crawls_since(connection, now - LOOKS_BACK))
    red = red_sources(crawls_since(connection, now - LOOKS_BACK, viewer=WITHOUT_LABELS))
    custody, checkpoint = custody_length(connection), newest_in_ledger(connection)
    return NightOfArchive(
        night=nights[0] if nights else None,
        files=sum(each.warc_files for each in brought),
        file_bytes=sum(each.warc_bytes for each in brought),
        pages=sum(each.pages for each in brought),
        new=sum(each.new for each in brought),
        changes=changes,
        red=red,
        other_red=len(all_red) - len(red),
        copies=_pending(each.since for each in copies),
        time_tokens=_pending(each.since for each in pending_timestamps(connection)),
        unread_files=unread_files(connection),
        requests=Pending(queue.waiting, queue.oldest_at),
        forecast=forecast(settings, connection, now=now, viewer=WITHOUT_LABELS),
        custody_entries=custody.entries,
        custody_at=custody.newest_at,
        checkpoint_entries=0 if checkpoint is None else checkpoint.size,
        checkpoint_at=None if checkpoint is None else checkpoint.at,
        drills=drills_until_now(connection),
        may_drill=settings.database_drill_url is not None,
    )


def _pending(since: Iterable[datetime]) -> Pending:
    waiting = tuple(since)
    return Pending(len(waiting), min(waiting, default=None))


def red_sources(crawls: Iterable[LastCrawl]) -> tuple[RedSource, ...]:
    """The sources whose newest ended crawl failed, the longest failing first; ``crawls``: the oldest first."""
    failing: dict[str, RedSource] = {}
    for crawl in crawls:
        row = last_crawl_row(crawl)
        if crawl.source_id == ON_DEMAND or row["state"] == "not ended":
            continue
        if row["state"] != "failed":
            failing.pop(crawl.source_id, None)
            continue
        outcomes = Counter({name: count for name, count in (row["outcomes"] or {}).items() if name != "content"})
        before = failing.get(crawl.source_id)
        failing[crawl.source_id] = RedSource(
            crawl.source_id,
            crawl.began_at.astimezone(UTC) if before is None else before.since,
            outcomes.most_common(1)[0][0] if outcomes else None,
        )
    return tuple(sorted(failing.values(), key=lambda each: (each.since, each.source_id)))
