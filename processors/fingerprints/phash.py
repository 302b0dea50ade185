"""pHash, 64 bit, as ``imagehash.phash`` defines it: which low frequencies of 32 x 32 pixels exceed their median.

Source: ImageHash 4.3.2, ``imagehash/__init__.py: phash`` (hash_size 8, highfreq_factor 4). Bits row by row, the
constant term first. On equal pixels the two agree save where a term lies on the median to the last float digit.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 32
KEPT = 8
_K = np.arange(SIDE)
_DCT = np.cos(np.pi * (2 * _K[None, :] + 1) * _K[:KEPT, None] / (2 * SIDE))


def phash(luma: NDArray[np.uint8]) -> bytes:
    """Eight bytes of an upright picture, given as rows of luma 0 to 255."""
    small = Image.fromarray(luma).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    low = _DCT @ np.asarray(small, dtype=np.float64) @ _DCT.T
    return np.packbits(low > np.median(low)).tobytes()
