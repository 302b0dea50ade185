"""Scanned lists: invented rows drawn as pictures of a page, ruled or not, straight or askew, in real letters.

The letters are DejaVu's, which Debian installs with `fonts-dejavu-core`; `can_draw` says whether they are there.
"""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tests.processors.documents import pdf_documents as making_pdf

FONT = "DejaVuSerif.ttf"
_WIDTH_POINTS, _HEIGHT_POINTS = 595, 842


def can_draw() -> bool:
    """Whether the font is installed."""
    try:
        ImageFont.truetype(FONT, 20)
    except OSError:
        return False
    return True


def scan(
    title: Sequence[str],
    rows: Sequence[Sequence[str]],
    edges: Sequence[float],
    *,
    ruled: bool,
    dpi: int = 200,
    askew_degrees: float = 0.0,
    grain: float = 0.0,
) -> bytes:
    """A PDF of one page that is a picture alone. Edges in points, grain as the deviation of greys."""
    scale = dpi / 72
    picture = Image.new("L", (round(_WIDTH_POINTS * scale), round(_HEIGHT_POINTS * scale)), 255)
    draw = ImageDraw.Draw(picture)
    font = ImageFont.truetype(FONT, round(9 * scale))
    y = 40.0
    for line in title:
        draw.text((60 * scale, y * scale), line, 0, font)
        y += 16
    y += 8
    for row in rows:
        height = max(len(cell.split("\n")) for cell in row) * 12 + 6
        for place, cell in enumerate(row):
            left, right = edges[place], edges[place + 1]
            for number, line in enumerate(cell.split("\n")):
                draw.text(((left + 3) * scale, (y + 3 + number * 12) * scale), line, 0, font)
            if ruled:
                corners = (left * scale, y * scale, right * scale, (y + height) * scale)
                draw.rectangle(corners, outline=0, width=max(2, round(0.7 * scale)))
        y += height
    turned = picture.rotate(askew_degrees, Image.Resampling.BICUBIC, fillcolor=255) if askew_degrees else picture
    pixels = np.asarray(turned, dtype=np.float64)
    if grain:
        pixels = pixels + np.random.default_rng(7).normal(0, grain, pixels.shape) - grain
    greys = np.clip(pixels, 0, 255).astype(np.uint8)
    return making_pdf.scanned_pdf(greys.tobytes(), (greys.shape[1], greys.shape[0]))
