"""Files made to cost more than they weigh, or to claim what they do not hold: bounded in time and memory."""

import io
import struct
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from processors.media.decoder_pool import Decoders
from processors.media.ffmpeg_process import PROGRAM_BYTES
from processors.media.thumbnails import draw
from tests.processors.media.test_decoder_pool import png, saved, scene
from tests.processors.media.test_video import moving

pytestmark = pytest.mark.slow

MOST_SECONDS = 40.0
MOST_KB = (1 << 30) >> 10


@pytest.fixture(scope="module")
def decoders() -> Iterator[Decoders]:
    with Decoders(workers=1) as processes:
        yield processes


def flat_png(side: int) -> bytes:
    """Rows of zeros, which weigh a thousandth of what they become."""
    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes((side + 1) * 64)) for _ in range(side // 64)) + packer.flush()
    return png(side, side, rows)


def gif(frames: int, width: int, height: int) -> bytes:
    head = b"GIF89a" + struct.pack("<HH", width, height) + b"\x80\x00\x00" + b"\xff\xff\xff\x00\x00\x00"
    one = (
        b"\x21\xf9\x04\x00\x01\x00\x00\x00" + b"\x2c" + struct.pack("<HHHH", 0, 0, 1, 1) + b"\x00\x02\x02D\x01\x00"
    )
    return head + one * frames + b";"


def tiff(tag: int, kind: int, count: int) -> bytes:
    """A small grey picture with one more tag, of which it claims ``count`` values."""
    entries = [(256, 3, 1, 8), (257, 3, 1, 8), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 400)]
    entries += [(278, 3, 1, 8), (279, 4, 1, 64), (tag, kind, count, 300)]
    body = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    return (b"II*\x00" + struct.pack("<I", 8) + body + bytes(4)).ljust(400, b"\x01") + bytes(range(64))


def mp4_of_many_samples() -> bytes:
    """A real video whose tables claim a thousand million frames."""
    content = bytearray(moving(1))
    for table in (b"stsz", b"stts", b"stco", b"trun", b"tfhd", b"mvhd", b"mdhd"):
        at = content.find(table)
        while at >= 0:
            content[at + 12 : at + 16] = struct.pack(">I", 1_000_000_000)
            at = content.find(table, at + 4)
    return bytes(content)


def mp4_of_great_boxes() -> bytes:
    box = struct.pack(">I4s", 0xFFFFFFF0, b"moov") + struct.pack(">I4s", 0xFFFFFF00, b"trak") * 2000
    return struct.pack(">I4s4sI4s", 20, b"ftyp", b"isom", 0, b"isom") + box


def deep_boxes() -> bytes:
    inner = b""
    for _ in range(3000):
        inner = struct.pack(">I4s", len(inner) + 8, b"moov") + inner
    return struct.pack(">I4s4sI4s", 20, b"ftyp", b"isom", 0, b"isom") + inner


def svg_and_zip() -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("zeros", bytes(20 << 20))
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    words = f'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a0 "a">{entities}]><svg>&a9;</svg>'
    return words.encode() + archive.getvalue()


@cache
def truncated(kind: str) -> bytes:
    content = saved(scene(), kind)
    return content[: len(content) * 2 // 3]


BOMBS: dict[str, Callable[[], bytes]] = {
    "a PNG that says 50,000 x 50,000": lambda: png(50_000, 50_000, zlib.compress(bytes(1000))),
    "a PNG of 9,984 x 9,984 zeros": lambda: flat_png(9_984),
    "a PNG with text that unpacks to 64 MB": lambda: png_with_text(64 << 20),
    "a GIF of 100,000 frames": lambda: gif(100_000, 200, 200),
    "a GIF of 9,000 frames of 4,000 x 4,000": lambda: gif(9_000, 4_000, 4_000),
    "a TIFF with a thousand million values": lambda: tiff(65_000, 12, 1_000_000_000),
    "a TIFF with as many strips": lambda: tiff(325, 4, 0xFFFFFFFF),
    "an MP4 of a thousand million frames": mp4_of_many_samples,
    "an MP4 of great boxes": mp4_of_great_boxes,
    "an MP4 of deep boxes": deep_boxes,
    "an SVG with a zip behind it": svg_and_zip,
    "a cut WebP": lambda: truncated("WEBP"),
    "a cut AVIF": lambda: truncated("AVIF"),
    "a cut JPEG 2000": lambda: truncated("JPEG2000"),
    "a JPEG XL of nothing": lambda: b"\xff\x0a" + b"\xff" * 4000,
    "a HEIC of nothing": lambda: struct.pack(">I4s4sI4s", 20, b"ftyp", b"heic", 0, b"mif1") + bytes(4000),
    "a BMP that says 60,000 x 60,000": lambda: bmp(60_000),
}


def png_with_text(length: int) -> bytes:
    packed = zlib.compress(bytes(length), 9)
    chunk = b"zTXt" + b"Comment\x00\x00" + packed
    whole = saved(Image.fromarray(np.zeros((40, 40), np.uint8)), "PNG")
    text = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return whole[:33] + text + whole[33:]


def bmp(side: int) -> bytes:
    header = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + header + bytes(3000)


def held_kb(pid: int) -> int:
    """The most memory that a process and the program under it have held, as the kernel counts it."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_read_or_refused_within_time_and_memory(decoders: Decoders, name: str) -> None:
    content = BOMBS[name]()
    began = time.monotonic()
    reading = decoders.fingerprint(content)
    assert time.monotonic() - began < MOST_SECONDS
    assert reading.refused or reading.hashes or reading.width
    worker = decoders._idle.get()
    decoders._idle.put(worker)
    if worker is not None:
        assert held_kb(worker.process.pid) < MOST_KB - (PROGRAM_BYTES >> 10 if "MP4" in name else 0)


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_drawn_or_not_and_nothing_hangs(name: str) -> None:
    began = time.monotonic()
    assert len(draw(BOMBS[name](), [0, 5000])) == 2
    assert time.monotonic() - began < MOST_SECONDS
