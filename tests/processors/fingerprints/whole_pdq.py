"""PDQ of a picture in full size, all steps in one, as tests compare it with the reference."""

import numpy as np
from numpy.typing import NDArray

from processors.fingerprints.pdq import KEPT, SMALLEST_SIDE, bits, quality, sample


def pdq(luma: NDArray[np.uint8]) -> tuple[bytes, int]:
    """Thirty-two bytes and quality of an upright picture in full size, given as rows of luma 0 to 255."""
    if min(luma.shape) < SMALLEST_SIDE:
        return bytes(KEPT * KEPT // 8), 0
    height, width = luma.shape
    samples = sample(luma, height, width, 1)
    return bits(samples), quality(samples)
