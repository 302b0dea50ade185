"""Requests of people to archive something: who, which addresses, why, for which case.

In: a connection of the writer. Out: `Request`. Guaranteed: appended to the ledger in the caller's transaction,
never changed; nothing of it is ever written into a WARC.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, insert, select
from ulid import ULID

from storage.errors import StorageError
from storage.ledger.tables import requests


class RequestUnknownError(StorageError):
    """No request has this id; whoever passes it on looks up where it came from."""

    def __init__(self, request_id: str) -> None:
        super().__init__(f"Request {request_id}: not in the ledger; nothing was fetched for it.")
        self.request_id = request_id


@dataclass(frozen=True, slots=True)
class Request:
    """What ``actor`` requested at ``at``; ``reason`` and ``case_reference`` are None where none was given."""

    id: str
    at: datetime
    actor: str
    urls: tuple[str, ...]
    reason: str | None
    case_reference: str | None


def insert_request(
    connection: Connection,
    *,
    actor: str,
    urls: Sequence[str],
    reason: str | None = None,
    case_reference: str | None = None,
) -> Request:
    """Append the request under a new id (ULID)."""
    request = Request(str(ULID()), datetime.now(UTC), actor, tuple(urls), reason, case_reference)
    connection.execute(
        insert(requests).values(
            id=request.id,
            at=request.at,
            actor=request.actor,
            urls=list(request.urls),
            reason=request.reason,
            case_reference=request.case_reference,
        )
    )
    return request


def request_by_id(connection: Connection, request_id: str) -> Request:
    """The request; raises `RequestUnknownError`."""
    row = connection.execute(select(requests).where(requests.c.id == request_id)).first()
    if row is None:
        raise RequestUnknownError(request_id)
    return Request(row.id, row.at, row.actor, tuple(row.urls), row.reason, row.case_reference)
