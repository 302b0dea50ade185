"""Which share of the archive an audit checks, and where the last audit ended.

In: the entries of a chain that name objects, the last entry ``audited``, the number of weeks in which everything
is to be checked. Out: `Share`. The entry ``audited`` records the progress, in the ledger and, locked, in the
store: up to which custody entry the audit has come, and what was wrong. Each share has at least its part of the
bytes there are, so that as many shares as weeks go round everything that was there when the first began.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, select

from storage.ledger.custody import entry_of
from storage.ledger.entry import CustodyEntry
from storage.ledger.tables import custody

AUDITED: Final = "audited"
SUBJECT: Final = "archive"
KEPT_AT_MOST: Final = 100
"""Most mismatches that an entry lists; it always has their number."""


@dataclass(frozen=True, slots=True)
class Share:
    """Entries to check, in the order of custody, from the one after the last audit's, around the end if need be.

    ``length_bytes`` is that of their objects; ``left`` entries of this round come in later weeks.
    """

    entries: tuple[CustodyEntry, ...]
    length_bytes: int
    left: int

    @property
    def last_seq(self) -> int:
        """Where the next share begins after."""
        return self.entries[-1].seq if self.entries else 0


def last_audit(connection: Connection) -> CustodyEntry | None:
    """The newest entry ``audited``; None before the first."""
    query = select(custody).where(custody.c.event == AUDITED).order_by(custody.c.seq.desc()).limit(1)
    row = connection.execute(query).first()
    return None if row is None else entry_of(row)


def next_share(naming: Sequence[CustodyEntry], *, after: int, weeks: int) -> Share:
    """The next entries that together have a part of ``weeks`` of all bytes; ``naming`` in the order of custody."""
    later = [entry for entry in naming if entry.seq > after]
    in_turn = [*later, *(entry for entry in naming if entry.seq <= after)]
    wanted = -(-sum(map(_length, naming)) // weeks)
    chosen: list[CustodyEntry] = []
    length = 0
    for entry in in_turn:
        if chosen and length >= wanted:
            break
        chosen.append(entry)
        length += _length(entry)
    return Share(tuple(chosen), length, max(0, len(later) - len(chosen)))


def wrong_before(last: CustodyEntry | None) -> frozenset[str]:
    """Keys that the last audit found wrong; they are checked again until they are right."""
    rows: Sequence[dict[str, Any]] = () if last is None else last.details.get("mismatches", ())
    return frozenset(str(row["subject"]) for row in rows)


def _length(entry: CustodyEntry) -> int:
    return int(entry.details["length_bytes"])
