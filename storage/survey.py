"""Looks over a file before it is deposited: its digests, what is in it, and where it belongs.

In: the path of a WARC or ARC (gzip, zstd, plain) or WACZ file. Out: `Survey`. The file is read once, front to
back (a WACZ twice). Where our spool left the rows it made while writing beside the file, and the file is still
those bytes, it is hashed and need not be taken apart again. Raises `WarcDamageError` for what is damaged and
`NotTakenError` for what is no such file.
"""

import hashlib
import json
import re
import zipfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

from processors.digest import Digest
from storage.errors import StorageError
from storage.ranged_file import TeeReader
from storage.rows_written import rows_written
from storage.warc_facts import declaration_of
from storage.warc_index import IndexedRecord, WarcIndex, index_warc
from storage.warc_members import GZIP, ZSTD, ZSTD_DICTIONARY
from storage.warc_reader import WarcDamageError

OWN_NAME: Final = re.compile(r"([0-9A-HJKMNP-TV-Z]{26})-(\d{5})\.warc\.gz")
"""``<ULID>-<nnnnn>.warc.gz``, as `storage.spool` names its files."""
WARC_IN_WACZ: Final = re.compile(r"archive/[^/]+\.warc(\.gz|\.zst)?", re.IGNORECASE)
COMPRESSIONS: Final = ((GZIP, ".gz"), (ZSTD, ".zst"), (ZSTD_DICTIONARY, ".zst"))
CHUNK_BYTES: Final = 1 << 20


class NotTakenError(StorageError):
    """The file is none that is taken in; convert it with the tool that made it and try again."""

    def __init__(self, name: str, expected: str, found: str) -> None:
        super().__init__(
            f"File {name}: expected {expected}, found {found}. Nothing of it was stored and it was not changed."
        )
        self.name = name
        self.expected = expected
        self.found = found


@dataclass(frozen=True, slots=True)
class Own:
    """Whose file it is when our own recorder wrote it."""

    source_id: str
    crawl_id: str
    serial: int


@dataclass(frozen=True, slots=True)
class Survey:
    """What a file is; ``own`` is None of files that other tools made. ``suffix`` ends the object's key.

    ``damage`` is None of a whole file; else all but the digests speaks of what stands before it.
    """

    sha256: Digest
    sha512: Digest
    length_bytes: int
    suffix: str
    records: int
    first_at: datetime
    warcinfo: Mapping[str, str]
    declaration: dict[str, Any] | None
    own: Own | None
    rows: tuple[IndexedRecord, ...]
    remarks: tuple[str, ...]
    damage: WarcDamageError | None


def survey_file(path: Path, *, up_to_damage: bool = False) -> Survey:
    """Read the whole file and check it; with ``up_to_damage``, a damaged one is taken for what stands before that.

    A WACZ is whole or refused: its package names a digest for each file in it.
    """
    written = rows_written(path)
    with path.open("rb") as file:
        if written is not None:
            sha256, sha512, length = _digests(file)
            if sha256 == written.sha256:
                return _surveyed(path.name, sha256, sha512, length, ".warc.gz", written.index)
            file.seek(0)
        return survey(file, path.name, up_to_damage=up_to_damage)


def survey(file: BinaryIO, name: str, *, up_to_damage: bool = False) -> Survey:
    """The same for a file that is open, at its beginning; a WACZ must seek."""
    start = file.peek(16) if hasattr(file, "peek") else b""
    if start.startswith(b"PK\x03\x04"):
        return _surveyed(name, *_digests(file), ".wacz", _index_wacz(file, name))
    running = hashlib.sha256(), hashlib.sha512()
    with TeeReader(file, running) as tee:
        index = index_warc(tee, name, up_to_damage=up_to_damage)
        while tee.read(CHUNK_BYTES):
            pass  # what stands behind a damage belongs to the file
    sha256, sha512 = (Digest(each.name, each.digest()) for each in running)
    compression = next((suffix for magic, suffix in COMPRESSIONS if start.startswith(magic)), "")
    suffix = (".arc" if index.is_arc else ".warc") + compression
    return _surveyed(name, sha256, sha512, tee.length_bytes, suffix, index)


def _surveyed(
    name: str, sha256: Digest, sha512: Digest, length_bytes: int, suffix: str, index: WarcIndex
) -> Survey:
    declaration = declaration_of(index.warcinfo)
    named = OWN_NAME.fullmatch(name)
    own = Own(declaration["id"], named[1], int(named[2])) if declaration and named else None
    return Survey(
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
    """sha256 and sha512, made side by side since neither holds up the interpreter, and the length."""
    sha256, sha512 = hashlib.sha256(), hashlib.sha512()
    length = 0
    with ThreadPoolExecutor(max_workers=1) as beside:
        while chunk := file.read(CHUNK_BYTES):
            other = beside.submit(sha512.update, chunk)
            sha256.update(chunk)
            other.result()
            length += len(chunk)
    return Digest("sha256", sha256.digest()), Digest("sha512", sha512.digest()), length


def _index_wacz(file: BinaryIO, name: str) -> WarcIndex:
    """The WARC files inside, each stored as it is (WACZ 1.1.1, section 4), with offsets in the WACZ itself."""
    found: list[WarcIndex] = []
    try:
        with zipfile.ZipFile(file) as wacz:
            _check_package(wacz, name)
            for member in wacz.infolist():
                if not WARC_IN_WACZ.fullmatch(member.filename):
                    continue
                if member.compress_type != zipfile.ZIP_STORED:
                    raise NotTakenError(name, f"{member.filename} stored as it is", "it compressed again")
                with wacz.open(member) as inner:
                    found.append(
                        index_warc(inner, f"{name}/{member.filename}", base_offset=_content_offset(file, member))
                    )
    except zipfile.BadZipFile as damage:
        raise WarcDamageError(name, 1, 0, "a whole ZIP file", str(damage)) from damage
    if not found:
        raise NotTakenError(name, "WARC files in archive/", "none")
    return WarcIndex(
        records=sum(index.records for index in found),
        first_at=min(index.first_at for index in found),
        warcinfo=found[0].warcinfo,
        rows=tuple(row for index in found for row in index.rows),
        remarks=tuple(remark for index in found for remark in index.remarks),
        is_arc=False,
        damage=None,
    )


def _content_offset(file: BinaryIO, member: zipfile.ZipInfo) -> int:
    """Where a member's bytes begin: behind its local header, of which the directory does not tell the length.

    Source: PKWARE APPNOTE.TXT, section 4.3.7.
    """
    here = file.tell()
    file.seek(member.header_offset)
    header = file.read(30)
    file.seek(here)
    return (
        member.header_offset
        + 30
        + int.from_bytes(header[26:28], "little")
        + int.from_bytes(header[28:30], "little")
    )


def _check_package(wacz: zipfile.ZipFile, name: str) -> None:
    """Every digest that the package itself declares."""
    try:
        resources = json.loads(wacz.read("datapackage.json")).get("resources", [])
        declared = [(entry["path"], entry["hash"]) for entry in resources if "hash" in entry]
    except (KeyError, ValueError, AttributeError, TypeError) as problem:
        raise WarcDamageError(name, 1, 0, "datapackage.json with a list of resources", repr(problem)) from problem
    for path, expected in declared:
        algorithm, _, value = str(expected).partition(":")
        if algorithm not in hashlib.algorithms_guaranteed:
            continue
        if path not in wacz.namelist():
            raise WarcDamageError(name, 1, 0, f"{path}, which datapackage.json lists", "no such file")
        with wacz.open(path) as inner:
            found = hashlib.file_digest(inner, algorithm).hexdigest()  # type: ignore[arg-type]  # ZipExtFile reads into
        if found != value.lower():
            raise WarcDamageError(name, 1, 0, f"{path} with {expected}", f"{algorithm}:{found}")
