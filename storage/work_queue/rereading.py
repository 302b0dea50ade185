"""How far reading again after an upgrade is: one row for the versions by which files are read.

In: a connection. Out: `Rereading`. Neither evidence nor derived from any: which files are left stands at the
files, and losing the row costs the pace by which the end is reckoned.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.postgresql import insert

from storage.work_queue.tables import rereading


@dataclass(frozen=True, slots=True)
class Rereading:
    """Files and bytes that were read again, and that were left at ``last_at``; ``seconds_done`` of work."""

    began_at: datetime
    last_at: datetime
    files_done: int
    files_left: int
    bytes_done: int
    bytes_left: int
    seconds_done: float


def note_left(connection: Connection, read_with: str, *, files: int, bytes_left: int) -> None:
    """So much is left to be read by these versions; what was done so far stays."""
    row = {
        "read_with": read_with,
        "began_at": func.clock_timestamp(),
        "last_at": func.clock_timestamp(),
        "files_done": 0,
        "files_left": files,
        "bytes_done": 0,
        "bytes_left": bytes_left,
        "seconds_done": 0.0,
    }
    counted = {name: row[name] for name in ("last_at", "files_left", "bytes_left")}
    statement = insert(rereading).values(**row)
    connection.execute(statement.on_conflict_do_update(index_elements=["read_with"], set_=counted))


def note_file(connection: Connection, read_with: str, *, length_bytes: int, seconds: float) -> None:
    """One more file was read by these versions."""
    known = rereading.c
    connection.execute(
        rereading.update()
        .where(known.read_with == read_with)
        .values(
            last_at=func.clock_timestamp(),
            files_done=known.files_done + 1,
            files_left=func.greatest(0, known.files_left - 1),
            bytes_done=known.bytes_done + length_bytes,
            bytes_left=func.greatest(0, known.bytes_left - length_bytes),
            seconds_done=known.seconds_done + seconds,
        )
    )


def rereading_of(connection: Connection, read_with: str | None = None) -> Rereading | None:
    """How far it is by these versions, or by those that read last; None where it never began."""
    names = Rereading.__dataclass_fields__
    query = select(*(rereading.c[name] for name in names)).order_by(rereading.c.last_at.desc()).limit(1)
    if read_with is not None:
        query = query.where(rereading.c.read_with == read_with)
    row = connection.execute(query).first()
    return None if row is None else Rereading(**row._mapping)
