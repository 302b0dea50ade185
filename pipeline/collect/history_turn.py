"""One turn of the backfill at a channel: which ranges of posts its crawl asks for, and where it ends."""

from dataclasses import dataclass, replace
from typing import Final

from crawlers.model.job import CrawlJob
from crawlers.watchlist.source import Source

PAGES_A_TURN: Final = 200
"""Four minutes at a pause of one second: what a crash or a night costs at most, and start and end are 5 % of it.
"""


@dataclass(frozen=True, slots=True)
class HistoryTurn:
    """``ranges``: post ids that no page has covered, both ends included, the newest first; at least one."""

    ranges: tuple[tuple[int, int], ...]
    pages: int = PAGES_A_TURN
    seconds: float = 3600.0

    def of(self, job: CrawlJob) -> CrawlJob:
        """The job, of these ranges alone."""
        source: Source = job.source
        limits = replace(
            job.limits, pages=self.pages, seconds=min(self.seconds, job.limits.seconds or self.seconds)
        )
        begins_at = f"https://t.me/s/{source.channel}?before={self.ranges[0][1] + 1}"
        known = replace(job.known, unseen_posts=self.ranges)
        return replace(job, seeds=(begins_at,), limits=limits, known=known, backfill=True)
