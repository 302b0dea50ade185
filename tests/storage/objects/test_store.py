"""The object store, against a real one: what is put is confirmed, locked, and never written over."""

import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import boto3
import botocore.auth
import pytest
from botocore.exceptions import ClientError

from pipeline.config.archive_factory import open_store
from pipeline.config.settings import Settings
from pipeline.devstack.ports import free_ports
from pipeline.devstack.seaweedfs import ObjectStoreServer
from processors.digest import sha256
from storage.objects.errors import (
    ChecksumDiffersError,
    ClocksDifferError,
    KeyTakenError,
    ObjectMissingError,
    StoreUnfitError,
    StoreUnreachableError,
    WrongCredentialsError,
)
from storage.objects.store import ObjectStore
from tests.administered_store import administrator

if TYPE_CHECKING:
    from types_boto3_s3.type_defs import ObjectLockRetentionTypeDef

CONTENT = "што было на старонцы".encode()


@pytest.fixture
def store_settings(settings: Settings, object_store_server: ObjectStoreServer) -> Settings:
    return replace(
        settings,
        s3_endpoint=object_store_server.endpoint,
        s3_access_key=object_store_server.access_key,
        s3_secret_key=object_store_server.secret_key,
        s3_bucket=f"test-{secrets.token_hex(6)}",
        lock_mode="governance",
        lock_days=1,
    )


@pytest.fixture
def store(store_settings: Settings) -> Iterator[ObjectStore]:
    opened = open_store(store_settings)
    opened.ensure_bucket()
    yield opened


def in_parts(settings: Settings, *, put_limit_bytes: int) -> ObjectStore:
    """The same store with a low limit for one PUT, so that small files go by multipart."""
    assert settings.s3_endpoint and settings.s3_access_key and settings.s3_secret_key
    return ObjectStore(
        settings.s3_endpoint,
        settings.s3_bucket,
        access_key=settings.s3_access_key,
        secret_key=settings.s3_secret_key,
        region=settings.s3_region,
        lock_mode="governance",
        lock_days=1,
        put_limit_bytes=put_limit_bytes,
    )


def client(settings: Settings):  # type: ignore[no-untyped-def]  # boto3's client type is made at run time
    return boto3.client(
        "s3",
        endpoint_url=settings.s3_endpoint,
        region_name="us-east-1",
        aws_access_key_id=settings.s3_access_key,
        aws_secret_access_key=settings.s3_secret_key,
    )


def test_what_is_put_comes_back_by_version(store: ObjectStore) -> None:
    stored = store.put_new("a/b", CONTENT, sha256=sha256(CONTENT))
    assert store.read("a/b", stored.version_id) == CONTENT
    assert store.read("a/b", stored.version_id, offset=2, length=5) == CONTENT[2:7]
    assert stored.length_bytes == len(CONTENT)


def test_what_is_put_is_locked_for_the_days_of_the_settings(store: ObjectStore) -> None:
    stored = store.put_new("a/b", CONTENT, sha256=sha256(CONTENT))
    head = store.head("a/b", stored.version_id)
    assert head is not None and head.lock_mode == "governance" and head.locked_until is not None
    remaining = head.locked_until - datetime.now(UTC)
    assert timedelta(hours=23) < remaining <= timedelta(days=1)


def test_a_locked_version_cannot_be_deleted(store: ObjectStore, store_settings: Settings) -> None:
    stored = store.put_new("a/b", CONTENT, sha256=sha256(CONTENT))
    with pytest.raises(ClientError, match="AccessDenied"):
        administrator(store.endpoint).delete_object(Bucket=store.bucket, Key="a/b", VersionId=stored.version_id)
    assert store.read("a/b", stored.version_id) == CONTENT


@pytest.mark.parametrize("mode", ["governance", "compliance"])
def test_a_lock_is_neither_shortened_nor_weakened(
    mode: Literal["governance", "compliance"], store_settings: Settings
) -> None:
    """Emulators of stores have let compliance become governance, which ends on request (floci-io/floci#2598)."""
    store = open_store(replace(store_settings, lock_mode=mode))
    store.ensure_bucket()
    stored = store.put_new("a/b", CONTENT, sha256=sha256(CONTENT))
    before = store.head("a/b", stored.version_id)
    soon: ObjectLockRetentionTypeDef = {
        "Mode": "COMPLIANCE" if mode == "compliance" else "GOVERNANCE",
        "RetainUntilDate": datetime.now(UTC) + timedelta(minutes=1),
    }
    weaker: ObjectLockRetentionTypeDef = {
        "Mode": "GOVERNANCE",
        "RetainUntilDate": datetime.now(UTC) + timedelta(days=2),
    }
    attempts = [(soon, False), (soon, True), (weaker, False), (weaker, True)]
    for retention, bypass in attempts if mode == "compliance" else attempts[:1]:
        with pytest.raises(ClientError, match="AccessDenied"):
            administrator(store.endpoint).put_object_retention(
                Bucket=store.bucket,
                Key="a/b",
                VersionId=stored.version_id,
                BypassGovernanceRetention=bypass,
                Retention=retention,
            )
    assert store.head("a/b", stored.version_id) == before


def test_putting_the_same_bytes_again_goes_on_with_the_version_there(store: ObjectStore) -> None:
    first = store.put_new("a/b", CONTENT, sha256=sha256(CONTENT))
    assert store.put_new("a/b", CONTENT, sha256=sha256(CONTENT)) == first
    assert [version.version_id for version in store.list("a/")] == [first.version_id]


def test_other_bytes_under_a_taken_key_are_refused_with_both_digests(store: ObjectStore) -> None:
    store.put_new("a/b", CONTENT, sha256=sha256(CONTENT))
    with pytest.raises(KeyTakenError) as refused:
        store.put_new("a/b", b"other", sha256=sha256(b"other"))
    assert (refused.value.expected, refused.value.found) == (sha256(b"other"), sha256(CONTENT))
    assert str(sha256(CONTENT)) in str(refused.value) and str(sha256(b"other")) in str(refused.value)


def test_bytes_that_are_not_those_of_the_digest_are_refused_by_the_store(store: ObjectStore) -> None:
    with pytest.raises(ChecksumDiffersError):
        store.put_new("a/b", b"changed on the way", sha256=sha256(CONTENT))
    assert store.head("a/b") is None


def test_a_version_hidden_by_a_plain_put_is_still_read_by_its_version(
    store: ObjectStore, store_settings: Settings
) -> None:
    stored = store.put_new("a/b", CONTENT, sha256=sha256(CONTENT))
    client(store_settings).put_object(Bucket=store.bucket, Key="a/b", Body=b"shadow")
    administrator(store.endpoint).delete_object(Bucket=store.bucket, Key="a/b")
    assert store.read("a/b", stored.version_id) == CONTENT
    assert store.head("a/b") is None
    assert next((row.delete_marker, row.latest) for row in store.list("a/b")) == (True, True)


def test_a_look_whether_the_store_takes_objects_stores_none_where_a_key_was_deleted(store: ObjectStore) -> None:
    store.put_new("custody/1", CONTENT, sha256=sha256(CONTENT))
    administrator(store.endpoint).delete_object(Bucket=store.bucket, Key="custody/1")
    before = list(store.list("custody/"))
    assert (before[0].delete_marker, len(before)) == (True, 2)

    store.require_writable("custody/")

    assert list(store.list("custody/")) == before


def test_a_large_file_goes_by_parts_and_is_read_back_whole(store_settings: Settings, tmp_path: Path) -> None:
    store = in_parts(store_settings, put_limit_bytes=5 << 20)
    store.ensure_bucket()
    path = tmp_path / "large"
    path.write_bytes(secrets.token_bytes(11 << 20))
    digest = sha256(path.read_bytes())
    stored = store.put_new("large", path, sha256=digest)
    assert store.digest("large", stored.version_id) == digest
    head = store.head("large", stored.version_id)
    assert head is not None and head.lock_mode == "governance"
    assert head.sha256 is None, "a checksum over parts is no digest of the object"
    assert store.put_new("large", path, sha256=digest) == stored
    with pytest.raises(KeyTakenError):
        store.put_new("large", CONTENT, sha256=sha256(CONTENT))


def test_of_a_large_file_with_another_digest_no_part_stays(store_settings: Settings, tmp_path: Path) -> None:
    store = in_parts(store_settings, put_limit_bytes=5 << 20)
    store.ensure_bucket()
    path = tmp_path / "large"
    path.write_bytes(secrets.token_bytes(6 << 20))
    with pytest.raises(ChecksumDiffersError):
        store.put_new("large", path, sha256=sha256(b"what was meant"))
    assert store.head("large") is None
    begun = administrator(store.endpoint).list_multipart_uploads(Bucket=store.bucket)
    assert begun.get("Uploads", []) == []


def test_a_stored_version_opens_as_a_file_that_seeks(store: ObjectStore) -> None:
    stored = store.put_new("a/b", CONTENT, sha256=sha256(CONTENT))
    with store.open("a/b", stored.version_id) as file:
        file.seek(-4, 2)
        assert file.read() == CONTENT[-4:]
        file.seek(3)
        assert file.read(6) == CONTENT[3:9]


def test_a_missing_version_is_named(store: ObjectStore) -> None:
    with pytest.raises(ObjectMissingError, match="a/none"):
        store.read("a/none", "1")


def test_a_store_that_is_down_says_what_stays_safe(store_settings: Settings) -> None:
    (port,) = free_ports(1)
    store = open_store(replace(store_settings, s3_endpoint=f"http://127.0.0.1:{port}"))
    with pytest.raises(StoreUnreachableError, match="spool stays there"):
        store.put_new("a/b", CONTENT, sha256=sha256(CONTENT))


@pytest.mark.parametrize("wrong", [{"s3_secret_key": "wrong"}, {"s3_access_key": "nobody"}])
def test_wrong_credentials_are_said_to_be_wrong(store_settings: Settings, wrong: dict[str, str]) -> None:
    open_store(store_settings).ensure_bucket()
    with pytest.raises(WrongCredentialsError, match="LETAPIS_S3_SECRET_KEY"):
        open_store(replace(store_settings, **wrong)).put_new("a/b", CONTENT, sha256=sha256(CONTENT))  # type: ignore[arg-type]  # texts


def test_a_bucket_that_is_not_there_is_named(store_settings: Settings) -> None:
    with pytest.raises(StoreUnfitError, match=store_settings.s3_bucket):
        open_store(store_settings).put_new("a/b", CONTENT, sha256=sha256(CONTENT))


def test_a_bucket_without_versions_and_lock_is_unfit(store_settings: Settings) -> None:
    client(store_settings).create_bucket(Bucket=store_settings.s3_bucket)
    with pytest.raises(StoreUnfitError, match="versioning"):
        open_store(store_settings).ensure_bucket()


@pytest.mark.parametrize("off", [timedelta(hours=-2), timedelta(days=400)], ids=["back", "ahead"])
def test_a_clock_that_jumped_is_named_with_both_times(
    store: ObjectStore, monkeypatch: pytest.MonkeyPatch, off: timedelta
) -> None:
    right = botocore.auth.get_current_datetime  # type: ignore[attr-defined]  # not in its stubs
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: right() + off)

    with pytest.raises(ClocksDifferError, match="the clocks differ too much: here it is ") as refused:
        store.put_new("warc/a", CONTENT, sha256=sha256(CONTENT))

    assert abs(parsedate_to_datetime(refused.value.theirs) - datetime.now(UTC)) < timedelta(minutes=5)
    monkeypatch.undo()
    assert list(store.list()) == []
