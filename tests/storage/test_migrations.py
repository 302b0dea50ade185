"""The database that migrations make: what the code's tables say, and a ledger that nobody can change."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, create_engine, func, select, text
from sqlalchemy.exc import DBAPIError

from pipeline.config.settings import OwnedDatabase
from pipeline.devstack.postgres import PostgresServer
from storage.catalogue import tables as catalogue_tables
from storage.ledger import tables as ledger_tables
from storage.migrations import VERSIONS, known_schemas, migrate
from storage.quality import tables as quality_tables
from storage.rate_limit import tables as traffic_tables
from storage.similarity import tables as comparison_tables
from storage.work_queue import tables as work_tables
from tests.embedded_database import drop_database


def test_the_files_of_the_versions_are_named_after_them() -> None:
    scripts = list(ScriptDirectory(str(VERSIONS.parent)).walk_revisions())
    assert tuple(each.revision for each in reversed(scripts)) == known_schemas()
    assert all(Path(each.path).name.startswith(f"{each.revision}_") for each in scripts)


LEDGER_TABLES = [table.name for table in ledger_tables.metadata.sorted_tables]


def test_migrations_make_exactly_the_tables_of_the_code(database: OwnedDatabase) -> None:
    both = MetaData()
    made_by_code = (
        catalogue_tables,
        ledger_tables,
        traffic_tables,
        comparison_tables,
        work_tables,
        quality_tables,
    )
    for tables in made_by_code:
        for table in tables.metadata.sorted_tables:
            table.to_metadata(both)
    with create_engine(database.owner_url).connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_schemas": True,
                "version_table": "schema_version",
                "version_table_schema": "ledger",
                "include_name": lambda name, kind, _: (
                    kind != "schema" or name in ("catalogue", "ledger", "traffic", "comparing", "work", "quality")
                ),
            },
        )
        assert compare_metadata(context, both) == []


EVERYTHING_MADE = """
    SELECT 'column', table_schema, table_name, column_name, data_type, column_default, is_nullable
      FROM information_schema.columns WHERE table_schema !~ '^(pg_|information_schema)'
    UNION ALL
    SELECT 'grant', table_schema, table_name, grantee, privilege_type, NULL, NULL
      FROM information_schema.table_privileges WHERE table_schema !~ '^(pg_|information_schema)'
    UNION ALL SELECT 'index', schemaname, tablename, indexname, indexdef, NULL, NULL FROM pg_indexes
      WHERE schemaname !~ '^pg_'
    UNION ALL
    SELECT 'trigger', event_object_schema, event_object_table, trigger_name, action_statement, NULL, NULL
      FROM information_schema.triggers
    UNION ALL SELECT 'version', version_num, NULL, NULL, NULL, NULL, NULL FROM ledger.schema_version
    ORDER BY 1, 2, 3, 4, 5
"""


def test_migrating_again_changes_nothing(database: OwnedDatabase) -> None:
    engine = create_engine(database.owner_url)
    with engine.connect() as connection:
        before = connection.execute(text(EVERYTHING_MADE)).all()
    assert {row[0] for row in before} == {"column", "grant", "index", "trigger", "version"}

    migrate(database.owner_url)

    with engine.connect() as connection:
        assert connection.execute(text(EVERYTHING_MADE)).all() == before


@pytest.fixture(scope="module")
def unchanged_database(postgres_server: PostgresServer, migrated_template: str) -> Iterator[OwnedDatabase]:
    """One for all that is refused: nobody changes it."""
    name = f"refusing_{secrets.token_hex(4)}"
    yield postgres_server.create_database(name, template=migrated_template)
    drop_database(postgres_server, name)


@pytest.mark.parametrize("table", LEDGER_TABLES)
@pytest.mark.parametrize(
    "statement", ["UPDATE ledger.{} SET {} = {}", "DELETE FROM ledger.{}", "TRUNCATE ledger.{}"]
)
@pytest.mark.parametrize("role", ["writer", "owner", "reader"])
def test_nobody_changes_the_ledger(
    unchanged_database: OwnedDatabase, table: str, statement: str, role: str
) -> None:
    database = unchanged_database
    url = {"writer": database.writer_url, "owner": database.owner_url, "reader": database.reader_url}[role]
    column = ledger_tables.metadata.tables[f"ledger.{table}"].primary_key.columns[0].name
    cascade = " CASCADE" if statement.startswith("TRUNCATE") else ""
    with create_engine(url).connect() as connection, pytest.raises(DBAPIError, match=r"refused|permission denied"):
        connection.execute(text(statement.format(table, column, column) + cascade))


def test_the_reader_writes_the_access_log_alone(database: OwnedDatabase) -> None:
    entry = "INSERT INTO ledger.access_log VALUES ('1', now(), 'letapis', 'search', NULL, '{}')"
    request = "INSERT INTO ledger.requests VALUES ('1', now(), 'analyst', '[]', NULL, NULL)"
    reader = create_engine(database.reader_url)
    with reader.begin() as connection:
        connection.execute(text(entry))
    with reader.connect() as connection, pytest.raises(DBAPIError, match="permission denied"):
        connection.execute(text(request))


def test_words_of_every_script_are_folded_and_stemmed(database: OwnedDatabase) -> None:
    with create_engine(database.reader_url).connect() as connection:
        found = connection.scalar(
            text("SELECT to_tsvector('russian', 'ЗАДЕРЖАНЫ') @@ to_tsquery('russian', 'задержан')")
        )
        lowered = connection.scalar(text("SELECT lower('МІНСК, ЎЗДЗЕЯННЕ')"))
    assert found is True
    assert lowered == "мінск, ўздзеянне"


WAYS_ROUND = [
    "ALTER TABLE ledger.custody DISABLE TRIGGER append_only",
    "DROP TRIGGER append_only ON ledger.custody",
    "CREATE OR REPLACE FUNCTION ledger.refuse_change() RETURNS trigger LANGUAGE sql AS 'SELECT NULL'",
    "SET session_replication_role = replica",
    "CREATE RULE quiet AS ON INSERT TO ledger.custody DO INSTEAD NOTHING",
    "CREATE TABLE ledger.other (id int)",
    "CREATE TABLE catalogue.other (id int)",
    "CREATE FUNCTION public.lower(text) RETURNS text LANGUAGE sql AS 'SELECT $1'",
    "CREATE TABLE public.other (id int)",
    "CREATE SCHEMA other",
    "DROP TABLE ledger.custody CASCADE",
    "ALTER TABLE ledger.custody OWNER TO CURRENT_USER",
    "SET ROLE letapis_owner",
    "COPY ledger.requests TO PROGRAM 'true'",
    "COPY ledger.requests FROM '/etc/passwd'",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT lo_import('/etc/passwd')",
    "ALTER SYSTEM SET fsync = off",
]


@pytest.mark.parametrize("role", ["writer", "reader"])
def test_no_way_leads_round_what_a_role_may_do(database: OwnedDatabase, role: str) -> None:
    url = database.writer_url if role == "writer" else database.reader_url
    went = []
    with create_engine(url, isolation_level="AUTOCOMMIT").connect() as connection:
        for statement in WAYS_ROUND:
            try:
                connection.execute(text(statement))
            except DBAPIError as refused:
                assert "permission denied" in str(refused) or "must be" in str(refused) or "owner" in str(refused)
            else:
                went.append(statement)
    assert went == []


@pytest.mark.parametrize("role", ["writer", "reader"])
def test_names_of_a_roles_own_stand_before_none_of_ours(database: OwnedDatabase, role: str) -> None:
    """The session's own schema is looked through first; a table there takes the place of none of ours."""
    url = database.writer_url if role == "writer" else database.reader_url
    with create_engine(url).connect() as connection:
        connection.execute(text("CREATE TEMPORARY TABLE custody (seq bigint)"))
        connection.execute(text("CREATE TEMPORARY TABLE captures (id text)"))
        connection.execute(text("INSERT INTO custody VALUES (1)"))
        assert connection.execute(select(func.count()).select_from(ledger_tables.custody)).scalar_one() == 0
        assert connection.execute(select(catalogue_tables.captures.c.surt)).all() == []


def test_the_reader_writes_no_table_but_the_access_log(database: OwnedDatabase) -> None:
    with create_engine(database.owner_url).connect() as connection:
        asked = """
            SELECT table_schema || '.' || table_name || ' ' || privilege_type
            FROM information_schema.role_table_grants
            WHERE grantee IN ('letapis_reader', 'PUBLIC') AND privilege_type <> 'SELECT'
            AND table_schema NOT IN ('pg_catalog', 'information_schema')
        """
        assert set(connection.scalars(text(asked))) == {"ledger.access_log INSERT"}


def test_only_the_exchange_of_catalogues_runs_with_its_owners_rights(database: OwnedDatabase) -> None:
    """The writer may call it, nobody else; names it finds cannot be laid under it by a search path."""
    with create_engine(database.owner_url).connect() as connection:
        asked = """
            SELECT proname, proconfig,
                has_function_privilege('letapis_reader', pg_proc.oid, 'EXECUTE') AS by_reader,
                EXISTS (SELECT FROM aclexplode(proacl) WHERE grantee = 0) AS by_all
            FROM pg_proc
            WHERE prosecdef AND pronamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')
        """
        found = connection.execute(text(asked)).all()
    names = {"analyze_next", "begin_next", "copy_rights", "drop_before", "exchange", "exchange_schemas"}
    names |= {"note_rows", "note_all", "note_everything", "forget_before"}
    of_views = {"sees_everything", "granted_labels"}  # what the views of SQL ask of who is logged in
    assert {row.proname for row in found} == names | of_views
    assert {(tuple(row.proconfig), row.by_all) for row in found} == {(("search_path=pg_catalog, pg_temp",), False)}
    assert {row.proname for row in found if row.by_reader} == set()
