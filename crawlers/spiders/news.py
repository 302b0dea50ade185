"""A news site: feeds, sitemaps and start pages lead to articles, articles to their pictures.

Articles already known are asked for again only while they are young enough to be read again. Sitemaps are
followed into sitemaps a few levels deep and no further; within one, the newest pages come first, so that a
limit cuts the old.
"""

from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import scrapy
from scrapy.http import Response

from crawlers.model.job import CrawlJob
from crawlers.spiders.base import SourceSpider, page_of
from crawlers.spiders.items import PageOutcome, Remark
from crawlers.watchlist.source import in_scope
from processors.news.links import is_calendar
from processors.pages.outcome import Outcome
from processors.pages.page import Page
from processors.pages.sitemaps import Sitemap
from processors.parsing.parsers import Parsers
from processors.surt import surt_key
from processors.urls import resolve

SITEMAP_LEVELS = 3
"""An index of indexes occurs; deeper is a circle."""

MOST_SITEMAPS = 50
"""In one crawl: some sites list a sitemap for every day of decades, or one under a new address at every visit."""

LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)
FAR_AHEAD = datetime(9999, 1, 1, tzinfo=UTC)
NOT_MODIFIED = 304


class NewsSpider(SourceSpider):
    """One crawl of one publisher's site."""

    name = "news"

    def __init__(self, *, job: CrawlJob, parsers: Parsers) -> None:
        super().__init__(job=job, parsers=parsers)
        self._mirrored = bool(job.source.mirrors)
        self._known = frozenset(map(self._key, job.known.article_urls))
        self._without_article = frozenset(map(self._key, job.known.other_urls)) - self._known
        self._counted_as_known: set[str] = set()
        self._requested: set[str] = set()
        self._sitemaps_left = MOST_SITEMAPS
        self._named_sitemaps: set[str] = set()
        self._cached = {feed.url: feed for feed in job.known.listings}

    async def start(self) -> AsyncIterator[Any]:
        """Feeds, sitemaps and start pages, in this order; seeds that are none of these are articles."""
        source = self.job.source
        callbacks = dict.fromkeys(source.start_pages, self.parse_start_page)
        callbacks |= dict.fromkeys(source.sitemaps, self.parse_sitemap)
        callbacks |= dict.fromkeys(source.feeds, self.parse_feed)
        for url in self.job.seeds:
            for each in self.seed(url, callback=callbacks.get(url, self.parse), headers=self._conditions(url)):
                yield each

    def parse(self, response: Response) -> Iterator[Any]:
        """An article and its pictures."""
        if response.status == NOT_MODIFIED:  # a server that answers a question nobody asked
            yield self._classified(page_of(response))
            return
        reading = self.read(response)
        yield from self.results(reading)
        yield from self.follow_media(response, reading.links.media)

    def parse_feed(self, response: Response) -> Iterator[Any]:
        """The articles that a feed lists."""
        page, unchanged = self._current(response)
        if page is None:
            yield self._classified(page_of(response))
            return
        feed = self.parsers.read_feed(page)
        if not feed.entries:
            verdict = self.parsers.classify(page)
            refused = verdict.outcome is not Outcome.CONTENT
            outcome, reason = (
                (verdict.outcome, verdict.reason) if refused else (Outcome.EMPTY, "no entry in the feed")
            )
            yield PageOutcome(outcome, feed.problem or reason or unchanged)
            return
        if feed.problem:
            yield Remark(feed.problem)
        articles, known = self._articles((entry.url, entry.published_at) for entry in feed.entries)
        yield PageOutcome(Outcome.CONTENT, unchanged, known)
        yield from self._follow(response, articles)

    def parse_sitemap(self, response: Response, level: int = 0) -> Iterator[Any]:
        """The sitemaps and the articles that a sitemap lists. ``level``: how many sitemaps led to this one."""
        page, unchanged = self._current(response)
        if page is None:
            yield self._classified(page_of(response))
            return
        sitemap = self.parsers.read_sitemap(page)
        if not sitemap.pages and not sitemap.sitemaps:
            verdict = self.parsers.classify(page)
            if verdict.outcome is not Outcome.CONTENT:
                yield PageOutcome(verdict.outcome, verdict.reason or unchanged)
            else:
                yield PageOutcome(Outcome.EMPTY, sitemap.problem or "no address in the sitemap")
            return
        if sitemap.problem:
            yield Remark(sitemap.problem)
        if level < SITEMAP_LEVELS:
            for each in self._sitemaps(sitemap):
                if isinstance(each, Remark):
                    yield each
                else:
                    yield response.follow(each, callback=self.parse_sitemap, cb_kwargs={"level": level + 1})
        elif sitemap.sitemaps:
            yield Remark(f"sitemaps more than {SITEMAP_LEVELS} levels deep were left alone")
        pages = [entry for entry in sitemap.pages if not is_calendar(entry.url)]
        if len(pages) < len(sitemap.pages):
            yield Remark(f"{len(sitemap.pages) - len(pages)} pages of calendars and archives were left alone")
        newest_first = sorted(pages, key=lambda entry: entry.modified_at or LONG_AGO, reverse=True)
        articles, known = self._articles((entry.url, entry.modified_at) for entry in newest_first)
        yield PageOutcome(Outcome.CONTENT, unchanged, known)
        yield from self._follow(response, articles)

    def parse_start_page(self, response: Response) -> Iterator[Any]:
        """The articles that a start page leads to."""
        page, unchanged = self._current(response)
        if page is None:
            yield self._classified(page_of(response))
            return
        reading = self.parsers.read_page(page, "news")
        articles, known = self._articles((url, None) for url in reading.links.articles)
        # What the reader misses of an article is no fault of a page that only leads to them.
        yield PageOutcome(reading.outcome, reading.outcome_reason or unchanged, known)
        yield from self._follow(response, articles)
        yield from self._follow_named_sitemaps(response)

    def _follow_named_sitemaps(self, response: Response) -> Iterator[scrapy.Request | Remark]:
        """Where the operator names start pages alone, the sitemaps of robots.txt are asked for as well.

        A site that names them wants them read, and a start page shows only what is newest.
        """
        source = self.job.source
        if source.feeds or source.sitemaps or not self.job.follow_links:
            return
        named = [url for url in response.meta.get("robots_sitemaps", ()) if url not in self._named_sitemaps]
        taken, left = named[: self._sitemaps_left], named[self._sitemaps_left :]
        self._sitemaps_left -= len(taken)
        for url in taken:
            self._named_sitemaps.add(url)
            address = resolve(response.url, url)
            if address is None or not in_scope(address, self.scope):
                yield Remark(f"robots.txt names the sitemap {url}, which is outside of this source's scope")
            else:
                yield response.follow(url, callback=self.parse_sitemap, cb_kwargs={"level": 1})
        if left:
            yield Remark(f"{len(left)} sitemaps that robots.txt names were left alone")

    def _conditions(self, url: str) -> dict[str, str]:
        """Header fields that ask for the feed only if it is another than the one deposited last."""
        feed = self._cached.get(url)
        if feed is None:
            return {}
        validators = {"If-None-Match": feed.etag, "If-Modified-Since": feed.last_modified}
        return {name: value for name, value in validators.items() if value is not None}

    def _current(self, response: Response) -> tuple[Page | None, str | None]:
        """The page to read, and a sentence where it is the one deposited before, since it has not changed.

        None for an answer "not modified" to a question that was not asked.
        """
        if response.status != NOT_MODIFIED:
            return page_of(response), None
        feed = self._cached.get(response.meta["seed"]) if "seed" in response.meta else None
        if feed is None:
            return None, None
        sentence = (
            f"not changed since it was deposited ({feed.captured_at:%Y-%m-%d %H:%M} UTC); that is what it lists"
        )
        return Page(response.url, feed.content, feed.captured_at, 200, feed.content_type), sentence

    def _classified(self, page: Page) -> PageOutcome:
        verdict = self.parsers.classify(page)
        return PageOutcome(verdict.outcome, verdict.reason)

    def _follow(self, response: Response, urls: Iterable[str]) -> Iterator[scrapy.Request]:
        return (response.follow(url, callback=self.parse) for url in urls)

    def _sitemaps(self, sitemap: Sitemap) -> Iterator[str | Remark]:
        """Sitemaps to go on to, the newest first, without those that are older than what is read again."""
        since = self.job.known.reread_since if self._known else None
        changed = sitemap.sitemaps_changed_at
        young = [url for url in sitemap.sitemaps if since is None or changed.get(url, since) >= since]
        young.sort(key=lambda url: changed.get(url, FAR_AHEAD), reverse=True)
        taken, left = young[: self._sitemaps_left], young[self._sitemaps_left :]
        self._sitemaps_left -= len(taken)
        if len(young) < len(sitemap.sitemaps) and since is not None:
            unchanged = len(sitemap.sitemaps) - len(young)
            yield Remark(f"{unchanged} sitemaps not changed since {since:%Y-%m-%d} were left alone")
        if left:
            yield Remark(f"{len(left)} sitemaps beyond the {MOST_SITEMAPS} of one crawl were left alone")
        yield from taken

    def _articles(self, found: Iterable[tuple[str, datetime | None]]) -> tuple[list[str], int]:
        """Those to ask for, and how many more are known and not asked for (over a crawl, each counts once)."""
        if not self.job.follow_links:
            return [], 0
        since = self.job.known.reread_since
        wanted: list[str] = []
        known = 0
        for url, changed_at in found:
            if not in_scope(url, self.scope):
                continue
            key = self._key(url)
            if key in self._without_article and not _is_young(changed_at, since):
                continue
            if key not in self._known or _is_young(changed_at, since):
                wanted.append(url)
                self._requested.add(key)
                if key in self._counted_as_known:  # by a page that gave it no date; this one does
                    self._counted_as_known.remove(key)
                    known -= 1
            elif key not in self._counted_as_known | self._requested:
                self._counted_as_known.add(key)
                known += 1
        return wanted, known

    def _key(self, url: str) -> str:
        """Under which an article is known: mirrors of a publisher share their paths."""
        key = surt_key(url)
        return key.partition(")")[2] if self._mirrored else key


def _is_young(changed_at: datetime | None, since: datetime | None) -> bool:
    return since is not None and changed_at is not None and changed_at >= since
