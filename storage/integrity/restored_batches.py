"""Restores requests, their results and the access log from the batches in the store.

In: an archive whose ledger may lack rows, and the chain read from its store. Out: `RestoredRows`. Guaranteed: rows
are equal to those that were batched; the ledger only gains what it lacks. Rows of the access log bear names of
persons, which only the role `letapis_access` may write (migration 0010): without its address they stay in the
store, and the result says so. Raises `storage.objects.errors`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, insert, select
from sqlalchemy.dialects.postgresql import insert as insert_or_keep
from sqlalchemy.exc import ProgrammingError

from storage.archive import Archive
from storage.ledger.access_log import INSUFFICIENT_PRIVILEGE
from storage.ledger.batches import BatchedRow, BatchKind, kind_of, opened_batch, table_row
from storage.ledger.chain import Chain, ChainLink
from storage.ledger.entry_schema import BATCHED
from storage.ledger.sealed_objects import SealedError
from storage.ledger.tables import access_log, batched


@dataclass(frozen=True, slots=True)
class RestoredRows:
    """How many rows the ledger lacked and has now; ``problems`` are sentences about batches that stay closed."""

    rows: int
    problems: tuple[str, ...]


def restore_batches(archive: Archive, chain: Chain) -> RestoredRows:
    """Restore the rows of every batch that the chain names."""
    restored = 0
    problems: list[str] = []
    for chained in chain.entries:
        if chained.entry.event not in BATCHED:
            continue
        try:
            restored += _restore(archive, chained)
        except SealedError as closed:
            problems.append(f"{chained.entry.subject_id}: its rows were not restored: {closed}.")
        except ProgrammingError as refused:
            if getattr(refused.orig, "pgcode", None) != INSUFFICIENT_PRIVILEGE:
                raise
            problems.append(
                f"{chained.entry.subject_id}: its rows were not restored, since they name persons: that needs "
                "LETAPIS_DATABASE_ACCESS_URL, the database as the role letapis_access."
            )
    return RestoredRows(restored, tuple(problems))


def batch_content(archive: Archive, chained: ChainLink) -> bytes:
    """The sealed object of a batch; raises `SealedError` where it is lost."""
    link = next((link for link in chained.sealed if link.key == chained.entry.subject_id), None)
    if link is None:
        raise SealedError("the object that holds them is lost")
    return archive.objects.read(link.key, link.version_id)


def _restore(archive: Archive, chained: ChainLink) -> int:
    entry, kind = chained.entry, kind_of(chained.entry)
    with archive.reader.connect() as connection:
        known = set(connection.scalars(select(batched.c.id).where(batched.c.seq == entry.seq)))
    if len(known) == entry.details["rows"]:
        return 0
    rows = opened_batch(entry, archive.sealing, batch_content(archive, chained))
    try:
        made = [table_row(kind.table, row.value) for row in rows]
    except (ValueError, TypeError) as problem:
        raise SealedError(f"it holds other rows than this version knows ({problem})") from problem
    lacking = _insert_lacking(archive, kind, made)
    with archive.writer.begin() as connection:
        _note(connection, kind, entry.seq, rows)
    return lacking


def _insert_lacking(archive: Archive, kind: BatchKind, made: Sequence[dict[str, Any]]) -> int:
    with archive.reader.connect() as connection:
        wanted = kind.table.c.id.in_([row["id"] for row in made])
        there = set(connection.scalars(select(kind.table.c.id).where(wanted)))
    lacking = [row for row in made if row["id"] not in there]
    if lacking:
        with _engine(archive, kind).begin() as connection:
            connection.execute(insert(kind.table), lacking)
    return len(lacking)


def _engine(archive: Archive, kind: BatchKind) -> Engine:
    named = kind.table is access_log and archive.accesses is not None
    return archive.accesses if named and archive.accesses is not None else archive.writer


def _note(connection: Connection, kind: BatchKind, seq: int, rows: Sequence[BatchedRow]) -> None:
    noted = [
        {"kind": kind.name, "id": row.value["id"], "seq": seq, "number": number, "salt": row.salt}
        for number, row in enumerate(rows)
    ]
    connection.execute(insert_or_keep(batched).on_conflict_do_nothing(), noted)
