"""Crawls pages with Chromium through a recorder that runs, and accounts for what came of it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from crawlers.browser.direct_mode import DirectMode, keys_of
from crawlers.browser.page_handling import PageHandling, handling_of
from crawlers.browser.pages import BrowserPages
from crawlers.engine.context import CrawlContext
from crawlers.engine.messages import CrawlNote, EngineEvent, PageVisited
from crawlers.http_client import Fetcher
from crawlers.model.browser_exchange import BrowserExchange
from crawlers.model.capture import Note, Rendering
from crawlers.model.job import CrawlLimits
from crawlers.rate_limit.limiter import HostRateLimiter
from crawlers.watchlist.engines import Engine
from crawlers.watchlist.source import source_for_urls
from pipeline.config.settings import Settings
from pipeline.crawl import job_for
from tests.crawlers.engine.crawl_here import crawl_here
from tests.crawlers.recorder.running_recorder import KeptInMemory, RunningRecorder

HOST = "bypass.pryklad.example"
USER_AGENT = Settings().user_agent


@dataclass
class Account:
    """What a crawl reported, noted and rendered."""

    events: list[EngineEvent] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    renderings: list[Rendering] = field(default_factory=list)

    @property
    def visits(self) -> list[PageVisited]:
        return [event for event in self.events if isinstance(event, PageVisited)]

    @property
    def remarks(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, CrawlNote)]


def crawl(
    recorder: RunningRecorder,
    program: Path,
    *urls: str,
    limits: CrawlLimits | None = None,
    pace: HostRateLimiter | None = None,
    handling: PageHandling | None = None,
    engine: Engine = "browser",
    authority: Path | None = None,
    on_rendering: Callable[[], None] = lambda: None,
) -> Account:
    made = Account()

    def keep(rendering: Rendering) -> None:
        made.renderings.append(rendering)
        on_rendering()
        recorder.run(recorder.recorder.keep(rendering))

    def hand_over(exchange: BrowserExchange) -> None:
        recorder.run(recorder.recorder.keep(exchange))

    def note(note: Note) -> None:
        made.notes.append(note)
        if engine == "direct":
            recorder.run(recorder.recorder.keep(note))

    bounds = limits or CrawlLimits()
    job = job_for(source_for_urls(urls, engine=engine), user_agent=USER_AGENT, collector="any")

    async def run() -> None:
        pages = BrowserPages(
            recorder.address,
            program,
            USER_AGENT,
            note=note,
            rendering=keep,
            handling=handling or handling_of(job.source),
            seconds=bounds.seconds,
            direct=DirectMode(hand_over, keys_of(authority)) if engine == "direct" else None,
        )
        limiter = pace or HostRateLimiter(0)
        context = CrawlContext(Fetcher(recorder.address), limiter, pages, made.events.append, robots=None)
        await crawl_here(replace(job, limits=bounds), context)

    asyncio.run(run())
    recorder.close()
    return made


def kept_urls(recorder: RunningRecorder) -> list[str]:
    sink = recorder.sink
    assert isinstance(sink, KeptInMemory)
    return [exchange.url for exchange in sink.exchanges]
