"""The store alone gives the catalogue again: equal rows, equal ids."""

import hashlib
from dataclasses import replace

import pytest
from sqlalchemy import Engine, text

from pipeline.airflow_api import AirflowApi
from pipeline.config.archive_factory import opened_archive
from pipeline.devstack.postgres import PostgresServer
from pipeline.process.rebuild import rebuild
from storage.archive import Archive
from storage.catalogue.tables import metadata
from tests.conftest import RunningStack
from tests.end_to_end.conftest import Night, wait_until_read

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(1200)]


def every_row(engine: Engine) -> dict[str, list[str]]:
    """Each table of the catalogue as sorted digests of its rows."""
    with engine.connect() as connection:
        return {
            table.name: sorted(
                hashlib.sha256(row.encode()).hexdigest()
                for row in connection.scalars(text(f"SELECT t::text FROM catalogue.{table.name} t"))
            )
            for table in metadata.sorted_tables
        }


def test_rebuild_from_the_store_alone_gives_the_same_rows_and_ids(
    second_night: Night,
    api: AirflowApi,
    airflow_stack: RunningStack,
    deposited: Archive,
    postgres_server: PostgresServer,
    migrated_template: str,
) -> None:
    api.trigger("process", {})  # what other tests have deposited may be unread
    wait_until_read(api, deposited)
    fresh = postgres_server.create_database("rebuilt", template=migrated_template)
    settings = replace(
        airflow_stack.settings,
        database_url=fresh.owner_url,
        database_writer_url=fresh.writer_url,
        database_reader_url=fresh.reader_url,
        database_access_url=fresh.access_url,
        database_sql_url=fresh.sql_url,
    )
    with opened_archive(settings) as archive:
        report = rebuild(archive)
        rebuilt = every_row(archive.reader)
    before = every_row(deposited.reader)

    assert report.remarks == ()
    assert {name: len(rows) for name, rows in rebuilt.items()} == {
        name: len(rows) for name, rows in before.items()
    }
    assert [name for name in before if rebuilt[name] != before[name]] == []
    assert before["sightings"]
