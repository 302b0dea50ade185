"""A picture as 32 x 32 levels of grey, and how much of it another shows where regions have laid one on the other.

Regions alone cannot tell: bright round spots look alike in any two pictures, and of half a million pairs of unlike
photos a few have five that also lie alike. What lies between the regions tells: the steps from cell to cell agree
all over the shared part where it is one picture, and hardly where it is not.

In: miniatures of two pictures, each over its frame (width, height), and the placing of one on the other. Out: how
alike the part is that both show. Thresholds on it are in ``processors.similarity.region_alignment``.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 32
FINER = 3
"""Samples in each direction for one cell compared, so that a cell of the finer picture is averaged, not picked."""

BLOCKS = 8
"""Blocks of the shared part in each direction."""

LEAST_STEPS = 6
"""Steps that a block must have to count."""

VISIBLE = 2.0
"""Levels from cell to cell; a block with smaller steps counts less."""

TINY = 1e-9
LEAST_SHARED = 4.0
"""Pixels of the frame; a narrower shared part says nothing."""

Frame = tuple[int, int]


@dataclass(frozen=True, slots=True)
class AffineTransform:
    """Where points [n, 2] of one frame lie in another: ``points @ matrix + shift``."""

    matrix: NDArray[np.float64]
    shift: NDArray[np.float64]

    @property
    def scale(self) -> float:
        """By how much lengths grow."""
        return float(np.sqrt(abs(np.linalg.det(self.matrix))))

    def of(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """The points in the other frame."""
        return points @ self.matrix + self.shift

    def back(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points of the other frame in this one."""
        found: NDArray[np.float64] = (points - self.shift) @ np.linalg.inv(self.matrix)
        return found


def miniature(frame: NDArray[np.float32]) -> NDArray[np.uint8]:
    """[32, 32] levels of a frame of luma, whatever its shape."""
    small = Image.fromarray(frame).resize((SIDE, SIDE), Image.Resampling.BOX)
    return np.asarray(small).round().clip(0, 255).astype(np.uint8)


def similarity(
    a: NDArray[np.uint8], frame_a: Frame, b: NDArray[np.uint8], frame_b: Frame, placing: AffineTransform
) -> float:
    """How alike the part is that both show: 1 the same, about 0 for unlike pictures or where too little is shared.

    The mean over small blocks of how the steps between neighbouring cells correlate, where either has any. Blocks
    count alike, however strong: else the letters of a caption that two unlike pictures have in common would count
    more than both pictures. Cells are as large as those of the coarser of both.
    """
    edges = np.array(frame_a), np.array(frame_b)
    corners = placing.of(np.array([(0, 0), (1, 0), (0, 1), (1, 1)]) * edges[0])
    low, high = np.maximum(0, corners.min(axis=0)), np.minimum(edges[1], corners.max(axis=0))
    if placing.scale <= 0 or (high - low < LEAST_SHARED).any():
        return 0.0
    cell = np.maximum(edges[1], placing.scale * edges[0]) / SIDE
    columns, rows = (int(count) for count in np.maximum(4, np.round((high - low) / cell)))
    x = low[0] + (high - low)[0] * (np.arange(columns * FINER) + 0.5) / (columns * FINER)
    y = low[1] + (high - low)[1] * (np.arange(rows * FINER) + 0.5) / (rows * FINER)
    there = np.stack(np.meshgrid(x, y), axis=-1)
    here = placing.back(there)
    within: NDArray[np.float64] = np.all((here >= 0) & (here <= edges[0]), axis=-1).astype(np.float64)
    inside = _cells(within, rows, columns) == 1
    ours = _cells(_levels(a, here / edges[0] * SIDE), rows, columns)
    theirs = _cells(_levels(b, there / edges[1] * SIDE), rows, columns)
    return _alike(ours, theirs, inside)


def _alike(ours: NDArray[np.float64], theirs: NDArray[np.float64], inside: NDArray[np.bool_]) -> float:
    """The mean over blocks, of cells that both show."""
    sums = np.zeros((4, BLOCKS * BLOCKS))  # squares of our steps and of theirs, products, how many
    rows, columns = inside.shape
    for axis in (0, 1):
        both = np.take(inside, range(1, inside.shape[axis]), axis) & np.take(
            inside, range(inside.shape[axis] - 1), axis
        )
        row, column = np.nonzero(both)
        block = row * BLOCKS // rows * BLOCKS + column * BLOCKS // columns
        mine, yours = np.diff(ours, axis=axis)[both], np.diff(theirs, axis=axis)[both]
        for place, values in enumerate((mine**2, yours**2, mine * yours, np.ones(len(mine)))):
            sums[place] += np.bincount(block, values, BLOCKS * BLOCKS)
    here, there, product, count = sums[:, sums[3] >= LEAST_STEPS]
    if not here.sum() or not there.sum():
        return 0.0
    correlation = product / np.maximum(np.sqrt(here * there), TINY)
    strength = np.maximum(here * there.sum() / here.sum(), there) / count
    weight = count * strength / (strength + VISIBLE**2)
    return float((correlation * weight).sum() / weight.sum())


def _levels(picture: NDArray[np.uint8], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Levels at points in cells, between the centres of four cells."""
    at = np.clip(points - 0.5, 0, SIDE - 1)
    first = np.minimum(at.astype(np.intp), SIDE - 2)
    x, y = first[..., 0], first[..., 1]
    across, down = (at - first)[..., 0], (at - first)[..., 1]
    upper = picture[y, x] * (1 - across) + picture[y, x + 1] * across
    lower = picture[y + 1, x] * (1 - across) + picture[y + 1, x + 1] * across
    levels: NDArray[np.float64] = upper * (1 - down) + lower * down
    return levels


def _cells(samples: NDArray[np.float64], rows: int, columns: int) -> NDArray[np.float64]:
    means: NDArray[np.float64] = samples.reshape(rows, FINER, columns, FINER).mean(axis=(1, 3))
    return means
