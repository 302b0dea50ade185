"""Draws media for a page: by a worker process that a hostile file may kill but not leave, one for each question.

In: content and times. Out: pictures as JPEG, encoded here from the worker's bare pixels, so that nothing of the
archived file, and nothing that a worker that was taken over could send, reaches the reader of a page but colours.
"""

import base64
import io
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, replace

from PIL import Image

from processors.fingerprints.image import ImageLimits
from processors.media.frame_rendering import LONGEST_SIDE
from processors.sandbox.process import SandboxDied, SandboxedProcess

FRAMES_AT_ONCE = 12
JPEG_QUALITY = 80
SECONDS = 10.0


def draw(content: bytes, at_ms: Sequence[int], limits: ImageLimits | None = None) -> list[bytes | None]:
    """What the content shows at these times; None where it shows nothing. Raises only ``DecoderUnavailable``."""
    if not at_ms or len(content) > (limits or ImageLimits()).content_bytes:
        return [None] * len(at_ms)
    requested = list(at_ms[:FRAMES_AT_ONCE])
    allowed = replace(limits or ImageLimits(), seconds=SECONDS)
    file = os.memfd_create("medium")
    try:
        with os.fdopen(os.dup(file), "wb") as sink:
            sink.write(content)
        parameters = json.dumps({"limits": asdict(allowed), "file": file})
        worker = SandboxedProcess("processors.media.thumbnail_worker", parameters, 2 * SECONDS, open_files=(file,))
        try:
            answer = json.loads(worker.ask(json.dumps(requested).encode()))
            found = [_encoded(each) for each in answer]
        finally:
            worker.end()
    except (SandboxDied, ValueError, TypeError):
        found = []
    finally:
        os.close(file)
    return [*found[: len(requested)], *[None] * (len(at_ms) - len(found[: len(requested)]))]


def _encoded(answer: list[object] | None) -> bytes | None:
    """Raises ``ValueError`` or ``TypeError`` for an answer that is no picture."""
    if answer is None:
        return None
    width, height, pixels = answer
    if not isinstance(width, int) or not isinstance(height, int) or not isinstance(pixels, str):
        raise TypeError("drawn picture: expected width, height and pixels")
    if not (0 < width <= LONGEST_SIDE and 0 < height <= LONGEST_SIDE):
        raise ValueError(f"drawn picture: {width} x {height} pixels")
    image = Image.frombytes("RGB", (width, height), base64.b64decode(pixels, validate=True))
    content = io.BytesIO()
    image.save(content, "JPEG", quality=JPEG_QUALITY)
    return content.getvalue()
