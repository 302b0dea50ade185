"""Reads WARC and ARC files record by record, strictly: what is damaged is named, nothing is repaired or skipped.

In: a binary stream of a WARC/1.0, WARC/1.1 or ARC file, plain, gzip or zstd, with records in members of their own
(annex D of the standard) or many in one. Out: `RecordHead`s with their place in the file, and blocks as pieces, so
that a record of any size needs little memory. Raises `WarcDamageError` with record, offset, expected and found.
Sources: WARC 1.1 (IIPC), sections 4 and 5, annex D; for ARC see `storage.arc_head`.
"""

import re
from collections.abc import Iterator
from typing import Final

from storage.arc_head import FILE_DESCRIPTION, read_arc_head
from storage.errors import StorageError
from storage.warc_head import HeadProblem, RecordHead, first_values, read_warc_head
from storage.warc_members import MemberDamage, Stream, open_members

HEAD_LIMIT_BYTES: Final = 1 << 20
HEAD_STEP_BYTES: Final = 4 << 10
RECORD_END: Final = b"\r\n\r\n"
HEAD_END: Final = re.compile(rb"\r?\n\r?\n")
ARC_HEAD_END: Final = re.compile(rb"\n")
ARC_START: Final = FILE_DESCRIPTION.encode()


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
            self._skip()
            while not self._members.peek(1):
                self._offset = self._members.position()
                if not self._members.next_member():
                    return None
                self._skip()
            self._offset, within = self._members.place()
            if self.is_arc is None:
                self.is_arc = self._members.peek(len(ARC_START)) == ARC_START
            return self._read_head(within)
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
        """See that the record ends as it must; returns how many bytes of the file hold it.

        Of a record that shares a compressed member these are the bytes from the member's beginning on. Some
        writers leave out the two line ends where a member already ends the record: nothing is missing then, and
        `unended` counts such records.
        """
        for _ in self.block():
            pass
        self.in_shared_member = False
        try:
            if self._members.compressed and not self._members.peek(1):
                end_at = self._members.position()
                if not self._goes_on():
                    self.unended += not self.is_arc
                    return end_at - self._offset
            if self.is_arc:
                while self._members.peek(1) in (b"\r", b"\n"):
                    self._members.read(1)
            else:
                self._read_record_end()
            self.in_shared_member = self._members.compressed and bool(self._members.peek(1))
            self.shared += self.in_shared_member
        except MemberDamage as damage:
            raise self._damage(damage.expected, damage.found) from damage
        return self._members.position() - self._offset

    def _goes_on(self) -> bool:
        """Whether the line ends that must follow stand in the next member; damage there is the next record's."""
        try:
            return self._members.next_member() and self._members.peek(1) == b"\r"
        except MemberDamage as damage:
            self._deferred = damage
            return False

    def _read_record_end(self) -> None:
        end = b""
        while len(end) < len(RECORD_END) and (piece := self._read(len(RECORD_END) - len(end))):
            end += piece
        if end != RECORD_END:
            raise self._damage("two line ends after the block", repr(end) if end else "the end of the file")

    def _skip(self) -> None:
        while self._to_skip and (piece := self._members.read(min(self._to_skip, HEAD_LIMIT_BYTES))):
            self._to_skip -= len(piece)

    def _read(self, most: int) -> bytes:
        """A record may go over several members; then the next one is opened."""
        try:
            piece = self._members.read(most)
            while not piece and self._members.next_member():
                piece = self._members.read(most)
            return piece
        except MemberDamage as damage:
            raise self._damage(damage.expected, damage.found) from damage

    def _read_head(self, within: int) -> RecordHead:
        content = bytearray()
        head_end = ARC_HEAD_END if self.is_arc else HEAD_END
        end = None
        while end is None:
            lying = self._members.peek(HEAD_STEP_BYTES)
            if not lying:
                if self._members.next_member():
                    continue
                raise self._damage("a record's fields and an empty line", repr(bytes(content[:40])))
            before = len(content)
            content += lying
            end = head_end.search(content, max(0, before - 3))
            taken = len(lying) if end is None else end.end() - before
            self._members.read(taken)
            if end is None and len(content) > HEAD_LIMIT_BYTES:
                raise self._damage(f"a record's fields within {HEAD_LIMIT_BYTES} bytes", "more")
        lines = bytes(content[: end.start()])
        try:
            version, fields = read_arc_head(lines) if self.is_arc else read_warc_head(lines)
        except HeadProblem as problem:
            raise self._damage(problem.expected, problem.found) from problem
        firsts = first_values(fields)
        self._left = int(firsts.get("content-length") or 0)
        raw = bytes(content[: end.end()])
        return RecordHead(version, fields, self._number, self._offset, self._left, within, raw, firsts)

    def _damage(self, expected: str, found: str) -> WarcDamageError:
        return WarcDamageError(self._name, self._number, self._offset, expected, found)
