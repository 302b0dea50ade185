"""The expendable process behind `processors.media.picture_difference`: two pictures in, pixels out.

The one argument holds ``ImageLimits`` as JSON. A request is eight bytes with the length of the first picture, then
both; the answer is ``[width, height, share, cut, base64 of the pixels]``, or null where either is no picture. Both
are laid over white and brought to one width, at most ``MOST_WIDTH``; below ``MOST_HEIGHT`` they are cut. Pixels
whose colours are further apart than ``TOLERANCE`` in any channel differ: less is the noise of codecs and of
smoothed letters.
"""

import base64
import json
import sys
from typing import TYPE_CHECKING, Final

from processors.sandbox.worker import serve

if TYPE_CHECKING:
    from PIL import Image

    from processors.fingerprints.image import ImageLimits

TOLERANCE: Final = 24


def compared(before: "Image.Image", after: "Image.Image", most_width: int, most_height: int) -> list[object]:
    """The answer for two pictures in colour."""
    import numpy as np

    width = min(max(before.width, after.width), most_width)
    one, other = (_of_width(image, width, most_height) for image in (before, after))
    height = max(one.shape[0], other.shape[0])
    grey = np.full((height, width), 255, np.uint8)
    differs = np.ones((height, width), bool)
    both = min(one.shape[0], other.shape[0])
    apart = np.abs(one[:both].astype(np.int16) - other[:both].astype(np.int16)).max(axis=2)
    differs[:both] = apart > TOLERANCE
    for picture in (one, other):
        luma = picture.astype(np.uint16).mean(axis=2)
        grey[: picture.shape[0]] = (160 + luma * 95 / 255).astype(np.uint8)
    shown = np.repeat(grey[:, :, None], 3, axis=2)
    shown[differs] = (200, 30, 40)
    cut = any(image.height * width / image.width > most_height for image in (before, after))
    pixels = base64.b64encode(shown.tobytes()).decode()
    return [width, height, float(differs.mean()), cut, pixels]


def _of_width(image: "Image.Image", width: int, most_height: int):  # type: ignore[no-untyped-def]  # numpy is heavy
    import numpy as np

    height = max(1, min(round(image.height * width / image.width), most_height))
    rows = max(1, min(image.height, round(height * image.width / width)))
    return np.asarray(image.resize((width, height), box=(0, 0, image.width, rows)))


def main() -> None:
    """Serve until standard input ends; the heavy imports stand here: nothing else of this module needs them."""
    import io

    from PIL import Image

    from processors.fingerprints.image import ImageLimits
    from processors.media.picture_difference import LENGTH_BYTES, MOST_HEIGHT, MOST_WIDTH

    limits = ImageLimits(**json.loads(sys.argv[1]))
    Image.MAX_IMAGE_PIXELS = limits.pixels
    Image.preinit()

    def answer(request: bytes) -> bytes:
        length = int.from_bytes(request[:LENGTH_BYTES], "big")
        contents = request[LENGTH_BYTES : LENGTH_BYTES + length], request[LENGTH_BYTES + length :]
        try:
            before, after = (_opened(io.BytesIO(content), limits) for content in contents)
            found = compared(before, after, MOST_WIDTH, MOST_HEIGHT)
        except Exception:  # a decoder raises whatever a damaged file makes it trip over
            return b"null"
        return json.dumps(found).encode()

    serve(answer, memory_bytes=limits.memory_bytes, seconds=limits.seconds)


def _opened(content: "object", limits: "ImageLimits") -> "Image.Image":
    """The picture in colour, over white; raises whatever Pillow does."""
    from PIL import Image

    with Image.open(content, formats=("PNG", "JPEG", "WEBP", "GIF")) as image:  # type: ignore[arg-type]  # opened bytes
        if image.width * image.height > limits.pixels:
            raise ValueError("too many pixels")
        layer = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")


if __name__ == "__main__":
    main()
