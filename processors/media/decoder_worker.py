"""The expendable process behind ``processors.media.decoder_pool``: pictures in, readings out, by
`processors.sandbox.worker`.

The one argument holds ``limits`` and the number of the open ``file`` with the content, as JSON; what comes in by
`processors.sandbox.worker` is the content's length.
"""

import json
import os
import sys

from processors.sandbox.worker import serve


def main() -> None:
    """Serve until standard input ends; the heavy imports stand here: nothing else of this module needs them."""
    from PIL import Image

    from processors.fingerprints.image import ImageLimits
    from processors.media.fingerprint_file import fingerprint_media, to_json

    parameters = json.loads(sys.argv[1])
    limits, file = ImageLimits(**parameters["limits"]), parameters["file"]
    Image.MAX_IMAGE_PIXELS = limits.pixels
    Image.preinit()
    serve(
        lambda length: to_json(fingerprint_media(_content(file, int.from_bytes(length, "big")), limits, file)),
        memory_bytes=limits.memory_bytes,
        seconds=limits.seconds + limits.video_seconds,
    )


def _content(file: int, length: int) -> bytes:
    parts, at = [], 0
    while at < length and (part := os.pread(file, length - at, at)):
        parts.append(part)
        at += len(part)
    return b"".join(parts)


if __name__ == "__main__":
    main()
