"""How much of one video another shows, by frames: shares of time, in both directions, in the best orientation.

A still is a video of one frame. Only frames on good ground count, on both sides of the share. Two videos are
linked where at least half of one is in the other, or a quarter of one and ten seconds: what a channel puts before
each of its videos is less than that. A still is linked to each video that shows it.

After vPDQ (ThreatExchange ``vpdq``: frames within 31 bits, quality from 50, shares of the query and of the
compared); shares of time instead of counts, since frames are written down where the picture moves, not once a
second.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from processors.fingerprints.orientation import ORIENTATIONS, Orientation, turned_rows
from processors.fingerprints.video_frames import FRAME, read_frames
from processors.similarity.hamming_search import BLOCK_PAIRS, words
from processors.similarity.index import Hashes
from processors.similarity.index_rows import LEAST_QUALITY

WITHIN_BITS = 31
LEAST_SHARE = 0.5
WHOLLY = 0.8
"""Share from which a video counts as shown throughout (vPDQ's default for the query)."""

LEAST_PART = 0.25
LEAST_PART_S = 10.0
SHOWN_FRAMES = 12
"""Pairs of frames that a link names."""


@dataclass(frozen=True, slots=True)
class SharedFrames:
    """``a``, turned so, shares this much of its time with ``b``, and ``b`` with it.

    ``frames``: (seconds in ``a``, seconds in ``b``, distance) of matched frames, the nearest ones, in order of
    time.
    """

    orientation: Orientation
    share_a: float
    share_b: float
    distance_bits: int
    quality: int
    frames: tuple[tuple[float, float, int], ...]


@dataclass(frozen=True, slots=True)
class Frames:
    """Rows of ``frames.FRAME``; a still is a video of one frame, one millisecond long."""

    rows: NDArray[np.void]
    still: bool


def as_frames(hashes: Hashes) -> Frames:
    """What a file shows: the frames of a video, or its PDQ as the only one."""
    for each in hashes:
        if each.algorithm == "vpdq":
            return Frames(read_frames(each.bits), still=False)
    stills = (each for each in hashes if each.name == "pdq/1")
    rows = [(0, 1, each.quality or 0, np.frombuffer(each.bits, np.uint8)) for each in stills]
    return Frames(np.array(rows, FRAME), still=True)


def shared_in_words(found: "SharedFrames", *, a_still: bool, b_still: bool) -> str:
    """What it means, for the analyst."""
    if a_still or b_still:
        return "the picture is shown in the video, at the times named"
    if min(found.share_a, found.share_b) >= WHOLLY:
        return "the same video throughout"
    if max(found.share_a, found.share_b) >= WHOLLY:
        return "one is a part of the other, or was cut from it"
    return "both show the same for a part of their time; look at both"


def shared_frames(a: NDArray[np.void], b: NDArray[np.void]) -> SharedFrames | None:
    """What two videos, as rows of ``frames.FRAME``, share; None where that is too little to say anything."""
    a, b = a[a["quality"] >= LEAST_QUALITY], b[b["quality"] >= LEAST_QUALITY]
    if not len(a) or not len(b):
        return None
    alignments = [way for turn in ORIENTATIONS if (way := _shared(a, b, turn)) is not None]
    return max(alignments, key=lambda way: max(way.share_a, way.share_b), default=None)


def enough(share_a: float, share_b: float, seconds: float) -> bool:
    """Whether such shares, of ``seconds`` in the longer-shared one, make a link."""
    largest = max(share_a, share_b)
    return largest >= LEAST_SHARE or (largest >= LEAST_PART and seconds >= LEAST_PART_S)


def _shared(a: NDArray[np.void], b: NDArray[np.void], turn: Orientation) -> SharedFrames | None:
    ours, theirs = np.ascontiguousarray(a["bits"]), np.ascontiguousarray(b["bits"])
    apart_a, nearest, apart_b = _nearest(turned_rows("pdq", ours, turn), theirs)
    mine, yours = np.flatnonzero(apart_a <= WITHIN_BITS), np.flatnonzero(apart_b <= WITHIN_BITS)
    if not len(mine):
        return None
    seconds_a, seconds_b = _seconds(a), _seconds(b)
    share_a = float(seconds_a[mine].sum() / seconds_a.sum())
    share_b = float(seconds_b[yours].sum() / seconds_b.sum())
    if not enough(share_a, share_b, min(float(seconds_a[mine].sum()), float(seconds_b[yours].sum()))):
        return None
    best = mine[np.argsort(apart_a[mine], kind="stable")][:SHOWN_FRAMES].tolist()
    shown = sorted(
        (float(a["at_ms"][frame]) / 1000, float(b["at_ms"][nearest[frame]]) / 1000, int(apart_a[frame]))
        for frame in best
    )
    return SharedFrames(
        orientation=turn,
        share_a=share_a,
        share_b=share_b,
        distance_bits=int(np.median(apart_a[mine])),
        quality=int(min(a["quality"][mine].min(), b["quality"][yours].min())),
        frames=tuple(shown),
    )


def _nearest(
    ours: NDArray[np.uint8], theirs: NDArray[np.uint8]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """For each of our rows how far the nearest of theirs lies and which it is; for each of theirs how far ours."""
    left, right = words(ours), words(theirs)
    apart_a, nearest = np.empty(len(left), np.int64), np.empty(len(left), np.int64)
    apart_b = np.full(len(right), 8 * ours.shape[1], np.int64)
    step = max(1, BLOCK_PAIRS // len(right))
    for start in range(0, len(left), step):
        block = left[start : start + step]
        apart = np.zeros((len(block), len(right)), np.uint16)
        for word in range(left.shape[1]):
            apart += np.bitwise_count(block[:, word, None] ^ right[None, :, word])
        nearest[start : start + step] = apart.argmin(axis=1)
        apart_a[start : start + step] = apart.min(axis=1)
        apart_b = np.minimum(apart_b, apart.min(axis=0))
    return apart_a, nearest, apart_b


def _seconds(frames: NDArray[np.void]) -> NDArray[np.float64]:
    lasting: NDArray[np.float64] = (frames["until_ms"].astype(np.float64) - frames["at_ms"]) / 1000
    return np.maximum(lasting, 0.001)
