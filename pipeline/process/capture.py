"""Reads one capture into the catalogue: decides whether it is a page, a medium or neither, and has it read.

In: a capture, its sealed block, how its source was declared. Out: `CaptureResult`. Everything is written in the
caller's transaction. What parsers and decoders trip over becomes a reason in the catalogue, since the next capture
must not suffer for it; errors of the database pass through.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Connection

from crawlers.model.capture import RenderingKind
from pipeline.process.body import DecodedBody, decode_body
from pipeline.process.medium import keep_large_medium, read_medium_capture
from pipeline.process.page import (
    PAGE_TYPES,
    is_page,
    read_page_capture,
    reuse_earlier_reading,
)
from pipeline.process.page_kind import ParserChoice, choose_parser
from pipeline.process.readers import Readers
from pipeline.process.result import CaptureResult
from processors.media.media_type import is_media
from storage.catalogue.captures import Capture
from storage.catalogue.dom_renderings import doms_of_exchange, forget_records
from storage.ledger.received_files import is_received_file

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
    if is_received_file(capture.url, capture.id):
        return _read_received(connection, capture, block, readers)
    if capture.record_type == "metadata" or capture.url.startswith("urn:"):
        return CaptureResult()  # why there was no response, or what we made ourselves: nothing a source said
    choice = choose_parser(declaration, capture.url)
    if (reused := reuse_earlier_reading(connection, capture, choice, readers)) is not None:
        return reused
    if capture.record_type == "revisit":
        return _read_revisit(connection, capture, choice, declaration, readers, payload_of)
    if block is None:
        return keep_large_medium(connection, capture)
    body = decode_body(capture, block)
    if is_page(capture, body, choice):
        # what scripts made of a page is read in its place; the page as it came is only classified
        choice = None if capture.media_type in PAGE_TYPES and doms_of_exchange(connection, capture.id) else choice
        return read_page_capture(connection, capture, body, choice, declaration, readers)
    if capture.truncated is None and body.damage is None and body.is_complete:
        return read_medium_capture(connection, capture, body.content, readers.decoders)
    return CaptureResult()


def _read_received(
    connection: Connection, capture: Capture, block: bytes | None, readers: Readers
) -> CaptureResult:
    """A file that a person brought: a picture, video or sound is a medium, anything else is kept and not read."""
    if block is None:
        return keep_large_medium(connection, capture)
    return read_medium_capture(connection, capture, block, readers.decoders)


def _read_revisit(
    connection: Connection,
    capture: Capture,
    choice: ParserChoice | None,
    declaration: Mapping[str, Any] | None,
    readers: Readers,
    payload_of: PayloadOf,
) -> CaptureResult:
    """Read the document of a list where it occurs again; media are counted by `storage.catalogue.revisits`."""
    if choice is None or not choice.is_list or is_media(capture.media_type):
        return CaptureResult()
    block = payload_of(capture)
    if block is None:
        return CaptureResult()
    body = decode_body(capture, block)
    if not is_page(capture, body, choice):
        return CaptureResult()
    return read_page_capture(connection, capture, body, choice, declaration, readers)


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
