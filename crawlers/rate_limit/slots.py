"""The rule of the rate limiter: who may send a request to a host when, over all crawls with the same slot source.

A slot is a place among the requests to a host and a moment to send one; it ends when it is given back (``done``).
Places bound how many requests wait or are under way at a host at once; a few of them are reserved for requests on
demand. Two requests are sent at least the longer of their two delays apart. `LocalSlots` serves one crawl by
itself; ``storage.rate_limit.shared_limiter`` serves all crawls from the database. Both follow the same rule, which
``tests/storage/rate_limit/test_same_rule.py`` holds.
"""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Final, Protocol

SLOTS_PER_HOST: Final = 6
"""Requests that may wait or be under way at one host at once."""

RESERVED_FOR_ON_DEMAND: Final = 2
"""How many of the places only requests on demand may take."""

MAX_WAIT_S: Final = 300.0
"""How long a crawl waits for one slot; then it abandons the host."""

LEAST_PAUSE_S: Final = 0.05
"""How soon a crawl may ask again where all places are taken, at a host without a delay."""

TOLERANCE_SHARE: Final = 0.1
LEAST_TOLERANCE_S: Final = 0.02
"""How late a request may be sent: this share of the delay, and as much as a busy machine needs to wake a process.
"""


def tolerance_s(delay_s: float) -> float:
    """How many seconds after its moment a request may still be sent; the next one's delay begins after them."""
    return max(LEAST_TOLERANCE_S, TOLERANCE_SHARE * delay_s) if delay_s > 0 else 0.0


@dataclass(frozen=True, slots=True)
class SlotGrant:
    """The answer to a request for a slot.

    ``slot_id`` is None where there is none now. Then ``backed_off`` says that the host is in back-off for
    ``wait_s``, which is longer than any crawl waits; else all places are taken and ``wait_s`` is when to ask
    again.
    """

    slot_id: int | None
    wait_s: float
    backed_off: bool = False


class SlotsUnavailable(Exception):
    """The source of slots does not answer; the crawl ends, since no rate could be kept."""


class SlotSource(Protocol):
    """Where the slots of one crawl come from."""

    async def take(self, host: str, delay_s: float, done: Collection[int]) -> SlotGrant:
        """Ask for a slot, giving back those in ``done``; raises `SlotsUnavailable`."""
        ...

    async def back_off(self, host: str, seconds: float) -> None:
        """Have no request sent to ``host`` for so long from now; raises `SlotsUnavailable`."""
        ...

    async def close(self, done: Collection[int]) -> None:
        """Give back what is left."""
        ...


@dataclass(slots=True)
class _HostSlots:
    last_at: float = float("-inf")
    last_delay_s: float = 0.0
    backed_off_until: float = float("-inf")
    taken: set[int] = field(default_factory=set)


class LocalSlots:
    """Slots of one crawl by itself; no place is reserved, since nobody else asks. ``clock`` counts seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._hosts: dict[str, _HostSlots] = {}
        self._last_id = 0

    async def take(self, host: str, delay_s: float, done: Collection[int]) -> SlotGrant:
        """The next slot."""
        for known in self._hosts.values():
            known.taken.difference_update(done)
        here = self._hosts.setdefault(host, _HostSlots())
        now = self._clock()
        if here.backed_off_until > now + MAX_WAIT_S:
            return SlotGrant(None, here.backed_off_until - now, backed_off=True)
        if len(here.taken) >= SLOTS_PER_HOST:
            return SlotGrant(None, max(LEAST_PAUSE_S, delay_s))
        send_at = max(now, here.backed_off_until, here.last_at + max(delay_s, here.last_delay_s))
        here.last_at, here.last_delay_s = send_at + tolerance_s(delay_s), delay_s
        self._last_id += 1
        here.taken.add(self._last_id)
        return SlotGrant(self._last_id, send_at - now)

    async def back_off(self, host: str, seconds: float) -> None:
        """Send nothing to the host for so long; a later and shorter back-off does not shorten an earlier one."""
        here = self._hosts.setdefault(host, _HostSlots())
        here.backed_off_until = max(here.backed_off_until, self._clock() + seconds)

    async def close(self, done: Collection[int]) -> None:
        """Nothing is kept anywhere."""
