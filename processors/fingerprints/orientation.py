"""The eight ways a picture can be turned and mirrored, and what each does to bits made of DCT signs.

Mirroring a picture changes the sign of every odd frequency along that axis, turning it on its side swaps the axes.
The fingerprint of a turned picture therefore follows from the bits in hand, up to the terms that lie between the
median and its negative (measured: at most 14 of 256 bits of PDQ), and only the side that asks needs all eight.
After ThreatExchange ``pdqhashing.cpp: dct16OriginalToRotate90`` and following.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Orientation:
    """Mirror left to right, then top to bottom, then swap the axes, each where set; ``name`` says it in words."""

    name: str
    mirror_x: bool
    mirror_y: bool
    swap: bool


WHOLE = Orientation("whole", mirror_x=False, mirror_y=False, swap=False)
ORIENTATIONS = (
    WHOLE,
    Orientation("mirrored", mirror_x=True, mirror_y=False, swap=False),
    Orientation("turned upside down", mirror_x=True, mirror_y=True, swap=False),
    Orientation("mirrored and turned upside down", mirror_x=False, mirror_y=True, swap=False),
    Orientation("turned left", mirror_x=True, mirror_y=False, swap=True),
    Orientation("turned right", mirror_x=False, mirror_y=True, swap=True),
    Orientation("mirrored and turned left", mirror_x=False, mirror_y=False, swap=True),
    Orientation("mirrored and turned right", mirror_x=True, mirror_y=True, swap=True),
)
BACK = {orientation.name: orientation.name for orientation in ORIENTATIONS} | {
    "turned left": "turned right",
    "turned right": "turned left",
}
"""What was done to one picture, said from the other's side."""


def turn(terms: NDArray[np.bool_], orientation: Orientation, first_frequency: int) -> NDArray[np.bool_]:
    """Signs of DCT terms [..., vertical, horizontal] of the turned picture, counted from ``first_frequency``."""
    odd = (np.arange(terms.shape[-1]) + first_frequency) % 2 == 1
    flips = (odd & orientation.mirror_x)[None, :] ^ (odd & orientation.mirror_y)[:, None]
    turned: NDArray[np.bool_] = terms ^ flips
    return turned.swapaxes(-1, -2) if orientation.swap else turned


def turned_rows(algorithm: str, rows: NDArray[np.uint8], orientation: Orientation) -> NDArray[np.uint8]:
    """Fingerprints [n, width] of the same pictures, turned; raises ``KeyError`` for bits that are no DCT signs."""
    side, first_frequency, step = {"phash": (8, 0, 1), "pdq": (16, 1, -1)}[algorithm]
    terms = np.unpackbits(rows, axis=1)[:, ::step].reshape(-1, side, side).astype(bool)
    turned = turn(terms, orientation, first_frequency).reshape(len(rows), -1)[:, ::step]
    return np.packbits(turned, axis=1)
