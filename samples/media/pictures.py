"""A scene as a file: resized, cropped and encoded, written in one short text such as ``bridge/w800/q82``.

The text is the name under which all sites speak of a picture. Its parts, in this order, each but the first
optional: scene; ``c`` and the percentage cut off each side; ``w`` and the width in pixels; ``q`` and the JPEG
quality, or ``webp`` or ``png``.
"""

import io
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from PIL import Image

from samples.media.scenes import scene
from samples.media.shapes import WIDTH

NAME = re.compile(
    r"(?P<scene>[a-z_]+)(/c(?P<crop>\d+))?(/w(?P<width>\d+))?(/(q(?P<quality>\d+)|(?P<format>webp|png)))?"
)
MEDIA_TYPES: dict[str, str] = {"jpeg": "image/jpeg", "webp": "image/webp", "png": "image/png"}
USUAL_QUALITY = 85

Format = Literal["jpeg", "webp", "png"]


@dataclass(frozen=True, slots=True)
class Picture:
    """A scene in one of its forms."""

    scene: str
    crop_percent: int
    width: int
    quality: int
    format: Format

    @property
    def media_type(self) -> str:
        """The type its bytes have."""
        return MEDIA_TYPES[self.format]


def picture_of(name: str) -> Picture:
    """The picture a text names; raises ``ValueError`` for one that names none."""
    match = NAME.fullmatch(name)
    if match is None:
        raise ValueError(f"not a picture: {name!r}; expected such as 'bridge/c10/w800/q82'")
    chosen: Format = "jpeg" if match["format"] is None else "webp" if match["format"] == "webp" else "png"
    return Picture(
        scene=match["scene"],
        crop_percent=int(match["crop"] or 0),
        width=int(match["width"] or WIDTH),
        quality=int(match["quality"] or USUAL_QUALITY),
        format=chosen,
    )


def picture_image(picture: Picture) -> Image.Image:
    """The picture's pixels, RGB."""
    whole = scene(picture.scene)
    across, down = (side * picture.crop_percent // 100 for side in whole.size)
    cut = whole.crop((across, down, whole.width - across, whole.height - down))
    height = round(cut.height * picture.width / cut.width)
    return cut.resize((picture.width, height), Image.Resampling.LANCZOS)


@lru_cache(maxsize=256)
def picture_bytes(picture: Picture) -> bytes:
    """The encoded picture; the same bytes at every call with one version of Pillow."""
    file = io.BytesIO()
    if picture.format == "jpeg":
        picture_image(picture).save(file, "JPEG", quality=picture.quality, progressive=True)
    elif picture.format == "webp":
        picture_image(picture).save(file, "WEBP", quality=picture.quality, method=4)
    else:
        picture_image(picture).save(file, "PNG")
    return file.getvalue()
