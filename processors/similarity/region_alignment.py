"""Whether two pictures share a part: regions that look alike and lie alike, and what lies between them.

Regions of one picture are paired with the regions of the other that look most alike (mutually nearest, within
``ALIKE_BITS``). Any two pairs give a scale and a shift; what most of the others agree with wins, and the placing
is then fitted to all of these, so that a tilted or stretched copy lies on its original as well. Few agreeing
regions prove little: round spots look alike in any two pictures, and furniture (a channel's logo, the frame of a
chat, a caption) is shared by unlike ones. So the ``share`` counts, and the fewer agree, the more alike the whole
shared part must be (``processors.fingerprints.thumbnail``).

Thresholds by measurement (``docs/quality-media.md``, 2026-11-27) over 51 kinds of edit of 58 photos among 1,000.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from processors.fingerprints.orientation import ORIENTATIONS, Orientation, turn
from processors.fingerprints.regions import Regions
from processors.fingerprints.thumbnail import AffineTransform, similarity

ALIKE_BITS = 16
LEAST_AGREEING = 3
LEAST_SHARE = 0.15

LEAST_LIKE = 0.84
WORTH_OF_ONE = 0.03
"""Likeness asked for, of which each agreeing region takes this much away."""

LEAST_APART = 5.0
"""Pixels of the frame between two regions that are to give a scale."""

SCALE_SLACK = 0.4
"""Natural logarithm; sizes of spots come in quarter octaves (0.17)."""

PLACE_SLACK = 0.5
"""In sizes of the region found, beside 2 % of the frame."""

ENOUGH_TO_FIT = 4
STIFFNESS = 600.0
"""Square pixels of the frame: how much agreeing regions must spread before they may tilt or stretch a placing."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """The first picture, turned so, scaled and shifted, lies on the second.

    ``agreeing`` regions of ``possible`` in the shared part; ``distance_bits`` their median distance of 63;
    ``like`` how alike the shared part is, 1 for the same.
    """

    orientation: Orientation
    agreeing: int
    possible: int
    distance_bits: int
    like: float

    @property
    def share(self) -> float:
        """Agreeing regions per possible one."""
        return self.agreeing / self.possible

    @property
    def is_match(self) -> bool:
        """Whether that is enough to say that both show one picture."""
        return self.share >= LEAST_SHARE and self.like >= LEAST_LIKE - WORTH_OF_ONE * self.agreeing


def overlap(a: Regions, b: Regions, orientations: tuple[Orientation, ...] = ORIENTATIONS) -> Overlap | None:
    """The best supported way in which ``a`` lies on ``b``, or None where there is too little for one."""
    placements = [way for orientation in orientations if (way := _lies_on(a, b, orientation)) is not None]
    return max(
        (way for way in placements if way.is_match), key=lambda way: (way.agreeing, way.share), default=None
    )


def _lies_on(a: Regions, b: Regions, orientation: Orientation) -> Overlap | None:
    if min(len(a.bits), len(b.bits)) < LEAST_AGREEING:
        return None
    a = turned(a, orientation)
    distance = np.bitwise_count(a.bits.view(np.uint64) ^ b.bits.view(np.uint64).T)
    nearest = distance.argmin(axis=1)
    own = np.arange(len(nearest))
    pairs = (distance.argmin(axis=0)[nearest] == own) & (distance[own, nearest] <= ALIKE_BITS)
    mine, theirs = own[pairs], nearest[pairs]
    if len(mine) < LEAST_AGREEING:
        return None
    agree = _agreeing(a, b, mine, theirs)
    if np.count_nonzero(agree) < LEAST_AGREEING:
        return None
    mine, theirs = mine[agree], theirs[agree]
    placing = _fitted(a.centres[mine], b.centres[theirs])
    seen_a = _within(placing.of(a.centres), b.frame)
    seen_b = _within(placing.back(b.centres), a.frame)
    return Overlap(
        orientation=orientation,
        agreeing=len(mine),
        possible=max(len(mine), min(seen_a, seen_b)),
        distance_bits=int(np.median(distance[mine, theirs])),
        like=similarity(a.miniature, a.frame, b.miniature, b.frame, placing),
    )


def _agreeing(a: Regions, b: Regions, mine: NDArray[np.intp], theirs: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Try the scale and shift of every two pairs; which pairs agree with the best."""
    here, there = a.centres[mine], b.centres[theirs]
    growth = np.log(b.sizes[theirs] / a.sizes[mine])
    first, second = np.triu_indices(len(mine), 1)
    apart_here = np.hypot(*(here[first] - here[second]).T)
    apart_there = np.hypot(*(there[first] - there[second]).T)
    far = (apart_here > LEAST_APART) & (apart_there > LEAST_APART)
    first, second, scale = first[far], second[far], apart_there[far] / apart_here[far]
    shift = there[first] - scale[:, None] * here[first]
    off = np.hypot(*(there[second] - scale[:, None] * here[second] - shift).T)
    fits = off <= 0.1 * apart_there[far]
    scale, shift = scale[fits], shift[fits]
    if not len(scale):
        return np.zeros(len(mine), bool)
    miss = np.linalg.norm(there[None] - scale[:, None, None] * here[None] - shift[:, None], axis=2)
    agree = miss < PLACE_SLACK * b.sizes[theirs] + 0.02 * max(b.frame)
    agree &= np.abs(growth[None] - np.log(scale)[:, None]) < SCALE_SLACK
    best: NDArray[np.bool_] = agree[int(np.argmax(agree.sum(axis=1)))]
    return best


def _fitted(here: NDArray[np.float64], there: NDArray[np.float64]) -> AffineTransform:
    """The placing nearest to these pairs of points: scale and shift, tilted and stretched as far as they ask."""
    middle, target = here.mean(axis=0), there.mean(axis=0)
    away, wanted = here - middle, there - target
    scale = float((away * wanted).sum() / (away**2).sum())
    matrix = np.eye(2) * scale
    if len(here) >= ENOUGH_TO_FIT:
        stiff = STIFFNESS * np.eye(2)
        matrix = np.linalg.solve(away.T @ away + stiff, away.T @ wanted + stiff @ matrix)
    return AffineTransform(matrix, target - middle @ matrix)


def turned(regions: Regions, orientation: Orientation) -> Regions:
    """The same regions in the turned picture."""
    width, height = regions.frame
    x, y = regions.centres.T
    x, y = (width - x if orientation.mirror_x else x), (height - y if orientation.mirror_y else y)
    miniature = regions.miniature[
        :: -1 if orientation.mirror_y else 1,
        :: -1 if orientation.mirror_x else 1,
    ]
    if orientation.swap:
        x, y, width, height, miniature = y, x, height, width, miniature.T
    bits = turned_bits(regions.bits, orientation)
    return Regions((width, height), np.stack([x, y], axis=1), regions.sizes, bits, miniature)


def turned_bits(bits: NDArray[np.uint8], orientation: Orientation) -> NDArray[np.uint8]:
    """Bits [n, 8] of the same regions in the turned picture."""
    terms = np.unpackbits(bits, axis=1).reshape(-1, 8, 8).astype(bool)
    return np.packbits(turn(terms, orientation, first_frequency=0).reshape(-1, 64), axis=1)


def _within(points: NDArray[np.float64], frame: tuple[int, int]) -> int:
    return int(((points >= 0) & (points <= frame)).all(axis=1).sum())
