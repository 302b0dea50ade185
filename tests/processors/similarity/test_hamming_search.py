"""Every pair within the distance is found, and no other."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from processors.similarity import hamming_kernels
from processors.similarity.hamming_search import Known, neighbours, words

pytestmark = pytest.mark.slow


def brute(new: NDArray[np.uint8], known: NDArray[np.uint8], distance_bits: int) -> list[tuple[int, int, int]]:
    """The definition, one pair after another."""
    pairs = []
    for i, a in enumerate(new):
        for j, b in enumerate(known):
            distance = (int.from_bytes(a.tobytes()) ^ int.from_bytes(b.tobytes())).bit_count()
            if distance <= distance_bits:
                pairs.append((i, j, distance))
    return pairs


def rows(seed: int, count: int, width: int, *, near: NDArray[np.uint8] | None = None) -> NDArray[np.uint8]:
    """Random rows; every second one a few flipped bits away from a row of ``near``, as media come back."""
    random = np.random.default_rng(seed)
    made = random.integers(0, 256, (count, width), dtype=np.uint8)
    if near is not None and len(near):
        for row in range(0, count, 2):
            bits = np.unpackbits(near[random.integers(len(near))])
            bits[random.choice(bits.size, random.integers(0, bits.size // 5), replace=False)] ^= 1
            made[row] = np.packbits(bits)
    return made


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 2**32 - 1), st.integers(0, 40), st.integers(0, 60), st.sampled_from([8, 32]), st.integers(0, 70)
)
def test_every_pair_within_the_distance_is_found(
    seed: int, n: int, m: int, width: int, distance_bits: int
) -> None:
    known = rows(seed, m, width)
    new = rows(seed + 1, n, width, near=known)
    assert list(neighbours(new, known, distance_bits)) == brute(new, known, distance_bits)


def test_rows_of_different_width_are_refused() -> None:
    with pytest.raises(ValueError, match="expected one width"):
        neighbours(rows(0, 2, 8), rows(0, 2, 32), 3)


@pytest.mark.parametrize("shape", [(3,), (3, 7), (3, 0)])
def test_rows_of_odd_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="fingerprints: expected"):
        neighbours(np.zeros(shape, np.uint8), rows(0, 2, 8), 3)


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(0, 60),
    st.integers(0, 80),
    st.sampled_from([(8, 0), (8, 2), (8, 3), (8, 8), (8, 10), (8, 11), (32, 5), (32, 31), (32, 47)]),
)
def test_the_join_finds_every_pair_once(seed: int, n: int, m: int, kind: tuple[int, int]) -> None:
    width, distance_bits = kind
    known = rows(seed, m, width)
    new = rows(seed + 1, n, width, near=known)
    pairs = hamming_kernels.join(words(new), words(known), distance_bits)
    assert sorted(map(tuple, pairs.tolist())) == brute(new, known, distance_bits)


@pytest.mark.parametrize("pieces", [4, 16])
@pytest.mark.parametrize("distance_bits", range(48))
def test_rows_that_differ_by_more_in_every_piece_are_further_apart(pieces: int, distance_bits: int) -> None:
    flips = hamming_kernels.flips_of_pieces(pieces, distance_bits)
    assert len(flips) == pieces
    assert sum(flips.tolist()) + pieces == distance_bits + 1


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5000), st.sampled_from([8, 16, 32]), st.integers(0, 70))
def test_one_question_finds_every_row(seed: int, m: int, width: int, distance_bits: int) -> None:
    known = rows(seed, m, width)
    query = rows(seed + 1, 1, width, near=known)
    places, distances = Known(known).near(query[0], distance_bits)
    expected = brute(query, known, distance_bits)
    assert list(zip(places.tolist(), distances.tolist(), strict=True)) == [
        (j, distance) for _, j, distance in expected
    ]


@pytest.mark.parametrize("width", [8, 32])
def test_blocks_of_rows_make_no_difference(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    known = rows(1, 700, width)
    new = rows(2, 300, width, near=known)
    whole = hamming_kernels.join(words(new), words(known), 8)
    monkeypatch.setattr(hamming_kernels, "KNOWN_BLOCK_BYTES", 64 * width)
    monkeypatch.setattr(hamming_kernels, "NEW_BLOCK", 50)
    monkeypatch.setattr(hamming_kernels, "FIRST_CAPACITY", 1)
    parts = hamming_kernels.join(words(new), words(known), 8)
    assert sorted(parts.tolist()) == sorted(whole.tolist())
    assert len(whole)


@pytest.mark.parametrize(("n", "m"), [(3, 4000), (200, 4000), (4000, 200)])
@pytest.mark.parametrize(("width", "distance_bits"), [(8, 8), (32, 31), (32, 70)])
def test_large_jobs_find_what_small_ones_find(
    n: int, m: int, width: int, distance_bits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = rows(3, m, width)
    new = rows(4, n, width, near=known)
    small = list(neighbours(new, known, distance_bits))
    monkeypatch.setattr("processors.similarity.hamming_search.WORTH_COMPILING", 0)
    assert list(neighbours(new, known, distance_bits)) == small
    assert small


def test_a_thousand_copies_of_one_picture_are_all_found() -> None:
    known = np.repeat(rows(5, 1, 8), 1000, axis=0)
    assert len(hamming_kernels.join(words(known[:100]), words(known), 8)) == 100_000


@pytest.mark.parametrize("words_each", [1, 4])
def test_more_hits_than_room_was_made_for_all_come_back(words_each: int) -> None:
    many = hamming_kernels.FIRST_CAPACITY + 1_000
    columns = np.zeros((words_each, many), np.uint64)
    columns[0, -1] = 3
    found = hamming_kernels.scan(columns, np.zeros(words_each, np.uint64), 2)
    assert found[:, 0].tolist() == list(range(many))
    assert found[-1].tolist() == [many - 1, 2]
