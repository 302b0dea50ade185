"""Compiled search kernels behind ``processors.similarity.hamming_search``; importing this module loads numba
(about a second).

*Join*, for many against many: two rows at most d bits apart agree in one of their 16-bit pieces up to as many bits
as `flips_of_pieces` allows that piece, by the pigeonhole principle. Both sides are sorted by each piece in turn
(counting sort) and only buckets whose keys lie that near are compared; a pair is reported at the first piece where
it shows, so none comes twice. Known rows are taken in blocks, so the copies cost a part of the known rows and no
standing index is kept.

*Scan*, for one against many: rows lie in columns of words; two words of four (128 of 256 bits) rule out nearly
every row, so half of the memory is never read.

Machine code is cached beside this file or in the user's cache folder where either can be written.
"""

import itertools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import numba
import numpy as np
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

P = ParamSpec("P")
R = TypeVar("R")

PIECE_BITS = 16
KEYS = 1 << PIECE_BITS
KNOWN_BLOCK_BYTES = 1 << 27
NEW_BLOCK = 1 << 20
SCAN_BLOCK = 2048
MOST_FLIPS = 2
"""Bits by which a piece may differ for the join to pay: 137 near keys of 65536."""

FIRST_CAPACITY = 1 << 16


def _compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile for machine speed; without a cache where no cache folder can be written."""
    try:
        kernel: Callable[P, R] = numba.njit(nogil=True, cache=True)(function)
    except RuntimeError:
        kernel = numba.njit(nogil=True)(function)
    return kernel


def _emit_popcount(context: Any, word: Any) -> Any:
    """LLVM's population count, which becomes one vector instruction where the processor has it."""

    def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), emit


_popcount: Any = intrinsic(_emit_popcount)


@_compiled
def _sort_by_key(
    keys: NDArray[np.uint16],
    rows: NDArray[np.uint64],
    offsets: NDArray[np.int64],
    order: NDArray[np.int32],
    columns: NDArray[np.uint64],
) -> None:
    """Counting sort of rows into columns of words; ``order`` their numbers, ``offsets[k]`` where key k begins."""
    offsets[:] = 0
    for row in range(keys.size):
        offsets[np.int64(keys[row]) + 1] += 1
    for key in range(KEYS):
        offsets[key + 1] += offsets[key]
    places = offsets[:-1].copy()
    for row in range(keys.size):
        place = places[keys[row]]
        places[keys[row]] = place + 1
        order[place] = row
        for word in range(columns.shape[0]):
            columns[word, place] = rows[row, word]


@_compiled
def _shown_before(a: NDArray[np.uint64], b: NDArray[np.uint64], piece: int, flips: NDArray[np.int64]) -> bool:
    """Whether an earlier piece already brought this pair together."""
    for earlier in range(piece):
        shift = np.uint64(PIECE_BITS * (earlier % 4))
        difference = ((a[earlier // 4] ^ b[earlier // 4]) >> shift) & np.uint64(0xFFFF)
        if np.int64(_popcount(difference)) <= flips[earlier]:
            return True
    return False


@_compiled
def _join_piece1(
    known: NDArray[np.uint64],
    known_offsets: NDArray[np.int64],
    known_order: NDArray[np.int32],
    new: NDArray[np.uint64],
    new_offsets: NDArray[np.int64],
    new_order: NDArray[np.int32],
    masks: NDArray[np.int64],
    piece: int,
    flips: NDArray[np.int64],
    distance_bits: np.uint64,
    found: NDArray[np.int64],
    count: int,
) -> int:
    """One piece of 64-bit rows; returns how many pairs there are, even beyond the room in ``found``."""
    for key in range(KEYS):
        start, end = known_offsets[key], known_offsets[key + 1]
        if start == end:
            continue
        block = known[0, start:end]
        for mask in masks:
            near = key ^ mask
            for place in range(new_offsets[near], new_offsets[near + 1]):
                word = new[0, place]
                hits = np.uint64(0)
                for row in range(block.size):
                    hits += np.uint64(_popcount(block[row] ^ word) <= distance_bits)
                if hits:
                    for row in range(block.size):
                        distance = _popcount(block[row] ^ word)
                        if distance <= distance_bits and not _shown_before(
                            known[:, start + row], new[:, place], piece, flips
                        ):
                            if count < found.shape[0]:
                                found[count, 0] = new_order[place]
                                found[count, 1] = known_order[start + row]
                                found[count, 2] = distance
                            count += 1
    return count


@_compiled
def _join_piece4(
    known: NDArray[np.uint64],
    known_offsets: NDArray[np.int64],
    known_order: NDArray[np.int32],
    new: NDArray[np.uint64],
    new_offsets: NDArray[np.int64],
    new_order: NDArray[np.int32],
    masks: NDArray[np.int64],
    piece: int,
    flips: NDArray[np.int64],
    distance_bits: np.uint64,
    found: NDArray[np.int64],
    count: int,
) -> int:
    """One piece of 256-bit rows; the words stand apart so that the inner loop becomes vector instructions."""
    first, second, third, fourth = known[0], known[1], known[2], known[3]
    for key in range(KEYS):
        start, end = known_offsets[key], known_offsets[key + 1]
        if start == end:
            continue
        a, b, c, d = first[start:end], second[start:end], third[start:end], fourth[start:end]
        for mask in masks:
            near = key ^ mask
            for place in range(new_offsets[near], new_offsets[near + 1]):
                w, x, y, z = new[0, place], new[1, place], new[2, place], new[3, place]
                hits = np.uint64(0)
                for row in range(end - start):
                    distance = _popcount(a[row] ^ w) + _popcount(b[row] ^ x) + _popcount(c[row] ^ y)
                    hits += np.uint64(distance + _popcount(d[row] ^ z) <= distance_bits)
                if hits:
                    for row in range(end - start):
                        distance = _popcount(a[row] ^ w) + _popcount(b[row] ^ x) + _popcount(c[row] ^ y)
                        distance += _popcount(d[row] ^ z)
                        if distance <= distance_bits and not _shown_before(
                            known[:, start + row], new[:, place], piece, flips
                        ):
                            if count < found.shape[0]:
                                found[count, 0] = new_order[place]
                                found[count, 1] = known_order[start + row]
                                found[count, 2] = distance
                            count += 1
    return count


@_compiled
def _scan1(
    columns: NDArray[np.uint64], query: NDArray[np.uint64], distance_bits: np.uint64, found: NDArray[np.int64]
) -> int:
    """Rows of one word near a query; returns how many there are, even beyond the room in ``found``."""
    count = 0
    words, size = columns[0], columns.shape[1]
    for start in range(0, size, SCAN_BLOCK):
        block = words[start : min(start + SCAN_BLOCK, size)]
        hits = np.uint64(0)
        for row in range(block.size):
            hits += np.uint64(_popcount(block[row] ^ query[0]) <= distance_bits)
        if hits:
            for row in range(block.size):
                distance = _popcount(block[row] ^ query[0])
                if distance <= distance_bits:
                    if count < found.shape[0]:
                        found[count, 0], found[count, 1] = start + row, distance
                    count += 1
    return count


@_compiled
def _scan4(
    columns: NDArray[np.uint64], query: NDArray[np.uint64], distance_bits: np.uint64, found: NDArray[np.int64]
) -> int:
    """The same for rows of four words; the second pair of words is read only where the first leaves a chance."""
    count = 0
    first, second, third, fourth = columns[0], columns[1], columns[2], columns[3]
    size = columns.shape[1]
    for start in range(0, size, SCAN_BLOCK):
        end = min(start + SCAN_BLOCK, size)
        a, b = first[start:end], second[start:end]
        hits = np.uint64(0)
        for row in range(end - start):
            hits += np.uint64(_popcount(a[row] ^ query[0]) + _popcount(b[row] ^ query[1]) <= distance_bits)
        if hits:
            for row in range(end - start):
                distance = _popcount(a[row] ^ query[0]) + _popcount(b[row] ^ query[1])
                if distance <= distance_bits:
                    distance += _popcount(third[start + row] ^ query[2])
                    distance += _popcount(fourth[start + row] ^ query[3])
                    if distance <= distance_bits:
                        if count < found.shape[0]:
                            found[count, 0], found[count, 1] = start + row, distance
                        count += 1
    return count


SCANS: dict[int, Callable[..., int]] = {1: _scan1, 4: _scan4}
JOINS: dict[int, Callable[..., int]] = {1: _join_piece1, 4: _join_piece4}


def can_join(words: int, distance_bits: int) -> bool:
    """Whether rows of so many words can be joined within this distance at a gain."""
    return words in JOINS and distance_bits // (words * 4) <= MOST_FLIPS


def scan(columns: NDArray[np.uint64], query: NDArray[np.uint64], distance_bits: int) -> NDArray[np.int64]:
    """Pairs (row, distance) of rows near one query; ``columns`` [words, rows], ``query`` [words], 1 or 4 words."""
    found = np.empty((FIRST_CAPACITY, 2), np.int64)
    count = SCANS[len(columns)](columns, query, np.uint64(distance_bits), found)
    if count > len(found):
        found = np.empty((count, 2), np.int64)
        SCANS[len(columns)](columns, query, np.uint64(distance_bits), found)
    return found[:count]


def join(new: NDArray[np.uint64], known: NDArray[np.uint64], distance_bits: int) -> NDArray[np.int64]:
    """Triples (new row, known row, distance) of all pairs within the distance, in no order; 1 or 4 words a row."""
    parts = [np.empty((0, 3), np.int64)]
    step = KNOWN_BLOCK_BYTES // (8 * known.shape[1])
    for first_new in range(0, len(new), NEW_BLOCK):
        for first_known in range(0, len(known), step):
            block = known[first_known : first_known + step]
            part = _join_blocks(new[first_new : first_new + NEW_BLOCK], block, distance_bits)
            part[:, 0] += first_new
            part[:, 1] += first_known
            parts.append(part)
    return np.concatenate(parts)


def flips_of_pieces(pieces: int, distance_bits: int) -> NDArray[np.int64]:
    """By how many bits each piece may differ; -1 for one that needs no look.

    Two rows that differ by more in every piece differ by the sum of one more each, which is ``distance_bits + 1``.
    The first pieces get the least: of DCT signs they hold the lowest frequencies, in which most are alike.
    """
    each, more = divmod(distance_bits + 1, pieces)
    return np.array([each - 1] * (pieces - more) + [each] * more, np.int64)


def _masks(most: int) -> NDArray[np.int64]:
    """What may be changed in a key: up to ``most`` of its bits."""
    return np.array(
        [
            sum(1 << bit for bit in bits)
            for count in range(most + 1)
            for bits in itertools.combinations(range(PIECE_BITS), count)
        ],
        np.int64,
    )


def _join_blocks(new: NDArray[np.uint64], known: NDArray[np.uint64], distance_bits: int) -> NDArray[np.int64]:
    flips = flips_of_pieces(4 * new.shape[1], distance_bits)
    found = np.empty((FIRST_CAPACITY, 3), np.int64)
    count = 0
    kernel = JOINS[new.shape[1]]
    for piece, most in enumerate(flips.tolist()):
        masks = _masks(most)
        if not len(masks):
            continue
        new_side, known_side = _sorted_by(new, piece), _sorted_by(known, piece)
        near = (masks, piece, flips, np.uint64(distance_bits))
        total = kernel(*known_side, *new_side, *near, found, count)
        if total > len(found):
            found = np.concatenate([found[:count], np.empty((2 * total - count, 3), np.int64)])
            total = kernel(*known_side, *new_side, *near, found, count)
        count = total
    return found[:count]


def _sorted_by(
    rows: NDArray[np.uint64], piece: int
) -> tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.int32]]:
    """Columns of words sorted by one piece, where each key begins, and the row at each place."""
    keys = np.ascontiguousarray(rows.view(np.uint16)[:, piece])
    offsets, order = np.empty(KEYS + 1, np.int64), np.empty(len(rows), np.int32)
    columns = np.empty((rows.shape[1], len(rows)), np.uint64)
    _sort_by_key(keys, rows, offsets, order, columns)
    return columns, offsets, order
