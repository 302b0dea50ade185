"""What an S3 store answers, read into our types and our errors: refusals, a head, a row of a listing, a checksum.

Source: Amazon S3 API reference, error responses, ListObjectVersions, checking object integrity (read 2026-11-23).
"""

from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from processors.digest import Digest
from storage.objects.errors import (
    ClocksDifferError,
    StoreError,
    StoreUnfitError,
    StoreUnreachableError,
    WrongCredentialsError,
)
from storage.objects.model import ListedVersion, ObjectHead

_REFUSED = {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "403", "ExpiredToken", "InvalidToken"}


@contextmanager
def translated_errors(store: str, endpoint: str, bucket: str, doing: str) -> Iterator[None]:
    """Turn the client's exceptions into ours, which say what is safe and what to do."""
    try:
        yield
    except StoreError:
        raise
    except ClientError as refused:
        code = code_of(refused)
        if code == "NoSuchBucket":
            raise StoreUnfitError(store, bucket, "a bucket of this name", "none") from refused
        if code == "RequestTimeTooSkewed":
            ours, theirs = format_datetime(datetime.now(UTC), usegmt=True), date_of(refused)
            raise ClocksDifferError(store, endpoint, doing, ours, theirs) from refused
        if code in _REFUSED:
            raise WrongCredentialsError(store, endpoint, doing, code) from refused
        raise StoreUnreachableError(store, endpoint, doing, str(refused)) from refused
    except (BotoCoreError, ConnectionError, TimeoutError) as problem:
        raise StoreUnreachableError(store, endpoint, doing, str(problem)) from problem


def code_of(refused: ClientError) -> str:
    """The store's code of a refusal; ``unknown`` where it gave none."""
    return str(refused.response.get("Error", {}).get("Code", "unknown"))


def date_of(refused: ClientError) -> str:
    """The store's clock when it refused, from its response."""
    return str(refused.response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", "a time not told"))


def head_of(key: str, answer: Mapping[str, Any]) -> ObjectHead:
    """One version, with the lock it has or had."""
    mode, until = answer.get("ObjectLockMode"), answer.get("ObjectLockRetainUntilDate")
    return ObjectHead(
        key=key,
        version_id=answer["VersionId"],
        length_bytes=answer["ContentLength"],
        sha256=whole_object_sha256(answer.get("ChecksumSHA256"), answer.get("ChecksumType")),
        lock_mode=None if mode is None else ("compliance" if mode == "COMPLIANCE" else "governance"),
        locked_until=None if mode is None or until is None else until.astimezone(UTC),
        held=answer.get("ObjectLockLegalHoldStatus") == "ON",
    )


def listed_version(row: Mapping[str, Any], *, delete_marker: bool) -> ListedVersion:
    """One row of a listing of versions."""
    return ListedVersion(
        key=row["Key"],
        version_id=row["VersionId"],
        length_bytes=row.get("Size", 0),
        latest=row["IsLatest"],
        delete_marker=delete_marker,
        stored_at=row["LastModified"],
    )


def whole_object_sha256(text: str | None, checksum_type: str | None) -> Digest | None:
    """A multipart upload's checksum is one over its parts' checksums (``...-3``): no digest of the object."""
    if text is None or "-" in text or checksum_type == "COMPOSITE":
        return None
    value = b64decode(text)
    return Digest("sha256", value) if len(value) == 32 else None
