"""Single pages as they are, with what it takes to show them and, where the source says so, the links in scope."""

from collections.abc import Iterator
from typing import Any

from scrapy.http import Response

from crawlers.spiders.base import SourceSpider, page_of
from crawlers.spiders.items import PageOutcome
from crawlers.watchlist.source import in_scope


class PageSpider(SourceSpider):
    """One crawl of pages that were named one by one."""

    name = "page"

    def parse(self, response: Response) -> Iterator[Any]:
        """The page's outcome, and what belongs to it."""
        page, follow = page_of(response), self.job.source.follow
        verdict = self.parsers.classify(page)
        yield PageOutcome(verdict.outcome, verdict.reason)
        # A browser has loaded what it takes to show the page when the page is read.
        if follow != "nothing" and response.meta.get("engine") != "browser":
            yield from self.follow_media(response, self.parsers.requisites(page))
        if follow == "links" and self.job.follow_links:
            for url in self.parsers.links(page):
                if in_scope(url, self.scope):
                    yield response.follow(url)
