"""Harvests sources: recover what earlier crawls left, state the facts of collection, crawl, deposit.

In: `Settings` and ids of sources of the watch-list. Out: `HarvestResult` per source, keys and counts only. Every
attempt is a crawl with an id of its own, so nothing of an earlier attempt is ever written over. Trouble with a
source is a result (``problem``, a sentence); trouble of ours (disk, store, database) raises, and what was
captured stays in the spool for the next run.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from crawlers.capture import CrawlReport, time_text
from crawlers.source import Source
from crawlers.watchlist import read_watchlist
from pipeline.chromium import find_chromium
from pipeline.connect import opened_archive
from pipeline.crawl import crawl_id_of_now, job_for, run_crawl
from pipeline.deposits import deposit_crawl, recover_spools
from pipeline.facts import clock_now, collection_facts
from pipeline.harvest_order import in_turn
from pipeline.judging import judge_crawl
from pipeline.settings import Settings
from storage.archive import Archive
from storage.deposit import Deposited
from storage.facts import begin_collection, end_collection
from storage.known import known_of
from storage.listings import listings_of
from storage.payloads_of_source import write_sealed_payloads
from storage.sealed_payloads import PAYLOADS_NAME
from storage.visibility import DEFAULT_LABEL

MOST_TASKS: Final = 256
"""Mapped tasks that Airflow's grid and database still take easily (architecture, section 6)."""

Say = Callable[[str], None]


class UnknownSourceError(Exception):
    """The watch-list has no such source; whoever asked for it looks at the ids it has."""

    def __init__(self, asked: Sequence[str], known: Sequence[str]) -> None:
        super().__init__(
            f"The watch-list has no source {', '.join(asked)}. It has: {', '.join(known)}. Nothing was fetched."
        )
        self.asked = tuple(asked)
        self.known = tuple(known)


class NoBrowserError(Exception):
    """A source needs a browser that is not there; whoever keeps the machine installs one."""


class HarvestBrokenError(Exception):
    """Some sources of a batch could not be harvested for reasons of ours; the others are deposited."""


@dataclass(frozen=True, slots=True)
class HarvestResult:
    """What one crawl of one source came to.

    ``problem`` is a sentence, None if the source came through. ``keys`` are those of the deposited WARC files;
    ``outcomes`` counts pages by outcome; ``recovered`` counts files of earlier crawls deposited on the way.
    """

    source_id: str
    crawl_id: str
    problem: str | None
    pages: int
    exchanges: int
    bytes: int
    outcomes: dict[str, int]
    truncated: int
    refused: int
    keys: tuple[str, ...]
    captures: int
    recovered: int
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """Keys and counts as JSON-ready values."""
        return asdict(self) | {"kind": "harvested_source", "keys": list(self.keys)}


def planned_sources(settings: Settings, asked: Sequence[str] = ()) -> tuple[str, ...]:
    """Ids to harvest, in the order of the watch-list; raises `WatchlistErrors` and `UnknownSourceError`."""
    known = tuple(source.id for source in read_watchlist(settings.watchlist, egress=settings.egress_names).sources)
    unknown = [source_id for source_id in asked if source_id not in known]
    if unknown:
        raise UnknownSourceError(unknown, known)
    return tuple(source_id for source_id in known if not asked or source_id in asked)


def planned_in_turn(settings: Settings, asked: Sequence[str] = ()) -> tuple[str, ...]:
    """The same ids in the order in which a night takes them, sources of one host spread over it."""
    wanted = set(planned_sources(settings, asked))
    listed = read_watchlist(settings.watchlist, egress=settings.egress_names).sources
    return in_turn([source for source in listed if source.id in wanted])


def in_batches(source_ids: Sequence[str]) -> list[list[str]]:
    """One source per batch, or as many as it takes to stay below the number of tasks Airflow takes easily."""
    size = -(-len(source_ids) // MOST_TASKS) or 1
    return [list(source_ids[start : start + size]) for start in range(0, len(source_ids), size)]


def harvest_batch(settings: Settings, source_ids: Sequence[str], *, say: Say = print) -> tuple[HarvestResult, ...]:
    """Harvest one after the other; what breaks for reasons of ours is told at the end, when all are tried."""
    results: list[HarvestResult] = []
    broken: list[tuple[str, Exception]] = []
    for source_id in source_ids:
        try:
            results.append(harvest_source(settings, source_id, say=say))
        except Exception as problem:  # all of them are raised again below, in one
            if len(source_ids) == 1:
                raise
            say(f"{source_id}: {problem}")
            broken.append((source_id, problem))
    if broken:
        told = "\n".join(f"{source_id}: {type(problem).__name__}: {problem}" for source_id, problem in broken)
        raise HarvestBrokenError(f"{len(broken)} of {len(source_ids)} sources broke off:\n{told}") from broken[0][
            1
        ]
    return tuple(results)


def harvest_source(settings: Settings, source_id: str, *, say: Say = lambda _: None) -> HarvestResult:
    """Harvest one source of the watch-list."""
    planned_sources(settings, (source_id,))
    source = read_watchlist(settings.watchlist, egress=settings.egress_names).source(source_id)
    with opened_archive(settings) as archive:
        recovery = recover_spools(archive, settings.spool_dir, actor=settings.collector, say=say)
        report, deposited = collect(settings, archive, source, say=say)
        with archive.reader.connect() as connection:
            report = replace(report, failures=(*report.failures, *judge_crawl(connection, source, report)))
    return result_of(report, deposited, recovered=len(recovery.deposited))


def collect(
    settings: Settings,
    archive: Archive,
    source: Source,
    *,
    say: Say,
    asked: Mapping[str, str | None] | None = None,
    actor: str | None = None,
) -> tuple[CrawlReport, tuple[Deposited, ...]]:
    """Crawl one source and deposit what was seen; ``asked`` are the facts of a person's request."""
    by = actor or settings.collector
    chromium = chromium_for(settings, source)
    way_out = settings.way_out(source.egress)
    crawl_id = crawl_id_of_now()
    with archive.reader.connect() as connection:
        known = replace(known_of(connection, source), listings=listings_of(archive, source))
    commitments = begin_collection(
        archive,
        crawl_id=crawl_id,
        source_id=source.id,
        actor=by,
        facts=collection_facts(settings, **(asked or {}), egress=None if way_out is None else source.egress),
        clock=clock_now(),
    )
    job = job_for(
        source,
        crawl_id=crawl_id,
        known=known,
        connect_to=settings.connect_to,
        allow_addresses=settings.allow_addresses,
        upstream_ca=settings.upstream_ca,
        user_agent=settings.user_agent,
        collector=settings.collector,
        commitments=commitments,
        one_warc_per_url=asked is not None,
    )
    say(f"{source.id}: crawl {crawl_id} begins.")
    report = run_crawl(
        job,
        settings.spool_dir,
        chromium=chromium,
        way_out=way_out,
        turns_from=settings.database().writer_url,
        on_progress=say,
        lay_beside=None if job.one_warc_per_url else partial(_tell_of_payloads, archive, source),
    )
    deposited = deposit_crawl(archive, settings.spool_dir / crawl_id, actor=by, closed=report.files)
    end_collection(archive, crawl_id=crawl_id, actor=by, details=ended(report, deposited), clock=clock_now())
    say(
        f"{source.id}: {len(deposited)} WARC files deposited, {sum(each.captures for each in deposited)} captures."
    )
    return report, deposited


def _tell_of_payloads(archive: Archive, source: Source, folder: Path) -> None:
    """Write beside the crawl which payloads of its source are deposited, so that it need not keep them again."""
    with archive.reader.connect() as connection:
        label = source.access_label or DEFAULT_LABEL
        write_sealed_payloads(connection, source.id, label, folder / PAYLOADS_NAME)


def chromium_for(settings: Settings, source: Source) -> Path | None:
    """The browser's program for a source that needs one, else None; raises `NoBrowserError`."""
    if source.engine != "browser":
        return None
    found = find_chromium(settings.chromium)
    if found is None:
        raise NoBrowserError(
            f"{source.id} is loaded by a browser, and no Chromium starts on this machine: `letapis doctor` says "
            "how to get one. Nothing was fetched."
        )
    return found.program


def ended(report: CrawlReport, deposited: Sequence[Deposited]) -> dict[str, Any]:
    """What custody keeps of the crawl's end: counts, keys, what went wrong."""
    return {
        "started_at": time_text(report.started_at),
        "ended_at": time_text(report.ended_at),
        "pages": report.pages,
        "exchanges": report.exchanges,
        "bytes": report.bytes,
        "outcomes": dict(report.outcomes),
        "truncated": report.truncated,
        "refused": report.refused,
        "problem": report.problem,
        "failures": list(report.failures),
        "pace": {host: asdict(kept) for host, kept in report.pace.items()},
        "warc_keys": [each.key for each in deposited],
    }


def result_of(report: CrawlReport, deposited: Sequence[Deposited], *, recovered: int) -> HarvestResult:
    """Report and deposits as one result."""
    return HarvestResult(
        source_id=report.source,
        crawl_id=report.crawl_id,
        problem=trouble_with(report),
        pages=report.pages,
        exchanges=report.exchanges,
        bytes=report.bytes,
        outcomes=dict(report.outcomes),
        truncated=report.truncated,
        refused=report.refused,
        keys=tuple(each.key for each in deposited),
        captures=sum(each.captures for each in deposited),
        recovered=recovered,
        seconds=(report.ended_at - report.started_at).total_seconds(),
    )


def trouble_with(report: CrawlReport) -> str | None:
    """Why the source did not come through, in a sentence or more; None if it did."""
    if report.problem is not None:
        return f"The crawl broke off: {report.problem}"
    if report.failures:
        return "; ".join(report.failures)
    if not report.outcomes:
        return "Nothing was fetched: the crawl ended without a single visit."
    return None
