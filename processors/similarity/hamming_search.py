"""Exact search for fingerprints within a distance: every pair is found, none is guessed.

Fingerprints come as rows of bytes, ``uint8 [n, w]``, w 8 (64 bit) or any multiple of it. Distances are Hamming
distances in bits. Small jobs are compared pair by pair with NumPy; large ones go to the compiled kernels of
``processors.similarity.hamming_kernels``, which give the same pairs (property-tested against each other and
against the definition).
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WORD_BYTES = 8
BLOCK_PAIRS = 1 << 22
"""Pairs compared at once by the plain comparison: 32 MB of intermediate words."""

WORTH_COMPILING = 1 << 27
"""Pairs from which loading the kernels (a second) costs less than comparing with NumPy."""

COLUMN_BLOCK = 1 << 22
"""Rows of columns looked at in one go: a join copies 128 MB of them for 256 bit."""

WORTH_CALLING = 1 << 17
"""The same where they are loaded, as in a process that answers many questions."""

FEW_QUERIES = 64
"""New rows up to which scanning for each is faster than joining (at ten million known rows, 2026-11-23)."""


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


class Known:
    """Fingerprints held ready for single questions: columns of words, as large as the rows they are made from."""

    def __init__(self, rows: NDArray[np.uint8]) -> None:
        self.columns = np.ascontiguousarray(words(rows).T)

    def __len__(self) -> int:
        return int(self.columns.shape[1])

    def near(self, row: NDArray[np.uint8], distance_bits: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Places and distances of all rows at most ``distance_bits`` from one row [w], by place."""
        from processors.similarity import hamming_kernels

        query = words(row[None])[0]
        if len(query) != len(self.columns):
            raise ValueError(f"fingerprints: expected {len(self.columns) * WORD_BYTES} bytes, found {row.size}")
        if len(query) in hamming_kernels.SCANS:
            found = hamming_kernels.scan(self.columns, query, distance_bits)
        else:
            distance = np.bitwise_count(self.columns ^ query[:, None]).sum(axis=0, dtype=np.int64)
            places = np.flatnonzero(distance <= distance_bits)
            found = np.stack([places, distance[places]], axis=1)
        return found[:, 0].copy(), found[:, 1].copy()


def neighbours(new: NDArray[np.uint8], known: NDArray[np.uint8], distance_bits: int) -> Neighbours:
    """All pairs of a new and a known row at most ``distance_bits`` apart; raises ``ValueError`` on odd shapes."""
    left, right = words(new), words(known)
    if left.shape[1] != right.shape[1]:
        raise ValueError(f"fingerprints: expected one width, found {new.shape[1]} and {known.shape[1]} bytes")
    if len(left) * len(right) < WORTH_COMPILING:
        return _in_order(_compare(left, right, distance_bits))
    return _in_order(_search(new, known, distance_bits))


def near_columns(new: NDArray[np.uint8], known: Sequence[NDArray[np.uint64]], distance_bits: int) -> Neighbours:
    """The same for known rows that lie in columns of words [words, rows], numbered over all of them in order.

    Columns are read where they lie, a mapped file included; a join copies them in blocks, a scan copies nothing.
    """
    left = words(new)
    found = [np.empty((0, 3), np.int64)]
    first = 0
    for columns in known:
        if columns.shape[0] != left.shape[1]:
            raise ValueError(f"fingerprints: expected {left.shape[1]} words, found {columns.shape[0]}")
        for start in range(0, columns.shape[1], COLUMN_BLOCK):
            block = columns[:, start : start + COLUMN_BLOCK]
            pairs = _near_block(new, left, block, distance_bits)
            pairs[:, 1] += first + start
            found.append(pairs)
        first += columns.shape[1]
    return _in_order(np.concatenate(found))


def _near_block(
    new: NDArray[np.uint8], left: NDArray[np.uint64], block: NDArray[np.uint64], distance_bits: int
) -> NDArray[np.int64]:
    pairs = len(left) * block.shape[1]
    if pairs < (WORTH_CALLING if "processors.similarity.hamming_kernels" in sys.modules else WORTH_COMPILING):
        return _compare(left, block.T, distance_bits)
    from processors.similarity import hamming_kernels

    if len(left) <= FEW_QUERIES and len(block) in hamming_kernels.SCANS:
        return _scan_all(new, block, distance_bits)
    return _search(new, np.ascontiguousarray(block.T).view(np.uint8), distance_bits)


def _scan_all(new: NDArray[np.uint8], columns: NDArray[np.uint64], distance_bits: int) -> NDArray[np.int64]:
    """A pass over the columns for each new row."""
    from processors.similarity import hamming_kernels

    parts = [np.empty((0, 3), np.int64)]
    for place, query in enumerate(words(new)):
        found = hamming_kernels.scan(columns, query, distance_bits)
        parts.append(np.column_stack([np.full(len(found), place), found]))
    return np.concatenate(parts)


def words(rows: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """The same bits as machine words [n, w / 8]; the order of bytes in a word does not matter to a distance."""
    if rows.ndim != 2 or rows.dtype != np.uint8 or rows.shape[1] % WORD_BYTES or not rows.shape[1]:
        raise ValueError(
            f"fingerprints: expected uint8 rows, a multiple of {WORD_BYTES} bytes, found {rows.dtype} {rows.shape}"
        )
    return np.ascontiguousarray(rows).view(np.uint64)


def _search(new: NDArray[np.uint8], known: NDArray[np.uint8], distance_bits: int) -> NDArray[np.int64]:
    """A large job: scanned for a few new rows, joined for many, compared where no kernel fits."""
    from processors.similarity import hamming_kernels

    if len(new) <= FEW_QUERIES:
        store = Known(known)
        parts = [np.empty((0, 3), np.int64)]
        for place, row in enumerate(new):
            rows, distances = store.near(row, distance_bits)
            parts.append(np.stack([np.full(len(rows), place), rows, distances], axis=1))
        return np.concatenate(parts)
    left, right = words(new), words(known)
    if not hamming_kernels.can_join(left.shape[1], distance_bits):
        return _compare(left, right, distance_bits)
    if len(left) > len(right):
        return hamming_kernels.join(right, left, distance_bits)[:, [1, 0, 2]]
    return hamming_kernels.join(left, right, distance_bits)


def _compare(new: NDArray[np.uint64], known: NDArray[np.uint64], distance_bits: int) -> NDArray[np.int64]:
    """Every pair, a block of known rows at a time."""
    found: list[NDArray[np.int64]] = [np.empty((0, 3), np.int64)]
    step = max(1, BLOCK_PAIRS // max(1, len(new)))
    for start in range(0, len(known), step):
        block = known[start : start + step]
        distance = np.zeros((len(new), len(block)), np.uint16)
        for word in range(new.shape[1]):
            distance += np.bitwise_count(new[:, word, None] ^ block[None, :, word])
        rows, columns = np.nonzero(distance <= distance_bits)
        found.append(np.stack([rows, columns + start, distance[rows, columns]], axis=1).astype(np.int64))
    return np.concatenate(found)


def _in_order(pairs: NDArray[np.int64]) -> Neighbours:
    """Columns new, known, distance as sorted neighbours."""
    order = np.lexsort((pairs[:, 1], pairs[:, 0]))
    return Neighbours(*(np.ascontiguousarray(pairs[order, column]) for column in range(3)))
