"""Accounts for every page of a crawl: what spiders yield for it, what was wrong with it, why it did not come.

A spider middleware, nearest to the spider. Requests leave it with what the recorder and the report need (page id,
engine, the address that was requested first); records are counted once, on however many pages they stand.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from functools import partial
from http import HTTPStatus
from typing import Any, Final

import scrapy
from scrapy.crawler import Crawler
from scrapy.exceptions import CloseSpider
from scrapy.http import Response
from twisted.python.failure import Failure

from crawlers.engine.context import context_of
from crawlers.engine.messages import CrawlNote, PageVisited
from crawlers.engine.redirects import RedirectNotFollowed
from crawlers.engine.responses import CUT, TOO_LONG
from crawlers.engine.robots_middleware import DisallowedByRobots, RobotsUnknown
from crawlers.http_client import BrowserMissing, CrawlLimitReached, FetchFailed
from crawlers.spiders.base import SourceSpider, page_of
from crawlers.spiders.items import PageOutcome, Remark
from crawlers.video.players import PlayerPage
from crawlers.watchlist.engines import IN_BROWSER
from crawlers.watchlist.source import Source
from processors.kinds import SINGLE_PAGES
from processors.pages.outcome import Outcome
from processors.parsing.parsers import PageNotRead
from processors.record_keys import record_json, record_keys

HTML_TYPES: Final = frozenset({"text/html", "application/xhtml+xml"})


class PageNotParsed(Exception):
    """A page that no spider is given, since there is nothing in it to read."""


class CrawlAccounting:
    """Reports each page once, whichever way it ends. ``problem`` says why the engine could not work, None where it
    could.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._report = context_of(crawler).report
        self._player_pages = context_of(crawler).player_pages
        self._counter: RecordCounter | None = None
        self.problem: str | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "CrawlAccounting":
        """Scrapy's way of making one."""
        return cls(crawler)

    async def process_start(self, start: AsyncIterator[Any]) -> AsyncIterator[Any]:
        """Number the seeds, which names their pages for the recorder; one written twice is requested once."""
        seeds: set[str] = set()
        async for each in start:
            if isinstance(each, Remark):
                self._report(CrawlNote(each.text))
            elif isinstance(each, scrapy.Request) and each.meta.setdefault("seed", each.url) not in seeds:
                seeds.add(each.meta["seed"])
                each.meta.setdefault("page_id", seed_page_id(len(seeds)))
                yield self._prepared(each)

    def process_spider_input(self, response: Response) -> None:
        """Report what is wrong with a response; raises `PageNotParsed` where nothing is left to read."""
        meta = response.meta
        faults = [flag for flag in response.flags if not flag.startswith(CUT)]  # the recorder itself reports cuts
        for fault in faults:
            self._report(CrawlNote(f"{response.url}: {fault}"))
        if meta.get("subresource"):
            return
        if TOO_LONG in faults:
            self._visited(_request_of(response), PageOutcome(Outcome.CONTENT, TOO_LONG))
            raise PageNotParsed(TOO_LONG)
        if faults and not response.body:
            self._visited(_request_of(response), PageOutcome(Outcome.EMPTY, "; ".join(faults)))
            raise PageNotParsed("; ".join(faults))

    async def process_spider_output(self, response: Response, result: AsyncIterator[Any]) -> AsyncIterator[Any]:
        """Count the records, report the page, and let everything pass."""
        outcome: PageOutcome | None = None
        records: list[Any] = []
        requests: list[scrapy.Request] = []
        async for each in result:
            if isinstance(each, scrapy.Request):
                requests.append(self._prepared(each, _request_of(response)))
            elif isinstance(each, PageOutcome):
                outcome = each
            elif isinstance(each, Remark):
                self._report(CrawlNote(f"{requested_url(_request_of(response))}: {each.text}"))
            else:
                records.append(each)
        if not response.meta.get("subresource") and not response.meta.get("reported"):
            self._visited(_request_of(response), outcome or self._classified(response, records), records)
            self._keep_for_players(response, records)
        for record in records:
            yield record
        for request in requests:
            yield request

    def process_spider_exception(self, response: Response, exception: Exception) -> tuple[()] | None:
        """A page that cannot be read has that as its outcome."""
        if isinstance(exception, PageNotParsed):
            return ()
        if isinstance(exception, CloseSpider):
            return None
        if isinstance(exception, PageNotRead):
            self._visited(_request_of(response), PageOutcome(Outcome.UNREADABLE, str(exception)))
            return ()
        reason = f"the page could not be read: {exception!r}"
        self._visited(_request_of(response), PageOutcome(Outcome.UNREADABLE, reason))
        return None  # Scrapy logs it: it is a fault of the spider

    def process_failure(self, failure: Failure, errback: Callable[[Failure], Any] | None = None) -> Any:
        """The errback of every request: report why no page came, then call the spider's own errback."""
        request: scrapy.Request = failure.request  # type: ignore[attr-defined] # set by Scrapy on every failure
        error = failure.value
        if isinstance(error, PageNotParsed):
            pass  # reported where it was raised
        elif isinstance(error, CrawlLimitReached):
            self._report(CrawlNote(f"{error.reason}; what still waited was not requested"))
            if "seed" in request.meta:
                self._visited(request, PageOutcome(error.outcome, error.reason))
            raise CloseSpider("crawl_limit")
        elif isinstance(error, BrowserMissing) and self._spider.job.engine in IN_BROWSER:
            self.problem = error.reason
            raise CloseSpider("browser_missing")
        else:
            self._failed(request, _outcome_of(error))
            if isinstance(error, RedirectNotFollowed):
                self._report(CrawlNote(f"{requested_url(request)}: {error}"))
            elif isinstance(error, RobotsUnknown) and not request.meta.get("subresource"):
                self._report(CrawlNote(error.reason, is_failure=True))
        if errback is None:
            return () if isinstance(error, PageNotParsed) else failure
        outputs = errback(failure)
        if isinstance(outputs, Iterable):
            return [
                self._prepared(each, request) if isinstance(each, scrapy.Request) else each for each in outputs
            ]
        return outputs

    @property
    def _spider(self) -> SourceSpider:
        spider = self._crawler.spider
        assert isinstance(spider, SourceSpider), f"expected a SourceSpider, found {spider!r}"
        return spider

    def _prepared(self, request: scrapy.Request, parent: scrapy.Request | None = None) -> scrapy.Request:
        meta = request.meta
        if parent is not None:
            meta.setdefault("page_id", parent.meta["page_id"])
        meta.setdefault("engine", self._spider.job.engine)
        meta.setdefault("requested_url", meta.get("seed", request.url))
        request.errback = partial(self.process_failure, errback=request.errback)
        return request

    def _classified(self, response: Response, records: list[Any]) -> PageOutcome:
        """The outcome of a page for which the spider yields none."""
        if records:
            return PageOutcome(Outcome.CONTENT)
        try:
            verdict = self._spider.parsers.classify(page_of(response))
        except PageNotRead as error:
            return PageOutcome(Outcome.UNREADABLE, str(error))
        return PageOutcome(verdict.outcome, verdict.reason)

    def _keep_for_players(self, response: Response, records: list[Any]) -> None:
        """Hand the page on to where its video is looked for; of sources with records, the pages that gave some."""
        wanted = self._spider.job.source.kind == SINGLE_PAGES or bool(records)
        if self._player_pages is None or not wanted or response.status != HTTPStatus.OK:
            return
        content_type = (response.headers.get("Content-Type") or b"").decode("latin-1")
        if content_type.partition(";")[0].strip().lower() not in HTML_TYPES:
            return  # a video by its own address is captured as it is
        request = _request_of(response)
        page = PlayerPage(
            response.url, requested_url(request), request.meta["page_id"], content_type, response.body
        )
        self._player_pages.keep(page)

    def _failed(self, request: scrapy.Request, outcome: PageOutcome) -> None:
        if request.meta.get("subresource"):
            self._report(CrawlNote(f"{requested_url(request)}: {outcome.outcome}: {outcome.reason}"))
        else:
            self._visited(request, outcome)

    def _visited(self, request: scrapy.Request, outcome: PageOutcome, records: Iterable[Any] = ()) -> None:
        if self._counter is None:
            self._counter = RecordCounter(self._spider.job.source)
        request.meta["reported"] = True
        new, filled = self._counter.count(tuple(records))
        self._report(
            PageVisited(
                requested_url(request),
                request.meta["page_id"],
                outcome.outcome,
                outcome.reason,
                records=new,
                known=outcome.known,
                seed="seed" in request.meta,
                filled=filled,
                linked_from=request.meta.get("linked_from"),
            )
        )


class RecordCounter:
    """What a crawl has seen of its source's records: each counts once, on however many pages it stands."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._keys: set[str] = set()

    def count(self, records: tuple[Any, ...]) -> tuple[int, dict[str, int]]:
        """How many records are new, and in how many of these each field is filled."""
        if not records:
            return 0, {}
        keys = record_keys(records, self._source.id, self._source.publisher)
        new = {key: record for key, record in zip(keys, records, strict=True) if key not in self._keys}
        self._keys |= set(new)
        filled = Counter(
            name for record in new.values() for name, value in record_json(record).items() if is_filled(value)
        )
        return len(new), dict(filled)


def is_filled(value: Any) -> bool:
    """Whether a field of a record is filled; ``storage.queries.crawl_yields`` counts by the same rule."""
    return value is not None and value is not False and value not in ("", [], {})


def requested_url(request: scrapy.Request) -> str:
    """The address that was requested first, before redirects; of a seed, as the operator wrote it."""
    url: str = request.meta.get("requested_url", request.url)
    return url


def seed_page_id(number: int) -> str:
    """The page id of the n-th seed, counted from 1."""
    return f"{number:04d}"


def _request_of(response: Response) -> scrapy.Request:
    assert response.request is not None, "Scrapy names the request of every response that it hands to a spider"
    return response.request


def _outcome_of(error: BaseException | None) -> PageOutcome:
    if isinstance(error, FetchFailed):
        return PageOutcome(error.outcome, error.reason)
    if isinstance(error, RobotsUnknown):
        return PageOutcome(error.outcome, error.reason)
    if isinstance(error, DisallowedByRobots):
        return PageOutcome(Outcome.REFUSED_BY_POLICY, str(error))
    return PageOutcome(Outcome.UNREACHABLE, str(error) or type(error).__name__)
