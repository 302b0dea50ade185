"""Drills of the recovery, as entries of custody.

In: a connection. Out: the entry of the newest drill. When a drill was made, and what it came to, is evidence like
an audit: it stays with the archive, and every machine knows of it.
"""

from typing import Final

from sqlalchemy import Connection, select

from storage.ledger.custody import entry_of
from storage.ledger.entry import CustodyEntry
from storage.ledger.tables import custody

DRILLED: Final = "drilled"


def last_drill(connection: Connection) -> CustodyEntry | None:
    """The newest entry of a drill; None before the first."""
    query = select(custody).where(custody.c.event == DRILLED).order_by(custody.c.seq.desc()).limit(1)
    row = connection.execute(query).first()
    return None if row is None else entry_of(row)
