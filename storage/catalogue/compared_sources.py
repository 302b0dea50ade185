"""Which sources have stored changes that are those of their present readings.

In: a connection of the writer, in a transaction. Guaranteed: a source whose readings change is not said to be
current from that transaction on, and nobody compares it while such a transaction is under way.
"""

from typing import Final

from sqlalchemy import Connection, bindparam, func, select, update

from storage.catalogue.tables import compared_sources

LOCK: Final = 730_551
"""Advisory lock, the first of two numbers; the second is made of the source's id."""

_SHARE_LOCK: Final = select(func.pg_advisory_xact_lock_shared(LOCK, func.hashtext(bindparam("source_id"))))
_NO_LONGER_CURRENT: Final = (
    update(compared_sources)
    .where(compared_sources.c.source_id == bindparam("of_source"), compared_sources.c.current)
    .values(current=False)
)


def begin_change(connection: Connection, source_id: str) -> None:
    """Before readings of the source are written: what was compared of it no longer holds."""
    connection.execute(_SHARE_LOCK, {"source_id": source_id})
    connection.execute(_NO_LONGER_CURRENT, {"of_source": source_id})


def begin_comparison(connection: Connection, source_id: str) -> bool:
    """Whether the source may be compared in this transaction: no readings of it are being written."""
    return bool(connection.scalar(select(func.pg_try_advisory_xact_lock(LOCK, func.hashtext(source_id)))))
