"""Connects to the database alone: for what needs no object store, and has to begin at once.

In: an address, a name for the database's own lists. Out: an engine, not connected yet, whose
errors name no values of a statement: they go to logs, and rows hold persons and cases.
"""

from typing import Final

from sqlalchemy import Engine, create_engine

from storage.postgres_errors import without_values

QUICK_S: Final = 2


def database_engine(url: str, name: str) -> Engine:
    """An engine that outlives a restart of the database."""
    # pre-ping: a pooled connection that a restarted database has dropped is replaced, not handed out
    engine = create_engine(
        url,
        pool_pre_ping=True,
        hide_parameters=True,
        pool_size=2,
        max_overflow=8,
        connect_args={"application_name": name, "connect_timeout": 10, "options": "-c timezone=UTC"},
    )
    return without_values(engine)


def lease_engine(url: str) -> Engine:
    """An engine that gives up after `QUICK_S` seconds: a lease that cannot be renewed must be given up in time."""
    engine = create_engine(
        url,
        hide_parameters=True,
        pool_size=1,
        max_overflow=1,
        connect_args={
            "application_name": "letapis-lease",
            "connect_timeout": QUICK_S,
            "tcp_user_timeout": QUICK_S * 1000,
            "options": f"-c timezone=UTC -c statement_timeout={QUICK_S * 1000}",
        },
    )
    return without_values(engine)
