"""Which requests of a crawl are scheduled: none twice, and pages up to the limit.

Setting: ``PAGE_LIMIT``; 0 is no limit.
"""

import hashlib

import scrapy
from scrapy.core.scheduler import Scheduler
from scrapy.crawler import Crawler

from crawlers.engine.context import context_of
from crawlers.engine.messages import CrawlNote


class ExactFingerprinter:
    """Two requests are the same where method, body and address are, the address letter by letter, fragment aside.

    Scrapy's own would take ``/q?b&a`` for ``/q?a&b``, which a server may answer otherwise.
    """

    def fingerprint(self, request: scrapy.Request) -> bytes:
        """20 bytes that stand for the request."""
        address = request.url.partition("#")[0]
        parts = (request.method.encode(), address.encode("utf-8", "surrogatepass"), request.body)
        return hashlib.sha1(b"\n".join(parts), usedforsecurity=False).digest()


class CrawlScheduler(Scheduler):
    """Scrapy's scheduler with a limit of pages; what belongs to a page counted before does not count again."""

    page_limit = 0
    _pages = 0
    _limit_reported = False

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "CrawlScheduler":
        """Scrapy's way of making one."""
        scheduler: CrawlScheduler = super().from_crawler(crawler)
        scheduler.page_limit = crawler.settings.getint("PAGE_LIMIT")
        return scheduler

    def enqueue_request(self, request: scrapy.Request) -> bool:
        """Whether the request was scheduled."""
        repeated = not request.dont_filter and self.df.request_seen(request)
        if repeated and "seed" not in request.meta:  # what the operator names is accounted for under each spelling
            return False
        request.dont_filter = True  # a redirect to a page that was requested before is followed all the same
        if not request.meta.get("subresource") and not request.meta.get("counted"):
            if self.page_limit and self._pages >= self.page_limit:
                self._report_limit()
                return False
            self._pages += 1
            request.meta["counted"] = True
        scheduled: bool = super().enqueue_request(request)
        return scheduled

    def _report_limit(self) -> None:
        if not self._limit_reported:
            self._limit_reported = True
            sentence = f"the limit of {self.page_limit} pages was reached; what lies behind them was not requested"
            assert self.crawler is not None
            context_of(self.crawler).report(CrawlNote(sentence))
