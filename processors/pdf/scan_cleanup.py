"""A scanned page made ready to be read: turned upright, its ruling lines found and taken out of the letters' way.

In: greys of a page, 0 black to 255 white. Out: a `Sheet`: the greys without lines, and the lines. The angle is the
one at which rows of the picture are most unlike each other, as they are where lines of print lie level
(Postl 1986); a line is a run of dark longer than any stroke of a letter. Pure.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Greys = NDArray[np.uint8]
Mask = NDArray[np.bool_]

_INK = 150
_PAPER = 205
_GRAIN_PIXELS = 1.0
_MOST_DEGREES = 4.0
_COARSE_DEGREES, _FINE_DEGREES = 0.5, 0.1
_LEVEL_DEGREES = 0.05
_SKEW_WIDTH_PIXELS = 800
# longer than the strokes of headings, shorter than the narrowest column or row of a list
_LEAST_RULE_INCHES = 0.3
_WHOLE_SHARE = 0.9
_HALO_PIXELS = 3


@dataclass(frozen=True, slots=True)
class RuledLine:
    """A line from one point to another, in pixels; level or upright."""

    left: float
    top: float
    right: float
    bottom: float
    level: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    """Greys of letters alone, and the lines that were between them."""

    greys: Greys
    lines: tuple[RuledLine, ...]


def sheet_of(greys: Greys, dots_per_inch: int) -> Sheet:
    """The page upright, letters and lines apart."""
    upright = _upright(_whitened(greys))
    ink = upright < _INK
    least = round(_LEAST_RULE_INCHES * dots_per_inch)
    level, steep = _long_runs(ink, least), _long_runs(ink.T, least).T
    lines = [RuledLine(left, top, right, bottom, True) for left, top, right, bottom in _strokes(level)]
    lines += [RuledLine(left, top, right, bottom, False) for top, left, bottom, right in _strokes(steep.T)]
    cleared = upright.copy()
    halo = level | steep
    for _ in range(_HALO_PIXELS):
        halo = _grown(_grown(halo).T).T
    cleared[halo] = 255
    return Sheet(cleared, tuple(lines))


def _whitened(greys: Greys) -> Greys:
    """Paper made white, its grain smoothed away: tesseract takes specks for letters, and minutes for the page."""
    smooth = np.asarray(Image.fromarray(greys).filter(ImageFilter.GaussianBlur(_GRAIN_PIXELS)), dtype=np.float32)
    paper = max(float(np.median(smooth)), 1.0)
    level = smooth * (255 / paper)
    return np.where(level > _PAPER, 255, np.clip(level, 0, 255)).astype(np.uint8)


def _upright(greys: Greys) -> Greys:
    angle = _askew_degrees(greys)
    if abs(angle) < _LEVEL_DEGREES:
        return greys
    turned = Image.fromarray(greys).rotate(angle, Image.Resampling.BICUBIC, fillcolor=255)
    return np.asarray(turned, dtype=np.uint8)


def _askew_degrees(greys: Greys) -> float:
    """By how much the page must be turned back."""
    picture = Image.fromarray(greys)
    if picture.width > _SKEW_WIDTH_PIXELS:
        picture = picture.resize((_SKEW_WIDTH_PIXELS, picture.height * _SKEW_WIDTH_PIXELS // picture.width))
    coarse = np.arange(-_MOST_DEGREES, _MOST_DEGREES + _COARSE_DEGREES, _COARSE_DEGREES)
    best = max(coarse, key=lambda angle: _unlike(picture, float(angle)))
    fine = best + np.arange(-_COARSE_DEGREES, _COARSE_DEGREES + _FINE_DEGREES, _FINE_DEGREES)
    return float(max(fine, key=lambda angle: _unlike(picture, float(angle))))


def _unlike(picture: Image.Image, angle: float) -> float:
    """How much the ink of each row differs from that of the next, the picture turned by this angle."""
    rows = (255 - np.asarray(picture.rotate(angle, fillcolor=255), dtype=np.float32)).sum(axis=1)
    return float(np.square(np.diff(rows)).sum())


def _long_runs(ink: Mask, least: int) -> Mask:
    """The dark places that lie in level runs of this length, small gaps and steps of one pixel forgiven."""
    if ink.shape[1] <= least:
        return np.zeros_like(ink)
    closed = _grown(ink)
    sums = np.zeros((ink.shape[0], ink.shape[1] + 1), dtype=np.int32)
    np.cumsum(closed, axis=1, out=sums[:, 1:])
    whole = (sums[:, least:] - sums[:, :-least]) >= _WHOLE_SHARE * least
    marks = np.zeros((ink.shape[0], ink.shape[1] + 1), dtype=np.int32)
    marks[:, : whole.shape[1]] += whole
    marks[:, least : least + whole.shape[1]] -= whole
    return (np.cumsum(marks, axis=1)[:, :-1] > 0) & closed


def _grown(mask: Mask) -> Mask:
    """Every place with one above or below it."""
    grown = mask.copy()
    grown[1:] |= mask[:-1]
    grown[:-1] |= mask[1:]
    return grown


def _strokes(mask: Mask) -> list[tuple[float, float, float, float]]:
    """Left, top, right and bottom of each level stroke; runs that touch in neighbouring rows are one."""
    open_strokes: list[list[int]] = []
    done: list[list[int]] = []
    for y in np.flatnonzero(mask.any(axis=1)):
        row = np.diff(np.concatenate(([0], mask[y].view(np.int8), [0])))
        runs = zip(np.flatnonzero(row == 1), np.flatnonzero(row == -1), strict=True)
        going_on = [stroke for stroke in open_strokes if stroke[3] >= y - 1]
        done += [stroke for stroke in open_strokes if stroke[3] < y - 1]
        for left, right in runs:
            touched = [stroke for stroke in going_on if stroke[0] < right and left < stroke[2]]
            merged = [int(left), int(y), int(right), int(y)]
            for stroke in touched:
                merged = [min(merged[0], stroke[0]), min(merged[1], stroke[1]), max(merged[2], stroke[2]), int(y)]
            going_on = [stroke for stroke in going_on if stroke not in touched] + [merged]
        open_strokes = going_on
    return [
        (float(left), float(top), float(right), float(bottom)) for left, top, right, bottom in done + open_strokes
    ]
