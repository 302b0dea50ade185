"""Leads one crawl in its own process: recorder and spool here, the engine in a process beside it.

Goes out: closed WARC files and ``report.json`` in the crawl's folder, a sentence now and then on standard
output. Whatever ends the crawl (its engine, a limit, a full disk, SIGTERM), the files are closed and the report
says why.
"""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Awaitable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from crawlers.browser.browser_wanted import BrowserWanted
from crawlers.engine.engine_input import engine_beforehand, engine_input
from crawlers.engine.messages import CrawlNote, PageVisited, decode_event
from crawlers.model.job import CrawlJob
from crawlers.model.report import CrawledFile, CrawlReport
from crawlers.model.serialization import job_from_json, report_to_json
from crawlers.rate_limit.limiter import HostRateLimiter
from crawlers.rate_limit.socket import RateLimitServer
from crawlers.recorder.capture_socket import CaptureServer
from crawlers.recorder.certificates import CertificateAuthority
from crawlers.recorder.proxy import Recorder
from pipeline.crawl.disk_space import room_from_environment
from pipeline.crawl.files import JOB_NAME, REPORT_NAME, write_json
from pipeline.crawl.guarded_login import GuardedLogin
from pipeline.crawl.prepared_crawl import job_from_pipe
from pipeline.crawl.report_builder import ReportBuilder
from pipeline.crawl.secrets import (
    EgressNotConfigured,
    egress_from_environment,
    engine_environment,
    rate_limiter_from_environment,
)
from pipeline.crawl.video_search import VideoSearches
from pipeline.crawl.warcinfo import warcinfo_facts
from pipeline.login.loan import take_loan
from storage.errors import StorageError
from storage.signing import CrawlKey
from storage.spool.known_payloads import PAYLOADS_NAME, KnownPayloads
from storage.spool.spool import Spool

ENGINE_GRACE_S = 8.0
"""How long an engine may take to end after it was signalled."""

LONGEST_LINE_BYTES = 1 << 22
"""Of one event of an engine; reasons that quote a page are cut long before."""

ROOM_EVERY_S = 0.5
"""How often the room on the disk is looked at: a hundred megabytes are written in that time at the very most."""

OVERTIME_S = 30.0
"""After the limit of seconds the recorder answers nothing more; an engine that still goes on then is ended."""


class EngineProcess(Protocol):
    """The engine's process: what `asyncio.subprocess.Process` has of it."""

    @property
    def stdin(self) -> "EngineInput | None":
        """What it reads."""

    @property
    def stdout(self) -> asyncio.StreamReader | None:
        """Its events."""

    @property
    def stderr(self) -> asyncio.StreamReader | None:
        """Its log, where this process passes that on."""

    @property
    def returncode(self) -> int | None:
        """None while it runs."""

    async def wait(self) -> int:
        """Return its exit code when it has ended."""

    def terminate(self) -> None:
        """Signal it to end."""

    def kill(self) -> None:
        """End it at once."""


class EngineInput(Protocol):
    """A pipe to the engine."""

    def write(self, data: bytes) -> None:
        """Send, when there is room."""

    def close(self) -> None:
        """End it after what was sent."""


@dataclass(frozen=True, slots=True)
class Beforehand:
    """What a crawl has before its job is known: its authority, and its engine's process, with its imports."""

    authority: CertificateAuthority
    engine: "EngineProcess"


async def run_prepared_process(
    started: Awaitable["EngineProcess"], job: int, chromium: Path | None, user_agent: str
) -> CrawlReport | None:
    """Prepare a crawl, wait for its job on the pipe ``job``, and run it; None where no job comes.

    ``chromium`` is started at once.
    """
    authority, engine = CertificateAuthority(), await started
    beforehand = Beforehand(authority, engine)
    wanted = None
    if chromium is not None:
        wanted = BrowserWanted(authority.spki_sha256, str(chromium), user_agent)
    assert engine.stdin is not None
    engine.stdin.write(engine_beforehand(wanted))
    handed = await asyncio.to_thread(job_from_pipe, job)
    if handed is None:
        engine.stdin.close()
        await engine.wait()
        return None
    os.environ.update(handed.variables)
    return await run_crawl_process(handed.folder, chromium, handed.signing_secret, beforehand)


async def run_crawl_process(
    folder: Path, chromium: Path | None, secret: bytes | None, beforehand: Beforehand | None = None
) -> CrawlReport:
    """Run the crawl whose job lies in ``folder``; returns the report it has written there.

    ``secret`` is the key by which it signs its files; None: it signs nothing.
    """
    job = job_from_json(json.loads((folder / JOB_NAME).read_text("utf-8")))
    stop_requested = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop_requested.set)
    loan = take_loan()
    guarded = None if loan is None else GuardedLogin(loan, job.crawl_id)
    spool = _spool(job, folder, None if secret is None else CrawlKey(secret))
    rate_limiter = rate_limiter_from_environment(job)
    builder = ReportBuilder(job, spool, datetime.now(UTC), rate_limiter.statistics)
    try:
        problem = await _record(job, builder, rate_limiter, folder, chromium, stop_requested, beforehand, guarded)
    finally:
        sealing_at = datetime.now(UTC)
        closed = spool.close()
        await rate_limiter.close()
    if guarded is not None:
        closed = guarded.cleared(closed, builder)
    files = tuple(CrawledFile(file.path, file.sha256, file.records, file.bytes) for file in closed)
    report = builder.report(files, datetime.now(UTC), problem, sealing_at)
    if guarded is not None:
        report = guarded.covered_report(report)
    write_json(folder / REPORT_NAME, report_to_json(report))
    return report


def _spool(job: CrawlJob, folder: Path, key: CrawlKey | None) -> Spool:
    """The writer; payloads become revisits only where the crawl has the list of those that are deposited."""
    facts, payloads = warcinfo_facts(job), folder / PAYLOADS_NAME
    if job.one_warc_per_url or not payloads.exists():
        return Spool(folder.parent, job.crawl_id, facts, file_per_page=job.one_warc_per_url, key=key)
    sealed = KnownPayloads(payloads)
    return Spool(folder.parent, job.crawl_id, facts, revisits=True, known_payloads=sealed, key=key)


async def _record(
    job: CrawlJob,
    builder: ReportBuilder,
    rate_limiter: HostRateLimiter,
    folder: Path,
    chromium: Path | None,
    stop_requested: asyncio.Event,
    beforehand: Beforehand | None,
    guarded: GuardedLogin | None,
) -> str | None:
    """Let the engine work behind the recorder; returns why the crawl could not go on, None at its own end."""
    if job.source.profile is not None and guarded is None:
        return f"the login profile {job.source.profile} was not lent to this crawl; nothing was fetched"
    try:
        egress = egress_from_environment(job)
    except EgressNotConfigured as missing:
        return str(missing)
    unusable = await egress.check()
    if unusable is not None:
        return f"egress profile {job.egress!r}: {unusable}; nothing was fetched (`letapis doctor --egress`)"
    recorder = Recorder(
        builder if guarded is None else guarded.before(builder),
        crawl_id=job.crawl_id,
        folder=folder,
        egress=egress,
        limits=job.limits,
        upstream_ca=job.upstream_ca,
        allow_invalid_certificate=job.source.allow_invalid_certificate,
        authority=None if beforehand is None else beforehand.authority,
        direct=job.engine == "direct",
    )
    address = await recorder.start()
    began = time.monotonic()
    problem: str | None = None
    capture_server = CaptureServer(folder, recorder.keep)
    slot_server = RateLimitServer(folder, rate_limiter)
    try:
        await capture_server.start()
        await slot_server.start()
        try:
            engine: EngineProcess
            if beforehand is None:
                engine = await _started_engine(log_is_read=guarded is not None)
            else:
                engine = beforehand.engine
            assert engine.stdin is not None
            engine.stdin.write(
                engine_input(job, address, folder, chromium, None if guarded is None else guarded.login)
            )
            engine.stdin.close()
            problem = await _watch(engine, job, builder, recorder, stop_requested, folder.parent, guarded)
            if problem is None and job.source.video is not None:
                ends_at = None if job.limits.seconds is None else began + job.limits.seconds
                searches = VideoSearches(
                    job,
                    folder,
                    address,
                    keep=recorder.keep,
                    failure_of=builder.failure_of,
                    found=builder.on_video_search,
                    ends_at=ends_at,
                )
                searching = searches.run(job.source.video)
                problem = await _watch_searches(searching, builder, recorder, stop_requested, folder.parent)
        finally:
            await slot_server.close()
            await capture_server.close()
        await recorder.close()
    except (StorageError, OSError) as error:
        problem = str(error)
    return problem


async def _started_engine(*, log_is_read: bool = False) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "crawlers.engine",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE if log_is_read else None,
        limit=LONGEST_LINE_BYTES,
        env=engine_environment(),
    )


async def _watch(
    engine: EngineProcess,
    job: CrawlJob,
    builder: ReportBuilder,
    recorder: Recorder,
    stop_requested: asyncio.Event,
    spool_dir: Path,
    guarded: GuardedLogin | None,
) -> str | None:
    """Wait for the first thing that ends the crawl; returns what was wrong, None for the engine's own end."""
    reading = asyncio.create_task(_read_events(engine, job, builder, guarded))
    passing_on = asyncio.create_task(_pass_on_log(engine, guarded))
    ended = asyncio.create_task(engine.wait())
    stopping = asyncio.create_task(stop_requested.wait())
    too_full = asyncio.create_task(_no_room(spool_dir))
    seconds = None if job.limits.seconds is None else job.limits.seconds + OVERTIME_S
    endings: set[asyncio.Future[Any]] = {ended, stopping, too_full, recorder.failed}
    await asyncio.wait(endings, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    problem: str | None = None
    if recorder.failed.done():
        problem = str(recorder.failed.exception())
    elif too_full.done():
        problem = too_full.result()
    elif stopping.done():
        problem = "the crawl was told to stop before its end"
    elif not ended.done():
        builder.on_engine_event(
            CrawlNote(f"{OVERTIME_S:g} s after the limit of seconds the engine had to be ended")
        )
    overtime = not ended.done()
    await _end(engine)
    await ended
    stopping.cancel()
    too_full.cancel()
    await reading
    await asyncio.wait({passing_on}, timeout=ENGINE_GRACE_S)  # what it started may hold its log open
    passing_on.cancel()
    if problem is None and not builder.finished and not overtime:
        problem = f"the engine ended early, with code {engine.returncode}"
    return problem or builder.problem


async def _watch_searches(
    searches: Coroutine[Any, Any, None],
    builder: ReportBuilder,
    recorder: Recorder,
    stop_requested: asyncio.Event,
    spool_dir: Path,
) -> str | None:
    """Wait for the searches for video, or for what ends them; returns why the crawl could not go on.

    All pages are captured by now: a disk that fills up ends the searches, and is no problem of the crawl.
    """
    searching = asyncio.create_task(searches)
    stopping = asyncio.create_task(stop_requested.wait())
    too_full = asyncio.create_task(_no_room(spool_dir))
    endings: set[asyncio.Future[Any]] = {searching, stopping, too_full, recorder.failed}
    await asyncio.wait(endings, return_when=asyncio.FIRST_COMPLETED)
    for task in (searching, stopping, too_full):
        task.cancel()
    ended = await asyncio.gather(searching, return_exceptions=True)
    await asyncio.gather(stopping, too_full, return_exceptions=True)
    if recorder.failed.done():
        return str(recorder.failed.exception())
    if isinstance(ended[0], Exception):
        builder.on_engine_event(CrawlNote(f"video and audio were not looked for to the end: {ended[0]!r}"))
    elif stop_requested.is_set():
        return "the crawl was told to stop before its end"
    elif ended[0] is not None:
        builder.on_engine_event(CrawlNote("the search for video and audio was ended, since the disk was full"))
    return None


async def _no_room(spool_dir: Path) -> str:
    """Return, once there is less room on the disk than is to stay free, the sentence that says so."""
    room = room_from_environment()
    while room is None or (found := room.shortfall(spool_dir)) is None:
        await asyncio.sleep(ROOM_EVERY_S)
    return found


async def _end(engine: EngineProcess) -> None:
    """Signal the engine to end; kill it if it does not."""
    if engine.returncode is not None:
        return
    engine.terminate()
    try:
        async with asyncio.timeout(ENGINE_GRACE_S):
            await engine.wait()
    except TimeoutError:
        engine.kill()


async def _read_events(
    engine: EngineProcess, job: CrawlJob, builder: ReportBuilder, guarded: GuardedLogin | None
) -> None:
    """Read the engine's events and pass progress on, until its output ends."""
    assert engine.stdout is not None
    async for line in engine.stdout:
        event = decode_event(line.decode("utf-8", "replace"))
        if event is None:
            continue
        if guarded is not None:
            event = guarded.covered_event(event)
        builder.on_engine_event(event)
        if isinstance(event, PageVisited):
            why = "" if event.reason is None else f" ({event.reason})"
            sys.stdout.write(
                f"{job.source.id}: {builder.pages} pages, {builder.records} records, "
                f"{builder.exchanges} exchanges, "
                f"{builder.bytes / 1e6:.1f} MB; {event.url}: {event.outcome.value}{why}\n"
            )
            sys.stdout.flush()


async def _pass_on_log(engine: EngineProcess, guarded: GuardedLogin | None) -> None:
    """Pass on what the engine of a crawl with a login logs, covered as its events are, until that ends."""
    if engine.stderr is None or guarded is None:
        return
    while True:
        try:
            line = await engine.stderr.readline()
        except ValueError:  # too long to be looked into, and left out
            continue
        if not line:
            return
        sys.stderr.write(guarded.covered_text(line.decode("utf-8", "replace")))
        sys.stderr.flush()
