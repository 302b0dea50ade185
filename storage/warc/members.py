"""The bytes of a WARC file, decompressed member by member, with the file offset of every member.

In: a binary stream (gzip, zstd or plain; seeking is not needed). Out: decompressed bytes on demand, in bounded
memory whatever the file claims. A member is one gzip member, one zstd frame, or the whole of a plain file. Raises
``MemberDamage`` with the offset. Sources: RFC 1952; "Zstandard compression for WARC files" (IIPC, 1.0).
"""

from collections.abc import Callable
from typing import Final, Protocol, cast

import zstandard
from isal import igzip_lib, isal_zlib

ISAL_ERROR = cast(type[Exception], igzip_lib.IsalError)  # its stub calls the class an instance
START_BYTES: Final = 1 << 16
"""Read first: who wants one small record by ranges gets no more."""
READ_BYTES: Final = 1 << 18
STEP_BYTES: Final = 1 << 20
WINDOW_BYTES: Final = 1 << 14
"""Given to the inflater at a time: it hands back a copy of what lies behind a member's end."""
ZSTD_STEP_BYTES: Final = 1 << 10
"""A block of 4 bytes can stand for 128 KiB (RFC 8878, section 3.1.1.2): one step gives 32 MiB at most."""
GZIP: Final = b"\x1f\x8b"
ZSTD: Final = b"\x28\xb5\x2f\xfd"
ZSTD_DICTIONARY: Final = b"\x5d\x2a\x4d\x18"
ZSTD_DICTIONARY_LIMIT_BYTES: Final = 16 << 20


class MemberDamage(Exception):
    """The compressed bytes at ``offset`` are not what they should be."""

    def __init__(self, offset: int, expected: str, found: str, *, is_cut: bool = False) -> None:
        super().__init__(f"offset {offset}: expected {expected}, found {found}")
        self.offset = offset
        self.expected = expected
        self.found = found
        self.is_cut = is_cut
        """Whether nothing is wrong but that the file ends here."""


class Stream(Protocol):
    """Whatever gives bytes from front to back."""

    def read(self, most: int, /) -> bytes:
        """Up to ``most`` bytes; empty at the end."""
        ...


class Members(Protocol):
    """Decompressed bytes with their place in the file."""

    compressed: bool
    padding_bytes: int
    """Zero bytes behind the last member, which tapes and disk blocks leave; only where they are allowed."""

    def peek(self) -> memoryview:
        """What lies ready of the present member, not copied; at least one byte unless it has ended."""
        ...

    def skip(self, length: int) -> None:
        """Go behind the first ``length`` bytes of what lies ready."""
        ...

    def next_member(self) -> bool:
        """Go to the next member; False at the end of the file."""
        ...

    def place(self) -> tuple[int, int]:
        """Where the next byte is: offset in the file of its member, decompressed bytes before it in that member.

        In a plain file every byte has an offset of its own, and nothing before it.
        """
        ...

    def position(self) -> int:
        """File offset behind what was read; exact at the end of a member and anywhere in a plain file."""
        ...


def open_members(stream: Stream, base_offset: int = 0, *, may_be_padded: bool = False) -> Members:
    """Tell the compression by the first bytes; ``base_offset`` is where the stream begins in its file."""
    start = stream.read(START_BYTES)
    if start.startswith(GZIP):
        return _Compressed(stream, start, base_offset, _Gzip, _Gzip, may_be_padded=may_be_padded)
    context = zstandard.ZstdDecompressor()
    if start.startswith(ZSTD_DICTIONARY):
        start, base_offset, context = _with_dictionary(stream, start, base_offset)
    elif not start.startswith(ZSTD):
        return _Plain(stream, start, base_offset)
    return _Compressed(stream, start, base_offset, _Zstd, lambda: _Zstd(context), may_be_padded=may_be_padded)


def _with_dictionary(
    stream: Stream, start: bytes, base_offset: int
) -> tuple[bytes, int, zstandard.ZstdDecompressor]:
    """The first, skippable frame holds the dictionary of all others, itself compressed or not."""
    length = int.from_bytes(start[4:8], "little")
    if length > ZSTD_DICTIONARY_LIMIT_BYTES:
        expected = f"a dictionary of at most {ZSTD_DICTIONARY_LIMIT_BYTES} bytes"
        raise MemberDamage(base_offset, expected, f"one of {length} bytes")
    while len(start) < 8 + length and (more := stream.read(READ_BYTES)):
        start += more
    if len(start) < 8 + length:
        expected = f"a dictionary of {length} bytes"
        raise MemberDamage(base_offset, expected, f"{len(start) - 8} bytes", is_cut=True)
    content = start[8 : 8 + length]
    if content.startswith(ZSTD):
        limit = ZSTD_DICTIONARY_LIMIT_BYTES
        try:
            content = zstandard.ZstdDecompressor().decompress(content, max_output_size=limit)
        except zstandard.ZstdError as problem:
            raise MemberDamage(base_offset, "a zstd dictionary", str(problem)) from problem
    context = zstandard.ZstdDecompressor(dict_data=zstandard.ZstdCompressionDict(content))
    return start[8 + length :], base_offset + 8 + length, context


class _Plain:
    compressed = False
    padding_bytes = 0

    def __init__(self, stream: Stream, start: bytes, base_offset: int) -> None:
        self._stream = stream
        self._ready = memoryview(start)
        self._at = base_offset

    def peek(self) -> memoryview:
        if not self._ready:
            self._ready = memoryview(self._stream.read(READ_BYTES))
        return self._ready

    def skip(self, length: int) -> None:
        self._ready = self._ready[length:]
        self._at += length

    def next_member(self) -> bool:
        return False

    def place(self) -> tuple[int, int]:
        return self._at, 0

    def position(self) -> int:
        return self._at


class _Inflater(Protocol):
    ended: bool

    def step(self, raw: memoryview) -> tuple[bytes, memoryview]:
        """Decompress a bounded piece; returns it and the raw bytes that are left."""
        ...


class _Gzip:
    magic = GZIP
    wanted = "a gzip member"

    def __init__(self) -> None:
        self._inner = isal_zlib.decompressobj(31)
        self.ended = False

    def step(self, raw: memoryview) -> tuple[bytes, memoryview]:
        inner = self._inner
        window = raw[:WINDOW_BYTES]
        piece = inner.decompress(window, STEP_BYTES)
        self.ended = inner.eof
        left = len(inner.unused_data if self.ended else inner.unconsumed_tail)
        return piece, raw[len(window) - left :]


class _Zstd:
    magic = ZSTD
    wanted = "a zstd frame"

    def __init__(self, context: zstandard.ZstdDecompressor) -> None:
        self._inner = context.decompressobj()
        self.ended = False

    def step(self, raw: memoryview) -> tuple[bytes, memoryview]:
        piece = self._inner.decompress(raw[:ZSTD_STEP_BYTES])
        self.ended = self._inner.eof
        left = len(self._inner.unused_data) if self.ended else 0
        return piece, raw[min(ZSTD_STEP_BYTES, len(raw)) - left :]


class _Compressed:
    compressed = True

    def __init__(
        self,
        stream: Stream,
        start: bytes,
        base_offset: int,
        codec: type[_Gzip] | type[_Zstd],
        begin: Callable[[], _Inflater],
        *,
        may_be_padded: bool,
    ) -> None:
        self._stream = stream
        self._raw = memoryview(start)
        self._raw_end = base_offset + len(start)
        self._codec = codec
        self._begin = begin
        self._inflater: _Inflater | None = None
        self._ready = memoryview(b"")
        self._offset = base_offset
        self._skipped = 0
        self._may_be_padded = may_be_padded
        self.padding_bytes = 0

    def peek(self) -> memoryview:
        while not self._ready and self._inflater is not None:
            self._inflate(self._inflater)
        return self._ready

    def skip(self, length: int) -> None:
        self._ready = self._ready[length:]
        self._skipped += length

    def place(self) -> tuple[int, int]:
        return self._offset, self._skipped

    def next_member(self) -> bool:
        if not self._raw and not self._more():
            return False
        while len(self._raw) < len(self._codec.magic) and self._more():
            pass
        self._offset, self._skipped = self.position(), 0
        if self._raw[: len(self._codec.magic)] != self._codec.magic:
            if self._may_be_padded and self._raw[0] == 0 and self._rest_is_zeros():
                return False
            raise MemberDamage(self._offset, self._codec.wanted, repr(bytes(self._raw[:16])))
        self._inflater = self._begin()
        return True

    def position(self) -> int:
        return self._raw_end - len(self._raw)

    def _rest_is_zeros(self) -> bool:
        """Whether nothing but zero bytes comes to the end of the file; then they are counted, and read."""
        raw = self._raw
        length = 0
        while not any(raw):
            length += len(raw)
            raw = memoryview(self._stream.read(READ_BYTES))
            if not raw:
                self._raw = raw
                self._raw_end = self._offset + length
                self.padding_bytes = length
                return True
        return False

    def _more(self) -> bool:
        more = self._stream.read(READ_BYTES)
        self._raw = memoryview(bytes(self._raw) + more if self._raw else more)
        self._raw_end += len(more)
        return bool(more)

    def _inflate(self, inflater: _Inflater) -> None:
        at_end = not self._raw and not self._more()
        try:
            piece, self._raw = inflater.step(self._raw)
        except (ISAL_ERROR, zstandard.ZstdError) as problem:
            raise MemberDamage(self._offset, f"{self._codec.wanted} without damage", str(problem)) from problem
        self._ready = memoryview(piece)
        if inflater.ended:
            self._inflater = None
        elif at_end and not piece:
            expected = f"{self._codec.wanted} with its end"
            raise MemberDamage(self._offset, expected, "the end of the file", is_cut=True)
