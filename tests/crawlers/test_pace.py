"""One delay per host."""

import asyncio
import time
from itertools import pairwise

from crawlers.pace import CrawlPace


def test_requests_to_one_host_leave_one_by_one_and_other_hosts_do_not_wait() -> None:
    left: list[tuple[str, float]] = []

    async def crawl() -> None:
        pace = CrawlPace(0.05)
        began = time.monotonic()

        async def ask(host: str) -> None:
            await pace.turn(host)
            left.append((host, time.monotonic() - began))

        await asyncio.gather(*(ask(host) for host in ("a", "a", "a", "b")))

    asyncio.run(crawl())
    times = [at for host, at in left if host == "a"]
    assert all(later - earlier >= 0.045 for earlier, later in pairwise(times))
    assert next(at for host, at in left if host == "b") < 0.04


def test_a_host_that_asks_for_patience_is_left_alone() -> None:
    async def crawl() -> float:
        pace = CrawlPace(0)
        began = time.monotonic()
        pace.hold("a", 0.1)
        await pace.turn("a")
        return time.monotonic() - began

    assert asyncio.run(crawl()) >= 0.09
