"""The access log: who looked at what of the archive, appended to the ledger before it is shown.

In: a connection that may insert (the reader's role may, into this table alone). Guaranteed: rows are appended in
the caller's transaction and never changed (architecture, section 3).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, insert, select
from ulid import ULID

from storage.ledger_tables import access_log


@dataclass(frozen=True, slots=True)
class Access:
    """``actor`` did ``action`` (``viewed``, ``downloaded``) to what ``subject_id`` names, at ``at``."""

    at: datetime
    actor: str
    action: str
    subject_id: str | None
    details: Mapping[str, Any]


def log_access(
    connection: Connection, *, actor: str, action: str, subject_id: str, details: Mapping[str, Any] | None = None
) -> None:
    """Append one row."""
    row = {
        "id": str(ULID()),
        "at": datetime.now(UTC),
        "actor": actor,
        "action": action,
        "subject_id": subject_id,
        "details": dict(details or {}),
    }
    connection.execute(insert(access_log).values(**row))


def accesses_of(connection: Connection, subject_id: str) -> Iterator[Access]:
    """Who looked at the subject, oldest first."""
    asked = (
        select(access_log).where(access_log.c.subject_id == subject_id).order_by(access_log.c.at, access_log.c.id)
    )
    return (
        Access(row.at, row.actor, row.action, row.subject_id, row.details) for row in connection.execute(asked)
    )
