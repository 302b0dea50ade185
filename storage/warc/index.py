"""Makes index rows from a WARC file and checks it on the way: framing, dates, block digests.

In: a binary stream. Out: `WarcIndex`, whose `IndexedRecord`s become captures once key and version are known.
Raises `WarcDamageError`. Guaranteed: block digests are sha256 and computed here; payload digests are sha256 over
the entity with transfer-encoding removed, computed here too: writers disagree about theirs (docs/limits.md). What
is unusual and yet whole becomes a remark.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from processors.digest import Digest
from storage.warc.declared_digest import HASHES, declared_digest
from storage.warc.headers import DRAFTS, VERSIONS, RecordHead, bare_uri, warc_time
from storage.warc.members import Stream
from storage.warc.payload import NO_PAYLOAD, Payload, RequestFailure, payload_of, read_failure, read_fields
from storage.warc.reader import WarcDamageError, WarcReader

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

INDEXED: Final = ("response", "revisit", "resource", "conversion")
FACTS: Final = ("warcinfo", "metadata")
FACTS_LIMIT_BYTES: Final = 1 << 20


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
class WarcIndex:
    """One file: how many records, when the first was made, what warcinfo says, the rows, and remarks in words.

    ``damage`` is where reading had to end, None of a file that is whole.
    """

    records: int
    first_at: datetime
    warcinfo: Mapping[str, str]
    rows: tuple[IndexedRecord, ...]
    remarks: tuple[str, ...]
    is_arc: bool
    damage: WarcDamageError | None


def index_warc(stream: Stream, name: str, *, base_offset: int = 0, up_to_damage: bool = False) -> WarcIndex:
    """Read the whole file once; with ``up_to_damage``, as far as it is whole, if that is one record at least."""
    reader = WarcReader(stream, name, base_offset=base_offset)
    rows: list[IndexedRecord] = []
    warcinfo: dict[str, str] = {}
    first_at: datetime | None = None
    records = 0
    drafts: set[str] = set()
    damage: WarcDamageError | None = None
    try:
        while (head := reader.next_record()) is not None:
            made = _read_record(reader, head, name)
            records += 1
            first_at = first_at or head.at
            if head.version not in VERSIONS:
                drafts |= {head.version.upper()} & set(DRAFTS)
            if isinstance(made, IndexedRecord):
                rows.append(made)
            elif made is not None and not warcinfo:
                warcinfo = made
    except WarcDamageError as found:
        if not up_to_damage or first_at is None:
            raise
        damage = found
    if first_at is None:
        raise WarcDamageError(name, 1, base_offset, "a WARC record", "an empty file")
    remarks = (
        *((f"{reader.unended} records without the two line ends",) if reader.unended else ()),
        *((f"{reader.shared} records end inside a compressed member that others share",) if reader.shared else ()),
        *(f"version {draft}, a draft of the standard, read as 1.0" for draft in sorted(drafts)),
    )
    return WarcIndex(records, first_at, warcinfo, tuple(rows), remarks, bool(reader.is_arc), damage)


def _read_record(reader: WarcReader, head: RecordHead, name: str) -> IndexedRecord | dict[str, str] | None:
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
    for piece in reader.block():
        for take in takers:
            take(piece)
    length = reader.end_record()
    if declared is not None:
        found = running[declared[0]].digest()
        if found != declared[1]:
            expected = f"block digest {declared[0]}:{declared[1].hex()}"
            raise WarcDamageError(name, head.number, head.offset, expected, f"{declared[0]}:{found.hex()}")
    if kind == "warcinfo":
        return {} if reader.is_arc else read_fields(bytes(facts))
    failure = read_failure(head, bytes(facts)) if kind == "metadata" else None
    if (not is_indexed and failure is None) or head.url is None:
        return None
    digest = Digest("sha256", running["sha256"].digest())
    within = head.within if head.within or reader.in_shared_member else None
    return _row(head, length, within, digest, payload.facts(digest) if payload else NO_PAYLOAD, failure)


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
