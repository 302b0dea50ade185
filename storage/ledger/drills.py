"""Drills of the recovery, as entries of custody.

In: a connection. Out: `Drill`, the newest one. When a drill was made, and what it came to, is evidence like
an audit: it stays with the archive, and every machine knows of it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Connection, func, select

from storage.ledger.custody import entry_of
from storage.ledger.tables import custody

DRILLED: Final = "drilled"

EVERY: Final = timedelta(days=40)
"""A drill is tried on the first day of each month; when this has passed, one was left out."""


@dataclass(frozen=True, slots=True)
class Drill:
    """A drill and what it came to; ``problem`` is the name of what broke it off, ``differing`` None then."""

    at: datetime
    passed: bool
    differing: int | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class Drills:
    """The newest drill, None before the first, and since when custody is written, None where it is empty."""

    last: Drill | None
    archive_since: datetime | None

    def none_for(self, now: datetime) -> timedelta | None:
        """How long no drill was made; None where custody is empty."""
        since = self.archive_since if self.last is None else self.last.at
        return None if since is None else now - since


def drills_until_now(connection: Connection) -> Drills:
    """What custody has of drills."""
    began = connection.scalar(select(func.min(custody.c.at)).where(custody.c.seq == 1))
    return Drills(last_drill(connection), None if began is None else began.astimezone(UTC))


def last_drill(connection: Connection) -> Drill | None:
    """The newest drill; None before the first."""
    query = select(custody).where(custody.c.event == DRILLED).order_by(custody.c.seq.desc()).limit(1)
    row = connection.execute(query).first()
    if row is None:
        return None
    entry = entry_of(row)
    return Drill(
        entry.at.astimezone(UTC),
        entry.details.get("passed") is True,
        entry.details.get("differing"),
        entry.details.get("problem"),
    )
