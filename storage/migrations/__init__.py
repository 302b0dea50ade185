"""Makes and upgrades the schemas `catalogue` and `ledger`; `migrate` is all that others call.

In: the address of an empty or older database, as its owner. Out: the newest schema, the roles `letapis_writer`,
`letapis_reader`, `letapis_access`, `letapis_sql` and `letapis_analyst` with their rights; the passwords of roles
that are made are set by an administrator. Raises `MigrationError` with the statements an administrator has to
run, `SchemaTooNewError` for what it does not know. Two migrations at once are safe: the second waits and finds
nothing to do.
"""

from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.pool import NullPool

from storage.errors import StorageError

WRITER = "letapis_writer"
READER = "letapis_reader"
ACCESS = "letapis_access"
SQL = "letapis_sql"
ANALYST = "letapis_analyst"
LOGINS = {WRITER: "LOGIN", READER: "LOGIN", ACCESS: "LOGIN", SQL: "LOGIN", ANALYST: "NOLOGIN"}
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


class SchemaTooNewError(StorageError):
    """A newer version has changed the tables; the operator installs that version here, too."""

    def __init__(self, found: str, newest: str) -> None:
        super().__init__(
            f"The database has schema {found}, and this version of Letapis knows none beyond {newest}: install "
            "the newer version here, too. The database was not changed."
        )
        self.found = found
        self.newest = newest


@dataclass(frozen=True)
class Migrated:
    """The schema's revision before (None: there was none) and now."""

    before: str | None
    now: str


def newest_schema() -> str:
    """The revision that this code works with."""
    (head,) = ScriptDirectory(str(Path(__file__).parent)).get_heads()
    return head


def knows_schema(revision: str) -> bool:
    """Whether this code, or a version before it, has made tables of this revision."""
    return revision in _known_schemas()


def _known_schemas() -> frozenset[str]:
    return frozenset(each.revision for each in ScriptDirectory(str(Path(__file__).parent)).walk_revisions())


def schema_of(connection: Connection) -> str | None:
    """The revision of a database that any of our roles looks at; None where it has no tables of ours."""
    if connection.scalar(text("SELECT to_regclass('ledger.schema_version')")) is None:
        return None
    revision = connection.scalar(text("SELECT version_num FROM ledger.schema_version"))
    return None if revision is None else str(revision)


def migrate(owner_url: str) -> Migrated:
    """Bring the database to the newest schema; whoever connects by ``owner_url`` owns what is made."""
    engine = create_engine(owner_url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
        _require_roles(connection)
        _require_trigrams(connection)
        connection.execute(text("CREATE SCHEMA IF NOT EXISTS ledger"))
        before = schema_of(connection)
        if before is not None and before not in _known_schemas():
            raise SchemaTooNewError(before, newest_schema())
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return Migrated(before, newest_schema())


def _require_roles(connection: Connection) -> None:
    there = set(connection.scalars(text("SELECT rolname FROM pg_roles")))
    missing = [role for role in LOGINS if role not in there]
    statements = tuple(f"CREATE ROLE {role} {LOGINS[role]};" for role in missing)
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
