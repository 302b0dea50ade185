"""Inspects a file before it is deposited: its digests, what is in it, and where it belongs.

In: the path of a WARC or ARC (gzip, zstd, plain) or WACZ file. Out: `FileInspection`. The file is read once, front
to back (a WACZ twice). Where our spool left the rows it made while writing beside the file, and the file is still
those bytes, it is hashed and need not be parsed again. Raises `WarcDamageError` for what is damaged and
`UnsupportedFileError` for what is no such file.
"""

import hashlib
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any, BinaryIO, Final

from processors.digest import Digest
from storage.objects.keys import is_part
from storage.spool.index_cache import read_index_cache
from storage.warc.damaged_file import read_behind_damage, read_to_damage
from storage.warc.file_views import TeeReader
from storage.warc.index import IndexedRecord, IndexPart, RowBound, WarcFault, WarcIndex, index_warc
from storage.warc.members import GZIP, ZSTD, ZSTD_DICTIONARY
from storage.warc.payload import declaration_of
from storage.warc.reader import WarcDamageError, WarcReader
from storage.warc.wacz import index_wacz

OWN_NAME: Final = re.compile(r"([0-9A-HJKMNP-TV-Z]{26})-(\d{5})\.warc\.gz")
"""``<ULID>-<nnnnn>.warc.gz``, as `storage.spool.spool` names its files."""
COMPRESSIONS: Final = ((GZIP, ".gz"), (ZSTD, ".zst"), (ZSTD_DICTIONARY, ".zst"))
CHUNK_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class CrawlOrigin:
    """Whose file it is when our own recorder wrote it."""

    source_id: str
    crawl_id: str
    serial: int


@dataclass(frozen=True, slots=True)
class FileInspection:
    """What a file is; ``own`` is None of files that other tools made. ``suffix`` ends the object's key.

    ``faults`` are the places of which nothing is indexed. ``damage`` is where reading had to end, None of a file
    that was read to its end.
    """

    sha256: Digest
    sha512: Digest
    length_bytes: int
    suffix: str
    records: int
    first_at: datetime
    warcinfo: Mapping[str, str]
    declaration: dict[str, Any] | None
    own: CrawlOrigin | None
    rows: tuple[IndexedRecord, ...]
    remarks: tuple[str, ...]
    damage: WarcDamageError | None
    faults: tuple[WarcFault, ...]


class FileFaults(Enum):
    """What becomes of a file with faults."""

    REFUSED = "refused"
    """The first raises `WarcDamageError`."""
    NAMED = "named"
    """Each is named and passed over; a file that ends in the middle of a record is refused all the same."""
    NAMED_WITH_CUT = "named_with_cut"
    """That, too, is taken."""


def inspect_file(
    path: Path, *, faults: FileFaults = FileFaults.REFUSED, most_rows: int | None = None
) -> FileInspection:
    """Read the whole file and check it.

    The digests that the package of a WACZ names must agree, whatever ``faults`` says. A file of which more than
    ``most_rows`` rows would be held in memory raises `UnsupportedFileError`.
    """
    cached = read_index_cache(path)
    with path.open("rb") as file:
        if cached is not None:
            sha256, sha512, length = _digests(file)
            if sha256 == cached.sha256:
                return _inspection(path.name, sha256, sha512, length, ".warc.gz", cached.index)
            file.seek(0)
        bound = None if most_rows is None else RowBound(most_rows)
        return inspect_stream(file, path.name, faults=faults, bound=bound)


def inspect_stream(
    file: BinaryIO,
    name: str,
    *,
    faults: FileFaults = FileFaults.REFUSED,
    most_records: int | None = None,
    bound: RowBound | None = None,
) -> FileInspection:
    """The same for a file that is open, at its beginning; a WACZ must seek, and a file whose faults are named.

    ``most_records``: index no more than so many, as a deposit did that ended at the first damage.
    ``bound``: beyond it, `UnsupportedFileError`.
    """
    start = file.peek(16) if hasattr(file, "peek") else file.read(0)
    if start.startswith(b"PK\x03\x04"):
        are_named = faults is not FileFaults.REFUSED
        digests = _digests(file)
        package = index_wacz(file, name, faults_are_named=are_named, bound=bound)
        return _inspection(name, *digests, ".wacz", package)
    running = hashlib.sha256(), hashlib.sha512()
    with TeeReader(file, running) as tee:
        if faults is FileFaults.REFUSED:
            index = index_warc(tee, name, most_records=most_records, bound=bound)
            damage = None
        else:
            part = IndexPart(bound)
            damage = read_to_damage(part, WarcReader(tee, name, is_tolerant=True), name)
        while tee.read(CHUNK_BYTES):
            pass  # what follows the damage belongs to the file
    if faults is not FileFaults.REFUSED:
        index = _index_to_the_end(part, file, name, damage, tee.length_bytes, faults)
    sha256, sha512 = (Digest(each.name, each.digest()) for each in running)
    compression = next((suffix for magic, suffix in COMPRESSIONS if start.startswith(magic)), "")
    suffix = (".arc" if index.is_arc else ".warc") + compression
    return _inspection(name, sha256, sha512, tee.length_bytes, suffix, index)


def _index_to_the_end(
    part: IndexPart,
    file: BinaryIO,
    name: str,
    damage: WarcDamageError | None,
    length_bytes: int,
    faults: FileFaults,
) -> WarcIndex:
    if damage is not None:
        damage = read_behind_damage(part, file, name, damage, begin=0, end=length_bytes)
        if damage is not None and damage.is_cut and faults is not FileFaults.NAMED_WITH_CUT:
            raise damage
    return part.index(name, 0, damage)


def _inspection(
    name: str, sha256: Digest, sha512: Digest, length_bytes: int, suffix: str, index: WarcIndex
) -> FileInspection:
    declaration = declaration_of(index.warcinfo)
    named = OWN_NAME.fullmatch(name)
    own = None
    if declaration and named and is_part(declaration["id"]):
        own = CrawlOrigin(declaration["id"], named[1], int(named[2]))
    return FileInspection(
        sha256=sha256,
        sha512=sha512,
        length_bytes=length_bytes,
        suffix=suffix,
        records=index.records,
        first_at=index.first_at,
        warcinfo=index.warcinfo,
        declaration=declaration,
        own=own,
        rows=index.rows,
        remarks=index.remarks,
        damage=index.damage,
        faults=index.faults,
    )


def _digests(file: BinaryIO) -> tuple[Digest, Digest, int]:
    """sha256 and sha512, computed in parallel since both release the interpreter lock, and the length."""
    sha256, sha512 = hashlib.sha256(), hashlib.sha512()
    length = 0
    with ThreadPoolExecutor(max_workers=1) as beside:
        while chunk := file.read(CHUNK_BYTES):
            other = beside.submit(sha512.update, chunk)
            sha256.update(chunk)
            other.result()
            length += len(chunk)
    return Digest("sha256", sha256.digest()), Digest("sha512", sha512.digest()), length
