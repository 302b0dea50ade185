"""Slots: the names under which pywb asks back, each meaning one request that is being answered, and nothing
between.

In: names that only pywb's configuration and the gateway know. Out: `Slot`s, one holder at a time. pywb is told a
slot in the path; the index lines and records that it then asks for come back with that slot, and are answered for
the capability of the request that holds it.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from access.replay.capability import ReplayCapability
from storage.catalogue.captures import Capture


@dataclass(slots=True)
class Slot:
    """``offered`` are the captures that were named to pywb in this slot."""

    name: str
    capability: ReplayCapability | None = None
    offered: dict[str, Capture] = field(default_factory=dict)


class Slots:
    """As many requests as there are names are answered at once; others wait."""

    def __init__(self, names: Iterable[str]) -> None:
        self._by_name = {name: Slot(name) for name in names}
        self._free: asyncio.Queue[Slot] = asyncio.Queue()
        for slot in self._by_name.values():
            self._free.put_nowait(slot)

    def held(self, name: str) -> Slot | None:
        """The slot of this name while a request holds it; None of a name that is free or unknown."""
        slot = self._by_name.get(name)
        return slot if slot is not None and slot.capability is not None else None

    @asynccontextmanager
    async def taken(self, capability: ReplayCapability) -> AsyncIterator[Slot]:
        """A slot for the length of one request."""
        slot = await self._free.get()
        slot.capability, slot.offered = capability, {}
        try:
            yield slot
        finally:
            slot.capability = None
            slot.offered = {}
            self._free.put_nowait(slot)
