"""The checkpoints that the log has signed, as the database and a store have them.

In: a connection, a store, keys of the log. Out: `SignedCheckpoint`. Of the objects under a checkpoint's key the
oldest one that a key of the log has signed is meant; what no key of the log has signed is passed over here and
named by `storage.integrity.log_verification`. Raises `storage.objects.errors`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby

from sqlalchemy import Connection, Row, select
from sqlalchemy.dialects.postgresql import insert as insert_or_keep

from processors.digest import Digest
from processors.transparency_log.checkpoint import Checkpoint, open_checkpoint
from processors.transparency_log.signed_note import LARGEST_BYTES, NoteRefusedError, VerifierKey
from storage.ledger.custody import entry_of
from storage.ledger.tables import checkpoints, custody
from storage.log.log_keys import KEY_EVENTS, LogKeys, keys_in
from storage.objects.keys import CHECKPOINTS_PREFIX, checkpoint_size
from storage.objects.model import ListedVersion
from storage.objects.reader import StoreReader


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint and the note that says it; ``version_id`` and ``at`` where it is entered or stored."""

    checkpoint: Checkpoint
    note: bytes
    version_id: str | None = None
    at: datetime | None = None

    @property
    def size(self) -> int:
        """How many entries it covers: those from 1 to this number."""
        return self.checkpoint.size


def log_keys(connection: Connection, *, until: int | None = None) -> LogKeys:
    """The keys of the log according to the ledger; ``until`` says how many of its entries are asked."""
    query = select(custody).where(custody.c.event.in_(KEY_EVENTS)).order_by(custody.c.seq)
    if until is not None:
        query = query.where(custody.c.seq <= until)
    return keys_in(entry_of(row) for row in connection.execute(query))


def newest_in_ledger(connection: Connection) -> SignedCheckpoint | None:
    """The newest checkpoint that the database has; None before the first."""
    row = connection.execute(select(checkpoints).order_by(checkpoints.c.size.desc()).limit(1)).first()
    return None if row is None else _of_row(row)


def all_in_ledger(connection: Connection, *, after: int = 0) -> tuple[SignedCheckpoint, ...]:
    """Every checkpoint over more than ``after`` entries, the smallest first."""
    query = select(checkpoints).where(checkpoints.c.size > after).order_by(checkpoints.c.size)
    return tuple(map(_of_row, connection.execute(query)))


def checkpoint_over(connection: Connection, size: int) -> SignedCheckpoint | None:
    """The checkpoint over this many entries; None where none was signed."""
    row = connection.execute(select(checkpoints).where(checkpoints.c.size == size)).first()
    return None if row is None else _of_row(row)


def _of_row(row: Row[tuple[object, ...]]) -> SignedCheckpoint:
    checkpoint = Checkpoint(row.origin, row.size, Digest.parse(row.root).value)
    return SignedCheckpoint(checkpoint, row.note.encode(), row.object_version, row.at)


def enter_checkpoint(connection: Connection, signed: SignedCheckpoint, version_id: str) -> None:
    """Record a stored checkpoint; one that is known already stays as it is."""
    connection.execute(
        insert_or_keep(checkpoints)
        .values(
            size=signed.size,
            origin=signed.checkpoint.origin,
            root=str(Digest("sha256", signed.checkpoint.root)),
            note=signed.note.decode(),
            at=datetime.now(UTC),
            object_version=version_id,
        )
        .on_conflict_do_nothing()
    )


def newest_in_store(objects: StoreReader, keys: Sequence[VerifierKey]) -> SignedCheckpoint | None:
    """The largest checkpoint in a store that one of the keys has signed; None where there is none."""
    by_key = [list(listed) for _, listed in groupby(objects.list(CHECKPOINTS_PREFIX), key=lambda each: each.key)]
    for listed in reversed(by_key):
        if (found := _signed_among(objects, listed, keys)) is not None:
            return found
    return None


def all_in_store(objects: StoreReader, keys: Sequence[VerifierKey]) -> Iterator[SignedCheckpoint]:
    """Every checkpoint in a store that one of the keys has signed, the smallest first."""
    for _, listed in groupby(objects.list(CHECKPOINTS_PREFIX), key=lambda each: each.key):
        if (found := _signed_among(objects, list(listed), keys)) is not None:
            yield found


def _signed_among(
    objects: StoreReader, listed: Sequence[ListedVersion], keys: Sequence[VerifierKey]
) -> SignedCheckpoint | None:
    for version in reversed(listed):  # the oldest first
        if version.delete_marker or version.length_bytes > LARGEST_BYTES:
            continue
        try:
            size = checkpoint_size(version.key)
            note = objects.read(version.key, version.version_id)
            checkpoint = open_checkpoint(note, keys)
        except (NoteRefusedError, ValueError):
            continue
        if checkpoint.size == size:
            return SignedCheckpoint(checkpoint, note, version.version_id, version.stored_at)
    return None
