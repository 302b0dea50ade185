"""When a host may be asked again, for one crawl by itself.

Requests to one host leave one by one, at least ``delay_s`` seconds apart and a little more at random, since a
steady beat is no reader's. A host that asks for patience (``Retry-After``, a failing server) is left alone for
as long. Implements ``crawlers.capture.Pace``; crawls that share a host share a pace kept elsewhere.
"""

import asyncio
import random


class CrawlPace:
    """The pace of one crawl. ``spread`` is the greatest random addition, as a share of the delay."""

    def __init__(self, delay_s: float, *, spread: float = 0.5) -> None:
        self._delay_s = delay_s
        self._spread = spread
        self._next_at: dict[str, float] = {}

    async def turn(self, host: str) -> None:
        """Return when a request to ``host`` may leave; callers are served in the order in which they came."""
        now = asyncio.get_running_loop().time()
        at = max(now, self._next_at.get(host, 0.0))
        # The place in the queue is taken before waiting, so that no two callers get the same one.
        self._next_at[host] = at + self._delay_s * (1 + random.uniform(0, self._spread))  # noqa: S311 - no secret
        if at > now:
            await asyncio.sleep(at - now)

    def hold(self, host: str, seconds: float) -> None:
        """Leave ``host`` alone for so many seconds from now; callers that wait already are not held."""
        until = asyncio.get_running_loop().time() + seconds
        self._next_at[host] = max(until, self._next_at.get(host, 0.0))
