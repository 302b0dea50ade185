"""The expendable process behind ``processors.decode``: pictures in, readings out, by `confined_worker`.

The one argument holds ``Limits`` as JSON.
"""

import json
import sys

from processors.confined_worker import serve


def main() -> None:
    """Serve until standard input ends; the heavy imports stand here: nothing else of this module needs them."""
    from PIL import Image

    from processors.picture import Limits
    from processors.reading import read_media, to_text

    limits = Limits(**json.loads(sys.argv[1]))
    Image.MAX_IMAGE_PIXELS = limits.pixels
    Image.preinit()
    serve(
        lambda content: to_text(read_media(content, limits)),
        memory_bytes=limits.memory_bytes,
        seconds=limits.seconds,
    )


if __name__ == "__main__":
    main()
