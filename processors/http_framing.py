"""Finds where HTTP/1 messages begin and end in a stream of bytes, without touching them (RFC 9112).

A framer is fed the stream in pieces of any size and keeps two views of one message: every byte of it
(``pieces``) and its payload, transfer-encoding removed (``payload``). How the stream was cut never changes what
comes out. Bytes that break the protocol end nothing: they are kept, ``problem`` names what is wrong, and the
message then lasts until the connection ends.
"""

from collections.abc import Callable

from processors.http_body import Body, NoBody, OpenBody, PayloadPiece
from processors.http_head import MAX_HEAD_BYTES, head_end

LINE_ENDS = (b"\r", b"\n")


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
        self.head = b""
        self.length = 0
        self._body_of = body_of
        self._start = start
        self._body: Body | None = None
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
        return bool(self._pending)

    @property
    def has_body(self) -> bool:
        """Whether the head announces a body."""
        return self._body is not None and not isinstance(self._body, NoBody)

    @property
    def begun(self) -> bool:
        """Whether any byte has been seen."""
        return self.length > 0 or bool(self._pending) or bool(self.before)

    @property
    def until_close(self) -> bool:
        """Whether only the end of the connection ends this message."""
        return isinstance(self._body, OpenBody)

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
            if self._pending:
                self._close_head(bytes(self._pending))
        else:
            self._body.close(self.payload)

    def _close_head(self, seen: bytes) -> None:
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
        while data:
            blank = 0
            while data[blank : blank + 1] in LINE_ENDS:
                blank += 1
            if blank == len(data):
                break
            if not self._start.startswith(data[blank : blank + len(self._start)].upper()):
                return self._give_up(data, "the bytes do not begin like HTTP")
            end = head_end(data, max(blank, searched - 3))
            if end is None or end > MAX_HEAD_BYTES:
                if len(data) > MAX_HEAD_BYTES:
                    return self._give_up(data, f"no end of the head within {MAX_HEAD_BYTES} bytes")
                break
            head = bytes(data[blank:end])
            try:
                body = self._body_of(head)
            except NotAMessage as finding:
                return self._give_up(data, str(finding))
            if blank:
                self.before.append(bytes(data[:blank]))  # a stray line end before a message is no part of it
            searched, data = 0, bytes(data[end:])
            if body is None:
                self.before.append(head)
                continue
            self._pending.clear()
            self._body, self.head = body, head
            self._add(head)
            return data
        if data is not self._pending:
            self._pending = bytearray(data)
        return b""

    def _give_up(self, data: bytes, problem: str) -> bytes:
        rest = bytes(data)
        self._pending.clear()
        self._body = OpenBody(problem)
        return rest
