"""One growing WARC file: whole groups of records are appended, or nothing is.

The file grows under ``.open``, made exclusively; closing syncs, renames and syncs the folder, and only then is
its name spoken of. Where a group cannot be written to its end (a full disk above all), the file is cut back to
where the group began, so that every record in it is complete. Raises ``SpoolFullError`` or ``SpoolWriteError``.
"""

import errno
import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from processors.digest import Digest
from storage.errors import StorageError
from storage.warc.gzip_members import deflated_member, deflated_pieces, stored_pieces
from storage.warc.records import RecordReceipt, WarcRecord

OPEN_SUFFIX = ".open"
RECORD_END = b"\r\n\r\n"
BATCH_BYTES = 4 << 20

# Below this, deflating even what is compressed already costs less than the bytes of its uncompressed head.
STORE_FROM_BYTES = 4 << 10


class SpoolWriteError(StorageError):
    """A record could not be written; the crawl must stop. What was written before is complete and is kept."""

    def __init__(self, path: Path, offset: int, found: str, free_bytes: int) -> None:
        super().__init__(
            f"Spool file {path}: expected to append at offset {offset}, found {found}, with {free_bytes} bytes "
            "free there. Nothing of the record was kept, every record before it is complete. The crawl ends; the "
            "next run deposits its files."
        )
        self.path = path
        self.offset = offset
        self.found = found
        self.free_bytes = free_bytes


class SpoolFullError(SpoolWriteError):
    """The disk of the spool is full, or a limit on sizes is reached: make room, then run again."""


@dataclass(frozen=True, slots=True)
class ClosedFile:
    """A WARC file that is whole, synced and bears its final name."""

    path: Path
    sha256: Digest
    records: int
    bytes: int


class OpenWarc:
    """A WARC file being written by this process alone."""

    def __init__(self, path: Path) -> None:
        """Create ``<path>.open``; raises ``FileExistsError`` where it, or the closed file, is there already."""
        self.path = path
        self.records = 0
        self.length = 0
        self._open_path = path.with_name(path.name + OPEN_SUFFIX)
        self._sha256 = hashlib.sha256()
        if path.exists():
            raise FileExistsError(errno.EEXIST, "a closed WARC file of this name exists", str(path))
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        self._descriptor = os.open(self._open_path, flags, 0o600)
        sync_folder(path.parent)

    @property
    def sha256(self) -> Digest:
        """Of what stands in the file now."""
        return Digest("sha256", self._sha256.digest())

    def append(self, records: Sequence[WarcRecord]) -> list[RecordReceipt]:
        """Write all of the records, or none."""
        start, sha256_before = self.length, self._sha256.copy()
        receipts: list[RecordReceipt] = []
        batch: list[bytes | memoryview] = []
        batched = 0
        try:
            for record in records:
                offset = self.length + batched
                for piece in encoded(record):
                    batch.append(piece)
                    batched += len(piece)
                    if batched >= BATCH_BYTES:
                        self._write(b"".join(batch))
                        batch, batched = [], 0
                length = self.length + batched - offset
                receipts.append(
                    RecordReceipt(record.record_id, offset, length, record.block_digest, record.payload_digest)
                )
            self._write(b"".join(batch))
        except BaseException as error:
            self._sha256 = sha256_before
            self.length = start
            os.ftruncate(self._descriptor, start)
            if isinstance(error, OSError):
                full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
                kind = SpoolFullError if full else SpoolWriteError
                free_bytes = shutil.disk_usage(self.path.parent).free
                raise kind(self.path, start, str(error), free_bytes) from error
            raise
        self.records += len(records)
        return receipts

    def close(self) -> ClosedFile:
        """Sync, rename, sync the folder. An ``OSError`` leaves the file under ``.open`` for recovery."""
        try:
            os.fsync(self._descriptor)
        finally:
            os.close(self._descriptor)
        self._open_path.rename(self.path)
        sync_folder(self.path.parent)
        return ClosedFile(self.path, self.sha256, self.records, self.length)

    def discard(self) -> None:
        """Remove a file in which not one record could be written."""
        os.close(self._descriptor)
        self._open_path.unlink()

    def _write(self, content: bytes) -> None:
        view = memoryview(content)
        while view:
            written = os.write(self._descriptor, view)
            view = view[written:]
        self._sha256.update(content)
        self.length += len(content)


def encoded(record: WarcRecord) -> Iterator[bytes | memoryview]:
    """The gzip member of a record, in pieces."""
    block = record.block
    if isinstance(block, bytes):
        if record.compressible or len(block) < STORE_FROM_BYTES:
            yield deflated_member(b"".join((record.head(), block, RECORD_END)))
            return
        yield from stored_pieces((record.head(), block, RECORD_END))
    elif record.compressible:
        yield from deflated_pieces(_streamed(record))
    else:
        yield from stored_pieces(_streamed(record))


def _streamed(record: WarcRecord) -> Iterator[bytes]:
    assert not isinstance(record.block, bytes)
    yield record.head()
    length = 0
    for chunk in record.block.chunks():
        length += len(chunk)
        yield chunk
    expected = record.block.length_bytes
    if length != expected:
        raise ValueError(f"block of {record.record_id}: expected {expected} bytes, found {length}")
    yield RECORD_END


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
