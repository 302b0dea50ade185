"""The known side of a comparison: tables of rows to search, and the whole fingerprints of what was found.

``Index`` is what ``processors.similarity.match`` asks of it; ``InMemory`` is one over files in hand. The
catalogue's own, over files of hashes, is in ``storage.similarity.hash_index``.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from processors.digest import Digest
from processors.fingerprints.fingerprint import Fingerprint
from processors.similarity.hamming_search import neighbours
from processors.similarity.index_rows import Rows, concatenate, search_rows

Hashes = tuple[Fingerprint, ...]


class HasFingerprints(Protocol):
    """A file and its fingerprints: a ``MediaFingerprints``, or a row of the catalogue."""

    @property
    def sha256(self) -> Digest:
        """Digest of the file."""

    @property
    def hashes(self) -> Hashes:
        """All fingerprints of the file; empty where it was refused."""


@dataclass(frozen=True, slots=True)
class Matches:
    """Rows found near queried rows: place of the queried row, number of the owner, time of its frame, distance."""

    query: NDArray[np.int64]
    owner: NDArray[np.int64]
    at_ms: NDArray[np.uint32]
    distance_bits: NDArray[np.int64]


class Index(Protocol):
    """Files that can be searched for rows near a given row."""

    def search(self, table: str, rows: NDArray[np.uint8], within_bits: int) -> Matches:
        """Every row of the table at most so far from one of the rows [n, width]."""

    def owner(self, number: int) -> Digest:
        """The file that a number of ``Matches.owner`` stands for."""

    def hashes_of(self, files: Collection[Digest]) -> Mapping[Digest, Hashes]:
        """All fingerprints of these files."""


@dataclass(frozen=True, slots=True)
class FingerprintTable:
    """Rows of several files, and the place of each row's file."""

    rows: Rows
    owner: NDArray[np.int64]


class InMemory:
    """An index over files in hand."""

    def __init__(self, files: Iterable[HasFingerprints]) -> None:
        hashes = {file.sha256: file.hashes for file in files}
        self.files, self.hashes = list(hashes), hashes
        self.tables = tables(list(hashes.values()))

    def search(self, table: str, rows: NDArray[np.uint8], within_bits: int) -> Matches:
        """As ``Index`` says."""
        known = self.tables.get(table)
        if known is None or not len(rows):
            return no_matches()
        found = neighbours(rows, known.rows.bits, within_bits)
        places = found.known_index
        return Matches(found.new_index, known.owner[places], known.rows.at_ms[places], found.distance_bits)

    def owner(self, number: int) -> Digest:
        """As ``Index`` says."""
        return self.files[number]

    def hashes_of(self, files: Collection[Digest]) -> Mapping[Digest, Hashes]:
        """As ``Index`` says."""
        return {file: self.hashes[file] for file in files}


FIRST_ROWS = 512
MANY_PAIRS = 1 << 21
"""Pairs of one search, of 24 bytes each and three times that while they are sorted."""


def searched_in_parts(index: Index, table: str, rows: NDArray[np.uint8], within_bits: int) -> Iterator[Matches]:
    """What `Index.search` finds, for some rows after the other: as many at once as give not too many pairs.

    Each frame of a video is near each frame of another that shows the same scene: six clips of a thousand frames
    give 36 million pairs, 2.5 GB at once. Rows that find little are searched in ever larger parts, since a search
    in many known rows costs little more for many new ones.
    """
    start, size = 0, FIRST_ROWS
    while start < len(rows):
        found = index.search(table, rows[start : start + size], within_bits)
        yield Matches(found.query + start, found.owner, found.at_ms, found.distance_bits)
        start += size
        size = 4 * size if len(found.query) < MANY_PAIRS // 4 else max(FIRST_ROWS // 8, size // 2)


def tables(files: Iterable[Hashes]) -> dict[str, FingerprintTable]:
    """The rows of all files by table."""
    parts: dict[str, list[tuple[int, Rows]]] = {}
    for place, hashes in enumerate(files):
        for table, rows in search_rows(hashes).items():
            parts.setdefault(table, []).append((place, rows))
    return {
        table: FingerprintTable(
            concatenate(rows for _, rows in found),
            np.repeat([place for place, _ in found], [len(rows) for _, rows in found]).astype(np.int64),
        )
        for table, found in parts.items()
    }


def no_matches() -> Matches:
    """No row found."""
    empty = np.empty(0, np.int64)
    return Matches(empty, empty, np.empty(0, np.uint32), empty)
