"""The engine's own process: ``python -m crawlers.engines`` runs one crawl's spider with Scrapy or Chromium.

In: one JSON object on standard input (the job, the way to the recorder, the socket for hand-overs, the
browser's program). Out: what ``visits`` tells, one line each, on standard output; a log on standard error. Ends
with its parent, whichever way that ends. Exit code 0 when the spider came to its end, 1 when the engine could
not work.
"""

import asyncio
import ctypes
import json
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import uvloop

from crawlers.engines.context import CrawlContext
from crawlers.engines.messages import EngineEvent, EngineFinished, encode_event
from crawlers.http_client import Fetcher
from crawlers.model.job import CrawlJob
from crawlers.model.serialization import job_from_json
from crawlers.rate_limit.socket import RateLimitClient
from crawlers.recorder.capture_socket import CaptureClient
from crawlers.recorder.proxy import RecorderAddress
from crawlers.spiders.base import Spider
from crawlers.spiders.registry import spider_for
from processors.parsing.sandboxed_parsers import ConfinedParsers

PR_SET_PDEATHSIG = 1
"""Number of linux/prctl.h."""


def run(row: Mapping[str, Any]) -> None:
    """Run the crawl that ``orders.orders`` describes."""
    job = job_from_json(row["job"])
    door = RecorderAddress(**row["door"])
    chromium = None if row["chromium"] is None else Path(row["chromium"])
    handover = CaptureClient(Path(row["handover"]))
    means = CrawlContext(
        fetcher=Fetcher(door),
        pace=RateLimitClient(Path(row["handover"])),
        tell=tell,
        note=handover.note,
        rendering=handover.rendering,
        user_agent=job.user_agent,
        obey_robots=job.source.robots == "obey",
    )
    with ConfinedParsers() as parsers:
        _run(job, spider_for(job, parsers), means, door, chromium)


def _run(job: CrawlJob, spider: Spider, means: CrawlContext, door: RecorderAddress, chromium: Path | None) -> None:
    # Each engine is heavy in its own way; a crawl needs one of them.
    if job.engine == "browser":
        from crawlers.engines.browser_engine import BrowserMissing, run_browser

        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(run_browser(spider, means, job.limits, door, chromium))
        except BrowserMissing as missing:
            tell(EngineFinished(str(missing)))
            return
    else:
        from crawlers.engines.scrapy_engine import run_http

        run_http(spider, means, job.limits)
    tell(EngineFinished())


def tell(event: EngineEvent) -> None:
    """Say it at once: whoever listens may have to do without the rest."""
    sys.stdout.write(encode_event(event))
    sys.stdout.flush()


def end_with_parent(parent: int) -> None:
    """Have the kernel end this process when its parent ends, even by ``kill -9``."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("the crawl that started this engine is gone")


def main() -> None:
    """Entry point of the process."""
    row = json.loads(sys.stdin.buffer.read())
    end_with_parent(row["parent"])
    run(row)


if __name__ == "__main__":
    main()
