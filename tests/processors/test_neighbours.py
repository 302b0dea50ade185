"""Every pair within the distance is found, and no other."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from processors.neighbours import neighbours


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
