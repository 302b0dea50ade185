"""Finds where HTTP/1 messages begin and end in a stream of bytes, without touching them (RFC 9112).

A framer is fed the stream in pieces of any size and keeps two views of one message: every byte of it
(``pieces``) and its payload, transfer-encoding removed (``payload``). How the stream was cut never changes what
comes out. Bytes that break the protocol end nothing: they are kept, ``problem`` names what is wrong, and the
message then lasts until the connection ends. The work grows with the bytes alone, whatever they are: what a
hostile server may send around an answer is counted here (``before_bytes``, ``framing_bytes``, ``head_too_long``)
and judged by whoever follows it.
"""

import re
from collections.abc import Callable

from processors.http.body import Body, ChunkedBody, NoBody, OpenBody, PayloadPiece
from processors.http.head import MAX_HEAD_BYTES, head_end

LINE_ENDS = re.compile(rb"[\r\n]*")


class NotAMessage(ValueError):
    """The bytes are no HTTP message; the text says why."""


class MessageFramer:
    """Follows one message from its first byte to its last.

    ``body_of`` is asked with the bytes of each head and says how the body ends; None says that this was no final
    response: its bytes go to ``before`` and the next head is awaited. It raises ``NotAMessage`` on a head that
    is none. ``start`` is how the first bytes must look (in capitals) for this to be a message at all.
    """

    def __init__(self, body_of: Callable[[bytes], Body | None], start: bytes = b"") -> None:
        self.pieces: list[PayloadPiece] = []
        self.payload: list[PayloadPiece] = []
        self.before: list[bytes] = []
        self.before_bytes = 0
        self.head = b""
        self.head_too_long = False
        self.length = 0
        self._body_of = body_of
        self._start = start
        self._body: Body | None = None
        self._blank = bytearray()
        self._pending = bytearray()

    @property
    def done(self) -> bool:
        """Whether the last byte has been seen."""
        return self._body is not None and self._body.done

    @property
    def in_head(self) -> bool:
        """Whether the head has not ended yet."""
        return self._body is None

    @property
    def partial_head(self) -> bool:
        """Whether some bytes of a head that has not ended yet have been seen."""
        return bool(self._pending) or bool(self._blank)

    @property
    def has_body(self) -> bool:
        """Whether the head announces a body."""
        return self._body is not None and not isinstance(self._body, NoBody)

    @property
    def begun(self) -> bool:
        """Whether any byte has been seen."""
        return self.length > 0 or self.partial_head or bool(self.before)

    @property
    def until_close(self) -> bool:
        """Whether only the end of the connection ends this message."""
        return isinstance(self._body, OpenBody)

    @property
    def framing_bytes(self) -> int:
        """How many bytes of the body only mark where its parts end."""
        return self._body.framing_bytes if isinstance(self._body, ChunkedBody) else 0

    @property
    def problem(self) -> str | None:
        """What breaks the protocol, in words."""
        return None if self._body is None else self._body.problem

    def feed(self, data: bytes) -> bytes:
        """Take what belongs to this message; returns what follows it."""
        if self._body is None:
            data = self._feed_heads(data)
            if self._body is None or not data:
                return b""
        body = self._body
        stop = 0 if body.done else body.take(data, 0, self.payload)
        if stop == len(data):
            self._add(data)
            return b""
        if stop:
            self._add(data[:stop])
        return data[stop:]

    def close(self) -> None:
        """The stream has ended: what was seen of a head becomes the block."""
        if self._body is None:
            if self.partial_head:
                self._close_head(bytes(self._blank + self._pending))
        else:
            self._body.close(self.payload)

    def _close_head(self, seen: bytes) -> None:
        self._blank.clear()
        self._pending.clear()
        self._add(seen)
        try:
            self._body_of(seen)
            self.head = seen
        except NotAMessage:
            self.payload.append(seen)

    def _add(self, piece: bytes) -> None:
        self.pieces.append(piece)
        self.length += len(piece)

    def _feed_heads(self, data: bytes) -> bytes:
        """Take interim messages and the head; returns what follows the head, or all of it where there is none."""
        searched = len(self._pending)
        if searched:
            self._pending += data
            data = self._pending  # type: ignore[assignment] # searched in place, turned into bytes once
        at = 0
        while at < len(data):
            if not searched:  # what is pending never begins with an empty line
                at = self._skip_blank(data, at)
                if at == len(data):
                    break
            if not self._start.startswith(data[at : at + len(self._start)].upper()):
                return self._give_up(data, at, "the bytes do not begin like HTTP")
            end = head_end(data, max(at, searched - 3))
            if end is None or end - at > MAX_HEAD_BYTES:
                if len(data) - at > MAX_HEAD_BYTES:
                    self.head_too_long = True
                    return self._give_up(data, at, f"no end of the head within {MAX_HEAD_BYTES} bytes")
                break
            head = bytes(data[at:end])
            try:
                body = self._body_of(head)
            except NotAMessage as finding:
                return self._give_up(data, at, str(finding))
            if self._blank:
                self.before.append(bytes(self._blank))  # a stray line end before a message is no part of it
                self._blank.clear()
            searched, at = 0, end
            if body is None:
                self.before.append(head)
                self.before_bytes += len(head)
                continue
            rest = bytes(data[at:])
            self._pending.clear()
            self._body, self.head = body, head
            self._add(head)
            return rest
        if at or data is not self._pending:
            self._pending = bytearray(data[at:])
        return b""

    def _skip_blank(self, data: bytes, at: int) -> int:
        """Set empty lines before a head aside; returns where they end."""
        found = LINE_ENDS.match(data, at)
        end = at if found is None else found.end()
        if end > at:
            self._blank += data[at:end]
            self.before_bytes += end - at
        return end

    def _give_up(self, data: bytes, at: int, problem: str) -> bytes:
        rest = bytes(self._blank + data[at:])
        self._blank.clear()
        self._pending.clear()
        self._body = OpenBody(problem)
        return rest
