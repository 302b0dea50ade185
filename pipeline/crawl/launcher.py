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
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path

from crawlers.model.job import CrawlJob
from crawlers.model.report import CrawledFile, CrawlReport
from crawlers.model.serialization import job_to_json, report_from_json
from pipeline.crawl.disk_space import Room
from pipeline.crawl.files import JOB_NAME, REPORT_NAME, REPORT_ROOM_BYTES, reserve_room, write_json
from pipeline.crawl.secrets import EGRESS_URL_VARIABLE, SLOTS_DATABASE_VARIABLE
from pipeline.crawl.signing_key import secret_in_pipe
from pipeline.supervise.processes import KEEPER
from storage.private_folder import new_closed_folder
from storage.spool.recovery import recover_crawl

GRACE_S = 20.0
"""How long a crawl may take to close its files after it was signalled to stop."""


def run_crawl(
    job: CrawlJob,
    spool_dir: Path,
    *,
    chromium: Path | None = None,
    egress_url: str | None = None,
    slots_database_url: str | None = None,
    room: Room | None = None,
    signing_secret: bytes | None = None,
    on_progress: Callable[[str], None] | None = None,
    prepare_folder: Callable[[Path], object] | None = None,
    watched: Callable[[int], AbstractContextManager[object]] = nullcontext,
    grace_s: float = GRACE_S,
) -> CrawlReport:
    """Run the crawl to its end; its closed WARC files and its report stand in ``<spool_dir>/<crawl_id>/``.

    ``chromium`` is the browser's program; None is Playwright's own. ``egress_url`` is the address of the proxy of
    the job's egress profile. ``slots_database_url`` is the writer's address of the database in which crawls share
    their rate limit; None: this crawl keeps its own. Both are given to the crawl's process alone. ``room`` is what
    the crawl leaves free on its disk; None: nothing. ``signing_secret`` is the key with which it signs its files;
    None: it signs nothing. ``on_progress`` is called with a sentence now and then. ``prepare_folder`` puts what
    else the crawl needs into its folder before it begins. ``watched`` gets the process id of the crawl's keeper
    and is held while the crawl runs. ``grace_s`` is how long the crawl may take to close its files when it has to
    stop.

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
    crawl = [sys.executable, "-m", "pipeline.crawl", str(folder), "" if chromium is None else str(chromium)]
    keeper = [sys.executable, "-I", "-S", str(KEEPER), str(int(signal.SIGTERM)), str(grace_s), "-", "-", *crawl]
    variables_of_crawl = {EGRESS_URL_VARIABLE: egress_url, SLOTS_DATABASE_VARIABLE: slots_database_url}
    variables_of_crawl |= {} if room is None else room.variables()
    env = {**os.environ, **{name: value for name, value in variables_of_crawl.items() if value is not None}}
    with (
        secret_in_pipe(signing_secret) as (descriptors, variables),
        subprocess.Popen(
            keeper,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            env={**env, **variables},
            pass_fds=descriptors,
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            with watched(process.pid):
                for line in process.stdout:
                    if on_progress is not None:
                        on_progress(line.decode("utf-8", "replace").rstrip("\n"))
        finally:
            # The keeper stops the crawl when this input ends, if the crawl has not ended by itself.
            process.stdin.close()
            code = process.wait()
    try:
        return report_from_json(json.loads((folder / REPORT_NAME).read_text("utf-8")))
    except FileNotFoundError:
        return _report_for_crashed_crawl(job, folder, started_at, code)


def _report_for_crashed_crawl(job: CrawlJob, folder: Path, started_at: datetime, code: int) -> CrawlReport:
    """The report for a crawl that ended without writing one."""
    recovered = recover_crawl(folder)
    files = tuple(CrawledFile(file.path, file.sha256, file.records, file.bytes) for file in recovered.files)
    torn = "".join(f". {each}" for each in recovered.torn)
    return CrawlReport(
        crawl_id=job.crawl_id,
        source=job.source.id,
        started_at=started_at,
        ended_at=datetime.now(UTC),
        files=files,
        problem=f"the crawl's process ended with code {code} and gave no report; "
        f"{len(files)} WARC files with what it had captured are in {folder}{torn}",
    )
