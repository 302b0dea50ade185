"""Makes and upgrades the schemas `catalogue` and `ledger`, and keeps programs of another version from them.

In: the address of an empty or older database, as its owner. Out: the newest schema, the roles `letapis_writer`,
`letapis_reader`, `letapis_access`, `letapis_sql` and `letapis_analyst` with their rights; the passwords of roles
that are made are set by an administrator. Raises `MigrationError` with the statements an administrator has to
run, `SchemaTooNewError` for what it does not know. Two migrations at once are safe: the second waits and finds
nothing to do. `pending_migrations` says what `migrate` would do, `rehearse` does it and takes it back. An engine
with `refuse_other_schemas` gives no connection to tables that this code was not written for: `OtherSchemaError`.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg2 import errors as postgres_errors
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.pool import NullPool

from storage.errors import StorageError

WRITER = "letapis_writer"
READER = "letapis_reader"
ACCESS = "letapis_access"
SQL = "letapis_sql"
ANALYST = "letapis_analyst"
LOGINS = {WRITER: "LOGIN", READER: "LOGIN", ACCESS: "LOGIN", SQL: "LOGIN", ANALYST: "NOLOGIN"}
VERSIONS: Final = Path(__file__).with_name("versions")
LOOK_AGAIN_S: Final = 5.0
"""Seconds for which a connection is used without another look at whose tables they are."""
SEEN: Final = "schema_seen"
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


class OtherSchemaError(StorageError):
    """The tables are those of another version; ``found`` is None where there are none."""

    def __init__(self, found: str | None, needed: str) -> None:
        if found is None:
            what = (
                f"The database has no tables of Letapis, and this version needs schema {needed}: `letapis prepare`"
            )
            how = "makes them, as the owner of the database."
        elif found in known_schemas():
            what = f"The database has the tables of schema {found}, and this version of Letapis needs {needed}:"
            how = "stop the programs of the older version and run `letapis prepare` of this one, as the owner."
        else:
            what = f"A newer version of Letapis has changed the database to schema {found}, and this program knows"
            how = f"none beyond {needed}: install the newer version on this machine, too."
        super().__init__(f"{what} {how} Nothing was read or written.")
        self.found = found
        self.needed = needed


@dataclass(frozen=True, slots=True)
class Migration:
    """One step: the schema that it makes, what it is for, and how long it took, None where it was not run."""

    schema: str
    title: str
    duration_s: float | None = None


@dataclass(frozen=True)
class Migrated:
    """The schema's revision before (None: there was none) and now."""

    before: str | None
    now: str


def known_schemas() -> tuple[str, ...]:
    """Every revision of this code, oldest first: the numbers with which the files of its versions begin."""
    return tuple(sorted(path.name[:4] for path in VERSIONS.glob("[0-9]*_*.py")))


def newest_schema() -> str:
    """The revision that this code works with."""
    return known_schemas()[-1]


def knows_schema(revision: str) -> bool:
    """Whether this code, or a version before it, has made tables of this revision."""
    return revision in known_schemas()


def schema_of(connection: Connection) -> str | None:
    """The revision of a database that any of our roles looks at; None where it has no tables of ours."""
    if connection.scalar(text("SELECT to_regclass('ledger.schema_version')")) is None:
        return None
    revision = connection.scalar(text("SELECT version_num FROM ledger.schema_version"))
    return None if revision is None else str(revision)


def migrate(owner_url: str) -> Migrated:
    """Bring the database to the newest schema; whoever connects by ``owner_url`` owns what is made."""
    engine = create_engine(owner_url, poolclass=NullPool)
    with engine.begin() as connection, _prepared(connection) as (config, before):
        command.upgrade(config, "head")
    return Migrated(before, newest_schema())


def pending_migrations(owner_url: str) -> tuple[Migration, ...]:
    """The steps that `migrate` would take on this database, in their order. Raises `SchemaTooNewError`."""
    with create_engine(owner_url, poolclass=NullPool).connect() as connection:
        before = _known_schema_of(connection)
    scripts = _config_scripts(_config())
    return tuple(
        Migration(schema, scripts[schema]) for schema in known_schemas() if before is None or schema > before
    )


def rehearse(owner_url: str) -> tuple[Migration, ...]:
    """Take the steps of `migrate` on this database in one transaction, and take it back at the end.

    Each step has how long it took. Its tables are locked until the end, as they are in earnest. Raises what
    `migrate` raises, and `sqlalchemy.exc.SQLAlchemyError` for a step that the data do not allow.
    """
    engine = create_engine(owner_url, poolclass=NullPool)
    with engine.connect() as connection, connection.begin() as transaction:
        with _prepared(connection) as (config, before):
            scripts = _config_scripts(config)
            steps = []
            for schema in known_schemas():
                if before is None or schema > before:
                    began = time.monotonic()
                    command.upgrade(config, schema)
                    steps.append(Migration(schema, scripts[schema], time.monotonic() - began))
        transaction.rollback()
    return tuple(steps)


def refuse_other_schemas(engine: Engine) -> Engine:
    """The engine, which from now on raises `OtherSchemaError` in place of a connection to other tables.

    A connection of its pool is looked at again after `LOOK_AGAIN_S` seconds: the tables may have been changed.
    """
    event.listen(engine, "connect", _require_schema)
    event.listen(engine, "checkout", _require_schema_still)
    return engine


def _require_schema_still(connection: Any, record: Any, _: Any) -> None:
    """As `_require_schema`; the pool drops a connection of which this raises, and counts it as given back."""
    if time.monotonic() - record.info.get(SEEN, float("-inf")) >= LOOK_AGAIN_S:
        _require_schema(connection, record)


def _require_schema(connection: Any, record: Any) -> None:
    """Look at the tables by a connection as the driver has it; ``record`` is the pool's, which keeps when."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT version_num FROM ledger.schema_version")
            row = cursor.fetchone()
    except (postgres_errors.UndefinedTable, postgres_errors.InvalidSchemaName):
        row = None
    finally:
        connection.rollback()
    found = None if row is None else str(row[0])
    if found != newest_schema():
        connection.close()
        raise OtherSchemaError(found, newest_schema())
    record.info[SEEN] = time.monotonic()


@contextmanager
def _prepared(connection: Connection) -> Iterator[tuple[Config, str | None]]:
    """What every migration needs, within the transaction of ``connection``: the lock, roles, the extension."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
    _require_roles(connection)
    _require_trigrams(connection)
    connection.execute(text("CREATE SCHEMA IF NOT EXISTS ledger"))
    before = _known_schema_of(connection)
    config = _config()
    config.attributes["connection"] = connection
    yield config, before


def _known_schema_of(connection: Connection) -> str | None:
    before = schema_of(connection)
    if before is not None and before not in known_schemas():
        raise SchemaTooNewError(before, newest_schema())
    return before


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config


def _config_scripts(config: Config) -> dict[str, str]:
    """What each version is for: the first line of its text."""
    scripts = ScriptDirectory.from_config(config).walk_revisions()
    return {each.revision: (each.doc or "").splitlines()[0] for each in scripts}


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
