"""What a video shows, written down as the frames between which it moves, each with PDQ and quality.

A video is looked at ``LOOKS_PER_S`` times a second; a frame is written down when it lies more than ``MOVED_BITS``
from the last one written, which every change of scene does. A frame that is looked at therefore never lies further
than that from a written one, a still picture that stands for an hour takes one row, and each row says for how long
it stood. After vPDQ (ThreatExchange ``vpdq``), which keeps one frame a second whatever it shows.

Written form, little-endian rows: begin and end in milliseconds, quality, 32 bytes of PDQ.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from processors.frame_regions import FrameRegions
from processors.pdq import SMALLEST_SIDE, bits, quality, sample

LOOKS_PER_S = 10
STEP_MS = 1000 // LOOKS_PER_S
MOVED_BITS = 10
"""What re-saving alone moves PDQ by (PDQ guidance); of the 31 for a match, 21 are left to the copy's changes."""

MOST_FRAMES = 10_000
GOOD_GROUND = 50
FRAME = np.dtype([("at_ms", "<u4"), ("until_ms", "<u4"), ("quality", "u1"), ("bits", "u1", 32)])


@dataclass(frozen=True, slots=True)
class Look:
    """One look: luma rows of 0 to 255 of the upright frame, and for how long it stands."""

    at_ms: int
    until_ms: int
    luma: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Written:
    """Both written forms of a video; empty where no frame is large enough, or good enough, for them."""

    frames: bytes
    regions: bytes


def written_frames(looks: Iterable[Look]) -> Written:
    """The written forms: at most ``MOST_FRAMES`` rows of frames, and the regions of a few of them."""
    rows: list[tuple[int, int, int, bytes]] = []
    parts = FrameRegions()
    for look in looks:
        height, width = look.luma.shape
        if min(height, width) < SMALLEST_SIDE:
            continue
        samples = sample(look.luma, height, width, 1)
        here, ground = bits(samples), quality(samples)
        if ground >= GOOD_GROUND:
            parts.see(look.at_ms, look.luma)
        if rows and _apart(rows[-1][3], here) <= MOVED_BITS:
            rows[-1] = (rows[-1][0], look.until_ms, *rows[-1][2:])
        elif len(rows) == MOST_FRAMES:
            break
        else:
            rows.append((look.at_ms, look.until_ms, ground, here))
    frames = np.zeros(len(rows), FRAME)
    for place, (at_ms, until_ms, ground, here) in enumerate(rows):
        frames[place] = (at_ms, until_ms, ground, np.frombuffer(here, np.uint8))
    return Written(frames.tobytes(), parts.written())


def read_frames(written: bytes) -> NDArray[np.void]:
    """Rows of ``FRAME``."""
    return np.frombuffer(written, FRAME)


def _apart(a: bytes, b: bytes) -> int:
    return (int.from_bytes(a, "big") ^ int.from_bytes(b, "big")).bit_count()
