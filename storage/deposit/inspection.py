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
from pathlib import Path
from typing import Any, BinaryIO, Final

from processors.digest import Digest
from storage.objects.keys import is_part
from storage.spool.index_cache import read_index_cache
from storage.warc.file_views import TeeReader
from storage.warc.index import IndexedRecord, WarcIndex, index_warc
from storage.warc.members import GZIP, ZSTD, ZSTD_DICTIONARY
from storage.warc.payload import declaration_of
from storage.warc.reader import WarcDamageError
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

    ``damage`` is None of a whole file; otherwise all fields but the digests describe what comes before it.
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


def inspect_file(path: Path, *, up_to_damage: bool = False) -> FileInspection:
    """Read the whole file and check it; with ``up_to_damage``, a damaged file is read up to the damage.

    A WACZ is whole or refused: its package names a digest for each file in it.
    """
    cached = read_index_cache(path)
    with path.open("rb") as file:
        if cached is not None:
            sha256, sha512, length = _digests(file)
            if sha256 == cached.sha256:
                return _inspection(path.name, sha256, sha512, length, ".warc.gz", cached.index)
            file.seek(0)
        return inspect_stream(file, path.name, up_to_damage=up_to_damage)


def inspect_stream(file: BinaryIO, name: str, *, up_to_damage: bool = False) -> FileInspection:
    """The same for a file that is open, at its beginning; a WACZ must seek."""
    start = file.peek(16) if hasattr(file, "peek") else b""
    if start.startswith(b"PK\x03\x04"):
        return _inspection(name, *_digests(file), ".wacz", index_wacz(file, name))
    running = hashlib.sha256(), hashlib.sha512()
    with TeeReader(file, running) as tee:
        index = index_warc(tee, name, up_to_damage=up_to_damage)
        while tee.read(CHUNK_BYTES):
            pass  # what follows the damage belongs to the file
    sha256, sha512 = (Digest(each.name, each.digest()) for each in running)
    compression = next((suffix for magic, suffix in COMPRESSIONS if start.startswith(magic)), "")
    suffix = (".arc" if index.is_arc else ".warc") + compression
    return _inspection(name, sha256, sha512, tee.length_bytes, suffix, index)


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
