"""Figures by which an archive is operated: how long custody is, what people wait for, how fast it grows.

In: a reading connection. Out: `CustodyLength`, `RequestQueue`, `DepositedBytes`. Nothing here names a case, a
person or an address; ids of sources are of every label, so whoever shows them asks who may know of them.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class CustodyLength:
    """How many entries custody has, and when the newest was appended; None where there is none."""

    entries: int
    newest_at: datetime | None


@dataclass(frozen=True, slots=True)
class RequestQueue:
    """Addresses that were requested and have no result yet, and since when the oldest of them waits."""

    waiting: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True)
class DepositedBytes:
    """What was deposited of a source since a moment."""

    source_id: str
    file_bytes: int


_NEWEST_ENTRY: Final = text("SELECT seq, at FROM ledger.custody ORDER BY seq DESC LIMIT 1")

_WAITING: Final = text("""
    SELECT count(*) AS waiting, min(request.at) AS oldest_at
    FROM ledger.requests AS request
    CROSS JOIN LATERAL generate_series(0, jsonb_array_length(request.urls) - 1) AS place (number)
    WHERE request.at >= :since AND NOT EXISTS (
        SELECT FROM ledger.request_results AS result
        WHERE result.request_id = request.id AND result.number = place.number
    )
""")


def custody_length(connection: Connection) -> CustodyLength:
    """The length of custody; its entries are numbered without a gap."""
    row = connection.execute(_NEWEST_ENTRY).first()
    return CustodyLength(0, None) if row is None else CustodyLength(int(row.seq), row.at.astimezone(UTC))


def request_queue(connection: Connection, since: datetime) -> RequestQueue:
    """What of the requests since this moment waits; older ones without a result were given up."""
    row = connection.execute(_WAITING, {"since": since}).one()
    return RequestQueue(int(row.waiting), None if row.oldest_at is None else row.oldest_at.astimezone(UTC))


_DEPOSITED: Final = text("""
    SELECT warcs.source_id, sum(warcs.length_bytes) AS file_bytes
    FROM ledger.custody AS deposited
    JOIN catalogue.warcs ON warcs.custody_seq = deposited.seq
    WHERE deposited.at >= :since
    GROUP BY warcs.source_id ORDER BY warcs.source_id
""")

_BY_DAY: Final = text("""
    SELECT (deposited.at AT TIME ZONE 'UTC')::date AS day, sum(warcs.length_bytes) AS file_bytes
    FROM ledger.custody AS deposited
    JOIN catalogue.warcs ON warcs.custody_seq = deposited.seq
    WHERE deposited.at >= :since
    GROUP BY day
""")

_FIRST_DEPOSIT: Final = text("SELECT min(at) FROM ledger.custody WHERE event = 'deposited'")

_DATABASE_SIZE: Final = text("SELECT pg_database_size(current_database())")


def deposited_since(connection: Connection, since: datetime) -> tuple[DepositedBytes, ...]:
    """By source the length of the WARC files that were deposited since this moment."""
    return tuple(
        DepositedBytes(row.source_id, int(row.file_bytes))
        for row in connection.execute(_DEPOSITED, {"since": since})
    )


def deposited_by_day(connection: Connection, since: datetime) -> dict[date, int]:
    """The length of the WARC files that were deposited on each UTC day since this moment, in bytes."""
    return {row.day: int(row.file_bytes) for row in connection.execute(_BY_DAY, {"since": since})}


def first_deposit(connection: Connection) -> datetime | None:
    """When the first file was deposited; None before it."""
    at: datetime | None = connection.scalar(_FIRST_DEPOSIT)
    return None if at is None else at.astimezone(UTC)


def database_bytes(connection: Connection) -> int:
    """How much of a disk the database takes."""
    return int(connection.scalar(_DATABASE_SIZE) or 0)
