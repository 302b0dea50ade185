"""Lines of a request that were not taken: what each says, where it stood, and why it is left out.

In: a connection of the writer or reader. Out: `RefusedLine`s, in the order of their lines. Guaranteed: they are
kept with the request as results without an address, numbered behind those of its addresses, so that rows, sealed
batches and what is restored of them keep their form. Light to import.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection, insert, select
from ulid import ULID

from storage.ledger.tables import request_results

KEY: Final = "refused"
"""Of the details of a result: there where it is of a line that was refused."""


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """One line that cannot be archived: ``line`` from 1, ``reason`` completes the sentence.

    ``text`` is as it may be shown: without a password, cut, its control characters spelled out.
    """

    line: int
    text: str
    reason: str

    def __str__(self) -> str:
        return f"Line {self.line}: '{self.text}' {self.reason}"


@dataclass(frozen=True, slots=True)
class CheckedLines:
    """What is taken of the lines that somebody sent, each address once, and what is not."""

    urls: tuple[str, ...]
    refused: tuple[RefusedLine, ...]


def insert_refused(
    connection: Connection, request_id: str, addresses: int, refused: Sequence[RefusedLine]
) -> None:
    """Append what was refused of a request that has so many ``addresses``."""
    now = datetime.now(UTC)
    rows = [
        {
            "id": str(ULID()),
            "request_id": request_id,
            "number": addresses + place,
            "at": now,
            "problem": str(each),
            "details": {KEY: asdict(each)},
        }
        for place, each in enumerate(refused)
    ]
    if rows:
        connection.execute(insert(request_results), rows)


def refused_lines(connection: Connection, request_id: str) -> tuple[RefusedLine, ...]:
    """What was refused of a request; ask for the request itself first."""
    query = select(request_results.c.details[KEY]).where(
        request_results.c.request_id == request_id, request_results.c.details.has_key(KEY)
    )
    return tuple(RefusedLine(**found) for found in connection.scalars(query.order_by(request_results.c.number)))
