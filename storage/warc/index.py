"""Makes index rows from a WARC file and checks it on the way: framing, dates, block digests.

In: a binary stream. Out: `WarcIndex`, whose `IndexedRecord`s become captures once key and version are known.
Raises `WarcDamageError`; `storage.warc.damaged_file` reads on behind it. A record whose block is not certain has
no row and is a `WarcFault`. Guaranteed: block digests are sha256 and computed here; payload digests are sha256
over the entity with transfer-encoding removed, computed here too: writers disagree about theirs (docs/limits.md).
What is unusual and yet whole becomes a remark.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from processors.digest import Digest
from storage.errors import UnsupportedFileError
from storage.warc.declared_digest import HASHES, declared_digest
from storage.warc.headers import DRAFTS, VERSIONS, RecordHead, bare_uri, warc_time
from storage.warc.members import Stream
from storage.warc.payload import (
    NO_PAYLOAD,
    MessagePayload,
    Payload,
    RecordPayload,
    RequestFailure,
    payload_of,
    read_failure,
    read_fields,
)
from storage.warc.reader import RECORD_END, WarcDamageError, WarcReader

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

INDEXED: Final = ("response", "revisit", "resource", "conversion")
FACTS: Final = ("warcinfo", "metadata")
FACTS_LIMIT_BYTES: Final = 1 << 20
NOTHING: Final = memoryview(b"")
USUAL_ROW_CHARACTERS: Final = 1024
"""Of the texts of a row, far more than the average over a real file; a single address may be longer."""
OFFSET_FROM_UTC: Final = re.compile(r"T.*[+-]\d\d:?\d\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedRecord:
    """What the index holds of one record, wherever its file stands; a `Capture` adds the place in the store.

    ``record_type``: ``response``, ``revisit``, ``resource``, ``conversion``, or ``metadata`` for a request that
    got no response. ``status`` and ``media_type`` are the server's; None where it gave none. ``payload_digest``
    covers the entity with transfer-encoding removed; of a revisit it is what its record names.
    ``refers_to_id`` is the record a revisit stands for, a rendering depicts, or a note belongs to.
    ``within_bytes`` is None of a record that can be fetched alone by offset and length; of one that shares its
    compressed member with others, how many decompressed bytes come before it there. ``truncated`` is what the
    record says, or ``segmented`` where it says that it is one of several parts.
    """

    url: str
    captured_at: datetime
    record_type: str
    record_id: str
    status: int | None
    media_type: str | None
    block_digest: Digest
    payload_digest: Digest | None
    payload_length_bytes: int | None
    transport_outcome: str | None
    transport_reason: str | None
    truncated: str | None
    peer_address: str | None
    refers_to_id: str | None
    refers_to_url: str | None
    refers_to_at: datetime | None
    offset_bytes: int
    length_bytes: int
    within_bytes: int | None


@dataclass(frozen=True, slots=True)
class WarcFault:
    """A place of a file that holds no record of which every byte is certain; nothing of it is indexed.

    ``record`` counts from 1, and counts the faults before it, too. ``offset`` is where the fault begins in the
    file, ``within`` how many decompressed bytes of its member come before it there; ``resumed_at`` is the offset
    at which reading went on, None where nothing behind the fault could be read.
    """

    record: int
    offset: int
    within: int
    expected: str
    found: str
    resumed_at: int | None


@dataclass(frozen=True, slots=True)
class WarcIndex:
    """One file: how many records, when the first was made, what warcinfo says, the rows, and remarks in words.

    ``faults`` are in the order of the file. ``damage`` is where reading had to end, None of a file that was read
    to its end.
    """

    records: int
    first_at: datetime
    warcinfo: Mapping[str, str]
    warcinfo_id: str | None
    rows: tuple[IndexedRecord, ...]
    remarks: tuple[str, ...]
    is_arc: bool
    damage: WarcDamageError | None
    faults: tuple[WarcFault, ...] = ()


class UncertainRecordError(WarcDamageError):
    """A record whose block contradicts its digest, or whose end is in doubt; where the next begins is known."""


@dataclass
class Remarked:
    """What is unusual in a file and yet whole, counted over all of its parts."""

    unended: int = 0
    shared: int = 0
    odd_ends: int = 0
    odd_starts: int = 0
    padding_bytes: int = 0
    dates_with_offset: int = 0
    drafts: set[str] = field(default_factory=set)

    def add(self, reader: WarcReader) -> None:
        """Take in what a reader has counted to its end."""
        self.unended += reader.unended
        self.shared += reader.shared
        self.odd_ends += reader.odd_ends
        self.odd_starts += reader.odd_starts
        self.padding_bytes += reader.padding_bytes

    def sentences(self) -> tuple[str, ...]:
        """Each that there is, in words."""
        counted = (
            (self.unended, "records without the two line ends"),
            (self.shared, "records end inside a compressed member that others share"),
            (self.odd_ends, "records end in other line ends than two CRLF"),
            (self.odd_starts, "records begin behind line ends or a byte order mark"),
            (self.dates_with_offset, "dates with an offset from UTC, read as the moment they name"),
            (self.padding_bytes, "zero bytes behind the last record"),
        )
        drafts = (f"version {draft}, a draft of the standard, read as 1.0" for draft in sorted(self.drafts))
        return (*(f"{count} {what}" for count, what in counted if count), *drafts)


TEXTS: Final = (
    "url",
    "record_id",
    "media_type",
    "transport_outcome",
    "transport_reason",
    "truncated",
    "peer_address",
    "refers_to_id",
    "refers_to_url",
)
"""What a row holds as the file has it."""


class RowBound:
    """How much of an index may be held in memory, counted over all WARC files of a package.

    ``most_rows`` bounds the rows, and their texts with `USUAL_ROW_CHARACTERS` for each, since the fields of one
    record can be a mebibyte and compress to next to nothing.
    """

    def __init__(self, most_rows: int) -> None:
        self._most_rows, self._rows, self._characters = most_rows, 0, 0

    def take(self, row: IndexedRecord, name: str) -> None:
        """Count a row; raises `UnsupportedFileError` beyond the bound."""
        self._rows += 1
        self._characters += sum(len(each) for text in TEXTS if (each := getattr(row, text)) is not None)
        if self._rows > self._most_rows:
            raise UnsupportedFileError(name, f"at most {self._most_rows} records to index", "more")
        if self._characters > self._most_rows * USUAL_ROW_CHARACTERS:
            expected = f"at most {self._most_rows * USUAL_ROW_CHARACTERS} characters in what is indexed of it"
            raise UnsupportedFileError(name, expected, "more")


class IndexPart:
    """What was read of a file so far; `read_part` adds to it, from any place on, as far as ``bound`` allows."""

    def __init__(self, bound: RowBound | None = None) -> None:
        self.bound = bound
        self.rows: list[IndexedRecord] = []
        self.unproven: list[bool] = []
        """Of each row, whether no digest in its record says that its block is what was written."""
        self.warcinfo: dict[str, str] = {}
        self.warcinfo_id: str | None = None
        self.first_at: datetime | None = None
        self.records = 0
        self.remarked = Remarked()
        self.faults: list[WarcFault] = []
        self.is_arc: bool | None = None

    def index(self, name: str, base_offset: int, damage: WarcDamageError | None) -> WarcIndex:
        """All of it; raises `WarcDamageError` where that is not one record."""
        if self.first_at is None:
            empty = WarcFault(1, base_offset, 0, "a WARC record", "an empty file", None)
            first = (*self.faults, empty)[0]
            raise WarcDamageError(name, first.record, first.offset, first.expected, first.found)
        return WarcIndex(
            records=self.records,
            first_at=self.first_at,
            warcinfo=self.warcinfo,
            warcinfo_id=self.warcinfo_id,
            rows=tuple(self.rows),
            remarks=self.remarked.sentences(),
            is_arc=bool(self.is_arc),
            damage=damage,
            faults=tuple(self.faults),
        )


def index_warc(
    stream: Stream,
    name: str,
    *,
    base_offset: int = 0,
    most_records: int | None = None,
    bound: RowBound | None = None,
) -> WarcIndex:
    """Read the whole file once; whatever is wrong with it raises `WarcDamageError`.

    ``most_records``: read no more than so many. ``bound``: beyond it, `UnsupportedFileError`.
    """
    part = IndexPart(bound)
    read_part(part, WarcReader(stream, name, base_offset=base_offset, is_tolerant=True), name, most_records)
    return part.index(name, base_offset, None)


def read_part(
    part: IndexPart,
    reader: WarcReader,
    name: str,
    most_records: int | None = None,
    *,
    passes_over_uncertain: bool = False,
) -> None:
    """Read on to the end of the file, or raise `WarcDamageError` where it is damaged; ``part`` has all before it.

    With ``passes_over_uncertain`` a record whose block is in doubt, and whose end is not, is a fault among others.
    """
    try:
        while (most_records is None or part.records < most_records) and (head := reader.next_record()) is not None:
            part.is_arc = reader.is_arc
            try:
                made = _read_record(reader, head, part, name)
            except UncertainRecordError as found:
                if not passes_over_uncertain:
                    raise
                part.faults.append(fault_of(found, part, resumed_at=reader.next_offset))
                continue
            part.records += 1
            part.first_at = part.first_at or head.at
            if head.version not in VERSIONS:
                part.remarked.drafts |= {head.version.upper()} & set(DRAFTS)
            date = head.firsts["warc-date"]
            if not date.endswith("Z") and OFFSET_FROM_UTC.search(date):
                part.remarked.dates_with_offset += 1
            if isinstance(made, IndexedRecord):
                if part.bound is not None:
                    part.bound.take(made, name)
                part.rows.append(made)
            elif made is not None and not part.warcinfo:
                part.warcinfo = made
                part.warcinfo_id = head.record_id or None
    finally:
        part.is_arc = reader.is_arc
        part.remarked.add(reader)


def fault_of(damage: WarcDamageError, part: IndexPart, *, resumed_at: int | None) -> WarcFault:
    """The fault as it stands in custody."""
    number = part.records + len(part.faults) + 1
    return WarcFault(number, damage.offset, damage.within, damage.expected, damage.found, resumed_at)


def _read_record(
    reader: WarcReader, head: RecordHead, part: IndexPart, name: str
) -> IndexedRecord | dict[str, str] | None:
    kind = head.record_type
    is_indexed = kind in INDEXED
    declared = declared_digest(head.firsts.get("warc-block-digest"))
    payload = payload_of(head)
    facts = bytearray()
    running: dict[str, Hash] = {}
    if is_indexed or kind == "metadata":
        running["sha256"] = HASHES["sha256"]()
    if declared is not None and declared[0] not in running:
        running[declared[0]] = HASHES[declared[0]]()
    takers: list[Callable[[memoryview], object]] = [each.update for each in running.values()]
    if payload is not None:
        takers.append(payload.feed)
    if kind in FACTS and head.block_length <= FACTS_LIMIT_BYTES:
        takers.append(facts.extend)
    piece = NOTHING
    for piece in reader.block():
        for take in takers:
            take(piece)
    last = bytes(piece[-len(RECORD_END) :])
    length = reader.end_record()
    if declared is not None:
        found = running[declared[0]].digest()
        if found != declared[1]:
            expected = f"block digest {declared[0]}:{declared[1].hex()}"
            raise UncertainRecordError(
                name, head.number, head.offset, expected, f"{declared[0]}:{found.hex()}", within=head.within
            )
    elif reader.odd_end is not None and is_indexed and not _is_certain(reader.odd_end, payload, last):
        expected = "two line ends after the block, or a digest or length of its own that says where it ends"
        raise UncertainRecordError(
            name, head.number, head.offset, expected, repr(reader.odd_end), within=head.within
        )
    if kind == "warcinfo":
        return {} if reader.is_arc else read_fields(bytes(facts))
    failure = read_failure(head, bytes(facts)) if kind == "metadata" else None
    if (not is_indexed and failure is None) or head.url is None:
        return None
    digest = Digest("sha256", running["sha256"].digest())
    within = head.within if head.within or reader.in_shared_member else None
    part.unproven.append(declared is None)
    return _row(head, length, within, digest, payload.facts(digest) if payload else NO_PAYLOAD, failure)


def _is_certain(odd_end: bytes, payload: RecordPayload | None, last: bytes) -> bool:
    """Whether something besides its Content-Length says where a block ends that other line ends follow.

    Too short or too long a length moves a part of the block behind its end, or what follows into it, and either
    can be line ends. Where none at all follow, they are missing, unless the message says that they stand in it.
    """
    if isinstance(payload, MessagePayload):
        excess = payload.excess_bytes()
        return excess == 0 or (odd_end == b"" and (excess != len(RECORD_END) or last != RECORD_END))
    return odd_end == b""


def _row(
    head: RecordHead,
    length: int,
    within: int | None,
    block: Digest,
    payload: Payload,
    failure: RequestFailure | None,
) -> IndexedRecord:
    value = head.firsts.get
    if head.record_type == "revisit":
        named = declared_digest(value("warc-payload-digest"))
        digest = None if named is None or named[0] not in ("sha1", "sha256", "sha512") else Digest(*named)
        payload = payload._replace(digest=digest, length_bytes=None)
    return IndexedRecord(
        url=(head.url or "") if failure is None else failure.url,
        captured_at=head.at,
        record_type=head.record_type,
        record_id=head.record_id,
        status=payload.status,
        media_type=payload.media_type,
        block_digest=block,
        payload_digest=payload.digest,
        payload_length_bytes=payload.length_bytes,
        transport_outcome=None if failure is None else failure.outcome,
        transport_reason=None if failure is None else failure.reason,
        truncated=value("warc-truncated") or ("segmented" if value("warc-segment-number") else None),
        peer_address=value("warc-ip-address"),
        refers_to_id=_bare(value("warc-refers-to") or value("warc-concurrent-to")),
        refers_to_url=_bare(value("warc-refers-to-target-uri")),
        refers_to_at=_moment_or_none(value("warc-refers-to-date")),
        offset_bytes=head.offset,
        length_bytes=length,
        within_bytes=within,
    )


def _moment_or_none(value: str | None) -> datetime | None:
    """A moment beside the record's own; one that cannot be read is not known, and stands in the file."""
    try:
        return None if value is None else warc_time(value)
    except ValueError:
        return None


def _bare(value: str | None) -> str | None:
    return None if value is None else bare_uri(value)
