"""What every part of one running crawl shares: the way to the recorder, the pace, and whom to tell."""

from collections.abc import Callable
from dataclasses import dataclass

from crawlers.engines.messages import EngineEvent
from crawlers.http_client import Fetcher
from crawlers.model.capture import Note, Rendering
from crawlers.model.protocols import RateLimiter


@dataclass(frozen=True, slots=True)
class CrawlContext:
    """The means of one crawl. ``note`` and ``rendering`` hand over to the recorder's process; ``tell``
    accounts.
    """

    fetcher: Fetcher
    pace: RateLimiter
    tell: Callable[[EngineEvent], None]
    note: Callable[[Note], None]
    rendering: Callable[[Rendering], None]
    user_agent: str
    obey_robots: bool
