"""One flat file of hashes, appended to and searched where it lies: a cache that the catalogue can make again.

A header names table, width and epoch; then segments, each a header and columns: words of the hashes one after
another, so that a scan reads half of them; the owner of each row; the time of its frame; the owners' digests.
A segment's header holds how far into the catalogue it reaches (`IndexPosition`) and the CRC of what follows.

Guaranteed: a reader sees whole segments only; a writer that is killed at any moment leaves at most a torn end,
which the next one cuts off; what was appended before stays as it is. One writer at a time is the caller's affair
(`storage.similarity.hash_index` holds a lock). Raises ``UnfitHashFile`` for a file of another table, width or
epoch.
"""

import mmap
import os
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from processors.digest import Digest

MAGIC: Final = b"LETAHASH"
SEGMENT_MAGIC: Final = b"SEGMENT1"
WORD_BYTES: Final = 8
DIGEST_BYTES: Final = 32
MOST_SEGMENTS: Final = 64
"""Above it the segments are written anew as few: each costs a scan a call."""

MERGED_ROWS: Final = 1 << 22
HEADER: Final = np.dtype(
    [("magic", "S8"), ("format", "<u4"), ("width_bytes", "<u4"), ("table", "S32"), ("epoch", "<i8")]
)
SEGMENT: Final = np.dtype(
    [
        ("magic", "S8"),
        ("rows", "<u8"),
        ("owners", "<u8"),
        ("turn", "<i8"),
        ("last", "u1", DIGEST_BYTES),
        ("crc", "<u4"),
        ("spare", "<u4"),
    ]
)
FORMAT: Final = 1


class UnfitHashFile(Exception):
    """The file is none of ours, or of another table or epoch; it is a cache: make it anew."""


@dataclass(frozen=True, slots=True, order=True)
class IndexPosition:
    """How far a file goes: all media of earlier turns, and of this turn those up to this digest."""

    turn: int
    last: bytes


NOTHING: Final = IndexPosition(-1, bytes(DIGEST_BYTES))


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows to append: bits [n, width], for each the place of its owner, the time of its frame."""

    bits: NDArray[np.uint8]
    owner: NDArray[np.int64]
    at_ms: NDArray[np.uint32]
    owners: Sequence[Digest]


@dataclass(frozen=True, slots=True)
class Segment:
    """Views into the mapped file: ``columns`` [words, rows]; ``first_owner`` counts the owners before."""

    columns: NDArray[np.uint64]
    owner: NDArray[np.uint32]
    at_ms: NDArray[np.uint32]
    digests: NDArray[np.uint8]
    first_owner: int


class HashFile:
    """A file of one table, mapped for reading as far as it is whole."""

    def __init__(self, path: Path, table: str, width_bytes: int, epoch: int) -> None:
        self.path, self.table, self.width_bytes, self.epoch = path, table, width_bytes, epoch
        self.segments: list[Segment] = []
        self.position = NOTHING
        self.whole_bytes = HEADER.itemsize
        self._map()

    @property
    def rows(self) -> int:
        """How many hashes there are."""
        return sum(segment.columns.shape[1] for segment in self.segments)

    @property
    def owners(self) -> int:
        """How many media they are of."""
        return sum(len(segment.digests) for segment in self.segments)

    def owner(self, number: int) -> Digest:
        """The medium with this number, counted over all segments."""
        for segment in self.segments:
            if number < segment.first_owner + len(segment.digests):
                return Digest("sha256", segment.digests[number - segment.first_owner].tobytes())
        raise IndexError(f"{self.path}: expected an owner below {self.owners}, found {number}")

    def append(self, batch: Batch, position: IndexPosition) -> None:
        """Add a segment behind the whole ones and sync it; cuts off a torn end first."""
        with self.path.open("r+b") as file:
            file.truncate(self.whole_bytes)
            file.seek(self.whole_bytes)
            file.write(_written(batch, position))
            file.flush()
            os.fsync(file.fileno())
        self._map()

    def merge(self) -> None:
        """Write many segments anew as few, beside, and put the new file in place of the old one."""
        beside = self.path.with_suffix(".merged")
        with beside.open("wb") as file:
            file.write(_header(self.table, self.width_bytes, self.epoch))
            for batch in self._merged():
                file.write(_written(batch, self.position))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.path)
        self._map()

    def _merged(self) -> Iterator[Batch]:
        waiting: list[Segment] = []
        for segment in self.segments:
            waiting.append(segment)
            if sum(each.columns.shape[1] for each in waiting) >= MERGED_ROWS:
                yield _together(waiting)
                waiting = []
        yield (
            _together(waiting)
            if waiting
            else Batch(
                np.empty((0, self.width_bytes), np.uint8), np.empty(0, np.int64), np.empty(0, np.uint32), ()
            )
        )

    def _map(self) -> None:
        with self.path.open("rb") as file:
            if os.fstat(file.fileno()).st_size < HEADER.itemsize:
                raise UnfitHashFile(f"{self.path}: ends within its header")
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        header = np.frombuffer(content, HEADER, 1)[0]
        expected = (MAGIC, FORMAT, self.width_bytes, self.table.encode(), self.epoch)
        if tuple(header.item()) != expected:
            raise UnfitHashFile(f"{self.path}: expected {expected}, found {header.item()}")
        self.segments, self.position, self.whole_bytes = [], NOTHING, HEADER.itemsize
        first_owner = 0
        for at, end, segment_header in _complete_segments(content, self.width_bytes):
            self.segments.append(_segment(content, at, segment_header, self.width_bytes, first_owner))
            first_owner += int(segment_header["owners"])
            self.position = IndexPosition(int(segment_header["turn"]), segment_header["last"].tobytes())
            self.whole_bytes = end


def new_hash_file(path: Path, table: str, width_bytes: int, epoch: int) -> HashFile:
    """An empty file in place of whatever stands there."""
    beside = path.with_suffix(".new")
    beside.write_bytes(_header(table, width_bytes, epoch))
    beside.replace(path)
    return HashFile(path, table, width_bytes, epoch)


def _header(table: str, width_bytes: int, epoch: int) -> bytes:
    return np.array((MAGIC, FORMAT, width_bytes, table.encode(), epoch), HEADER).tobytes()


def _written(batch: Batch, position: IndexPosition) -> bytes:
    """A segment as it stands in the file, padded to whole words."""
    columns = np.ascontiguousarray(batch.bits).view(np.uint64).T
    digests = b"".join(digest.value for digest in batch.owners)
    body = columns.tobytes() + batch.owner.astype("<u4").tobytes() + batch.at_ms.astype("<u4").tobytes() + digests
    head = np.zeros(1, SEGMENT)
    head[0] = (
        SEGMENT_MAGIC,
        len(batch.at_ms),
        len(batch.owners),
        position.turn,
        np.frombuffer(position.last, np.uint8),
        zlib.crc32(body),
        0,
    )
    return head.tobytes() + body


def _complete_segments(content: mmap.mmap, width_bytes: int) -> Iterator[tuple[int, int, np.void]]:
    """Begin of the columns, end, and header of each whole segment; a torn or damaged end is left out.

    Only the last segment's CRC is looked at: those before were synced before it was begun.
    """
    found: list[tuple[int, int, np.void]] = []
    at = HEADER.itemsize
    while at + SEGMENT.itemsize <= len(content):
        header = np.frombuffer(content, SEGMENT, 1, at)[0]
        begin = at + SEGMENT.itemsize
        end = begin + int(header["rows"]) * (width_bytes + 8) + int(header["owners"]) * DIGEST_BYTES
        if header["magic"] != SEGMENT_MAGIC or end > len(content):
            break
        found.append((begin, end, header))
        at = end
    if found and zlib.crc32(memoryview(content)[found[-1][0] : found[-1][1]]) != int(found[-1][2]["crc"]):
        found.pop()
    yield from found


def _segment(content: mmap.mmap, at: int, header: np.void, width_bytes: int, first_owner: int) -> Segment:
    rows, owners, words = int(header["rows"]), int(header["owners"]), width_bytes // WORD_BYTES
    columns = np.frombuffer(content, np.uint64, rows * words, at).reshape(words, rows)
    at += rows * width_bytes
    owner = np.frombuffer(content, "<u4", rows, at)
    at_ms = np.frombuffer(content, "<u4", rows, at + 4 * rows)
    digests = np.frombuffer(content, np.uint8, owners * DIGEST_BYTES, at + 8 * rows).reshape(owners, DIGEST_BYTES)
    return Segment(columns, owner, at_ms, digests, first_owner)


def _together(segments: list[Segment]) -> Batch:
    offsets = np.cumsum([0, *(len(segment.digests) for segment in segments)])
    return Batch(
        bits=np.concatenate([np.ascontiguousarray(segment.columns.T).view(np.uint8) for segment in segments]),
        owner=np.concatenate(
            [segment.owner + np.int64(first) for segment, first in zip(segments, offsets[:-1], strict=True)]
        ),
        at_ms=np.concatenate([segment.at_ms for segment in segments]),
        owners=[Digest("sha256", each.tobytes()) for segment in segments for each in segment.digests],
    )
