"""What a purge takes away: the captures behind what is withdrawn, and what stands for them.

In: a connection, a subject that is withdrawn. Out: `PurgedCapture`s by their files, and ids of revisits. A revisit
holds no byte of the payload that it stands for: it stays in its file, hidden, and is named, unless it is itself
what was withdrawn. Purged is what was deposited before the order; what comes again later is hidden, and needs an
order of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select

from storage.catalogue.hiding import hidden, hidden_captures
from storage.catalogue.tables import captures, warcs
from storage.ledger.withdrawals import HiddenSubject


@dataclass(frozen=True, slots=True)
class PurgedCapture:
    """A capture whose record goes, and where it lies."""

    id: str
    record_id: str
    warc_key: str
    offset: int
    within: int | None
    length_bytes: int
    payload_digest: str | None

    @property
    def at(self) -> tuple[int, int]:
        """The place of the record, as `storage.warc.writing_anew` names it."""
        return self.offset, self.within or 0


@dataclass(frozen=True, slots=True)
class PurgeScope:
    """``files``: by key what goes of each, in the order of the file. ``dependents``: ids of what stays, hidden."""

    files: Mapping[str, tuple[PurgedCapture, ...]]
    dependents: tuple[str, ...]

    @property
    def captures(self) -> int:
        """How many captures go."""
        return sum(map(len, self.files.values()))


def scope_of(connection: Connection, subject: HiddenSubject, *, before: int | None = None) -> PurgeScope:
    """What is still there to be purged. ``before``: of files that custody names before this entry."""
    found = hidden_captures().subquery()
    by_subject = select(hidden.c.custody_seq).where(
        hidden.c.subject_kind == subject.kind, hidden.c.subject_id == subject.id, hidden.c.label == "withdrawn"
    )
    query = (
        select(captures)
        .join(warcs, warcs.c.key == captures.c.warc_key)
        .where(
            captures.c.id.in_(select(found.c.id).where(found.c.custody_seq.in_(by_subject))),
            *(() if before is None else (warcs.c.custody_seq < before,)),
        )
        .order_by(captures.c.warc_key, captures.c.offset_bytes, captures.c.within_bytes)
    )
    files: dict[str, list[PurgedCapture]] = {}
    dependents: list[str] = []
    for row in connection.execute(query):
        if row.record_type == "revisit" and row.id != subject.id:
            dependents.append(row.id)
            continue
        files.setdefault(row.warc_key, []).append(
            PurgedCapture(
                row.id,
                row.record_id,
                row.warc_key,
                row.offset_bytes,
                row.within_bytes,
                row.length_bytes,
                row.payload_digest,
            )
        )
    return PurgeScope({key: tuple(rows) for key, rows in files.items()}, tuple(sorted(dependents)))
