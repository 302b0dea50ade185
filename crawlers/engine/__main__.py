"""The engine's own process: ``python -m crawlers.engine`` runs one crawl's spider with Scrapy.

In: one JSON object on standard input (the job, the recorder's address, the folder with the sockets for captures
and slots, the browser's program); before it another one where the process is started before its job is known. Out:
the events of ``messages`` on standard output, one line each; a log on standard error. The process ends with its
parent, whichever way that ends. Exit code 0 when the spider came to its end.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvloop

import crawlers
from crawlers.browser.browser_wanted import BrowserWanted
from crawlers.browser.direct_mode import DirectMode, keys_of
from crawlers.browser.page_handling import handling_of
from crawlers.browser.pages import BrowserPages
from crawlers.engine.context import CrawlContext
from crawlers.engine.engine_input import login_of
from crawlers.engine.imports import import_what_crawls_use
from crawlers.engine.messages import EngineEvent, EngineFinished, encode_event
from crawlers.engine.robots import RobotsRules
from crawlers.engine.run import run_spider
from crawlers.extensions.crawl_code import code_of_crawl, extension_named, parsers_for
from crawlers.http_client import Fetcher
from crawlers.log_lines import begin_json_lines
from crawlers.model.serialization import job_from_json
from crawlers.parent_process import end_with_parent
from crawlers.rate_limit.socket import RateLimitClient
from crawlers.recorder.capture_socket import CaptureClient
from crawlers.recorder.proxy import RecorderAddress
from crawlers.spiders.registry import spider_class
from crawlers.video.players import PlayerPages
from processors.extension.code import ExtensionFault
from processors.parsing.forked_parsers import forked_parsers
from processors.parsing.sandboxed_parsers import ConfinedParsers
from processors.sandbox.kernel_rules import KernelRulesUnavailable, confine_crawl, program_folders
from processors.sandbox.process import DecoderUnavailable

if TYPE_CHECKING:
    from crawlers.browser.started_browser import StartedBrowser


@dataclass(frozen=True, slots=True)
class Started:
    """What was started before the job was known."""

    browser: StartedBrowser | None = None
    parsers: ConfinedParsers | None = None


def run(row: Mapping[str, Any], started: Started) -> None:
    """Run the crawl that ``engine_input`` describes."""
    job = job_from_json(row["job"])
    recorder = RecorderAddress(**row["recorder"])
    captures = CaptureClient(Path(row["folder"]))
    fetcher, rate_limiter = Fetcher(recorder), RateLimitClient(Path(row["folder"]))
    direct = None
    if job.engine == "direct":
        direct = DirectMode(captures.exchange, keys_of(job.upstream_ca))
    browser = BrowserPages(
        recorder,
        None if row["chromium"] is None else Path(row["chromium"]),
        job.user_agent,
        note=captures.note,
        rendering=captures.rendering,
        handling=handling_of(job.source),
        seconds=job.limits.seconds,
        started=started.browser,
        login=login_of(row),
        direct=direct,
    )
    robots = RobotsRules(fetcher, rate_limiter, captures.note, job.user_agent)
    context = CrawlContext(
        fetcher=fetcher,
        rate_limiter=rate_limiter,
        browser=browser,
        report=report,
        robots=robots if job.source.robots == "obey" else None,
        player_pages=None if job.source.video is None else PlayerPages(Path(row["folder"])),
    )
    source = job.source
    extension = extension_named(source.parser, source.spider)
    code = None if extension is None else code_of_crawl(Path(row["folder"]), extension)
    try:
        if source.spider is not None:
            confine_crawl(engine_folders(), listed=(str(ROOT), row["folder"]), port=recorder.port)
        spider = spider_class(source, code)
    except (ExtensionFault, KernelRulesUnavailable) as fault:
        report(EngineFinished(f"{source.spider}: the operator's spider was not run: {fault}"))
        return
    with parsers_for(source.parser, code, started=started.parsers) as parsers:
        problem = run_spider(spider, job, parsers, context)
    report(EngineFinished(problem))


ROOT = Path(crawlers.__file__).parents[1]


def engine_folders() -> tuple[str, ...]:
    """What an engine that runs an operator's spider needs to read: Python, its libraries, and these packages."""
    return (*program_folders(), str(ROOT / "crawlers"))


def report(event: EngineEvent) -> None:
    """Write the event at once: who reads it may have to do without the rest."""
    sys.stdout.write(encode_event(event))
    sys.stdout.flush()


def wait_for_job(
    beforehand: Mapping[str, Any], parsers: ConfinedParsers
) -> tuple[Mapping[str, Any] | None, Started]:
    """What ``engine_input`` describes, and what was started meanwhile; None where no job comes."""
    end_with_parent(beforehand["parent"])
    import_what_crawls_use(browser=beforehand["browser"] is not None)
    with suppress(DecoderUnavailable):  # the crawl will say so
        parsers.start()
    if beforehand["browser"] is None:
        row, browser = _next_line(), None
    else:
        from crawlers.browser.started_browser import start_browser

        loop = uvloop.new_event_loop()
        asyncio.set_event_loop(loop)  # Scrapy goes on with it
        browser = loop.run_until_complete(start_browser(BrowserWanted(**beforehand["browser"])))
        row = loop.run_until_complete(asyncio.to_thread(_next_line))
        if row is None and browser is not None:
            loop.run_until_complete(browser.close())
    if row is None:
        parsers.close()
    return row, Started(browser, parsers)


def _next_line() -> Any:
    """The next object on standard input; None at its end."""
    return json.loads(sys.stdin.buffer.readline() or "null")


def main(*, forked: bool = False) -> None:
    """Entry point of the process; ``forked`` from one that has imported the parsers, too, and has seen nothing."""
    begin_json_lines()
    row, started = _next_line(), Started()
    if row is not None and "beforehand" in row:
        parsers = forked_parsers() if forked else ConfinedParsers()
        row, started = wait_for_job(row["beforehand"], parsers)
    if row is None:
        return
    end_with_parent(row["parent"])
    run(row, started)


if __name__ == "__main__":
    main()
