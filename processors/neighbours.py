"""Exact search for fingerprints within a distance: every pair is found, none is guessed.

Fingerprints come as rows of bytes, ``uint8 [n, w]``, w 8 (64 bit) or any multiple of it. Distances are Hamming
distances in bits.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WORD_BYTES = 8
BLOCK_PAIRS = 1 << 22
"""Pairs compared at once by the plain scan: 32 MB of intermediate words."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Pairs found: row of ``new``, row of ``known``, Hamming distance in bits; sorted by new, then known row."""

    new_index: NDArray[np.int64]
    known_index: NDArray[np.int64]
    distance_bits: NDArray[np.int64]

    def __iter__(self) -> Iterator[tuple[int, int, int]]:
        rows = zip(self.new_index.tolist(), self.known_index.tolist(), self.distance_bits.tolist(), strict=True)
        return iter(rows)

    def __len__(self) -> int:
        return len(self.new_index)


def neighbours(new: NDArray[np.uint8], known: NDArray[np.uint8], distance_bits: int) -> Neighbours:
    """All pairs of a new and a known row at most ``distance_bits`` apart; raises ``ValueError`` on odd shapes."""
    left, right = words(new), words(known)
    if left.shape[1] != right.shape[1]:
        raise ValueError(f"fingerprints: expected one width, found {new.shape[1]} and {known.shape[1]} bytes")
    return _scan(left, right, distance_bits)


def words(rows: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """The same bits as machine words [n, w / 8]; the order of bytes in a word does not matter to a distance."""
    if rows.ndim != 2 or rows.dtype != np.uint8 or rows.shape[1] % WORD_BYTES or not rows.shape[1]:
        raise ValueError(
            f"fingerprints: expected uint8 rows, a multiple of {WORD_BYTES} bytes, found {rows.dtype} {rows.shape}"
        )
    return np.ascontiguousarray(rows).view(np.uint64)


def _scan(new: NDArray[np.uint64], known: NDArray[np.uint64], distance_bits: int) -> Neighbours:
    """Compare every pair, a block of known rows at a time."""
    found: list[NDArray[np.int64]] = [np.empty((0, 3), np.int64)]
    step = max(1, BLOCK_PAIRS // max(1, len(new)))
    for start in range(0, len(known), step):
        block = known[start : start + step]
        distance = np.zeros((len(new), len(block)), np.uint16)
        for word in range(new.shape[1]):
            distance += np.bitwise_count(new[:, word, None] ^ block[None, :, word])
        rows, columns = np.nonzero(distance <= distance_bits)
        found.append(np.stack([rows, columns + start, distance[rows, columns]], axis=1).astype(np.int64))
    return in_order(np.concatenate(found))


def in_order(pairs: NDArray[np.int64]) -> Neighbours:
    """Columns new, known, distance as sorted neighbours."""
    order = np.lexsort((pairs[:, 1], pairs[:, 0]))
    return Neighbours(*(np.ascontiguousarray(pairs[order, column]) for column in range(3)))
