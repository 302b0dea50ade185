"""One picture out of hostile bytes: the luma every fingerprint is made from, by one pinned recipe.

Recipe 1, part of the version of every fingerprint made from it (a change to any line is a new version):

1. Decoder: Pillow 13, HEIC by libheif (pi-heif 1.4); formats as in ``FORMATS``, chosen by the bytes; first frame.
2. Scale: by 1/n, n the largest of 1, 2, 4, 8 that leaves at least 256 pixels on the shorter side. JPEG by the
   decoder itself in the frequency domain (libjpeg-turbo, luma only), all others by averaging n x n pixels.
   Measured: moves pHash by at most 2 of 64 bits and PDQ by at most 12 of 256 from the full decode.
3. Colour: luma by ITU-R 601 in 8 bit (Pillow ``L``); colour profiles are not applied; 16 bit keeps its upper 8.
4. Transparency: over white.
5. Orientation: the EXIF tag 1 to 8 is applied; a tag that cannot be read counts as 1.

Of a damaged or truncated picture what a browser shows is read, the rest over white, and ``damage`` says how much
that is (`processors.fingerprints.picture_damage`). Where nothing can be shown, and of oversized pictures,
``Unreadable`` is raised with the reason; Pillow's plugins may raise anything else on hostile input, so callers
answer for every exception (``decode.read_media``).
"""

import io
import warnings
from dataclasses import dataclass

import numpy as np
import pi_heif
from numpy.typing import NDArray
from PIL import ExifTags, Image, UnidentifiedImageError

from processors.fingerprints.picture_damage import describe, png_fault, shown_part

SHORT_SIDE = 256
FORMATS = {
    "image/jpeg": ("JPEG", "MPO"),
    "image/png": ("PNG",),
    "image/gif": ("GIF",),
    "image/webp": ("WEBP",),
    "image/avif": ("AVIF",),
    "image/bmp": ("BMP",),
    "image/tiff": ("TIFF",),
    "image/jp2": ("JPEG2000",),
    "image/heic": ("HEIF",),
    "image/heif": ("HEIF",),
}
"""Media type to the Pillow plugins that may touch it; nothing else is tried (EPS would start Ghostscript)."""

UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF 2.32 tag 0x0112 to the turn that sets the picture upright."""

FIRST_ON_ITS_SIDE = 5
"""Orientations from this on swap width and height."""

MEGAPIXEL = 1_000_000
LONGEST_NOTE = 400
MOST_NOTES = 64


class Unreadable(Exception):
    """The bytes give no picture; the message says why, in words for the analyst."""


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """What one file may cost. ``ratio`` is decoded pixels per encoded byte, held only above a megapixel."""

    pixels: int = 100_000_000
    ratio: int = 50_000
    frames: int = 10_000
    seconds: float = 20.0
    video_seconds: float = 300.0
    memory_bytes: int = 1 << 30
    content_bytes: int = 256 << 20


@dataclass(frozen=True, slots=True)
class Picture:
    """Upright luma (rows of 0 to 255, scaled by 1/``shrink``), true size, frames and what the file says.

    ``damage`` says what is wrong with the bytes and how much of the picture they show, None of a whole one.
    """

    luma: NDArray[np.uint8]
    shrink: int
    width: int
    height: int
    frames: int
    metadata: tuple[tuple[str, str], ...]
    damage: str | None = None


def read_picture(content: bytes, media_type: str, limits: ImageLimits) -> Picture:
    """Decode by the recipe above."""
    if FORMATS[media_type] == ("HEIF",):
        pi_heif.register_heif_opener(thumbnails=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of odd metadata and of large sizes; the limits below decide
        try:
            image = Image.open(io.BytesIO(content), formats=FORMATS[media_type])
        except UnidentifiedImageError:
            raise Unreadable(f"damaged: starts like {media_type}, but cannot be read as that") from None
        except Image.DecompressionBombError:
            raise Unreadable(f"too large: more than {limits.pixels} pixels") from None
        with image:
            width, height = image.size
            _check_size(width, height, len(content), limits)
            frames = _count_frames(image, limits)
            metadata, orientation = _exif(image)
            shrink = shrink_of(width, height)
            luma, damage = _luma_as_far_as_shown(image, content, media_type, shrink)
    turn = UPRIGHT.get(orientation)
    if turn is not None:
        luma = luma.transpose(turn)
    if orientation >= FIRST_ON_ITS_SIDE:
        width, height = height, width
    return Picture(np.asarray(luma), shrink, width, height, frames, metadata, damage)


def _luma_as_far_as_shown(
    image: Image.Image, content: bytes, media_type: str, shrink: int
) -> tuple[Image.Image, str | None]:
    """The luma, and what is wrong with the picture."""
    height = image.height
    fault = png_fault(content) if media_type == "image/png" else None
    try:
        if fault is None:
            return luma_of(image, shrink), None
        problem = None
    except (OSError, SyntaxError) as found:
        problem = found
        fault = "cut off" if "truncated" in str(found) else "damaged"
    part = shown_part(content, media_type, shrink, height, lambda opened: luma_of(opened, shrink), fault)
    if part is None:
        raise Unreadable(f"damaged: {problem or fault}")
    return part.image, describe(part, height)


def _check_size(width: int, height: int, length_bytes: int, limits: ImageLimits) -> None:
    pixels = width * height
    if pixels == 0:
        raise Unreadable(f"empty: {width} x {height} pixels")
    if pixels > limits.pixels:
        raise Unreadable(f"too large: {width} x {height} pixels, the limit is {limits.pixels} pixels")
    if pixels > MEGAPIXEL and pixels > limits.ratio * length_bytes:
        raise Unreadable(f"a decompression bomb: {width} x {height} pixels in {length_bytes} bytes")


def _count_frames(image: Image.Image, limits: ImageLimits) -> int:
    frames = getattr(image, "n_frames", 1)
    if frames > limits.frames:
        raise Unreadable(f"too long: {frames} frames, the limit is {limits.frames}")
    image.seek(0)
    return int(frames)


def _exif(image: Image.Image) -> tuple[tuple[tuple[str, str], ...], int]:
    """What the file says of itself, shortened, and its orientation; unreadable tags are no reason to refuse."""
    try:
        tags = image.getexif()
        named = [(str(ExifTags.TAGS.get(tag, tag)), value) for tag, value in tags.items()]
        for block, names in ((ExifTags.IFD.Exif, ExifTags.TAGS), (ExifTags.IFD.GPSInfo, ExifTags.GPSTAGS)):
            named += [(str(names.get(tag, tag)), value) for tag, value in tags.get_ifd(block).items()]
        orientation = tags.get(ExifTags.Base.Orientation, 1)
        notes = tuple((name, _printable(value)) for name, value in named if not isinstance(value, bytes))
    except Exception as error:  # Pillow's tag reader trips in many ways over damaged tags
        return (("exif", f"not readable: {type(error).__name__}"),), 1
    return notes[:MOST_NOTES], orientation if orientation in UPRIGHT else 1


def _printable(value: object) -> str:
    """A tag's value as text that any database and terminal takes."""
    return "".join(letter for letter in str(value)[:LONGEST_NOTE] if letter.isprintable()).strip()


def shrink_of(width: int, height: int) -> int:
    """By how much a picture of this size is scaled down."""
    return next((n for n in (8, 4, 2) if min(width, height) // n >= SHORT_SIDE), 1)


def luma_of(image: Image.Image, shrink: int) -> Image.Image:
    """Steps 2 to 4 of the recipe."""
    scaled = (-(-image.width // shrink), -(-image.height // shrink))
    if image.format in ("JPEG", "MPO"):
        image.draft("L", (image.width // shrink, image.height // shrink))
    image.load()
    if image.has_transparency_data:
        image = image if image.mode in ("LA", "RGBA") else image.convert("RGBA")
        opaque = image.getchannel("A")
        luma = Image.composite(image.convert("L"), Image.new("L", image.size, 255), opaque)
    elif image.mode.startswith("I;16") or image.mode == "I":
        luma = Image.fromarray((np.asarray(image).clip(0, 0xFFFF) >> 8).astype(np.uint8))
    elif image.mode == "L":
        luma = image
    else:
        luma = image.convert("RGB").convert("L") if image.mode not in ("RGB", "1") else image.convert("L")
    return luma if luma.size == scaled else luma.reduce(shrink)
