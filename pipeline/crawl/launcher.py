"""Starts one crawl in a process group of its own and waits for its report.

The group stands under the keeper that also keeps services: it ends everything the crawl started, browsers
included, when this process ends in whatever way, ``kill -9`` included. The crawl is first told to stop, closes
its files and reports; only what does not listen is killed.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from crawlers.model.job import CrawlJob
from crawlers.model.report import CrawledFile, CrawlReport
from crawlers.model.serialization import job_to_json, report_from_json
from pipeline.crawl.disk_space import Room
from pipeline.crawl.files import JOB_NAME, REPORT_NAME, REPORT_ROOM_BYTES, reserve_room, write_json
from pipeline.crawl.fork_server import ForkServerGone
from pipeline.crawl.prepared_crawl import HandedJob, PreparedCrawl
from pipeline.crawl.secrets import EGRESS_URL_VARIABLE, SLOTS_DATABASE_VARIABLE
from pipeline.crawl.signing_key import secret_in_pipe
from pipeline.login.loan import LoginLoan, loan_in_memory
from pipeline.supervise.processes import KEEPER
from storage.private_folder import new_closed_folder
from storage.spool.recovery import recover_crawl

GRACE_S = 20.0
"""How long a crawl may take to close its files after it was signalled to stop."""

OnProgress = Callable[[str], None]
Watched = Callable[[int], AbstractContextManager[object]]


def run_crawl(
    job: CrawlJob,
    spool_dir: Path,
    *,
    chromium: Path | None = None,
    egress_url: str | None = None,
    slots_database_url: str | None = None,
    room: Room | None = None,
    signing_secret: bytes | None = None,
    login: LoginLoan | None = None,
    on_progress: OnProgress | None = None,
    prepare_folder: Callable[[Path], object] | None = None,
    watched: Watched = nullcontext,
    grace_s: float = GRACE_S,
    prepared: Callable[[], PreparedCrawl | None] = lambda: None,
) -> CrawlReport:
    """Run the crawl to its end; its closed WARC files and its report stand in ``<spool_dir>/<crawl_id>/``.

    ``chromium`` is the browser's program; None is Playwright's own. ``egress_url`` is the address of the proxy of
    the job's egress profile. ``slots_database_url`` is the writer's address of the database in which crawls share
    their rate limit; None: this crawl keeps its own. Both are given to the crawl's process alone. ``room`` is what
    the crawl leaves free on its disk; None: nothing. ``signing_secret`` is the key with which it signs its files;
    None: it signs nothing. ``login`` is what a source with a profile is lent; without it, such a crawl fetches
    nothing. ``on_progress`` is called with a sentence now and then. ``prepare_folder`` puts what
    else the crawl needs into its folder before it begins. ``watched`` gets the process id of the crawl's keeper
    and is held while the crawl runs. ``grace_s`` is how long the crawl may take to close its files when it has to
    stop. ``prepared`` gives a process with its imports done and a ``grace_s`` of its own, where there is one.

    A crawl that broke off is reported with its ``problem`` and the files it had closed; no error of a site raises.
    Raises ``FileExistsError`` where the crawl id was used before, ``ValueError`` where a profile has no address.
    """
    if (job.egress is None) != (egress_url is None):
        raise ValueError(f"egress profile {job.egress!r}: expected an address for a profile, and for it alone")
    folder = new_closed_folder(spool_dir.resolve() / job.crawl_id)
    write_json(folder / JOB_NAME, job_to_json(job))
    reserve_room(folder / REPORT_NAME, REPORT_ROOM_BYTES)
    if prepare_folder is not None:
        prepare_folder(folder)
    started_at = datetime.now(UTC)
    variables_of_crawl = {EGRESS_URL_VARIABLE: egress_url, SLOTS_DATABASE_VARIABLE: slots_database_url}
    variables_of_crawl |= {} if room is None else room.variables()
    variables = {name: value for name, value in variables_of_crawl.items() if value is not None}
    ready = prepared() if login is None else None  # a process that was there before gets no login
    if ready is not None:
        code = _follow_prepared(ready, HandedJob(folder, variables, signing_secret), watched, on_progress)
    else:
        code = _follow_new(folder, chromium, variables, signing_secret, login, grace_s, watched, on_progress)
    try:
        return report_from_json(json.loads((folder / REPORT_NAME).read_text("utf-8")))
    except FileNotFoundError:
        return _report_for_crashed_crawl(job, folder, started_at, code)


def _follow_prepared(
    prepared: PreparedCrawl, job: HandedJob, watched: Watched, on_progress: OnProgress | None
) -> int | None:
    """Hand over the job and wait for its end; returns the exit code, None where nobody knows it."""
    try:
        with suppress(ForkServerGone), watched(prepared.process.pid):
            with suppress(BrokenPipeError):  # it has died just now, and its exit code says so
                prepared.hand_over(job)
            _pass_on(prepared.progress, on_progress)
    finally:
        prepared.begin_end()  # its keeper stops the crawl, if it has not ended by itself
        prepared.process.wait()
        prepared.pass_on_log()
        code = prepared.end()
    return code


def _follow_new(
    folder: Path,
    chromium: Path | None,
    variables_of_crawl: Mapping[str, str],
    signing_secret: bytes | None,
    login: LoginLoan | None,
    grace_s: float,
    watched: Watched,
    on_progress: OnProgress | None,
) -> int:
    """Start a process for the crawl and wait for its end; returns the exit code."""
    crawl = [sys.executable, "-m", "pipeline.crawl", str(folder), "" if chromium is None else str(chromium)]
    keeper = [sys.executable, "-I", "-S", str(KEEPER), str(int(signal.SIGTERM)), str(grace_s), "-", "-", *crawl]
    with (
        secret_in_pipe(signing_secret) as (descriptors, variables),
        loan_in_memory(login) as (lent, variables_of_loan),
        subprocess.Popen(
            keeper,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            env={**os.environ, **variables_of_crawl, **variables, **variables_of_loan},
            pass_fds=(*descriptors, *lent),
        ) as process,
    ):
        assert process.stdin is not None
        try:
            with watched(process.pid):
                assert process.stdout is not None
                _pass_on(process.stdout, on_progress)
        finally:
            # The keeper stops the crawl when this input ends, if the crawl has not ended by itself.
            process.stdin.close()
            code = process.wait()
    return code


def _pass_on(progress: IO[bytes], on_progress: OnProgress | None) -> None:
    """Each line of the crawl, until there are no more."""
    for line in progress:
        if on_progress is not None:
            on_progress(line.decode("utf-8", "replace").rstrip("\n"))


def _report_for_crashed_crawl(job: CrawlJob, folder: Path, started_at: datetime, code: int | None) -> CrawlReport:
    """The report for a crawl that ended without writing one."""
    recovered = recover_crawl(folder)
    files = tuple(CrawledFile(file.path, file.sha256, file.records, file.bytes) for file in recovered.files)
    torn = "".join(f". {each}" for each in recovered.torn)
    with_code = "a code that is not known" if code is None else f"code {code}"
    return CrawlReport(
        crawl_id=job.crawl_id,
        source=job.source.id,
        started_at=started_at,
        ended_at=datetime.now(UTC),
        files=files,
        problem=f"the crawl's process ended with {with_code} and gave no report; "
        f"{len(files)} WARC files with what it had captured are in {folder}{torn}",
    )
