"""robots.txt before each request; takes the place of Scrapy's own middleware, whose file no one would record."""

import scrapy
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest

from crawlers.engine.context import context_of
from crawlers.engine.robots import RobotsRules
from processors.pages.outcome import Outcome


class DisallowedByRobots(IgnoreRequest):
    """robots.txt forbids the page; the text says which."""


class RobotsUnknown(IgnoreRequest):
    """The host did not answer for robots.txt, so a page that the operator did not name is out of reach."""

    def __init__(self, reason: str, outcome: Outcome) -> None:
        super().__init__(reason)
        self.reason = reason
        self.outcome = outcome


class RobotsMiddleware:
    """Asks the rules of the host; a crawl without rules obeys none."""

    def __init__(self, rules: RobotsRules | None) -> None:
        self._rules = rules

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "RobotsMiddleware":
        """Scrapy's way of making one."""
        return cls(context_of(crawler).robots)

    async def process_request(self, request: scrapy.Request) -> None:
        """Let the request go on, or end it; raises `DisallowedByRobots` and `RobotsUnknown`."""
        if self._rules is None:
            return
        meta = request.meta
        if "seed" in meta:
            meta["robots_sitemaps"] = (await self._rules.rules(request.url)).sitemaps()
        refusal = await self._rules.refusal(request.url, meta["page_id"], named="seed" in meta)
        if refusal is None:
            return
        if refusal.outcome is Outcome.REFUSED_BY_POLICY:
            raise DisallowedByRobots(refusal.reason)
        raise RobotsUnknown(refusal.reason, refusal.outcome)
