"""The figures of an archive for Prometheus: every name, what it means, and its value now.

In: `Settings`, an open `Archive`. Out: `Sample`s. A figure whose source does not answer is absent, never 0, and
`letapis_part_up` says which part that is. All are gauges: what was withdrawn is counted no longer. Labels are ids
of sources, names of outcomes and of parts; a source that not every reader may know of has no row of its own, and
counts in the sums. Times are seconds since 1970 (Prometheus, "Metric and label naming", read 2026-11), so that
rules count the age themselves and a figure that stands still shows.
"""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from access.views.overview import last_crawl_row
from pipeline.config.archive_factory import opened_archive
from pipeline.config.settings import Settings, SettingsError
from pipeline.operations.forecast import forecast
from pipeline.operations.outbox import Outbox
from pipeline.operations.readiness import PartState, nearest_folder, parts_of, room_of
from storage.access_labels import Role, Viewer
from storage.archive import Archive
from storage.deposit.replication import pending_copies
from storage.deposit.timestamps import pending_timestamps
from storage.errors import StorageError
from storage.ledger.drills import drills_until_now
from storage.ledger.harvests import DueNight, NightState, due_nights
from storage.ledger.last_crawls import last_crawls
from storage.log.checkpoints import newest_in_ledger
from storage.queries.operating_figures import custody_length, request_queue
from storage.queries.overview import ON_DEMAND, archive_counts, source_holdings
from storage.spool.lock import CrawlAliveError, lock_crawl

WITHOUT_LABELS: Final = Viewer("monitoring", Role.READER)
"""Whom figures and messages are for: they leave the house, so they know what every reader may know."""

NIGHTS: Final = 7

GIVEN_UP_AFTER: Final = timedelta(days=30)

BAD_NIGHTS: Final = (NightState.FAILED, NightState.NOT_ENDED, NightState.MISSED)

FAMILIES: Final[Mapping[str, str]] = {
    "letapis_build_info": "Always 1; the label has the version of Letapis.",
    "letapis_part_up": "Whether a part answers as it should: 1 ok, 0.5 degraded, 0 failed.",
    "letapis_captures": "Captures in the archive; above a million an estimate of the database.",
    "letapis_records": "Records in the archive, by kind.",
    "letapis_media": "Images and videos in the archive.",
    "letapis_deposited_files": "Deposited WARC files.",
    "letapis_deposited_bytes": "Bytes of the deposited WARC files, compressed.",
    "letapis_unread_files": "Deposited WARC files that were not read into records yet.",
    "letapis_source_deposited_bytes": "Bytes of the deposited WARC files of a source, compressed.",
    "letapis_source_failed": "Whether the last ended crawl of a source failed: 1 or 0.",
    "letapis_source_last_crawl_timestamp_seconds": "When the last ended crawl of a source began.",
    "letapis_source_last_crawl_pages": "Pages that the last ended crawl of a source fetched.",
    "letapis_source_last_crawl_outcomes": "Pages of the last ended crawl of a source, by outcome.",
    "letapis_sources_failed": "Sources whose last ended crawl failed.",
    "letapis_sources": "Sources of which at least one crawl has ended.",
    "letapis_pending_copies": "Custody entries whose objects the second store has not confirmed.",
    "letapis_pending_copies_oldest_timestamp_seconds": "Since when the oldest pending copy waits.",
    "letapis_pending_time_tokens": "Time tokens that were requested and not obtained.",
    "letapis_pending_time_tokens_oldest_timestamp_seconds": "Since when the oldest pending time token waits.",
    "letapis_custody_entries": "Entries of custody.",
    "letapis_custody_newest_timestamp_seconds": "When the newest entry of custody was appended.",
    "letapis_checkpoint_entries": "Entries of custody that the newest checkpoint covers.",
    "letapis_checkpoint_timestamp_seconds": "When the newest checkpoint was signed.",
    "letapis_drill_timestamp_seconds": "When the recovery was tried last; absent before the first drill.",
    "letapis_drill_passed": "Whether the last drill gave the same archive: 1 or 0; absent before the first.",
    "letapis_archive_began_timestamp_seconds": "When the first entry of custody was appended.",
    "letapis_outlets": "Places outside to which checkpoints go.",
    "letapis_night_due_timestamp_seconds": "When the newest night was due.",
    "letapis_night_began_timestamp_seconds": "When the newest night that has begun did so.",
    "letapis_night_ended_timestamp_seconds": "When the newest night that has ended did so.",
    "letapis_night_sources": "Sources that the newest night was to collect.",
    "letapis_night_sources_failed": "Sources of the newest ended night that failed.",
    "letapis_nights_bad": "Nights of the last seven that did not run, did not end, or had sources that failed.",
    "letapis_nights_missed": "Nights of the last seven that did not run.",
    "letapis_requests_waiting": "Requested addresses of the last 30 days that have no result yet.",
    "letapis_requests_oldest_timestamp_seconds": "Since when the oldest of them waits.",
    "letapis_disk_size_bytes": "Size of the disk of the data folder.",
    "letapis_disk_free_bytes": "Bytes that are free on the disk of the data folder.",
    "letapis_disk_kept_free_bytes": "Below so many free bytes no crawl starts (LETAPIS_KEEP_FREE_MB).",
    "letapis_disk_days_until_full": "Days until no crawl starts, as the last two weeks went; absent if not known.",
    "letapis_messages_unsent": "Messages for people that have not reached every address yet.",
    "letapis_spool_crawls": "Crawls in the spool of this machine: running, or left and not deposited yet.",
    "letapis_written_timestamp_seconds": "When these figures were made.",
}
"""Every metric by its name, with its meaning."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of a metric that `FAMILIES` names."""

    name: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


def all_samples(settings: Settings, *, now: datetime | None = None) -> Iterator[Sample]:
    """What this process can find out: of the archive, where it is known, and of this machine."""
    moment = now or datetime.now(UTC)
    parts = parts_of(settings)
    for part in parts:
        value = {PartState.OK: 1.0, PartState.DEGRADED: 0.5, PartState.FAILED: 0.0}[part.state]
        yield Sample("letapis_part_up", value, {"part": part.name})
    answers = {part.name for part in parts if part.state is PartState.OK}
    if {"database", "migrations"} <= answers:
        yield from _of_archive(settings, moment)
    yield from machine_samples(settings, now=moment)


def machine_samples(settings: Settings, *, now: datetime | None = None) -> Iterator[Sample]:
    """What concerns this machine alone: disk and spool. A worker writes these, and no other machine does."""
    yield Sample("letapis_build_info", 1, {"version": version("letapis")})
    disk = shutil.disk_usage(nearest_folder(settings.data))
    yield Sample("letapis_disk_size_bytes", disk.total)
    yield Sample("letapis_disk_free_bytes", disk.free)
    yield Sample("letapis_disk_kept_free_bytes", room_of(settings).keep_free_bytes)
    yield Sample("letapis_messages_unsent", len(Outbox(settings.data).unsent()))
    running, left = _spool(settings)
    yield Sample("letapis_spool_crawls", running, {"state": "running"})
    yield Sample("letapis_spool_crawls", left, {"state": "left"})
    yield Sample("letapis_written_timestamp_seconds", (now or datetime.now(UTC)).timestamp())


def _spool(settings: Settings) -> tuple[int, int]:
    running = left = 0
    for folder in settings.spool_dir.glob("*/") if settings.spool_dir.is_dir() else ():
        try:
            with lock_crawl(folder):
                left += 1
        except CrawlAliveError:
            running += 1
        except OSError:
            continue  # it was deposited meanwhile
    return running, left


def _of_archive(settings: Settings, now: datetime) -> Iterator[Sample]:
    """All figures or none, so that one scrape is about one moment."""
    found: list[Sample] = []
    try:
        with opened_archive(settings) as archive, archive.reader.connect() as connection:
            found += _counts(connection)
            found += _sources(connection)
            found += _preservation(archive, connection)
            found += _nights(due_nights(connection, now=now, known_since=archive.nights_since, most=NIGHTS))
            found += _requests(connection, now)
            days = forecast(settings, connection, now=now).days_until_full
            found += [] if days is None else [Sample("letapis_disk_days_until_full", days)]
    except (SettingsError, StorageError, SQLAlchemyError):
        return  # it answered a moment ago; the next scrape says what it does now
    yield from found


def _counts(connection: Connection) -> Iterator[Sample]:
    counts = archive_counts(connection)
    yield Sample("letapis_captures", counts.captures)
    for kind, count in counts.records.items():
        yield Sample("letapis_records", count, {"kind": kind})
    yield Sample("letapis_media", counts.media)
    yield Sample("letapis_deposited_files", counts.files)
    yield Sample("letapis_deposited_bytes", counts.file_bytes)
    yield Sample("letapis_unread_files", counts.unread_files)
    for source in source_holdings(connection, viewer=WITHOUT_LABELS):
        yield Sample("letapis_source_deposited_bytes", source.file_bytes, {"source": source.source_id})


def _sources(connection: Connection) -> Iterator[Sample]:
    # a running crawl would show its source as one that does not fail, and alerts would begin anew each night
    everyone = {
        name: crawl for name, crawl in last_crawls(connection, only_ended=True).items() if name != ON_DEMAND
    }
    failed = sum(last_crawl_row(each)["state"] == "failed" for each in everyone.values())
    yield Sample("letapis_sources", len(everyone))
    yield Sample("letapis_sources_failed", failed)
    for name, last in last_crawls(connection, viewer=WITHOUT_LABELS, only_ended=True).items():
        if name == ON_DEMAND:
            continue
        row, labels = last_crawl_row(last), {"source": name}
        yield Sample("letapis_source_failed", float(row["state"] == "failed"), labels)
        yield Sample("letapis_source_last_crawl_timestamp_seconds", last.began_at.timestamp(), labels)
        if row["pages"] is not None:
            yield Sample("letapis_source_last_crawl_pages", row["pages"], labels)
        for outcome, count in sorted((row["outcomes"] or {}).items()):
            yield Sample("letapis_source_last_crawl_outcomes", count, {**labels, "outcome": outcome})


def _preservation(archive: Archive, connection: Connection) -> Iterator[Sample]:
    copies = () if archive.replica is None else pending_copies(connection)
    yield Sample("letapis_pending_copies", len(copies))
    if copies:
        oldest = min(each.since for each in copies)
        yield Sample("letapis_pending_copies_oldest_timestamp_seconds", oldest.timestamp())
    tokens = pending_timestamps(connection)
    yield Sample("letapis_pending_time_tokens", len(tokens))
    if tokens:
        oldest = min(each.since for each in tokens)
        yield Sample("letapis_pending_time_tokens_oldest_timestamp_seconds", oldest.timestamp())
    custody = custody_length(connection)
    yield Sample("letapis_custody_entries", custody.entries)
    if custody.newest_at is not None:
        yield Sample("letapis_custody_newest_timestamp_seconds", custody.newest_at.timestamp())
    checkpoint = newest_in_ledger(connection)
    yield Sample("letapis_checkpoint_entries", 0 if checkpoint is None else checkpoint.size)
    if checkpoint is not None and checkpoint.at is not None:
        yield Sample("letapis_checkpoint_timestamp_seconds", checkpoint.at.timestamp())
    drills = drills_until_now(connection)
    if drills.archive_since is not None:
        yield Sample("letapis_archive_began_timestamp_seconds", drills.archive_since.timestamp())
    if drills.last is not None:
        yield Sample("letapis_drill_timestamp_seconds", drills.last.at.timestamp())
        yield Sample("letapis_drill_passed", float(drills.last.passed))
    yield Sample("letapis_outlets", len(archive.outlets))


def _nights(nights: tuple[DueNight, ...]) -> Iterator[Sample]:
    yield Sample("letapis_nights_bad", sum(each.state in BAD_NIGHTS for each in nights))
    yield Sample("letapis_nights_missed", sum(each.state is NightState.MISSED for each in nights))
    if nights:
        yield Sample("letapis_night_due_timestamp_seconds", nights[0].due_at.timestamp())
    harvests = [each.harvest for each in nights if each.harvest is not None]
    if harvests:
        yield Sample("letapis_night_began_timestamp_seconds", harvests[0].began_at.timestamp())
        yield Sample("letapis_night_sources", len(harvests[0].sources))
    ended = next((each for each in harvests if each.ended_at is not None), None)
    if ended is not None and ended.ended_at is not None:
        failed = len(ended.sources) if ended.network is not None else len(ended.failures)
        yield Sample("letapis_night_ended_timestamp_seconds", ended.ended_at.timestamp())
        yield Sample("letapis_night_sources_failed", failed)


def _requests(connection: Connection, now: datetime) -> Iterator[Sample]:
    queue = request_queue(connection, now - GIVEN_UP_AFTER)
    yield Sample("letapis_requests_waiting", queue.waiting)
    if queue.oldest_at is not None:
        yield Sample("letapis_requests_oldest_timestamp_seconds", queue.oldest_at.timestamp())
