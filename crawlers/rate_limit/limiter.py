"""When a host may be asked again, for one crawl: it waits for its turns and accounts for the pace it kept.

Requests to one host leave at least the crawl's delay apart, robots.txt may ask for more, and a little is added at
random, since a steady beat is no reader's. A turn that could not be used in time, because the machine was busy or
the host asked to be left alone meanwhile, is given back and taken anew, so that no two requests ever leave closer
than that. Raises `HostAbandoned` where a turn is further away than anybody waits.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from crawlers.http_client import FetchFailed
from crawlers.model.report import HostStatistics
from crawlers.rate_limit.slots import MAX_WAIT_S, LocalSlots, SlotSource, SlotsUnavailable, tolerance_s

LONGEST_DELAY_S = 60.0
"""A longer pause asked for by robots.txt is kept at this: a list of a hundred pages then takes two hours."""


class HostAbandoned(FetchFailed):
    """The host is not asked any more by this crawl: its turn is too far away. What was captured is kept."""


@dataclass(frozen=True, slots=True)
class Slot:
    """Leave to ask, given at ``given_at`` and good until ``leave_by`` (`time.monotonic`; None: at any time)."""

    id: int
    host: str
    leave_by: float | None
    given_at: float

    @property
    def late(self) -> bool:
        """Whether the moment has passed."""
        return self.leave_by is not None and time.monotonic() > self.leave_by


@dataclass(frozen=True, slots=True)
class _Reservation:
    turn_id: int
    not_before: float
    leave_by: float


@dataclass(slots=True)
class _HostState:
    delay_s: float
    requests: int = 0
    last_at: float | None = None
    shortest_gap_s: float | None = None
    waited_s: float = 0.0
    held_s: float = 0.0
    given_up: str | None = None
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)
    held: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the host is held, for all who wait then; a new one stands here for those who come later."""
    returned: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when this crawl gives a turn back, so that its next request need not wait out its time for a place."""

    def back_off(self) -> None:
        """Wake all who wait for a moment that is no longer theirs."""
        self.held.set()
        self.held = asyncio.Event()


class HostRateLimiter:
    """The pace of one crawl. ``turns`` None: the crawl goes by itself."""

    def __init__(self, delay_s: float, turns: SlotSource | None = None, *, patience_s: float = MAX_WAIT_S) -> None:
        self._delay_s = delay_s
        self._turns = turns or LocalSlots()
        self._patience_s = patience_s
        self._accounts: dict[str, _HostState] = {}
        self._done: list[int] = []
        self._holding: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def slot(self, host: str) -> AsyncIterator[None]:
        """Wait for the turn to ask ``host``, and hold it while the request is under way."""
        taken = await self.take(host)
        while taken.late:
            self.give_back(taken, unused=True)
            taken = await self.take(host)
        try:
            yield
        finally:
            self.give_back(taken)

    async def take(self, host: str) -> Slot:
        """Wait for a turn; whoever takes one gives it back. Raises `HostAbandoned`."""
        account = self._account(host)
        asked_at = time.monotonic()
        while True:
            held = account.held
            place = await self._place(host, account, asked_at)
            # Up to half of what it may be late, so that waking up has the other half.
            spread_s = random.uniform(0, tolerance_s(account.delay_s) / 2)  # noqa: S311 - no secret
            waited = await _waited(place.not_before + spread_s, held)
            now = time.monotonic()
            if waited and (not account.delay_s or now <= place.leave_by):
                break
            # The host was held while this waited for its moment, or the machine was too busy to wake it in time.
            self._done.append(place.turn_id)
        account.waited_s += now - asked_at
        account.requests += 1
        if account.last_at is not None:
            gap_s = now - account.last_at
            account.shortest_gap_s = (
                gap_s if account.shortest_gap_s is None else min(account.shortest_gap_s, gap_s)
            )
        account.last_at = now
        return Slot(place.turn_id, host, place.leave_by if account.delay_s else None, now)

    def give_back(self, slot: Slot, *, unused: bool = False) -> None:
        """The request is over, or never left; told with the next wish."""
        account = self._accounts[slot.host]
        self._done.append(slot.id)
        account.returned.set()
        if unused:
            account.requests -= 1

    def back_off(self, host: str, seconds: float) -> None:
        """Leave ``host`` alone for so many seconds from now, whoever asks."""
        account = self._account(host)
        account.held_s += seconds
        account.back_off()
        # kept: the loop alone would let go of it
        task = asyncio.ensure_future(self._turns.back_off(host, seconds))
        self._holding.add(task)
        task.add_done_callback(self._holding.discard)

    def notify_backoff(self, host: str) -> None:
        """Another crawl has heard that ``host`` is to be left alone."""
        if host in self._accounts:
            self._accounts[host].back_off()

    def raise_delay(self, host: str, delay_s: float) -> None:
        """Keep at least this pause at ``host``: its robots.txt asks for it."""
        account = self._account(host)
        account.delay_s = max(account.delay_s, min(delay_s, LONGEST_DELAY_S))

    def statistics(self) -> dict[str, HostStatistics]:
        """The pace that was kept, by host."""
        return {
            host: HostStatistics(
                requests=account.requests,
                delay_s=account.delay_s,
                shortest_gap_s=_rounded(account.shortest_gap_s),
                waited_s=round(account.waited_s, 3),
                held_s=round(account.held_s, 3),
                given_up=account.given_up,
            )
            for host, account in sorted(self._accounts.items())
            if account.requests or account.given_up
        }

    async def close(self) -> None:
        """Give back every turn."""
        if self._holding:
            await asyncio.gather(*self._holding, return_exceptions=True)
        await self._turns.close(tuple(self._done))
        self._done.clear()

    def _account(self, host: str) -> _HostState:
        return self._accounts.setdefault(host, _HostState(self._delay_s))

    async def _place(self, host: str, account: _HostState, asked_at: float) -> _Reservation:
        """A turn and its moment; requests of one crawl ask one after the other, in their order."""
        async with account.asking:
            while True:
                if account.given_up is not None:
                    raise HostAbandoned(account.given_up)
                if self._holding:  # what cannot be had there will not be had for the turn either
                    await asyncio.gather(*self._holding, return_exceptions=True)
                done, self._done = self._done, []
                account.returned.clear()
                sent_at = time.monotonic()
                try:
                    taken = await self._turns.take(host, account.delay_s, done)
                except SlotsUnavailable as problem:
                    account.given_up = f"{host} is not asked, since no pace can be kept: {problem}"
                    continue
                if taken.turn_id is not None:
                    # The database counts from some moment between sending and hearing: never before the one,
                    # never after the other.
                    late = sent_at + taken.wait_s + tolerance_s(account.delay_s)
                    return _Reservation(taken.turn_id, time.monotonic() + taken.wait_s, late)
                if taken.held:
                    account.given_up = (
                        f"{host} asked to be left alone for {taken.wait_s:.0f} s more; "
                        "what still waited was not asked for"
                    )
                elif time.monotonic() - asked_at > self._patience_s:
                    account.given_up = (
                        f"no turn at {host} within {self._patience_s:.0f} s, so many others ask it; "
                        "what still waited was not asked for"
                    )
                else:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(taken.wait_s * random.uniform(0.5, 1.5)):  # noqa: S311 - no secret
                            await account.returned.wait()


async def _waited(at: float, held: asyncio.Event) -> bool:
    """Whether the moment came without the host being held before."""
    wait_s = at - time.monotonic()
    if wait_s <= 0:
        return not held.is_set()
    try:
        async with asyncio.timeout(wait_s):
            await held.wait()
    except TimeoutError:
        return True
    return False


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
