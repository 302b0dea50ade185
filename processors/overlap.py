"""Whether two pictures share a part: regions that look alike and lie alike.

Regions of one picture are paired with the regions of the other that look most alike (mutually nearest, within
``ALIKE_BITS``), for each of the eight orientations. Any two pairs give a scale and a shift; what most of the
others agree with wins. Chance and shared furniture (a channel's logo, the frame of a chat) leave few agreeing
among the many regions of the part the two would share, so the ``share`` decides.

Thresholds by measurement over 16 kinds of edit of 12 pictures, 2250 pairs of unlike photos and 168 of unlike text
screens; the nearest unlike pair had 4 agreeing, a share of 0.09 (``docs/quality-media.md``, 2026-11-23).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from processors.orientation import ORIENTATIONS, Orientation, turn
from processors.regions import Regions

ALIKE_BITS = 16
LEAST_AGREEING = 4
LEAST_SHARE = 0.2
FEW_AGREEING = 3
SHARE_OF_FEW = 0.4
"""So few regions suffice where this share of all there could be agree: small or simple pictures have no more."""

LEAST_APART = 5.0
"""Pixels of the frame between two regions that are to give a scale."""

SCALE_SLACK = 0.4
"""Natural logarithm; sizes of spots come in quarter octaves (0.17)."""

PLACE_SLACK = 0.5
"""In sizes of the region found, beside 2 % of the frame."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """The first picture, turned so, scaled and shifted, lies on the second.

    ``agreeing`` regions of ``possible`` in the shared part; ``distance_bits`` their median distance of 63;
    ``cover_a`` and ``cover_b`` the shares of each picture's area that the other shows.
    """

    orientation: Orientation
    agreeing: int
    possible: int
    distance_bits: int
    cover_a: float
    cover_b: float

    @property
    def share(self) -> float:
        """Agreeing regions per possible one."""
        return self.agreeing / self.possible


def overlap(a: Regions, b: Regions, orientations: tuple[Orientation, ...] = ORIENTATIONS) -> Overlap | None:
    """The best supported way in which ``a`` lies on ``b``, or None where there is too little for one."""
    ways = [way for orientation in orientations if (way := _lies_on(a, b, orientation)) is not None]
    best = max(ways, key=lambda way: (way.agreeing, way.share), default=None)
    if best is None:
        return None
    many = best.agreeing >= LEAST_AGREEING and best.share >= LEAST_SHARE
    few = best.agreeing >= FEW_AGREEING and best.share >= SHARE_OF_FEW
    return best if many or few else None


def _lies_on(a: Regions, b: Regions, orientation: Orientation) -> Overlap | None:
    if min(len(a.bits), len(b.bits)) < FEW_AGREEING:
        return None
    a = turned(a, orientation)
    distance = np.bitwise_count(a.bits.view(np.uint64) ^ b.bits.view(np.uint64).T)
    nearest = distance.argmin(axis=1)
    own = np.arange(len(nearest))
    pairs = (distance.argmin(axis=0)[nearest] == own) & (distance[own, nearest] <= ALIKE_BITS)
    mine, theirs = own[pairs], nearest[pairs]
    if len(mine) < FEW_AGREEING:
        return None
    return _agree(a, b, mine, theirs, distance[mine, theirs], orientation)


def _agree(
    a: Regions,
    b: Regions,
    mine: NDArray[np.intp],
    theirs: NDArray[np.intp],
    distance: NDArray[np.uint8],
    orientation: Orientation,
) -> Overlap | None:
    """Try the scale and shift of every two pairs, count who agrees, keep the best."""
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
        return None
    miss = np.linalg.norm(there[None] - scale[:, None, None] * here[None] - shift[:, None], axis=2)
    agree = miss < PLACE_SLACK * b.sizes[theirs] + 0.02 * max(b.frame)
    agree &= np.abs(growth[None] - np.log(scale)[:, None]) < SCALE_SLACK
    best = int(np.argmax(agree.sum(axis=1)))
    agreeing = int(agree[best].sum())
    if agreeing < FEW_AGREEING:
        return None
    scale_, shift_ = float(scale[best]), shift[best]
    seen_a = _within(a.centres * scale_ + shift_, b.frame)
    seen_b = _within((b.centres - shift_) / scale_, a.frame)
    low, high = np.maximum(0.0, shift_), np.minimum(b.frame, shift_ + scale_ * np.array(a.frame))
    shared = float(np.prod(np.maximum(0.0, high - low)))
    return Overlap(
        orientation=orientation,
        agreeing=agreeing,
        possible=max(agreeing, min(seen_a, seen_b)),
        distance_bits=int(np.median(distance[agree[best]])),
        cover_a=min(1.0, shared / (scale_**2 * a.frame[0] * a.frame[1])),
        cover_b=min(1.0, shared / (b.frame[0] * b.frame[1])),
    )


def turned(regions: Regions, orientation: Orientation) -> Regions:
    """The same regions in the turned picture."""
    width, height = regions.frame
    x, y = regions.centres.T
    x, y = (width - x if orientation.mirror_x else x), (height - y if orientation.mirror_y else y)
    if orientation.swap:
        x, y, width, height = y, x, height, width
    bits = turned_bits(regions.bits, orientation)
    return Regions((width, height), np.stack([x, y], axis=1), regions.sizes, bits)


def turned_bits(bits: NDArray[np.uint8], orientation: Orientation) -> NDArray[np.uint8]:
    """Bits [n, 8] of the same regions in the turned picture."""
    terms = np.unpackbits(bits, axis=1).reshape(-1, 8, 8).astype(bool)
    return np.packbits(turn(terms, orientation, first_frequency=0).reshape(-1, 64), axis=1)


def _within(points: NDArray[np.float64], frame: tuple[int, int]) -> int:
    return int(((points >= 0) & (points <= frame)).all(axis=1).sum())
