"""What a video shows, written down as the frames between which it moves, each with PDQ and quality.

A video is looked at ``LOOKS_PER_S`` times a second; a frame is written down when it lies more than
``SCENE_CHANGE_BITS`` from the last one written, which every change of scene does. A frame that is looked at
therefore never lies further than that from a written one, a still picture that stands for an hour takes one row,
and each row says for how long it stood. Of a video with more than ``MOST_FRAMES`` of them every second one goes,
and from then on frames are written at least so far apart, as often as that is needed: hours that move all the time
are there to their end, by fewer frames. After vPDQ (ThreatExchange ``vpdq``), which keeps one frame a second
whatever it shows.

Written form, little-endian rows: begin and end in milliseconds, quality, 32 bytes of PDQ.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from processors.fingerprints.pdq import SMALLEST_SIDE, bits, quality, sample
from processors.fingerprints.video_regions import FrameRegions

LOOKS_PER_S = 10
STEP_MS = 1000 // LOOKS_PER_S
SCENE_CHANGE_BITS = 10
"""What re-saving alone moves PDQ by (PDQ guidance); of the 31 for a match, 21 are left to the copy's changes."""

MOST_FRAMES = 10_000
GOOD_GROUND = 50
FRAME = np.dtype([("at_ms", "<u4"), ("until_ms", "<u4"), ("quality", "u1"), ("bits", "u1", 32)])


@dataclass(frozen=True, slots=True)
class FrameSample:
    """One look: luma rows of 0 to 255 of the upright frame, and for how long it stands."""

    at_ms: int
    until_ms: int
    luma: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class FrameSequence:
    """Both written forms of a video; empty where no frame is large enough, or good enough, for them.

    ``gap_ms``: how far apart frames were written, 0 where wherever the picture moved.
    """

    frames: bytes
    regions: bytes
    gap_ms: int


def written_frames(looks: Iterable[FrameSample]) -> FrameSequence:
    """The written forms: at most ``MOST_FRAMES`` rows of frames, and the regions of a few of them."""
    rows = _Rows()
    parts = FrameRegions()
    for look in looks:
        height, width = look.luma.shape
        if min(height, width) < SMALLEST_SIDE:
            continue
        samples = sample(look.luma, height, width, 1)
        here, ground = bits(samples), quality(samples)
        if ground >= GOOD_GROUND:
            parts.see(look.at_ms, look.luma)
        rows.see(_Row(look.at_ms, look.until_ms, ground, here))
    frames = np.zeros(len(rows.kept), FRAME)
    for place, row in enumerate(rows.kept):
        frames[place] = (row.at_ms, row.until_ms, row.quality, np.frombuffer(row.bits, np.uint8))
    return FrameSequence(frames.tobytes(), parts.written(), rows.gap_ms)


def read_frames(written: bytes) -> NDArray[np.void]:
    """Rows of ``FRAME``."""
    return np.frombuffer(written, FRAME)


@dataclass(frozen=True, slots=True)
class _Row:
    at_ms: int
    until_ms: int
    quality: int
    bits: bytes


class _Rows:
    """Takes looks in order of time and keeps those that are written down; each stands until the next."""

    def __init__(self) -> None:
        self.kept: list[_Row] = []
        self.gap_ms = 0

    def see(self, look: _Row) -> None:
        last = self.kept[-1] if self.kept else None
        if last and (look.at_ms - last.at_ms < self.gap_ms or _apart(last.bits, look.bits) <= SCENE_CHANGE_BITS):
            self.kept[-1] = replace(last, until_ms=look.until_ms)
        elif len(self.kept) == MOST_FRAMES:
            self._thin_out()
            self.see(look)
        else:
            self.kept.append(look)

    def _thin_out(self) -> None:
        ends = [row.until_ms for row in self.kept[1::2]]
        self.kept = [replace(row, until_ms=end) for row, end in zip(self.kept[::2], ends, strict=True)]
        self.gap_ms = max(2 * self.gap_ms, 2 * STEP_MS)


def _apart(a: bytes, b: bytes) -> int:
    return (int.from_bytes(a, "big") ^ int.from_bytes(b, "big")).bit_count()
