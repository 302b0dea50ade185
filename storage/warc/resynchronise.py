"""Finds the next record of a damaged file of which it is certain that it is one.

In: a file that seeks, and the damage. Out: where to read on, or None where nothing certain follows. Nothing is
repaired. What makes a place certain: a compressed member begins there because the one before it has ended, or its
own check sum holds; or a whole head stands there, its block has the length that it names, and what must end a
record does, and behind that comes the next record or the end. What a damaged record holds may be an archive
itself; then only records that name the ``warcinfo`` of this file are its own. Sources: RFC 1952; WARC 1.1.
"""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

import zstandard

from storage.warc.headers import bare_uri
from storage.warc.index import IndexPart, read_part
from storage.warc.members import GZIP, ZSTD, ZSTD_DICTIONARY
from storage.warc.reader import WarcDamageError, WarcReader, warc_head_end

CHUNK_BYTES: Final = 1 << 18
HEAD_BYTES: Final = 1 << 16
"""More than the heads of records have; one that is longer is not found again."""
RECORD_HEAD: Final = re.compile(rb"WARC/(?:0\.1[78]|1\.[01])\r?\n")
ARC_HEAD: Final = re.compile(rb"(?<=\n)[a-z]{3,12}://[^ \n]* [^ \n]+ \d{14} [^ \n]+ [^\n]*?\d+\r?\n")
GZIP_MEMBER: Final = re.compile(re.escape(GZIP) + rb"\x08[\x00-\x1f]", re.DOTALL)
ZSTD_FRAME: Final = re.compile(re.escape(ZSTD))
LONGEST_MATCH_BYTES: Final = 4 << 10
DECLARED_LENGTH: Final = re.compile(rb"^Content-Length:[ \t]*(\d{1,19})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
CHECKED_TIMES: Final = 20
CHECKED_AT_LEAST_BYTES: Final = 64 << 20
"""So much is read at most to see whether places are certain: heads that lie about lengths cost no more."""
NEAR_BYTES: Final = 16
"""So far off are the lengths that writers get wrong: a line end, a byte order mark, a byte counted twice."""
ARCHIVE: Final = re.compile(rb"WARC/\d|filedesc://|PK\x03\x04|\x1f\x8b\x08|\x28\xb5\x2f\xfd")
ARCHIVE_TYPE: Final = re.compile(
    rb"^Content-Type:[ \t]*application/(?:warc|gzip|x-gzip|zip|zstd|x-tar)", re.IGNORECASE | re.MULTILINE
)
CONTENT_CODING: Final = re.compile(rb"^Content-Encoding:", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Place:
    """A byte of a file: the offset of its compressed member, and the decompressed bytes before it there."""

    offset: int
    within: int = 0


class DamagedFile:
    """A file that seeks, what is known of it, and how to read it from a place on.

    It lies from ``begin`` to ``end`` in ``file``, whose offsets all places are: a WARC file in a WACZ does not
    begin at 0. ``warcinfo_id`` is what its first ``warcinfo`` is called, None where that is not known.
    """

    def __init__(
        self, file: BinaryIO, name: str, begin: int, end: int, *, is_arc: bool, warcinfo_id: str | None
    ) -> None:
        self.file = file
        self.name = name
        self.begin = begin
        self.end = end
        self.is_arc = is_arc
        self.warcinfo_id = warcinfo_id
        self.checks_left_bytes = CHECKED_TIMES * (end - begin) + CHECKED_AT_LEAST_BYTES
        start = self.read(begin, 8)
        self.magic = GZIP_MEMBER if start.startswith(GZIP) else None
        """What a compressed member begins with; None of a plain file."""
        self.dictionary = b""
        """The frame before all others in some zstd files."""
        if start.startswith((ZSTD, ZSTD_DICTIONARY)):
            self.magic = ZSTD_FRAME
        if start.startswith(ZSTD_DICTIONARY):
            self.dictionary = self.read(begin, 8 + int.from_bytes(start[4:8], "little"))

    def read(self, offset: int, length: int) -> bytes:
        """So many bytes from there, or what the file has."""
        self.file.seek(offset)
        return self.file.read(max(0, min(length, self.end - offset)))

    def reader_at(self, place: Place) -> WarcReader:
        """A tolerant reader whose next record begins there."""
        before = self.dictionary if place.offset > self.begin else b""
        return WarcReader(
            _FromPlace(before, self, place.offset),
            self.name,
            base_offset=place.offset - len(before),
            within=place.within,
            is_arc=self.is_arc,
            is_tolerant=True,
        )

    def pieces(self, offset: int) -> Iterator[bytes]:
        """The raw bytes from there on."""
        while piece := self.read(offset, CHUNK_BYTES):
            offset += len(piece)
            yield piece


def next_record(damaged: DamagedFile, damage: WarcDamageError) -> Place | None:
    """Where to read on behind the damage."""
    place = Place(damage.offset, damage.within)
    magic = damaged.magic
    if magic is None:
        return _next_in(damaged, place, damaged.pieces(place.offset), is_plain=True)
    if damage.bad_member is not None and damage.bad_member > place.offset:
        place = Place(damage.bad_member)  # the record began in a member before it
    member = _Member(damaged, place.offset)
    found = _next_in(damaged, place, member.pieces(behind=place.within), is_plain=False)
    while found is None:
        following: int | None = member.end
        if not member.ended or not _is_magic(damaged, magic, member.end):
            # it went on into what follows: its end says nothing, unless its own check sum holds
            start = member.end if member.is_whole() else member.offset + 1
            following = _next_member(damaged, magic, start, _holds_archive(damaged, place))
        if following is None:
            return None
        place = Place(following)
        if _begins_record(damaged, place):
            return place
        member = _Member(damaged, following)
        found = _next_in(damaged, place, member.pieces(), is_plain=False)
    return found


def _next_in(damaged: DamagedFile, bad: Place, pieces: Iterator[bytes], *, is_plain: bool) -> Place | None:
    """The first certain record among decompressed bytes, which begin at the bad record."""
    head = ARC_HEAD if damaged.is_arc else RECORD_HEAD
    start = bad.offset if is_plain else bad.within
    declared_end: int | None = None
    is_archive = False
    window, begins = b"", start
    for piece in pieces:
        if begins == start and len(window) < HEAD_BYTES:
            declared_end, is_archive = _expected_of(window + piece, start)
        window += piece
        for match in head.finditer(window):
            at = begins + match.start()
            if at <= start:
                continue
            place = Place(at) if is_plain else Place(bad.offset, at)
            is_near = declared_end is not None and abs(at - declared_end) <= NEAR_BYTES
            if is_near and _begins_record(damaged, place):
                return place
            if _is_certain(damaged, place, is_archive=is_archive):
                return place
        kept = min(len(window), LONGEST_MATCH_BYTES)
        if len(window) > HEAD_BYTES:
            begins += len(window) - kept
            window = window[-kept:]
    return None


def _expected_of(content: bytes, start: int) -> tuple[int | None, bool]:
    """Where the bad record says that it ends, line ends included, and whether it may hold an archive."""
    end = warc_head_end(content, 0)
    if end is None:
        return None, False
    if not RECORD_HEAD.match(content):
        return None, _looks_like_archive(content[end[1] :])
    lengths = DECLARED_LENGTH.findall(content, 0, end[0])
    if len(lengths) != 1:
        return None, _looks_like_archive(content[end[1] :])
    length = int(lengths[0])
    return start + end[1] + length + 4, _looks_like_archive(content[end[1] : end[1] + length])


def _looks_like_archive(block: bytes) -> bool:
    """Whether a block, or the body of the message in it, begins like an archive or is said to be one.

    A page whose content is compressed for the way begins like one, too, and says so.
    """
    at = block.find(b"\r\n\r\n", 0, CHUNK_BYTES)
    if at < 0 or not block.startswith(b"HTTP/"):
        return ARCHIVE.match(block) is not None or block[257:262] == b"ustar"
    head, body = block[:at], block[at + 4 :]
    if ARCHIVE_TYPE.search(head):
        return True
    return not CONTENT_CODING.search(head) and (ARCHIVE.match(body) is not None or body[257:262] == b"ustar")


def _is_certain(damaged: DamagedFile, place: Place, *, is_archive: bool) -> bool:
    """Whether a whole record stands there that agrees with itself, and behind it another, or the end."""
    try:
        head = damaged.reader_at(place).next_record()
        if head is None or head.block_length > damaged.checks_left_bytes:
            return False
        if damaged.magic is None and head.block_length > damaged.end - place.offset:
            return False
        damaged.checks_left_bytes -= place.within + head.block_length
        if is_archive and bare_uri(head.value("WARC-Warcinfo-ID") or "-") != damaged.warcinfo_id:
            return False
        reader = damaged.reader_at(place)
        read_part(IndexPart(), reader, damaged.name, 1)
        return reader.is_at_record()
    except WarcDamageError:
        return False


def _begins_record(damaged: DamagedFile, place: Place) -> bool:
    """Whether a whole head stands there, whatever follows it."""
    try:
        head = damaged.reader_at(place).next_record()
    except WarcDamageError:
        return False
    return head is not None and (head.offset, head.within) == (place.offset, place.within)


def _holds_archive(damaged: DamagedFile, place: Place) -> bool:
    """Whether what can still be read of the record at a place begins like an archive."""
    content = b""
    for piece in _Member(damaged, place.offset).pieces(behind=place.within):
        content += piece
        if len(content) >= HEAD_BYTES:
            break
    return _expected_of(content, 0)[1]


def _is_magic(damaged: DamagedFile, magic: re.Pattern[bytes], offset: int) -> bool:
    return magic.match(damaged.read(offset, 8)) is not None


def _next_member(damaged: DamagedFile, magic: re.Pattern[bytes], start: int, is_archive: bool) -> int | None:
    """The first member from there on that begins a record, or that is whole.

    Behind a record that may hold an archive, only one whose record names this file's warcinfo.
    """
    window, begins = b"", start
    for piece in damaged.pieces(start):
        window += piece
        for match in magic.finditer(window):
            offset = begins + match.start()
            if is_archive:
                if _is_certain(damaged, Place(offset), is_archive=True):
                    return offset
            elif _begins_record(damaged, Place(offset)) or _Member(damaged, offset).is_whole():
                return offset
        kept = min(len(window), 8)
        begins += len(window) - kept
        window = window[-kept:]
    return None


class _Member:
    """One compressed member, decompressed as far as its bytes go, whatever its check sum says.

    ``ended`` tells, once the pieces were read, whether it came to its end, which is then at ``end`` in the file.
    """

    def __init__(self, damaged: DamagedFile, offset: int) -> None:
        self._damaged = damaged
        self.offset = offset
        self.ended = False
        self.end = offset
        self._sum_holds = True

    def is_whole(self) -> bool:
        """Whether it comes to its end, is not empty, and its own check sum holds."""
        length = sum(map(len, self.pieces()))
        return self.ended and self._sum_holds and length > 0

    def pieces(self, behind: int = 0) -> Iterator[bytes]:
        """The decompressed bytes, without the first ``behind``."""
        self.ended = False
        inflated = self._frame() if self._damaged.magic is ZSTD_FRAME else self._gzip()
        for piece in inflated:
            skipped = min(behind, len(piece))
            behind -= skipped
            if skipped < len(piece):
                yield piece[skipped:]

    def _gzip(self) -> Iterator[bytes]:
        header = _gzip_header(self._damaged.read(self.offset, HEAD_BYTES))
        if header is None:
            return
        inner = zlib.decompressobj(-zlib.MAX_WBITS)
        checksum, length, at = 0, 0, self.offset + header
        for piece in self._damaged.pieces(at):
            at += len(piece)
            while piece:
                try:
                    inflated = inner.decompress(piece, CHUNK_BYTES)
                except zlib.error:
                    return
                checksum, length = zlib.crc32(inflated, checksum), length + len(inflated)
                yield inflated
                if inner.eof:
                    trailer_at = at - len(inner.unused_data)
                    trailer = self._damaged.read(trailer_at, 8)
                    stated = checksum.to_bytes(4, "little") + (length & 0xFFFFFFFF).to_bytes(4, "little")
                    self._sum_holds = trailer == stated
                    self.ended, self.end = True, min(trailer_at + 8, self._damaged.end)
                    return
                piece = inner.unconsumed_tail

    def _frame(self) -> Iterator[bytes]:
        dictionary = self._damaged.dictionary
        content = dictionary[8:]
        if content.startswith(ZSTD):
            content = zstandard.ZstdDecompressor().decompress(content, max_output_size=16 << 20)
        given = zstandard.ZstdCompressionDict(content) if dictionary else None
        inner = zstandard.ZstdDecompressor(dict_data=given).decompressobj()
        at = self.offset
        for piece in self._damaged.pieces(at):
            for start in range(0, len(piece), 1 << 10):
                part = piece[start : start + (1 << 10)]
                try:
                    inflated = inner.decompress(part)
                except zstandard.ZstdError:
                    return
                yield inflated
                if inner.eof:
                    self.ended, self.end = True, at + start + len(part) - len(inner.unused_data)
                    return
            at += len(piece)


def _gzip_header(content: bytes) -> int | None:
    """How long the header of a member is; None where it is none. Source: RFC 1952, section 2.3."""
    if not GZIP_MEMBER.match(content) or len(content) < 10:
        return None
    flags, at = content[3], 10
    if flags & 4:
        at += 2 + int.from_bytes(content[at : at + 2], "little")
    for flag in (8, 16):
        if flags & flag:
            at = content.find(b"\x00", at) + 1
            if at == 0:
                return None
    return at + (2 if flags & 2 else 0)


class _FromPlace:
    """Some bytes, and behind them a file from a place on."""

    def __init__(self, before: bytes, damaged: DamagedFile, offset: int) -> None:
        self._before = before
        self._damaged = damaged
        self._at = offset

    def read(self, most: int, /) -> bytes:
        """Up to ``most`` bytes; empty at the end."""
        piece, self._before = self._before[:most], self._before[most:]
        if not piece:
            piece = self._damaged.read(self._at, most)
            self._at += len(piece)
        return piece
