"""One pace per host over all crawls: real PostgreSQL, several processes, a clock that is one."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, text

from crawlers.rate_limit.limiter import HostAbandoned, HostRateLimiter
from crawlers.rate_limit.slots import RESERVED_FOR_ON_DEMAND, SLOTS_PER_HOST
from pipeline.config.settings import ROOT, DatabaseAccess
from storage.rate_limit.shared_limiter import QUIET_S, DatabaseSlots

CRAWLER = """
import asyncio, sys
from crawlers.rate_limit.limiter import HostRateLimiter
from storage.rate_limit.shared_limiter import DatabaseSlots

async def crawl(url, name, delay_s, count):
    pace = HostRateLimiter(delay_s, DatabaseSlots(url, name))
    async def ask():
        turn = await pace.take("t.me")
        print(turn.given_at, flush=True)
        pace.give_back(turn)
    await asyncio.gather(*(ask() for _ in range(count)))
    await pace.close()

asyncio.run(crawl(sys.stdin.readline().strip(), sys.argv[1], float(sys.argv[2]), int(sys.argv[3])))
"""


def crawler(access: DatabaseAccess, name: str, *, delay_s: float = 0.1, count: int = 8) -> subprocess.Popen[str]:
    started = subprocess.Popen(
        [sys.executable, "-c", CRAWLER, name, str(delay_s), str(count)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert started.stdin is not None
    started.stdin.write(access.writer_url + "\n")
    started.stdin.flush()
    return started


def times_of(started: subprocess.Popen[str]) -> list[float]:
    out, _ = started.communicate(timeout=60)
    assert started.returncode == 0
    return [float(line) for line in out.splitlines()]


@pytest.fixture
def writer(database: DatabaseAccess) -> Iterator[Connection]:
    engine = create_engine(database.writer_url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@asynccontextmanager
async def crawling(
    access: DatabaseAccess, name: str, delay_s: float = 0.0, *, on_demand: bool = False, max_wait_s: float = 300.0
) -> AsyncIterator[HostRateLimiter]:
    turns = DatabaseSlots(access.writer_url, name, on_demand=on_demand)
    pace = HostRateLimiter(delay_s, turns, max_wait_s=max_wait_s)
    turns.on_backoff = pace.notify_backoff
    yield pace
    await pace.close()


def test_requests_of_several_crawls_never_leave_closer_than_the_delay(database: DatabaseAccess) -> None:
    crawls = [crawler(database, f"crawl-{number}") for number in range(4)]
    times = sorted(at for crawl in crawls for at in times_of(crawl))
    assert len(times) == 32
    assert min(later - earlier for earlier, later in pairwise(times)) >= 0.1


def test_the_longer_of_two_pauses_is_kept_between_two_crawls(database: DatabaseAccess) -> None:
    crawls = [crawler(database, "quick", delay_s=0.05), crawler(database, "slow", delay_s=0.25, count=3)]
    quick, slow = (times_of(crawl) for crawl in crawls)
    times = sorted([*((at, 0.05) for at in quick), *((at, 0.25) for at in slow)])
    assert all(later - earlier >= max(a, b) for (earlier, a), (later, b) in pairwise(times))


def slots_in_use(writer: Connection) -> int:
    """How many places are taken now."""
    count = int(writer.execute(text("SELECT count(*) FROM traffic.turns")).scalar_one())
    writer.rollback()
    return count


def test_a_crawl_that_is_killed_loses_its_places_when_they_lapse(
    database: DatabaseAccess, writer: Connection
) -> None:
    killed = crawler(database, "killed", delay_s=30, count=SLOTS_PER_HOST)
    while slots_in_use(writer) < SLOTS_PER_HOST - RESERVED_FOR_ON_DEMAND:
        time.sleep(0.05)
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate()
    take = text(
        "SELECT turn_id IS NOT NULL FROM traffic.take_turn('t.me', 'next', FALSE, 0, 0, 6, 2, 300, 120, '{}', "
        "clock_timestamp() + make_interval(secs => :later))"
    )
    assert [writer.execute(take, {"later": later}).scalar_one() for later in (1, 900)] == [False, True]


def test_places_are_kept_free_for_what_a_person_asks_for(database: DatabaseAccess) -> None:
    async def night() -> None:
        async with (
            crawling(database, "nightly") as nightly,
            crawling(database, "asked", on_demand=True) as asked,
            crawling(database, "late", max_wait_s=0.01) as late,
        ):
            for _ in range(SLOTS_PER_HOST - RESERVED_FOR_ON_DEMAND):
                await nightly.take("t.me")
            with pytest.raises(HostAbandoned, match="too many requests wait there"):
                await late.take("t.me")
            for _ in range(RESERVED_FOR_ON_DEMAND):
                await asked.take("t.me")
            await late.take("elsewhere.example")

    asyncio.run(night())


def test_what_a_host_asks_of_one_crawl_all_others_obey_those_that_wait_included(database: DatabaseAccess) -> None:
    async def night() -> tuple[float, str]:
        async with crawling(database, "one", 1.0) as one, crawling(database, "two", 1.0) as two:
            one.give_back(await one.take("t.me"))
            waiting = asyncio.ensure_future(two.take("t.me"))
            await asyncio.sleep(0.05)
            held_at = time.monotonic()
            one.back_off("t.me", 1.8)
            await waiting
            waited_s = time.monotonic() - held_at
            one.back_off("t.me", 3600)
            with pytest.raises(HostAbandoned) as given_up:
                await two.take("t.me")
            return waited_s, given_up.value.reason

    waited_s, reason = asyncio.run(night())
    assert waited_s >= 1.8
    assert reason.startswith("t.me asked to be left alone for 3")


def test_a_connection_that_breaks_is_made_anew(database: DatabaseAccess) -> None:
    async def night() -> int:
        async with crawling(database, "one") as pace:
            pace.give_back(await pace.take("t.me"))
            admin = await asyncpg.connect(database.writer_url.replace("+psycopg2", ""))
            await admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'letapis-pace' "
                "AND datname = current_database() AND pid <> pg_backend_pid()"
            )
            await admin.close()
            pace.give_back(await pace.take("t.me"))
            return pace.statistics()["t.me"].requests

    assert asyncio.run(night()) == 2


def test_who_gives_a_place_back_and_asks_again_stands_behind_those_who_wait(writer: Connection) -> None:
    at = datetime(2026, 11, 23, 0, 15, tzinfo=UTC)

    def take(crawl: str, after_s: float, done: list[int]) -> int | None:
        asked = {"crawl": crawl, "on_demand": False, "delay": 1.0, "allowance": 0.1, "done": done}
        row = writer.execute(TAKE, {**asked, "at": at + timedelta(seconds=after_s)}).one()
        turn: int | None = row.turn_id
        return turn

    held = [take("first", 0, []) for _ in range(SLOTS_PER_HOST - RESERVED_FOR_ON_DEMAND)]
    assert take("second", 1, []) is None
    assert take("third", 1.5, []) is None
    assert take("first", 2, [held[0] or 0]) is None, "a place is free, and the second crawl is before it"
    assert take("third", 2.5, []) is None
    assert take("second", 3, []) is not None
    assert take("third", 3.5, [held[1] or 0]) is not None
    assert take("first", 20, [held[2] or 0]) is not None, "nobody else asks any more"
    writer.rollback()


TAKE = text(
    "SELECT turn_id, wait_s, held FROM traffic.take_turn('t.me', :crawl, :on_demand, :delay, :allowance, "
    "6, 2, 300, 120, :done, :at)"
)


@given(
    wishes=st.lists(
        st.tuples(
            st.floats(0, 3),  # seconds since the wish before
            st.sampled_from([0.0, 0.5, 1.0, 2.0]),  # the crawl's pause
            st.booleans(),  # on demand
            st.floats(0, 6),  # how long the exchange lasts
            st.one_of(st.just(0.0), st.floats(0, 30)),  # what the host asks for then
        ),
        max_size=40,
    )
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_however_crawls_come_and_go_the_rules_hold(writer: Connection, wishes: list[tuple[object, ...]]) -> None:
    now = datetime(2026, 11, 23, 0, 15, tzinfo=UTC)
    under_way: dict[int, tuple[datetime, bool]] = {}
    left: list[tuple[datetime, float]] = []
    held_until = now
    for gap_s, delay_s, on_demand, lasts_s, hold_s in wishes:
        now += timedelta(seconds=float(str(gap_s)))
        over = [turn for turn, (ends_at, _) in under_way.items() if ends_at <= now]
        nightly = sum(not asked for turn, (_, asked) in under_way.items() if turn not in over)
        allowance = 0.1 * float(str(delay_s))
        asked = {
            "crawl": "c",
            "on_demand": on_demand,
            "delay": delay_s,
            "allowance": allowance,
            "done": over,
            "at": now,
        }
        row = writer.execute(TAKE, asked).one()
        for turn in over:
            del under_way[turn]
        free = len(under_way) < SLOTS_PER_HOST and (on_demand or nightly < SLOTS_PER_HOST - RESERVED_FOR_ON_DEMAND)
        assert (row.turn_id is not None) == free
        if row.turn_id is not None:
            leaves_at = now + timedelta(seconds=row.wait_s)
            assert leaves_at >= held_until - timedelta(microseconds=2)
            left.append((leaves_at, float(str(delay_s))))
            under_way[row.turn_id] = (leaves_at + timedelta(seconds=float(str(lasts_s))), bool(on_demand))
        if hold_s:
            held_until = max(held_until, now + timedelta(seconds=float(str(hold_s))))
            writer.execute(text("SELECT traffic.hold_host('t.me', :s, :at)"), {"s": hold_s, "at": now})
    writer.rollback()
    assert all(
        (later - earlier).total_seconds() >= max(a, b) - 2e-6 for (earlier, a), (later, b) in pairwise(left)
    )


TAKE_ANY = text(
    "SELECT turn_id, wait_s FROM traffic.take_turn('t.me', :crawl, :on_demand, 1.0, 0.1, 6, 2, 300, 120, :done, "
    ":at, :quiet)"
)


class Lanes:
    """Crawls of each lane at one host that asks for a second between two requests, on a clock that is told."""

    def __init__(self, writer: Connection) -> None:
        self._writer = writer
        self._begins = datetime(2026, 11, 23, 0, 15, tzinfo=UTC)

    def take(
        self, lane: str, at_s: float, *, done: Sequence[int] = (), crawl: str | None = None
    ) -> tuple[int | None, float]:
        """The id of the slot, None where there is none now; and how long to wait."""
        values = {
            "crawl": crawl or lane,
            "on_demand": lane == "on demand",
            "done": list(done),
            "at": self._begins + timedelta(seconds=at_s),
            "quiet": QUIET_S if lane == "backfill" else None,
        }
        row = self._writer.execute(TAKE_ANY, values).one()
        return row.turn_id, row.wait_s


@pytest.fixture
def lanes(writer: Connection) -> Iterator[Lanes]:
    yield Lanes(writer)
    writer.rollback()


@pytest.mark.parametrize("other", ["night", "on demand"])
def test_whoever_comes_while_history_is_fetched_gets_the_next_slot(lanes: Lanes, other: str) -> None:
    history, wait_s = lanes.take("backfill", 0)
    assert (history is not None, wait_s) == (True, 0)
    slot, wait_s = lanes.take(other, 0.5)
    assert slot is not None, "though the request of history is still under way"
    assert wait_s == pytest.approx(0.6), "the pause after the request that has left, and no more"
    assert lanes.take("backfill", 1.2, done=[history or 0])[0] is None


def test_history_takes_no_place_from_anybody(lanes: Lanes) -> None:
    assert lanes.take("backfill", 0)[0] is not None
    nights = [lanes.take("night", 1, crawl=f"night {number}")[0] for number in range(5)]
    people = [lanes.take("on demand", 2, crawl=f"person {number}")[0] for number in range(3)]
    assert [each is not None for each in nights] == [True] * 4 + [False]
    assert [each is not None for each in people] == [True] * 2 + [False]


def test_history_never_books_a_moment_ahead_and_has_one_request_under_way(lanes: Lanes) -> None:
    first, _ = lanes.take("backfill", 0)
    assert lanes.take("backfill", 0.5) == (None, 1.0)
    slot, wait_s = lanes.take("backfill", 0.5, done=[first or 0])
    assert slot is None
    assert wait_s == pytest.approx(0.6), "asked again then, and nothing was promised meanwhile"
    assert lanes.take("backfill", 1.1)[0] is not None


def test_history_leaves_a_host_alone_for_a_minute_after_any_other_crawl_asked(lanes: Lanes) -> None:
    slot, _ = lanes.take("night", 0)
    assert lanes.take("backfill", 5, done=[slot or 0])[0] is None
    assert lanes.take("backfill", QUIET_S - 0.1)[0] is None
    assert lanes.take("backfill", QUIET_S + 0.1)[0] is not None


def test_history_waits_for_crawls_that_wait_themselves(lanes: Lanes) -> None:
    held = [lanes.take("night", 0, crawl=f"night {number}")[0] or 0 for number in range(4)]
    assert lanes.take("night", 50, crawl="late")[0] is None
    assert lanes.take("backfill", 100, done=held)[0] is None, "somebody waited there a moment ago"
    assert lanes.take("night", 100, crawl="late")[0] is not None


def test_history_obeys_what_a_host_asks_for(lanes: Lanes, writer: Connection) -> None:
    at = datetime(2026, 11, 23, 0, 15, tzinfo=UTC)
    writer.execute(text("SELECT traffic.hold_host('t.me', 100, :at)"), {"at": at})
    assert lanes.take("backfill", 0) == (None, 100)
    assert lanes.take("backfill", 100)[0] is not None
