"""How like two pictures of a page are, block by block, where either of them shows anything.

In: two grey pictures of one width, rows of 0 to 255. Out: 0 to 1; equal pictures are 1; symmetric. A block
counts as much as it shows (up to `FULL_INK`), so that the white of a page, which is most of it, hides nothing.
Below the end of the shorter picture nothing is alike. Source: structural similarity (Wang, Bovik, Sheikh,
Simoncelli, IEEE Transactions on Image Processing 13(4), 2004) for contrast and structure; brightness counts by
its distance here, since that of SSIM hardly tells white from pale grey.
"""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BLOCK: Final = 16
FULL_INK: Final = 16.0
"""Deviation and difference of grey together from which a block counts in full."""

FAR: Final = 64.0
"""So far apart in brightness, two blocks have nothing in common."""

C2: Final = (0.03 * 255) ** 2
"""The constant of SSIM that keeps flat blocks from deciding."""


def block_likeness(one: "NDArray[np.uint8]", other: "NDArray[np.uint8]") -> float:
    """The mean over blocks, weighted by what they show."""
    import numpy as np

    rows = max(one.shape[0], other.shape[0])
    blocks, others = _blocks(one, rows), _blocks(other, rows)
    mean, mean_other = blocks.mean(axis=2), others.mean(axis=2)
    spread, spread_other = blocks.var(axis=2), others.var(axis=2)
    together = (blocks * others).mean(axis=2) - mean * mean_other
    structure = np.clip((2 * together + C2) / (spread + spread_other + C2), 0, 1)
    apart = np.abs(mean - mean_other)
    alike = structure * np.clip(1 - apart / FAR, 0, 1)
    both = min(one.shape[0], other.shape[0])
    alike[-(-both // BLOCK) :] = 0
    ink = np.clip((np.sqrt(np.maximum(spread, spread_other)) + apart) / FULL_INK, 0, 1)
    total = float(ink.sum())
    return min(1.0, float((ink * alike).sum()) / total) if total > 0 else 1.0


def _blocks(picture: "NDArray[np.uint8]", rows: int) -> "NDArray[np.float64]":
    """Rows and columns of blocks, each with its pixels in a row; white stands around the picture."""
    import numpy as np

    down, across = -(-rows // BLOCK), -(-picture.shape[1] // BLOCK)
    whole = np.full((down * BLOCK, across * BLOCK), 255.0)
    whole[: picture.shape[0], : picture.shape[1]] = picture
    parted = whole.reshape(down, BLOCK, across, BLOCK).swapaxes(1, 2)
    return parted.reshape(down, across, BLOCK * BLOCK)
