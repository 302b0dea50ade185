"""The record that pywb reads for one capture: a response whose content is decoded and whose head holds what is
safe.

In: the archive, a capture, whom it is for. Out: a WARC record in one piece or in several, not compressed. The
sealed record stays as it is; this is a view of it. Content and transfer encodings are undone and text of a page is
made UTF-8, so that pywb reads the markup that a browser would read; of the archived head only `KEPT` goes on. A
revisit gets the payload that it stands for. Above `WHOLE_BYTES` a body goes on as it lies in the store, which no
page does. Source: WARC 1.1, section 6.3.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Final
from urllib.parse import quote

from processors.http.message import ResponseMessage, UndecodableEntity, entity, header, parse_response
from processors.markup.encoding import decode
from storage.access_labels import Viewer
from storage.archive import Archive
from storage.catalogue.captures import Capture
from storage.catalogue.revisits import payload_capture
from storage.deposit.record_reader import read_record, stream_block

WHOLE_BYTES: Final = 32 << 20
DECODED_BYTES: Final = 96 << 20
HEAD_BYTES: Final = 1 << 16

KEPT: Final = ("location", "content-language", "content-range", "accept-ranges")
"""Fields of the archived head that pywb is told, besides those made here: the type and the length."""

MARKUP: Final = re.compile(r"\s*(?:text/html|application/xhtml\+xml|application/xhtml)\s*(?:;|$)", re.IGNORECASE)

MARK: Final = "X-Letapis-Capture"
"""The field by which the gateway knows an archived answer from pywb's own pages; no archived field gets there."""

_UNSAFE = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class ReplayRecord:
    """``pieces`` are ``length_bytes`` long together."""

    length_bytes: int
    pieces: Iterator[bytes]


def replay_record(archive: Archive, capture: Capture, *, viewer: Viewer) -> ReplayRecord | None:
    """The record; None where the viewer may not see what holds its payload, or nothing does."""
    holder: Capture | None = capture
    if capture.record_type == "revisit":
        with archive.reader.connect() as connection:
            holder = payload_capture(connection, capture, viewer=viewer)
    if holder is None:
        return None
    if holder.length_bytes > WHOLE_BYTES or (holder.payload_length_bytes or 0) > WHOLE_BYTES:
        return _streamed(archive, capture, holder)
    held = _response(archive, holder)
    head = held if holder.id == capture.id else _response(archive, capture)
    if head.status is None:
        head = held
    return _in_one_piece(capture, head, held)


def _response(archive: Archive, capture: Capture) -> ResponseMessage:
    """The response in a record; a resource, which no server sent, as one that is all body."""
    block = read_record(archive, capture).block
    if capture.record_type == "resource":
        return ResponseMessage(None, "", (), block, 0)
    return parse_response(block)


def _in_one_piece(capture: Capture, head: ResponseMessage, held: ResponseMessage) -> ReplayRecord:
    content_type = header(held, "content-type") or header(head, "content-type") or capture.media_type
    try:
        body = entity(held, DECODED_BYTES)
    except UndecodableEntity:
        # what no browser could have shown either; as bytes of no type it is shown nowhere
        body, content_type = held.body, "application/octet-stream"
    if content_type is not None and MARKUP.match(content_type):
        body = decode(body, content_type).text.encode("utf-8", "replace")
        content_type = f"{content_type.partition(';')[0].strip()}; charset=utf-8"
    return _record(capture, _http_head(capture, head, content_type, len(body)), (body,), len(body))


def _streamed(archive: Archive, capture: Capture, holder: Capture) -> ReplayRecord:
    """A body that is too large to hold, as it lies in the store: media, which browsers ask for in ranges."""
    length, pieces = stream_block(archive, holder)
    begun = b""
    for piece in pieces:
        begun += piece
        if len(begun) >= HEAD_BYTES:
            break
    message = parse_response(begun)
    content_type = header(message, "content-type") or capture.media_type
    if content_type is None or MARKUP.match(content_type) or header(message, "content-encoding"):
        content_type = "application/octet-stream"
    body_length = length - message.head_length
    head = _http_head(capture, message, content_type, body_length)
    return _record(capture, head, chain((begun[message.head_length :],), pieces), body_length)


def _http_head(capture: Capture, head: ResponseMessage, content_type: str | None, length_bytes: int) -> bytes:
    lines = [f"HTTP/1.1 {head.status or 200} {_UNSAFE.sub(' ', head.reason).strip() or '-'}"]
    if content_type is not None:
        lines.append(f"Content-Type: {_UNSAFE.sub(' ', content_type)}")
    lines += [f"Content-Length: {length_bytes}", f"{MARK}: {quote(capture.id, safe=':')}"]
    lines += [f"{name}: {_UNSAFE.sub(' ', value)}" for name, value in head.headers if name.lower() in KEPT]
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")


def _record(capture: Capture, head: bytes, body: Iterator[bytes] | tuple[bytes, ...], length: int) -> ReplayRecord:
    fields = (
        "WARC/1.1",
        "WARC-Type: response",
        f"WARC-Record-ID: <{capture.id}>",
        f"WARC-Target-URI: {_UNSAFE.sub('', capture.url)}",
        f"WARC-Date: {capture.captured_at:%Y-%m-%dT%H:%M:%SZ}",
        "Content-Type: application/http; msgtype=response",
        f"Content-Length: {len(head) + length}",
    )
    record_head = "\r\n".join([*fields, "", ""]).encode("utf-8", "surrogateescape")
    total = len(record_head) + len(head) + length + 4
    return ReplayRecord(total, chain((record_head, head), body, (b"\r\n\r\n",)))
