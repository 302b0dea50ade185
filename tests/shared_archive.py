"""An archive that several tests share: a migrated database, a bucket and sealing keys of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from pipeline.config.settings import OwnedDatabase, Settings
from pipeline.devstack.postgres import PostgresServer
from pipeline.devstack.seaweedfs import ObjectStoreServer
from storage.sealing_keys import make_keys
from tests.embedded_database import drop_database


def settings_with_services(
    settings: Settings, store: ObjectStoreServer, database: OwnedDatabase, bucket: str
) -> Settings:
    """The same with a bucket, which is not there yet, with a database, and with new sealing keys."""
    make_keys(settings.sealing_keys_file)
    return replace(
        settings,
        sealing_keys=settings.sealing_keys_file,
        s3_endpoint=store.endpoint,
        s3_access_key=store.access_key,
        s3_secret_key=store.secret_key,
        s3_bucket=bucket,
        lock_mode="governance",
        lock_days=1,
        database_url=database.owner_url,
        database_writer_url=database.writer_url,
        database_reader_url=database.reader_url,
        database_access_url=database.access_url,
        database_sql_url=database.sql_url,
    )


@contextmanager
def shared_archive_settings(
    postgres: PostgresServer, template: str, store: ObjectStoreServer, folder: Path, name: str
) -> Iterator[Settings]:
    """Settings with the data folder ``folder``; ``name`` is that of the database, dropped in the end."""
    database = postgres.create_database(name, template=template)
    yield settings_with_services(Settings(data=folder), store, database, name.replace("_", "-"))
    drop_database(postgres, name)
