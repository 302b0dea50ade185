"""Reads one capture into the catalogue: a page into outcome and records, a medium into its fingerprints.

In: a capture, its sealed block, how its source was declared. Out: `CaptureResult`. Everything is written in the
caller's transaction. What parsers and decoders trip over becomes a reason in the catalogue, since the next capture
must not suffer for it; errors of the database pass through.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Connection

from crawlers.model.capture import RenderingKind
from pipeline.process.page import (
    PAGE_TYPES,
    CaptureResult,
    DecodedBody,
    decode_body,
    is_page,
    read_page_capture,
    reuse_earlier_reading,
)
from pipeline.process.page_kind import choose_parser
from pipeline.process.readers import Readers
from processors.digest import Digest, sha256
from processors.http.message import ResponseMessage, header, parse_response
from processors.media.decoder_pool import Decoders
from processors.media.fingerprint_file import decoder_of, hashes_of_today
from processors.media.media_type import MediaFingerprints, is_media, sniff
from storage.catalogue.captures import Capture
from storage.catalogue.dom_renderings import doms_of_exchange, forget_records
from storage.similarity.media import medium, upsert_medium, upsert_occurrence

__all__ = ["CaptureResult", "read_capture"]

DOM: Final = f"urn:{RenderingKind.DOM}:"
DOM_TYPE: Final = "text/html; charset=utf-8"
"""How `crawlers.browser.session` writes it down, whatever the page said of itself."""

PayloadOf = Callable[[Capture], bytes | None]
"""The block of the record that holds a revisit's payload, None where none is in the archive."""


def read_capture(
    connection: Connection,
    capture: Capture,
    block: bytes | None,
    declaration: Mapping[str, Any] | None,
    readers: Readers,
    payload_of: PayloadOf,
) -> CaptureResult:
    """Read one capture; ``block`` is None where it is too large to hold."""
    if capture.url.startswith(DOM):
        return _read_dom(connection, capture, block, declaration, readers)
    if capture.record_type == "metadata" or capture.url.startswith("urn:"):
        return CaptureResult()  # why there was no response, or what we made ourselves: nothing a source said
    how = choose_parser(declaration, capture.url)
    if (again := reuse_earlier_reading(connection, capture, how, readers)) is not None:
        return again
    if capture.record_type == "revisit":
        # media that occur again are told by `storage.catalogue.revisits`; the document of a list is read where it
        # stands
        listed = how is not None and how.is_list and not is_media(capture.media_type)
        block = payload_of(capture) if listed else None
        received = decode_body(capture, block) if block is not None else None
        if received is None or not is_page(capture, received, how):
            return CaptureResult()
        return read_page_capture(connection, capture, received, how, declaration, readers)
    if block is None:
        return _too_large(connection, capture)
    received = decode_body(capture, block)
    if is_page(capture, received, how):
        # what scripts made of a page is read in its place; the page as it came is judged alone
        how = None if capture.media_type in PAGE_TYPES and doms_of_exchange(connection, capture.id) else how
        return read_page_capture(connection, capture, received, how, declaration, readers)
    if capture.truncated is None and received.damage is None and _is_whole(capture, block):
        return _medium(connection, capture, received.content, readers.decoders)
    return CaptureResult()


def _read_dom(
    connection: Connection,
    capture: Capture,
    block: bytes | None,
    declaration: Mapping[str, Any] | None,
    readers: Readers,
) -> CaptureResult:
    """Read a page as the browser showed it in the end; the exchange it came from gives no records beside it."""
    if block is None:
        return CaptureResult()
    url = capture.url.removeprefix(DOM)
    if capture.refers_to_id is not None:
        forget_records(connection, capture.refers_to_id)
    displayed = replace(capture, url=url)
    return read_page_capture(
        connection, displayed, DecodedBody(block, DOM_TYPE), choose_parser(declaration, url), declaration, readers
    )


def _is_whole(capture: Capture, block: bytes) -> bool:
    """Part of a medium has no fingerprint of its own; a 206 may still carry all of it."""
    if capture.record_type != "response" or capture.status in (None, 200):
        return True
    return capture.status == 206 and _covers_all(parse_response(block))


def _covers_all(message: ResponseMessage) -> bool:
    unit, _, rest = (header(message, "content-range") or "").partition(" ")
    span, _, length = rest.partition("/")
    return unit == "bytes" and length.isdecimal() and span == f"0-{int(length) - 1}"


def _medium(connection: Connection, capture: Capture, content: bytes, decoders: Decoders) -> CaptureResult:
    if not is_media(sniff(content)):
        return CaptureResult()
    digest = sha256(content)
    if _is_known(connection, digest):
        upsert_occurrence(connection, capture.id, digest)
        return CaptureResult(medium=True)
    reading = decoders.fingerprint(content)
    upsert_medium(connection, capture, reading, len(content))
    return CaptureResult(medium=True, refused=reading.refused is not None)


def _is_known(connection: Connection, digest: Digest) -> bool:
    """Whether these bytes were read before by the fingerprints of today, or refused by the decoder of today."""
    known = medium(connection, digest)
    if known is None:
        return False
    if known.refused is not None:
        return known.decoder == decoder_of(known.media_type)
    return {each.name for each in known.hashes} >= hashes_of_today(known.media_type, known.frames)


def _too_large(connection: Connection, capture: Capture) -> CaptureResult:
    """Known by its payload's digest alone, if the server called it a medium and sent it as it is."""
    if not is_media(capture.media_type) or capture.payload_digest is None or capture.status not in (None, 200):
        return CaptureResult()
    length = capture.payload_length_bytes or 0
    reading = MediaFingerprints(
        sha256=capture.payload_digest,
        media_type=capture.media_type,
        width=None,
        height=None,
        hashes=(),
        refused=f"too large: {length} bytes",
    )
    upsert_medium(connection, capture, reading, length)
    return CaptureResult(medium=True, refused=True)
