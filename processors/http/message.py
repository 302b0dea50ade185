"""Reads stored HTTP/1 messages, as the blocks of WARC records hold them.

``parse_response`` gives the payload (transfer-encoding removed), ``entity`` the content (content-encoding
removed as well, within a limit). Sources: RFC 9110, RFC 9112.
"""

from dataclasses import dataclass

from processors.http.body import ChunkedBody, PayloadPiece
from processors.http.content_coding import UndecodableEntity, decode_content
from processors.http.head import (
    MAX_HEAD_BYTES,
    Fields,
    head_end,
    head_value,
    head_values,
    is_chunked,
    read_head,
    response_head,
    status_of,
)

__all__ = [
    "RequestMessage",
    "ResponseMessage",
    "UndecodableEntity",
    "entity",
    "header",
    "parse_request",
    "parse_response",
]


@dataclass(frozen=True, slots=True)
class ResponseMessage:
    """A stored response. ``body`` is its payload: transfer-encoding removed, content-encoding kept.

    ``head_length`` counts the bytes before the body, interim answers and empty lines before the head included.
    ``status`` is None, ``headers`` empty and ``head_length`` 0 where the block is not HTTP; all of it is then
    body.
    """

    status: int | None
    reason: str
    headers: Fields
    body: bytes
    head_length: int


@dataclass(frozen=True, slots=True)
class RequestMessage:
    """A stored request; ``target`` as the site received it."""

    method: str
    target: str
    headers: Fields
    body: bytes
    head_length: int


def header(message: ResponseMessage | RequestMessage, name: str) -> str | None:
    """The first value of a message's header field; None where it is absent."""
    return head_value(message.headers, name)


def parse_response(block: bytes) -> ResponseMessage:
    """Read the block of a ``response`` record. Never raises: what is not HTTP has status None and is all body."""
    start, end = response_head(block, is_all=True) or (0, len(block))
    if end > MAX_HEAD_BYTES:
        return ResponseMessage(None, "", (), block, 0)
    head = read_head(block[start:end])
    status = status_of(head)
    if status is None:
        return ResponseMessage(None, "", (), block, 0)
    body = block[end:]
    return ResponseMessage(status[0], status[1], head.fields, payload(head.fields, body), end)


def parse_request(block: bytes) -> RequestMessage:
    """Read the block of a ``request`` record; raises ``ValueError`` where its first line is no request line."""
    end = head_end(block)
    if end is None:
        end = len(block)
    head = read_head(block[:end])
    words = head.start_line.split()
    if len(words) != 3:
        raise ValueError(f"request line: expected method, target and version, found {head.start_line!r}")
    return RequestMessage(words[0], words[1], head.fields, payload(head.fields, block[end:]), end)


def payload(fields: Fields, body: bytes) -> bytes:
    """The body with its transfer-encoding removed."""
    if not is_chunked(fields):
        return body
    pieces: list[PayloadPiece] = []
    chunked = ChunkedBody()
    chunked.take(body, 0, pieces)
    chunked.close(pieces)
    return b"".join(pieces)


def entity(message: ResponseMessage | RequestMessage, limit_bytes: int) -> bytes:
    """The body with its content-encodings removed, at most ``limit_bytes`` long.

    Raises ``UndecodableEntity`` that says why: an unknown coding, damaged or incomplete bytes, or the limit.
    """
    codings = [
        coding.strip().lower()
        for value in head_values(message.headers, "content-encoding")
        for coding in value.split(",")
    ]
    content = message.body
    for coding in reversed(codings):
        content = decode_content(content, coding, limit_bytes)
    if len(content) > limit_bytes:
        raise UndecodableEntity(f"the entity has {len(content)} bytes, the limit is {limit_bytes}", b"")
    return content
