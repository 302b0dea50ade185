"""Runs a spider with Scrapy, which queues, redirects and tries again.

Requests leave by ``downloads`` alone. What comes of a page is the spider's to say, and is told at once.
"""

from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import UTC, datetime

import scrapy
from scrapy import signals
from scrapy.crawler import AsyncCrawlerProcess
from scrapy.exceptions import CloseSpider
from scrapy.http import Response
from twisted.python.failure import Failure

from crawlers.engines.context import CrawlContext
from crawlers.engines.frontier import Frontier
from crawlers.engines.messages import CrawlNote, visit_of
from crawlers.engines.response_decoding import CUT, TOO_LONG
from crawlers.engines.scrapy_download import DisallowedByRobots
from crawlers.engines.scrapy_settings import scrapy_settings
from crawlers.http_client import CrawlLimitReached, FetchFailed
from crawlers.model.job import CrawlLimits
from crawlers.spiders.base import PageRequest, PageResult, Role, Spider, findings_on
from processors.pages.outcome import Outcome
from processors.pages.page import Page


class SourceCrawl(scrapy.Spider):
    """Scrapy's side of one crawl: turns asks into requests and pages into findings."""

    name = "source"

    def __init__(self, *, asking: Spider, itinerary: Frontier, means: CrawlContext) -> None:
        super().__init__()
        self.asking = asking
        self.itinerary = itinerary
        self.means = means

    async def start(self) -> AsyncIterator[scrapy.Request]:
        """The seeds."""
        for request in self.requests(self.asking.start()):
            yield request

    def requests(self, asks: Iterable[PageRequest]) -> Iterator[scrapy.Request]:
        """One request per ask that the itinerary admits."""
        for ask in self.itinerary.admit(asks):
            requisite = ask.role is Role.SUBRESOURCE
            try:
                yield scrapy.Request(
                    ask.url,
                    callback=self.got,
                    errback=self.failed,
                    headers={**({"Accept": "*/*"} if requisite else {}), **dict(ask.headers)} or None,
                    meta={"ask": ask},
                    dont_filter=True,
                    priority=1 if requisite else 0,
                )
            except ValueError as error:
                self.means.tell(CrawlNote(f"{ask.url} on {ask.page_id} is not an address: {error}"))

    def got(self, response: Response) -> Iterator[scrapy.Request]:
        """Read a page; requisites are kept by the recorder and need no reading."""
        ask: PageRequest = response.meta["ask"]
        faults = [flag for flag in response.flags if not flag.startswith(CUT)]  # the recorder itself tells of cuts
        for fault in faults:
            self.means.tell(CrawlNote(f"{response.url}: {fault}"))
        if ask.role is Role.SUBRESOURCE:
            return
        page = Page(
            url=response.url,
            body=response.body,
            captured_at=datetime.now(UTC),
            status=response.status,
            content_type=(response.headers.get("Content-Type") or b"").decode("latin-1") or None,
        )
        if TOO_LONG in faults:
            findings = PageResult(Outcome.CONTENT, TOO_LONG)
        elif faults and not response.body:
            findings = PageResult(Outcome.EMPTY, "; ".join(faults))
        else:
            findings = findings_on(self.asking, ask, page)
        self.visited(ask, findings)
        for remark in findings.remarks:
            self.means.tell(CrawlNote(f"{ask.url}: {remark}"))
        yield from self.requests(findings.asks)

    def failed(self, failure: Failure) -> None:
        """Account for a request that brought no page."""
        request: scrapy.Request = failure.request  # type: ignore[attr-defined] # set by Scrapy on every failure
        ask: PageRequest = request.meta["ask"]
        error = failure.value
        if isinstance(error, CrawlLimitReached):
            self.means.tell(CrawlNote(f"{error.reason}; what still waited was not asked for"))
            if ask.seed:
                self.visited(ask, PageResult(error.outcome, error.reason))
            raise CloseSpider("crawl_over")
        if isinstance(error, FetchFailed):
            outcome, reason = error.outcome, error.reason
        elif isinstance(error, DisallowedByRobots):
            outcome, reason = Outcome.REFUSED_BY_POLICY, str(error)
        else:
            outcome, reason = Outcome.UNREACHABLE, str(error) or type(error).__name__
        if ask.role is Role.SUBRESOURCE:
            self.means.tell(CrawlNote(f"{ask.url}: {outcome}: {reason}"))
        else:
            self.visited(ask, PageResult(outcome, reason))

    def visited(self, ask: PageRequest, findings: PageResult) -> None:
        """Tell what came of a page."""
        self.means.tell(visit_of(ask, findings))


def run_http(asking: Spider, means: CrawlContext, limits: CrawlLimits) -> None:
    """Run the spider to its end; returns when Scrapy has stopped."""
    process = AsyncCrawlerProcess(scrapy_settings(user_agent=means.user_agent, seconds=limits.seconds))
    crawler = process.create_crawler(SourceCrawl)

    def closed(spider: SourceCrawl, reason: str) -> None:
        if reason == "closespider_timeout":
            means.tell(
                CrawlNote(f"the limit of {limits.seconds} s was reached; what still waited was not asked for")
            )

    def broken(failure: Failure, response: Response, spider: SourceCrawl) -> None:
        ask: PageRequest = response.meta["ask"]
        spider.visited(ask, PageResult(Outcome.UNREADABLE, f"the page could not be read: {failure.value!r}"))

    crawler.signals.connect(closed, signals.spider_closed)
    crawler.signals.connect(broken, signals.spider_error)
    itinerary = Frontier(limits.pages, lambda text: means.tell(CrawlNote(text)))
    process.crawl(crawler, asking=asking, itinerary=itinerary, means=means)
    process.start()
