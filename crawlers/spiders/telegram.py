"""A Telegram channel through its public preview, from the newest post back, then where earlier crawls left off.

Pages are left by the page's own cursor only (``Links.older``), since ids have gaps. It goes back until the page
holds posts that are known and older than the span that is read again, or until the page offers no cursor. Then
come the ranges of posts that no crawl has asked for: those a limit cut off between two nights, and the history
below. What posts show is asked for right after its page, because the links are signed and expire.
"""

import sys
from collections.abc import Iterator
from typing import Any

from scrapy.http import Response

from crawlers.model.job import CrawlJob
from crawlers.spiders.base import SourceSpider
from crawlers.spiders.items import Remark
from processors.pages.outcome import Outcome
from processors.parsing.parsers import Parsers
from processors.records.telegram_post import TelegramPost

HISTORY_PAGES = 5
"""Of a channel's history in a crawl at night: 300 channels share a host, and history does not run away. A backfill
has no such bound."""


class TelegramSpider(SourceSpider):
    """One crawl of one channel."""

    name = "telegram"

    def __init__(self, *, job: CrawlJob, parsers: Parsers) -> None:
        super().__init__(job=job, parsers=parsers)
        self._oldest: int | None = None
        self._unseen = list(job.known.unseen_posts)
        self._gap: tuple[int, int] | None = None
        self._history_left = sys.maxsize if job.backfill else HISTORY_PAGES

    def parse(self, response: Response) -> Iterator[Any]:
        """Posts, their media, and the page before."""
        reading = self.read(response)
        yield from self.results(reading)
        yield from self.follow_media(response, reading.links.media)
        older = self._older_page(reading.links.older, reading.records)
        if older is not None:
            yield response.follow(older)
        if reading.outcome is not Outcome.CONTENT and "seed" not in response.meta:
            why = f"{reading.outcome}: {reading.outcome_reason}"
            yield Remark(f"{why}; what is older is asked for another night")

    def _older_page(self, cursor: str | None, records: tuple[Any, ...]) -> str | None:
        """The page to go on with: what the page's own cursor leads to, or the next range nobody has asked for."""
        if not self.job.follow_links:
            return None
        posts = [record for record in records if isinstance(record, TelegramPost)]
        if cursor is not None and self._goes_back(posts):
            return cursor
        return self._next_gap() if posts or self._gap is not None else None

    def _goes_back(self, posts: list[TelegramPost]) -> bool:
        if not posts:
            return False
        oldest = min(posts, key=lambda post: post.post_id)
        if self._oldest is not None and oldest.post_id >= self._oldest:
            return False  # the cursor leads in a circle
        self._oldest = oldest.post_id
        if self._gap is not None:
            return oldest.post_id > self._gap[0] and self._may_go_on()
        known = self.job.known
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
                return f"https://t.me/s/{self.job.source.channel}?before={last + 1}"
        return None

    def _may_go_on(self) -> bool:
        """Gaps between nights are closed at once, the history below them some pages a night."""
        if self._gap is None or self._gap[0] > 1:
            return True
        self._history_left -= 1
        return self._history_left >= 0
