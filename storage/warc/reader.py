"""Reads WARC and ARC files record by record: what is damaged is named, nothing is repaired or skipped.

In: a binary stream of a WARC/1.0, WARC/1.1 or ARC file, plain, gzip or zstd, with records in members of their own
(annex D of the standard) or many in one. Out: `RecordHead`s with their place in the file, and blocks as pieces, so
that a record of any size needs little memory. Raises `WarcDamageError` with record, offset, expected and found.
A tolerant reader takes what writers are known to add or leave out where no byte of a block is in doubt; who reads
files of our own is strict. `storage.warc.resynchronise` finds the next record behind damage.
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
LINE_ENDS: Final = b"\r\n"
LINE_END_VIEWS: Final = (memoryview(b"\r"), memoryview(b"\n"))
LONGEST_END_BYTES: Final = 20
ODD_ENDS: Final = (b"\n\n", b"\r\n", b"\n", b"")
"""What stands for the two line ends in files that were written, or copied, on systems of other habits."""
HEAD_END: Final = re.compile(rb"\r?\n\r?\n")
RECORD_START: Final = b"WARC/"
START_VIEW: Final = memoryview(RECORD_START)
BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
ARC_START: Final = FILE_DESCRIPTION.encode()

HeadEnd = Callable[[bytes | bytearray, int], tuple[int, int] | None]


class WarcDamageError(StorageError):
    """A WARC file is not what the standard says; keep it, and ask whoever made it for a whole one.

    ``record`` counts from 1; ``offset`` is where that record begins in the file, ``within`` how many decompressed
    bytes of its member come before it there.
    """

    def __init__(
        self,
        name: str,
        record: int,
        offset: int,
        expected: str,
        found: str,
        *,
        within: int = 0,
        is_cut: bool = False,
        bad_member: int | None = None,
    ) -> None:
        super().__init__(
            f"WARC file {name}, record {record} at offset {offset}: expected {expected}, found {found}. "
            "Nothing of the file was stored and it was not changed; keep it, and get a whole copy from its source."
        )
        self.name = name
        self.record = record
        self.offset = offset
        self.expected = expected
        self.found = found
        self.within = within
        self.is_cut = is_cut
        """Whether nothing is wrong but that the file ends here."""
        self.bad_member = bad_member
        """Where the compressed member begins whose bytes do not agree with each other; None where none does."""


class WarcReader:
    """Reads one file: ``next_record``, then ``block`` to its end, then ``end_record``, and so on.

    ``within`` skips decompressed bytes of the first member, to read a record that shares it. ``is_arc`` is told by
    the first record, or by the caller who begins in the middle. ``is_tolerant``: see above.
    """

    def __init__(
        self,
        stream: Stream,
        name: str,
        *,
        base_offset: int = 0,
        within: int = 0,
        is_arc: bool | None = None,
        is_tolerant: bool = False,
    ) -> None:
        self._name = name
        self._number = 0
        self._offset = base_offset
        self._within = within
        self._is_tolerant = is_tolerant
        self._lines_end_in_lf = False
        self._left = 0
        self._to_skip = within
        self._deferred: MemberDamage | None = None
        self.is_arc = is_arc
        self.unended = 0
        self.shared = 0
        """Records behind which others follow in the same compressed member."""
        self.in_shared_member = False
        """Whether the record that was ended last is one of them."""
        self.odd_end: bytes | None = None
        """What ended the last record instead of the two line ends, where that proves less than they do."""
        self.next_offset = base_offset
        """Where the record behind the one that was ended begins; its member, if that holds both."""
        self.odd_ends = 0
        self.odd_starts = 0
        """Records with line ends or a byte order mark before them."""
        self.padding_bytes = 0
        try:
            self._members = open_members(stream, base_offset, may_be_padded=is_tolerant)
        except MemberDamage as damage:
            raise self._member_damage(damage) from damage

    def next_record(self) -> RecordHead | None:
        """The next record's fields; None at the end of the file."""
        self._number += 1
        try:
            if self._deferred is not None:
                self._offset, self._within = self._deferred.offset, 0
                raise self._deferred
            members = self._members
            while True:
                while not (lying := self._behind_skipped()):
                    self._offset, self._within = members.position(), 0
                    if not members.next_member():
                        self.padding_bytes += members.padding_bytes
                        return None
                self._offset, self._within = members.place()
                if not self._is_tolerant or lying[: len(RECORD_START)] == START_VIEW:
                    break
                if not self._skip_what_is_no_head():
                    break
            if self.is_arc is None:
                self.is_arc = bytes(lying[: len(ARC_START)]) == ARC_START
            return self._read_head(self._within, bytes(lying[:HEAD_STEP_BYTES]))
        except MemberDamage as damage:
            raise self._member_damage(damage) from damage

    def block(self) -> Iterator[memoryview]:
        """The block of the record at hand, in pieces."""
        while self._left:
            piece = self._take(self._left)
            if not piece:
                is_cut = not self._members.compressed  # else its last member is whole
                raise self._damage(f"{self._left} more bytes of the block", "the end of the file", is_cut=is_cut)
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
        self.in_shared_member = False
        self.odd_end = None
        try:
            end_at = self._take_end()
        except MemberDamage as damage:
            raise self._member_damage(damage) from damage
        self.next_offset = self._offset if self.in_shared_member else end_at
        return end_at - self._offset

    def _take_end(self) -> int:
        """Go behind what ends a record; returns where in the file that is."""
        members = self._members
        lying = members.peek()
        if members.compressed and not lying:
            end_at = members.position()
            if not self._goes_on():
                self.unended += not self.is_arc
                self.odd_end = None if self.is_arc else b""
                return end_at
        if self.is_arc:
            while bytes(members.peek()[:1]) in (b"\r", b"\n"):
                members.skip(1)
        elif lying[: len(RECORD_END)] == END_VIEW:
            members.skip(len(RECORD_END))
            if self._is_tolerant and members.peek()[:1] in LINE_END_VIEWS:
                self._take_more_line_ends()
        else:
            end_at = self._take_record_end()
            if members.position() != end_at:  # looked for line ends in the next member, and there are none
                return end_at
        self.in_shared_member = members.compressed and bool(members.peek())
        self.shared += self.in_shared_member
        return members.position()

    def _take_more_line_ends(self) -> None:
        """More than two of them: some of them may be the block's, whose length is then too short."""
        end = RECORD_END
        while bytes(self._members.peek()[:1]) in (b"\r", b"\n"):
            end += bytes(self._members.peek()[:1])
            self._members.skip(1)
        self._note_odd_end(end[:LONGEST_END_BYTES])

    def is_at_record(self) -> bool:
        """Whether a record, or the end of member or file, lies behind the record that was ended."""
        try:
            lying = bytes(self._members.peek()[: len(RECORD_START)])
        except MemberDamage:
            return False
        if self.is_arc or not lying:
            return True
        return RECORD_START.startswith(lying) or not any(self._members.peek())

    def _goes_on(self) -> bool:
        """Whether the line ends that must follow stand in the next member."""
        return self._opens_next_member() and bytes(self._members.peek()[:1]) == b"\r"

    def _opens_next_member(self) -> bool:
        """Whether another member follows; damage there is the next record's."""
        try:
            if not self._members.next_member():
                return False
            self._members.peek()  # an end of its own may be damaged
        except MemberDamage as damage:
            self._deferred = damage
            return False
        return True

    def _take_record_end(self) -> int:
        """Go behind the line ends; returns where in the file the record ends."""
        members = self._members
        end, behind = b"", b""
        end_at: int | None = None
        while len(end) < len(RECORD_END) and not behind:
            lying = bytes(members.peek()[: len(RECORD_END) - len(end)])
            if not lying:
                end_at = members.position()
                if not self._opens_next_member():
                    break
                continue
            behind = lying.lstrip(LINE_ENDS)
            line_ends = lying[: len(lying) - len(behind)]
            if line_ends:
                members.skip(len(line_ends))
                end, end_at = end + line_ends, None
        if end != RECORD_END:
            if not (self._is_tolerant and end in ODD_ENDS and self.is_at_record()):
                found = repr(end + behind) if end or behind else "the end of the file"
                is_cut = not behind and RECORD_END.startswith(end) and not members.compressed
                raise self._damage("two line ends after the block", found, is_cut=is_cut)
            self._note_odd_end(end)
        return members.position() if end_at is None else end_at

    def _note_odd_end(self, end: bytes) -> None:
        """Where a head's own lines end in LF, two of them end its record as well as two CRLF end another."""
        self.odd_ends += 1
        self.odd_end = None if end == b"\n\n" and self._lines_end_in_lf else end

    def _skip_what_is_no_head(self) -> bool:
        """Go behind line ends, a byte order mark or zeros to the end; False where none of it lies here."""
        members = self._members
        lying = bytes(members.peek()[:HEAD_STEP_BYTES])
        if self._number == 1 and self.is_arc is None and lying.startswith(BYTE_ORDER_MARK):
            ahead = len(BYTE_ORDER_MARK)
        else:
            ahead = len(lying) - len(lying.lstrip(LINE_ENDS))
        if ahead:
            self.odd_starts += 1
            members.skip(ahead)
            return True
        if members.compressed or any(members.peek()):
            return False
        while (zeros := members.peek()) and not any(zeros):
            self.padding_bytes += len(zeros)
            members.skip(len(zeros))
        if zeros:
            raise self._damage("a record", f"{self.padding_bytes} zero bytes and then others")
        return True

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
                if self._is_tolerant and self._left and lying[: len(RECORD_START)] == START_VIEW:
                    raise self._damage(f"{self._left} more bytes of the block", "the member of another record")
        except MemberDamage as damage:
            raise self._member_damage(damage) from damage
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
        self._lines_end_in_lf = raw.endswith(b"\n\n")
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
                expected = "a record's fields and an empty line"
                is_cut = content.startswith(RECORD_START) and not members.compressed
                raise self._damage(expected, repr(bytes(content[:40])), is_cut=is_cut)
            before = len(content)
            content += lying
            end = head_end(content, max(0, before - 3))
            if end is not None:
                members.skip(end[1] - before)
                return bytes(content[: end[0]]), bytes(content[: end[1]])
            members.skip(len(lying))
            if len(content) > HEAD_LIMIT_BYTES:
                raise self._damage(f"a record's fields within {HEAD_LIMIT_BYTES} bytes", "more")

    def _damage(self, expected: str, found: str, *, is_cut: bool = False) -> WarcDamageError:
        number = max(1, self._number)
        return WarcDamageError(
            self._name, number, self._offset, expected, found, within=self._within, is_cut=is_cut
        )

    def _member_damage(self, damage: MemberDamage) -> WarcDamageError:
        return WarcDamageError(
            self._name,
            max(1, self._number),
            self._offset,
            damage.expected,
            damage.found,
            within=self._within,
            is_cut=damage.is_cut,
            bad_member=None if damage.is_cut else damage.offset,
        )


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
