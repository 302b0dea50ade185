"""Turns one record's bytes into one gzip member: deflated for text, stored for what is compressed already.

Measured: isal level 2 writes HTML twenty times as fast as zlib level 9 at 14 % more bytes; level 0 of isal makes
JPEG grow by 23 %, so stored members are framed here (RFC 1951, section 3.2.4; RFC 1952, section 2.3).
"""

import struct
from collections.abc import Iterable, Iterator

from isal import igzip_lib, isal_zlib

LEVEL = 2
GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
LAST_STORED_BLOCK = b"\x01\x00\x00\xff\xff"
STORED_BLOCK_BYTES = 0xFFFF


def deflated_member(content: bytes) -> bytes:
    """One member from bytes in hand."""
    member: bytes = igzip_lib.compress(content, level=LEVEL, flag=igzip_lib.COMP_GZIP)
    return member


def deflated_pieces(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """One member from a stream, in pieces."""
    compressor = isal_zlib.compressobj(LEVEL, wbits=31)
    for chunk in chunks:
        piece = compressor.compress(chunk)
        if piece:
            yield piece
    yield compressor.flush()


def stored_pieces(chunks: Iterable[bytes]) -> Iterator[bytes | memoryview]:
    """One member from a stream, in pieces, the content uncompressed within."""
    crc, length = 0, 0
    yield GZIP_HEADER
    for chunk in chunks:
        crc = isal_zlib.crc32(chunk, crc)
        length += len(chunk)
        view = memoryview(chunk)
        for start in range(0, len(chunk), STORED_BLOCK_BYTES):
            part = view[start : start + STORED_BLOCK_BYTES]
            yield struct.pack("<BHH", 0, len(part), len(part) ^ 0xFFFF)
            yield part
    yield LAST_STORED_BLOCK + struct.pack("<II", crc, length & 0xFFFFFFFF)
