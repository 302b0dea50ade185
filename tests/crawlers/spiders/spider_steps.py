"""Drives a spider page by page, without Scrapy's loop: pages go in, what it yields comes out, accounted for."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any

import scrapy
from scrapy.utils.test import get_crawler

from crawlers.browser.pages import BrowserPages
from crawlers.engine.accounting import CrawlAccounting, PageNotParsed
from crawlers.engine.context import CrawlContext, give_context
from crawlers.engine.messages import CrawlNote, EngineEvent, PageVisited
from crawlers.engine.responses import response_of
from crawlers.engine.settings import scrapy_settings
from crawlers.http_client import FetchedResponse, Fetcher
from crawlers.model.job import CrawlJob, CrawlLimits
from crawlers.rate_limit.limiter import HostRateLimiter
from crawlers.recorder.proxy import RecorderAddress
from crawlers.spiders.base import SourceSpider
from crawlers.spiders.registry import spider_class
from processors.pages.outcome import Outcome
from processors.pages.page import Page
from processors.parsing.parsers import OwnParsers

PAGE, SUBRESOURCE = "parse", "capture_only"
FEED, SITEMAP, START = "parse_feed", "parse_sitemap", "parse_start_page"
"""Callbacks: what a request is made for."""


def purpose(request: scrapy.Request) -> str:
    """The name of the method that reads the response."""
    return "parse" if request.callback is None else str(request.callback.__name__)


def context_for(
    address: RecorderAddress | None, events: list[EngineEvent], *, browser: BrowserPages | None = None
) -> CrawlContext:
    """A context whose events are collected; without an address it leads nowhere."""
    nowhere = address or RecorderAddress("127.0.0.1", 9, "", "", "", "")
    return CrawlContext(
        fetcher=Fetcher.__new__(Fetcher) if address is None else Fetcher(nowhere, silence_s=20),
        rate_limiter=HostRateLimiter(0),
        browser=browser or BrowserPages(nowhere, None, "any", note=print, rendering=print),
        report=events.append,
        robots=None,
    )


@dataclass(frozen=True)
class PageResult:
    """What a page came to, and what is asked for next."""

    outcome: Outcome
    reason: str | None
    records: int
    known: int
    requests: tuple[scrapy.Request, ...]
    remarks: tuple[str, ...]

    def urls(self, wanted: str) -> list[str]:
        return [request.url for request in self.requests if purpose(request) == wanted]


class SpiderSteps:
    """One spider of one job."""

    def __init__(self, job: CrawlJob) -> None:
        self.events: list[EngineEvent] = []
        self.crawler = get_crawler(settings_dict=scrapy_settings(user_agent="any", limits=CrawlLimits()))
        give_context(self.crawler, context_for(None, self.events))
        self.spider: SourceSpider = spider_class(job.source)(job=job, parsers=OwnParsers())
        self.crawler.spider = self.spider
        self.accounting = CrawlAccounting(self.crawler)

    @property
    def notes(self) -> list[str]:
        """The sentences about the last page, as they stand in a report."""
        return [event.text for event in self.events if isinstance(event, CrawlNote)]

    def start(self) -> list[scrapy.Request]:
        """The requests for the seeds."""
        return asyncio.run(_listed(self.accounting.process_start(self.spider.start())))

    def read(self, request: scrapy.Request, page: Page) -> PageResult:
        """What the spider makes of a page that a request has brought."""
        fields = () if page.content_type is None else (("Content-Type", page.content_type),)
        fetched = FetchedResponse(page.status or 200, "OK", fields, page.body, len(page.body))
        response = response_of(request, fetched).replace(url=page.url)
        return self.handle(response)

    def handle(self, response: Any) -> PageResult:
        """As ``read``, for a response at hand."""
        self.events.clear()
        request = response.request

        async def handled() -> list[Any]:
            try:
                self.accounting.process_spider_input(response)
                outputs = (request.callback or self.spider.parse)(response, **request.cb_kwargs)
                return await _listed(self.accounting.process_spider_output(response, _each(outputs)))
            except PageNotParsed:
                return []
            except Exception as error:
                self.accounting.process_spider_exception(response, error)
                return []

        outputs = asyncio.run(handled())
        (visit,) = [event for event in self.events if isinstance(event, PageVisited)]
        notes = [text.removeprefix(f"{visit.url}: ") for text in self.notes]
        requests = tuple(each for each in outputs if isinstance(each, scrapy.Request))
        return PageResult(visit.outcome, visit.reason, visit.records, visit.known, requests, tuple(notes))


async def _listed(outputs: AsyncIterator[Any]) -> list[Any]:
    return [each async for each in outputs]


async def _each(outputs: Iterable[Any]) -> AsyncIterator[Any]:
    for each in outputs:
        yield each
