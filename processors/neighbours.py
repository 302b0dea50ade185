"""Exact search for fingerprints within a distance: every pair is found, none is guessed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Pairs found: row of ``new``, row of ``known``, Hamming distance in bits; sorted by new, then known row."""

    new_index: NDArray[np.int64]
    known_index: NDArray[np.int64]
    distance_bits: NDArray[np.int64]
