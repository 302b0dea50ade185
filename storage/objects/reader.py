"""Reading from the object store: what it holds, by key and version, and whether its bucket is fit for evidence.

In: keys (text) and versions. Out: `ObjectHead`, `ListedVersion`, bytes. Raises the errors of
`storage.objects.errors`. Nothing here changes the store. Source: Amazon S3 API reference (read 2026-11-23);
measured on SeaweedFS 4.48.
"""

import hashlib
import io
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, closing
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from processors.digest import Digest
from storage.objects.errors import ObjectMissingError, StoreUnfitError
from storage.objects.model import PRIMARY, ListedVersion, ObjectHead
from storage.objects.responses import code_of, head_of, listed_version, translated_errors
from storage.warc.file_views import RangedFile

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

CHUNK_BYTES: Final = 1 << 20
CONNECTIONS: Final = 16
"""As many requests as a checker may have under way at once."""

_ABSENT = {"NoSuchKey", "NoSuchVersion", "404", "NotFound", "405", "MethodNotAllowed"}  # 405: a delete marker
_NO_SUCH_VERSION_ID = {"400", "InvalidArgument"}  # a version id of another store


class StoreReader:
    """One bucket, read only. ``name`` tells copies apart: ``primary`` or a replica's name."""

    def __init__(
        self,
        endpoint: str,
        bucket: str,
        *,
        access_key: str,
        secret_key: str,
        region: str,
        name: str = PRIMARY,
        attempts: int = 4,
    ) -> None:
        self.endpoint = endpoint
        self.bucket = bucket
        self.name = name
        self._client: S3Client = boto3.client(
            "s3",
            endpoint_url=endpoint,
            region_name=region,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            config=Config(
                # Every upload names a sha256, which the signature covers and the store compares with the bytes;
                # signing the bytes as well would read each file once more.
                s3={"addressing_style": "path", "payload_signing_enabled": False},
                connect_timeout=5,
                read_timeout=120,
                max_pool_connections=CONNECTIONS,
                retries={"mode": "standard", "max_attempts": attempts},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )

    def require_fit(self) -> None:
        """See that the bucket has versioning and Object Lock; changes nothing."""
        with self._answers("looking at the bucket"):
            versioning = self._client.get_bucket_versioning(Bucket=self.bucket).get("Status", "none")
            if versioning != "Enabled":
                raise StoreUnfitError(self.name, self.bucket, "versioning enabled", f"versioning {versioning}")
            try:
                lock = self._client.get_object_lock_configuration(Bucket=self.bucket)
                found = lock["ObjectLockConfiguration"].get("ObjectLockEnabled", "none")
            except ClientError as refused:
                found = code_of(refused)
            if found != "Enabled":
                raise StoreUnfitError(self.name, self.bucket, "Object Lock enabled", f"Object Lock {found}")

    def clock_ahead_s(self) -> float | None:
        """How far this machine's clock is ahead of the store's, in seconds; None where the store states no time.

        By the header ``Date`` (RFC 9110, section 6.6.1), which has whole seconds: half of one is added.
        """
        with self._answers("looking at the clock"):
            before = datetime.now(UTC)
            answer = self._client.get_bucket_versioning(Bucket=self.bucket)
            after = datetime.now(UTC)
        stated = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
        try:
            theirs = None if stated is None else parsedate_to_datetime(stated).astimezone(UTC)
        except ValueError:
            return None
        return None if theirs is None else (before + (after - before) / 2 - theirs).total_seconds() - 0.5

    def head(self, key: str, version_id: str | None = None) -> ObjectHead | None:
        """The object under the key, by version or the current one; None where there is none."""
        with self._answers(f"looking at {key}"):
            return self._head(key, version_id)

    def get(self, key: str, version_id: str) -> tuple[ObjectHead, bytes] | None:
        """A small object and its head, in one request; None where there is none."""
        with self._answers(f"reading {key}"):
            try:
                answer = self._client.get_object(
                    Bucket=self.bucket, Key=key, VersionId=version_id, ChecksumMode="ENABLED"
                )
            except ClientError as refused:
                if code_of(refused) in _ABSENT:
                    return None
                raise
            with closing(answer["Body"]) as body:
                return self._head_of(key, answer), body.read()

    def stream(self, key: str, version_id: str, *, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The bytes of one version from ``offset``, in pieces; raises `ObjectMissingError`."""
        if length == 0:
            return
        end = "" if length is None else str(offset + length - 1)
        with self._answers(f"reading {key}"):
            try:
                answer = self._client.get_object(
                    Bucket=self.bucket, Key=key, VersionId=version_id, Range=f"bytes={offset}-{end}"
                )
            except ClientError as refused:
                if code_of(refused) in _ABSENT:
                    raise ObjectMissingError(key, version_id) from refused
                raise
            with closing(answer["Body"]) as body:
                while chunk := body.read(CHUNK_BYTES):
                    yield chunk

    def read(self, key: str, version_id: str, *, offset: int = 0, length: int | None = None) -> bytes:
        """The bytes of one version, at once."""
        return b"".join(self.stream(key, version_id, offset=offset, length=length))

    def digest(self, key: str, version_id: str) -> Digest:
        """The sha256 of what the store gives back now."""
        running = hashlib.sha256()
        for chunk in self.stream(key, version_id):
            running.update(chunk)
        return Digest("sha256", running.digest())

    def list(self, prefix: str = "") -> Iterator[ListedVersion]:
        """Every version and delete marker whose key begins with ``prefix``, by key, newest first."""
        with self._answers(f"listing {prefix}*"):
            for page in self._client.get_paginator("list_object_versions").paginate(
                Bucket=self.bucket, Prefix=prefix
            ):
                listed = [
                    *(listed_version(row, delete_marker=False) for row in page.get("Versions", [])),
                    *(listed_version(row, delete_marker=True) for row in page.get("DeleteMarkers", [])),
                ]
                yield from sorted(listed, key=lambda row: (row.key, not row.latest))

    def open(self, key: str, version_id: str) -> BinaryIO:
        """One version as a seekable file, read by ranges."""
        head = self.head(key, version_id)
        if head is None:
            raise ObjectMissingError(key, version_id)

        def read(offset: int, length: int) -> bytes:
            return self.read(key, head.version_id, offset=offset, length=length)

        return io.BufferedReader(RangedFile(read, head.length_bytes), buffer_size=CHUNK_BYTES)

    def _head(self, key: str, version_id: str | None) -> ObjectHead | None:
        version: dict[str, Any] = {} if version_id is None else {"VersionId": version_id}
        try:
            answer = self._client.head_object(Bucket=self.bucket, Key=key, ChecksumMode="ENABLED", **version)
        except ClientError as refused:
            if code_of(refused) in _ABSENT or (version and code_of(refused) in _NO_SUCH_VERSION_ID):
                return None
            raise
        return self._head_of(key, answer)

    def _head_of(self, key: str, answer: Mapping[str, Any]) -> ObjectHead:
        if not answer.get("VersionId") or answer["VersionId"] == "null":
            raise StoreUnfitError(self.name, self.bucket, "versioning enabled", f"{key} without a version")
        return head_of(key, answer)

    def _answers(self, doing: str) -> AbstractContextManager[None]:
        return translated_errors(self.name, self.endpoint, self.bucket, doing)
