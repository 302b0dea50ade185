"""Addresses that wait are claimed by one process each, under a lease by the database's clock.

In: a connection of the writer; the caller's transaction decides. Out: `Claim`, `Order`. Guaranteed: of several
that claim at once each gets another address (`FOR UPDATE SKIP LOCKED`); who has not renewed a claim in time can
neither renew nor end it any more, whoever has the address by then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, insert, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert

from storage.errors import StorageError
from storage.work_queue.tables import orders, workers

LEASE_S: Final = 15.0
"""Seconds for which a claim holds without being renewed: so long a killed worker's address waits for another."""

AWAITED_S: Final = 20.0
"""Seconds after which a task or command that waited, and gives no sign of life, has ended or was stopped."""

WAITING_FOR_AT_MOST: Final = timedelta(days=1)
"""What has waited longer is claimed only for somebody who waits now: the person may have long stopped waiting."""

KEPT_FOR: Final = timedelta(days=30)
"""Rows of what has ended are needed only until its task, or its next try, has seen them."""

NOW: Final = func.clock_timestamp()

FREE: Final = or_(orders.c.lease_until.is_(None), orders.c.lease_until <= NOW)

CLAIMABLE: Final = or_(
    orders.c.awaited_until > NOW,
    and_(orders.c.awaited_until.is_(None), orders.c.ordered_at > NOW - WAITING_FOR_AT_MOST),
)
"""Somebody waits now, however old the order is, or nobody does yet."""

AWAITED: Final = or_(orders.c.awaited_until.is_(None), orders.c.awaited_until > NOW)


class LeaseLostError(StorageError):
    """The claim was not renewed in time, and another may have the address; its holder writes no result of it."""

    def __init__(self, request_id: str, number: int) -> None:
        super().__init__(
            f"Address {number + 1} of request {request_id}: the lease on it has ended, so another worker goes on "
            "with it. Nothing was written as its result; what was captured stays in the archive or the spool."
        )
        self.request_id = request_id
        self.number = number


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to work on an address (``number`` from 0) for the time of a lease; ``attempt`` counts from 1."""

    request_id: str
    number: int
    claimed_by: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Order:
    """How an address stands: ``claimed_by`` is who has or had it; ``broken`` is None until ``ended_at`` is set.

    ``free``: its lease has ended, or nobody had claimed it.
    """

    request_id: str
    number: int
    attempt: int
    claimed_by: str | None
    ended_at: datetime | None
    broken: bool | None
    free: bool = True


def order(connection: Connection, request_id: str, addresses: int) -> None:
    """Put every address of a new request into the queue."""
    rows = [
        {"request_id": request_id, "number": number, "ordered_at": NOW, "attempt": 0}
        for number in range(addresses)
    ]
    connection.execute(insert(orders).values(rows))


def take_up(connection: Connection, request_id: str, number: int, run: str) -> Order:
    """Wait for the address as ``run``; what had ended for another run before is ordered anew.

    So the first to wait for an address takes what came of it, and who starts again gets a capture of its own.
    """
    mine = and_(orders.c.request_id == request_id, orders.c.number == number)
    connection.execute(
        upsert(orders)
        .values(request_id=request_id, number=number, ordered_at=NOW, attempt=0)
        .on_conflict_do_nothing()
    )
    row = connection.execute(select(orders).where(mine).with_for_update()).one()
    values: dict[str, object] = {"run": run, "awaited_until": _in(AWAITED_S)}
    if row.ended_at is not None and row.run not in (None, run):
        values |= {"ordered_at": NOW, "attempt": 0}
        values |= dict.fromkeys(("claimed_by", "lease_until", "ended_at", "broken"))
    return _order_of(
        connection.execute(update(orders).where(mine).values(values).returning(orders, FREE.label("free"))).one()
    )


def still_awaited(connection: Connection, request_id: str, number: int) -> None:
    """Somebody goes on waiting for the address."""
    mine = and_(orders.c.request_id == request_id, orders.c.number == number, orders.c.awaited_until.is_not(None))
    connection.execute(update(orders).where(mine).values(awaited_until=_in(AWAITED_S)))


def order_of(connection: Connection, request_id: str, number: int) -> Order | None:
    """How the address stands; None where it was never ordered, or long ago."""
    query = select(orders, FREE.label("free")).where(orders.c.request_id == request_id, orders.c.number == number)
    row = connection.execute(query).first()
    return None if row is None else _order_of(row)


def claim(
    connection: Connection, claimed_by: str, *, of: tuple[str, int] | None = None, lease_s: float = LEASE_S
) -> Claim | None:
    """The next address that nobody holds, or the one that ``of`` names; None where there is none.

    Nobody gets what nobody waits for any more. The first addresses of all requests come before their second ones,
    so that one page never waits behind a list.
    """
    free = (
        select(orders.c.request_id, orders.c.number)
        .where(
            orders.c.ended_at.is_(None),
            FREE,
            CLAIMABLE if of is None else tuple_(orders.c.request_id, orders.c.number) == of,
        )
        .order_by(orders.c.number, orders.c.ordered_at)
        .limit(1)
        .with_for_update(skip_locked=True)
        .cte("free")
    )
    values: dict[str, object] = {"claimed_by": claimed_by, "attempt": orders.c.attempt + 1}
    if of is not None:
        values["awaited_until"] = None  # who waits for it does it
    taken = (
        update(orders)
        .where(orders.c.request_id == free.c.request_id, orders.c.number == free.c.number)
        .values(values | {"lease_until": _in(lease_s)})
        .returning(orders.c.request_id, orders.c.number, orders.c.attempt)
    )
    row = connection.execute(taken).first()
    return None if row is None else Claim(row.request_id, row.number, claimed_by, row.attempt)


def renew(connection: Connection, held: Claim, *, lease_s: float = LEASE_S) -> bool:
    """Hold the claim for the time of another lease from now; returns whether its result is still awaited.

    Raises `LeaseLostError` where another may have it.
    """
    renewed = update(orders).where(_held(held)).values(lease_until=_in(lease_s))
    row = connection.execute(renewed.returning(AWAITED.label("awaited"))).first()
    if row is None:
        raise LeaseLostError(held.request_id, held.number)
    return bool(row.awaited)


def end(connection: Connection, held: Claim, *, broken: bool) -> None:
    """The work is done, or has broken off; raises `LeaseLostError`, and the caller's result is not to be kept."""
    ended = update(orders).where(_held(held)).values(ended_at=NOW, broken=broken)
    if connection.execute(ended).rowcount != 1:
        raise LeaseLostError(held.request_id, held.number)


def give_back(connection: Connection, held: Claim) -> None:
    """Another may have the address at once, and this attempt does not count: its worker was told to stop."""
    back = {"lease_until": None, "claimed_by": None, "attempt": orders.c.attempt - 1}
    connection.execute(update(orders).where(_held(held)).values(back))


def wait_no_more(connection: Connection, request_id: str) -> None:
    """Nobody waits for a request any more: what has begun of it is stopped, and the rest does not begin."""
    connection.execute(
        update(orders)
        .where(orders.c.request_id == request_id, orders.c.ended_at.is_(None))
        .values(run="nobody", awaited_until=NOW)
    )


def beat(connection: Connection, worker: str) -> None:
    """The worker lives."""
    row = upsert(workers).values(name=worker, seen_at=NOW)
    connection.execute(row.on_conflict_do_update(index_elements=["name"], set_={"seen_at": NOW}))


def leave(connection: Connection, worker: str) -> None:
    """The worker ends by itself; nobody waits for it any more."""
    connection.execute(delete(workers).where(workers.c.name == worker))


def living_workers(connection: Connection, *, within_s: float = LEASE_S) -> Sequence[str]:
    """Names of the workers that gave a sign of life within so many seconds."""
    query = select(workers.c.name).where(workers.c.seen_at > NOW - timedelta(seconds=within_s))
    return tuple(connection.scalars(query.order_by(workers.c.name)))


def forget_old(connection: Connection) -> None:
    """Remove rows of what ended long ago, and of workers that are long gone."""
    connection.execute(delete(orders).where(orders.c.ended_at < NOW - KEPT_FOR))
    connection.execute(delete(workers).where(workers.c.seen_at < NOW - WAITING_FOR_AT_MOST))


def _in(seconds: float) -> object:
    return NOW + timedelta(seconds=seconds)


def _held(held: Claim) -> ColumnElement[bool]:
    return and_(
        orders.c.request_id == held.request_id,
        orders.c.number == held.number,
        orders.c.claimed_by == held.claimed_by,
        orders.c.attempt == held.attempt,
        orders.c.ended_at.is_(None),
        orders.c.lease_until > NOW,
    )


def _order_of(row: Row[tuple[object, ...]]) -> Order:
    return Order(row.request_id, row.number, row.attempt, row.claimed_by, row.ended_at, row.broken, row.free)
