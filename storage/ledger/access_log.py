"""The access log: who looked at what of the archive, appended to the ledger before it is shown.

In: the archive, and the name under which a person logged in. Guaranteed: rows are committed before anything is
shown, and never changed (architecture, section 3); the database takes a person's name only from the role
`letapis_access`, which the API server has. Writer and reader, the roles of workers and shells, append rows of our
own code (`storage.access_labels.EVERYONE`) and no others.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, func, insert, select
from sqlalchemy.exc import ProgrammingError
from ulid import ULID

from storage.archive import Archive
from storage.errors import StorageError
from storage.ledger.tables import access_log

INSUFFICIENT_PRIVILEGE: Final = "42501"
"""PostgreSQL's error code, appendix A of its manual; also of a row that a policy refuses."""


@dataclass(frozen=True, slots=True)
class Access:
    """``actor`` did ``action`` (``viewed``, ``downloaded``) to what ``subject_id`` names, at ``at``."""

    at: datetime
    actor: str
    action: str
    subject_id: str | None
    details: Mapping[str, Any]


class AccessNotLoggedError(StorageError):
    """This process may not record an access, so nothing is shown; the operator corrects the settings."""

    def __init__(self, actor: str) -> None:
        super().__init__(
            f"The access log cannot record this access by {actor}, so nothing is shown. The archive "
            "is unchanged. The API server needs LETAPIS_DATABASE_ACCESS_URL, the database as the role "
            "letapis_access (docs/production.md)."
        )
        self.actor = actor


def log_access(
    archive: Archive, *, actor: str, action: str, subject_id: str, details: Mapping[str, Any] | None = None
) -> None:
    """Append one row, and commit it; raises `AccessNotLoggedError`."""
    row = {
        "id": str(ULID()),
        "at": datetime.now(UTC),
        "actor": actor,
        "action": action,
        "subject_id": subject_id,
        "details": dict(details or {}),
    }
    try:
        with (archive.accesses or archive.reader).begin() as connection:
            connection.execute(insert(access_log).values(**row))
    except ProgrammingError as refused:
        if getattr(refused.orig, "pgcode", None) != INSUFFICIENT_PRIVILEGE:
            raise
        raise AccessNotLoggedError(actor) from refused


@dataclass(frozen=True, slots=True)
class AccessFilter:
    """Which rows are wanted: about a subject, by an actor, from a moment on; None asks for all."""

    subject_id: str | None = None
    actor: str | None = None
    since: datetime | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """What a row must fulfil."""
        return [
            *([] if self.subject_id is None else [access_log.c.subject_id == self.subject_id]),
            *([] if self.actor is None else [access_log.c.actor == self.actor]),
            *([] if self.since is None else [access_log.c.at >= self.since]),
        ]


def accesses(
    connection: Connection, wanted: AccessFilter, *, most: int, offset: int = 0
) -> tuple[tuple[Access, ...], int]:
    """Who looked at what, newest first, and how many rows there are in all."""
    query = select(access_log).where(*wanted.conditions())
    total = connection.execute(select(func.count()).select_from(query.subquery())).scalar_one()
    rows = connection.execute(
        query.order_by(access_log.c.at.desc(), access_log.c.id.desc()).limit(most).offset(offset)
    )
    found = tuple(Access(row.at, row.actor, row.action, row.subject_id, row.details) for row in rows)
    return found, int(total)


def accesses_of(connection: Connection, subject_id: str) -> Iterator[Access]:
    """Who looked at the subject, oldest first."""
    query = (
        select(access_log).where(access_log.c.subject_id == subject_id).order_by(access_log.c.at, access_log.c.id)
    )
    return (
        Access(row.at, row.actor, row.action, row.subject_id, row.details) for row in connection.execute(query)
    )
