"""What somebody has to know at once: store, database, disk, clock, custody, outlets, silent sources.

In: `Settings`. Out: `Look`: each alarm by its key with a sentence in the language of the caller's context, and the
topics of which nothing could be found out, so that an alarm does not end because nobody could look. Messages of
alarms leave the house as the morning's do: a source that not every reader may know of is only counted. Nothing is
changed, and nothing is stored: whether the store takes objects is found out with one that it has (`ObjectStore.
require_writable`).
"""

import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTime
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from access.rendering.translations import gettext, ngettext
from crawlers.watchlist.source import Expectation
from pipeline.config.archive_factory import open_store, opened_archive, outlet_names
from pipeline.config.settings import Settings, SettingsError
from pipeline.operations.alarm_clock import CLOCK, ClockSaid, clock_said, clock_sentence
from pipeline.operations.morning import UNSIGNED
from pipeline.operations.readiness import Part, PartState, nearest_folder, parts_of
from pipeline.operations.samples import WITHOUT_LABELS
from pipeline.quality.yield_rules import silence_problems
from storage.errors import StorageError
from storage.integrity.audit_share import last_audit
from storage.ledger.last_crawls import last_crawls
from storage.log.checkpoints import newest_in_ledger
from storage.log.deliveries import pending_delivery
from storage.objects.errors import StoreError
from storage.objects.keys import CUSTODY_PREFIX
from storage.queries.crawl_yields import declarations_of, publishing_pattern
from storage.queries.operating_figures import custody_length
from storage.queries.overview import ON_DEMAND

OF_DATABASE: Final = frozenset({"custody", "outlet", "source"})
"""Topics of which the database alone knows."""

STORING_S: Final = 30.0
OUTLET_SILENT: Final = timedelta(hours=2)
"""Outlets are given the newest checkpoint every ten minutes."""
STILL_COLLECTED: Final = timedelta(days=7)
"""A source that was not crawled for longer was taken from the watch-list, or its crawls fail."""


@dataclass(frozen=True, slots=True)
class Look:
    """``found``: sentences by key, a topic or a topic and what it is about (``outlet:witness``)."""

    at: datetime
    found: Mapping[str, str]
    unknown: frozenset[str]

    def knows(self, key: str) -> bool:
        """Whether the topic of this key was looked at."""
        return key.partition(":")[0] not in self.unknown


def look(settings: Settings, zone: ZoneInfo, *, with_sources: bool = True, now: datetime | None = None) -> Look:
    """Look at everything; ``with_sources``: also at each source's habit, which takes a question for each."""
    moment = now or datetime.now(UTC)
    parts = {part.name: part for part in parts_of(settings)}
    found = {name: _of_part(part, settings) for name, part in parts.items() if part.state is not PartState.OK}
    unknown = set(OF_DATABASE)
    if {"database", "migrations"}.isdisjoint(found):
        try:
            with opened_archive(settings) as archive, archive.reader.connect() as connection:
                of_archive = {**_of_custody(connection), **_of_outlets(settings, connection, moment, zone)}
                of_archive |= _of_sources(connection, moment, zone) if with_sources else {}
        except (SettingsError, StorageError, SQLAlchemyError):
            pass  # it answered a moment ago: these topics stay unknown until the next look
        else:
            found |= of_archive
            unknown = set() if with_sources else {"source"}
    elif "database" in found:
        unknown.add("migrations")
    if "store" not in found and (refusal := _refusal_to_store(settings)) is not None:
        found["store"] = refusal
    said = clock_said(settings, moment)
    if (sentence := clock_sentence(said)) is not None:
        found[CLOCK] = sentence
    elif said == ClockSaid(()):
        unknown.add(CLOCK)
    return Look(moment, found, frozenset(unknown))


def _of_part(part: Part, settings: Settings) -> str:
    if part.name == "disk" and part.state is PartState.DEGRADED:
        free = shutil.disk_usage(nearest_folder(settings.data)).free
        return gettext("Only %(size)s GB are free, so no crawl starts: make room.", size=f"{free / 10**9:.1f}")
    if part.name == "migrations":
        return gettext("The database has the tables of another version: run letapis prepare, then letapis doctor.")
    return gettext(str(part.reason).replace("%", "%%"))


def _refusal_to_store(settings: Settings) -> str | None:
    """A sentence where the store answers and takes no object; the wait for it has an end."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="storing")
    trying = pool.submit(lambda: open_store(settings).require_writable(CUSTODY_PREFIX))
    pool.shutdown(wait=False)
    try:
        trying.result(timeout=STORING_S)
    except (NotInTime, SettingsError, StoreError):
        return gettext("The object store answers and takes nothing: nothing can be deposited.")
    return None


def _of_custody(connection: Connection) -> dict[str, str]:
    found: dict[str, str] = {}
    audit = last_audit(connection)
    wrong = 0 if audit is None else int(audit.details.get("wrong", 0))
    if wrong:
        found["custody:audit"] = ngettext(
            "The last audit found %(num)s object unlike what custody states. Change nothing; run letapis verify.",
            "The last audit found %(num)s objects unlike what custody states. Change nothing; run letapis verify.",
            wrong,
        )
    custody, checkpoint = custody_length(connection), newest_in_ledger(connection)
    if checkpoint is None:
        return found
    if custody.entries < checkpoint.size:
        found["custody:shorter"] = gettext(
            "Custody has fewer entries than its checkpoint covers. Change nothing; run letapis verify."
        )
    elif (
        custody.entries > checkpoint.size
        and custody.newest_at is not None
        and checkpoint.at is not None
        and custody.newest_at - checkpoint.at > UNSIGNED
    ):
        found["custody:unsigned"] = gettext(
            "Custody grew, and no checkpoint was signed. Look at the DAG checkpoints."
        )
    return found


def _of_outlets(settings: Settings, connection: Connection, now: datetime, zone: ZoneInfo) -> dict[str, str]:
    found = {}
    for name in outlet_names(settings):
        pending = pending_delivery(connection, name)
        if pending is not None and now - pending.since > OUTLET_SILENT:
            found[f"outlet:{name}"] = gettext(
                "Outlet %(name)s has confirmed no checkpoint since %(at)s: look at the DAG checkpoints.",
                name=name,
                at=f"{pending.since.astimezone(zone):%Y-%m-%d %H:%M}",
            )
    return found


def _of_sources(connection: Connection, now: datetime, zone: ZoneInfo) -> dict[str, str]:
    """Sources that have been silent for longer than their habit when they were last crawled."""
    crawls = {
        crawl.crawl_id: crawl
        for name, crawl in last_crawls(connection, only_ended=True).items()
        if name != ON_DEMAND and now - crawl.began_at < STILL_COLLECTED
    }
    named = set(last_crawls(connection, viewer=WITHOUT_LABELS, only_ended=True))
    at = {crawl.source_id: crawl.began_at for crawl in crawls.values()}
    found: dict[str, str] = {}
    unnamed = 0
    for source_id, declaration in declarations_of(connection, tuple(crawls)):
        pattern = publishing_pattern(connection, source_id)
        expected = Expectation(**declaration.get("expect") or {})
        if pattern is None or not silence_problems(expected, pattern, at[source_id]):
            continue
        if source_id not in named:
            unnamed += 1
            continue
        found[f"source:{source_id}"] = gettext(
            "%(source)s: nothing new since %(day)s, longer than its habit; look at its newest captures.",
            source=source_id,
            day=f"{pattern.last_new_at.astimezone(zone):%Y-%m-%d}",
        )
    if unnamed:
        found["source"] = ngettext(
            "%(num)s source that this message may not name brings nothing new for longer than its habit.",
            "%(num)s sources that this message may not name bring nothing new for longer than their habit.",
            unnamed,
        )
    return found
