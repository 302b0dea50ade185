"""What can fail while a file becomes evidence: each is named with both values; nothing is lost or done twice."""

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import boto3
import pytest
import sqlalchemy
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from pipeline.config.archive_factory import open_store
from pipeline.config.settings import Settings
from pipeline.devstack.postgres import PostgresServer
from pipeline.devstack.seaweedfs import ObjectStoreServer
from processors.digest import Digest, sha256
from storage.archive import Archive
from storage.catalogue.tables import warcs
from storage.deposit.deposit import deposit_file
from storage.ledger.chain import read_chain
from storage.objects.errors import (
    ChecksumDiffersError,
    StoreUnfitError,
    StoreUnreachableError,
    WrongCredentialsError,
)
from storage.objects.model import StoredObject
from storage.objects.store import ObjectStore
from tests.embedded_database import superuser_password
from tests.storage.crawled_files import crawl_one, exchange, response
from tests.storage.store_outage import outage
from tests.storage.tampering_proxy import Tampering, between, turned


@pytest.fixture
def warc(tmp_path: Path) -> Path:
    return crawl_one(tmp_path, [exchange("https://t.me/s/kanal", response(b"page"))])


@pytest.fixture
def tampering(object_store_server: ObjectStoreServer) -> Iterator[Tampering]:
    with between(object_store_server.endpoint) as somebody:
        yield somebody


@pytest.fixture
def tampered(archive: Archive, stored_settings: Settings, tampering: Tampering) -> Archive:
    """The same archive, reached through somebody."""
    return replace(archive, objects=open_store(replace(stored_settings, s3_endpoint=tampering.endpoint)))


def nothing_is_deposited(archive: Archive, warc: Path) -> bool:
    with archive.reader.connect() as connection:
        indexed = connection.execute(select(warcs.c.key)).all()
    return not indexed and read_chain(archive.objects, archive.sealing).entries == () and warc.exists()


def deposited_once(archive: Archive, warc: Path) -> bool:
    """The same call again, with nothing in the way, makes it good: one version, one entry, these bytes."""
    deposited = deposit_file(archive, warc)
    versions = [version.version_id for version in archive.objects.list("warc/")]
    events = [chained.entry.event for chained in read_chain(archive.objects, archive.sealing).entries]
    bytes_there = archive.objects.read(deposited.key, deposited.version_id)
    return (versions, events, bytes_there) == ([deposited.version_id], ["deposited"], warc.read_bytes())


def test_nobody_in_between_changes_nothing(tampered: Archive, archive: Archive, warc: Path) -> None:
    assert deposit_file(tampered, warc).already is False
    assert deposited_once(archive, warc)


def test_bytes_that_change_on_the_way_into_the_store_are_refused(
    tampered: Archive, archive: Archive, tampering: Tampering, warc: Path
) -> None:
    tampering.sent_body = True

    with pytest.raises(ChecksumDiffersError) as refused:
        deposit_file(tampered, warc)

    assert refused.value.expected == sha256(warc.read_bytes())
    assert list(archive.objects.list("warc/")) == []
    assert nothing_is_deposited(archive, warc)
    assert deposited_once(archive, warc)


def test_a_checksum_that_the_store_tells_otherwise_after_the_upload_is_named_with_both(
    tampered: Archive, archive: Archive, tampering: Tampering, warc: Path
) -> None:
    other = sha256(b"other bytes")
    tampering.told_checksum = b64encode(other.value).decode()

    with pytest.raises(ChecksumDiffersError) as refused:
        deposit_file(tampered, warc)

    assert refused.value.expected == sha256(warc.read_bytes())
    assert str(refused.value.expected) in str(refused.value) and str(other) in str(refused.value)
    assert "The file in the spool was not let go of" in str(refused.value)
    assert nothing_is_deposited(archive, warc)
    assert deposited_once(archive, warc)


def test_where_the_store_tells_no_checksum_the_bytes_are_read_back_and_compared(
    tampered: Archive, archive: Archive, tampering: Tampering, warc: Path
) -> None:
    tampering.told_checksum, tampering.read_body = "", True

    with pytest.raises(ChecksumDiffersError) as refused:
        deposit_file(tampered, warc)

    assert str(sha256(warc.read_bytes())) in str(refused.value)
    assert str(sha256(turned(warc.read_bytes()))) in str(refused.value)
    assert nothing_is_deposited(archive, warc)
    assert deposited_once(archive, warc)


class StoreThatOutlivesTheDatabase(ObjectStore):
    """Stores, and then the database goes away."""

    ends = ""
    superuser: sqlalchemy.Engine

    def put_new(self, key: str, content: object, *, sha256: Digest) -> StoredObject:
        stored = super().put_new(key, content, sha256=sha256)  # type: ignore[arg-type]  # handed on as it came
        with self.superuser.connect() as connection:
            connection.execute(sqlalchemy.text(f'ALTER DATABASE "{self.ends}" ALLOW_CONNECTIONS false'))
            ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
            connection.execute(sqlalchemy.text(ended), {"name": self.ends})
        return stored


def test_a_database_that_goes_away_between_upload_and_commit_loses_nothing(
    archive: Archive, stored_settings: Settings, postgres_server: PostgresServer, warc: Path
) -> None:
    url = sqlalchemy.create_engine(postgres_server.airflow_url).url
    superuser = sqlalchemy.create_engine(
        url.set(username="postgres", password=superuser_password(postgres_server), database="postgres"),
        isolation_level="AUTOCOMMIT",
    )
    told = stored_settings.store()
    store = StoreThatOutlivesTheDatabase(
        told.endpoint,
        told.bucket,
        access_key=told.access_key,
        secret_key=told.secret_key,
        region=told.region,
        lock_mode=told.lock_mode,
        lock_days=told.lock_days,
    )
    name = archive.writer.url.database
    assert name is not None
    store.ends, store.superuser = name, superuser
    try:
        with pytest.raises(OperationalError, match="not currently accepting connections"):
            deposit_file(replace(archive, objects=store), warc)
    finally:
        with superuser.connect() as connection:
            connection.execute(sqlalchemy.text(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'))
        superuser.dispose()

    (version,) = archive.objects.list("warc/")
    assert archive.objects.digest(version.key, version.version_id) == sha256(warc.read_bytes())
    assert nothing_is_deposited(archive, warc)
    assert deposited_once(archive, warc)


def test_a_store_killed_and_started_again_takes_the_file_then(
    stored_settings: Settings, archive: Archive, second_object_store_server: ObjectStoreServer, warc: Path
) -> None:
    server = second_object_store_server
    there = open_store(
        replace(
            stored_settings,
            s3_endpoint=server.endpoint,
            s3_access_key=server.access_key,
            s3_secret_key=server.secret_key,
        )
    )
    there.ensure_bucket()
    elsewhere = replace(archive, objects=there)
    with outage(server), pytest.raises(StoreUnreachableError, match="What is in the spool stays there"):
        deposit_file(elsewhere, warc)

    assert nothing_is_deposited(elsewhere, warc)
    assert deposited_once(elsewhere, warc)


def test_wrong_credentials_deposit_nothing(archive: Archive, stored_settings: Settings, warc: Path) -> None:
    wrong = open_store(replace(stored_settings, s3_secret_key="wrong"))

    with pytest.raises(WrongCredentialsError, match="LETAPIS_S3_SECRET_KEY"):
        deposit_file(replace(archive, objects=wrong), warc)

    assert nothing_is_deposited(archive, warc)
    assert deposited_once(archive, warc)


@pytest.mark.parametrize(
    "versioned, wanted",
    [
        (False, "expected versioning enabled, found versioning none"),
        (True, "expected Object Lock enabled, found Object Lock ObjectLockConfigurationNotFoundError"),
    ],
)
def test_a_bucket_without_versions_or_lock_takes_nothing_and_is_named(
    archive: Archive, stored_settings: Settings, warc: Path, versioned: bool, wanted: str
) -> None:
    plain = replace(stored_settings, s3_bucket=f"{stored_settings.s3_bucket}-plain")
    client = boto3.client(
        "s3",
        endpoint_url=plain.s3_endpoint,
        region_name="us-east-1",
        aws_access_key_id=plain.s3_access_key,
        aws_secret_access_key=plain.s3_secret_key,
    )
    client.create_bucket(Bucket=plain.s3_bucket)
    if versioned:
        client.put_bucket_versioning(Bucket=plain.s3_bucket, VersioningConfiguration={"Status": "Enabled"})

    with pytest.raises(StoreUnfitError) as refused:
        deposit_file(replace(archive, objects=open_store(plain)), warc)

    assert f"Bucket {plain.s3_bucket} (primary): {wanted}" in str(refused.value)
    assert client.list_objects_v2(Bucket=plain.s3_bucket).get("Contents", []) == []
    assert nothing_is_deposited(archive, warc)
    assert deposited_once(archive, warc)
