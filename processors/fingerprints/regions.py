"""Regions: local fingerprints that survive crops, borders and additions, where one hash of the whole cannot.

The strongest bright and dark spots of a picture, each at its own size, recur in every crop of it. Up to 48 of them
are written down as place, size and 63 bits of their neighbourhood, and with them the picture as 32 x 32 levels;
``processors.similarity.region_alignment`` compares two pictures by the regions they share, by whether those lie
alike, and by what lies between them.

Recipe 2 (recipe 1 had no miniature): plain borders are cut off (letterbox, margins); the rest is scaled to the
area of 128 x 128 pixels and blurred at 13 widths, four an octave (Lindeberg's scale space); extrema of
neighbouring differences in place and width are spots; the strongest by contrast times width are kept; 16 x 16
samples of the five-fold width around each give 8 x 8 low DCT terms, of which all but the constant are compared
with their median. Every number was chosen by measurement (``docs/quality-media.md``, 2026-11-23).

Written form, fixed width, little-endian: frame width and height, count of regions, then per region x, y (1/32
pixel of the scaled frame), index of width, eight bytes of bits, unused places being zero; then the miniature of
the frame, row by row.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from processors.fingerprints.thumbnail import SIDE, miniature

FRAME_AREA = 128 * 128
SHORTEST_SIDE = 16
WIDTHS = 1.5 * 2 ** (np.arange(13) / 4)
LEAST_CONTRAST = 2.0
MOST = 48
REACH = 5.0
INSIDE = 0.6
"""Share of a region's reach that must lie inside the frame."""

GRID = 16
KEPT = 8
NEGLIGIBLE = 0.001
STEPS_PER_PIXEL = 32
PLAIN_RANGE = 10
PLAIN_DRIFT = 6
LEAST_LEFT = 0.25
"""Plain is a line of which 96 % lie within 10 levels, with its mean within 6 of the first; a quarter must stay."""

HEADER = np.dtype([("width", "<u2"), ("height", "<u2"), ("count", "u1")])
REGION = np.dtype([("x", "<u2"), ("y", "<u2"), ("size", "u1"), ("bits", "u1", 8)])
MINIATURE_AT = HEADER.itemsize + MOST * REGION.itemsize
WIDTH_BYTES = MINIATURE_AT + SIDE * SIDE

_ANGLES = np.pi * (2 * np.arange(GRID)[None, :] + 1) * np.arange(KEPT)[:, None] / (2 * GRID)
_DCT = np.cos(_ANGLES).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Regions:
    """Regions of one picture: centres and sizes in pixels of its ``frame`` (width, height), bits [n, 8].

    ``miniature``: the frame as [32, 32] levels.
    """

    frame: tuple[int, int]
    centres: NDArray[np.float64]
    sizes: NDArray[np.float64]
    bits: NDArray[np.uint8]
    miniature: NDArray[np.uint8]


def regions(luma: NDArray[np.uint8]) -> bytes:
    """The written form for an upright picture, given as rows of luma 0 to 255."""
    frame = _scaled(without_borders(luma))
    height, width = frame.shape
    levels = _levels(frame)
    size, y, x = _spots(levels)
    found = np.zeros(MOST, REGION)
    found["x"][: len(x)], found["y"][: len(y)] = x * STEPS_PER_PIXEL, y * STEPS_PER_PIXEL
    found["size"][: len(size)] = size
    found["bits"][: len(size)] = _bits(levels, size, y, x)
    return np.array((width, height, len(size)), HEADER).tobytes() + found.tobytes() + miniature(frame).tobytes()


def read(written: bytes) -> Regions:
    """The regions of a written form."""
    header = np.frombuffer(written, HEADER, 1)[0]
    found = np.frombuffer(written, REGION, int(header["count"]), HEADER.itemsize)
    centres = np.stack([found["x"], found["y"]], axis=1) / STEPS_PER_PIXEL
    frame = (int(header["width"]), int(header["height"]))
    small = np.frombuffer(written, np.uint8, SIDE * SIDE, MINIATURE_AT).reshape(SIDE, SIDE)
    return Regions(frame, centres, WIDTHS[found["size"]], np.ascontiguousarray(found["bits"]), small)


def without_borders(luma: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture without plain bars at its edges; with them where too little would be left."""
    for _ in range(2):
        lines = len(luma)
        above, below = _plain_lines(luma), _plain_lines(luma[::-1])
        if lines - above - below >= max(LEAST_LEFT * lines, SHORTEST_SIDE):
            luma = luma[above : lines - below]
        luma = luma.T
    return np.ascontiguousarray(luma)


def _plain_lines(luma: NDArray[np.uint8]) -> int:
    """How many lines from the top are plain and like the first."""
    first = float(luma[0].mean())
    for count, line in enumerate(luma):
        ordered = np.sort(line)
        spare = len(line) // 50
        if int(ordered[-1 - spare]) - int(ordered[spare]) > PLAIN_RANGE or abs(line.mean() - first) > PLAIN_DRIFT:
            return count
    return len(luma)


def _scaled(luma: NDArray[np.uint8]) -> NDArray[np.float32]:
    height, width = luma.shape
    scale = float((FRAME_AREA / (height * width)) ** 0.5)
    size = (
        min(max(SHORTEST_SIDE, round(width * scale)), 2000),
        min(max(SHORTEST_SIDE, round(height * scale)), 2000),
    )
    how = Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(luma).resize(size, how)).astype(np.float32)


@lru_cache(maxsize=64)
def _cosines(side: int) -> NDArray[np.float32]:
    """[side, side]: orthonormal DCT-II, frequencies by rows; its transpose goes back."""
    places = np.arange(side)
    terms: NDArray[np.float64] = np.cos(np.pi * places[:, None] * (2 * places[None, :] + 1) / (2 * side))
    terms *= np.sqrt(np.where(places == 0, 1.0, 2.0) / side)[:, None]
    return np.ascontiguousarray(terms, dtype=np.float32)


@lru_cache(maxsize=64)
def _fading(side: int) -> NDArray[np.float32]:
    """[widths, side]: what a Gaussian of each width leaves of each frequency (mirrored at the edges)."""
    exponents = -0.5 * (np.pi * np.arange(side)[None, :] * WIDTHS[:, None] / side) ** 2
    fading: NDArray[np.float32] = np.exp(exponents).astype(np.float32)
    return fading


def _levels(frame: NDArray[np.float32]) -> NDArray[np.float32]:
    """[widths, height, width]: the frame blurred at every width, by way of its frequencies.

    A wide blur leaves few frequencies, and only those are turned back: a third of the work of blurring directly.
    """
    height, width = frame.shape
    down, across = _cosines(height), _cosines(width)
    frequencies = down @ frame @ across.T
    levels = np.empty((len(WIDTHS), height, width), np.float32)
    for level, (left_down, left_across) in enumerate(zip(_fading(height), _fading(width), strict=True)):
        rows = int(np.count_nonzero(left_down > NEGLIGIBLE))
        columns = int(np.count_nonzero(left_across > NEGLIGIBLE))
        faded = frequencies[:rows, :columns] * left_down[:rows, None] * left_across[None, :columns]
        np.matmul(down[:rows].T @ faded, across[:columns], out=levels[level])
    return levels


def _spots(levels: NDArray[np.float32]) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Size index, y and x of the strongest spots, strongest first."""
    differences = np.diff(levels, axis=0)
    places = np.unique(np.concatenate([_tops(differences), _tops(-differences)]))
    size, y, x = np.unravel_index(places, differences.shape)
    weight = np.abs(differences.ravel()[places]) * WIDTHS[size]
    margin = INSIDE * REACH * WIDTHS[size]
    height, width = levels.shape[1:]
    inside = (x >= margin) & (y >= margin) & (x <= width - margin) & (y <= height - margin)
    best = np.flatnonzero(inside)[np.argsort(-weight[inside], kind="stable")][:MOST]
    return size[best], y[best], x[best]


def _tops(values: NDArray[np.float32]) -> NDArray[np.intp]:
    """Flat places of inner values that are strong enough and not below any of their 26 neighbours.

    Neighbours in a row are looked at for all places, the others only for what is left: a fifth of the work.
    """
    sizes, height, width = values.shape
    flat = values.ravel()
    first = height * width + width + 1
    inner = flat[first:-first]
    strong = (inner > LEAST_CONTRAST) | (inner < -LEAST_CONTRAST)
    strong &= inner >= flat[first - 1 : -first - 1]
    strong &= inner >= flat[first + 1 : len(flat) - first + 1]
    places: NDArray[np.intp] = np.flatnonzero(strong) + first
    for step in sorted(_steps(height, width), key=abs):
        places = places[flat[places] >= flat[places + step]]
    _, y, x = np.unravel_index(places, (sizes, height, width))
    inside: NDArray[np.intp] = places[(y > 0) & (y < height - 1) & (x > 0) & (x < width - 1)]
    return inside


def _steps(height: int, width: int) -> list[int]:
    """From a flat place to its neighbours in other rows and widths."""
    around = (-1, 0, 1)
    others = [(size, y, x) for size in around for y in around for x in around if (size, y) != (0, 0)]
    return [(size * height + y) * width + x for size, y, x in others]


def _bits(
    levels: NDArray[np.float32], size: NDArray[np.intp], y: NDArray[np.intp], x: NDArray[np.intp]
) -> NDArray[np.uint8]:
    """[n, 8] bytes: the neighbourhood of each spot, sampled at the blur that fits the distance of samples."""
    reach = REACH * WIDTHS[size]
    step = 2 * reach / GRID
    level = np.abs(WIDTHS[None, :] - 0.6 * step[:, None]).argmin(axis=1)[:, None, None]
    offsets = (np.arange(GRID)[None, :] + 0.5) * step[:, None] - reach[:, None]
    height, width = levels.shape[1:]
    rows, columns = np.clip(y[:, None] + offsets, 0, height - 1), np.clip(x[:, None] + offsets, 0, width - 1)
    top = np.minimum(rows.astype(np.intp), height - 2)[:, :, None]
    left = np.minimum(columns.astype(np.intp), width - 2)[:, None, :]
    down = (rows[:, :, None] - top).astype(np.float32)
    across = (columns[:, None, :] - left).astype(np.float32)
    upper = levels[level, top, left] * (1 - across) + levels[level, top, left + 1] * across
    lower = levels[level, top + 1, left] * (1 - across) + levels[level, top + 1, left + 1] * across
    terms = (_DCT @ (upper * (1 - down) + lower * down) @ _DCT.T).reshape(len(size), KEPT * KEPT)
    above = terms > np.median(terms[:, 1:], axis=1, keepdims=True)
    above[:, 0] = False
    return np.packbits(above, axis=1)
