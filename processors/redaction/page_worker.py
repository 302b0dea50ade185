"""The expendable process behind `processors.redaction.pages`: pages of hostile pictures and documents as pixels.

The one argument holds ``limits``, the number of the open ``file`` with the content and its ``media_type``, as
JSON. Asked for ``{}`` it answers with JSON: how many pages; asked for ``{"page": n}`` (from 1) with width and
height, four bytes each, big-endian, then rows of red, green and blue; with nothing where there is no such page.
"""

import io
import json
import os
import sys
import warnings
from collections.abc import Callable
from typing import Any

from processors.sandbox.worker import serve

PDF_TYPE = "application/pdf"
DOTS_PER_INCH = 150
LONGEST_SIDE = 6000

PageReader = Callable[[bytes, int | None], bytes]
"""Answers for the content of the file with how many pages it has (None), or with the pixels of one."""


def main() -> None:
    """Serve until standard input ends; the heavy imports stand here: nothing else of this module needs them."""
    from processors.fingerprints.image import ImageLimits

    parameters = json.loads(sys.argv[1])
    limits, file, media_type = ImageLimits(**parameters["limits"]), parameters["file"], parameters["media_type"]
    draw = _document_reader(limits) if media_type == PDF_TYPE else _picture_reader(media_type, limits)

    def answer(request: bytes) -> bytes:
        page = json.loads(request).get("page")
        try:
            return draw(os.pread(file, limits.content_bytes, 0), page)
        except Exception as problem:  # a decoder raises whatever a damaged file makes it trip over
            return json.dumps({"problem": f"{type(problem).__name__}: {problem}"[:300]}).encode()

    serve(answer, memory_bytes=2 * limits.memory_bytes, seconds=limits.seconds)


def _document_reader(limits: Any) -> PageReader:
    """Reads a PDF; its library is loaded here, before the process is confined."""
    import pypdfium2

    def draw(content: bytes, page: int | None) -> bytes:
        document = pypdfium2.PdfDocument(content)
        if page is None:
            return json.dumps({"pages": len(document)}).encode()
        if page > len(document):
            return b""
        opened = document[page - 1]
        longest = max(opened.get_size())
        scale = min(DOTS_PER_INCH / 72, LONGEST_SIDE / max(1.0, longest))
        return _packed(opened.render(scale=scale, rev_byteorder=True).to_pil().convert("RGB"), limits)

    return draw


def _picture_reader(media_type: str, limits: Any) -> PageReader:
    """Reads the first picture of a file, upright, over white; colour profiles are not applied."""
    import pi_heif
    from PIL import Image, ImageOps

    from processors.fingerprints.image import FORMATS

    Image.MAX_IMAGE_PIXELS = limits.pixels
    Image.preinit()
    formats = FORMATS[media_type]
    if formats == ("HEIF",):
        pi_heif.register_heif_opener(thumbnails=False)

    def draw(content: bytes, page: int | None) -> bytes:
        if page is None:
            return json.dumps({"pages": 1}).encode()
        if page > 1:
            return b""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # as in `processors.fingerprints.image`
            with Image.open(io.BytesIO(content), formats=formats) as image:
                if image.width * image.height > limits.pixels:
                    raise ValueError(f"more than {limits.pixels} pixels")
                image.load()
                upright = ImageOps.exif_transpose(image)
                if upright.mode.startswith("I"):
                    upright = upright.point(lambda level: level / 256).convert("L")
                if upright.has_transparency_data:
                    layer = upright.convert("RGBA")
                    upright = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
                return _packed(upright.convert("RGB"), limits)

    return draw


def _packed(picture: Any, limits: Any) -> bytes:
    if picture.width * picture.height > limits.pixels:
        raise ValueError(f"more than {limits.pixels} pixels")
    pixels: bytes = picture.tobytes()
    width, height = int(picture.width), int(picture.height)
    return width.to_bytes(4, "big") + height.to_bytes(4, "big") + pixels


if __name__ == "__main__":
    main()
