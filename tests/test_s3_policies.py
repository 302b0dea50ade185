"""The policies under `deploy/s3`, tried at a store: a role may do its work, and none may do more than that."""

import json
import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import boto3
import pytest
from botocore.exceptions import ClientError

from pipeline.config.settings import ROOT
from pipeline.devstack.store_identities import IDENTITIES_FILE
from processors.digest import sha256
from storage.objects.errors import StoreError
from storage.objects.reader import StoreReader
from storage.objects.store import PUT_LIMIT_BYTES, ObjectStore
from storage.objects.version_remover import VersionRemover
from tests.administered_store import AdministeredStore, administrator

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

POLICIES: Final = ROOT / "deploy" / "s3"
ROLES: Final = ("reader", "worker", "custodian", "purge")
BUCKET: Final = "letapis"
"""The bucket that the files name."""
CONTENT: Final = b"what stood on the page"
SECRETS: Final = {role: secrets.token_hex(20) for role in (*ROLES, "make-bucket")}

REMOVING: Final = {"s3:DeleteObject", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention"}
BREAKING: Final = {"s3:PutBucketPolicy", "s3:PutLifecycleConfiguration", "s3:DeleteBucket", "s3:PutObjectAcl"}


def actions(role: str) -> set[str]:
    statements = json.loads((POLICIES / f"{role}.json").read_text("utf-8"))["Statement"]
    assert {statement["Effect"] for statement in statements} == {"Allow"}
    return {action for statement in statements for action in statement["Action"]}


class StoreWithRoles(AdministeredStore):
    """The embedded store with an identity of each role, held to the role's file alone."""

    def _write_config(self) -> None:
        super()._write_config()
        file = self._config / IDENTITIES_FILE
        content = json.loads(file.read_text("utf-8"))
        for role, secret in SECRETS.items():
            policy = (POLICIES / f"{role}.json").read_text("utf-8")
            names = ["worker", role] if role == "make-bucket" else [role]  # given beside the daily policy
            content["policies"].append({"name": role, "content": policy})
            identity = {
                "name": role,
                "credentials": [{"accessKey": role, "secretKey": secret}],
                "policyNames": names,
            }
            if "s3:BypassGovernanceRetention" in policy:  # SeaweedFS (4.48) judges this one from the actions
                identity["actions"] = ["BypassGovernanceRetention"]
            content["identities"].append(identity)
        self._write(file, json.dumps(content))


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with StoreWithRoles(tmp_path_factory.mktemp("store-with-roles")) as server:
        opened(server.endpoint, "make-bucket").ensure_bucket()
        yield server.endpoint


def opened(endpoint: str, role: str, *, put_limit_bytes: int = PUT_LIMIT_BYTES) -> ObjectStore:
    return ObjectStore(
        endpoint,
        BUCKET,
        access_key=role,
        secret_key=SECRETS[role],
        region="us-east-1",
        lock_mode="governance",
        lock_days=1,
        attempts=1,
        put_limit_bytes=put_limit_bytes,
    )


def opened_to_remove(endpoint: str) -> VersionRemover:
    return VersionRemover(endpoint, BUCKET, access_key="purge", secret_key=SECRETS["purge"], region="us-east-1")


def plain(endpoint: str, role: str) -> "S3Client":
    """A client that asks for what our code never would."""
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id=role,
        aws_secret_access_key=SECRETS[role],
        region_name="us-east-1",
    )


def stored(endpoint: str) -> tuple[str, str]:
    """Key and version of a new object, as the daily work has stored it."""
    key = f"objects/{secrets.token_hex(6)}"
    return key, opened(endpoint, "worker").put_new(key, CONTENT, sha256=sha256(CONTENT)).version_id


def refused(call: Callable[[], Any]) -> bool:
    try:
        call()
    except ClientError as problem:
        assert problem.response["Error"]["Code"] == "AccessDenied"
        return True
    return False


@pytest.mark.parametrize("role", ROLES)
def test_every_role_sees_a_fit_bucket_and_reads_lists_and_digests_what_is_there(endpoint: str, role: str) -> None:
    key, version = stored(endpoint)
    store = StoreReader(
        endpoint,
        BUCKET,
        access_key=role,
        secret_key=SECRETS[role],
        region="us-east-1",
        name="primary",
        attempts=1,
    )

    store.require_fit()
    head = store.head(key, version)

    assert head is not None
    assert (head.lock_mode, head.held) == ("governance", False)
    assert [(each.key, each.version_id) for each in store.list(key)] == [(key, version)]
    assert store.digest(key, version) == sha256(CONTENT)


@pytest.mark.parametrize("role", ["worker", "custodian"])
def test_a_role_that_writes_stores_whole_and_in_parts_confirms_and_locks_for_longer(
    endpoint: str, role: str, tmp_path: Path
) -> None:
    store, large = opened(endpoint, role), tmp_path / "large.bin"
    large.write_bytes(secrets.token_bytes(6 << 20))
    in_parts = opened(endpoint, role, put_limit_bytes=5 << 20)
    key, until = f"objects/{secrets.token_hex(6)}", datetime.now(UTC).replace(microsecond=0) + timedelta(days=9)

    first = store.put_new(key, CONTENT, sha256=sha256(CONTENT))
    second = store.put_beside(key, CONTENT[1:], sha256=sha256(CONTENT[1:]))
    parts = in_parts.put_new(f"{key}-parts", large, sha256=sha256(large.read_bytes()))

    assert store.confirm(key, first.version_id, sha256=first.sha256).length_bytes == len(CONTENT)
    assert len({first.version_id, second.version_id, parts.version_id}) == 3
    assert store.relock(key, first.version_id, until).locked_until == until


def test_whether_a_key_may_store_is_found_out_without_storing_anything(endpoint: str) -> None:
    key, version = stored(endpoint)

    opened(endpoint, "worker").require_writable(key)
    opened(endpoint, "worker").require_writable("nothing-is-below-this/")
    with pytest.raises(StoreError):
        opened(endpoint, "reader").require_writable(key)

    assert [each.version_id for each in opened(endpoint, "worker").list(key)] == [version]


def test_a_custodian_puts_a_legal_hold_on_and_takes_it_off_and_the_daily_work_cannot(endpoint: str) -> None:
    key, version = stored(endpoint)
    custodian = opened(endpoint, "custodian")

    custodian.set_hold(key, version, on=True)
    held = custodian.head(key, version)
    with pytest.raises(StoreError):
        opened(endpoint, "worker").set_hold(key, version, on=False)
    custodian.set_hold(key, version, on=False)

    assert held is not None
    assert held.held


def test_the_purge_key_removes_a_version_under_governance_and_stores_nothing(endpoint: str) -> None:
    key, version = stored(endpoint)
    remover = opened_to_remove(endpoint)
    head = remover.head(key, version)
    assert head is not None

    assert refused(lambda: plain(endpoint, "purge").put_object(Bucket=BUCKET, Key=key, Body=b"other"))
    assert remover.remove(head, now=datetime.now(UTC)) is None
    assert remover.head(key, version) is None


@pytest.mark.parametrize("role", ["reader", "worker", "custodian"])
def test_no_daily_role_removes_shortens_a_lock_or_changes_the_bucket(endpoint: str, role: str) -> None:
    key, version = stored(endpoint)
    client, sooner = plain(endpoint, role), datetime.now(UTC) + timedelta(minutes=5)

    assert refused(lambda: client.delete_object(Bucket=BUCKET, Key=key))
    assert refused(lambda: client.delete_object(Bucket=BUCKET, Key=key, VersionId=version))
    assert refused(
        lambda: client.delete_object(Bucket=BUCKET, Key=key, VersionId=version, BypassGovernanceRetention=True)
    )
    assert refused(
        lambda: client.put_object_retention(
            Bucket=BUCKET,
            Key=key,
            VersionId=version,
            Retention={"Mode": "GOVERNANCE", "RetainUntilDate": sooner},
            BypassGovernanceRetention=True,
        )
    )
    assert refused(lambda: client.delete_bucket(Bucket=BUCKET))
    assert refused(
        lambda: client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Suspended"})
    )
    assert administrator(endpoint).get_object(Bucket=BUCKET, Key=key, VersionId=version)["Body"].read() == CONTENT


def test_a_reader_stores_nothing_and_locks_nothing(endpoint: str) -> None:
    key, version = stored(endpoint)
    client, later = plain(endpoint, "reader"), datetime.now(UTC) + timedelta(days=9)

    assert refused(lambda: client.put_object(Bucket=BUCKET, Key=f"{key}-new", Body=CONTENT))
    assert refused(lambda: client.create_multipart_upload(Bucket=BUCKET, Key=f"{key}-parts"))
    assert refused(
        lambda: client.put_object_retention(
            Bucket=BUCKET, Key=key, VersionId=version, Retention={"Mode": "GOVERNANCE", "RetainUntilDate": later}
        )
    )


def test_only_the_purge_policy_names_an_action_that_removes_and_none_one_that_opens_the_bucket() -> None:
    named = {path.stem: actions(path.stem) for path in sorted(POLICIES.glob("*.json"))}

    assert set(named) == {*ROLES, "make-bucket"}
    assert {role for role, allowed in named.items() if allowed & REMOVING} == {"purge"}
    assert {role for role, allowed in named.items() if allowed & BREAKING} == set()
    assert not any("*" in action for allowed in named.values() for action in allowed)
    assert named["purge"] & REMOVING == {"s3:DeleteObjectVersion", "s3:BypassGovernanceRetention"}
    assert named["reader"] < named["worker"] < named["custodian"]
    assert named["custodian"] - named["worker"] == {"s3:PutObjectLegalHold"}
