"""Stands before the spool in a crawl with a login: nothing by which the site knows the login passes.

In: everything that the recorder keeps, in order. Out: the same to the next sink, with the credentials in heads and
addresses covered (same length, offsets and salted commitments in the facts of the exchange); and, where such a
value stands in a body, a rendering or anything that cannot be looked into, a note in its place that says so, the
thing itself being sealed apart (`pipeline.login.kept_apart`). What cannot be decided is withheld.
"""

import base64
import email
import email.policy
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from crawlers.model.capture import Captured, Note, NoteKind, Rendering, RenderingKind
from crawlers.model.exchange import ByteSource, Exchange, Message, RedactedSpan
from crawlers.model.iso_time import time_text
from crawlers.model.protocols import CaptureSink
from pipeline.login.kept_apart import KeptApart
from pipeline.login.secret_values import SecretValues, cover
from processors.digest import Digest, sha256
from processors.http.head import read_head
from processors.http.message import RequestMessage, UndecodableEntity, entity, parse_response, payload
from processors.pages.outcome import Outcome
from storage.ledger.commitments import commitment, new_salt

MOST_READ_BYTES: Final = 64 << 20
MOST_DECODED_BYTES: Final = 256 << 20
"""Longer messages are withheld, but for media without a content coding, which are read in pieces."""

MEDIA: Final = ("image/", "video/", "audio/", "font/")
PAGES: Final = ("text/html", "application/xhtml+xml")
OURS: Final = (RenderingKind.PAGEINFO, RenderingKind.VIDEOINFO)
"""Renderings that are our own words about a page, in which values are covered."""

IN_BODY: Final = "a value of the login profile stands in it"
NOT_READ: Final = "it cannot be searched for values of the login profile"


class CredentialGuard:
    """A `CaptureSink` before another. ``withheld`` is called with what was withheld, and why."""

    def __init__(
        self, sink: CaptureSink, values: SecretValues, kept: KeptApart, withheld: Callable[[str, str], None]
    ) -> None:
        self._sink = sink
        self._values = values
        self._kept = kept
        self._withheld = withheld
        self._tainted: set[str | None] = set()

    def keep(self, item: Captured) -> None:
        """Keep what may be kept of it; raises what the sink raises."""
        if isinstance(item, Exchange):
            self._keep_exchange(item)
        elif isinstance(item, Rendering):
            self._keep_rendering(item)
        else:
            self._keep_note(item)

    def _keep_exchange(self, exchange: Exchange) -> None:
        request, response = exchange.request, exchange.response
        heads = [head_of(request), head_of(response), *exchange.interim]
        for head in heads:
            self._values.learn(head)
        reason = self._why_withheld(exchange)
        if reason is not None:
            if (exchange.media_type or "").startswith(PAGES):
                self._tainted.add(exchange.page_id)
            self._withhold_exchange(exchange, reason)
            return
        spans: list[RedactedSpan] = []
        opened: list[dict[str, Any]] = []
        names = ["request", "response", *(f"interim {n}" for n in range(len(exchange.interim)))]
        covered = [self._cover(name, head, spans, opened) for name, head in zip(names, heads, strict=True)]
        if opened:
            self._kept.add(
                {"what": "redacted", "url": exchange.url, "at": time_text(exchange.started_at), "spans": opened}
            )
        self._sink.keep(
            replace(
                exchange,
                url=self._values.covered_text(exchange.url),
                request=_with_head(request, covered[0]),
                response=_with_head(response, covered[1]),
                interim=tuple(covered[2:]),
                problem=self._text(exchange.problem),
                redacted=tuple(spans),
            )
        )

    def _cover(self, name: str, head: bytes, spans: list[RedactedSpan], opened: list[dict[str, Any]]) -> bytes:
        """The head with its credentials covered; each span is added with its commitment and what opens it."""
        shown = bytearray(head)
        for what, offset, length in self._values.spans(head):
            value, salt = head[offset : offset + length].decode("latin-1"), new_salt()
            spans.append(RedactedSpan(name, what, offset, length, commitment(salt, what, value)))
            opened.append({"message": name, "what": what, "offset": offset, "salt": salt, "value": value})
            shown[offset : offset + length] = cover(head[offset : offset + length])
        return bytes(shown)

    def _why_withheld(self, exchange: Exchange) -> str | None:
        response, request = exchange.response, exchange.request
        if response.head_length == 0 and response.length_bytes:
            return NOT_READ
        is_coded = exchange.content_encoding is not None
        return self._body(response, exchange.media_type, of_response=True, is_coded=is_coded) or self._body(
            request, None, of_response=False
        )

    def _body(
        self, message: Message, media_type: str | None, *, of_response: bool, is_coded: bool = False
    ) -> str | None:
        """Why the body is withheld; None where it may be shown."""
        if message.length_bytes == message.head_length:
            return None
        block = message.block
        if message.length_bytes > MOST_READ_BYTES:
            return NOT_READ if is_coded else self._long_body(block, media_type)
        whole = block if isinstance(block, bytes) else b"".join(block.chunks())
        body = whole[message.head_length :]
        try:
            content = _content(whole, message.head_length, of_response=of_response)
        except (UndecodableEntity, ValueError):
            return NOT_READ
        self._values.learn_tokens(content)
        return IN_BODY if self._values.are_in(body) or self._values.are_in(content) else None

    def _long_body(self, block: bytes | ByteSource, media_type: str | None) -> str | None:
        """Media of any length are read in pieces; what else is so long is withheld."""
        if not (media_type or "").startswith(MEDIA):
            return NOT_READ
        overlap, end = self._values.longest_form, b""
        for piece in (block,) if isinstance(block, bytes) else block.chunks():
            if self._values.are_in(end + piece):
                return IN_BODY
            end = (end + piece)[-overlap:] if overlap else b""
        return None

    def _withhold_exchange(self, exchange: Exchange, reason: str) -> None:
        row = {
            "what": "exchange",
            "url": exchange.url,
            "at": time_text(exchange.started_at),
            "reason": reason,
            "request_sha256": str(exchange.request.block_digest),
            "response_sha256": str(exchange.response.block_digest),
            "request_length": exchange.request.length_bytes,
        }
        pieces = (piece for each in (exchange.request, exchange.response) for piece in _pieces(each.block))
        self._kept.add_bytes(row, pieces)
        self._note_in_place(exchange.page_id, exchange.url, exchange.started_at, "the answer", reason)

    def _keep_rendering(self, rendering: Rendering) -> None:
        url = self._values.covered_text(rendering.url)
        if rendering.kind in OURS:
            self._sink.keep(replace(rendering, url=url, content=self._values.covered_json(rendering.content)))
            if rendering.kind is RenderingKind.PAGEINFO:  # the last of a page
                self._tainted.discard(rendering.page_id)
            return
        if rendering.page_id not in self._tainted and self._shows_value(rendering):
            self._tainted.add(rendering.page_id)
        if rendering.page_id in self._tainted:
            row = {"what": "rendering", "kind_of": rendering.kind.value, "url": rendering.url, "reason": IN_BODY}
            self._kept.add_bytes(row, iter((rendering.content,)))
            what = f"the rendering {rendering.kind.value}"
            self._note_in_place(rendering.page_id, rendering.url, rendering.made_at, what, IN_BODY, of_page=False)
            return
        self._sink.keep(replace(rendering, url=url))

    def _shows_value(self, rendering: Rendering) -> bool:
        if self._values.are_in(rendering.content):
            return True
        is_mhtml = rendering.kind is RenderingKind.MHTML
        return is_mhtml and any(map(self._values.are_in, contents_of_mhtml(rendering.content)))

    def _keep_note(self, note: Note) -> None:
        request = note.request
        opened: list[dict[str, Any]] = []
        if request is not None:
            self._values.learn(request)
        details = {name: self._detail(value, opened) for name, value in note.details.items()}
        if request is not None:
            if len(request) > MOST_READ_BYTES or self._values.are_in(_behind_head(request)):
                self._kept.add_bytes({"what": "request", "url": note.url, "reason": IN_BODY}, iter((request,)))
                request = request[: len(request) - len(_behind_head(request))]
                details["request_body"] = f"withheld: {IN_BODY}"
            request = self._cover("request", request, [], opened)
        if opened:
            self._kept.add({"what": "redacted", "url": note.url, "at": time_text(note.at), "spans": opened})
        if note.content is not None:  # frames are masked and packed, other bytes answer nothing
            row = {"what": "note", "kind_of": note.kind.value, "url": note.url, "reason": NOT_READ}
            self._kept.add_bytes(row, _pieces(note.content))
            details["content"] = f"withheld: {NOT_READ}"
        self._sink.keep(
            replace(
                note,
                url=self._values.covered_text(note.url),
                reason=self._values.covered_text(note.reason),
                details=details,
                request=request,
                content=None,
                content_type=None,
            )
        )

    def _detail(self, value: Any, opened: list[dict[str, Any]]) -> Any:
        if isinstance(value, str):
            return self._values.covered_text(value)
        if isinstance(value, list):  # interim answers, as base64
            return [
                self._interim(f"interim {n}", each, opened) if isinstance(each, str) else each
                for n, each in enumerate(value)
            ]
        return value

    def _interim(self, name: str, text: str, opened: list[dict[str, Any]]) -> str:
        try:
            head = base64.b64decode(text, validate=True)
        except ValueError:
            return self._values.covered_text(text)
        self._values.learn(head)
        return base64.b64encode(self._cover(name, head, [], opened)).decode()

    def _text(self, text: str | None) -> str | None:
        return None if text is None else self._values.covered_text(text)

    def _note_in_place(
        self, page_id: str | None, url: str, at: datetime, what: str, reason: str, *, of_page: bool = True
    ) -> None:
        """Say in the archive what was withheld, and report it to ``withheld``."""
        shown = self._values.covered_text(url)
        sentence = f"{what} came and is kept sealed, outside of the archive: {reason}"
        kind = NoteKind.NO_RESPONSE if of_page else NoteKind.OUTCOME
        outcome = Outcome.REFUSED_BY_POLICY if of_page else None
        self._sink.keep(Note(kind, page_id, shown, at, sentence, outcome=outcome))
        self._withheld(shown, f"{what} was withheld: {reason}")


def contents_of_mhtml(mhtml: bytes) -> Iterator[bytes]:
    """What its parts hold, decoded: the lines of base64 and quoted-printable break values up."""
    for part in email.message_from_bytes(mhtml, policy=email.policy.default).walk():
        content = None if part.is_multipart() else part.get_payload(decode=True)
        if isinstance(content, bytes):
            yield content


def _content(whole: bytes, head_length: int, *, of_response: bool) -> bytes:
    if of_response:
        return entity(parse_response(whole), MOST_DECODED_BYTES)
    head = read_head(whole[:head_length])
    body = payload(head.fields, whole[head_length:])
    return entity(RequestMessage("", "", head.fields, body, head_length), MOST_DECODED_BYTES)


def head_of(message: Message) -> bytes:
    """The bytes of the head; none where the message is not HTTP."""
    if isinstance(message.block, bytes):
        return message.block[: message.head_length]
    head = bytearray()
    for chunk in message.block.chunks():
        head += chunk
        if len(head) >= message.head_length:
            break
    return bytes(head[: message.head_length])


def _behind_head(request: bytes) -> bytes:
    return request.partition(b"\r\n\r\n")[2]


def _pieces(block: bytes | ByteSource) -> Iterator[bytes]:
    return iter((block,)) if isinstance(block, bytes) else block.chunks()


class _OtherHead:
    """Bytes with another head of the same length; a ``ByteSource``."""

    def __init__(self, head: bytes, source: ByteSource) -> None:
        self._head, self._source = head, source
        self.length_bytes = source.length_bytes
        digest = hashlib.sha256()
        for chunk in self.chunks():
            digest.update(chunk)
        self.digest = Digest("sha256", digest.digest())

    def chunks(self) -> Iterator[bytes]:
        """The bytes in order."""
        yield self._head
        left = len(self._head)
        for chunk in self._source.chunks():
            if left >= len(chunk):
                left -= len(chunk)
                continue
            yield chunk[left:]
            left = 0


def _with_head(message: Message, head: bytes) -> Message:
    """The message with another head of the same length, and the digest of its block."""
    if head == head_of(message):
        return message
    block = message.block
    if isinstance(block, bytes):
        shown = head + block[message.head_length :]
        return replace(message, block=shown, block_digest=sha256(shown))
    source = _OtherHead(head, block)
    return replace(message, block=source, block_digest=source.digest)
