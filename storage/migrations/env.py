"""What alembic runs: the versions of this folder, on the connection that `migrate` opened."""

from alembic import context

from storage.ledger import tables as ledger_tables

context.configure(
    connection=context.config.attributes["connection"],
    version_table="schema_version",
    version_table_schema=ledger_tables.SCHEMA,
)
context.run_migrations()
