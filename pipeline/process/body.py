"""The body of a capture, decoded once: everything after it reads these bytes.

In: a capture and its sealed block. Out: `DecodedBody`. Never raises: a body that cannot be decoded to its end is
given as far as it could, with the reason.
"""

from dataclasses import dataclass
from typing import Final

from processors.http.message import ResponseMessage, UndecodableEntity, entity, header, parse_response
from storage.catalogue.captures import Capture

ENTITY_LIMIT_BYTES: Final = 256 << 20


@dataclass(frozen=True, slots=True)
class DecodedBody:
    """The body with all codings removed; ``damage`` says why it is only a part of what was sent.

    ``is_complete``: whether what was sent is the whole of the thing at the address, not a range of it or what
    stands in its place.
    """

    content: bytes
    content_type: str | None
    is_complete: bool = True
    damage: str | None = None


def decode_body(capture: Capture, block: bytes) -> DecodedBody:
    """The body in a sealed block."""
    if capture.record_type not in ("response", "revisit") or capture.status is None:
        return DecodedBody(block, capture.media_type)
    message = parse_response(block)
    content_type = header(message, "content-type")
    is_complete = capture.record_type != "response" or _is_complete(capture.status, message)
    try:
        return DecodedBody(entity(message, ENTITY_LIMIT_BYTES), content_type, is_complete)
    except UndecodableEntity as damage:
        return DecodedBody(damage.partial, content_type, is_complete, damage.reason)


def _is_complete(status: int, message: ResponseMessage) -> bool:
    """A 206 (RFC 9110, section 15.3.7) may carry all of the thing."""
    if status != 206:
        return status == 200
    unit, _, rest = (header(message, "content-range") or "").partition(" ")
    span, _, length = rest.partition("/")
    return unit == "bytes" and length.isdecimal() and span == f"0-{int(length) - 1}"
