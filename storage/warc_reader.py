"""Reads WARC files record by record, strictly: what is damaged is named, nothing is repaired or skipped.

In: a binary stream of a WARC/1.0 or 1.1 file, plain, gzip or zstd. Out: `RecordHead`s with their place in the
file, and blocks as pieces, so that a record of any size needs little memory. Raises `WarcDamageError` with record,
offset, expected and found. Sources: WARC 1.1 (IIPC), sections 4 and 5, annex D: one record in each gzip member.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from storage.errors import StorageError
from storage.warc_members import MemberDamage, Stream, open_members

HEAD_LIMIT_BYTES: Final = 1 << 20
VERSIONS: Final = ("WARC/1.0", "WARC/1.1")
REQUIRED: Final = ("WARC-Record-ID", "WARC-Type", "WARC-Date", "Content-Length")
RECORD_END: Final = b"\r\n\r\n"
HEAD_END: Final = re.compile(rb"\r?\n\r?\n")
DATE: Final = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?Z)?)?)?", re.IGNORECASE
)


class WarcDamageError(StorageError):
    """A WARC file is not what the standard says; keep it, and ask whoever made it for a whole one.

    ``record`` counts from 1; ``offset`` is where that record begins in the file.
    """

    def __init__(self, name: str, record: int, offset: int, expected: str, found: str) -> None:
        super().__init__(
            f"WARC file {name}, record {record} at offset {offset}: expected {expected}, found {found}. "
            "Nothing of the file was stored and it was not changed; keep it, and get a whole copy from its source."
        )
        self.name = name
        self.record = record
        self.offset = offset
        self.expected = expected
        self.found = found


@dataclass(frozen=True, slots=True)
class RecordHead:
    """The named fields of one record, in order, and where the record begins."""

    version: str
    fields: tuple[tuple[str, str], ...]
    number: int
    offset: int
    block_length: int

    def value(self, name: str) -> str | None:
        """The first value of a field, whatever the case of its name; None where it is absent."""
        wanted = name.lower()
        return next((value for found, value in self.fields if found.lower() == wanted), None)

    @property
    def record_type(self) -> str:
        """``response``, ``request`` ..."""
        return (self.value("WARC-Type") or "").lower()

    @property
    def record_id(self) -> str:
        """WARC-Record-ID without its angle brackets."""
        return bare_uri(self.value("WARC-Record-ID") or "")

    @property
    def at(self) -> datetime:
        """WARC-Date, aware UTC, cut to microseconds."""
        return warc_time(self.value("WARC-Date") or "")

    @property
    def url(self) -> str | None:
        """WARC-Target-URI; old tools put it in angle brackets."""
        value = self.value("WARC-Target-URI")
        return None if value is None else bare_uri(value)


def bare_uri(value: str) -> str:
    """A URI without angle brackets."""
    return value[1:-1] if value.startswith("<") and value.endswith(">") else value


def warc_time(value: str) -> datetime:
    """A WARC date; 1.1 allows parts to be missing from the right: then it is the earliest moment it can mean.

    Raises ``ValueError``.
    """
    match = DATE.fullmatch(value)
    if match is None:
        raise ValueError(f"expected a date like 2026-11-23T20:15:00Z, found {value!r}")
    year, month, day, hour, minute, second, fraction = match.groups()
    microsecond = int((fraction or "0")[:6].ljust(6, "0"))
    date = (int(year), int(month or 1), int(day or 1))
    return datetime(*date, int(hour or 0), int(minute or 0), int(second or 0), microsecond, tzinfo=UTC)


class WarcReader:
    """Reads one file: ``next_record``, then ``block`` to its end, then ``end_record``, and so on."""

    def __init__(self, stream: Stream, name: str, *, base_offset: int = 0) -> None:
        self._name = name
        self._number = 0
        self._offset = base_offset
        self._left = 0
        self.unended = 0
        try:
            self._members = open_members(stream, base_offset)
        except MemberDamage as damage:
            raise self._damage(damage.expected, damage.found) from damage

    def next_record(self) -> RecordHead | None:
        """The next record's fields; None at the end of the file."""
        try:
            if self._members.each_record_a_member or self._number == 0:
                self._number += 1
                self._offset = self._members.position()
                if not self._members.next_member():
                    return None
                self._offset = self._members.offset
            else:
                self._number += 1
                self._offset = self._members.position()
                if not self._members.peek():
                    return None
            return self._read_head()
        except MemberDamage as damage:
            raise self._damage(damage.expected, damage.found) from damage

    def block(self) -> Iterator[bytes]:
        """The block of the record at hand, in pieces."""
        while self._left:
            piece = self._read(self._left)
            if not piece:
                raise self._damage(f"{self._left} more bytes of the block", "the end of the file")
            self._left -= len(piece)
            yield piece

    def end_record(self) -> int:
        """See that the record ends as it must; returns its length in the file, in bytes.

        Some writers leave out the two line ends where a compressed member already ends the record: nothing is
        missing then, and `unended` counts such records.
        """
        for _ in self.block():
            pass
        try:
            if self._members.each_record_a_member and not self._members.peek():
                self.unended += 1
                return self._members.position() - self._offset
            end = b""
            while len(end) < len(RECORD_END) and (piece := self._members.read(len(RECORD_END) - len(end))):
                end += piece
            if end != RECORD_END:
                raise self._damage("two line ends after the block", repr(end) if end else "the end of the file")
            if self._members.each_record_a_member and (more := self._members.peek()):
                raise self._damage("one record in each compressed member", f"more: {more[:16]!r}")
        except MemberDamage as damage:
            raise self._damage(damage.expected, damage.found) from damage
        return self._members.position() - self._offset

    def _read(self, most: int) -> bytes:
        """A record may go over several members; then the next one is opened."""
        try:
            piece = self._members.read(most)
            if not piece and self._members.each_record_a_member and self._members.next_member():
                piece = self._members.read(most)
            return piece
        except MemberDamage as damage:
            raise self._damage(damage.expected, damage.found) from damage

    def _read_head(self) -> RecordHead:
        content = bytearray()
        end = None
        while end is None:
            lying = self._members.peek()
            if not lying:
                raise self._damage("a record's fields and an empty line", repr(bytes(content[:40])))
            before = len(content)
            content += lying
            end = HEAD_END.search(content, max(0, before - 3))
            taken = len(lying) if end is None else end.end() - before
            self._members.read(taken)
            if end is None and len(content) > HEAD_LIMIT_BYTES:
                raise self._damage(f"a record's fields within {HEAD_LIMIT_BYTES} bytes", "more")
        return self._parse(bytes(content[: end.start()]))

    def _parse(self, content: bytes) -> RecordHead:
        first, *lines = content.split(b"\n")
        version = _text(first.rstrip(b"\r"))
        if version.upper() not in VERSIONS:
            raise self._damage(" or ".join(VERSIONS), repr(version[:40]))
        fields: list[tuple[str, str]] = []
        for line in lines:
            if line[:1] in (b" ", b"\t") and fields:
                name, value = fields[-1]
                fields[-1] = (name, f"{value} {_text(line).strip()}")
                continue
            raw_name, colon, raw_value = line.partition(b":")
            if not colon or b"\x00" in line:
                raise self._damage("a field as name and value", repr(line[:40]))
            fields.append((_text(raw_name).strip(), _text(raw_value).strip()))
        head = RecordHead(version, tuple(fields), self._number, self._offset, 0)
        missing = [name for name in REQUIRED if not head.value(name)]
        if missing:
            raise self._damage(f"the field {missing[0]}", "none")
        length = head.value("Content-Length") or ""
        if not (length.isascii() and length.isdecimal()):
            raise self._damage("a Content-Length in digits", repr(length))
        try:
            warc_time(head.value("WARC-Date") or "")
        except ValueError as problem:
            raise self._damage("a WARC-Date", str(problem)) from problem
        self._left = int(length)
        return RecordHead(version, tuple(fields), self._number, self._offset, self._left)

    def _damage(self, expected: str, found: str) -> WarcDamageError:
        return WarcDamageError(self._name, self._number, self._offset, expected, found)


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
