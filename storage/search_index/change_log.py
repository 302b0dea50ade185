"""What changed in the catalogue since a position, in the order of commits (decision 0036).

In: a connection and a position. Out: the subjects that changed and the position they lead to. A position is a
snapshot of PostgreSQL (its manual, section 9.27.9, "Transaction ID and Snapshot Information Functions"): whatever
it did not see and a later snapshot sees was committed between the two, in whatever order the transactions began.
Reads only, but for `forget_changes`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import Connection, Engine, text

Subject = Literal["record", "page"]

KEPT: Final = timedelta(days=14)
"""So long the log keeps a change; an index that is older is made anew."""

_SOURCE: Final = text("""
    SELECT (SELECT system_identifier FROM pg_control_system()) || '/'
        || (SELECT oid FROM pg_database WHERE datname = current_database()) || '/'
        || 'changes.log'::regclass::oid
""")
_SNAPSHOT: Final = text("SELECT pg_current_snapshot()::TEXT")
_CONTINUES: Final = text("""
    SELECT pg_snapshot_xmax(CAST(:position AS pg_snapshot)) <= pg_snapshot_xmax(pg_current_snapshot())
        AND pg_snapshot_xmin(CAST(:position AS pg_snapshot)) > (SELECT transaction FROM changes.horizon)
""")
_NEW: Final = """
    FROM changes.log
    WHERE transaction >= pg_snapshot_xmin(CAST(:position AS pg_snapshot))
        AND NOT pg_visible_in_snapshot(transaction, CAST(:position AS pg_snapshot))
"""
_CHANGED: Final = text(f"SELECT DISTINCT subject, id {_NEW} ORDER BY subject, id")
_WAITING: Final = text(f"SELECT count(DISTINCT id), min(at), now() {_NEW}")


@dataclass(frozen=True, slots=True)
class Position:
    """Up to where the log was read: which log, and what of it was seen."""

    source: str
    snapshot: str


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed up to ``position``. ``everything``: the catalogue as a whole; then nothing else is named."""

    position: Position
    subjects: tuple[tuple[Subject, str], ...] = ()
    everything: bool = False


@dataclass(frozen=True, slots=True)
class Backlog:
    """How far a position is behind: how many subjects, and the seconds since the first of them was begun."""

    subjects: int
    seconds: float


@contextmanager
def one_snapshot(engine: Engine) -> Iterator[Connection]:
    """A connection all of whose statements see the same snapshot."""
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection, connection.begin():
        yield connection


def present_position(connection: Connection) -> Position:
    """The position of this connection's snapshot; to be read within `one_snapshot`."""
    return Position(str(connection.scalar(_SOURCE)), str(connection.scalar(_SNAPSHOT)))


def continues(connection: Connection, position: Position) -> bool:
    """Whether the log still has all that came after the position, and is the log that it speaks of."""
    if position.source != connection.scalar(_SOURCE):
        return False
    return bool(connection.scalar(_CONTINUES, {"position": position.snapshot}))


def changes_since(connection: Connection, position: Position) -> Changes:
    """What the connection's snapshot sees and the position did not; to be read within `one_snapshot`."""
    now = present_position(connection)
    if not continues(connection, position):
        return Changes(now, everything=True)
    rows = connection.execute(_CHANGED, {"position": position.snapshot}).all()
    if any(row.subject == "catalogue" for row in rows):
        return Changes(now, everything=True)
    return Changes(now, tuple((row.subject, row.id) for row in rows))


def backlog(connection: Connection, position: Position) -> Backlog:
    """How far a position that `continues` is behind."""
    row: Any = connection.execute(_WAITING, {"position": position.snapshot}).one()
    waited = 0.0 if row[1] is None else max(0.0, (row[2] - row[1]).total_seconds())
    return Backlog(int(row[0]), waited)


def forget_changes(connection: Connection, *, now: datetime | None = None) -> int:
    """Remove what every index that is in use has read long ago; returns how many rows. The writer's right."""
    moment = (now or datetime.now(UTC)) - KEPT
    return int(connection.scalar(text("SELECT changes.forget_before(:moment)"), {"moment": moment}) or 0)
