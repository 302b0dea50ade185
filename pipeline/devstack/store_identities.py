"""Who may do what at the embedded store: the key of daily work and the key for purge, each with its policy.

In: the store's closed configuration folder. Out: SeaweedFS's identity file, and `Keys`. Guaranteed: the daily key
deletes nothing and shortens no lock, whatever headers it sends; the purge key reads, and deletes single versions,
also under governance, and is used for purges alone. Keys stay over restarts; the folder of an older
version keeps its daily key, which then may do less. `docs/production.md` gives the same policies for other stores.
"""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pipeline.config.purge_keys import DAILY as DAILY
from pipeline.config.purge_keys import IDENTITIES_FILE as IDENTITIES_FILE
from pipeline.config.purge_keys import PURGE as PURGE

PURGE_KEY_FILE: Final = "purge-key.json"

READ_BUCKET: Final = (
    "s3:GetBucketVersioning",
    "s3:GetBucketObjectLockConfiguration",
    "s3:ListBucket",
    "s3:ListBucketVersions",
)
MAKE_BUCKET: Final = ("s3:CreateBucket", "s3:PutBucketVersioning", "s3:PutBucketObjectLockConfiguration")
"""What `letapis prepare` needs besides where it shall make the bucket: Amazon S3 user guide, "Required
permissions for Amazon S3 API operations" (read 2026-11-29)."""
STORE: Final = (
    "s3:GetObject",
    "s3:GetObjectVersion",
    "s3:PutObject",
    "s3:GetObjectRetention",
    "s3:PutObjectRetention",
    "s3:GetObjectLegalHold",
    "s3:PutObjectLegalHold",
    "s3:AbortMultipartUpload",
)
REMOVE: Final = ("s3:GetObject", "s3:GetObjectVersion", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention")


@dataclass(frozen=True, slots=True)
class Keys:
    """One identity's credentials."""

    access_key: str
    secret_key: str


def policy(of_bucket: tuple[str, ...], of_objects: tuple[str, ...], *, bucket: str) -> dict[str, Any]:
    """An IAM policy (version 2012-10-17) that allows these actions on one bucket, or on ``*``."""
    statements = [(of_bucket, f"arn:aws:s3:::{bucket}"), (of_objects, f"arn:aws:s3:::{bucket}/*")]
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": list(actions), "Resource": resource}
            for actions, resource in statements
            if actions
        ],
    }


def keys(folder: Path, name: str) -> Keys:
    """The credentials of one identity; raises `FileNotFoundError` before the first start."""
    identities = json.loads((folder / IDENTITIES_FILE).read_text("utf-8"))["identities"]
    (found,) = (each["credentials"][0] for each in identities if each["name"] == name)
    return Keys(found["accessKey"], found["secretKey"])


def write_identities(folder: Path, write: Callable[[Path, str], None]) -> None:
    """Write the identity file with the keys there are, new ones where there are none; and the purge key apart.

    ``write`` puts a text in its place, whole or not at all, and for the owner alone.
    """
    daily, purge = _stored_or_new(folder, DAILY), _stored_or_new(folder, PURGE)
    # Bypassing governance is judged by SeaweedFS (4.48) from the actions, everything else from the policy.
    identities = [
        {"name": DAILY, "credentials": [daily], "policyNames": [DAILY]},
        {"name": PURGE, "credentials": [purge], "policyNames": [PURGE], "actions": ["BypassGovernanceRetention"]},
    ]
    policies = {
        DAILY: policy((*READ_BUCKET, *MAKE_BUCKET), STORE, bucket="*"),
        PURGE: policy(READ_BUCKET, REMOVE, bucket="*"),
    }
    named = [{"name": name, "content": json.dumps(content)} for name, content in policies.items()]
    write(folder / IDENTITIES_FILE, json.dumps({"policies": named, "identities": identities}))
    write(folder / PURGE_KEY_FILE, json.dumps(purge))


def _stored_or_new(folder: Path, name: str) -> Mapping[str, str]:
    try:
        stored = keys(folder, name)
    except (FileNotFoundError, ValueError):
        return {"accessKey": secrets.token_hex(10).upper(), "secretKey": secrets.token_hex(20)}
    return {"accessKey": stored.access_key, "secretKey": stored.secret_key}
