"""Exhibit numbers, such as ``LTP-2026-000123``: given once to a record, a capture or a medium, and never changed.

In: an archive, the subjects that are to have a number. Out: `NumberedExhibit`s. Guaranteed: a subject has one
number for good, also where two people number it at once, and no number is given twice; numbers of a year (UTC)
follow each other without a gap. What is numbered together is one entry of custody (``exhibit_numbered``), written
in the transaction of its rows, and the store alone restores them. Raises `ExhibitNumberError`.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, func, insert, select
from sqlalchemy.dialects.postgresql import insert as insert_or_keep

from storage.archive import Archive
from storage.errors import StorageError
from storage.ledger.chain import Chain
from storage.ledger.custody import append, lock_chain, publish_pending_entries
from storage.ledger.entry import CustodyEntry
from storage.ledger.tables import custody, exhibits

NUMBERED: Final = "exhibit_numbered"
SUBJECT: Final = "exhibits"
"""The subject of every such entry; what has which number is sealed."""
KINDS: Final = ("record", "capture", "medium")
MOST_IN_A_YEAR: Final = 999_999


class ExhibitNumberError(StorageError):
    """No number can be given; nothing was written."""


@dataclass(frozen=True, slots=True)
class ExhibitSubject:
    """What is to have a number: ``kind`` is one of `KINDS`, ``id`` that of the record or capture, or a sha256."""

    kind: str
    id: str


@dataclass(frozen=True, slots=True)
class NumberedExhibit:
    """A subject and its number, given at ``at`` by ``actor``, as custody entry ``seq`` says."""

    number: str
    subject: ExhibitSubject
    seq: int
    at: datetime
    actor: str


def number_exhibits(
    archive: Archive, subjects: Sequence[ExhibitSubject], *, actor: str
) -> dict[str, NumberedExhibit]:
    """The number of each subject by its id; those without one get the next, in the order given."""
    for subject in subjects:
        if subject.kind not in KINDS or not subject.id:
            raise ExhibitNumberError(
                f"An exhibit: expected the id of a {', a '.join(KINDS)}, found {subject}. Nothing was written."
            )
    wanted = {subject.id: subject for subject in subjects}
    with archive.writer.begin() as connection:
        lock_chain(connection)
        found = {each.subject.id: each for each in exhibits_of(connection, wanted)}
        new = [subject for subject in wanted.values() if subject.id not in found]
        if new:
            _require_known(connection)
            now = connection.execute(select(func.now())).scalar_one()
            numbers = _next_numbers(connection, now.year, len(new))
            entry = append(
                connection,
                NUMBERED,
                keys=archive.sealing,
                subject_id=SUBJECT,
                actor=actor,
                details={
                    "exhibits": [
                        {"number": number, "kind": subject.kind, "subject_id": subject.id}
                        for number, subject in zip(numbers, new, strict=True)
                    ]
                },
            )
            connection.execute(insert(exhibits), list(_rows(entry)))
            found = {each.subject.id: each for each in exhibits_of(connection, wanted)}
    publish_pending_entries(archive)
    return {subject_id: found[subject_id] for subject_id in wanted}


def exhibits_of(connection: Connection, subject_ids: Collection[str]) -> tuple[NumberedExhibit, ...]:
    """The numbers that these subjects have, in their order; subjects without one are left out."""
    query = select(exhibits).where(exhibits.c.subject_id.in_(subject_ids)).order_by(exhibits.c.number)
    return tuple(_exhibit_of(row) for row in connection.execute(query))


def exhibit_by_number(connection: Connection, number: str) -> NumberedExhibit | None:
    """What has this number; whether somebody may know of it is asked of the subject."""
    row = connection.execute(select(exhibits).where(exhibits.c.number == number)).first()
    return None if row is None else _exhibit_of(row)


def restore_exhibits(archive: Archive, chain: Chain) -> int:
    """Restore the numbers of the chain in a ledger that lacks them; returns how many it lacked."""
    rows = [
        row
        for chained in chain.entries
        if chained.entry.event == NUMBERED and chained.entry.unknown_because is None
        for row in _rows(chained.entry)
    ]
    if not rows:
        return 0
    with archive.writer.begin() as connection:
        made = connection.execute(
            insert_or_keep(exhibits).on_conflict_do_nothing().returning(exhibits.c.number), rows
        )
        return len(made.all())


def _require_known(connection: Connection) -> None:
    """A number is given once, so those given before must all be known."""
    query = select(custody.c.seq).where(custody.c.event == NUMBERED, custody.c.unknown_because.is_not(None))
    closed = connection.scalar(query.order_by(custody.c.seq).limit(1))
    if closed is not None:
        raise ExhibitNumberError(
            f"Custody entry {closed} gives exhibit numbers, and no key is here that opens it: expected to know "
            "all numbers before a new one is given. Nothing was written. Put the sealing keys back and run "
            "`letapis rebuild`."
        )


def _next_numbers(connection: Connection, year: int, count: int) -> list[str]:
    prefix = f"LTP-{year:04d}-"
    newest = connection.scalar(select(func.max(exhibits.c.number)).where(exhibits.c.number.startswith(prefix)))
    last = 0 if newest is None else int(newest.removeprefix(prefix))
    if last + count > MOST_IN_A_YEAR:
        raise ExhibitNumberError(
            f"Exhibit numbers of {year}: expected at most {MOST_IN_A_YEAR}, found {last + count}. Nothing was "
            "written."
        )
    return [f"{prefix}{number:06d}" for number in range(last + 1, last + 1 + count)]


def _rows(entry: CustodyEntry) -> Iterator[dict[str, Any]]:
    for each in entry.details["exhibits"]:
        yield {**each, "custody_seq": entry.seq, "at": entry.at, "actor": entry.actor}


def _exhibit_of(row: Row[Any]) -> NumberedExhibit:
    return NumberedExhibit(
        row.number, ExhibitSubject(row.kind, row.subject_id), row.custody_seq, row.at, row.actor
    )
