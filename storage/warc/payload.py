"""What a record's block says to the index: status, media type and payload of a message, fields, failures.

Streams: a payload of any size is hashed in pieces. Sources: WARC 1.1, sections 6.2 to 6.7; RFC 9112 (through
`processors.http.head` and `processors.http.body`).
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from crawlers.model.capture import NoteKind
from processors.digest import Digest
from processors.http.body import Body, ChunkedBody, OpenBody, PayloadPiece
from processors.http.head import Fields, head_value, is_chunked, read_head, response_head, status_of
from processors.pages.outcome import Outcome
from storage.postgres_text import postgres_safe_json, postgres_safe_text
from storage.warc.headers import RecordHead
from storage.warc.records import NOTE_PREFIX

HEAD_LIMIT_BYTES: Final = 1 << 20
HEAD_STEP_BYTES: Final = 4 << 10
LONGEST_DIGITS: Final = 19


MESSAGES: Final = ("response", "revisit")
WITH_PAYLOAD: Final = (*MESSAGES, "resource", "conversion")


class Payload(NamedTuple):
    """What the index says of a record's payload."""

    status: int | None
    media_type: str | None
    digest: Digest | None
    length_bytes: int | None


NO_PAYLOAD: Final = Payload(None, None, None, None)


class MessagePayload:
    """The payload of a stored HTTP response, fed in pieces of any size."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._body: Body | None = None
        self._hash = hashlib.sha256()
        self._length = 0
        self._status: int | None = None
        self._media_type: str | None = None
        self._fields: Fields = ()

    def feed(self, piece: PayloadPiece) -> None:
        """Take the next bytes of the block."""
        if self._body is None:
            start = bytes(piece[:HEAD_STEP_BYTES]) if not self._head else b""
            place = response_head(start, is_all=False)
            if place is None:  # not all of it lies here
                self._head += piece
                start = bytes(self._head)
                place = response_head(start, is_all=False)
                if place is None and len(start) < HEAD_LIMIT_BYTES:
                    return
                piece = start
            piece = piece[self._begin_body(start, place) :]
        self._take(piece)

    def facts(self, block: Digest) -> Payload:
        """What was found, once the block has ended."""
        if self._body is None and self._head:
            head = bytes(self._head)
            self._take(head[self._begin_body(head, response_head(head, is_all=True)) :])
        if self._body is not None:
            held_back: list[PayloadPiece] = []
            self._body.close(held_back)
            self._count(held_back)
        digest = Digest("sha256", self._hash.digest()) if self._length else None
        return Payload(self._status, self._media_type, digest, self._length)

    def excess_bytes(self) -> int | None:
        """How much longer its body is than the message's own Content-Length says, once the block has ended.

        A second witness of where the block ends; None where there is none, as of a body in chunks.
        """
        declared = head_value(self._fields, "content-length") or ""
        if not declared.isascii() or not declared.isdecimal() or len(declared) > LONGEST_DIGITS:
            return None
        return None if is_chunked(self._fields) else self._length - int(declared)

    def _begin_body(self, start: bytes, place: tuple[int, int] | None) -> int:
        """Read the head; returns where the body begins. What is not HTTP is all body."""
        begin, end = place or (0, len(start) if start.startswith(b"HTTP/") else 0)
        head = read_head(start[begin:end])
        status = status_of(head)
        if status is None:
            self._body = OpenBody()
            return 0
        self._status = status[0]
        self._fields = head.fields
        self._media_type = media_type_of(head_value(head.fields, "content-type"))
        self._body = ChunkedBody() if is_chunked(head.fields) else OpenBody()
        return end

    def _take(self, piece: PayloadPiece) -> None:
        body = self._body
        if isinstance(body, OpenBody):
            self._count((piece,))
        elif body is not None:
            pieces: list[PayloadPiece] = []
            body.take(bytes(piece), 0, pieces)
            self._count(pieces)

    def _count(self, pieces: Sequence[PayloadPiece]) -> None:
        for part in pieces:
            self._hash.update(part)
            self._length += len(part)


class ResourcePayload:
    """The payload of a record whose block is the thing itself, and so has the block's digest."""

    def __init__(self, media_type: str | None) -> None:
        self._media_type = media_type
        self._length = 0

    def feed(self, piece: PayloadPiece) -> None:
        """Take the next bytes of the block."""
        self._length += len(piece)

    def facts(self, block: Digest) -> Payload:
        """What was found, once the block has ended."""
        return Payload(None, self._media_type, block if self._length else None, self._length)


RecordPayload = MessagePayload | ResourcePayload


def payload_of(head: RecordHead) -> RecordPayload | None:
    """How the payload of this record is found; None for records that have none for the index."""
    kind = head.record_type
    if kind not in WITH_PAYLOAD:
        return None
    content_type = media_type_of(head.firsts.get("content-type"))
    if kind in MESSAGES and content_type in ("application/http", None):
        return MessagePayload()
    return None if kind == "revisit" else ResourcePayload(content_type)


def media_type_of(content_type: str | None) -> str | None:
    """``text/html; charset=utf-8`` as ``text/html``; None for nothing."""
    return postgres_safe_text((content_type or "").partition(";")[0].strip().lower()) or None


def read_fields(content: bytes) -> dict[str, str]:
    """``application/warc-fields``: names as written, the first value of each."""
    fields: dict[str, str] = {}
    for name, value in read_head(b"\n" + content).fields:
        text = value.encode("latin-1").decode("utf-8", "replace").replace("\x00", "")
        fields.setdefault(name.replace("\x00", ""), text)
    return fields


def declaration_of(warcinfo: Mapping[str, str]) -> dict[str, Any] | None:
    """The source as the watch-list had it, which our recorder puts into warcinfo; None in files of other tools."""
    try:
        declared = postgres_safe_json(json.loads(warcinfo.get("source", "")))
    except (ValueError, RecursionError):
        return None
    if not isinstance(declared, dict) or not isinstance(declared.get("id"), str):
        return None
    return declared if isinstance(declared.get("access_label"), str | None) else None


@dataclass(frozen=True, slots=True)
class RequestFailure:
    """Why a request for ``url`` got no response: ``unreachable`` or ``refused_by_policy``, and a sentence."""

    url: str
    outcome: str
    reason: str


def read_failure(head: RecordHead, content: bytes) -> RequestFailure | None:
    """The failure a ``metadata`` record tells of; None where it tells of something else."""
    if head.url is None or media_type_of(head.firsts.get("content-type")) != "application/json":
        return None
    try:
        facts = json.loads(content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(facts, dict) or facts.get("kind") != NoteKind.NO_RESPONSE:
        return None
    reason = postgres_safe_text(str(facts.get("reason") or "no reason given"))
    # earlier files have the request's own URI there
    url = head.url.removeprefix(NOTE_PREFIX)
    return RequestFailure(url, postgres_safe_text(str(facts.get("outcome") or Outcome.UNREACHABLE)), reason)
