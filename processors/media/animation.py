"""An animated picture (GIF, APNG, WebP, AVIF) as the frames a viewer sees in turn, for the fingerprint of a video.

Frames are whole, with what stays of those before, over white, scaled as stills are. A time of 0 counts as browsers
count it (0.1 s). What cannot be read ends the animation; the frames before that stand.
"""

import io
import time
import warnings
from collections.abc import Iterator

import numpy as np
from PIL import Image

from processors.fingerprints.image import FORMATS, ImageLimits, luma_of, shrink_of
from processors.fingerprints.video_frames import FrameSample

SHORTEST_MS = 20
UNTOLD_MS = 100


class AnimationFrame:
    """Looks in order of time; when they are through, ``duration_s``, and ``cut``: why not all frames were seen."""

    def __init__(self, content: bytes, media_type: str, limits: ImageLimits) -> None:
        self.content, self.media_type, self.limits = content, media_type, limits
        self.duration_s: float | None = None
        self.cut: str | None = None

    def __iter__(self) -> Iterator[FrameSample]:
        deadline = time.monotonic() + self.limits.seconds / 2
        at_ms = 0
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # as in ``processors.fingerprints.image``
            with Image.open(io.BytesIO(self.content), formats=FORMATS[self.media_type]) as image:
                shrink = shrink_of(*image.size)
                for number in range(getattr(image, "n_frames", 1)):
                    if time.monotonic() > deadline:
                        self.cut = f"the first {number} frames: the rest would take too long"
                        break
                    try:
                        image.seek(number)
                        luma = np.asarray(luma_of(image.copy(), shrink))
                    except (EOFError, OSError, SyntaxError, ValueError) as damage:
                        self.cut = f"the first {number} frames: the next is damaged ({type(damage).__name__})"
                        break
                    lasting = int(image.info.get("duration") or 0)
                    until_ms = at_ms + (lasting if lasting >= SHORTEST_MS else UNTOLD_MS)
                    yield FrameSample(at_ms, until_ms, luma)
                    at_ms = until_ms
        self.duration_s = at_ms / 1000


def composited_frames(content: bytes, media_type: str, limits: ImageLimits) -> AnimationFrame:
    """The frames of a picture that ``read_picture`` has already let in."""
    return AnimationFrame(content, media_type, limits)
