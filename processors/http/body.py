"""The ways in which the end of an HTTP/1 body is marked (RFC 9112, sections 6 and 7).

A body is fed the stream in pieces of any size and says where it ends; its payload is what remains without the
transfer-encoding. Bytes that break the protocol are kept, and ``problem`` names what is wrong with them.
"""

import re
from enum import Enum, auto
from typing import Protocol

MAX_CHUNK_LINE_BYTES = 16 << 10


PayloadPiece = bytes | memoryview
PLAIN_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})\r\n")
CHUNK_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,16})[ \t]*(?:;|\r?$)")


class Body(Protocol):
    """One way in which a body's end is marked."""

    done: bool
    problem: str | None

    def take(self, data: bytes, start: int, payload: list[PayloadPiece]) -> int:
        """Take from ``data[start:]`` what belongs to the body; append its payload; return where it stopped."""
        ...

    def close(self, payload: list[PayloadPiece]) -> None:
        """The stream has ended; append what turns out to be payload."""
        ...


class NoBody:
    """Nothing follows the head."""

    def __init__(self) -> None:
        self.done = True
        self.problem: str | None = None

    def take(self, data: bytes, start: int, payload: list[PayloadPiece]) -> int:
        """Take nothing."""
        return start

    def close(self, payload: list[PayloadPiece]) -> None:
        """Nothing is held back."""


class SizedBody:
    """``Content-Length`` bytes."""

    def __init__(self, length: int) -> None:
        self.left = length
        self.done = length == 0
        self.problem: str | None = None

    def take(self, data: bytes, start: int, payload: list[PayloadPiece]) -> int:
        """Take what is left of the length."""
        stop = min(len(data), start + self.left)
        if stop > start:
            payload.append(_part(data, start, stop))
            self.left -= stop - start
        self.done = self.left == 0
        return stop

    def close(self, payload: list[PayloadPiece]) -> None:
        """Nothing is held back."""


class OpenBody:
    """Everything until the connection ends."""

    def __init__(self, problem: str | None = None) -> None:
        self.done = False
        self.problem = problem

    def take(self, data: bytes, start: int, payload: list[PayloadPiece]) -> int:
        """Take all."""
        if start < len(data):
            payload.append(_part(data, start, len(data)))
        return len(data)

    def close(self, payload: list[PayloadPiece]) -> None:
        """Nothing is held back."""


class _Within(Enum):
    SIZE = auto()
    CHUNK = auto()
    CHUNK_END = auto()
    TRAILERS = auto()
    FAULT = auto()
    PLAIN = auto()


class ChunkedBody:
    """Chunks, extensions and trailers included.

    A body that says chunked and does not begin as chunks is taken as it is: servers, and archives that removed
    the chunks but not the header, hold such. After a later fault nothing more counts as payload.
    """

    def __init__(self) -> None:
        self.done = False
        self.problem: str | None = None
        self.framing_bytes = 0
        """Sizes, extensions, trailers and the ends of chunks: what is no payload."""
        self._within = _Within.SIZE
        self._left = 0
        self._line = bytearray()
        self._first = True

    def take(self, data: bytes, start: int, payload: list[PayloadPiece]) -> int:
        """Take up to the empty line that ends the trailers."""
        at, end = start, len(data)
        while at < end and not self.done:
            if self._within is _Within.CHUNK:
                stop = min(end, at + self._left)
                payload.append(_part(data, at, stop))
                self._left -= stop - at
                at = stop
                if self._left == 0:
                    self._within = _Within.CHUNK_END
            elif self._within is _Within.FAULT:
                self.framing_bytes += end - at
                at = end
            elif self._within is _Within.PLAIN:
                payload.append(_part(data, at, end))
                at = end
            elif (
                self._within is _Within.SIZE and not self._line and (whole := self._take_whole(data, at, payload))
            ):
                at = whole
            else:
                at = self._take_line(data, at, payload)
        return at

    def _take_whole(self, data: bytes, at: int, payload: list[PayloadPiece]) -> int | None:
        """Take a plain chunk that lies in ``data`` whole; returns where it ends, None where there is none."""
        size = PLAIN_SIZE.match(data, at)
        if size is None:
            return None
        begin = size.end()
        stop = begin + int(size[1], 16)
        if stop == begin or data[stop : stop + 2] != b"\r\n":
            return None
        payload.append(_part(data, begin, stop))
        self._first = False
        self.framing_bytes += begin - at + 2
        return stop + 2

    def close(self, payload: list[PayloadPiece]) -> None:
        """Of a body without chunks a last line may be held back."""
        line = bytes(self._line)
        if self._first and line and self._within is _Within.SIZE and not CHUNK_SIZE.match(line):
            self._fault(line, payload)

    def _take_line(self, data: bytes, at: int, payload: list[PayloadPiece]) -> int:
        stop = data.find(b"\n", at, at + MAX_CHUNK_LINE_BYTES) + 1
        whole = stop > 0
        stop = stop if whole else min(len(data), at + MAX_CHUNK_LINE_BYTES)
        self.framing_bytes += stop - at
        self._line += data[at:stop]
        if whole:
            line = bytes(self._line)
            self._line.clear()
            self._read_line(line, payload)
        elif not self._may_go_on():
            self._fault(bytes(self._line), payload)
            self._line.clear()
        return stop

    def _may_go_on(self) -> bool:
        """Whether a line that has not ended yet may still become one."""
        line = self._line
        if self._within is _Within.CHUNK_END:
            return line == b"\r"
        return len(line) < MAX_CHUNK_LINE_BYTES

    def _read_line(self, line: bytes, payload: list[PayloadPiece]) -> None:
        if len(line) > MAX_CHUNK_LINE_BYTES:
            self._fault(line, payload)
        elif self._within is _Within.SIZE:
            match = CHUNK_SIZE.match(line[:-1])
            if match is None:
                self._fault(line, payload)
                return
            self._first = False
            self._left = int(match[1], 16)
            self._within = _Within.CHUNK if self._left else _Within.TRAILERS
        elif line in (b"\r\n", b"\n"):
            if self._within is _Within.TRAILERS:
                self.done = True
            else:
                self._within = _Within.SIZE
        elif self._within is _Within.CHUNK_END:
            self._fault(line, payload)

    def _fault(self, line: bytes, payload: list[PayloadPiece]) -> None:
        if self._within is _Within.CHUNK_END:
            self.problem = "chunked body: expected the end of a chunk, found more bytes"
        elif self._within is _Within.TRAILERS:
            self.problem = f"chunked body: a trailer line over {MAX_CHUNK_LINE_BYTES} bytes"
        else:
            self.problem = f"chunked body: expected a chunk size, found {line[:40]!r}"
        if self._first:
            self._within = _Within.PLAIN
            payload.append(line)
        else:
            self._within = _Within.FAULT


def _part(data: bytes, start: int, stop: int) -> PayloadPiece:
    return data if start == 0 and stop == len(data) else memoryview(data)[start:stop]
