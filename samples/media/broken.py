"""Files that must be refused: cut short, or small on the wire and enormous when opened."""

import gzip
import io
import struct
import zlib
from functools import lru_cache

from samples.media.files import media_file

BOMB_SIDE = 30_000  # pixels; 900 million of them in about 110 kB
BOMB_PAGE_BYTES = 512 * 1024 * 1024


def cut_jpeg() -> bytes:
    """The first third of a JPEG file."""
    whole = media_file("lake/w640/q75").content
    return whole[: len(whole) // 3]


def chunk(kind: bytes, body: bytes) -> bytes:
    """A PNG chunk with its checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


@lru_cache(maxsize=1)
def bomb_png() -> bytes:
    """A valid PNG of one black bit per pixel, 30 000 by 30 000."""
    row = bytes(1 + BOMB_SIDE // 8)
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(row) for _ in range(BOMB_SIDE)) + packer.flush()
    header = struct.pack(">IIBBBBB", BOMB_SIDE, BOMB_SIDE, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


@lru_cache(maxsize=1)
def bomb_gzip() -> bytes:
    """Half a gigabyte of one letter in about 500 kB of gzip."""
    file = io.BytesIO()
    with gzip.GzipFile(fileobj=file, mode="wb", mtime=0) as packed:
        piece = b"a" * (1 << 20)
        for _ in range(BOMB_PAGE_BYTES >> 20):
            packed.write(piece)
    return file.getvalue()
