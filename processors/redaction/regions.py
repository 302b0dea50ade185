"""Covers regions of a picture in pixels, and writes what is left as a PNG or a PDF of nothing but these pixels.

In: rows of red, green and blue, regions as fractions of the sides. Out: the same rows with the regions filled;
files without metadata, profile, thumbnail, transparency or text. Guaranteed: no byte that comes out depends on
a pixel below a region. Pictures that were compressed with loss keep traces of what a region covers beside it:
these are covered with a margin (`LOSSY_MARGIN`) that is wider than any block of such a picture reaches.
"""

import io
import math
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from processors.redaction.steps import CoveredRegion, CoverStyle

LOSSY_MARGIN: Final = 18
"""Pixels: a block of JPEG with halved colour is 16 wide, and its colour is smoothed over two more."""

TILE: Final = 16
GREYS: Final = (96, 128, 160, 112, 144, 176)
GREY: Final = 128
POINTS_PER_INCH: Final = 72

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class PixelBox:
    """A region in whole pixels; ``right`` and ``bottom`` are the first that are not covered."""

    left: int
    top: int
    right: int
    bottom: int


def box_of(region: CoveredRegion, width: int, height: int, *, margin: int = 0) -> PixelBox:
    """Every pixel that the region touches, and ``margin`` more on each side."""
    return PixelBox(
        max(0, math.floor(region.left * width) - margin),
        max(0, math.floor(region.top * height) - margin),
        min(width, math.ceil(region.right * width) + margin),
        min(height, math.ceil(region.bottom * height) + margin),
    )


def covered(pixels: Pixels, regions: Iterable[CoveredRegion], *, is_lossy: bool) -> Pixels:
    """A copy of the rows (height, width, 3) with the regions filled."""
    found = pixels.copy()
    height, width = found.shape[:2]
    for region in regions:
        box = box_of(region, width, height, margin=LOSSY_MARGIN if is_lossy else 0)
        found[box.top : box.bottom, box.left : box.right] = fill_of(region.style, box)
    return found


def fill_of(style: CoverStyle, box: PixelBox) -> Pixels:
    """What fills a box: made of its place alone."""
    shape = (box.bottom - box.top, box.right - box.left, 3)
    if style is CoverStyle.BLUR:
        rows = np.arange(box.top, box.bottom) // TILE
        columns = np.arange(box.left, box.right) // TILE
        greys = np.asarray(GREYS, np.uint8)[(rows[:, None] * 7 + columns[None, :] * 11) % len(GREYS)]
        return np.repeat(greys[:, :, None], 3, axis=2)
    return np.full(shape, 0 if style is CoverStyle.BLACK else GREY, np.uint8)


def png_of(pixels: Pixels) -> bytes:
    """A PNG of these pixels and nothing else."""
    content = io.BytesIO()
    Image.fromarray(pixels, "RGB").save(content, "PNG", compress_level=6)
    return content.getvalue()


def pdf_of(pages: Sequence[tuple[Pixels, float]]) -> bytes:
    """A PDF whose pages are these pictures, each with its dots per inch: no text, no metadata, no time, no id."""
    objects: list[bytes] = []
    kids = " ".join(f"{3 + 3 * number} 0 R" for number in range(len(pages)))
    objects.append(b"<< /Type /Catalog /Pages 2 0 R >>")
    objects.append(f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode())
    for number, (pixels, dots_per_inch) in enumerate(pages):
        height, width = pixels.shape[:2]
        wide, high = (round(side * POINTS_PER_INCH / dots_per_inch, 2) for side in (width, height))
        first = 3 + 3 * number
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {wide} {high}] /Contents {first + 1} 0 R "
            f"/Resources << /XObject << /Page {first + 2} 0 R >> >> >>".encode()
        )
        drawn = f"q {wide} 0 0 {high} 0 0 cm /Page Do Q".encode()
        objects.append(f"<< /Length {len(drawn)} >>\nstream\n".encode() + drawn + b"\nendstream")
        packed = zlib.compress(np.ascontiguousarray(pixels).tobytes(), 6)
        objects.append(
            f"<< /Type /XObject /Subtype /Image /Width {width} /Height {height} /ColorSpace /DeviceRGB "
            f"/BitsPerComponent 8 /Filter /FlateDecode /Length {len(packed)} >>\nstream\n".encode()
            + packed
            + b"\nendstream"
        )
    return _written(objects)


def _written(objects: Sequence[bytes]) -> bytes:
    """The file: header, objects, table of their places (ISO 32000-1, section 7.5)."""
    content = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, each in enumerate(objects, start=1):
        places.append(len(content))
        content += f"{number} 0 obj\n".encode() + each + b"\nendobj\n"
    table = len(content)
    content += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    content += b"".join(f"{place:010d} 00000 n \n".encode() for place in places)
    content += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n".encode()
    return bytes(content)
