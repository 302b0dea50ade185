"""A Telegram channel through its public preview, from the newest post back, then where earlier crawls left off.

Pages are left by the page's own cursor only (``Links.older``), since ids have gaps. It goes back until the page
holds posts that are known and older than the span that is read again, or until the page offers no cursor. Then
come the ranges of posts that no crawl has asked for: those a limit cut off between two nights, and the history
below. What posts show is asked for right after its page, because the links are signed and expire.
"""

from collections.abc import Iterator
from dataclasses import replace

from crawlers.model.job import CrawlJob
from crawlers.spiders.base import PageRequest, PageResult, RecordCounter, Role, seed_page_id
from processors.pages.outcome import Outcome
from processors.pages.page import Page
from processors.parsing.parsers import Parsers
from processors.records.telegram_post import TelegramPost

HISTORY_PAGES = 5
"""Of a channel's history in one crawl: 300 channels share a host and a night, and history does not run away."""


class TelegramSpider:
    """One crawl of one channel."""

    def __init__(self, job: CrawlJob, parsers: Parsers) -> None:
        self._parsers = parsers
        self._job = job
        self._yield = RecordCounter(job.source)
        self._oldest: int | None = None
        self._unseen = list(job.known.unseen_posts)
        self._gap: tuple[int, int] | None = None
        self._history_left = HISTORY_PAGES

    def start(self) -> Iterator[PageRequest]:
        """The newest page of the channel."""
        for number, url in enumerate(self._job.seeds, 1):
            yield PageRequest(url, Role.PAGE, seed_page_id(number), seed=True)

    def read(self, ask: PageRequest, page: Page) -> PageResult:
        """Posts, their media, and the page before."""
        reading = self._parsers.read_page(page, "telegram")
        asks = [ask.follow(url, Role.SUBRESOURCE) for url in reading.links.media]
        posts = [record for record in reading.records if isinstance(record, TelegramPost)]
        older = reading.links.older
        if self._job.follow_links:
            if older is None or not self._goes_back(posts):
                older = self._next_gap() if posts or self._gap is not None else None
            if older is not None:
                asks.append(ask.follow(older, Role.PAGE))
        findings = self._yield.findings(reading, tuple(asks))
        if ask.seed or reading.outcome is Outcome.CONTENT:
            return findings
        why = f"{ask.url}: {reading.outcome}: {reading.outcome_reason}; what is older is asked for another night"
        return replace(findings, remarks=(*findings.remarks, why))

    def _goes_back(self, posts: list[TelegramPost]) -> bool:
        if not posts:
            return False
        oldest = min(posts, key=lambda post: post.post_id)
        if self._oldest is not None and oldest.post_id >= self._oldest:
            return False  # the cursor leads in a circle
        self._oldest = oldest.post_id
        if self._gap is not None:
            return oldest.post_id > self._gap[0] and self._may_go_on()
        known = self._job.known
        if known.newest_post_id is None or oldest.post_id > known.newest_post_id:
            return True
        since = known.reread_since
        return since is not None and (oldest.published_at is None or oldest.published_at >= since)

    def _next_gap(self) -> str | None:
        """The page that ends where the next range begins that nobody has asked for; None where there is none."""
        while self._unseen:
            first, last = self._unseen.pop(0)
            if self._oldest is not None:
                last = min(last, self._oldest - 1)  # what lies above has been passed on the way here
            if last < first:
                continue
            self._gap = (first, last)
            if self._may_go_on():
                self._oldest = last + 1
                return f"https://t.me/s/{self._job.source.channel}?before={last + 1}"
        return None

    def _may_go_on(self) -> bool:
        """Gaps between nights are closed at once, the history below them some pages a night."""
        if self._gap is None or self._gap[0] > 1:
            return True
        self._history_left -= 1
        return self._history_left >= 0
