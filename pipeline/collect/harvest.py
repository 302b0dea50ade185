"""Harvests sources: recovers what earlier crawls left, records the facts of collection, crawls, deposits.

In: `Settings` and ids of sources of the watch-list, read once per task. Out: a `HarvestResult` per source. Every
attempt is a crawl with an id of its own, so nothing of an earlier attempt is ever written over. A failure of
a source is a result (``problem``, a sentence); a failure of ours (disk, store, database) raises, and what was
captured stays in the spool for the next run. A mistake in one source's entry costs that source and no other.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from crawlers.extensions.crawl_code import code_of_source, write_code
from crawlers.model.job import CrawlJob
from crawlers.model.report import CrawlReport
from crawlers.watchlist.loader import UsableWatchlist, WatchlistProblem
from crawlers.watchlist.source import Source
from pipeline.chromium import NoBrowserError, find_chromium
from pipeline.clock_offset import measured_clock
from pipeline.collect.collection_end import collection_summary, counts_of_report
from pipeline.collect.crawl_facts import collection_facts
from pipeline.collect.deposit_spool import deposit_crawl, recover_spools
from pipeline.collect.engine_choice import REMEMBERED, engine_tonight
from pipeline.collect.harvest_order import interleave_by_host
from pipeline.collect.history_turn import HistoryTurn
from pipeline.collect.own_network import own_network_fault
from pipeline.config.archive_factory import opened_archive
from pipeline.config.listed_sources import usable_now, watchlist_now
from pipeline.config.settings import Settings
from pipeline.crawl import GRACE_S, crawl_id_of_now, job_for, run_crawl
from pipeline.crawl.disk_space import Room
from pipeline.crawl.prepared_crawl import PreparedCrawls
from pipeline.login.loan import lend
from pipeline.login.profiles import ProfileStore
from pipeline.quality.source_checks import check_crawl
from pipeline.tracing import Span, span, task_span
from processors.extension.code import ExtensionCode
from processors.text import shortened
from storage.access_labels import DEFAULT_LABEL
from storage.archive import Archive
from storage.crawl_state.cached_feeds import listings_of
from storage.crawl_state.known_payloads import write_known_payloads
from storage.crawl_state.known_urls import known_of
from storage.deposit.deposit import Deposited
from storage.deposit.extension_code import deposit_extension
from storage.ledger.crawl_facts import BACKFILL, begin_collection, end_collection
from storage.ledger.last_crawls import crawls_since
from storage.signing import CrawlKey
from storage.spool.known_payloads import PAYLOADS_NAME

MOST_TASKS: Final = 256
"""Mapped tasks that Airflow's grid and database still take easily (architecture, section 6)."""

MOST_REMARKS: Final = 5
LONGEST_REMARK: Final = 400
"""Remarks in the result of a task, and characters of one: all of them stand in the log and in the report."""

OnProgress = Callable[[str], None]


class UnknownSourceError(Exception):
    """The watch-list has no such source; the message lists the ids it has."""

    def __init__(self, unknown: Sequence[str], known: Sequence[str]) -> None:
        super().__init__(
            f"The watch-list has no source {', '.join(unknown)}. It has: {', '.join(known)}. Nothing was fetched."
        )
        self.unknown = tuple(unknown)
        self.known = tuple(known)


class BrokenEntryError(Exception):
    """The entry of a source in the watch-list has mistakes, which have to be corrected there."""

    def __init__(self, name: str, mistakes: Sequence[WatchlistProblem]) -> None:
        listed = "\n".join(map(str, mistakes))
        super().__init__(f"Its entry in the watch-list has mistakes. Nothing of it was fetched.\n{listed}")
        self.name = name
        self.mistakes = tuple(mistakes)


@dataclass(frozen=True, slots=True)
class HarvestResult:
    """One crawl of one source: its report and what was deposited of it.

    ``recovered`` counts the files of earlier crawls that were deposited before it. ``network`` says what was wrong
    with our own network where no host of the source could be reached.
    """

    report: CrawlReport
    deposited: tuple[Deposited, ...]
    recovered: int
    network: str | None = None

    @property
    def problem(self) -> str | None:
        """Why the source did not come through, in a sentence or more; None if it did."""
        return failure_reason(self.report)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What else is worth knowing, the unread pages of a list first; the whole is in the report."""
        left_out = len(self.report.remarks) - MOST_REMARKS
        more = (f"and {left_out} more remarks, which its log has",) if left_out > 0 else ()
        return (*(shortened(each, LONGEST_REMARK) for each in self.report.remarks[:MOST_REMARKS]), *more)

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the deposited WARC files."""
        return tuple(each.key for each in self.deposited)

    @property
    def captures(self) -> int:
        """How many captures those files hold."""
        return sum(each.captures for each in self.deposited)

    def as_json(self) -> dict[str, Any]:
        """Keys and counts as JSON-ready values."""
        return {
            "source_id": self.report.source,
            "crawl_id": self.report.crawl_id,
            "problem": self.problem,
            **counts_of_report(self.report),
            "keys": list(self.keys),
            "captures": self.captures,
            "recovered": self.recovered,
            "seconds": (self.report.ended_at - self.report.started_at).total_seconds(),
            "network": self.network,
            "remarks": list(self.remarks),
            "kind": "harvested_source",
        }


@dataclass(frozen=True, slots=True)
class HarvestedBatch:
    """The results of some sources; ``refused`` are entries with mistakes, ``broken`` failures of our own."""

    results: tuple[HarvestResult, ...]
    refused: Mapping[str, BrokenEntryError]
    broken: Mapping[str, Exception]

    @property
    def worth_trying_again(self) -> bool:
        """Whether something of ours failed, which may pass within a minute; a source's own failure does not."""
        return bool(self.broken) or any(result.network for result in self.results)

    def describe_failures(self) -> str:
        """A line for each source that failed; empty if none did."""
        return "\n".join(f"{row['source_id']}: {row['problem']}" for row in self.rows() if row["problem"])

    def rows(self) -> list[dict[str, Any]]:
        """One JSON-ready row for each source; one without a crawl has no counts."""
        without = {
            **{name: str(problem) for name, problem in self.refused.items()},
            **{name: f"{type(problem).__name__}: {problem}" for name, problem in self.broken.items()},
        }
        return [result.as_json() for result in self.results] + [
            {"kind": "harvested_source", "source_id": name, "crawl_id": None, "problem": problem, "keys": []}
            for name, problem in without.items()
        ]


def planned_sources(settings: Settings, requested: Sequence[str] = ()) -> tuple[str, ...]:
    """Ids to harvest, in the order of the watch-list; raises `InvalidWatchlist` and `UnknownSourceError`.

    ``requested`` are the ids that a person named; empty means all.
    """
    listed = watchlist_now(settings)
    known = tuple(source.id for source in listed.sources)
    _require_known(requested, known)
    return tuple(source_id for source_id in known if not requested or source_id in requested)


def plan_interleaved(settings: Settings, requested: Sequence[str] = ()) -> tuple[str, ...]:
    """What a night harvests, in order: sources of one host are spread over it; entries with mistakes come last.

    Sources that people added are among them.
    """
    listed = usable_now(settings)
    _require_known(requested, listed.names)
    wanted = [name for name in listed.names if not requested or name in requested]
    sound = interleave_by_host([listed.sources[name] for name in wanted if name in listed.sources])
    return (*sound, *(name for name in wanted if name in listed.broken))


def in_batches(source_ids: Sequence[str]) -> list[list[str]]:
    """One source per batch, or as many as it takes to stay below the number of tasks Airflow takes easily."""
    size = -(-len(source_ids) // MOST_TASKS) or 1
    return [list(source_ids[start : start + size]) for start in range(0, len(source_ids), size)]


def _require_known(names: Sequence[str], known: Sequence[str]) -> None:
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UnknownSourceError(unknown, known)


def harvest_batch(settings: Settings, names: Sequence[str], *, on_progress: OnProgress = print) -> HarvestedBatch:
    """Harvest the sources one after the other; what fails with one of them stops no other, and is returned."""
    results: list[HarvestResult] = []
    refused: dict[str, BrokenEntryError] = {}
    broken: dict[str, Exception] = {}
    listed: UsableWatchlist | None = None
    for name in names:
        try:
            listed = listed or usable_now(settings)
            source = _source(listed, name)
            with task_span("harvest", **_named(source)):
                results.append(_harvest(settings, source, on_progress))
        except BrokenEntryError as problem:
            refused[name] = problem
        except Exception as problem:  # the caller raises it, once all have been tried
            on_progress(f"{name}: {problem}")
            broken[name] = problem
    return HarvestedBatch(tuple(results), refused, broken)


def harvest_source(
    settings: Settings, source_id: str, *, on_progress: OnProgress = lambda _: None
) -> HarvestResult:
    """Harvest one source of the watch-list; raises `UnknownSourceError` and `BrokenEntryError`."""
    listed = usable_now(settings)
    return _harvest(settings, _source(listed, source_id), on_progress)


def _harvest(settings: Settings, source: Source, on_progress: OnProgress) -> HarvestResult:
    with opened_archive(settings) as archive:
        recovery = recover_spools(
            archive,
            settings.spool_dir,
            actor=settings.collector,
            on_progress=on_progress,
            measure_clock=partial(measured_clock, settings.time_servers),
        )
        report, deposited = collect(settings, archive, source, on_progress=on_progress)
        with archive.reader.connect() as connection:
            report = replace(report, failures=(*report.failures, *check_crawl(connection, source, report)))
    for remark in report.remarks:
        on_progress(f"{source.id}: {remark}")
    return HarvestResult(report, deposited, len(recovery.deposited), own_network_fault(report))


def _source(listed: UsableWatchlist, name: str) -> Source:
    if name in listed.broken:
        raise BrokenEntryError(name, listed.broken[name])
    _require_known((name,), listed.names)
    return listed.sources[name]


def collect(
    settings: Settings,
    archive: Archive,
    source: Source,
    *,
    on_progress: OnProgress,
    request: Mapping[str, str | None] | None = None,
    actor: str | None = None,
    watched: Callable[[int], AbstractContextManager[object]] = nullcontext,
    grace_s: float = GRACE_S,
    history: HistoryTurn | None = None,
    prepared: PreparedCrawls | None = None,
) -> tuple[CrawlReport, tuple[Deposited, ...]]:
    """Crawl one source and deposit what was captured; ``request`` are the facts of a person's request.

    ``watched`` and ``grace_s`` are as in `run_crawl`; ``prepared`` are processes that have done their imports.
    ``history``: only this much of a channel's history is fetched, with slots that nothing else waits for.
    """
    by = actor or settings.collector
    room = room_of(settings)
    room.require(settings.spool_dir)
    chromium = chromium_for(settings, source)
    egress_url = settings.egress_url(source.egress)
    crawl_id = crawl_id_of_now()
    profiles, profile = ProfileStore(settings.login_folder, settings.login_keys_file), None
    loan = None
    if source.profile is not None:
        profile = profiles.read(source.profile)
        loan = lend(profiles, profile, crawl_id, egress=None if egress_url is None else source.egress)
    code = code_of_source(settings.extension_folder, source.parser, source.spider)
    if code is not None:
        deposit_extension(archive, code, actor=by)
    secret = CrawlKey.new_secret()
    engine, why = source.engine, None
    with archive.reader.connect() as connection:
        if source.engine == "auto" and chromium is not None:  # else what can be fetched is all there is
            engine, why = engine_tonight(
                crawls_since(connection, datetime.now(UTC) - REMEMBERED, source_id=source.id)
            )
        known = replace(known_of(connection, source), listings=listings_of(archive, source))
    commitments = begin_collection(
        archive,
        crawl_id=crawl_id,
        source_id=source.id,
        actor=by,
        facts=collection_facts(
            settings,
            **(request or {}),
            egress=None if egress_url is None else source.egress,
            virtual_identity=None if profile is None else profile.identity,
        ),
        signing_key=CrawlKey(secret).public,
        access_label=source.access_label,
        clock=measured_clock(settings.time_servers),
        lane=None if history is None else BACKFILL,
    )
    job = job_for(
        source,
        crawl_id=crawl_id,
        known=known,
        engine=engine,
        connect_to=settings.connect_to,
        allow_addresses=settings.allow_addresses,
        upstream_ca=settings.upstream_ca,
        user_agent=settings.user_agent,
        collector=settings.collector,
        commitments=commitments,
        one_warc_per_url=request is not None,
        code=code,
    )
    if history is not None:
        job = history.of(job)
    on_progress(f"{source.id}: crawl {crawl_id} begins.")
    with span("crawl", crawl_id=crawl_id, **_named(source)) as step:
        report = run_crawl(
            job,
            settings.spool_dir,
            chromium=chromium,
            egress_url=egress_url,
            slots_database_url=settings.database().writer_url,
            room=room,
            signing_secret=secret,
            login=loan,
            on_progress=on_progress,
            prepare_folder=partial(_prepare_folder, archive, job, code),
            watched=watched,
            grace_s=grace_s,
            # a browser that was started before knows no other authority than the recorder's
            prepared=(lambda: None)
            if prepared is None or source.engine == "direct"
            else partial(prepared.take, chromium),
        )
        _note_crawl(step, report)
    if why is not None:
        report = replace(report, remarks=(why, *report.remarks))

    clock = measured_clock(settings.time_servers)

    def record_end(deposited: Sequence[Deposited]) -> None:
        details = collection_summary(report, [each.key for each in deposited])
        end_collection(archive, crawl_id=crawl_id, actor=by, details=details, clock=clock)

    folder = settings.spool_dir / crawl_id
    with span("deposit", crawl_id=crawl_id, **_named(source)) as step:
        deposited = deposit_crawl(
            archive, folder, actor=by, closed=report.files, before_release=record_end, clock=clock
        )
        step.note(files=len(deposited), captures=sum(each.captures for each in deposited))
    on_progress(
        f"{source.id}: {len(deposited)} WARC files deposited, {sum(each.captures for each in deposited)} captures."
    )
    return report, deposited


def _named(source: Source) -> dict[str, str | bool]:
    """How a trace may name the source: not at all where not everybody may know of it."""
    return {"source": source.id} if source.access_label is None else {"confidential": True}


def _note_crawl(step: Span, report: CrawlReport) -> None:
    """What a trace has of a crawl: counts, and how it ended, never an address or a sentence about one."""
    step.note(
        pages=report.pages,
        records=report.records,
        exchanges=report.exchanges,
        bytes=report.bytes,
        truncated=report.truncated,
        refused=report.refused,
        failures=len(report.failures),
        broke_off=report.problem is not None,
        **{f"pages_{outcome}": count for outcome, count in report.outcomes.items()},
    )
    if report.sealing_at is not None:
        size = sum(each.bytes for each in report.files)
        step.part("seal", report.sealing_at, report.ended_at, files=len(report.files), bytes=size)


def _prepare_folder(archive: Archive, job: CrawlJob, code: ExtensionCode | None, folder: Path) -> None:
    """Write beside the crawl the operator's code, and which payloads of its source are deposited.

    Those it need not keep again; where each address has a file of its own, it keeps them.
    """
    if code is not None:
        write_code(folder, code)
    if job.one_warc_per_url:
        return
    source = job.source
    with archive.reader.connect() as connection:
        label = source.access_label or DEFAULT_LABEL
        write_known_payloads(connection, source.id, label, folder / PAYLOADS_NAME)


def room_of(settings: Settings) -> Room:
    """What crawls leave free on the disk of the data folder."""
    return Room(settings.keep_free_mb * 10**6, store_beside=(settings.data / "store").exists())


def chromium_for(settings: Settings, source: Source) -> Path | None:
    """The browser's program for a source that needs one, else None; raises `NoBrowserError`."""
    if source.engine == "http":
        return None
    found = find_chromium(settings.chromium)
    if found is None and source.engine == "auto":
        return None  # its pages are taken as they were fetched, and the report says of each why
    if found is None:
        raise NoBrowserError(
            f"{source.id} is loaded by a browser, and no Chromium starts on this machine: `letapis doctor` says "
            "how to get one. Nothing was fetched."
        )
    return found.program


def failure_reason(report: CrawlReport) -> str | None:
    """Why the source did not come through, in a sentence or more; None if it did."""
    if report.problem is not None:
        return f"The crawl broke off: {report.problem}"
    if report.failures:
        return "; ".join(report.failures)
    if not report.outcomes:
        return "Nothing was fetched: the crawl ended without a single visit."
    return None
