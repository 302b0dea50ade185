"""Brings checkpoints to outlets: which deliveries are pending, the attempts, the proofs.

In: an archive, outlets. Out: `PendingDelivery`, `DeliveryReport`. A checkpoint covers every one before it, so an
outlet is given the newest alone; older ones that it has missed are then covered, and no longer pending. What an
outlet gives back is stored under lock in the first store before the delivery counts. Nothing of an outlet is
raised: the delivery stays pending, with the reason, and the next run tries again. Attempts and deliveries are rows
of ``ledger.checkpoint_deliveries``, no entries of custody, so that a delivery never causes the next checkpoint.
Raises the errors of the first store and the database.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection, func, insert, select, text
from ulid import ULID

from processors.digest import sha256
from storage.archive import Archive
from storage.errors import StorageError
from storage.ledger.tables import checkpoint_deliveries, checkpoints
from storage.log.checkpoints import SignedCheckpoint, newest_in_ledger
from storage.log.outlets import COSIGNATURE, Outlet, OutletProof
from storage.objects.keys import checkpoint_proof_key
from storage.objects.model import StoredObject

DELIVERY_LOCK_KEY: Final = 7_305_510_013
"""Advisory lock: one process delivers at a time, so that no outlet is given a checkpoint twice at once."""


@dataclass(frozen=True, slots=True)
class PendingDelivery:
    """``outlet`` has not confirmed the newest checkpoint, nor ``checkpoints`` in all, the oldest since ``since``.

    ``failed`` counts the attempts since the last delivery there, ``problem`` is what came of the last of them.
    """

    outlet: str
    size: int
    checkpoints: int
    since: datetime
    failed: int
    problem: str | None


@dataclass(frozen=True, slots=True)
class CheckpointDelivery:
    """An outlet has confirmed the checkpoint over ``size`` entries; its proof is an object in the first store."""

    outlet: str
    size: int
    at: datetime
    proof_key: str
    proof_version: str

    @property
    def is_witnessed(self) -> bool:
        """Whether a witness gave the proof."""
        return self.proof_key.endswith(f".{COSIGNATURE}")


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """The result of one run; ``configured`` are names of outlets."""

    configured: tuple[str, ...]
    delivered: tuple[CheckpointDelivery, ...]
    pending: tuple[PendingDelivery, ...]


def deliver_pending(archive: Archive, outlets: Sequence[Outlet]) -> DeliveryReport:
    """Give the newest checkpoint to every outlet that has not confirmed it; one attempt each."""
    delivered: list[CheckpointDelivery] = []
    with _only_courier(archive) as mine:
        for outlet in outlets if mine else ():
            with archive.writer.connect() as connection:
                newest, pending = newest_in_ledger(connection), pending_delivery(connection, outlet.name)
            if newest is not None and pending is not None:
                found = _attempt(archive, outlet, newest)
                if found is not None:
                    delivered.append(found)
    names = tuple(outlet.name for outlet in outlets)
    return DeliveryReport(names, tuple(delivered), delivery_status(archive, names))


def delivery_status(archive: Archive, outlets: Sequence[str]) -> tuple[PendingDelivery, ...]:
    """What is pending now at these outlets, from the database alone."""
    with archive.reader.connect() as connection:
        found = (pending_delivery(connection, name) for name in outlets)
        return tuple(each for each in found if each is not None)


def pending_delivery(connection: Connection, outlet: str) -> PendingDelivery | None:
    """What is pending at one outlet; None where it has confirmed the newest checkpoint, or there is none."""
    rows = checkpoint_deliveries
    last = select(func.max(rows.c.size)).where(rows.c.outlet == outlet, rows.c.problem.is_(None))
    confirmed = connection.execute(last).scalar_one() or 0
    missed = select(func.max(checkpoints.c.size), func.count(), func.min(checkpoints.c.at))
    size, count, since = connection.execute(missed.where(checkpoints.c.size > confirmed)).one()
    if not count:
        return None
    attempts = (
        select(rows.c.problem)
        .where(rows.c.outlet == outlet, rows.c.problem.is_not(None), rows.c.size > confirmed)
        .order_by(rows.c.at.desc(), rows.c.id.desc())
    )
    problems = connection.execute(attempts).scalars().all()
    return PendingDelivery(outlet, size, count, since, len(problems), problems[0] if problems else None)


def deliveries(connection: Connection, *, size: int | None = None) -> tuple[CheckpointDelivery, ...]:
    """What outlets have confirmed, the newest checkpoint first; of one size where it is named."""
    rows = checkpoint_deliveries
    query = select(rows).where(rows.c.problem.is_(None)).order_by(rows.c.size.desc(), rows.c.outlet)
    if size is not None:
        query = query.where(rows.c.size == size)
    return tuple(
        CheckpointDelivery(row.outlet, row.size, row.at, row.proof_key, row.proof_version)
        for row in connection.execute(query)
    )


def _attempt(archive: Archive, outlet: Outlet, newest: SignedCheckpoint) -> CheckpointDelivery | None:
    try:
        proof = outlet.deliver(newest.note)
    except StorageError as problem:
        _record(archive, outlet, newest, problem=str(problem))
        return None
    stored = _stored(archive, outlet, newest, proof)
    at = _record(archive, outlet, newest, stored=stored)
    return CheckpointDelivery(outlet.name, newest.size, at, stored.key, stored.version_id)


def _stored(archive: Archive, outlet: Outlet, newest: SignedCheckpoint, proof: OutletProof) -> StoredObject:
    """Store the proof; beside one that a run before stored and, dying, could not record."""
    ending = COSIGNATURE if outlet.witnesses else proof.ending
    if ending == COSIGNATURE and not outlet.witnesses:
        raise ValueError(f"outlet {outlet.name}: expected another ending than that of witnesses, found {ending}")
    key = checkpoint_proof_key(newest.size, outlet.name, ending)
    number = 1
    while (head := archive.objects.head(key)) is not None:
        if archive.objects.digest(key, head.version_id) == sha256(proof.content):
            break
        number += 1
        key = checkpoint_proof_key(newest.size, outlet.name, ending, number=number)
    return archive.objects.put_new(key, proof.content, sha256=sha256(proof.content))


def _record(
    archive: Archive,
    outlet: Outlet,
    newest: SignedCheckpoint,
    *,
    problem: str | None = None,
    stored: StoredObject | None = None,
) -> datetime:
    at = datetime.now(UTC)
    row = {
        "id": str(ULID()),
        "at": at,
        "size": newest.size,
        "outlet": outlet.name,
        "problem": problem,
        "proof_key": None if stored is None else stored.key,
        "proof_version": None if stored is None else stored.version_id,
    }
    with archive.writer.begin() as connection:
        connection.execute(insert(checkpoint_deliveries).values(**row))
    return at


@contextmanager
def _only_courier(archive: Archive) -> Iterator[bool]:
    """Whether this process may deliver now; another one that does so takes up what becomes pending."""
    with archive.writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        acquired = bool(connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": DELIVERY_LOCK_KEY}))
        try:
            yield acquired
        finally:
            if acquired:
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": DELIVERY_LOCK_KEY})
