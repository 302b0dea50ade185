"""Turns at a host: who may ask it when, over all crawls that take their turns from the same place.

A turn is a place at the host and a moment to leave; it ends when it is given back (``done``). Places bound how
many requests wait or are under way at a host at once, and a few of them are kept free for requests on demand. Two
requests leave at least the longer of their two pauses apart. `LocalSlots` serves one crawl by itself;
``storage.rate_limit.shared_limiter`` serves all of them from the database, by the same rules.
"""

import time
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final, Protocol

SLOTS_PER_HOST: Final = 6
"""Requests that may wait or be under way at one host at once."""

RESERVED_FOR_ON_DEMAND: Final = 2
"""How many of the places only requests on demand may take."""

MAX_WAIT_S: Final = 300.0
"""How long a crawl waits for one turn; then it gives up the host."""

ALLOWANCE_SHARE: Final = 0.1
LEAST_ALLOWANCE_S: Final = 0.02
"""How late a request may leave: so much of the pause, and as much as a busy machine needs to wake a process."""


def tolerance_s(delay_s: float) -> float:
    """How many seconds after its moment a request may still leave; the next one's pause begins after them."""
    return max(LEAST_ALLOWANCE_S, ALLOWANCE_SHARE * delay_s) if delay_s > 0 else 0.0


@dataclass(frozen=True, slots=True)
class SlotGrant:
    """An answer to the wish for a turn.

    ``turn_id`` None: there is none now. Then ``held`` says that the host is to be left alone for ``wait_s``, which
    is longer than anybody waits; else all places are taken and ``wait_s`` is when to ask again.
    """

    turn_id: int | None
    wait_s: float
    held: bool = False


class SlotsUnavailable(Exception):
    """The place where turns come from does not answer; the crawl ends, since no pace could be kept."""


class SlotSource(Protocol):
    """Where the turns of one crawl come from."""

    async def take(self, host: str, delay_s: float, done: Collection[int]) -> SlotGrant:
        """Ask for a turn, giving back those in ``done``; raises `SlotsUnavailable`."""
        ...

    async def back_off(self, host: str, seconds: float) -> None:
        """Have ``host`` left alone for so long from now; raises `SlotsUnavailable`."""
        ...

    async def close(self, done: Collection[int]) -> None:
        """Give back what is left."""
        ...


@dataclass(slots=True)
class _Host:
    last_at: float = float("-inf")
    last_delay_s: float = 0.0
    held_until: float = float("-inf")
    turns: set[int] = field(default_factory=set)


class LocalSlots:
    """Turns of one crawl by itself; nothing is kept free, since nobody else asks."""

    def __init__(self) -> None:
        self._hosts: dict[str, _Host] = {}
        self._last_id = 0

    async def take(self, host: str, delay_s: float, done: Collection[int]) -> SlotGrant:
        """The next turn."""
        for known in self._hosts.values():
            known.turns.difference_update(done)
        here = self._hosts.setdefault(host, _Host())
        now = time.monotonic()
        if here.held_until > now + MAX_WAIT_S:
            return SlotGrant(None, here.held_until - now, held=True)
        if len(here.turns) >= SLOTS_PER_HOST:
            return SlotGrant(None, max(0.05, delay_s))
        leaves_at = max(now, here.held_until, here.last_at + max(delay_s, here.last_delay_s))
        here.last_at, here.last_delay_s = leaves_at + tolerance_s(delay_s), delay_s
        self._last_id += 1
        here.turns.add(self._last_id)
        return SlotGrant(self._last_id, leaves_at - now)

    async def back_off(self, host: str, seconds: float) -> None:
        """Leave the host alone."""
        here = self._hosts.setdefault(host, _Host())
        here.held_until = max(here.held_until, time.monotonic() + seconds)

    async def close(self, done: Collection[int]) -> None:
        """Nothing is kept anywhere."""
