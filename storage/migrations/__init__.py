"""Makes and upgrades the schemas `catalogue` and `ledger`; `migrate` is all that others call.

In: the address of an empty or older database, as its owner. Out: the newest schema, the roles `letapis_writer` and
`letapis_reader` with their rights. Raises `MigrationError` with the statements an administrator has to run.
Two migrations at once are safe: the second waits and finds nothing to do.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.pool import NullPool

from storage.errors import StorageError

WRITER = "letapis_writer"
READER = "letapis_reader"
LOCK_KEY = 7_305_510_001  # any number of our own; one migration at a time


class MigrationError(StorageError):
    """The owner lacks a right; ``statements`` is what an administrator runs once before trying again."""

    def __init__(self, reason: str, statements: tuple[str, ...]) -> None:
        super().__init__(
            f"The database was not changed: {reason} Let its administrator run, then try again:\n"
            + "\n".join(statements)
        )
        self.reason = reason
        self.statements = statements


def migrate(owner_url: str) -> None:
    """Bring the database to the newest schema; whoever connects by ``owner_url`` owns what is made."""
    engine = create_engine(owner_url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
        _require_roles(connection)
        _require_trigrams(connection)
        connection.execute(text("CREATE SCHEMA IF NOT EXISTS ledger"))
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _require_roles(connection: Connection) -> None:
    there = set(connection.scalars(text("SELECT rolname FROM pg_roles")))
    missing = [role for role in (WRITER, READER) if role not in there]
    statements = tuple(f"CREATE ROLE {role} LOGIN;" for role in missing)
    for statement in statements:
        try:
            with connection.begin_nested():
                connection.execute(text(statement))
        except ProgrammingError as refused:
            raise MigrationError(f"the roles {', '.join(missing)} are missing.", statements) from refused


def _require_trigrams(connection: Connection) -> None:
    statement = "CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public"
    try:
        with connection.begin_nested():
            connection.execute(text(statement))
    except ProgrammingError as refused:
        raise MigrationError("the extension pg_trgm is missing.", (f"{statement};",)) from refused
