"""A database for one drill: made, migrated, and dropped again, whatever becomes of the drill.

In: the address of a role that may make databases (`LETAPIS_DATABASE_DRILL_URL`). Out: the address of the new
database. Guaranteed: one drill at a time for a role; the name is made here and is that of no database in use; what
a drill that was killed has left is dropped by the next. Raises `DrillRunsError` and SQLAlchemy's errors.
"""

import secrets
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Connection, NullPool, create_engine, make_url, text

from storage.errors import StorageError
from storage.migrations import migrate

PREFIX: Final = "letapis_drill_"
DRILL_KEY: Final = 7_305_510_053
"""Advisory lock in the database that the drill's address names, held while a drill runs."""


class DrillRunsError(StorageError):
    """Another drill of this role runs; wait for its end."""

    def __init__(self) -> None:
        super().__init__("Another drill is running. Nothing was changed; wait until it ended.")


@contextmanager
def scratch_database(drill_url: str, in_use: Collection[str]) -> Iterator[str]:
    """The address of a new, migrated database; ``in_use`` are names that it must not have."""
    name = f"{PREFIX}{secrets.token_hex(8)}"
    if name in in_use:
        raise AssertionError(name)  # a name of 16 random digits; dropping the database in use is not survivable
    engine = create_engine(drill_url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        if not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": DRILL_KEY}):
            raise DrillRunsError
        for left in _left(connection):
            if left not in in_use:
                _drop(connection, left)
        connection.execute(
            text(
                f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' "
                "LOCALE_PROVIDER libc LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'"
            )
        )
        try:
            connection.execute(text(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC"))
            url = make_url(drill_url).set(database=name).render_as_string(hide_password=False)
            migrate(url)
            yield url
        finally:
            _drop(connection, name)


def _left(connection: Connection) -> list[str]:
    """Databases that drills of this role have left."""
    query = text("""
        SELECT datname FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba
        WHERE starts_with(datname, :prefix) AND r.rolname = current_user
    """)
    return list(connection.scalars(query, {"prefix": PREFIX}))


def _drop(connection: Connection, name: str) -> None:
    connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
