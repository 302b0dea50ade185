"""The rate limiter of one crawl: it waits for slots at each host and records the pace that was kept.

Requests to one host are sent at least the crawl's delay apart; robots.txt may ask for more, and a little is added
at random, since an exact rhythm is no reader's. A slot that could not be used in time, because the machine was
busy or the host asked for a back-off meanwhile, is given back and another is taken, so that no two requests are
ever sent closer together. Raises `HostAbandoned` where the next slot is further away than any crawl waits.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace

from crawlers.http_client import FetchFailed
from crawlers.model.report import HostStatistics
from crawlers.rate_limit.slots import MAX_WAIT_S, LocalSlots, SlotSource, SlotsUnavailable, tolerance_s

LONGEST_DELAY_S = 60.0
"""A longer delay that robots.txt asks for is kept at this: a list of a hundred pages then takes two hours."""


class HostAbandoned(FetchFailed):
    """This crawl sends nothing more to the host: its next slot is too far away. What was captured is kept."""


@dataclass(frozen=True, slots=True)
class Slot:
    """Leave to send one request, given at ``given_at`` and good until ``leave_by``.

    Both are times of `time.monotonic`; ``leave_by`` is None where the host has no delay.
    """

    id: int
    host: str
    leave_by: float | None
    given_at: float

    @property
    def late(self) -> bool:
        """Whether the moment has passed."""
        return self.leave_by is not None and time.monotonic() > self.leave_by


@dataclass(slots=True)
class _HostState:
    delay_s: float
    requests: int = 0
    last_at: float | None = None
    shortest_gap_s: float | None = None
    waited_s: float = 0.0
    backoff_s: float = 0.0
    abandoned_because: str | None = None
    reserving: asyncio.Lock = field(default_factory=asyncio.Lock)
    backed_off: asyncio.Event = field(default_factory=asyncio.Event)
    """Set at a back-off, for all that wait then; a new one stands here for those that come later."""
    released: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when this crawl gives a slot back, so that its next request need not wait longer for a place."""

    def interrupt_waits(self) -> None:
        """Wake all that wait for a moment that is no longer theirs."""
        self.backed_off.set()
        self.backed_off = asyncio.Event()


class HostRateLimiter:
    """The rate limiter of one crawl. ``slots`` None: the crawl keeps its own. ``max_wait_s`` is for one slot."""

    def __init__(self, delay_s: float, slots: SlotSource | None = None, *, max_wait_s: float = MAX_WAIT_S) -> None:
        self._delay_s = delay_s
        self._slots = slots or LocalSlots()
        self._max_wait_s = max_wait_s
        self._hosts: dict[str, _HostState] = {}
        self._released: list[int] = []
        self._backoffs: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def slot(self, host: str) -> AsyncIterator[None]:
        """Wait for a slot at ``host`` and keep it while the request is under way."""
        taken = await self.take(host)
        while taken.late:
            self.give_back(taken, unused=True)
            taken = await self.take(host)
        try:
            yield
        finally:
            self.give_back(taken)

    async def take(self, host: str) -> Slot:
        """Wait for a slot, which the caller gives back. Raises `HostAbandoned`."""
        state = self._state(host)
        requested_at = time.monotonic()
        while True:
            backed_off = state.backed_off
            reserved = await self._reserve(host, state, requested_at)
            # Up to half of what it may be late, so that waking up has the other half.
            spread_s = random.uniform(0, tolerance_s(state.delay_s) / 2)  # noqa: S311 - no secret
            undisturbed = await _wait_until(reserved.given_at + spread_s, backed_off)
            now = time.monotonic()
            slot = replace(reserved, given_at=now, leave_by=reserved.leave_by if state.delay_s else None)
            if undisturbed and (slot.leave_by is None or now <= slot.leave_by):
                break
            # A back-off came while this waited for its moment, or the machine was too busy to wake it in time.
            self._released.append(slot.id)
        state.waited_s += now - requested_at
        state.requests += 1
        if state.last_at is not None:
            gap_s = now - state.last_at
            state.shortest_gap_s = gap_s if state.shortest_gap_s is None else min(state.shortest_gap_s, gap_s)
        state.last_at = now
        return slot

    def give_back(self, slot: Slot, *, unused: bool = False) -> None:
        """The request is over, or was never sent; the source of slots learns it at the next request for one."""
        state = self._hosts[slot.host]
        self._released.append(slot.id)
        state.released.set()
        if unused:
            state.requests -= 1

    def back_off(self, host: str, seconds: float) -> None:
        """Send nothing to ``host`` for so many seconds from now, in this crawl or any other."""
        state = self._state(host)
        state.backoff_s += seconds
        state.interrupt_waits()
        # The event loop alone would not keep a reference to the task.
        task = asyncio.ensure_future(self._slots.back_off(host, seconds))
        self._backoffs.add(task)
        task.add_done_callback(self._backoffs.discard)

    def notify_backoff(self, host: str) -> None:
        """Another crawl has backed off from ``host``."""
        if host in self._hosts:
            self._hosts[host].interrupt_waits()

    def raise_delay(self, host: str, delay_s: float) -> None:
        """Keep at least this delay at ``host``: its robots.txt asks for it."""
        state = self._state(host)
        state.delay_s = max(state.delay_s, min(delay_s, LONGEST_DELAY_S))

    def statistics(self) -> dict[str, HostStatistics]:
        """The pace that was kept, by host."""
        return {
            host: HostStatistics(
                requests=state.requests,
                delay_s=state.delay_s,
                shortest_gap_s=None if state.shortest_gap_s is None else round(state.shortest_gap_s, 3),
                waited_s=round(state.waited_s, 3),
                held_s=round(state.backoff_s, 3),
                given_up=state.abandoned_because,
            )
            for host, state in sorted(self._hosts.items())
            if state.requests or state.abandoned_because
        }

    async def close(self) -> None:
        """Give back every slot."""
        if self._backoffs:
            await asyncio.gather(*self._backoffs, return_exceptions=True)
        await self._slots.close(tuple(self._released))
        self._released.clear()

    def _state(self, host: str) -> _HostState:
        return self._hosts.setdefault(host, _HostState(self._delay_s))

    async def _reserve(self, host: str, state: _HostState, requested_at: float) -> Slot:
        """A slot whose ``given_at`` is its earliest moment; requests of one crawl reserve in their order."""
        async with state.reserving:
            while True:
                if state.abandoned_because is not None:
                    raise HostAbandoned(state.abandoned_because)
                if self._backoffs:  # a source that cannot take a back-off has no slot either
                    await asyncio.gather(*self._backoffs, return_exceptions=True)
                done, self._released = self._released, []
                state.released.clear()
                sent_at = time.monotonic()
                try:
                    grant = await self._slots.take(host, state.delay_s, done)
                except SlotsUnavailable as problem:
                    state.abandoned_because = f"{host} is not asked, since no pace can be kept: {problem}"
                    continue
                if grant.slot_id is not None:
                    # The database counts from some moment between our question and its answer: never send before
                    # the wait counted from the answer, never after the one counted from the question.
                    leave_by = sent_at + grant.wait_s + tolerance_s(state.delay_s)
                    return Slot(grant.slot_id, host, leave_by, time.monotonic() + grant.wait_s)
                if grant.backed_off:
                    state.abandoned_because = (
                        f"{host} asked to be left alone for {grant.wait_s:.0f} s more; "
                        "what still waited was not requested"
                    )
                elif time.monotonic() - requested_at > self._max_wait_s:
                    state.abandoned_because = (
                        f"no slot at {host} within {self._max_wait_s:.0f} s, since too many requests wait there; "
                        "what still waited was not requested"
                    )
                else:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(grant.wait_s * random.uniform(0.5, 1.5)):  # noqa: S311 - no secret
                            await state.released.wait()


async def _wait_until(at: float, backed_off: asyncio.Event) -> bool:
    """Whether the moment came without a back-off before it."""
    wait_s = at - time.monotonic()
    if wait_s <= 0:
        return not backed_off.is_set()
    try:
        async with asyncio.timeout(wait_s):
            await backed_off.wait()
    except TimeoutError:
        return True
    return False
