"""What a browser shows of a picture whose bytes are damaged or cut off, and how much of it that is.

In: the bytes of a JPEG, PNG or GIF. Out: the rows that are there, as luma, and a sentence; rows that are not there
count as white, as a page shows them. Other formats, and interlaced pictures of which rows are missing throughout,
give nothing. Nothing is repaired and nothing guessed: a row counts where its bytes decode. Sources: PNG (W3C,
third edition), sections 5 and 10; ITU-T T.81; GIF 89a, section 20.
"""

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image, ImageFile

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
SAMPLES: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""PNG colour type to samples a pixel."""
STEP_BYTES: Final = 256
"""Decompressed at a time: what stands before a fault in the same step would be lost with it."""
PROGRESSIVE: Final = (b"\xff\xc2", b"\xff\xca")
"""Start of frame of a JPEG whose scans each cover the whole picture."""
SHORTER_SHARE: Final = 50
LEAST_SHORTER_BYTES: Final = 256


@dataclass(frozen=True, slots=True)
class ShownPart:
    """Bytes or a picture as far as they go: ``rows`` of the true height, None where that cannot be told."""

    image: Image.Image
    rows: int | None
    fault: str


Luma = Callable[[Image.Image], Image.Image]


@contextmanager
def _as_far_as_it_goes() -> Iterator[None]:
    """Pillow's switch holds for the whole process, which here reads one picture at a time."""
    before = ImageFile.LOAD_TRUNCATED_IMAGES
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = before


def shown_part(
    content: bytes, media_type: str, shrink: int, height: int, luma: Luma, fault: str
) -> ShownPart | None:
    """What is shown of a picture that could not be decoded whole; None where that is nothing."""
    with _as_far_as_it_goes():
        if media_type == "image/png":
            fixed = _png_as_far_as_it_goes(content)
            if fixed is None or fixed[1] == 0:
                return None
            with Image.open(io.BytesIO(fixed[0]), formats=("PNG",)) as image:
                part = luma(image)
            rows = fixed[1]
        elif media_type == "image/jpeg" or (media_type == "image/gif" and not _is_interlaced_gif(content)):
            part = _decoded(content, media_type, luma)
            rows = None
            if (
                not any(marker in content[: len(content) // 2] for marker in PROGRESSIVE)
                or media_type == "image/gif"
            ):
                rows = _rows_told_by_less(content, media_type, shrink, height, luma, part)
        else:
            return None
    if rows is not None and rows < height:
        whole_rows = rows // shrink
        part.paste(255, (0, whole_rows, part.width, part.height))
    return ShownPart(part, rows, fault)


def describe(part: ShownPart, height: int) -> str:
    """The damage in a sentence, with how much is shown."""
    if part.rows is None:
        return f"{part.fault}; the whole height is shown, less sharp than the whole file would show it"
    if part.rows >= height:
        return f"{part.fault}; all {height} rows are shown"
    share = 100 * part.rows // height
    return f"{part.fault}; {part.rows} of {height} rows are shown ({share} %), the rest counts as white"


def _is_interlaced_gif(content: bytes) -> bool:
    with Image.open(io.BytesIO(content), formats=("GIF",)) as image:
        return any(isinstance(tile.args, tuple) and tile.args[1] for tile in image.tile)


def _decoded(content: bytes, media_type: str, luma: Luma) -> Image.Image:
    formats = ("JPEG", "MPO") if media_type == "image/jpeg" else ("GIF",)
    with Image.open(io.BytesIO(content), formats=formats) as image:
        return luma(image).copy()


def _rows_told_by_less(
    content: bytes, media_type: str, shrink: int, height: int, luma: Luma, part: Image.Image
) -> int | None:
    """The last row that changes where the last bytes are left out, too: down to there the bytes reach."""
    shorter = content[: -max(LEAST_SHORTER_BYTES, len(content) // SHORTER_SHARE)]
    try:
        other = _decoded(shorter, media_type, luma)
    except (OSError, SyntaxError):
        return None
    if other.size != part.size:
        return None
    changed = np.flatnonzero((np.asarray(part) != np.asarray(other)).any(axis=1))
    return min(height, (int(changed[-1]) + 1) * shrink) if changed.size else None


def png_fault(content: bytes) -> str | None:
    """What is wrong with the chunks of a PNG, which decoders pass over in silence; None where nothing is."""
    fault = None
    for _, _, fault in _chunks(content):
        if fault is not None:
            break
    return fault


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes, str | None]]:
    """Each chunk up to the end of the picture with what is wrong with it, the last one where it is cut off."""
    at = len(SIGNATURE)
    while at < len(content):
        head = content[at : at + 8]
        length = int.from_bytes(head[:4], "big") if len(head) == 8 else 0
        kind, data = head[4:], content[at + 8 : at + 8 + length]
        stated = content[at + 8 + length : at + 12 + length]
        if len(head) < 8 or len(stated) < 4:
            yield kind, data, "cut off"
            return
        wrong = zlib.crc32(kind + data).to_bytes(4, "big") != stated
        critical = kind[:1].isupper()
        yield (
            kind,
            data,
            f"damaged: the check sum of chunk {kind.decode('latin-1')} is wrong" if (wrong and critical) else None,
        )
        at += 12 + length
        if kind == b"IEND":
            return
    yield b"", b"", "cut off"


def _png_as_far_as_it_goes(content: bytes) -> tuple[bytes, int | None] | None:
    """The picture with the rows whose data decompress, and how many these are; None where its head is damaged.

    A browser draws the rows of a chunk before it looks at the check sum, and stops there.
    """
    before, packed = [], bytearray()
    for kind, data, fault in _chunks(content):
        if kind == b"IDAT":
            packed += data
        elif not packed and fault is None:
            before.append((kind, data))
        if fault is not None:
            break
    header = next((data for kind, data in before if kind == b"IHDR"), b"")
    if len(header) != 13:
        return None
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    if colour not in SAMPLES or interlaced:
        return None
    row_bytes = 1 + (width * SAMPLES[colour] * depth + 7) // 8
    inflated = _inflated(bytes(packed), row_bytes * height)
    rows = len(inflated) // row_bytes
    inflated = inflated[: rows * row_bytes] + bytes(row_bytes * (height - rows))
    chunks = [*before, (b"IDAT", zlib.compress(inflated, 1)), (b"IEND", b"")]
    return SIGNATURE + b"".join(
        len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")
        for kind, data in chunks
    ), rows


def _inflated(packed: bytes, most: int) -> bytes:
    """What decompresses, up to the first fault."""
    inner = zlib.decompressobj()
    found = bytearray()
    for start in range(0, len(packed), STEP_BYTES):
        try:
            found += inner.decompress(packed[start : start + STEP_BYTES], max(1, most - len(found)))
        except zlib.error:
            break
        if len(found) >= most:
            break
    return bytes(found[:most])
