"""Single pages as they are, with what it takes to show them and, where the source says so, the links in scope.

A post of Telegram is taken with its frame, where the whole album stands, and with the posts around it: the page at
its address is a card that shows nothing of it by itself.
"""

from collections.abc import Iterator
from typing import Any

from scrapy.http import Response

from crawlers.spiders.base import SourceSpider, page_of
from crawlers.spiders.items import PageOutcome
from crawlers.watchlist.engines import IN_BROWSER
from crawlers.watchlist.source import in_scope
from processors.pages.logout_address import is_logout_address
from processors.pages.outcome import Outcome
from processors.pages.page import Page
from processors.telegram.post_address import is_on_telegram, post_in
from processors.urls import host_of


class PageSpider(SourceSpider):
    """One crawl of pages that were named one by one."""

    name = "page"

    def parse(self, response: Response) -> Iterator[Any]:
        """The page's outcome, and what belongs to it."""
        page, follow = page_of(response), self.job.source.follow
        if follow != "nothing" and is_on_telegram(response.url):
            yield from self._telegram(response, page)
        else:
            verdict = self.parsers.classify(page)
            yield PageOutcome(verdict.outcome, verdict.reason)
        # A browser has loaded what it takes to show the page when the page is read.
        if follow != "nothing" and response.meta.get("engine") not in IN_BROWSER:
            yield from self.follow_media(response, self.parsers.requisites(page))
        if self.job.source.linked_pages is not None and "seed" in response.meta:
            for url in self._linked(response, page)[: self.job.source.linked_pages]:
                yield response.follow(url, meta={"linked_from": response.url})
        if follow == "links" and self.job.follow_links:
            for url in self._links(page):
                if in_scope(url, self.scope):
                    yield response.follow(url)

    def _linked(self, response: Response, page: Page) -> list[str]:
        """The pages of its own host to which the page links, in page order, each once, itself aside."""
        host, here = host_of(response.url), response.url.partition("#")[0]
        found = (url.partition("#")[0] for url in self._links(page) if host_of(url) == host)
        return [url for url in dict.fromkeys(found) if url not in (here, response.meta["seed"])]

    def _links(self, page: Page) -> Iterator[str]:
        """Where the page's links lead; a crawl with a login follows none that would end the session."""
        has_login = self.job.source.profile is not None
        return (url for url in self.parsers.links(page) if not (has_login and is_logout_address(url)))

    def _telegram(self, response: Response, page: Page) -> Iterator[Any]:
        """The posts of the page with their media; of a post that was named, its frame and the posts around it."""
        reading = self.parsers.read_page(page, "telegram")
        seed = response.meta.get("seed")
        post = None if seed is None else post_in(seed)
        if post is not None and reading.outcome is Outcome.EMPTY and reading.layout == "landing":
            # the card: whether the post was captured, its frame says
            del response.meta["seed"]
            yield response.follow(post.frame_url, meta={"seed": seed, "engine": "http"}, priority=1)
        # an address of no post, such as a channel's card, is judged as any page
        verdict = self.parsers.classify(page) if post is None and not reading.records else None
        yield PageOutcome(
            verdict.outcome if verdict else reading.outcome, verdict.reason if verdict else reading.outcome_reason
        )
        yield from reading.records
        yield from self.follow_media(response, reading.links.media)
        if post is not None:
            for url in (post.frame_url, post.context_url):
                if url != response.url:
                    yield response.follow(url, meta={"engine": "http"})
