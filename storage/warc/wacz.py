"""Looks over a WACZ: its package's digests, and the WARC files in it, each stored as it is.

In: an open file that seeks, at any place. Out: a `WarcIndex` with offsets in the WACZ itself. Nothing is unpacked
to disk, so names in it lead nowhere; what the package says of sizes is held to limits before anything is read.
Raises `WarcDamageError` and `UnsupportedFileError`. Source: WACZ 1.1.1, sections 4 and 5.
"""

import errno
import hashlib
import json
import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from typing import IO, BinaryIO, Final

from storage.errors import UnsupportedFileError
from storage.warc.damaged_file import read_behind_damage, read_to_damage
from storage.warc.index import IndexPart, RowBound, WarcIndex, index_warc
from storage.warc.reader import WarcDamageError, WarcReader

WARC_IN_WACZ: Final = re.compile(r"archive/[^/]+\.warc(\.gz|\.zst)?", re.IGNORECASE)
PACKAGE: Final = "datapackage.json"
LARGEST_PACKAGE_BYTES: Final = 64 << 20
LARGEST_UNPACKED_BYTES: Final = 1 << 30
MOST_UNPACKED: Final = 100
"""What is compressed in a WACZ beside its WARC files is text; beyond 1 GiB and a hundredfold it is a bomb."""

UNREADABLE: Final = (
    zipfile.BadZipFile,
    RuntimeError,  # encrypted, or a compression that is not known (NotImplementedError)
    zlib.error,
    lzma.LZMAError,
    EOFError,
    ValueError,
    struct.error,
    OverflowError,
)
"""What `zipfile` raises on bytes that are none of its own (CPython 3.11 to 3.13)."""


def index_wacz(
    file: BinaryIO, name: str, *, faults_are_named: bool = False, bound: RowBound | None = None
) -> WarcIndex:
    """Check the package and read every WARC file inside; a fault in one is named and passed over if that is asked.

    One that ends in the middle of a record is refused, as the package with its digests is whole.
    """
    found: list[WarcIndex] = []
    with _zip_errors_as_damage(name), zipfile.ZipFile(file) as wacz:
        _check_package(wacz, name)
        for member, offset in _warc_files(file, wacz, name):
            inner_name = f"{name}/{member.filename}"
            with wacz.open(member) as inner:
                if faults_are_named:
                    index = _index_with_faults(file, inner, inner_name, offset, member.file_size, bound)
                else:
                    index = index_warc(inner, inner_name, base_offset=offset, bound=bound)
                # of the others it is not used, and can be a mebibyte each
                found.append(replace(index, warcinfo={}) if found else index)
    if not found:
        raise UnsupportedFileError(name, "WARC files in archive/", "none")
    return WarcIndex(
        records=sum(index.records for index in found),
        first_at=min(index.first_at for index in found),
        warcinfo=found[0].warcinfo,
        warcinfo_id=found[0].warcinfo_id,
        rows=tuple(row for index in found for row in index.rows),
        remarks=tuple(remark for index in found for remark in index.remarks),
        is_arc=False,
        damage=None,
        faults=tuple(fault for index in found for fault in index.faults),
    )


def warc_files_in(file: BinaryIO, name: str) -> Iterator[tuple[IO[bytes], int]]:
    """Each WARC file of the package, opened, and where it begins in the package; digests are not checked."""
    with _zip_errors_as_damage(name), zipfile.ZipFile(file) as wacz:
        for member, offset in _warc_files(file, wacz, name):
            with wacz.open(member) as inner:
                yield inner, offset


def named_warc_files_in(file: BinaryIO, name: str) -> tuple[tuple[str, int, int], ...]:
    """Name, place and length of each WARC file of the package; digests are not checked."""
    with _zip_errors_as_damage(name), zipfile.ZipFile(file) as wacz:
        found = _warc_files(file, wacz, name)
        return tuple((member.filename, offset, member.file_size) for member, offset in found)


def _index_with_faults(
    file: BinaryIO, inner: IO[bytes], name: str, offset: int, length: int, bound: RowBound | None
) -> WarcIndex:
    """Read one WARC file of the package to its end; ``offset`` and ``length`` are its place in the package."""
    part = IndexPart(bound)
    damage = read_to_damage(part, WarcReader(inner, name, base_offset=offset, is_tolerant=True), name)
    if damage is not None:
        damage = read_behind_damage(part, file, name, damage, begin=offset, end=offset + length)
        if damage is not None and damage.is_cut:
            raise damage
    return part.index(name, offset, damage)


@contextmanager
def _zip_errors_as_damage(name: str) -> Iterator[None]:
    try:
        yield
    except UNREADABLE as damage:
        raise WarcDamageError(name, 1, 0, "a whole ZIP file", str(damage)) from damage
    except OSError as problem:
        if problem.errno != errno.EINVAL:
            raise
        raise WarcDamageError(name, 1, 0, "a ZIP file whose places lie inside it", str(problem)) from problem


def _warc_files(file: BinaryIO, wacz: zipfile.ZipFile, name: str) -> list[tuple[zipfile.ZipInfo, int]]:
    """The WARC files with the places of their first bytes, which no two of them share."""
    placed: list[tuple[zipfile.ZipInfo, int]] = []
    for member in wacz.infolist():
        if not WARC_IN_WACZ.fullmatch(member.filename):
            continue
        if member.compress_type != zipfile.ZIP_STORED:
            raise UnsupportedFileError(name, f"{member.filename} stored as it is", "it compressed again")
        placed.append((member, _content_offset(file, member)))
    for (one, offset), (other, next_offset) in pairwise(sorted(placed, key=lambda each: each[1])):
        if next_offset < offset + one.file_size:
            found = f"{one.filename} to {offset + one.file_size} and {other.filename} from {next_offset}"
            raise WarcDamageError(name, 1, next_offset, "files that lie behind each other", found)
    return placed


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
    members = {member.filename: member for member in wacz.infolist()}
    for path, expected in _declared(wacz, name).items():
        algorithm, _, value = expected.partition(":")
        if algorithm not in hashlib.algorithms_guaranteed or algorithm.startswith("shake"):
            continue
        member = members.get(path)
        if member is None:
            raise WarcDamageError(name, 1, 0, f"{path}, which {PACKAGE} lists", "no such file")
        _require_no_bomb(member, name)
        with wacz.open(member) as inner:
            found = hashlib.file_digest(inner, algorithm).hexdigest()  # type: ignore[arg-type]  # ZipExtFile reads into
        if found != value.lower():
            raise WarcDamageError(name, 1, 0, f"{path} with {expected}", f"{algorithm}:{found}")


def _declared(wacz: zipfile.ZipFile, name: str) -> dict[str, str]:
    """The digest of each file by its path."""
    expected = f"{PACKAGE} with a list of resources"
    try:
        package = wacz.getinfo(PACKAGE)
        if package.file_size > LARGEST_PACKAGE_BYTES:
            raise WarcDamageError(name, 1, 0, f"{PACKAGE} of at most {LARGEST_PACKAGE_BYTES} bytes", "more")
        resources = json.loads(wacz.read(package)).get("resources", [])
        return {str(entry["path"]): str(entry["hash"]) for entry in resources if "hash" in entry}
    except (KeyError, ValueError, AttributeError, TypeError, RecursionError) as problem:
        raise WarcDamageError(name, 1, 0, expected, repr(problem)[:200]) from problem


def _require_no_bomb(member: zipfile.ZipInfo, name: str) -> None:
    size, packed = member.file_size, member.compress_size
    if size > LARGEST_UNPACKED_BYTES and size > MOST_UNPACKED * packed:
        limit = f"{member.filename} of at most {MOST_UNPACKED} times its {packed} compressed bytes"
        raise UnsupportedFileError(name, limit, f"one that claims {size} bytes")
