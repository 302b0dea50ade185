"""What custody says of operators' own code: which archives were deposited, and which of them a parser version
names.

In: a reading connection. Out: entries ``extension_deposited``, whose subject is the archive's key and digest.
"""

from typing import Final

from sqlalchemy import Connection, select

from storage.ledger.custody import entry_of
from storage.ledger.entry import CustodyEntry
from storage.ledger.tables import custody

EXTENSION_DEPOSITED: Final = "extension_deposited"


def extension_deposits(connection: Connection, name: str) -> tuple[CustodyEntry, ...]:
    """Every deposit of this extension, oldest first."""
    query = select(custody).where(
        custody.c.event == EXTENSION_DEPOSITED, custody.c.details["extension"].as_string() == name
    )
    return tuple(entry_of(row) for row in connection.execute(query.order_by(custody.c.seq)))


def code_of_version(connection: Connection, parser_version: str) -> CustodyEntry | None:
    """The deposit of the code that a parser version ``extension.module:Class/1@digest`` names; None for ours."""
    reference, _, short = parser_version.rpartition("@")
    found = extension_deposits(connection, reference.partition(".")[0]) if reference else ()
    return next(
        (entry for entry in found if entry.subject_digest and entry.subject_digest.hex.startswith(short)), None
    )
