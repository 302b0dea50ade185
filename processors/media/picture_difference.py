"""Where two pictures differ, as a picture of our own, by a process that a hostile file may kill but not leave.

In: the bytes of two pictures. Out: `PictureDifference`, its PNG encoded here from the worker's bare pixels, so
that nothing of the archived files reaches the reader of a page but colours; None where either is no picture that
can be decoded. Bounded: see `processors.media.picture_difference_worker`. Raises ``DecoderUnavailable`` alone.
"""

import base64
import io
import json
from dataclasses import asdict, dataclass, replace

from PIL import Image

from processors.fingerprints.image import ImageLimits
from processors.sandbox.process import SandboxDied, SandboxedProcess

MOST_WIDTH = 1_000
MOST_HEIGHT = 6_000
SECONDS = 20.0
LENGTH_BYTES = 8
LONGEST_ANSWER_BYTES = 4 * MOST_WIDTH * MOST_HEIGHT + (1 << 16)


@dataclass(frozen=True, slots=True)
class PictureDifference:
    """``share`` of the pixels (0 to 1) differs; ``cut``: the pictures go on below what was compared."""

    png: bytes
    share: float
    cut: bool


def picture_difference(before: bytes, after: bytes, limits: ImageLimits | None = None) -> PictureDifference | None:
    """The later picture in pale grey, with what differs in red."""
    allowed = replace(limits or ImageLimits(), seconds=SECONDS)
    if len(before) + len(after) > allowed.content_bytes:
        return None
    worker = SandboxedProcess(
        "processors.media.picture_difference_worker",
        json.dumps(asdict(allowed)),
        2 * SECONDS,
        longest_answer_bytes=LONGEST_ANSWER_BYTES,
    )
    try:
        answer = json.loads(worker.ask(len(before).to_bytes(LENGTH_BYTES, "big") + before + after))
        return None if answer is None else _encoded(*answer)
    except (SandboxDied, ValueError, TypeError):
        return None
    finally:
        worker.end()


def _encoded(width: object, height: object, share: object, cut: object, pixels: object) -> PictureDifference:
    """Raises ``ValueError`` or ``TypeError`` for what is no picture."""
    if type(width) is not int or type(height) is not int or type(pixels) is not str or type(cut) is not bool:
        raise TypeError("difference: expected width, height, share, cut and pixels")
    if not (0 < width <= MOST_WIDTH and 0 < height <= MOST_HEIGHT):
        raise ValueError(f"difference: {width} x {height} pixels")
    if type(share) is not float or not 0 <= share <= 1:
        raise ValueError("difference: the share is no share")
    image = Image.frombytes("RGB", (width, height), base64.b64decode(pixels, validate=True))
    content = io.BytesIO()
    image.save(content, "PNG", compress_level=3)
    return PictureDifference(content.getvalue(), share, cut)
