"""Archived pictures that a page of ours may draw: of types in which nothing can run, judged by their bytes.

In: a capture. Out: the picture's bytes and type, or None. Raises the errors of `storage.deposit.record_reader` for
a record that is not what was indexed.
"""

from typing import Final

from processors.http.content_coding import UndecodableEntity
from processors.http.message import entity, parse_response
from processors.media.media_type import sniff
from storage.archive import Archive
from storage.catalogue.captures import Capture
from storage.deposit.record_reader import BlockTooLargeError, read_record

PICTURE_TYPES: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
PICTURE_LIMIT_BYTES: Final = 32 << 20


def may_be_picture(capture: Capture, sniffed: str | None) -> bool:
    """Whether the bytes are one (``sniffed``); before they are processed, whether the server declared one."""
    media_type = capture.media_type if sniffed is None else sniffed
    return media_type in PICTURE_TYPES and capture.record_type in ("response", "resource")


def picture_of(archive: Archive, capture: Capture) -> tuple[bytes, str] | None:
    """Content and type of a captured picture."""
    content = payload_of(archive, capture, PICTURE_LIMIT_BYTES)
    media_type = None if content is None else sniff(content)
    return (content, media_type) if content is not None and media_type in PICTURE_TYPES else None


def payload_of(archive: Archive, capture: Capture, limit_bytes: int) -> bytes | None:
    """What was captured, without what it was wrapped in on its way; None for what is too large or no payload."""
    if capture.record_type not in ("response", "resource"):
        return None
    try:
        block = read_record(archive, capture, limit_bytes=limit_bytes).block
        return entity(parse_response(block), limit_bytes) if capture.record_type == "response" else block
    except (BlockTooLargeError, UndecodableEntity):
        return None
