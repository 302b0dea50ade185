"""Writes a WARC, ARC or WACZ file anew without some of its records; every other byte stays what it was.

In: an open file that seeks, the places of the records that go, what stands instead. Out: the new file, and the
cuts that map places of one to the other (`storage.warc.places`). With a record go its request, the facts about its
exchange, and the parts it was cut into. Members of a compressed file are copied as they lie; one that holds
another record besides is compressed again. Of a WACZ the WARC files alone go on, in a package made anew: its index
and its list of pages have addresses and words of what is gone. Guaranteed: the same file, places and words give
the same bytes. Raises `CannotWriteAnewError`. Sources: WARC 1.1; WACZ 1.1.1.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain
from typing import BinaryIO, Final, Protocol

import zstandard
from isal import isal_zlib

from processors.digest import Digest
from storage.errors import StorageError
from storage.warc.headers import RecordHead, bare_uri
from storage.warc.members import GZIP, ZSTD, ZSTD_DICTIONARY, open_members
from storage.warc.places import Cut, joined
from storage.warc.reader import RECORD_END, WarcDamageError, WarcReader
from storage.warc.records import WarcRecord
from storage.warc.wacz import PACKAGE, named_warc_files_in

CHUNK_BYTES: Final = 1 << 20
ZSTD_LEVEL: Final = 3
GZIP_LEVEL: Final = 2
GOES_WITH: Final = ("request", "metadata")
CONTINUES: Final = "continuation"
ZIP_DATE: Final = (1980, 1, 1, 0, 0, 0)
"""The earliest that ZIP knows: the same files give the same package."""

RecordAt = tuple[int, int]
"""Offset, and decompressed bytes before the record in its member: 0 where it has its own."""


class CannotWriteAnewError(StorageError):
    """A record cannot be taken out of this file; nothing was written, and the file was not changed."""

    def __init__(self, name: str, expected: str, found: str) -> None:
        super().__init__(
            f"File {name}: to write it anew without a record: expected {expected}, found {found}. Nothing was "
            "written, and the file was not changed."
        )
        self.name = name
        self.expected = expected
        self.found = found


@dataclass(frozen=True, slots=True)
class RemovedRecord:
    """What is told of a record that is cut out: its type, its id (empty in ARC files), its block's digest."""

    record_type: str
    record_id: str
    block_digest: Digest
    payload_digest: str | None
    """As the record itself declares it."""
    length_bytes: int

    def as_json(self) -> dict[str, str | int | None]:
        """JSON-ready values."""
        return {
            "record_type": self.record_type,
            "record_id": self.record_id,
            "block_digest": str(self.block_digest),
            "payload_digest": self.payload_digest,
            "length_bytes": self.length_bytes,
        }


Tombstone = Callable[[RecordAt, Sequence[RemovedRecord]], WarcRecord]
"""What stands in the place of a record, told with all that went with it."""


@dataclass(frozen=True, slots=True)
class WrittenAnew:
    """The cuts, in the order of the old file, and what was removed by the place of the record that was named."""

    cuts: tuple[Cut, ...]
    removed: Mapping[RecordAt, tuple[RemovedRecord, ...]]


class Out(Protocol):
    """Whatever takes bytes."""

    def write(self, content: bytes, /) -> object:
        """Take them all."""
        ...


class Packer(Protocol):
    """A compressor of one member."""

    def compress(self, content: bytes, /) -> bytes:
        """Take some bytes, and give what is ready."""
        ...

    def flush(self) -> bytes:
        """Give the rest."""
        ...


def write_anew(
    file: BinaryIO,
    name: str,
    out: BinaryIO,
    wanted: Collection[RecordAt],
    tombstone: Tombstone,
    *,
    certain: Collection[int] = (),
    made_at: datetime,
) -> WrittenAnew:
    """Write ``file`` to ``out`` without the ``wanted`` records.

    ``certain``: offsets of records that are whole, behind which reading goes on where the file is damaged.
    ``made_at`` is the date in the package of a WACZ.
    """
    length = file.seek(0, io.SEEK_END)
    if not name.endswith(".wacz"):
        plan = _planned(file, name, 0, length, wanted, certain)
        _require_all(name, wanted, plan.removed)
        counted = _Counted(out)
        cuts = _write(file, 0, length, plan, tombstone, counted)
        return WrittenAnew(joined(cuts), plan.removed)
    return _write_wacz(file, name, out, wanted, tombstone, certain, made_at)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A record that may go, or may go with another; ``end`` is the place behind it."""

    at: RecordAt
    end: RecordAt
    alone: bool
    """Whether it lies in members of its own, or in a plain file."""
    facts: RemovedRecord
    url: str | None
    beside: tuple[str, ...]
    continues: str | None


@dataclass(frozen=True, slots=True)
class _Piece:
    """What goes of one member: decompressed bytes from ``start`` to ``end`` (None: its end), and what comes."""

    start: int
    end: int | None
    of: RecordAt | None


@dataclass(slots=True)
class _Plan:
    """What is cut out of one WARC file."""

    name: str
    compression: bytes
    is_arc: bool
    removed: dict[RecordAt, tuple[RemovedRecord, ...]] = field(default_factory=dict)
    going: dict[RecordAt, tuple[_Seen, RecordAt | None]] = field(default_factory=dict)
    """By place each record that goes, and the wanted one in whose place a tombstone stands; None: nothing does."""


@dataclass(slots=True)
class _Counted:
    """What was written, counted and hashed on the way."""

    out: Out
    length: int = 0
    running: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def write(self, content: bytes | memoryview) -> None:
        piece = bytes(content)
        self.out.write(piece)
        self.running.update(piece)
        self.length += len(piece)


def _require_all(name: str, wanted: Collection[RecordAt], found: Mapping[RecordAt, object]) -> None:
    missing = sorted(set(wanted) - set(found))
    if missing:
        raise CannotWriteAnewError(name, f"a record at offset {missing[0][0]}, byte {missing[0][1]} of it", "none")


def _planned(
    file: BinaryIO, name: str, begin: int, end: int, wanted: Collection[RecordAt], certain: Collection[int]
) -> _Plan:
    file.seek(begin)
    start = file.read(4)
    if start == ZSTD_DICTIONARY:
        expected = "one whose records can be read one by one"
        raise CannotWriteAnewError(
            name, expected, "a dictionary that was made of its records and may hold bytes of any of them"
        )
    compression = next((each for each in (GZIP, ZSTD) if start.startswith(each)), b"")
    seen, is_arc = _seen(file, name, begin, end, wanted, certain)
    plan = _Plan(name, compression, is_arc)
    by_place = {each.at: each for each in seen}
    for place in sorted(set(wanted) & by_place.keys()):
        chosen = by_place[place]
        plan.going[place] = chosen, place
        with_it = [each for each in seen if each.at not in wanted and _goes_with(each, chosen)]
        fresh = [each for each in with_it if each.at not in plan.going]
        plan.going |= {each.at: (each, None) for each in fresh}
        plan.removed[place] = tuple(each.facts for each in (chosen, *fresh))
    return plan


def _goes_with(seen: _Seen, chosen: _Seen) -> bool:
    """Whether a record is the other's request, the facts about its exchange, or a further part of it."""
    wanted_id = chosen.facts.record_id
    if not wanted_id:
        return False
    if seen.facts.record_type == CONTINUES:
        return seen.continues == wanted_id
    named = wanted_id in seen.beside or (seen.facts.record_id and seen.facts.record_id in chosen.beside)
    same_address = seen.url is None or chosen.url is None or seen.url.endswith(chosen.url)
    return bool(seen.facts.record_type in GOES_WITH and named and same_address)


def _seen(
    file: BinaryIO, name: str, begin: int, end: int, wanted: Collection[RecordAt], certain: Collection[int]
) -> tuple[list[_Seen], bool]:
    found: list[_Seen] = []
    is_arc: bool | None = None
    behind = begin
    while True:
        reader = WarcReader(_Bounded(file, behind, end), name, base_offset=behind, is_arc=is_arc, is_tolerant=True)
        try:
            _take_records(reader, found, wanted)
            return found, bool(reader.is_arc)
        except WarcDamageError as damage:
            is_arc = reader.is_arc
            further = [each for each in certain if damage.offset < each < end]
            if not further:
                return found, bool(is_arc)
            behind = min(further)


def _take_records(reader: WarcReader, found: list[_Seen], wanted: Collection[RecordAt]) -> None:
    last: _Seen | None = None
    try:
        while (head := reader.next_record()) is not None:
            at = head.offset, head.within
            if last is not None:
                found.append(replace(last, end=at, alone=last.alone and at[1] == 0))
                last = None
            takes = at in wanted or head.record_type in (*GOES_WITH, CONTINUES)
            running = hashlib.sha256()
            if takes:
                for piece in reader.block():
                    running.update(piece)
            length = reader.end_record()
            if takes:
                alone = head.within == 0 and not reader.in_shared_member
                last = _seen_record(head, (head.offset + length, 0), running, alone=alone)
    finally:
        if last is not None:
            found.append(last)


def _seen_record(head: RecordHead, end: RecordAt, running: "hashlib._Hash", *, alone: bool) -> _Seen:
    named = ("warc-concurrent-to", "warc-refers-to")
    beside = tuple(bare_uri(value) for key, value in head.fields if key.lower() in named)
    origin = head.value("WARC-Segment-Origin-ID")
    return _Seen(
        (head.offset, head.within),
        end,
        alone,
        RemovedRecord(
            head.record_type,
            head.record_id,
            Digest("sha256", running.digest()),
            head.value("WARC-Payload-Digest"),
            head.block_length,
        ),
        head.url,
        beside,
        None if origin is None else bare_uri(origin),
    )


def _write(file: BinaryIO, begin: int, end: int, plan: _Plan, tombstone: Tombstone, out: _Counted) -> list[Cut]:
    """Write what lies between the two offsets, without what goes; returns the cuts."""
    whole = {seen.at[0]: (seen, of) for seen, of in plan.going.values() if seen.alone}
    pieces: dict[int, list[_Piece]] = {}
    for seen, of in plan.going.values():
        if not seen.alone:
            _add_pieces(pieces, file, end, seen, of)
    at = begin
    cuts: list[Cut] = []
    for offset in sorted({*whole, *pieces}):
        _copy(file, plan.name, at, offset, out)
        start = out.length
        inside: tuple[Cut, ...] = ()
        if offset in whole:
            seen, of = whole[offset]
            length = seen.end[0] - offset
            for packed in _packed(plan.compression, [_stands_instead(plan, of, tombstone)]):
                out.write(packed)
        else:
            length, inside = _write_member(file, offset, end, pieces[offset], plan, tombstone, out)
        cuts.append(Cut(offset, length, out.length - start, inside if out.length > start else ()))
        at = offset + length
    _copy(file, plan.name, at, end, out)
    return cuts


def _add_pieces(
    pieces: dict[int, list[_Piece]], file: BinaryIO, end: int, seen: _Seen, of: RecordAt | None
) -> None:
    """What goes of each member over which a record lies."""
    member, within = seen.at
    while member < seen.end[0]:
        pieces.setdefault(member, []).append(_Piece(within, None, of))
        member, within, of = member + _Member(file, member, end).whole_length(), 0, None
    if seen.end[1] > within and member == seen.end[0]:
        pieces.setdefault(member, []).append(_Piece(within, seen.end[1], of))


def _stands_instead(plan: _Plan, of: RecordAt | None, tombstone: Tombstone) -> bytes:
    """The bytes in the place of a record, not compressed; an ARC file has no records about others."""
    if of is None or plan.is_arc:
        return b""
    record = tombstone(of, plan.removed[of])
    assert isinstance(record.block, bytes)  # a tombstone is small
    return b"".join((record.head(), record.block, RECORD_END))


def _write_member(
    file: BinaryIO,
    offset: int,
    end: int,
    pieces: Sequence[_Piece],
    plan: _Plan,
    tombstone: Tombstone,
    out: _Counted,
) -> tuple[int, tuple[Cut, ...]]:
    """Write a compressed member again without these pieces; returns its old length and the cuts inside."""
    inside: list[Cut] = []
    member = _Member(file, offset, end)

    def kept() -> Iterator[bytes]:
        for piece in sorted(pieces, key=lambda each: each.start):
            yield from member.up_to(piece.start)
            instead = _stands_instead(plan, piece.of, tombstone)
            yield instead
            before = member.at
            for _ in member.up_to(piece.end):
                pass
            inside.append(Cut(before, member.at - before, len(instead)))
        yield from member.up_to(None)

    for packed in _packed(plan.compression, kept()):
        out.write(packed)
    return member.whole_length(), joined(inside)


class _Member:
    """The decompressed bytes of one member, handed out in order."""

    def __init__(self, file: BinaryIO, offset: int, end: int) -> None:
        self._members = open_members(_Bounded(file, offset, end), offset)
        self._offset = offset
        self._members.next_member()
        self.at = 0

    def whole_length(self) -> int:
        """Bytes of the file that it takes; reads it to its end."""
        for _ in self.up_to(None):
            pass
        return self._members.position() - self._offset

    def up_to(self, within: int | None) -> Iterator[bytes]:
        """What comes before this place; None: to the end."""
        while within is None or self.at < within:
            lying = self._members.peek()
            if not lying:
                return
            piece = bytes(lying if within is None else lying[: within - self.at])
            self._members.skip(len(piece))
            self.at += len(piece)
            yield piece


def _packed(compression: bytes, pieces: Iterator[bytes] | Sequence[bytes]) -> Iterator[bytes]:
    """One member of the file's own kind around these bytes; nothing around nothing."""
    waiting = (piece for piece in pieces if piece)
    first = next(waiting, None)
    if first is None:
        return
    if not compression:
        yield first
        yield from waiting
        return
    packer: Packer
    if compression == GZIP:
        packer = isal_zlib.compressobj(GZIP_LEVEL, wbits=31)
    else:
        packer = zstandard.ZstdCompressor(level=ZSTD_LEVEL).compressobj()
    for piece in chain((first,), waiting):
        if packed := packer.compress(piece):
            yield packed
    yield packer.flush()


def _copy(file: BinaryIO, name: str, begin: int, end: int, out: _Counted) -> None:
    file.seek(begin)
    left = end - begin
    while left > 0:
        piece = file.read(min(CHUNK_BYTES, left))
        if not piece:
            raise CannotWriteAnewError(name, f"{left} more bytes", "the end of the file")
        out.write(piece)
        left -= len(piece)


class _Bounded(io.RawIOBase):
    """A part of a file, read from its beginning; it seeks anew for each piece, so that others may read between."""

    def __init__(self, file: BinaryIO, begin: int, end: int) -> None:
        self._file, self._at, self._end = file, begin, end

    def read(self, most: int = -1, /) -> bytes:
        """Up to ``most`` bytes; empty at the end of the part."""
        left = self._end - self._at
        self._file.seek(self._at)
        piece = self._file.read(left if most < 0 else min(most, left))
        self._at += len(piece)
        return piece


def _write_wacz(
    file: BinaryIO,
    name: str,
    out: BinaryIO,
    wanted: Collection[RecordAt],
    tombstone: Tombstone,
    certain: Collection[int],
    made_at: datetime,
) -> WrittenAnew:
    parts = sorted(named_warc_files_in(file, name), key=lambda each: each[1])
    plans = [_planned(file, name, begin, begin + length, wanted, certain) for _, begin, length in parts]
    removed = {place: facts for plan in plans for place, facts in plan.removed.items()}
    _require_all(name, wanted, removed)
    cuts: list[Cut] = []
    resources: list[dict[str, str | int]] = []
    old_end = new_end = 0
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as package:
        for (inner_name, begin, length), plan in zip(parts, plans, strict=True):
            with package.open(
                _zip_entry(inner_name), "w", force_zip64=length >= zipfile.ZIP64_LIMIT >> 1
            ) as inner:
                new_begin = out.tell()
                cuts.append(Cut(old_end, begin - old_end, new_begin - new_end))
                counted = _Counted(inner)
                cuts += _write(file, begin, begin + length, plan, tombstone, counted)
            resources.append(
                {
                    "name": inner_name.rpartition("/")[2],
                    "path": inner_name,
                    "hash": f"sha256:{counted.running.hexdigest()}",
                    "bytes": counted.length,
                }
            )
            old_end, new_end = begin + length, new_begin + counted.length
        described = {
            "profile": "data-package",
            "wacz_version": "1.1.1",
            "created": f"{made_at:%Y-%m-%dT%H:%M:%SZ}",
            "title": "Written anew without records that were purged; index and pages were left out with them",
            "resources": resources,
        }
        package.writestr(_zip_entry(PACKAGE), json.dumps(described, indent=1))
    return WrittenAnew(joined(cuts), removed)


def _zip_entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, ZIP_DATE)
    entry.compress_type = zipfile.ZIP_STORED
    return entry
