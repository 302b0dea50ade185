"""The rule of the rate limiter stands twice, in Python and in the database: both grant the same slots.

One crawl whose places are not bound by others (on demand, nothing lapses) takes, gives back and backs off at
random times; each step is done by both, on one clock, and both have to answer alike. What the database adds for
several crawls (reserved places, order of those that wait, lapsing) is held by ``test_shared_limiter.py``.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, text

from crawlers.rate_limit.slots import (
    MAX_WAIT_S,
    RESERVED_FOR_ON_DEMAND,
    SLOTS_PER_HOST,
    LocalSlots,
    SlotGrant,
    tolerance_s,
)
from pipeline.config.settings import DatabaseAccess

START = datetime(2026, 11, 23, 0, 15, tzinfo=UTC)
NEVER_S = 10.0**8
TAKE = text(
    "SELECT turn_id, wait_s, held FROM traffic.take_turn(:host, 'crawl', TRUE, :delay, :tolerance, "
    ":slots, :reserved, :max_wait, :lapse, :done, :at)"
)
BACK_OFF = text("SELECT traffic.hold_host(:host, :seconds, :at)")

TICK_S = 1 / 64
"""Exact in binary fractions and in microseconds, so that no comparison differs by rounding alone."""


def ticks(longest_s: float) -> st.SearchStrategy[float]:
    return st.integers(0, int(longest_s / TICK_S)).map(lambda count: count * TICK_S)


@dataclass(frozen=True)
class Take:
    """``given_back``: positions, in the order of granting, of the slots given back with it."""

    host: str
    delay_s: float
    given_back: frozenset[int]


@dataclass(frozen=True)
class BackOff:
    host: str
    seconds: float


hosts = st.sampled_from(["a.example", "b.example"])
takes = st.builds(
    Take, hosts, st.sampled_from([0.0, 0.0, 0.125, 1.0, 2.5, 60.0]), st.frozensets(st.integers(0, 7))
)
backoffs = st.builds(
    BackOff, hosts, ticks(10) | ticks(2 * MAX_WAIT_S) | st.sampled_from([MAX_WAIT_S, MAX_WAIT_S + TICK_S])
)
steps = st.lists(st.tuples(ticks(3) | ticks(700), takes | takes | takes | backoffs), min_size=1, max_size=40)


class BothRules:
    """One clock, the Python rule and the database's."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._elapsed_s = 0.0
        self._local = LocalSlots(clock=lambda: self._elapsed_s)
        self._held: list[tuple[int, int]] = []

    def after(self, seconds: float) -> None:
        self._elapsed_s += seconds

    @property
    def _at(self) -> datetime:
        return START + timedelta(seconds=self._elapsed_s)

    def take(self, step: Take) -> tuple[SlotGrant, SlotGrant]:
        done = [pair for number, pair in enumerate(self._held) if number in step.given_back]
        self._held = [pair for pair in self._held if pair not in done]
        local = asyncio.run(self._local.take(step.host, step.delay_s, [local for local, _ in done]))
        row = self._connection.execute(
            TAKE,
            {
                "host": step.host,
                "delay": step.delay_s,
                "tolerance": tolerance_s(step.delay_s),
                "slots": SLOTS_PER_HOST,
                "reserved": RESERVED_FOR_ON_DEMAND,
                "max_wait": MAX_WAIT_S,
                "lapse": NEVER_S,
                "done": [shared for _, shared in done],
                "at": self._at,
            },
        ).one()
        if local.slot_id is not None and row.turn_id is not None:
            self._held.append((local.slot_id, row.turn_id))
        return local, SlotGrant(row.turn_id, row.wait_s, row.held)

    def back_off(self, step: BackOff) -> None:
        asyncio.run(self._local.back_off(step.host, step.seconds))
        self._connection.execute(BACK_OFF, {"host": step.host, "seconds": step.seconds, "at": self._at})


@pytest.fixture
def writer(database: DatabaseAccess) -> Iterator[Connection]:
    engine = create_engine(database.writer_url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@example(steps=[(0.0, BackOff("a.example", MAX_WAIT_S)), (0.0, Take("a.example", 0.0, frozenset()))])
@example(
    steps=[
        *((0.0, Take("a.example", 0.0, frozenset())) for _ in range(SLOTS_PER_HOST)),
        (0.0, Take("b.example", 0.0, frozenset({0}))),
        (0.0, Take("a.example", 0.0, frozenset())),
        (0.0, Take("a.example", 0.0, frozenset())),
    ]
)
@given(steps=steps)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_both_grant_the_same_slots_at_the_same_times(
    writer: Connection, steps: list[tuple[float, Take | BackOff]]
) -> None:
    both = BothRules(writer)
    try:
        for pause_s, step in steps:
            both.after(pause_s)
            if isinstance(step, BackOff):
                both.back_off(step)
                continue
            local, shared = both.take(step)
            assert (local.slot_id is None, local.backed_off) == (shared.slot_id is None, shared.backed_off)
            assert local.wait_s == pytest.approx(shared.wait_s, abs=1e-5)
    finally:
        writer.rollback()
