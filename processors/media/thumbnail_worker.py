"""The expendable process behind `processors.media.thumbnails`: times in, pixels out, by
`processors.sandbox.worker`.

The one argument holds ``limits`` and the number of the open ``file`` with the content, as JSON; what comes in are
the times. An answer is a list of ``[width, height, base64 of the pixels]``, or null each.
"""

import base64
import contextlib
import json
import os
import sys

from processors.sandbox.worker import serve


def main() -> None:
    """Serve until standard input ends; the heavy imports stand here: nothing else of this module needs them."""
    from PIL import Image

    from processors.fingerprints.image import ImageLimits
    from processors.media.frame_rendering import RenderedFrame, can_draw, render_frames
    from processors.media.media_type import sniff

    parameters = json.loads(sys.argv[1])
    limits, file = ImageLimits(**parameters["limits"]), parameters["file"]
    Image.MAX_IMAGE_PIXELS = limits.pixels
    Image.preinit()

    def answer(request: bytes) -> bytes:
        times = json.loads(request)
        content = os.pread(file, limits.content_bytes, 0)
        media_type = sniff(content)
        found: list[RenderedFrame | None] = [None] * len(times)
        if media_type is not None and can_draw(media_type):
            with contextlib.suppress(Exception):  # a decoder raises whatever a damaged file makes it trip over
                found = render_frames(file, content, media_type, times, limits)
        return json.dumps([each and _row(each) for each in found]).encode()

    def _row(each: RenderedFrame) -> list[object]:
        return [each.width, each.height, base64.b64encode(each.pixels).decode()]

    serve(answer, memory_bytes=limits.memory_bytes, seconds=limits.seconds)


if __name__ == "__main__":
    main()
