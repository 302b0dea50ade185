"""The expendable process behind `processors.quality.pictures`: two pictures in, a number out.

The one argument holds ``ImageLimits`` as JSON. A request is eight bytes with the length of the first picture,
then both; the answer is a number from 0 to 1, or null where either is no picture. Both are laid over white,
made grey and brought to `WIDTH`, half of what our browser's window has: letters stay, the noise of smoothing
goes.
"""

import json
import sys
from typing import TYPE_CHECKING, Final

from processors.sandbox.worker import serve

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from processors.fingerprints.image import ImageLimits

WIDTH: Final = 683
MOST_HEIGHT: Final = 8_000
"""Half of what a screenshot holds at most; below, pictures are cut."""


def main() -> None:
    """Serve until standard input ends; the heavy imports stand here: nothing else of this module needs them."""
    import io

    from PIL import Image

    from processors.fingerprints.image import ImageLimits
    from processors.quality.blocks import block_likeness
    from processors.quality.pictures import LENGTH_BYTES

    limits = ImageLimits(**json.loads(sys.argv[1]))
    Image.MAX_IMAGE_PIXELS = limits.pixels
    Image.preinit()

    def answer(request: bytes) -> bytes:
        length = int.from_bytes(request[:LENGTH_BYTES], "big")
        contents = request[LENGTH_BYTES : LENGTH_BYTES + length], request[LENGTH_BYTES + length :]
        try:
            one, other = (_grey(io.BytesIO(content), limits) for content in contents)
            return json.dumps(block_likeness(one, other)).encode()
        except Exception:  # a decoder raises whatever a damaged file makes it trip over
            return b"null"

    serve(answer, memory_bytes=limits.memory_bytes, seconds=limits.seconds)


def _grey(content: "object", limits: "ImageLimits") -> "NDArray[np.uint8]":
    """The picture as rows of grey; raises whatever Pillow does."""
    import numpy as np
    from PIL import Image

    with Image.open(content, formats=("PNG", "JPEG", "WEBP")) as image:  # type: ignore[arg-type]  # opened bytes
        if image.width * image.height > limits.pixels:
            raise ValueError("too many pixels")
        layer = image.convert("RGBA")
    flat = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("L")
    height = max(1, min(round(flat.height * WIDTH / flat.width), MOST_HEIGHT))
    rows = max(1, min(flat.height, round(height * flat.width / WIDTH)))
    return np.asarray(flat.resize((WIDTH, height), Image.Resampling.BOX, box=(0, 0, flat.width, rows)))


if __name__ == "__main__":
    main()
