"""What a file of any length is, by its bytes: as `processors.media.media_type`, and WARC files besides.

In: an open file that seeks, its name. Out: a media type or None. At most the first 4 KiB are read, of a ZIP file
up to 64 MiB all of it, since its names stand at its end; a larger one is a WACZ where its name says so.
"""

import zlib
from typing import BinaryIO, Final

from processors.media.media_type import sniff

HEAD_BYTES: Final = 4096
LARGEST_ZIP_BYTES: Final = 64 << 20
WARC: Final = "application/warc"
WACZ: Final = "application/wacz"
WARC_STARTS: Final = (b"WARC/", b"filedesc://")
"""Of WARC 1.1, section 4, and of ARC files."""
ZSTD_STARTS: Final = (b"\x28\xb5\x2f\xfd", b"\x5d\x2a\x4d\x18")
ZSTD_NAME: Final = ".warc.zst"


def file_type(file: BinaryIO, name: str, length_bytes: int) -> str | None:
    """The type by the bytes; the name decides only where they cannot."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    if _unpacked(head).startswith(WARC_STARTS) or (
        head.startswith(ZSTD_STARTS) and name.lower().endswith(ZSTD_NAME)
    ):
        return WARC
    if head.startswith(b"PK\x03\x04"):
        if length_bytes > LARGEST_ZIP_BYTES:
            return WACZ if name.lower().endswith(".wacz") else "application/zip"
        file.seek(0)
        return sniff(file.read(LARGEST_ZIP_BYTES))
    return sniff(head)


def _unpacked(head: bytes) -> bytes:
    """The beginning of what a gzip file holds; of another file its own."""
    if not head.startswith(b"\x1f\x8b"):
        return head
    try:
        return zlib.decompressobj(wbits=31).decompress(head, 16)
    except zlib.error:
        return b""
