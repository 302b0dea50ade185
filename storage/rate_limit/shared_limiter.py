"""Slots from the database: one rate limit per host over all crawls, on any worker, by the database's clock.

In: the writer's address. Out: `DatabaseSlots`, a ``crawlers.rate_limit.slots.SlotSource``: one statement per
request, each a transaction of its own, which also gives back the slots that are over. A crawl that is killed loses
its places when they lapse. A connection that breaks is made anew; where that fails for longer than `AWAY_S`,
raises ``SlotsUnavailable``. The rule is the database's function ``traffic.take_turn``.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection
from typing import Any, Final, TypeVar

import asyncpg

from crawlers.rate_limit.slots import (
    MAX_WAIT_S,
    RESERVED_FOR_ON_DEMAND,
    SLOTS_PER_HOST,
    SlotGrant,
    SlotsUnavailable,
    tolerance_s,
)

LAPSE_S: Final = 120.0
"""How long after its moment a slot that nobody gave back keeps its place: longer than nearly every exchange."""

AWAY_S: Final = 20.0
"""How long the database may be away, for a restart, before a crawl ends."""

AWAY: Final = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""How a database that restarts is noticed: during a query, between two, or while connecting."""

QUIET_S: Final = 60.0
"""How long a backfill leaves a host alone after another crawl asked for a slot: longer than between two crawls of
a night, and than a person's page takes."""

CHANNEL: Final = "traffic_held"

TAKE: Final = (
    "SELECT turn_id, wait_s, held FROM traffic.take_turn($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, NULL, $11)"
)
HOLD: Final = "SELECT traffic.hold_host($1, $2)"
GIVE_BACK: Final = (
    "DELETE FROM traffic.turns WHERE crawl_id = $1",
    "DELETE FROM traffic.waits WHERE crawl_id = $1",
)

Result = TypeVar("Result")


class DatabaseSlots:
    """The slots of one crawl. ``on_backoff`` is called with each host from which any crawl backs off.

    ``backfill``: it gets a slot only where no other crawl has one or asked for one within `QUIET_S`.
    """

    def __init__(self, writer_url: str, crawl_id: str, *, on_demand: bool = False, backfill: bool = False) -> None:
        # without SQLAlchemy's name of a driver: every crawl would spend 0.3 s of CPU to import it for this
        self._address = f"postgresql://{writer_url.partition('://')[2]}"
        self._crawl_id = crawl_id
        self._on_demand = on_demand
        self._backfill = backfill
        self.on_backoff: Callable[[str], None] = lambda _: None
        self._connection: Any = None
        self._querying = asyncio.Lock()

    async def take(self, host: str, delay_s: float, done: Collection[int]) -> SlotGrant:
        """Ask for a slot."""
        row = await self._query(
            lambda connection: connection.fetchrow(
                TAKE,
                host,
                self._crawl_id,
                self._on_demand,
                delay_s,
                tolerance_s(delay_s),
                SLOTS_PER_HOST,
                RESERVED_FOR_ON_DEMAND,
                MAX_WAIT_S,
                LAPSE_S,
                list(done),
                QUIET_S if self._backfill else None,
            )
        )
        return SlotGrant(row["turn_id"], row["wait_s"], row["held"])

    async def back_off(self, host: str, seconds: float) -> None:
        """Have every crawl back off from the host."""
        await self._query(lambda connection: connection.execute(HOLD, host, seconds))

    async def close(self, done: Collection[int]) -> None:
        """Give back every slot of this crawl; if the database is away, they lapse."""
        if self._connection is None:
            return
        try:
            for statement in GIVE_BACK:
                await self._connection.execute(statement, self._crawl_id)
            await self._connection.close(timeout=2)
        except (*AWAY, asyncpg.PostgresError):
            self._connection.terminate()

    async def _query(self, query: Callable[[Any], Awaitable[Result]]) -> Result:
        deadline = time.monotonic() + AWAY_S
        async with self._querying:
            while True:
                try:
                    return await query(await self._connected())
                except AWAY as away:
                    if self._connection is not None:
                        self._connection.terminate()
                    self._connection = None
                    if time.monotonic() > deadline:
                        raise SlotsUnavailable(f"the database was away for {AWAY_S:.0f} s: {away}") from away
                    await asyncio.sleep(0.2)
                except asyncpg.PostgresError as refused:
                    raise SlotsUnavailable(f"the database refused: {refused}") from refused

    async def _connected(self) -> Any:
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(
                self._address,
                timeout=10,
                command_timeout=10,
                # Losing the last moments of a pace costs one pause; waiting for the disk would cost every request.
                server_settings={"application_name": "letapis-pace", "synchronous_commit": "off"},
            )
            await self._connection.add_listener(CHANNEL, lambda *notice: self.on_backoff(str(notice[3])))
        return self._connection
