"""Regions of a few frames of a video, by which cropped, framed and logo-covered copies of it are found.

At most ``MOST`` frames, as evenly spread as can be told without knowing how long the video is: every second,
and when that is too many, every second one goes and the gap doubles. Poor frames are passed over.

Written form: rows of time in milliseconds (little-endian) and the written form of
``processors.fingerprints.regions``.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from processors.fingerprints.regions import WIDTH_BYTES, Regions, read, regions

MOST = 32
FIRST_GAP_MS = 1000
ROW = np.dtype([("at_ms", "<u4"), ("regions", "u1", WIDTH_BYTES)])


class FrameRegions:
    """Takes frames in order of time and keeps the regions of some."""

    def __init__(self) -> None:
        self.gap_ms = FIRST_GAP_MS
        self.kept: list[tuple[int, bytes]] = []

    def see(self, at_ms: int, luma: NDArray[np.uint8]) -> None:
        """A frame on good ground, given as rows of luma 0 to 255."""
        if self.kept and at_ms - self.kept[-1][0] < self.gap_ms:
            return
        if len(self.kept) == MOST:
            self.kept = self.kept[::2]
            self.gap_ms *= 2
            self.see(at_ms, luma)
            return
        self.kept.append((at_ms, regions(luma)))

    def written(self) -> bytes:
        """The written form; empty where no frame was seen."""
        rows = np.zeros(len(self.kept), ROW)
        for place, (at_ms, found) in enumerate(self.kept):
            rows[place] = (at_ms, np.frombuffer(found, np.uint8))
        return rows.tobytes()


def read_frame_regions(written: bytes) -> Iterator[tuple[int, Regions]]:
    """Time in milliseconds and regions of each frame of a written form."""
    for row in np.frombuffer(written, ROW):
        yield int(row["at_ms"]), read(row["regions"].tobytes())
