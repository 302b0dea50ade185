"""A Telegram channel through its public preview, from the newest post back.

Pages are left by the page's own cursor only (``Links.older``), since ids have gaps. It goes back until the page
holds posts that are known and older than the span that is read again, or until the page offers no cursor. What
posts show is asked for right after its page, because the links are signed and expire.
"""

from collections.abc import Iterator

from crawlers.capture import CrawlJob
from crawlers.spiders.asking import Ask, Findings, Role, Yield, seed_page_id
from processors.pages.page import Page
from processors.pages.select import read_page
from processors.pages.telegram import TelegramPost


class TelegramSpider:
    """One crawl of one channel."""

    def __init__(self, job: CrawlJob) -> None:
        self._job = job
        self._yield = Yield(job.source)
        self._oldest: int | None = None

    def start(self) -> Iterator[Ask]:
        """The newest page of the channel."""
        for number, url in enumerate(self._job.seeds, 1):
            yield Ask(url, Role.PAGE, seed_page_id(number), seed=True)

    def read(self, ask: Ask, page: Page) -> Findings:
        """Posts, their media, and the page before."""
        reading = read_page(page, "telegram")
        asks = [ask.lead(url, Role.REQUISITE) for url in reading.links.media]
        posts = [record for record in reading.records if isinstance(record, TelegramPost)]
        older = reading.links.older
        if older is not None and self._job.follow_links and self._goes_back(posts):
            asks.append(ask.lead(older, Role.PAGE))
        return self._yield.findings(reading, tuple(asks))

    def _goes_back(self, posts: list[TelegramPost]) -> bool:
        if not posts:
            return False
        oldest = min(posts, key=lambda post: post.post_id)
        if self._oldest is not None and oldest.post_id >= self._oldest:
            return False  # the cursor leads in a circle
        self._oldest = oldest.post_id
        known = self._job.known
        if known.newest_post_id is None or oldest.post_id > known.newest_post_id:
            return True
        since = known.reread_since
        return since is not None and (oldest.published_at is None or oldest.published_at >= since)
