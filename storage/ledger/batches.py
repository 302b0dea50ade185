"""Batches: requests, their results and the access log as sealed objects in the store, so that no row is lost.

In: an archive with its sealing keys. Out: entries ``requests_batched``, ``results_batched`` and
``accesses_batched``, each of which names a sealed object of rows with their number and the Merkle root over the
salted commitments of the rows, so that one row can be opened without the others. Guaranteed: each row is in one
batch; entry, object and the note which rows it has are written in one transaction, and the object is stored with
its entry. Rows are restored from the batches, equal to what they were. Source: decision 33; RFC 6962, section
2.1. Raises `NoSealingKeysError` and `storage.objects.errors`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import rfc8785
from sqlalchemy import Connection, Row, Table, func, insert, select

from processors.digest import Digest, sha256
from processors.transparency_log.merkle import leaf_hash, merkle_root
from storage.archive import Archive
from storage.ledger.commitments import commitment, new_salt
from storage.ledger.custody import append, lock_chain, publish_pending_entries
from storage.ledger.entry import CustodyEntry
from storage.ledger.entry_schema import ACCESSES_BATCHED, REQUESTS_BATCHED, RESULTS_BATCHED
from storage.ledger.sealed_objects import SealedError, open_sealed, seal
from storage.ledger.tables import access_log, batched, request_results, requests, sealed_objects
from storage.objects.keys import batch_key, is_part
from storage.sealing_keys import NoSealingKeysError, SealingKeys

ROWS_AT_ONCE: Final = 2000


@dataclass(frozen=True, slots=True)
class BatchKind:
    """Which rows a batch is made of, and the event of its entry."""

    name: str
    event: str
    table: Table


KINDS: Final = (
    BatchKind("requests", REQUESTS_BATCHED, requests),
    BatchKind("results", RESULTS_BATCHED, request_results),
    BatchKind("accesses", ACCESSES_BATCHED, access_log),
)


@dataclass(frozen=True, slots=True)
class BatchedRow:
    """A row as it is committed to, with its salt; ``value`` has the columns."""

    salt: str
    committed: Mapping[str, Any]

    @property
    def value(self) -> Mapping[str, Any]:
        """The columns by name."""
        return _plain_row(self.committed)


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """A row that the ledger says is in a batch; ``commitment`` is made of what stands there now.

    It is None where nothing stands there.
    """

    id: str
    commitment: Digest | None


def kind_of(entry: CustodyEntry) -> BatchKind:
    """The kind of batch that an entry names; raises ``LookupError`` of any other entry."""
    for kind in KINDS:
        if kind.event == entry.event:
            return kind
    raise LookupError(f"{entry.event}: no entry of a batch")


def store_batches(archive: Archive, *, actor: str) -> tuple[CustodyEntry, ...]:
    """Bring every row that is in no batch to the store; returns the entries, none where there was no such row."""
    made: list[CustodyEntry] = []
    for kind in KINDS:
        while (entry := _store_batch(archive, kind, actor)) is not None:
            made.append(entry)
    publish_pending_entries(archive)
    return tuple(made)


def count_unbatched(connection: Connection) -> dict[str, tuple[int, datetime | None]]:
    """How many rows of each kind are in no batch yet, and from when the oldest is."""
    found: dict[str, tuple[int, datetime | None]] = {}
    for kind in KINDS:
        among = _unbatched(kind).subquery()
        query = select(func.count(), func.min(among.c.at)).select_from(among)
        count, oldest = connection.execute(query).one()
        found[kind.name] = (int(count), oldest)
    return found


def opened_batch(entry: CustodyEntry, keys: SealingKeys | None, content: bytes) -> tuple[BatchedRow, ...]:
    """The rows of a batch, held against the entry that names it; raises `SealedError`."""
    kind = kind_of(entry)
    held = open_sealed(keys, _name(kind), content)
    try:
        rows = tuple(BatchedRow(each["salt"], each["row"]) for each in held["rows"])
        for row in rows:
            _plain_row(row.committed)
        root = root_of([row_commitment(kind, row.salt, row.committed) for row in rows])
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise SealedError(f"it holds other things than rows ({problem})") from problem
    expected = entry.details.get("rows"), entry.details.get("root")
    if (len(rows), str(root)) != expected:
        raise SealedError(f"it holds {len(rows)} rows with the root {root}, where the entry names {expected}")
    return rows


def ledger_rows(connection: Connection, entry: CustodyEntry) -> tuple[LedgerRow, ...]:
    """What the ledger says now of the rows of a batch, in the order of its tree."""
    kind = kind_of(entry)
    query = (
        select(batched.c.id.label("batched_id"), batched.c.salt, *kind.table.c)
        .join_from(batched, kind.table, kind.table.c.id == batched.c.id, isouter=True)
        .where(batched.c.kind == kind.name, batched.c.seq == entry.seq)
        .order_by(batched.c.number)
    )
    return tuple(
        LedgerRow(row.batched_id, None if row.id is None else _commitment_now(kind, row))
        for row in connection.execute(query)
    )


def root_of(commitments: Sequence[Digest]) -> Digest:
    """The Merkle root over the commitments of rows."""
    return Digest("sha256", merkle_root([leaf_hash(each.value) for each in commitments]))


def row_commitment(kind: BatchKind, salt: str, value: Mapping[str, Any]) -> Digest:
    """The commitment of one row, under its kind and id."""
    return commitment(salt, kind.name, value)


def row_value(table: Table, row: Row[Any]) -> dict[str, Any]:
    """A row as JSON that has a canonical form; where a number has none, the row is one text.

    What is null is left out, so that a column which a later version adds does not change older rows.
    """
    held = {column.name: _json(row._mapping[column.name]) for column in table.c}
    stated = {name: value for name, value in held.items() if value is not None}
    try:
        rfc8785.dumps(stated)
    except ValueError:
        return {"json": json.dumps(stated, ensure_ascii=False, sort_keys=True)}
    return stated


def table_row(table: Table, value: Mapping[str, Any]) -> dict[str, Any]:
    """The row again, without columns that this version lacks; raises ``ValueError`` where it lacks one itself."""
    row: dict[str, Any] = {}
    for column in table.c:
        if column.name not in value and not column.nullable:
            raise ValueError(f"row of {table.name}: expected {column.name}, found {sorted(value)}")
        held = value.get(column.name)
        row[column.name] = datetime.fromisoformat(held) if column.name == "at" and held is not None else held
    return row


def _store_batch(archive: Archive, kind: BatchKind, actor: str) -> CustodyEntry | None:
    with archive.writer.begin() as connection:
        if not _next_rows(connection, kind, 1):
            return None
        if archive.sealing is None:
            raise NoSealingKeysError
        lock_chain(connection)
        found = _next_rows(connection, kind, ROWS_AT_ONCE)  # another process may have been faster
        if not found:
            return None
        rows = [BatchedRow(new_salt(), row_value(kind.table, row)) for row in found]
        held = {"rows": [{"salt": row.salt, "row": row.committed} for row in rows]}
        content = seal(archive.sealing, _name(kind), held)
        digest, first = sha256(content), found[0].id
        key = batch_key(kind.name, first if is_part(first) else "rows", digest)
        entry = append(
            connection,
            kind.event,
            keys=archive.sealing,
            subject_id=key,
            subject_digest=digest,
            actor=actor,
            details={
                "rows": len(rows),
                "root": str(root_of([row_commitment(kind, row.salt, row.committed) for row in rows])),
                "length_bytes": len(content),
            },
        )
        connection.execute(insert(sealed_objects).values(key=key, seq=entry.seq, content=content))
        connection.execute(
            insert(batched),
            [
                {"kind": kind.name, "id": row.id, "seq": entry.seq, "number": number, "salt": rows[number].salt}
                for number, row in enumerate(found)
            ],
        )
        return entry


def _unbatched(kind: BatchKind) -> Any:
    there = select(batched.c.id).where(batched.c.kind == kind.name, batched.c.id == kind.table.c.id)
    return select(kind.table).where(~there.exists())


def _next_rows(connection: Connection, kind: BatchKind, most: int) -> list[Row[Any]]:
    query = _unbatched(kind).order_by(kind.table.c.at, kind.table.c.id).limit(most)
    return list(connection.execute(query))


def _commitment_now(kind: BatchKind, row: Row[Any]) -> Digest | None:
    try:
        return row_commitment(kind, row.salt, row_value(kind.table, row))
    except ValueError:
        return None  # what has no canonical form was never committed to


def _plain_row(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"{type(value).__name__} instead of a row")
    plain = json.loads(value["json"]) if value.keys() == {"json"} else value
    if not isinstance(plain, dict) or not isinstance(plain.get("id"), str):
        raise TypeError("a row without an id")
    return plain


def _json(value: Any) -> Any:
    return value.astimezone(UTC).isoformat(timespec="microseconds") if isinstance(value, datetime) else value


def _name(kind: BatchKind) -> str:
    return f"batch of {kind.name}"
