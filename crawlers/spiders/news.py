"""A news site: feeds, sitemaps and start pages lead to articles, articles to their pictures.

Articles already known are asked for again only while they are young enough to be read again. Sitemaps are
followed into sitemaps a few levels deep and no further; within one, the newest pages come first, so that a
limit cuts the old.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

from crawlers.model.job import CrawlJob
from crawlers.spiders.base import (
    PageRequest,
    PageResult,
    RecordCounter,
    Role,
    result_without_records,
    seed_page_id,
)
from crawlers.watchlist.source import in_scope, scope_of
from processors.news.links import is_calendar
from processors.pages.outcome import Outcome
from processors.pages.page import Page
from processors.pages.sitemaps import Sitemap
from processors.parsing.parsers import Parsers
from processors.surt import surt_key

SITEMAP_LEVELS = 3
"""An index of indexes occurs; deeper is a circle."""

MOST_SITEMAPS = 50
"""In one crawl: some sites list a sitemap for every day of decades, or one under a new address at every visit."""

LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)
FAR_AHEAD = datetime(9999, 1, 1, tzinfo=UTC)
NOT_MODIFIED = 304


class NewsSpider:
    """One crawl of one publisher's site."""

    def __init__(self, job: CrawlJob, parsers: Parsers) -> None:
        self._parsers = parsers
        self._job = job
        self._yield = RecordCounter(job.source)
        self._scope = scope_of(job.source)
        self._mirrored = bool(job.source.mirrors)
        self._known = frozenset(map(self._key, job.known.article_urls))
        self._others = frozenset(map(self._key, job.known.other_urls)) - self._known
        self._passed: set[str] = set()
        self._asked: set[str] = set()
        self._sitemaps_left = MOST_SITEMAPS
        self._listings = {listing.url: listing for listing in job.known.listings}

    def start(self) -> Iterator[PageRequest]:
        """Feeds, sitemaps and start pages, in this order; seeds that are none of these are articles."""
        source = self._job.source
        roles: dict[str, Role] = dict.fromkeys(source.start_pages, Role.START)
        roles |= dict.fromkeys(source.sitemaps, Role.SITEMAP)
        roles |= dict.fromkeys(source.feeds, Role.FEED)
        for number, url in enumerate(self._job.seeds, 1):
            yield PageRequest(
                url, roles.get(url, Role.PAGE), seed_page_id(number), seed=True, headers=self._conditions(url)
            )

    def read(self, ask: PageRequest, page: Page) -> PageResult:
        """What the page is good for, by what it was asked for as."""
        if page.status == NOT_MODIFIED:
            return self._read_unchanged(ask, page)
        if ask.role is Role.FEED:
            return self._read_feed(ask, page)
        if ask.role is Role.SITEMAP:
            return self._read_sitemap(ask, page)
        if ask.role is Role.START:
            return self._read_start(ask, page)
        reading = self._parsers.read_page(page, "news", layout=self._job.source.layout)
        return self._yield.findings(
            reading, tuple(ask.follow(url, Role.SUBRESOURCE) for url in reading.links.media)
        )

    def _conditions(self, url: str) -> tuple[tuple[str, str], ...]:
        """Fields that ask for the listing only if it is another than the one deposited last."""
        listing = self._listings.get(url)
        if listing is None:
            return ()
        told = (("If-None-Match", listing.etag), ("If-Modified-Since", listing.last_modified))
        return tuple((name, value) for name, value in told if value is not None)

    def _read_unchanged(self, ask: PageRequest, page: Page) -> PageResult:
        """What has not changed lists what it listed when it was deposited last."""
        listing = self._listings.get(ask.url)
        if listing is None:  # a server that answers a question nobody asked
            return result_without_records(self._parsers.classify(page))
        before = Page(page.url, listing.content, listing.captured_at, 200, listing.content_type)
        found = self.read(ask, before)
        said = (
            f"not changed since it was deposited ({listing.captured_at:%Y-%m-%d %H:%M} UTC); that is what it lists"
        )
        return replace(found, reason=found.reason or said)

    def _read_feed(self, ask: PageRequest, page: Page) -> PageResult:
        verdict = self._parsers.classify(page)
        feed = self._parsers.read_feed(page)
        if not feed.entries:
            refused = verdict.outcome is not Outcome.CONTENT
            outcome, reason = (
                (verdict.outcome, verdict.reason) if refused else (Outcome.EMPTY, "no entry in the feed")
            )
            return PageResult(outcome, feed.problem or reason)
        remarks = (feed.problem,) if feed.problem else ()
        articles, known = self._articles(ask, ((entry.url, entry.published_at) for entry in feed.entries))
        return PageResult(Outcome.CONTENT, known=known, asks=articles, remarks=remarks)

    def _read_sitemap(self, ask: PageRequest, page: Page) -> PageResult:
        sitemap = self._parsers.read_sitemap(page)
        if not sitemap.pages and not sitemap.sitemaps:
            verdict = self._parsers.classify(page)
            if verdict.outcome is not Outcome.CONTENT:
                return result_without_records(verdict)
            return PageResult(Outcome.EMPTY, sitemap.problem or "no address in the sitemap")
        remarks = [sitemap.problem] if sitemap.problem else []
        asks: list[PageRequest] = []
        if ask.depth < SITEMAP_LEVELS:
            asks, left = self._further(ask, sitemap)
            remarks += left
        elif sitemap.sitemaps:
            remarks.append(f"sitemaps more than {SITEMAP_LEVELS} levels deep were left alone")
        pages = [entry for entry in sitemap.pages if not is_calendar(entry.url)]
        if len(pages) < len(sitemap.pages):
            remarks.append(f"{len(sitemap.pages) - len(pages)} pages of calendars and archives were left alone")
        newest_first = sorted(pages, key=lambda entry: entry.modified_at or LONG_AGO, reverse=True)
        articles, known = self._articles(ask, ((entry.url, entry.modified_at) for entry in newest_first))
        return PageResult(Outcome.CONTENT, known=known, asks=(*asks, *articles), remarks=tuple(remarks))

    def _further(self, ask: PageRequest, sitemap: Sitemap) -> tuple[list[PageRequest], list[str]]:
        """Sitemaps to go on to, the newest first, without those that are older than what is read again."""
        since = self._job.known.reread_since if self._known else None
        changed = sitemap.sitemaps_changed_at
        young = [url for url in sitemap.sitemaps if since is None or changed.get(url, since) >= since]
        young.sort(key=lambda url: changed.get(url, FAR_AHEAD), reverse=True)
        taken, left = young[: self._sitemaps_left], young[self._sitemaps_left :]
        self._sitemaps_left -= len(taken)
        remarks = []
        if len(young) < len(sitemap.sitemaps) and since is not None:
            unchanged = len(sitemap.sitemaps) - len(young)
            remarks.append(f"{unchanged} sitemaps not changed since {since:%Y-%m-%d} were left alone")
        if left:
            remarks.append(f"{len(left)} sitemaps beyond the {MOST_SITEMAPS} of one crawl were left alone")
        return [ask.follow(url, Role.SITEMAP) for url in taken], remarks

    def _read_start(self, ask: PageRequest, page: Page) -> PageResult:
        reading = self._parsers.read_page(page, "news")
        articles, known = self._articles(ask, ((url, None) for url in reading.links.articles))
        # What the reader misses of an article is no fault of a page that only leads to them.
        return PageResult(reading.outcome, reading.outcome_reason, known=known, asks=articles)

    def _articles(
        self, ask: PageRequest, found: Iterable[tuple[str, datetime | None]]
    ) -> tuple[tuple[PageRequest, ...], int]:
        """Those to ask for, and how many more are known and not asked for (over a crawl, each counts once)."""
        if not self._job.follow_links:
            return (), 0
        since = self._job.known.reread_since
        asks: list[PageRequest] = []
        known = 0
        for url, changed_at in found:
            if not in_scope(url, self._scope):
                continue
            key = self._key(url)
            if key in self._others and not _is_young(changed_at, since):
                continue
            if key not in self._known or _is_young(changed_at, since):
                asks.append(ask.follow(url, Role.PAGE))
                self._asked.add(key)
                if key in self._passed:  # by a page that gave it no date; this one does, and it will count itself
                    self._passed.remove(key)
                    known -= 1
            elif key not in self._passed | self._asked:
                self._passed.add(key)
                known += 1
        return tuple(asks), known

    def _key(self, url: str) -> str:
        """Under which an article is known: mirrors of a publisher share their paths."""
        key = surt_key(url)
        return key.partition(")")[2] if self._mirrored else key


def _is_young(changed_at: datetime | None, since: datetime | None) -> bool:
    return since is not None and changed_at is not None and changed_at >= since
