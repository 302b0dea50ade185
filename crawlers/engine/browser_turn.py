"""Turns single pages of a source with ``engine: auto`` to the browser, where what came over HTTP shows the need.

A downloader middleware behind retries and redirects. What was fetched stays captured; the page is requested once
more, by the browser, and spiders get what that shows. Where the browser cannot show it, they get what was fetched.
Each page that was looked at is reported, with the reason where there is one.
"""

import scrapy
from scrapy.crawler import Crawler
from scrapy.http import HtmlResponse, Response

from crawlers.engine.context import context_of
from crawlers.engine.messages import CrawlNote, EngineChosen
from crawlers.http_client import FetchFailed
from crawlers.spiders.base import SourceSpider, page_of
from processors.parsing.parsers import PageNotRead


class BrowserTurnMiddleware:
    """Judges every page that was fetched for a crawl whose engine is ``auto``."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._report = context_of(crawler).report

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "BrowserTurnMiddleware":
        """Scrapy's way of making one."""
        return cls(crawler)

    def process_response(
        self, request: scrapy.Request, response: Response, spider: scrapy.Spider | None = None
    ) -> scrapy.Request | Response:
        """The response, or the request that has the browser show the page."""
        meta = request.meta
        if meta.get("engine") != "auto" or meta.get("subresource") or not isinstance(response, HtmlResponse):
            return response
        assert isinstance(self._crawler.spider, SourceSpider)
        try:
            reason = self._crawler.spider.parsers.browser_need(page_of(response))
        except PageNotRead:  # nor will what it says be known; the spider finds that out, too
            return response
        self._report(EngineChosen(request.url, reason))
        if reason is None:
            return response
        self._report(CrawlNote(f"{request.url}: loaded by the browser as well: {reason}"))
        turned = {"engine": "browser", "browser_reason": reason, "fetched_response": response}
        return request.replace(meta={**meta, **turned}, dont_filter=True)

    def process_exception(
        self, request: scrapy.Request, exception: Exception, spider: scrapy.Spider | None = None
    ) -> Response | None:
        """What was fetched, where the browser shows nothing of it."""
        fetched: Response | None = request.meta.get("fetched_response")
        if fetched is None or not isinstance(exception, FetchFailed):
            return None
        self._report(CrawlNote(f"{request.url}: taken as it was fetched, since {exception.reason}"))
        return fetched
