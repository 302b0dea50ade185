"""Reads the records of deposited files: one by its capture, or all of a file in order.

In: captures, which name key, object version, offset and length. Out: fields and block, byte for byte as they were
sealed. Raises `RecordDiffersError` where the block is not the one that was indexed, and the errors of
`storage.objects.errors`. Nothing is decoded here.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, BinaryIO, Final

from processors.digest import Digest, sha256
from storage.access_labels import UPKEEP
from storage.archive import Archive
from storage.catalogue.captures import Capture, captures_in
from storage.errors import StorageError
from storage.objects.reader import StoreReader
from storage.warc.headers import RecordHead
from storage.warc.members import ZSTD_DICTIONARY
from storage.warc.reader import RECORD_END, WarcDamageError, WarcReader

BLOCK_LIMIT_BYTES: Final = 64 << 20
"""Blocks above this are not held in memory; their payload's digest is in the index."""
DICTIONARY_HEAD_BYTES: Final = 8


class RecordDiffersError(StorageError):
    """A sealed record is not what was indexed; run `letapis verify` and compare with another copy of the store."""

    def __init__(self, capture: Capture, expected: str, found: str) -> None:
        super().__init__(
            f"Capture {capture.id} in {capture.warc_key} at offset {capture.offset_bytes}: expected {expected}, "
            f"found {found}. Nothing was changed; run `letapis verify {capture.warc_key}`."
        )
        self.capture = capture
        self.expected = expected
        self.found = found


class BlockTooLargeError(StorageError):
    """The block is larger than the caller's limit; download the record instead."""

    def __init__(self, capture: Capture, length_bytes: int, limit_bytes: int) -> None:
        super().__init__(
            f"Capture {capture.id}: its block has {length_bytes} bytes, the limit here is {limit_bytes}. "
            "It is whole in the store; download the record instead of looking at it here."
        )
        self.capture = capture
        self.length_bytes = length_bytes
        self.limit_bytes = limit_bytes


@dataclass(frozen=True, slots=True)
class WarcRecordBytes:
    """One sealed record: its named fields in order, and its block."""

    fields: tuple[tuple[str, str], ...]
    block: bytes


def stream_record(archive: Archive, capture: Capture) -> Iterator[bytes]:
    """The record as it lies in the file: a whole gzip member where the file is compressed.

    Of a record that shares its member with others, the member as far as the record goes: see `record_alone`.
    """
    return archive.objects.stream(
        capture.warc_key, capture.object_version, offset=capture.offset_bytes, length=capture.length_bytes
    )


def read_record(archive: Archive, capture: Capture, *, limit_bytes: int = BLOCK_LIMIT_BYTES) -> WarcRecordBytes:
    """Fields and block of one capture; the block's digest is checked against the index."""
    reader, head = _begin(archive, capture)
    if head.block_length > limit_bytes:
        raise BlockTooLargeError(capture, head.block_length, limit_bytes)
    block = b"".join(reader.block())
    _require(capture, sha256(block))
    return WarcRecordBytes(head.fields, block)


def stream_block(archive: Archive, capture: Capture) -> tuple[int, Iterator[bytes]]:
    """A block in pieces, without compression, and its length in bytes; the digest is not checked."""
    reader, head = _begin(archive, capture)
    return head.block_length, map(bytes, reader.block())


def record_alone(archive: Archive, capture: Capture) -> tuple[int, Iterator[bytes]]:
    """A record as a file by itself: how many bytes, and the bytes.

    As it lies in its file, and behind the dictionary where its file has one. A record that shares its member with
    others is given as it is inside, without the compression.
    """
    if capture.within_bytes is None:
        dictionary = _dictionary(archive.objects, capture)
        return len(dictionary) + capture.length_bytes, chain((dictionary,), stream_record(archive, capture))
    reader, head = _begin(archive, capture)
    end = b"\n" if is_arc(capture.warc_key) else RECORD_END
    return len(head.raw) + head.block_length + len(end), chain((head.raw,), map(bytes, reader.block()), (end,))


def iterate_warc(
    archive: Archive, warc_key: str, object_version: str, *, limit_bytes: int = BLOCK_LIMIT_BYTES
) -> Iterator[tuple[Capture, bytes | None]]:
    """Every capture of a file with its block, in file order; None for a block above the limit.

    The file is read once, front to back; of a WACZ each record is read alone, since other files lie between them.
    """
    with archive.reader.connect() as connection:
        indexed = {_place(capture): capture for capture in captures_in(connection, warc_key, viewer=UPKEEP)}
    if warc_key.endswith(".wacz"):
        for capture in indexed.values():
            try:
                yield capture, read_record(archive, capture, limit_bytes=limit_bytes).block
            except BlockTooLargeError:
                yield capture, None
        return
    reader, begun_at = _reader_from(archive, warc_key, object_version, None), None
    while indexed:  # behind the last there may be damage
        try:
            head = reader.next_record()
            if head is None:
                return
            capture_here = indexed.pop((head.offset, head.within), None)
            if capture_here is not None:
                yield capture_here, _block(reader, head, capture_here, limit_bytes)
            reader.end_record()
        except WarcDamageError:
            # a fault that the deposit named: go on at the next record that it found behind it
            following = min(indexed, default=None)
            if following is None:
                return
            if following == begun_at:
                raise
            reader, begun_at = _reader_from(archive, warc_key, object_version, indexed[following]), following


def open_deposited(objects: StoreReader, key: str, object_version: str, *, seeks: bool = False) -> BinaryIO:
    """A deposited file to be read front to back; a WACZ, whose directory is at its end, seeks, and what must."""
    if seeks or key.endswith(".wacz"):
        return objects.open(key, object_version)
    return io.BufferedReader(ChunkStream(objects.stream(key, object_version)), buffer_size=1 << 20)


def is_arc(warc_key: str) -> bool:
    """Whether a deposited file is an ARC file, by the name it was given for that."""
    return warc_key.endswith((".arc", ".arc.gz", ".arc.zst"))


def _place(capture: Capture) -> tuple[int, int]:
    return capture.offset_bytes, capture.within_bytes or 0


def _reader_from(archive: Archive, warc_key: str, object_version: str, capture: Capture | None) -> WarcReader:
    """A reader of a file at a capture's record, by default at the beginning."""
    if capture is None:
        chunks = archive.objects.stream(warc_key, object_version)
        return WarcReader(ChunkStream(chunks), warc_key, is_tolerant=True)
    before = _dictionary(archive.objects, capture)
    chunks = archive.objects.stream(warc_key, object_version, offset=capture.offset_bytes)
    return WarcReader(
        ChunkStream(chain((before,) if before else (), chunks)),
        warc_key,
        base_offset=capture.offset_bytes - len(before),
        within=capture.within_bytes or 0,
        is_arc=is_arc(warc_key),
        is_tolerant=True,
    )


def _begin(archive: Archive, capture: Capture) -> tuple[WarcReader, RecordHead]:
    """A reader at the block of the capture's record."""
    before = _dictionary(archive.objects, capture)
    reader = WarcReader(
        ChunkStream(chain((before,) if before else (), stream_record(archive, capture))),
        capture.warc_key,
        base_offset=capture.offset_bytes,
        within=capture.within_bytes or 0,
        is_arc=is_arc(capture.warc_key),
    )
    head = reader.next_record()
    if head is None:
        raise RecordDiffersError(capture, "a record", "none")
    return reader, head


def _block(reader: WarcReader, head: RecordHead, capture: Capture, limit_bytes: int) -> bytes | None:
    if head.block_length > limit_bytes:
        return None
    block = b"".join(reader.block())
    _require(capture, sha256(block))
    return block


def _require(capture: Capture, found: Digest) -> None:
    if found != capture.block_digest:
        raise RecordDiffersError(capture, f"block digest {capture.block_digest}", str(found))


def _dictionary(objects: StoreReader, capture: Capture) -> bytes:
    """The dictionary frame before the first record of some zstd files; empty for all other files."""
    if not capture.warc_key.endswith(".zst"):
        return b""
    head = objects.read(capture.warc_key, capture.object_version, length=DICTIONARY_HEAD_BYTES)
    if not head.startswith(ZSTD_DICTIONARY):
        return b""
    length = DICTIONARY_HEAD_BYTES + int.from_bytes(head[4:8], "little")
    return objects.read(capture.warc_key, capture.object_version, length=length)


class ChunkStream(io.RawIOBase):
    """A forward-only stream over pieces of any size."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._left = memoryview(b"")

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Fill the buffer from the piece at hand or the next."""
        while not self._left:
            piece = next(self._chunks, None)
            if piece is None:
                return 0
            self._left = memoryview(piece)
        length = min(len(buffer), len(self._left))
        buffer[:length] = self._left[:length]
        self._left = self._left[length:]
        return length
