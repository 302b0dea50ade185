"""Writing to the object store: new objects under lock, read back before anyone relies on them.

In: keys (text), content as a path or bytes, its sha256. Out: `StoredObject` with the version that every later read
and verification names: a plain PUT or a delete marker may hide a locked version, but never changes it.
Raises the errors of `storage.objects.errors`. Guaranteed: what `put_new` has uploaded was confirmed by the store
with a full-object sha256, or streamed back and hashed; what was there before was streamed back and hashed; both
are locked for as long as requested; an existing object is never overwritten.
Source: Amazon S3 API reference, conditional writes and checksums (read 2026-11-23); measured on SeaweedFS 4.48.
"""

import io
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, Final

from botocore.exceptions import ClientError

from processors.digest import Digest
from processors.digest import sha256 as digest_of
from storage.objects.errors import (
    BytesLostError,
    ChecksumDiffersError,
    HoldMissingError,
    KeyTakenError,
    LockMissingError,
    ObjectMissingError,
    StoreUnreachableError,
)
from storage.objects.model import PRIMARY, LockMode, ObjectHead, StoredObject
from storage.objects.multipart import put_in_parts
from storage.objects.reader import StoreReader
from storage.objects.responses import code_of

PUT_LIMIT_BYTES: Final = 5 << 30
"""The largest object one PUT may carry (Amazon S3 user guide, "Uploading objects", read 2026-11-23)."""
UPLOAD_MAY_TAKE: Final = timedelta(hours=1)
"""A lock is counted from the beginning of its upload, and need not be made longer for that."""

_UNFIT = {"InvalidRequest"}  # a lock is asked for where the bucket has none
_TAKEN = {"PreconditionFailed", "412"}
_DAMAGED = {"BadDigest", "InvalidDigest", "XAmzContentChecksumMismatch", "XAmzContentSHA256Mismatch"}


class ObjectStore(StoreReader):
    """One bucket, to which new objects are written under lock; what is there is read as `StoreReader` does.

    ``lock_mode`` and ``lock_days`` are those of every object that is stored; ``put_limit_bytes`` is the largest
    object that goes out in one request.
    """

    def __init__(
        self,
        endpoint: str,
        bucket: str,
        *,
        access_key: str,
        secret_key: str,
        region: str,
        lock_mode: LockMode,
        lock_days: int,
        name: str = PRIMARY,
        attempts: int = 4,
        put_limit_bytes: int = PUT_LIMIT_BYTES,
    ) -> None:
        super().__init__(
            endpoint,
            bucket,
            access_key=access_key,
            secret_key=secret_key,
            region=region,
            name=name,
            attempts=attempts,
        )
        self.lock_mode: LockMode = lock_mode
        self.lock_days = lock_days
        self._put_limit_bytes = put_limit_bytes

    def ensure_bucket(self) -> bool:
        """Make the bucket where there is none, with versioning and Object Lock; then `require_fit`.

        Returns whether it was made now.
        """
        made = False
        with self._answers("looking for the bucket, or making it"):
            try:
                self._client.get_bucket_versioning(Bucket=self.bucket)
            except ClientError as refused:
                if code_of(refused) != "NoSuchBucket":
                    raise
                self._client.create_bucket(Bucket=self.bucket, ObjectLockEnabledForBucket=True)
                made = True
        self.require_fit()
        return made

    def require_writable(self, prefix: str) -> None:
        """See that this key may store, without storing anything; raises `storage.objects.errors`.

        The newest object of the first key below ``prefix`` is offered once more for a free key. A store that would
        take an object refuses this one as taken; one that takes nothing gives another reason. A key whose newest
        version is a delete marker is free, so none such is offered. Where nothing is below the prefix yet, nothing
        is found out.
        """
        listed = next((each for each in self.list(prefix) if each.latest and not each.delete_marker), None)
        found = None if listed is None else self.get(listed.key, listed.version_id)
        if listed is None or found is None:
            return
        with self._answers("storing"):
            try:
                self._put(listed.key, found[1], digest_of(found[1]), is_new=True)
            except ClientError as refused:
                if code_of(refused) not in _TAKEN:
                    raise

    def put_new(self, key: str, content: Path | bytes | BinaryIO, *, sha256: Digest) -> StoredObject:
        """Store under a key that is free; where the same bytes stand already, go on with those.

        ``content``: a file's path, bytes, or an open file that seeks, taken from its beginning.
        """
        length = _length(content)
        with self._answers(f"storing {key}"):
            try:
                version_id = self._upload(key, content, length, sha256)
            except ClientError as refused:
                if code_of(refused) in _DAMAGED:
                    raise ChecksumDiffersError(key, None, sha256, code_of(refused)) from refused
                if code_of(refused) in _UNFIT:
                    self.require_fit()  # says which of versioning and lock the bucket lacks
                if code_of(refused) not in _TAKEN:
                    raise
                version_id = None
            return self._confirmed(key, version_id, sha256, length)

    def put_beside(self, key: str, content: Path | bytes | BinaryIO, *, sha256: Digest) -> StoredObject:
        """Store a further version under a key that is taken; where one with these bytes is there, go on with that.

        Nothing that is there before is touched: under versioning every version stays.
        """
        for version in list(self.list(key)):
            if version.key != key or version.delete_marker:
                continue
            head = self.head(key, version.version_id)
            if head is not None and (head.sha256 or self.digest(key, version.version_id)) == sha256:
                return self.confirm(key, version.version_id, sha256=sha256)
        length = _length(content)
        with self._answers(f"storing a new version of {key}"):
            try:
                version_id = self._upload(key, content, length, sha256, is_new=False)
            except ClientError as refused:
                if code_of(refused) in _DAMAGED:
                    raise ChecksumDiffersError(key, None, sha256, code_of(refused)) from refused
                if code_of(refused) in _UNFIT:
                    self.require_fit()
                raise
            return self._confirmed(key, version_id, sha256, length)

    def confirm(self, key: str, version_id: str, *, sha256: Digest) -> StoredObject:
        """Read one version back, whole; it has these bytes and is locked, or this raises."""
        with self._answers(f"reading back {key}"):
            head = self._head(key, version_id)
            if head is None:
                raise ObjectMissingError(key, version_id)
            found = self._read_back(head, sha256)
            if found != sha256:
                raise ChecksumDiffersError(key, version_id, sha256, f"{found}, {head.length_bytes} bytes")
            return self._under_lock(head, sha256)

    def relock(self, key: str, version_id: str, until: datetime) -> ObjectHead:
        """Lock one version until then, in whole seconds, as custody will name it.

        A lock is made longer and stricter, never shorter or weaker: one that lasts longer stays as it is.
        """
        with self._answers(f"locking {key}"):
            head = self._head(key, version_id)
            if head is None:
                raise ObjectMissingError(key, version_id)
            return self._locked_until(head, until, lock_until=until)

    def set_hold(self, key: str, version_id: str, *, on: bool) -> None:
        """Put a legal hold on one version, or take it off; the store then says so, or this raises.

        While it is on, nobody deletes the version, whatever its lock. Source: S3 API, PutObjectLegalHold.
        """
        with self._answers(f"{'holding' if on else 'releasing'} {key}"):
            self._client.put_object_legal_hold(
                Bucket=self.bucket, Key=key, VersionId=version_id, LegalHold={"Status": "ON" if on else "OFF"}
            )
            head = self._head(key, version_id)
            if head is None:
                raise ObjectMissingError(key, version_id)
            if head.held != on:
                raise HoldMissingError(key, version_id, on=on)

    def _upload(
        self, key: str, content: Path | bytes | BinaryIO, length: int, sha256: Digest, *, is_new: bool = True
    ) -> str | None:
        if isinstance(content, bytes):
            return self._put(key, content, sha256, is_new=is_new)
        if isinstance(content, Path):
            with content.open("rb") as file:
                return self._upload(key, file, length, sha256, is_new=is_new)
        content.seek(0)
        if length <= self._put_limit_bytes:
            return self._put(key, content, sha256, is_new=is_new)
        place = {"Bucket": self.bucket, "Key": key}
        return put_in_parts(
            self._client,
            place,
            content,
            length=length,
            sha256=sha256,
            lock=self._lock(),
            part_limit=self._put_limit_bytes,
            is_new=is_new,
        )

    def _lock(self) -> dict[str, Any]:
        until = datetime.now(UTC) + timedelta(days=self.lock_days)
        return {"ObjectLockMode": self.lock_mode.upper(), "ObjectLockRetainUntilDate": until}

    def _put(self, key: str, body: BinaryIO | bytes, sha256: Digest, *, is_new: bool) -> str | None:
        free: dict[str, Any] = {"IfNoneMatch": "*"} if is_new else {}
        checksum = b64encode(sha256.value).decode("ascii")
        answer = self._client.put_object(
            Bucket=self.bucket, Key=key, Body=body, ChecksumSHA256=checksum, **free, **self._lock()
        )
        return answer.get("VersionId")

    def _confirmed(self, key: str, version_id: str | None, sha256: Digest, length: int) -> StoredObject:
        """Check that this version has these bytes under lock; without a version, that the existing object does.

        The store's checksum is trusted for an upload that the store has just compared with it. An existing object
        may have lost its bytes while the store still reports its checksum: it is read back whole.
        """
        head = self._head(key, version_id)
        if head is None:
            raise ObjectMissingError(key, version_id)
        confirmed_digest = None if version_id is None else head.sha256
        found = confirmed_digest or self._read_back(head, sha256)
        if found != sha256 or head.length_bytes != length:
            if version_id is None:
                raise KeyTakenError(key, head.version_id, sha256, found)
            raise ChecksumDiffersError(key, version_id, sha256, f"{found}, {head.length_bytes} bytes")
        return self._under_lock(head, sha256)

    def _read_back(self, head: ObjectHead, sha256: Digest) -> Digest:
        """The sha256 of the bytes as the store gives them; raises `BytesLostError` where it gives none."""
        try:
            return self.digest(head.key, head.version_id)
        except (ObjectMissingError, StoreUnreachableError) as problem:
            self.require_fit()  # a store that is away raises; else it is this object alone
            found = problem.found if isinstance(problem, StoreUnreachableError) else "no object"
            raise BytesLostError(head.key, head.version_id, sha256, found) from problem

    def _under_lock(self, head: ObjectHead, sha256: Digest) -> StoredObject:
        """What is there, once its lock lasts as long as the settings ask."""
        lock_until = datetime.now(UTC) + timedelta(days=self.lock_days)
        required_until = lock_until - UPLOAD_MAY_TAKE
        locked = self._locked_until(head, required_until, lock_until=lock_until)
        return StoredObject(
            head.key, head.version_id, sha256, head.length_bytes, locked.locked_until or required_until
        )

    def _locked_until(self, head: ObjectHead, required_until: datetime, *, lock_until: datetime) -> ObjectHead:
        """Lock until ``lock_until``, unless a lock lasts until ``required_until``; raises `LockMissingError` where
        there is none afterwards.

        This is needed where a store dropped the lock of an upload, and for bytes that were stored before. Stores
        keep whole seconds.
        """
        required_until = required_until.replace(microsecond=0)
        if not head.is_locked_until(required_until):
            strict = "compliance" in (head.lock_mode, self.lock_mode)
            until = lock_until.replace(microsecond=0)
            self._client.put_object_retention(
                Bucket=self.bucket,
                Key=head.key,
                VersionId=head.version_id,
                Retention={"Mode": "COMPLIANCE" if strict else "GOVERNANCE", "RetainUntilDate": until},
            )
            head = self._head(head.key, head.version_id) or head
        if not head.is_locked_until(required_until):
            found = "none" if head.lock_mode is None else f"{head.lock_mode}, until {head.locked_until}"
            raise LockMissingError(head.key, head.version_id, f"{self.lock_mode}, {self.lock_days} days", found)
        return head


def _length(content: Path | bytes | BinaryIO) -> int:
    match content:
        case bytes():
            return len(content)
        case Path():
            return content.stat().st_size
    return content.seek(0, io.SEEK_END)
