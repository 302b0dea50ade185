"""Reads WARC and ARC files record by record, strictly: what is damaged is named, nothing is repaired or skipped.

In: a binary stream of a WARC/1.0, WARC/1.1 or ARC file, plain, gzip or zstd, with records in members of their own
(annex D of the standard) or many in one. Out: `RecordHead`s with their place in the file, and blocks as pieces, so
that a record of any size needs little memory. Raises `WarcDamageError` with record, offset, expected and found.
Sources: WARC 1.1 (IIPC), sections 4 and 5, annex D; for ARC see `storage.warc.arc`.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final

from storage.errors import StorageError
from storage.warc.arc import FILE_DESCRIPTION, read_arc_head
from storage.warc.headers import HeadProblem, RecordHead, read_warc_head
from storage.warc.members import MemberDamage, Stream, open_members

HEAD_LIMIT_BYTES: Final = 1 << 20
HEAD_STEP_BYTES: Final = 2 << 10
RECORD_END: Final = b"\r\n\r\n"
END_VIEW: Final = memoryview(RECORD_END)
HEAD_END: Final = re.compile(rb"\r?\n\r?\n")
ARC_START: Final = FILE_DESCRIPTION.encode()

HeadEnd = Callable[[bytes | bytearray, int], tuple[int, int] | None]


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


class WarcReader:
    """Reads one file: ``next_record``, then ``block`` to its end, then ``end_record``, and so on.

    ``within`` skips decompressed bytes of the first member, to read a record that shares it. ``is_arc`` is told by
    the first record, or by the caller who begins in the middle.
    """

    def __init__(
        self, stream: Stream, name: str, *, base_offset: int = 0, within: int = 0, is_arc: bool | None = None
    ) -> None:
        self._name = name
        self._number = 0
        self._offset = base_offset
        self._left = 0
        self._to_skip = within
        self._deferred: MemberDamage | None = None
        self.is_arc = is_arc
        self.unended = 0
        self.shared = 0
        """Records behind which others follow in the same compressed member."""
        self.in_shared_member = False
        """Whether the record that was ended last is one of them."""
        try:
            self._members = open_members(stream, base_offset)
        except MemberDamage as damage:
            raise self._damage(damage.expected, damage.found) from damage

    def next_record(self) -> RecordHead | None:
        """The next record's fields; None at the end of the file."""
        self._number += 1
        try:
            if self._deferred is not None:
                self._offset = self._deferred.offset
                raise self._deferred
            members = self._members
            while not (lying := self._behind_skipped()):
                self._offset = members.position()
                if not members.next_member():
                    return None
            self._offset, within = members.place()
            if self.is_arc is None:
                self.is_arc = bytes(lying[: len(ARC_START)]) == ARC_START
            return self._read_head(within, bytes(lying[:HEAD_STEP_BYTES]))
        except MemberDamage as damage:
            raise self._damage(damage.expected, damage.found) from damage

    def block(self) -> Iterator[memoryview]:
        """The block of the record at hand, in pieces."""
        while self._left:
            piece = self._take(self._left)
            if not piece:
                raise self._damage(f"{self._left} more bytes of the block", "the end of the file")
            self._left -= len(piece)
            yield piece

    def end_record(self) -> int:
        """See that the record ends as it must; returns how many bytes of the file hold it.

        Of a record that shares a compressed member these are the bytes from the member's beginning on. Some
        writers leave out the two line ends where a member already ends the record: nothing is missing then, and
        `unended` counts such records.
        """
        if self._left:
            for _ in self.block():
                pass
        members = self._members
        self.in_shared_member = False
        try:
            lying = members.peek()
            if members.compressed and not lying:
                end_at = members.position()
                if not self._goes_on():
                    self.unended += not self.is_arc
                    return end_at - self._offset
            if self.is_arc:
                while bytes(members.peek()[:1]) in (b"\r", b"\n"):
                    members.skip(1)
            elif lying[: len(RECORD_END)] == END_VIEW:
                members.skip(len(RECORD_END))
            else:
                self._take_record_end()
            self.in_shared_member = members.compressed and bool(members.peek())
            self.shared += self.in_shared_member
        except MemberDamage as damage:
            raise self._damage(damage.expected, damage.found) from damage
        return members.position() - self._offset

    def _goes_on(self) -> bool:
        """Whether the line ends that must follow stand in the next member; damage there is the next record's."""
        try:
            return self._members.next_member() and bytes(self._members.peek()[:1]) == b"\r"
        except MemberDamage as damage:
            self._deferred = damage
            return False

    def _take_record_end(self) -> None:
        end = b""
        while len(end) < len(RECORD_END) and (piece := self._take(len(RECORD_END) - len(end))):
            end += piece
        if end != RECORD_END:
            raise self._damage("two line ends after the block", repr(end) if end else "the end of the file")

    def _behind_skipped(self) -> memoryview:
        """What lies ready of the present member, behind what the caller wanted to skip."""
        lying = self._members.peek()
        while self._to_skip and lying:
            skipped = min(self._to_skip, len(lying))
            self._members.skip(skipped)
            self._to_skip -= skipped
            lying = self._members.peek()
        return lying

    def _take(self, most: int) -> memoryview:
        """A record may go over several members; then the next one is opened."""
        members = self._members
        try:
            lying = members.peek()
            while not lying and members.next_member():
                lying = members.peek()
        except MemberDamage as damage:
            raise self._damage(damage.expected, damage.found) from damage
        piece = lying[:most]
        members.skip(len(piece))
        return piece

    def _read_head(self, within: int, lying: bytes) -> RecordHead:
        head_end = arc_head_end if self.is_arc else warc_head_end
        end = head_end(lying, 0)
        if end is None:
            lines, raw = self._gather_head(head_end)
        else:
            lines, raw = lying[: end[0]], lying[: end[1]]
            self._members.skip(end[1])
        try:
            named = read_arc_head(lines) if self.is_arc else read_warc_head(lines)
        except HeadProblem as problem:
            raise self._damage(problem.expected, problem.found) from problem
        version, fields, firsts, at = named
        self._left = length = int(firsts["content-length"])
        return RecordHead(
            version,
            fields,
            self._number,
            self._offset,
            length,
            within,
            raw,
            firsts,
            firsts["warc-type"].lower(),
            at,
        )

    def _gather_head(self, head_end: HeadEnd) -> tuple[bytes, bytes]:
        """The lines of a head that does not lie in one piece, and the same with what ends it."""
        members = self._members
        content = bytearray()
        while True:
            lying = bytes(members.peek()[:HEAD_STEP_BYTES])
            if not lying:
                if members.next_member():
                    continue
                raise self._damage("a record's fields and an empty line", repr(bytes(content[:40])))
            before = len(content)
            content += lying
            end = head_end(content, max(0, before - 3))
            if end is not None:
                members.skip(end[1] - before)
                return bytes(content[: end[0]]), bytes(content[: end[1]])
            members.skip(len(lying))
            if len(content) > HEAD_LIMIT_BYTES:
                raise self._damage(f"a record's fields within {HEAD_LIMIT_BYTES} bytes", "more")

    def _damage(self, expected: str, found: str) -> WarcDamageError:
        return WarcDamageError(self._name, max(1, self._number), self._offset, expected, found)


def warc_head_end(content: bytes | bytearray, start: int) -> tuple[int, int] | None:
    """Where the lines of a head end and where its empty line does, from ``start`` on; None while neither is there.

    Lines that end in CRLF, as all but broken ones do, are found without a search by pattern.
    """
    at = content.find(b"\r\n\r\n", start)
    if at >= 0 and content.find(b"\n\n", start, at) < 0 and content.find(b"\n\r\n", start, at + 2) < 0:
        return at, at + 4
    found = HEAD_END.search(content, start)
    return None if found is None else found.span()


def arc_head_end(content: bytes | bytearray, start: int) -> tuple[int, int] | None:
    """The same for the one line of an ARC record."""
    at = content.find(b"\n", start)
    return None if at < 0 else (at, at + 1)
