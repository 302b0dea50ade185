"""The pace of a crawl by itself, and the line on which its engine asks for turns."""

import asyncio
import time
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
import uvloop

from crawlers.http_client import CrawlLimitReached
from crawlers.rate_limit.limiter import LONGEST_DELAY_S, HostAbandoned, HostRateLimiter, Slot
from crawlers.rate_limit.retry_after import retry_after_s
from crawlers.rate_limit.slots import SLOTS_PER_HOST, LocalSlots, SlotGrant, SlotsUnavailable
from crawlers.rate_limit.socket import RateLimitClient, RateLimitServer

pytestmark = pytest.mark.slow


def test_requests_to_one_host_leave_one_by_one_and_other_hosts_do_not_wait() -> None:
    left: list[tuple[str, float]] = []

    async def crawl() -> None:
        pace = HostRateLimiter(0.05)

        async def ask(host: str) -> None:
            turn = await pace.take(host)
            left.append((host, turn.given_at))
            pace.give_back(turn)

        await asyncio.gather(*(ask(host) for host in ("a", "a", "a", "b")))
        assert pace.statistics()["a"].requests == 3
        assert (pace.statistics()["a"].shortest_gap_s or 0) >= 0.05

    asyncio.run(crawl())
    times = [at for host, at in left if host == "a"]
    assert all(later - earlier >= 0.05 for earlier, later in pairwise(times))
    assert [host for host, _ in left].index("b") < 2


def test_a_host_that_asks_for_patience_is_left_alone_also_by_those_who_wait_already() -> None:
    async def crawl() -> tuple[float, float]:
        pace = HostRateLimiter(1.0)
        async with pace.slot("a"):
            pass
        waiting = asyncio.ensure_future(pace.take("a"))
        await asyncio.sleep(0.01)
        held_at = time.monotonic()
        pace.back_off("a", 1.4)
        await waiting
        return time.monotonic() - held_at, pace.statistics()["a"].held_s

    waited_s, held_s = asyncio.run(crawl())
    assert waited_s >= 1.4
    assert held_s == 1.4


def test_a_pause_that_robots_txt_asks_for_is_kept() -> None:
    async def crawl() -> HostRateLimiter:
        pace = HostRateLimiter(0)
        pace.raise_delay("a", 0.1)
        for _ in range(3):
            async with pace.slot("a"):
                pass
        return pace

    kept = asyncio.run(crawl()).statistics()["a"]
    assert kept.delay_s == 0.1
    assert (kept.shortest_gap_s or 0) >= 0.1


@pytest.mark.parametrize(("of_the_host_s", "kept_s"), [(0.01, 0.2), (0.3, 0.3), (10_000.0, LONGEST_DELAY_S)])
def test_of_two_pauses_the_longer_is_kept_up_to_the_longest_that_is_waited(
    of_the_host_s: float, kept_s: float
) -> None:
    async def crawl() -> HostRateLimiter:
        pace = HostRateLimiter(0.2)
        pace.raise_delay("a", of_the_host_s)
        async with pace.slot("a"):
            pass
        return pace

    assert asyncio.run(crawl()).statistics()["a"].delay_s == kept_s


def test_a_turn_whose_time_has_passed_is_given_back_unused_and_another_taken() -> None:
    class LateOnce(HostRateLimiter):
        """The machine is busy between the first turn and its use."""

        late: Slot | None = None

        async def take(self, host: str) -> Slot:
            turn = await super().take(host)
            if self.late is None:
                self.late = turn = replace(turn, leave_by=time.monotonic() - 1.0)
            return turn

    async def crawl() -> tuple[int, int, list[int]]:
        places = OneAtATime()
        pace = LateOnce(0.05, places)
        async with pace.slot("a"):
            assert pace.late is not None
            assert pace.late.late
            return places.given, pace.statistics()["a"].requests, list(places.returned)

    assert asyncio.run(crawl()) == (2, 1, [1])


def test_a_later_and_shorter_hold_does_not_shorten_the_first() -> None:
    async def crawl() -> SlotGrant:
        turns = LocalSlots()
        await turns.back_off("a", 3600)
        await turns.back_off("a", 1)
        return await turns.take("a", 0.0, ())

    taken = asyncio.run(crawl())
    assert (taken.slot_id, taken.backed_off) == (None, True)
    assert taken.wait_s > 3500


def test_a_host_that_wants_to_be_left_alone_for_longer_than_anybody_waits_is_given_up() -> None:
    async def crawl() -> HostRateLimiter:
        pace = HostRateLimiter(0)
        pace.back_off("a", 3600)
        for _ in range(2):
            with pytest.raises(HostAbandoned, match=r"a asked to be left alone for 3[56]\d\d s more"):
                await pace.take("a")
        async with pace.slot("b"):
            pass
        return pace

    kept = asyncio.run(crawl()).statistics()
    assert (kept["a"].given_up or "").startswith("a asked to be left alone")
    assert kept["b"].given_up is None


def test_no_more_requests_are_under_way_at_one_host_than_it_has_places() -> None:
    async def crawl() -> int:
        pace = HostRateLimiter(0)
        turns = [await pace.take("a") for _ in range(SLOTS_PER_HOST)]
        late = asyncio.ensure_future(pace.take("a"))
        await asyncio.sleep(0.12)
        assert not late.done()
        pace.give_back(turns[0])
        return (await late).id

    assert asyncio.run(crawl()) == SLOTS_PER_HOST + 1


class AllTaken:
    """Turns of a host whose places never become free."""

    async def take(self, host: str, delay_s: float, done: Collection[int]) -> SlotGrant:
        return SlotGrant(None, 0.01)

    async def back_off(self, host: str, seconds: float) -> None: ...

    async def close(self, done: Collection[int]) -> None: ...


class OneAtATime(AllTaken):
    """Turns of a host with one place, and an hour to wait until it is asked for again."""

    def __init__(self) -> None:
        self.given = 0
        self.returned: list[int] = []

    async def take(self, host: str, delay_s: float, done: Collection[int]) -> SlotGrant:
        self.returned.extend(done)
        if self.given and self.given not in done:
            return SlotGrant(None, 3600.0)
        self.given += 1
        return SlotGrant(self.given, 0.0)


def test_a_request_that_waits_for_a_place_takes_the_one_its_own_crawl_gives_back() -> None:
    async def crawl() -> int:
        pace = HostRateLimiter(0, OneAtATime())
        first = await pace.take("a")
        waiting = asyncio.ensure_future(pace.take("a"))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        pace.give_back(first)
        async with asyncio.timeout(60):
            return (await waiting).id

    assert asyncio.run(crawl()) == 2


class Away(AllTaken):
    """A database that does not answer."""

    async def take(self, host: str, delay_s: float, done: Collection[int]) -> SlotGrant:
        raise SlotsUnavailable("the database was away for 20 s")


def test_who_gets_no_turn_in_time_gives_up_and_says_so() -> None:
    pace = HostRateLimiter(1, AllTaken(), max_wait_s=0.05)
    with pytest.raises(HostAbandoned, match="no slot at a within 0 s, since too many requests wait there"):
        asyncio.run(pace.take("a"))


def test_without_a_place_to_take_turns_from_nothing_is_asked() -> None:
    with pytest.raises(HostAbandoned, match="no pace can be kept: the database was away"):
        asyncio.run(HostRateLimiter(1, Away()).take("a"))


@pytest.mark.parametrize("loop_factory", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_an_engine_asks_on_the_line_and_the_crawls_process_keeps_the_pace(
    tmp_path: Path, loop_factory: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    async def crawl() -> HostRateLimiter:
        pace = HostRateLimiter(0.05)
        server = RateLimitServer(tmp_path, pace)
        await server.start()
        line, other = RateLimitClient(tmp_path), RateLimitClient(tmp_path)

        async def ask(end: RateLimitClient, host: str) -> None:
            async with end.slot(host):
                pass

        await asyncio.gather(*(ask(end, "a") for end in (line, other, line, other)))
        assert (pace.statistics()["a"].shortest_gap_s or 0) >= 0.05
        line.raise_delay("b", 0.2)
        line.back_off("c", 3600)
        await ask(line, "b")
        with pytest.raises(HostAbandoned, match="c asked to be left alone"):
            await ask(line, "c")
        await server.close()
        return pace

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        kept = runner.run(crawl()).statistics()
    assert (kept["a"].requests, kept["b"].delay_s, kept["c"].requests) == (4, 0.2, 0)
    assert list(tmp_path.iterdir()) == []


def test_an_engine_whose_crawl_has_ended_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(CrawlLimitReached, match="no slots are granted any more"):
        asyncio.run(RateLimitClient(tmp_path).slot("a").__aenter__())


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 7 ", 7.0),
        ("Mon, 23 Nov 2026 22:10:00 GMT", 600.0),
        ("Mon, 23 Nov 2026 22:10:00 -0000", 600.0),
        ("Mon, 23 Nov 2026 21:00:00 GMT", 0.0),
        ("soon", None),
        ("", None),
        ("-5", None),
    ],
)
def test_retry_after_is_a_number_or_a_date(value: str, seconds: float | None) -> None:
    assert retry_after_s(value, datetime(2026, 11, 23, 22, 0, tzinfo=UTC)) == seconds
