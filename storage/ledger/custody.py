"""The chain of custody: entries appended one at a time, each also a locked object in the store.

In: events with subject, actor and details, the sealing keys. Out: `CustodyEntry`. Guaranteed: an entry is appended
in the caller's transaction, so it exists exactly if the work that it records does; `publish_pending_entries` then
copies it to the store, now or in the next run, and until then it is pending (no row in ``custody_objects``). Its
sealed object is written with its row, and stored before it: the bytes are the same however often that is tried.
Source: architecture §3 and §5, decision 33. Raises `NoSealingKeysError`, `EntryTooLongError`.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, text
from sqlalchemy.dialects.postgresql import insert as insert_or_keep

from processors.digest import Digest, sha256
from storage.archive import Archive
from storage.ledger.entry import BEHIND, NOT_MEASURED, Clock, CustodyEntry, Seal, seconds_behind
from storage.ledger.sealed_entry import EntryParts, sealed_entry
from storage.ledger.tables import custody, custody_objects, sealed_objects
from storage.objects.keys import CUSTODY_PREFIX, custody_key, sealed_key
from storage.objects.model import StoredObject
from storage.objects.store import ObjectStore
from storage.sealing_keys import NoSealingKeysError, SealingKeys

LOCK_KEY: Final = 7_305_510_002
"""Advisory lock of the chain, held from reading the last entry to the commit."""

ROWS: Final = 1000


@cache
def software() -> str:
    """This software and its version, as entries name it."""
    return f"letapis/{version('letapis')}"


def lock_chain(connection: Connection) -> None:
    """Keep others from appending until this transaction ends."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})


def append(
    connection: Connection,
    event: str,
    *,
    keys: SealingKeys | None,
    subject_id: str,
    subject_digest: Digest | None = None,
    actor: str,
    details: Mapping[str, Any],
    clock: Clock = NOT_MEASURED,
) -> CustodyEntry:
    """Append one entry in the caller's transaction; make it the last statement, since others wait for it.

    An entry is never refused for its time: where the clock of this machine lies behind the entry before, the
    details say by how many seconds (`storage.ledger.entry.BEHIND`).
    ``keys`` are those of the archive (`Archive.sealing`).
    """
    if keys is None:
        raise NoSealingKeysError
    lock_chain(connection)
    last = connection.execute(
        select(custody.c.seq, custody.c.digest, custody.c.at).order_by(custody.c.seq.desc()).limit(1)
    ).first()
    at = datetime.now(UTC)
    behind_s = 0.0 if last is None else seconds_behind(at, last.at)
    parts = EntryParts(
        seq=1 if last is None else last.seq + 1,
        previous=None if last is None else Digest.parse(last.digest),
        event=event,
        subject_id=subject_id,
        subject_digest=subject_digest,
        actor=actor,
        at=at,
        software=software(),
        clock=clock,
        details={**details, BEHIND: behind_s} if behind_s else details,
    )
    entry, content = sealed_entry(keys, parts)
    connection.execute(insert(custody).values(**entry_row(entry)))
    key = sealed_key(entry.seq, sha256(content))
    connection.execute(insert(sealed_objects).values(key=key, seq=entry.seq, content=content))
    return entry


def append_and_publish(
    archive: Archive,
    event: str,
    *,
    subject_id: str,
    subject_digest: Digest | None = None,
    actor: str,
    details: Mapping[str, Any],
    clock: Clock = NOT_MEASURED,
) -> CustodyEntry:
    """Append one entry in a transaction of its own and store it before returning."""
    with archive.writer.begin() as connection:
        entry = append(
            connection,
            event,
            keys=archive.sealing,
            subject_id=subject_id,
            subject_digest=subject_digest,
            actor=actor,
            details=details,
            clock=clock,
        )
    publish_pending_entries(archive)
    return entry


def publish_pending_entries(archive: Archive) -> int:
    """Store every pending entry, in order; returns how many. It is safe to run twice at once."""
    return replicate_entries(archive, archive.objects)


def replicate_entries(archive: Archive, store: ObjectStore) -> int:
    """The same for one store of several, whose name says which entries it has confirmed."""
    with archive.writer.connect() as connection:
        pending = [entry_of(row) for row in connection.execute(_unconfirmed(store.name))]
    for entry in pending:
        stored = _store_entry(archive, store, entry)
        with archive.writer.begin() as connection:
            connection.execute(
                insert_or_keep(custody_objects)
                .values(seq=entry.seq, store=store.name, key=stored.key, object_version=stored.version_id)
                .on_conflict_do_nothing()
            )
    return len(pending)


def replicate_lost_entries(archive: Archive, store: ObjectStore) -> int:
    """Bring a store the entries that it has confirmed once and lacks now; returns how many."""
    present = {each.key for each in store.list(CUSTODY_PREFIX) if not each.delete_marker}
    with archive.writer.connect() as connection:
        confirmed = select(custody_objects.c.seq).where(custody_objects.c.store == store.name)
        seqs = connection.execute(confirmed.order_by(custody_objects.c.seq)).scalars().all()
    lost = [seq for seq in seqs if custody_key(seq) not in present]
    for seq in lost:
        with archive.writer.connect() as connection:
            entry = entry_of(connection.execute(select(custody).where(custody.c.seq == seq)).one())
        _store_entry(archive, store, entry)
    return len(lost)


def _store_entry(archive: Archive, store: ObjectStore, entry: CustodyEntry) -> StoredObject:
    with archive.writer.connect() as connection:
        sealed = _sealed_objects_of(connection, entry.seq)
    for key, held in sealed:
        store.put_new(key, held, sha256=sha256(held))
    return store.put_new(custody_key(entry.seq), entry.canonical(), sha256=entry.digest)


def _sealed_objects_of(connection: Connection, seq: int) -> tuple[tuple[str, bytes], ...]:
    query = select(sealed_objects.c.key, sealed_objects.c.content).where(sealed_objects.c.seq == seq)
    return tuple((row.key, bytes(row.content)) for row in connection.execute(query.order_by(sealed_objects.c.key)))


def _unconfirmed(store: str) -> Any:
    confirmed = select(custody_objects.c.seq).where(
        custody_objects.c.seq == custody.c.seq, custody_objects.c.store == store
    )
    return select(custody).where(~confirmed.exists()).order_by(custody.c.seq)


def entry_row(entry: CustodyEntry) -> dict[str, Any]:
    """The entry as a row of ``ledger.custody``."""
    return {
        "seq": entry.seq,
        "digest": str(entry.digest),
        "previous": None if entry.previous is None else str(entry.previous),
        "event": entry.event,
        "subject_id": entry.subject_id,
        "subject_digest": None if entry.subject_digest is None else str(entry.subject_digest),
        "actor": entry.actor,
        "at": entry.at,
        "software": entry.software,
        "clock_source": entry.clock.source,
        "clock_offset_s": entry.clock.offset_s,
        "clock_reason": entry.clock.reason,
        "details": dict(entry.details),
        **_seal_columns(entry.seal),
    }


def _seal_columns(seal: Seal | None) -> dict[str, Any]:
    if seal is None:
        return dict.fromkeys(("nonce", "committed", "values_digest", "salts", "unknown_because"))
    return {
        "nonce": seal.nonce,
        "committed": {name: str(digest) for name, digest in seal.committed.items()},
        "values_digest": str(seal.values),
        "salts": None if seal.salts is None else dict(seal.salts),
        "unknown_because": seal.unknown_because,
    }


def _seal_of(row: Row[Any]) -> Seal | None:
    if row.nonce is None:
        return None
    return Seal(
        nonce=row.nonce,
        committed={name: Digest.parse(digest) for name, digest in row.committed.items()},
        values=Digest.parse(row.values_digest),
        salts=row.salts,
        unknown_because=row.unknown_because,
    )


def entry_of(row: Row[Any]) -> CustodyEntry:
    """The entry that a row of ``ledger.custody`` holds."""
    return CustodyEntry(
        seq=row.seq,
        previous=None if row.previous is None else Digest.parse(row.previous),
        event=row.event,
        subject_id=row.subject_id,
        subject_digest=None if row.subject_digest is None else Digest.parse(row.subject_digest),
        actor=row.actor,
        at=row.at,
        software=row.software,
        clock=Clock(row.clock_source, row.clock_offset_s, row.clock_reason),
        details=row.details,
        seal=_seal_of(row),
    )


def ledger_digests(connection: Connection, *, confirmed_by: str | None = None) -> dict[int, str]:
    """The digest of each entry as the ledger has it, or of those that a store has confirmed.

    It is computed again from the row, since the owner of the database can change a row and keep its digest. Where
    the two differ, both are returned; where a value is not the one that the entry commits to, that is.
    """
    query = select(custody).order_by(custody.c.seq)
    if confirmed_by is not None:
        query = query.join(custody_objects, custody_objects.c.seq == custody.c.seq)
        query = query.where(custody_objects.c.store == confirmed_by)
    rows = connection.execute(query.execution_options(yield_per=ROWS))
    return {row.seq: _digest_of_row(row) for row in rows}


def _digest_of_row(row: Row[Any]) -> str:
    try:
        entry = entry_of(row)
        made = str(entry.digest)
        false = next(entry.false_values(), None)
    except (ValueError, TypeError, KeyError, AttributeError) as problem:
        return f"{row.digest}, in a row that is no entry ({problem})"
    if made != row.digest:
        return f"{row.digest}, in a row that gives {made}"
    return made if false is None else f"{row.digest}, in a row with another {false} than the entry commits to"


def entries_not_opened(connection: Connection) -> dict[int, str]:
    """Entries of the ledger whose sealed values are not known, with the reason."""
    query = select(custody.c.seq, custody.c.unknown_because).where(custody.c.unknown_because.is_not(None))
    return {row.seq: row.unknown_because for row in connection.execute(query)}


def entries(connection: Connection, *, subject_id: str | None = None) -> tuple[CustodyEntry, ...]:
    """The chain in order, or the entries about one subject."""
    query = select(custody).order_by(custody.c.seq)
    if subject_id is not None:
        query = query.where(custody.c.subject_id == subject_id)
    return tuple(entry_of(row) for row in connection.execute(query))


def deposit_of(connection: Connection, key: str) -> CustodyEntry:
    """The entry of a file's deposit; raises ``LookupError`` where there is none."""
    query = select(custody).where(custody.c.event == "deposited", custody.c.subject_id == key)
    row = connection.execute(query.order_by(custody.c.seq).limit(1)).first()
    if row is None:
        raise LookupError(f"{key}: expected an entry of custody that tells of its deposit, found none")
    return entry_of(row)
