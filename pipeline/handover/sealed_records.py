"""Finds the records that belong to chosen captures in their sealed WARC files, and copies them byte for byte.

In: an archive, the captures that are wanted of one file. Out: `SealedFile`: the file's own digest, held against
custody on the way, and the places of warcinfo, requests, facts and certificates of the wanted captures. A file is
read once from front to back; places alone are kept. What lies in a gzip member of its own is copied as it lies;
what does not (plain and zstd files, shared members) has the same record bytes in a member of our own. Raises
`SealedFileDiffersError` and `storage.objects.errors`.
"""

import hashlib
import json
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from processors.digest import Digest
from storage.archive import Archive
from storage.catalogue.captures import Capture
from storage.deposit.record_reader import ChunkStream, is_arc
from storage.errors import StorageError
from storage.objects.reader import StoreReader
from storage.warc.headers import RecordHead, bare_uri
from storage.warc.members import GZIP, ZSTD_DICTIONARY, Stream
from storage.warc.reader import RECORD_END, WarcDamageError, WarcReader
from storage.warc.wacz import warc_files_in

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

FACTS_LIMIT_BYTES: Final = 1 << 20
COMPRESSION: Final = 6
ALONE: Final = ("request", "metadata")
SHOWN: Final = ("response", "revisit", "resource")


class SealedFileDiffersError(StorageError):
    """A sealed file is not the one that custody names; run `letapis verify` and compare with another store."""

    def __init__(self, key: str, expected: Digest, found: Digest) -> None:
        super().__init__(
            f"WARC file {key}: expected {expected}, as custody has it, found {found}. No package was built of it, "
            f"and nothing was changed; run `letapis verify {key}`."
        )
        self.key = key
        self.expected = expected
        self.found = found


@dataclass(frozen=True, slots=True)
class RecordPlace:
    """Where a record lies: file, version, offset and length of its bytes there, and what it is.

    ``within`` counts the decompressed bytes before it in a member that it shares; None where it has its own.
    """

    warc_key: str
    object_version: str
    offset: int
    length: int
    within: int | None
    record_id: str
    record_type: str
    url: str | None

    @classmethod
    def of_capture(cls, capture: Capture) -> "RecordPlace":
        """The place of a capture's record."""
        return cls(
            capture.warc_key,
            capture.object_version,
            capture.offset_bytes,
            capture.length_bytes,
            capture.within_bytes,
            capture.record_id,
            capture.record_type,
            capture.url,
        )


@dataclass(frozen=True, slots=True)
class SealedFileName:
    """A deposited file, as the catalogue and custody name it."""

    key: str
    object_version: str
    sha256: Digest


@dataclass(frozen=True, slots=True)
class SealedFile:
    """What was found in one file; ids are WARC-Record-IDs without brackets.

    ``beside`` has the request and the facts of each wanted record, ``page_members`` by the id of a wanted DOM the
    records that its page asked for. ``ended_at`` is the fault at which reading ended, None of a whole file.
    """

    name: SealedFileName
    info: RecordPlace | None
    beside: dict[str, tuple[RecordPlace, ...]]
    certificates: dict[str, RecordPlace]
    page_members: dict[str, tuple[str, ...]]
    ended_at: str | None


class Out(Protocol):
    """Whatever takes bytes."""

    def write(self, content: bytes, /) -> object:
        """Take them all."""
        ...


def read_sealed_file(archive: Archive, name: SealedFileName, wanted: Collection[Capture]) -> SealedFile:
    """Read a file through and find what belongs to these captures of it."""
    found = _Found(name)
    if name.key.endswith(".wacz"):
        with archive.objects.open(name.key, name.object_version) as file:
            for inner, offset in warc_files_in(file, name.key):
                found.read(inner, base_offset=offset)
        digest = archive.objects.digest(name.key, name.object_version)
    else:
        hashed = _Hashed(archive.objects.stream(name.key, name.object_version))
        found.read(ChunkStream(iter(hashed)))
        digest = hashed.to_the_end()
    if digest != name.sha256:
        raise SealedFileDiffersError(name.key, name.sha256, digest)
    return found.about(wanted)


def certificates_named(archive: Archive, facts: RecordPlace) -> tuple[str, ...]:
    """The certificates that a record of facts names, as ``urn:x509:...``; none of another tool's metadata."""
    reader = WarcReader(ChunkStream(_member(archive.objects, facts)), facts.warc_key, within=facts.within or 0)
    if (head := reader.next_record()) is None or head.block_length > FACTS_LIMIT_BYTES:
        return ()
    try:
        named = json.loads(b"".join(reader.block()))["tls"]["certificates"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ()
    return tuple(each for each in named if isinstance(each, str)) if isinstance(named, list) else ()


def copy_record(archive: Archive, place: RecordPlace, out: Out) -> int:
    """Write the record as a gzip member of a WARC file; returns how many bytes that took."""
    chunks = _member(archive.objects, place)
    first = next(chunks, b"")
    if place.within is None and first.startswith(GZIP):
        length = len(first)
        out.write(first)
        for chunk in chunks:
            out.write(chunk)
            length += len(chunk)
        return length
    length = 0
    member = zlib.compressobj(COMPRESSION, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    for piece in record_bytes(archive, place):
        packed = member.compress(piece)
        out.write(packed)
        length += len(packed)
    packed = member.flush()
    out.write(packed)
    return length + len(packed)


def record_bytes(archive: Archive, place: RecordPlace) -> Iterator[bytes]:
    """The record without any compression: head, block, end."""
    reader = WarcReader(
        ChunkStream(_member(archive.objects, place)),
        place.warc_key,
        base_offset=place.offset,
        within=place.within or 0,
        is_arc=is_arc(place.warc_key),
        is_tolerant=True,
    )
    head = reader.next_record()
    if head is None:
        raise WarcDamageError(place.warc_key, 1, place.offset, "a record", "none")
    yield head.raw
    yield from map(bytes, reader.block())
    yield b"\n" if is_arc(place.warc_key) else RECORD_END


def _member(objects: StoreReader, place: RecordPlace) -> Iterator[bytes]:
    """The bytes of the file that hold the record, behind the dictionary where a zstd file has one."""
    if place.warc_key.endswith(".zst"):
        head = objects.read(place.warc_key, place.object_version, length=8)
        if head.startswith(ZSTD_DICTIONARY):
            length = 8 + int.from_bytes(head[4:8], "little")
            yield objects.read(place.warc_key, place.object_version, length=length)
    yield from objects.stream(place.warc_key, place.object_version, offset=place.offset, length=place.length)


def _place_of(capture: Capture) -> tuple[int, int]:
    return capture.offset_bytes, capture.within_bytes or 0


class _Hashed:
    """The pieces of a file as they pass, with the digest of all of them."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._running: Hash = hashlib.sha256()

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self._running.update(chunk)
            yield chunk

    def to_the_end(self) -> Digest:
        for chunk in self._chunks:
            self._running.update(chunk)
        return Digest("sha256", self._running.digest())


@dataclass
class _Found:
    """Every record of a file that may belong to a wanted one, by its place."""

    name: SealedFileName
    info: RecordPlace | None = None
    beside: dict[str, list[RecordPlace]] = field(default_factory=dict)
    certificates: dict[str, RecordPlace] = field(default_factory=dict)
    of_pages: dict[str, list[str]] = field(default_factory=dict)
    page_of: dict[tuple[int, int], str] = field(default_factory=dict)
    ended_at: str | None = None

    def read(self, stream: Stream, *, base_offset: int = 0) -> None:
        try:
            reader = WarcReader(stream, self.name.key, base_offset=base_offset, is_tolerant=True)
            while (head := reader.next_record()) is not None:
                length = reader.end_record()
                self._take(head, length, shared=bool(head.within) or reader.in_shared_member)
        except WarcDamageError as damage:
            self.ended_at = str(damage)

    def _take(self, head: RecordHead, length: int, *, shared: bool) -> None:
        record_type = head.record_type
        if record_type == "warcinfo":
            if self.info is None:
                self.info = self._place(head, length, shared)
            return
        if record_type in ALONE:
            if (beside := head.value("WARC-Concurrent-To")) is not None:
                self.beside.setdefault(bare_uri(beside), []).append(self._place(head, length, shared))
            return
        url = head.url
        if record_type == "resource" and url is not None and url.startswith("urn:x509:"):
            self.certificates.setdefault(url, self._place(head, length, shared))
        if record_type in SHOWN and (page_id := head.value("WARC-Page-ID")) is not None:
            self.page_of[head.offset, head.within] = page_id
            self.of_pages.setdefault(page_id, []).append(head.record_id)

    def _place(self, head: RecordHead, length: int, shared: bool) -> RecordPlace:
        return RecordPlace(
            self.name.key,
            self.name.object_version,
            head.offset,
            length,
            head.within if shared else None,
            head.record_id,
            head.record_type,
            head.url,
        )

    def about(self, wanted: Collection[Capture]) -> SealedFile:
        members = {
            each.record_id: tuple(self.of_pages.get(self.page_of.get(_place_of(each), ""), ()))
            for each in wanted
            if each.url.startswith("urn:dom:")
        }
        kept = {*(each.record_id for each in wanted), *(each for page in members.values() for each in page)}
        return SealedFile(
            self.name,
            self.info,
            {record_id: tuple(places) for record_id, places in self.beside.items() if record_id in kept},
            self.certificates,
            members,
            self.ended_at,
        )
