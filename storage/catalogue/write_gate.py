"""Who may write into the catalogue in use while another takes its place.

In: a connection of the writer, in a transaction. Guaranteed: once `close` has returned, no transaction that went
through `enter` is under way, and whoever comes waits; so nothing is written into a catalogue that goes. The
catalogue that is built beside it (`storage.integrity.rebuilt_catalogue`) has one writer alone and no gate.

Two locks, since reading a file takes minutes and a deposit must not wait for that: first those who read are waited
for, then those who write for a moment only. Nobody who holds the second waits for the first.
"""

from typing import Final

from sqlalchemy import Connection, text

READING_KEY: Final = 7_305_510_006
"""Advisory lock: a number of our own, shared by those who read a file into the catalogue."""

WRITING_KEY: Final = 7_305_510_007
"""The same of those who write for a moment: a deposit, a comparison, a judgement."""


def is_beside(connection: Connection) -> bool:
    """Whether the connection writes into the catalogue that is being built, not into the one in use."""
    return bool(connection.get_execution_options().get("schema_translate_map"))


def enter(connection: Connection, *, to_read: bool = False) -> None:
    """Hold the gate open until the transaction ends; make it the first statement. ``to_read``: for minutes."""
    if not is_beside(connection):
        key = READING_KEY if to_read else WRITING_KEY
        connection.execute(text("SELECT pg_advisory_xact_lock_shared(:key)"), {"key": key})


def close(connection: Connection) -> None:
    """Wait for all who are inside, and let nobody in until the transaction ends."""
    for key in (READING_KEY, WRITING_KEY):
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})
