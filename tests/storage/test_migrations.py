"""The database that migrations make: what the code's tables say, and a ledger that nobody can change."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, create_engine, text
from sqlalchemy.exc import DBAPIError

from pipeline.settings import OwnedDatabase
from storage import catalogue_tables, comparison_tables, ledger_tables, traffic_tables
from storage.migrations import migrate

LEDGER_TABLES = [table.name for table in ledger_tables.metadata.sorted_tables]


def test_migrations_make_exactly_the_tables_of_the_code(database: OwnedDatabase) -> None:
    both = MetaData()
    for tables in (catalogue_tables, ledger_tables, traffic_tables, comparison_tables):
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
                    kind != "schema" or name in ("catalogue", "ledger", "traffic", "comparing")
                ),
            },
        )
        assert compare_metadata(context, both) == []


def test_migrating_again_changes_nothing(database: OwnedDatabase) -> None:
    migrate(database.owner_url)


@pytest.mark.parametrize("table", LEDGER_TABLES)
@pytest.mark.parametrize(
    "statement", ["UPDATE ledger.{} SET {} = {}", "DELETE FROM ledger.{}", "TRUNCATE ledger.{}"]
)
@pytest.mark.parametrize("role", ["writer", "owner", "reader"])
def test_nobody_changes_the_ledger(database: OwnedDatabase, table: str, statement: str, role: str) -> None:
    url = {"writer": database.writer_url, "owner": database.owner_url, "reader": database.reader_url}[role]
    column = ledger_tables.metadata.tables[f"ledger.{table}"].primary_key.columns[0].name
    cascade = " CASCADE" if statement.startswith("TRUNCATE") else ""
    with create_engine(url).connect() as connection, pytest.raises(DBAPIError, match=r"refused|permission denied"):
        connection.execute(text(statement.format(table, column, column) + cascade))


def test_the_reader_writes_the_access_log_alone(database: OwnedDatabase) -> None:
    entry = "INSERT INTO ledger.access_log VALUES ('1', now(), 'analyst', 'search', NULL, '{}')"
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
