#!/usr/bin/env python3
"""Checks a hand-over package of Letapis: every file, every web archive record, custody, signatures and times.

    python3 verify.py                    the package in which this file lies (data/verify/verify.py)
    python3 verify.py FOLDER             another package, unpacked
    python3 verify.py PACKAGE.zip.001    a package as ZIP, in one file or in parts

It needs Python 3.8 or later and nothing else, no network, and writes nothing but its report. Where `openssl` is
there, it asks it about the signatures of time-stamping authorities. Exit code: 0 nothing is wrong (the report says
what was not checked), 1 something is wrong, 2 there is no package to check or the arguments are none.

This file came with the package that it checks. Whoever alters a package can alter it as well: for a result that
rests on nobody, take the file from a release of the software, or compare its SHA-256 with the published one.

Sources: BagIt 1.0 (RFC 8493); WACZ 1.1.1 and WACZ-auth 0.1.0; WARC 1.1 (ISO 28500); Merkle trees (RFC 6962,
RFC 9162); C2SP signed-note, tlog-checkpoint, tlog-cosignature; Ed25519 (RFC 8032); ECDSA (FIPS 186-5); JSON in
canonical form (RFC 8785); time-stamps (RFC 3161, RFC 5652); evidence records (RFC 4998); OpenTimestamps.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import datetime
import functools
import hashlib
import io
import json
import os
import platform
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import urllib.parse
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any, BinaryIO, Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple, Union

VERSION = "1"
FORMAT = "letapis/verification/1"

OK, WRONG, NOT_CHECKED = "ok", "wrong", "not_checked"

CHUNK = 1 << 20
LARGEST_TEXT = 256 << 20
"""Bytes of a JSON or text file that is read whole; a larger one is named as not read."""

DAMAGES_NAMED = 50
"""How many damaged records of one file are named one by one."""


# === What was found


class Finding(NamedTuple):
    """One sentence of the report: which part of the check, about what, with which result."""

    area: str
    subject: str
    result: str
    words: str


AREAS = {
    "files": "Files of the package",
    "evidence": "Web archive files (WACZ) and their records (WARC)",
    "custody": "Custody: entries, their order, the log and its witnesses",
    "opened": "Facts of the collection that were opened",
    "time": "Time-stamps",
    "selection": "What was selected, and what is there",
}


class Report:
    """Findings, in the order of areas; threads may add to it."""

    def __init__(self) -> None:
        self.findings: List[Finding] = []
        self._lock = threading.Lock()

    def add(self, area: str, subject: str, result: str, words: str) -> None:
        with self._lock:
            self.findings.append(Finding(area, shown(subject), result, shown(words, 2000)))

    def ok(self, area: str, subject: str, words: str) -> None:
        self.add(area, subject, OK, words)

    def wrong(self, area: str, subject: str, words: str) -> None:
        self.add(area, subject, WRONG, words)

    def not_checked(self, area: str, subject: str, words: str) -> None:
        self.add(area, subject, NOT_CHECKED, words)

    def of(self, result: str) -> List[Finding]:
        order = list(AREAS)
        found = [each for each in self.findings if each.result == result]
        return sorted(found, key=lambda each: (order.index(each.area), each.subject))


def shown(text: str, longest: int = 400) -> str:
    """Text out of a package, safe on a screen: no control characters, no reordering, not endless."""
    cut = text if len(text) <= longest else text[:longest] + "…"
    return "".join(each if each.isprintable() else f"\\u{ord(each):04x}" for each in cut)


class NoPackageError(Exception):
    """There is nothing that could be checked."""


class DamageError(Exception):
    """Bytes that are not what their format says; the text says what is wrong."""


# === Where the bytes are


class Window(io.RawIOBase):
    """A part of a file, or of several files as if they were one, as a file of its own."""

    def __init__(self, parts: Sequence[Tuple[str, int]], start: int = 0, size: Optional[int] = None) -> None:
        super().__init__()
        self._parts = list(parts)
        whole = sum(length for _, length in self._parts)
        self._start = start
        self.size = whole - start if size is None else size
        if start < 0 or self.size < 0 or start + self.size > whole:
            raise DamageError("a part of a file that lies beyond its end")
        self._at = 0
        self._open: Tuple[int, Optional[BinaryIO]] = (-1, None)

    def within(self, start: int, size: int) -> Window:
        """A part of this part, with file handles of its own."""
        if start < 0 or size < 0 or start + size > self.size:
            raise DamageError("a part of a file that lies beyond its end")
        return Window(self._parts, self._start + start, size)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self.size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def read(self, size: Optional[int] = -1) -> bytes:
        left = max(0, self.size - self._at)
        wanted = left if size is None or size < 0 else min(size, left)
        pieces = []
        while wanted:
            piece = self._read_some(wanted)
            if not piece:
                break
            pieces.append(piece)
            wanted -= len(piece)
            self._at += len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def readinto(self, buffer: Any) -> int:
        content = self.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)

    def close(self) -> None:
        if self._open[1] is not None:
            self._open[1].close()
            self._open = (-1, None)
        super().close()

    def _read_some(self, wanted: int) -> bytes:
        at = self._start + self._at
        for number, (path, length) in enumerate(self._parts):
            if at < length:
                if self._open[0] != number:
                    if self._open[1] is not None:
                        self._open[1].close()
                    self._open = (number, open(path, "rb"))  # noqa: SIM115 - closed with the window
                file = self._open[1]
                assert file is not None
                file.seek(at)
                return file.read(min(wanted, length - at))
            at -= length
        return b""


class Folder:
    """A package as a folder."""

    def __init__(self, path: str, report: Report) -> None:
        self.place = path
        self.sizes: Dict[str, int] = {}
        for folder, folders, files in os.walk(path):
            for name in files + [each for each in folders if os.path.islink(os.path.join(folder, each))]:
                whole = os.path.join(folder, name)
                inside = os.path.relpath(whole, path).replace(os.sep, "/")
                if os.path.islink(whole) or not os.path.isfile(whole):
                    report.wrong("files", inside, "It is no file but a link or a device; it was not followed.")
                elif inside.startswith("data/verify/__pycache__/"):
                    continue  # Python itself writes this where somebody imports this program
                else:
                    self.sizes[inside] = os.path.getsize(whole)

    def open(self, name: str) -> Window:
        return Window([(os.path.join(self.place, *name.split("/")), self.sizes[name])])


class Zip:
    """A package as a ZIP file in one or more parts, whose entries are stored, not compressed."""

    def __init__(self, parts: Sequence[str], report: Report) -> None:
        self.place = parts[0] if len(parts) == 1 else f"{parts[0]} … {os.path.basename(parts[-1])}"
        self._whole = Window([(each, os.path.getsize(each)) for each in parts])
        self._entries: Dict[str, Tuple[int, int]] = {}
        try:
            with zipfile.ZipFile(self._whole) as listed:
                infos = listed.infolist()
                directory = listed.start_dir
        except (zipfile.BadZipFile, ValueError, struct.error, NotImplementedError, UnicodeDecodeError) as problem:
            raise NoPackageError(f"{self.place} cannot be read as a ZIP file ({problem})") from problem
        prefix = _common_folder([each.filename for each in infos])
        for problem_found in _faults_of_zip(self._whole, infos, directory):
            report.wrong("files", os.path.basename(self.place), problem_found)
        for info in infos:
            name = info.filename[len(prefix) :]
            if info.filename.endswith("/"):
                continue
            if name in self._entries or _is_odd_name(name):
                report.wrong("files", name, "The ZIP file has this name twice, or it leads out of the package.")
                continue
            try:
                start = _data_start(self._whole, info)
                self._whole.within(start, info.file_size)
            except DamageError as problem:
                report.wrong("files", name, f"Its place in the ZIP file cannot be read: {problem}.")
                continue
            self._entries[name] = (start, info.file_size)
        self.sizes = {name: size for name, (_, size) in self._entries.items()}

    def open(self, name: str) -> Window:
        start, size = self._entries[name]
        return self._whole.within(start, size)


Package = Union[Folder, Zip]


def _is_odd_name(name: str) -> bool:
    return name.startswith("/") or "\\" in name or ":" in name or ".." in name.split("/") or "\0" in name


def _common_folder(names: Sequence[str]) -> str:
    """The one folder in which the package lies within the ZIP file, with its slash; empty where there is none."""
    inside = [name[: -len("bagit.txt")] for name in names if name.rpartition("/")[2] == "bagit.txt"]
    shortest = min(inside, key=len) if inside else ""
    return shortest if shortest.count("/") <= 1 else ""


LOCAL = struct.Struct("<4sHHHHHIIIHH")


def _data_start(whole: Window, info: zipfile.ZipInfo) -> int:
    """Where the bytes of an entry begin."""
    whole.seek(info.header_offset)
    head = whole.read(LOCAL.size)
    if len(head) != LOCAL.size or head[:4] != b"PK\x03\x04":
        raise DamageError("there is no local header of it")
    return info.header_offset + LOCAL.size + int(LOCAL.unpack(head)[9]) + int(LOCAL.unpack(head)[10])


def _faults_of_zip(whole: Window, infos: Sequence[zipfile.ZipInfo], directory: int) -> Iterator[str]:
    """What of the frame of a ZIP file is not as it was written: both headers agree, and nothing lies between."""
    at = 0
    first = infos[0] if infos else None
    for info in sorted(infos, key=lambda each: each.header_offset):
        whole.seek(info.header_offset)
        head = whole.read(LOCAL.size)
        if info.header_offset != at:
            yield f"The ZIP file has bytes at {at} that belong to no entry, before {info.filename}."
        if len(head) != LOCAL.size or head[:4] != b"PK\x03\x04":
            yield f"The ZIP file has no local header of {info.filename}."
            return
        _, needs, flags, method, time, date, crc, packed, size, name_length, extra_length = LOCAL.unpack(head)
        name, extra = whole.read(name_length), whole.read(extra_length)
        packed, size, odd = _from_zip64(extra, packed, size)
        day, hour = info.date_time[:3], info.date_time[3:]
        stamp = ((day[0] - 1980) << 9 | day[1] << 5 | day[2], hour[0] << 11 | hour[1] << 5 | hour[2] // 2)
        encoded = info.orig_filename.encode("utf-8" if flags & 0x800 else "cp437", "replace")
        local = (needs, flags, method, (date, time), crc, packed, size, name)
        central = (
            info.extract_version,
            info.flag_bits,
            info.compress_type,
            stamp,
            info.CRC,
            info.compress_size,
            info.file_size,
            encoded,
        )
        if local != central or odd:
            yield f"The two headers of {info.filename} in the ZIP file do not agree."
        if method != 0 or packed != size:
            yield f"The entry {info.filename} of the ZIP file is compressed or encrypted; a package stores it."
        if first is not None and _frame(info) != _frame(first):
            yield f"The entry {info.filename} of the ZIP file has other attributes than the first one."
        at = info.header_offset + LOCAL.size + name_length + extra_length + packed
    if at != directory:
        yield f"The ZIP file has bytes at {at} that belong to no entry, before its directory."
    yield from _faults_of_directory(whole, infos, directory)


def _frame(info: zipfile.ZipInfo) -> Tuple[Any, ...]:
    return (
        info.create_version,
        info.create_system,
        info.external_attr,
        info.internal_attr,
        info.volume,
        info.comment,
        info.reserved,
    )


def _from_zip64(extra: bytes, packed: int, size: int) -> Tuple[int, int, bool]:
    """Both sizes, from the extra field where they stand there; whether there is anything else in it."""
    if not extra:
        return packed, size, False
    if len(extra) < 4:
        return packed, size, True
    kind, length = struct.unpack("<HH", extra[:4])
    if kind != 1 or len(extra) != 4 + length or length % 8:
        return packed, size, True
    values = [each[0] for each in struct.iter_unpack("<Q", extra[4:])]
    if size == 0xFFFFFFFF and values:
        size = values.pop(0)
    if packed == 0xFFFFFFFF and values:
        packed = values.pop(0)
    return packed, size, bool(values)


def _faults_of_directory(whole: Window, infos: Sequence[zipfile.ZipInfo], directory: int) -> Iterator[str]:
    """Central headers, end records: every field says what the entries say."""
    whole.seek(directory)
    tail = whole.read(64 << 20)
    at = 0
    for info in infos:
        head = tail[at : at + 46]
        if len(head) != 46 or head[:4] != b"PK\x01\x02":
            yield f"The directory of the ZIP file is damaged before {info.filename}."
            return
        name, extra, comment = struct.unpack("<HHH", head[28:34])
        at += 46 + name + extra + comment
    size, end = at, tail[at:]
    count = len(infos)
    if end[:4] == b"PK\x06\x06" and len(end) >= 76:
        made_by, needs = struct.unpack("<HH", end[12:16])
        record = struct.pack(
            "<4sQHHIIQQQQ", b"PK\x06\x06", 44, made_by, needs, 0, 0, count, count, size, directory
        )
        record += struct.pack("<4sIQI", b"PK\x06\x07", 0, directory + size, 1)
        if end[:76] != record or made_by & 0xFF != needs or needs != 45:
            yield "The end record (ZIP64) of the ZIP file does not agree with its entries."
        end = end[76:]
        limits = (0xFFFF, 0xFFFFFFFF)
    else:
        limits = (count, -1)
    if len(end) != 22:
        yield "The ZIP file does not end where its end record ends."
        return
    magic, disk, start_disk, here, all_, said_size, said_start, comment_length = struct.unpack("<4s4H2IH", end)
    agrees = here in (count, limits[0]) and here == all_ and said_size in (size, limits[1])
    agrees = agrees and said_start in (directory, limits[1]) and comment_length == 0
    if magic != b"PK\x05\x06" or (disk, start_disk) not in ((0, 0), (0xFFFF, 0xFFFF)) or not agrees:
        yield "The end record of the ZIP file does not agree with its entries."


def find_package(given: Optional[str], report: Report) -> Package:
    """The package that is meant: this file's own, a folder, or a ZIP file in one or more parts."""
    if given is None:
        here = os.path.dirname(os.path.abspath(__file__))
        given = os.path.dirname(os.path.dirname(here))
        if not os.path.isfile(os.path.join(given, "bagit.txt")):
            raise NoPackageError(
                f"This file does not lie in a package (expected bagit.txt in {given}). "
                "Name the folder or the ZIP file of a package."
            )
        return Folder(given, report)
    if os.path.isdir(given):
        if os.path.isfile(os.path.join(given, "bagit.txt")) or os.path.isdir(os.path.join(given, "data")):
            return Folder(given, report)
        inner = [os.path.join(given, each) for each in sorted(os.listdir(given))]
        bags = [each for each in inner if os.path.isfile(os.path.join(each, "bagit.txt"))]
        if len(bags) == 1:
            return Folder(bags[0], report)
        raise NoPackageError(
            f"{given} is not a package: expected bagit.txt in it, found none. Name the folder that holds it."
        )
    if not os.path.isfile(given):
        raise NoPackageError(f"{given} does not exist. Name the folder or the ZIP file of a package.")
    return Zip(_parts_of(given, report), report)


def _parts_of(path: str, report: Report) -> List[str]:
    """All parts of a ZIP file that was cut, in order; their digests are held against the list beside them."""
    numbered = re.fullmatch(r"(.+)\.(\d{3,})", path)
    parts = [path]
    if numbered:
        stem, digits = numbered.group(1), len(numbered.group(2))
        parts = []
        while os.path.isfile(following := f"{stem}.{len(parts) + 1:0{digits}d}"):
            parts.append(following)
        if not parts:
            raise NoPackageError(f"{path} has no first part {following} beside it.")
    else:
        stem = path
    stems = (stem, stem[:-4] if stem.lower().endswith(".zip") else stem)
    lists = [each + ".parts.txt" for each in stems if os.path.isfile(each + ".parts.txt")]
    if not lists:
        if numbered:
            report.not_checked("files", os.path.basename(stem), "The list of its parts (.parts.txt) is not there.")
        return parts
    with open(lists[0], "rb") as file:
        listed = [each.split(None, 1) for each in file.read(LARGEST_TEXT).decode("utf-8", "replace").splitlines()]
    said = {pair[1].lstrip("*"): pair[0] for pair in listed if len(pair) == 2}
    found = {os.path.basename(each): each for each in parts}
    for name in sorted(set(said) | set(found)):
        if name not in found:
            report.wrong("files", name, "The list of parts names it, and it is not there.")
        elif name not in said:
            report.wrong("files", name, "It is not in the list of parts.")
        elif (digest := _sha256_of_path(found[name])) != said[name]:
            report.wrong("files", name, f"This part: expected SHA-256 {said[name]}, found {digest}.")
    return parts


def _sha256_of_path(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for chunk in iter(lambda: file.read(CHUNK), b""):
            digest.update(chunk)
    return digest.hexdigest()


def read_text(package: Package, name: str) -> bytes:
    """A file of the package that is small enough to be read whole; raises `DamageError`."""
    if package.sizes[name] > LARGEST_TEXT:
        raise DamageError(f"it has {package.sizes[name]} bytes, more than {LARGEST_TEXT}")
    with package.open(name) as file:
        return file.read()


def read_json(package: Package, name: str) -> Any:
    """A JSON file of the package; raises `DamageError`."""
    try:
        return json.loads(read_text(package, name).decode("utf-8"))
    except (ValueError, RecursionError) as problem:
        raise DamageError(f"it cannot be read as JSON ({problem})") from problem


# === The bag: every file in both manifests, nothing more, nothing less


DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
ALGORITHMS = ("sha256", "sha512")
LINE = re.compile(r"([0-9a-f]+)  ([^\n\r]+)")


def _manifest(package: Package, name: str, algorithm: str, report: Report) -> Dict[str, str]:
    """Digest by file name; what cannot be read is reported."""
    if name not in package.sizes:
        report.wrong("files", name, "It is missing.")
        return {}
    try:
        text = read_text(package, name).decode("utf-8")
    except (UnicodeDecodeError, DamageError) as problem:
        report.wrong("files", name, f"It cannot be read as text ({problem}).")
        text = read_text(package, name).decode("utf-8", "replace")
    if not text.endswith("\n"):
        report.wrong("files", name, "Its last line does not end.")
    found: Dict[str, str] = {}
    digits = hashlib.new(algorithm).digest_size * 2
    for number, line in enumerate(text.split("\n")[:-1], 1):
        read = LINE.fullmatch(line)
        path = urllib.parse.unquote(read.group(2)) if read else ""
        if read is None or len(read.group(1)) != digits or path in found:
            expected = f"{digits} hexadecimal digits, two spaces, a file named once"
            report.wrong("files", name, f"Line {number}: expected {expected}, found {line[:200]!r}.")
            continue
        found[path] = read.group(1)
    return found


class FileDigests(NamedTuple):
    """The two digests of a file's bytes, in hexadecimal."""

    sha256: str
    sha512: str


def _digests(package: Package, name: str) -> FileDigests:
    both = hashlib.sha256(), hashlib.sha512()
    read = 0
    with package.open(name) as file:
        while True:
            chunk = file.read(CHUNK)
            if not chunk:
                break
            read += len(chunk)
            for each in both:
                each.update(chunk)
    if read != package.sizes[name]:
        raise DamageError(f"expected {package.sizes[name]} bytes, read {read}")
    return FileDigests(both[0].hexdigest(), both[1].hexdigest())


class Bag:
    """The digests that were found, and what both manifests say."""

    def __init__(self, package: Package, report: Report) -> None:
        self._package, self._report = package, report
        self.digests: Dict[str, FileDigests] = {}
        self._said = {
            kind: {each: _manifest(package, f"{kind}-{each}.txt", each, report) for each in ALGORITHMS}
            for kind in ("manifest", "tagmanifest")
        }

    def hash_file(self, name: str) -> None:
        try:
            self.digests[name] = _digests(self._package, name)
        except (OSError, DamageError) as problem:
            self._report.wrong("files", name, f"It cannot be read: {problem}.")

    def check(self) -> None:
        """Compare, when every file was hashed."""
        before = len(self._report.of(WRONG))
        self._check_declaration()
        names = set(self._package.sizes)
        for kind in self._said:
            covered = {name for name in names if _kind_of(name) == kind}
            for name in sorted(covered.union(*self._said[kind].values())):
                self._check_file(kind, name)
        self._check_info()
        if len(self._report.of(WRONG)) == before:
            count, size = len(names), sum(self._package.sizes.values())
            self._report.ok(
                "files",
                "{} files, {} bytes".format(count, format(size, ",")),
                "Every file has the SHA-256 and the SHA-512 of the manifests; none is missing, none was added.",
            )

    def _check_declaration(self) -> None:
        if "bagit.txt" not in self._package.sizes:
            return  # the manifest of tag files misses it
        found = read_text(self._package, "bagit.txt")
        if found != DECLARATION:
            self._report.wrong("files", "bagit.txt", f"Expected {DECLARATION!r}, found {found[:200]!r}.")

    def _check_file(self, kind: str, name: str) -> None:
        lists = {each: f"{kind}-{each}.txt" for each in ALGORITHMS}
        missing = [lists[each] for each in ALGORITHMS if name not in self._said[kind][each]]
        if name not in self._package.sizes:
            listed = " and ".join(lists[each] for each in ALGORITHMS if name in self._said[kind][each])
            self._report.wrong("files", name, f"It is missing: {listed} names it, and it is not in the package.")
            return
        if name not in self.digests:
            return  # it could not be read, which was said
        found = self.digests[name]._asdict()
        said = {each: self._said[kind][each][name] for each in ALGORITHMS if name in self._said[kind][each]}
        differing = [each for each in said if said[each] != found[each]]
        agreeing = [each for each in said if said[each] == found[each]]
        if missing:
            words = "It was added or renamed: {} {} not name it.".format(" and ".join(missing), _do(missing))
            self._report.wrong("files", name, words)
        if differing and agreeing:
            each = differing[0]
            self._report.wrong(
                "files",
                lists[each],
                f"Its line about {name} was altered: it says {said[each]}. The file has {found[each]}, "
                "and its other digest is right.",
            )
        elif differing:
            each = differing[0]
            words = f"It was altered: expected {each.upper()} {said[each]}, found {found[each]}."
            self._report.wrong("files", name, words)

    def _check_info(self) -> None:
        if "bag-info.txt" not in self._package.sizes:
            return
        text = read_text(self._package, "bag-info.txt").decode("utf-8", "replace")
        said = re.search(r"^Payload-Oxum: (\d+)\.(\d+)$", text, re.MULTILINE)
        payload = [size for name, size in self._package.sizes.items() if name.startswith("data/")]
        found = f"{sum(payload)}.{len(payload)}"
        if said and "{}.{}".format(*said.groups()) != found:
            words = "Payload-Oxum (bytes and files below data/): expected %s.%s, found %s."
            self._report.wrong("files", "bag-info.txt", words % (said.group(1), said.group(2), found))


def _do(names: Sequence[str]) -> str:
    return "does" if len(names) == 1 else "do"


def _kind_of(name: str) -> Optional[str]:
    """Which manifests list a file; the manifests of tag files are listed nowhere."""
    if name.startswith("data/"):
        return "manifest"
    return None if name in ("tagmanifest-sha256.txt", "tagmanifest-sha512.txt") else "tagmanifest"


# === Signatures, in Python alone


class Curve(NamedTuple):
    """A curve y² = x³ - 3x + b over a prime field, its base point and the order of that (SP 800-186)."""

    name: str
    p: int
    n: int
    b: int
    g: Tuple[int, int]
    spki: bytes
    """What stands before the point of a public key in DER."""


CURVES = (
    Curve(
        "P-256",
        2**256 - 2**224 + 2**192 + 2**96 - 1,
        0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
        0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
        (
            0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
            0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
        ),
        bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004"),
    ),
    Curve(
        "P-384",
        2**384 - 2**128 - 2**96 + 2**32 - 1,
        0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
        0xB3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875AC656398D8A2ED19D2A85C8EDD3EC2AEF,
        (
            0xAA87CA22BE8B05378EB1C71EF320AD746E1D3B628BA79B9859F741E082542A385502F25DBF55296C3A545E3872760AB7,
            0x3617DE4A96262C6F5D9E98BF9292DC29F8F41DBD289A147CE9DA3113B5F0B8C00A60B1CE1D7E819D7A431D7C90EA0E5F,
        ),
        bytes.fromhex("3076301006072a8648ce3d020106052b8104002203620004"),
    ),
)

Point = Tuple[int, int, int]
"""Jacobian coordinates: x / z², y / z³; without inverses, which are slow. A point with z 0 is the neutral one."""


def _double(curve: Curve, point: Point) -> Point:
    x, y, z = point
    delta, gamma = z * z, y * y
    beta, alpha = x * gamma % curve.p, 3 * (x - delta) * (x + delta) % curve.p
    found = (alpha * alpha - 8 * beta) % curve.p
    return found, (alpha * (4 * beta - found) - 8 * gamma * gamma) % curve.p, 2 * y * z % curve.p


def _add(curve: Curve, one: Point, other: Point) -> Point:
    if not one[2] or not other[2]:
        return one if one[2] else other
    zz, other_zz = one[2] * one[2] % curve.p, other[2] * other[2] % curve.p
    u, other_u = one[0] * other_zz % curve.p, other[0] * zz % curve.p
    s, other_s = one[1] * other[2] * other_zz % curve.p, other[1] * one[2] * zz % curve.p
    h, r = (other_u - u) % curve.p, (other_s - s) % curve.p
    if not h:
        return (0, 1, 0) if r else _double(curve, one)
    hh, z = h * h % curve.p, h * one[2] * other[2] % curve.p
    hhh, v = h * hh % curve.p, u * hh % curve.p
    x = (r * r - hhh - 2 * v) % curve.p
    return x, (r * (v - x) - s * hhh) % curve.p, z


def _x_of_sum(curve: Curve, factor: int, other_factor: int, other: Tuple[int, int]) -> Optional[int]:
    """The x of factor · base point + other factor · other point; None of the neutral point."""
    base, point = (*curve.g, 1), (*other, 1)
    both = _add(curve, base, point)
    found: Point = (0, 1, 0)
    for bit in range(curve.n.bit_length() - 1, -1, -1):
        found = _double(curve, found)
        chosen = (factor >> bit & 1, other_factor >> bit & 1)
        if any(chosen):
            found = _add(curve, found, {(1, 0): base, (0, 1): point, (1, 1): both}[chosen])
    if not found[2]:
        return None
    return found[0] * pow(found[2], -2, curve.p) % curve.p


class EcdsaKey(NamedTuple):
    """A public key: its curve and its point."""

    curve: Curve
    point: Tuple[int, int]


def read_ecdsa_key(spki: bytes) -> EcdsaKey:
    """A public key (SubjectPublicKeyInfo, DER, uncompressed); raises `DamageError`."""
    for curve in CURVES:
        head, size = len(curve.spki), (curve.p.bit_length() + 7) // 8
        if spki[:head] == curve.spki and len(spki) == head + 2 * size:
            x, y = int.from_bytes(spki[head : head + size], "big"), int.from_bytes(spki[head + size :], "big")
            if max(x, y) >= curve.p or (y * y - x * x * x + 3 * x - curve.b) % curve.p:
                raise DamageError(f"the key is no point of its curve {curve.name}")
            return EcdsaKey(curve, (x, y))
    raise DamageError("the key is none of the curves P-256 and P-384")


def ecdsa_verifies(key: EcdsaKey, signature: bytes, message: bytes) -> bool:
    """Whether the signature (r and s behind each other, or DER) is one of the message's SHA-256.

    Source: FIPS 186-5, section 6.4.2.
    """
    curve, size = key.curve, (key.curve.p.bit_length() + 7) // 8
    if len(signature) == 2 * size:
        r, s = int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big")
    else:
        try:
            r, s = (int.from_bytes(each.content, "big") for each in Der.parse(signature).children())
        except (ValueError, DamageError):
            return False
    if not (0 < r < curve.n and 0 < s < curve.n):
        return False
    digest = int.from_bytes(hashlib.sha256(message).digest(), "big")
    w = pow(s, -1, curve.n)
    x = _x_of_sum(curve, digest * w % curve.n, r * w % curve.n, key.point)
    return x is not None and x % curve.n == r


ED_P = 2**255 - 19
ED_L = 2**252 + 27742317777372353535851937790883648493
ED_D = -121665 * pow(121666, ED_P - 2, ED_P) % ED_P

EdPoint = Tuple[int, int, int, int]


def _ed_add(one: EdPoint, other: EdPoint) -> EdPoint:
    a = (one[1] - one[0]) * (other[1] - other[0]) % ED_P
    b = (one[1] + one[0]) * (other[1] + other[0]) % ED_P
    c = 2 * one[3] * other[3] * ED_D % ED_P
    d = 2 * one[2] * other[2] % ED_P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % ED_P, g * h % ED_P, f * g % ED_P, e * h % ED_P


def _ed_times(factor: int, point: EdPoint) -> EdPoint:
    found: EdPoint = (0, 1, 1, 0)
    while factor:
        if factor & 1:
            found = _ed_add(found, point)
        point = _ed_add(point, point)
        factor >>= 1
    return found


def _ed_decode(encoded: bytes) -> Optional[EdPoint]:
    y = int.from_bytes(encoded, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    if y >= ED_P:
        return None
    square = (y * y - 1) * pow(ED_D * y * y + 1, ED_P - 2, ED_P) % ED_P
    x = pow(square, (ED_P + 3) // 8, ED_P)
    if (x * x - square) % ED_P:
        x = x * pow(2, (ED_P - 1) // 4, ED_P) % ED_P
    if (x * x - square) % ED_P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = ED_P - x
    return x, y, 1, x * y % ED_P


_ED_BASE = _ed_decode((4 * pow(5, ED_P - 2, ED_P) % ED_P).to_bytes(32, "little"))


def ed25519_verifies(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether these 64 bytes are the key's signature of the message (RFC 8032, section 5.1.7)."""
    if len(public) != 32 or len(signature) != 64 or _ED_BASE is None:
        return False
    key, r = _ed_decode(public), _ed_decode(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if key is None or r is None or s >= ED_L:
        return False
    digest = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % ED_L
    one, other = _ed_times(s, _ED_BASE), _ed_add(r, _ed_times(digest, key))
    same_x = (one[0] * other[2] - other[0] * one[2]) % ED_P == 0
    return same_x and (one[1] * other[2] - other[1] * one[2]) % ED_P == 0


# === JSON in canonical form (RFC 8785), in which entries are written and values committed to


def canonical(value: Any) -> bytes:
    """The bytes of a JSON value; raises ``ValueError`` where it has none."""
    return _canonical(value).encode("utf-8")


def _canonical(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, list):
        return "[{}]".format(",".join(map(_canonical, value)))
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
        return "{{{}}}".format(",".join(f"{_canonical(name)}:{_canonical(value[name])}" for name in names))
    raise ValueError("no JSON value")


def _number(value: float) -> str:
    """A number as ECMAScript writes it (ECMA-262, Number::toString)."""
    if value != value or value in (float("inf"), float("-inf")):
        raise ValueError("no JSON number")
    if value == 0:
        return "0"
    sign, text = ("-", repr(-value)) if value < 0 else ("", repr(value))
    mantissa, _, exponent = text.partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    count = len(digits)
    if count <= point <= 21:
        return sign + digits + "0" * (point - count)
    if 0 < point <= 21:
        return sign + digits[:point] + "." + digits[point:]
    if -6 < point <= 0:
        return sign + "0." + "0" * -point + digits
    power = f"{point - 1:+d}"
    return sign + digits[0] + ("." + digits[1:] if count > 1 else "") + "e" + power


def opens(committed: str, salt: str, name: str, value: Any) -> bool:
    """Whether this value was committed to, under this name and with this salt."""
    try:
        return committed == "sha256:" + hashlib.sha256(canonical([salt, name, value])).hexdigest()
    except (ValueError, RecursionError):
        return False


# === Web archive files


class RecordFound(NamedTuple):
    """One record of a WARC file: where it lies, what it says of itself, the SHA-256 of its block."""

    offset: int
    length: int
    record_id: str
    kind: str
    uri: str
    block_sha256: str
    payload_digest: Optional[str]
    refers_to: Optional[str]


class Members:
    """The members of a gzip file, one after the other, as a stream."""

    def __init__(self, file: Window, offset: int) -> None:
        self._file = file
        self._data, self._at, self._base = b"", 0, offset
        self._unzip = zlib.decompressobj(31)
        self._step = 4096
        file.seek(offset)

    @property
    def offset(self) -> int:
        """Where the next byte lies that was not used yet."""
        return self._base + self._at

    def begin(self) -> bool:
        """Go to the next member; False at the end of the file."""
        self._unzip, self._step = zlib.decompressobj(31), 4096
        return self._fill()

    def read(self) -> bytes:
        """The next bytes of this member; empty at its end. Raises `DamageError`."""
        while not self._unzip.eof:
            if not self._fill():
                raise DamageError("the file ends in the middle of it")
            piece = self._data[self._at : self._at + self._step]
            self._step = min(self._step * 2, 1 << 18)
            try:
                out = self._unzip.decompress(piece, CHUNK)
            except zlib.error as problem:
                raise DamageError(f"its compression is damaged ({problem})") from problem
            self._at += len(piece) - len(self._unzip.unconsumed_tail) - len(self._unzip.unused_data)
            if out:
                return out
        return b""

    def _fill(self) -> bool:
        if self._at < len(self._data):
            return True
        self._base += self._at
        self._data, self._at = self._file.read(CHUNK), 0
        return bool(self._data)


HEAD_END = re.compile(rb"\r?\n\r?\n")
"""Files of other archives, which are kept as they came, also end lines with a line feed alone."""


class Reading:
    """The decompressed bytes of a member, read in the steps of a record."""

    def __init__(self, members: Members) -> None:
        self._members, self._held = members, b""

    def head(self) -> bytes:
        """Everything up to the first empty line."""
        while True:
            end = HEAD_END.search(self._held)
            if end is not None:
                found, self._held = self._held[: end.start()], self._held[end.end() :]
                return found
            if len(self._held) > CHUNK:
                raise DamageError("its header has no end")
            more = self._members.read()
            if not more:
                raise DamageError("its header has no end")
            self._held += more

    def pieces(self, length: int) -> Iterator[bytes]:
        """The next ``length`` bytes."""
        while length:
            if not self._held:
                self._held = self._members.read()
                if not self._held:
                    raise DamageError(f"its block ends {length} bytes too early")
            piece, self._held = self._held[:length], self._held[length:]
            length -= len(piece)
            yield piece

    def rest(self) -> bytes:
        """What is left, the two line ends of a record; the member is then used up."""
        found = self._held
        while len(found) < 100:
            more = self._members.read()
            if not more:
                return found
            found += more
        raise DamageError("there are bytes behind its end")


class Payload:
    """The body of an HTTP message in a block: its digest as sent, and with its chunks joined."""

    def __init__(self, algorithm: str) -> None:
        self._head: Optional[bytes] = b""
        self._sent, self._joined = hashlib.new(algorithm), hashlib.new(algorithm)
        self._chunks: Optional[Chunks] = None

    def take(self, piece: bytes) -> None:
        if self._head is not None:
            self._head += piece
            ends = [(self._head.find(each), len(each)) for each in (b"\r\n\r\n", b"\n\n", b"\n\r\n")]
            found = [(at + length) for at, length in ends if at >= 0]
            if not found:
                return
            head, piece = self._head[: min(found)], self._head[min(found) :]
            self._head = None
            if re.search(rb"^transfer-encoding:.*\bchunked\s*$", head, re.IGNORECASE | re.MULTILINE):
                self._chunks = Chunks()
        self._sent.update(piece)
        if self._chunks is not None:
            for each in self._chunks.take(piece):
                self._joined.update(each)

    def digests(self) -> Set[bytes]:
        return {self._sent.digest()} | ({self._joined.digest()} if self._chunks is not None else set())


class Chunks:
    """Joins a body that was sent in chunks (RFC 9112, section 7.1)."""

    def __init__(self) -> None:
        self._held, self._left, self._ended = b"", 0, False

    def take(self, piece: bytes) -> Iterator[bytes]:
        self._held += piece
        while self._held and not self._ended:
            if self._left > 2:
                part = self._held[: self._left - 2]
                self._held, self._left = self._held[len(part) :], self._left - len(part)
                yield part
            elif self._left:
                cut = min(self._left, len(self._held))
                self._held, self._left = self._held[cut:], self._left - cut
            else:
                line, end, rest = self._held.partition(b"\n")
                if not end:
                    self._ended = len(line) > 4096
                    return
                try:
                    size = int(line.partition(b";")[0].strip() or b"x", 16)
                except ValueError:
                    size = 0
                self._ended = size <= 0
                self._held, self._left = rest, size + 2


def read_digest(text: str) -> Optional[Tuple[str, bytes]]:
    """``sha256:<hex or base32>``; None where it is of no kind that Python knows."""
    name, _, value = text.partition(":")
    algorithm = name.strip().lower().replace("-", "")
    if algorithm not in ("sha1", "sha256", "sha512", "sha384", "md5"):
        return None
    size = hashlib.new(algorithm).digest_size
    try:
        if len(value) == size * 2:
            return algorithm, bytes.fromhex(value)
        found = base64.b32decode(value.upper() + "=" * (-len(value) % 8))
    except (ValueError, binascii.Error):
        return None
    return (algorithm, found) if len(found) == size else None


class WarcCheck:
    """Reads one WARC file and holds every record against its own digests."""

    def __init__(self, name: str, report: Report) -> None:
        self._name, self._report = name, report
        self.records: List[RecordFound] = []
        self.damaged = 0
        self.without_digest = 0
        self.unknown_digest = 0

    def run(self, file: Window) -> None:
        offset = 0
        while True:
            members = Members(file, offset)
            try:
                while members.begin():
                    offset = members.offset
                    self.records.append(self._record(members, offset))
                return
            except DamageError as problem:
                self._damage(offset, problem)
                found = self._next_start(file, offset + 1)
                if found is None:
                    return
                offset = found

    def _damage(self, offset: int, problem: DamageError, named: str = "") -> None:
        self.damaged += 1
        if self.damaged > DAMAGES_NAMED:
            return
        before = self.records[-1] if self.records else None
        place = named or "the record at byte {}, {}".format(
            offset,
            "the first one" if before is None else f"after the record {before.record_id}",
        )
        self._report.wrong("evidence", self._name, f"{place[0].upper() + place[1:]}: {problem}.")

    def _record(self, members: Members, offset: int) -> RecordFound:
        reading = Reading(members)
        head = reading.head()
        if not re.match(rb"WARC/[0-9.]{1,9}\r?\n", head):
            raise DamageError(f"expected a WARC header, found {head[:40]!r}")
        fields: Dict[str, str] = {}
        for line in head.split(b"\n")[1:]:
            field, colon, value = line.partition(b":")
            if colon:
                fields.setdefault(
                    field.decode("latin-1").strip().lower(), value.decode("utf-8", "replace").strip()
                )
        record_id, kind = fields.get("warc-record-id", ""), fields.get("warc-type", "")
        uri = fields.get("warc-target-uri", "")
        named = "the record {} ({}{}) at byte {}".format(record_id, kind, " of " + uri if uri else "", offset)
        try:
            return self._block(reading, members, offset, fields, (record_id, kind, uri), named)
        except DamageError as problem:
            raise DamageError(f"{problem}; its header says it is {named}") from problem

    def _block(
        self,
        reading: Reading,
        members: Members,
        offset: int,
        fields: Dict[str, str],
        names: Tuple[str, str, str],
        named: str,
    ) -> RecordFound:
        length = fields.get("content-length", "")
        if not re.fullmatch("[0-9]{1,18}", length):
            raise DamageError("its length is not a number")
        said = {each: fields.get(f"warc-{each}-digest") for each in ("block", "payload")}
        read = {each: read_digest(text) if text else None for each, text in said.items()}
        block = read["block"]
        hashes = {"sha256": hashlib.sha256()}
        if block is not None:
            hashes.setdefault(block[0], hashlib.new(block[0]))
        payload = self._payload_of(fields, names[1], read["payload"])
        for piece in reading.pieces(int(length)):
            for each in hashes.values():
                each.update(piece)
            if payload is not None:
                payload.take(piece)
        if reading.rest().strip(b"\r\n"):
            raise DamageError("it does not end as a record ends")
        sha256 = hashes["sha256"].hexdigest()
        if said["block"] is None:
            self.without_digest += 1
        elif block is None:
            self.unknown_digest += 1
        elif hashes[block[0]].digest() != block[1]:
            found = f"{block[0]}:{hashes[block[0]].hexdigest()}"
            self._damage(
                offset, DamageError("block digest expected {}, found {}".format(said["block"], found)), named
            )
        if payload is not None and read["payload"] is not None and read["payload"][1] not in payload.digests():
            self._payload_differs(named, str(said["payload"]), block is not None)
        return RecordFound(
            offset, members.offset - offset, *names, sha256, said["payload"], fields.get("warc-refers-to")
        )

    def _payload_of(
        self, fields: Dict[str, str], kind: str, said: Optional[Tuple[str, bytes]]
    ) -> Optional[Payload]:
        """What finds the payload; None where nothing is said of it, or it stands in another record."""
        if said is None or kind == "revisit":
            return None
        found = Payload(said[0])
        if not fields.get("content-type", "").lower().replace(" ", "").startswith("application/http"):
            found.take(b"\r\n\r\n")  # the block itself is the payload
        return found

    def _payload_differs(self, named: str, said: str, is_intact: bool) -> None:
        """Its block is what it was: then the server's or another program's record said so from the beginning."""
        words = "%s says a payload digest %s that is not that of its payload%s"
        end = "; its block has the digest that it says." if is_intact else "."
        place = named[0].upper() + named[1:]
        self._report.add("evidence", self._name, NOT_CHECKED if is_intact else WRONG, words % (place, said, end))

    @staticmethod
    def _next_start(file: Window, offset: int) -> Optional[int]:
        """Where the next member begins that holds a record; None where there is none."""
        held, base = b"", offset
        file.seek(offset)
        while True:
            at = held.find(b"\x1f\x8b\x08")
            if at >= 0 and (len(held) - at >= 4096 or base + len(held) >= file.size):
                try:
                    beginning = zlib.decompressobj(31).decompress(held[at : at + 4096], 64)
                except zlib.error:
                    beginning = b""
                if beginning.startswith(b"WARC/"):
                    return base + at
                held, base = held[at + 1 :], base + at + 1
                continue
            more = file.read(CHUNK)
            if not more:
                return None
            keep = at if at >= 0 else max(0, len(held) - 2)
            held, base = held[keep:] + more, base + keep


class WaczCheck:
    """One web archive file: its list of contents, the signature, every record, the index."""

    def __init__(self, package: Package, name: str, report: Report) -> None:
        self._package, self.name, self._report = package, name, report
        self.records: List[RecordFound] = []
        self.warcs: Dict[str, List[RecordFound]] = {}
        self._data: List[Tuple[int, int]] = []
        self.key: Optional[str] = None
        """SHA-256 of the key (DER) that has signed; None where no signature holds."""

    def run(self) -> None:
        file = self._package.open(self.name)
        try:
            with zipfile.ZipFile(file) as listed:
                infos = {each.filename: each for each in listed.infolist() if not each.filename.endswith("/")}
                if len(infos) != len([each for each in listed.namelist() if not each.endswith("/")]):
                    self._report.wrong("evidence", self.name, "It has a name twice.")
                self._check_contents(listed, file, infos)
        except (zipfile.BadZipFile, zlib.error, DamageError, OSError, ValueError, struct.error) as problem:
            self._report.wrong("evidence", self.name, f"It cannot be read to its end: {problem}.")
        except (NotImplementedError, RuntimeError, KeyError) as problem:
            self._report.wrong("evidence", self.name, f"It is packed in a way that no WACZ is: {problem}.")
        finally:
            file.close()

    def bytes_at(self, offset: int, length: int) -> Iterator[bytes]:
        """Bytes of the WARC file in it."""
        start, size = self._data[0]
        if offset + length > size:
            raise DamageError("a record that lies beyond the end of its file")
        with self._package.open(self.name) as file, file.within(start + offset, length) as part:
            yield from iter(lambda: part.read(CHUNK), b"")

    def _check_contents(self, listed: zipfile.ZipFile, file: Window, infos: Dict[str, zipfile.ZipInfo]) -> None:
        before = len(self._report.of(WRONG))
        for name in ("datapackage.json", "datapackage-digest.json"):
            if name not in infos:
                self._report.wrong("evidence", self.name, f"{name} is missing in it.")
                return
        described = self._read(listed, infos["datapackage.json"])
        resources = self._resources(described)
        for name in sorted(set(infos) - set(resources) - {"datapackage.json", "datapackage-digest.json"}):
            self._report.wrong("evidence", f"{self.name}: {name}", "datapackage.json does not list it.")
        for name, (said, size) in sorted(resources.items()):
            subject = f"{self.name}: {name}"
            if name not in infos:
                self._report.wrong("evidence", subject, "datapackage.json lists it, and it is missing.")
                continue
            self._check_resource(listed, infos[name], subject, said, size)
        self._check_signature(listed, infos, described)
        for name in sorted(infos):
            if name.startswith("archive/"):
                self._check_warc(file, infos[name], name)
        self._check_index(listed, infos)
        if len(self._report.of(WRONG)) == before:
            words = f"{len(infos)} files in it and its {len(self.records)} records have the digests that it names"
            self._report.ok("evidence", self.name, words + ("; its signature holds." if self.key else "."))

    def _read(self, listed: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
        if info.file_size > LARGEST_TEXT:
            raise DamageError(f"{info.filename} has {info.file_size} bytes")
        with listed.open(info) as opened:
            return opened.read(LARGEST_TEXT)

    def _resources(self, described: bytes) -> Dict[str, Tuple[str, Optional[int]]]:
        try:
            rows = json.loads(described.decode("utf-8"))["resources"]
            return {str(each["path"]): (str(each["hash"]), each.get("bytes")) for each in rows}
        except (ValueError, KeyError, TypeError, RecursionError, AttributeError) as problem:
            raise DamageError(f"datapackage.json lists no resources ({problem!r})") from problem

    def _check_resource(
        self, listed: zipfile.ZipFile, info: zipfile.ZipInfo, subject: str, said: str, size: Optional[int]
    ) -> None:
        read = read_digest(said)
        if read is None:
            self._report.wrong("evidence", subject, f"datapackage.json says no digest of it: {said!r}.")
            return
        digest, length = hashlib.new(read[0]), 0
        try:
            with listed.open(info) as opened:
                for chunk in iter(lambda: opened.read(CHUNK), b""):
                    digest.update(chunk)
                    length += len(chunk)
        except (zipfile.BadZipFile, zlib.error, EOFError) as problem:
            self._report.wrong("evidence", subject, f"It is damaged: {problem}.")
            return
        if digest.digest() != read[1]:
            found = f"{read[0]}:{digest.hexdigest()}"
            self._report.wrong("evidence", subject, f"It was altered: expected {said}, found {found}.")
        elif size is not None and size != length:
            self._report.wrong("evidence", subject, f"Expected {size} bytes, found {length}.")

    def _check_signature(
        self, listed: zipfile.ZipFile, infos: Dict[str, zipfile.ZipInfo], described: bytes
    ) -> None:
        subject = f"{self.name}: datapackage-digest.json"
        try:
            stated = json.loads(self._read(listed, infos["datapackage-digest.json"]).decode("utf-8"))
            said, signed = stated["hash"], stated.get("signedData")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
            self._report.wrong("evidence", subject, f"It cannot be read ({problem!r}).")
            return
        found = "sha256:" + hashlib.sha256(described).hexdigest()
        if said != found or stated.get("path") != "datapackage.json":
            words = f"It names another datapackage.json: expected {shown(str(said))}, found {found}."
            self._report.wrong("evidence", subject, words)
        if not signed:
            self._report.not_checked("evidence", subject, "It carries no signature.")
            return
        try:
            if signed["hash"] != found:
                raise DamageError("the hash that was signed is another than that of datapackage.json")
            if "publicKey" not in signed:
                words = "It is signed with a certificate of a domain, which this program does not check."
                self._report.not_checked("evidence", subject, words)
                return
            spki = base64.b64decode(signed["publicKey"], validate=True)
            signature = base64.b64decode(signed["signature"], validate=True)
            if not ecdsa_verifies(read_ecdsa_key(spki), signature, signed["hash"].encode("utf-8")):
                raise DamageError("the signature (ECDSA) does not hold")
        except (DamageError, ValueError, KeyError, TypeError, AttributeError) as problem:
            self._report.wrong("evidence", subject, f"Signature: {problem}.")
            return
        self.key = hashlib.sha256(spki).hexdigest()

    def _check_warc(self, file: Window, info: zipfile.ZipInfo, name: str) -> None:
        subject = f"{self.name}: {name}"
        if info.compress_type != zipfile.ZIP_STORED:
            self._report.wrong("evidence", subject, "It is compressed once more, which a WACZ forbids.")
            return
        if not name.endswith(".warc.gz"):
            self._report.not_checked("evidence", subject, "Its records were not read; it is no .warc.gz file.")
            return
        check = WarcCheck(subject, self._report)
        with file.within(_data_start(file, info), info.file_size) as window:
            check.run(window)
        if check.damaged > DAMAGES_NAMED:
            more = check.damaged - DAMAGES_NAMED
            self._report.wrong("evidence", subject, f"{more} more records of it are damaged.")
        if check.without_digest or check.unknown_digest:
            count = check.without_digest + check.unknown_digest
            words = (
                "%s of its records say no block digest that could be checked; the digest of the file covers them."
            )
            self._report.not_checked("evidence", subject, words % count)
        self._check_revisits(subject, check.records)
        self.warcs[name.rpartition("/")[2]] = check.records
        self._data.append((_data_start(file, info), info.file_size))
        self.records.extend(check.records)

    def _check_revisits(self, subject: str, records: List[RecordFound]) -> None:
        """A revisit stands for a payload that another record holds, which has to be here."""
        held = {each.record_id: each for each in records}
        for each in records:
            if each.kind != "revisit" or each.refers_to is None:
                continue
            meant = held.get(each.refers_to)
            if meant is None:
                words = "The record %s refers to %s, which is not in this file."
                self._report.not_checked("evidence", subject, words % (each.record_id, each.refers_to))
            elif each.payload_digest != meant.payload_digest:
                words = "The record %s refers to %s, whose payload has another digest."
                self._report.wrong("evidence", subject, words % (each.record_id, each.refers_to))

    def _check_index(self, listed: zipfile.ZipFile, infos: Dict[str, zipfile.ZipInfo]) -> None:
        """Every line of the index leads to a record that begins there."""
        places = {(name, each.offset): each.length for name, records in self.warcs.items() for each in records}
        for name in sorted(infos):
            if not re.fullmatch(r"indexes/.*\.(cdx|cdxj)(\.gz)?", name):
                continue
            subject = f"{self.name}: {name}"
            content = self._read(listed, infos[name])
            try:
                if name.endswith(".gz"):
                    content = _gunzip(content)
                for number, line in enumerate(content.decode("utf-8").splitlines(), 1):
                    if line.startswith("!") or not line.strip():
                        continue
                    row = json.loads(line[line.index("{") :])
                    place = str(row["filename"]).rpartition("/")[2], int(row["offset"])
                    if places.get(place) != int(row.get("length", places.get(place, 0) or 0)):
                        words = "Line %s leads to byte %s of %s, where no such record lies."
                        self._report.wrong("evidence", subject, words % (number, row["offset"], place[0]))
            except (ValueError, KeyError, TypeError, zlib.error, RecursionError, DamageError) as problem:
                self._report.wrong("evidence", subject, f"It cannot be read ({problem}).")


def _gunzip(content: bytes) -> bytes:
    """All members of a small gzip file."""
    found, size = [], 0
    while content:
        unzip = zlib.decompressobj(31)
        found.append(unzip.decompress(content, LARGEST_TEXT))
        size += len(found[-1])
        if not unzip.eof or size > LARGEST_TEXT:
            raise DamageError("its compression ends too early, or it is too large")
        content = unzip.unused_data
    return b"".join(found)


# === Custody


class NoteKey(NamedTuple):
    """``<name>+<id>+<base64>``: who signs, which kind (1: Ed25519, 4: cosignature of a witness), 32 bytes."""

    name: str
    key_id: bytes
    kind: int
    public: bytes
    text: str


def read_note_key(text: str) -> NoteKey:
    """A verifier key of a signed note; raises `DamageError`."""
    parts = text.strip().split("+", 2)
    try:
        content = base64.b64decode(parts[2], validate=True)
        key_id = hashlib.sha256(parts[0].encode("utf-8") + b"\n" + content).digest()[:4]
        if len(content) != 33 or key_id.hex() != parts[1]:
            raise DamageError(f"{text!r} is no verifier key: its parts do not belong together")
    except (IndexError, ValueError) as problem:
        raise DamageError(f"{text!r} is no verifier key (<name>+<id>+<base64>)") from problem
    return NoteKey(parts[0], key_id, content[0], content[1:], text.strip())


class Note(NamedTuple):
    """A signed note: its text, and by each signer the key id and the signature."""

    text: str
    signatures: List[Tuple[str, bytes, bytes]]


def read_note(content: bytes) -> Note:
    """Split a note; raises `DamageError`."""
    try:
        whole = content.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise DamageError("it is no text") from problem
    text, blank, rest = whole.rpartition("\n\n")
    if not blank or not rest.endswith("\n"):
        raise DamageError("it is no signed note (text, an empty line, signatures)")
    signatures = []
    for line in rest[:-1].split("\n"):
        read = re.fullmatch("\u2014 ([^ +]+) ([A-Za-z0-9+/]+=*)", line)
        try:
            value = base64.b64decode(read.group(2), validate=True) if read else b""
        except ValueError:
            value = b""
        if read is None or len(value) <= 4 or base64.b64encode(value).decode() != read.group(2):
            raise DamageError(f"a line of it is no signature: {line[:200]!r}")
        signatures.append((read.group(1), value[:4], value[4:]))
    return Note(text + "\n", signatures)


class Checkpoint(NamedTuple):
    """What a log's checkpoint says: whose log, how many entries, the root of their tree."""

    origin: str
    size: int
    root: bytes


def read_checkpoint(note: Note) -> Checkpoint:
    """Read the text of a note; raises `DamageError`."""
    lines = note.text.split("\n")
    if len(lines) < 4 or not re.fullmatch("0|[1-9][0-9]{0,18}", lines[1]):
        raise DamageError("it is no checkpoint (origin, size, root)")
    try:
        root = base64.b64decode(lines[2], validate=True)
    except ValueError as problem:
        raise DamageError("its root is no base64") from problem
    if len(root) != 32 or base64.b64encode(root).decode() != lines[2]:
        raise DamageError("its root has no 32 bytes")
    return Checkpoint(lines[0], int(lines[1]), root)


def includes(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether the path leads from the leaf to the root (RFC 9162, section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    node, last = leaf, size - 1
    for each in path:
        if last == 0 or len(each) != 32:
            return False
        if index & 1 or index == last:
            node = hashlib.sha256(b"\x01" + each + node).digest()
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            node = hashlib.sha256(b"\x01" + node + each).digest()
        index, last = index >> 1, last >> 1
    return last == 0 and node == root


class Outside(NamedTuple):
    """What whoever checks knows from elsewhere."""

    log_keys: List[NoteKey]
    witness_keys: List[NoteKey]
    package_keys: List[str]


class Custody:
    """All proofs of custody of a package: their entries, checkpoints, tokens."""

    def __init__(self, package: Package, report: Report, outside: Outside) -> None:
        self._package, self._report, self._outside = package, report, outside
        self.entries: Dict[int, Dict[str, Any]] = {}
        self._raw: Dict[int, bytes] = {}
        self._notes: Dict[bytes, str] = {}
        self._checkpoints: Dict[Tuple[str, int], Tuple[bytes, str]] = {}
        self._keys: Dict[str, NoteKey] = {}
        self.times = TimeStamps(package, report)

    def run(self) -> None:
        """Proofs first: everything else refers to their entries."""
        names = sorted(self._package.sizes)
        proofs = [name for name in names if re.fullmatch(r"data/custody/proof-[^/]*\.json", name)]
        for name in proofs:
            try:
                self._proof(name, read_json(self._package, name))
            except (DamageError, OSError) as problem:
                self._report.wrong("custody", name, f"It cannot be used: {problem}.")
            except (KeyError, TypeError, AttributeError, ValueError) as problem:
                self._report.wrong("custody", name, f"It is not made as a proof of custody is ({problem!r}).")
        if not proofs:
            self._report.not_checked("custody", "data/custody", "The package holds no proof of custody.")
        self._not_proved()
        self._chain()
        self._loose_checkpoint()
        self._opened()
        self._loose_tokens(names)
        self.times.run()

    def _proof(self, name: str, proof: Dict[str, Any]) -> None:
        if proof["format"] != "letapis/custody-proof/1":
            self._report.not_checked("custody", name, "Its format {!r} is not known.".format(proof["format"]))
            return
        before = len(self._report.of(WRONG))
        keys = [read_note_key(each) for each in proof["verifier_keys"]]
        note_bytes = proof["checkpoint"].encode("utf-8")
        checkpoint = self._checkpoint(name, note_bytes, keys)
        if proof["size"] != checkpoint.size:
            self._report.wrong("custody", name, "It says a size that is not that of its checkpoint.")
        for each in proof["entries"]:
            self._entry(name, each, checkpoint)
        deposit = self._deposit(proof)
        if deposit is None:
            self._report.wrong(
                "custody", name, "No entry in it tells of the deposit of {}.".format(proof["warc_key"])
            )
        self._tokens(name, proof)
        witnesses = self._receipts(name, proof["receipts"], note_bytes)
        if bool(proof["witnessed"]) != any(each["witnesses"] for each in proof["receipts"]):
            self._report.wrong("custody", name, "It says of witnesses what its receipts do not say.")
        if len(self._report.of(WRONG)) == before and deposit is not None:
            words = (
                "The file %s (%s) was deposited, as entry %s says, at %s by the archive's clock. It "
                "and %s more lie in the log of %s, in the tree of %s entries whose root the log has signed%s."
            )
            self._report.ok(
                "custody",
                name,
                words
                % (
                    proof["warc_key"],
                    deposit["subject_digest"],
                    deposit["seq"],
                    deposit["at"],
                    len(proof["entries"]) - 1,
                    checkpoint.origin,
                    checkpoint.size,
                    "".join(f" and {each} has confirmed" for each in witnesses),
                ),
            )
            self._written_anew(name, proof)

    def _written_anew(self, name: str, proof: Dict[str, Any]) -> None:
        """What the entries say of records that were taken out of the file because the law asked for it."""
        for each in proof["entries"]:
            entry = self.entries.get(each["index"] + 1)
            if entry is None or (entry["event"], entry["subject_id"]) != ("purged", proof["warc_key"]):
                continue
            words = (
                "Entry %s says that the file %s was written anew at %s without %s of its records, which had to be "
                "deleted: before it had the digest %s, since then it has %s. That every other record is what it "
                "was can be seen by its own digest; the file before can be shown no more."
            )
            details = entry["details"]
            self._report.ok(
                "custody",
                name,
                words
                % (
                    entry["seq"],
                    proof["warc_key"],
                    entry["at"],
                    len(details["removed"]),
                    details["before"]["sha256"],
                    entry["subject_digest"],
                ),
            )

    def _not_proved(self) -> None:
        name = "data/custody/not-proved.json"
        if name not in self._package.sizes:
            return
        try:
            for each in read_json(self._package, name):
                words = f"The package has no proof of custody of this file: {each['why']}."
                self._report.not_checked("custody", str(each["warc_key"]), words)
        except (DamageError, OSError, KeyError, TypeError) as problem:
            self._report.wrong("custody", name, f"It cannot be used: {problem!r}.")

    def _deposit(self, proof: Dict[str, Any]) -> Optional[Dict[str, Any]]:
        for each in proof["entries"]:
            entry = self.entries.get(each["index"] + 1)
            if entry is not None and (entry["event"], entry["subject_id"]) == ("deposited", proof["warc_key"]):
                return entry
        return None

    def _checkpoint(self, name: str, content: bytes, keys: List[NoteKey]) -> Checkpoint:
        """A checkpoint whose signature holds, by one of these keys; raises `DamageError`."""
        note = read_note(content)
        checkpoint = read_checkpoint(note)
        known = self._outside.log_keys or keys
        signed = False
        for signer, key_id, signature in note.signatures:
            for key in known:
                if (key.name, key.key_id, key.kind) == (signer, key_id, 1):
                    if not ed25519_verifies(key.public, signature, note.text.encode("utf-8")):
                        raise DamageError(f"the signature of its checkpoint by {key.text} does not hold")
                    signed = signed or key.name == checkpoint.origin
                    self._keys[key.text] = key
        if not signed:
            named = ", ".join(key.text for key in known)
            raise DamageError(f"none of the keys {named} has signed its checkpoint")
        other = self._checkpoints.setdefault((checkpoint.origin, checkpoint.size), (checkpoint.root, name))
        if other[0] != checkpoint.root:
            words = "Its checkpoint and that in %s have the same size and different roots: the log was split."
            self._report.wrong("custody", name, words % other[1])
        self.times.contents[hashlib.sha256(content).digest()] = content
        self._notes[hashlib.sha256(content).digest()] = f"the checkpoint over {checkpoint.size} entries"
        return checkpoint

    def _entry(self, name: str, each: Dict[str, Any], checkpoint: Checkpoint) -> None:
        index = each["index"]
        subject = f"{name}: entry {index + 1}"
        content = _base64(each["entry"])
        leaf = hashlib.sha256(b"\x00" + content).digest()
        path = [_base64(step) for step in each["path"]]
        if not includes(leaf, index, checkpoint.size, path, checkpoint.root):
            words = (
                "It was altered, or is none of the log's: its path does not lead to the root of the checkpoint."
            )
            self._report.wrong("custody", subject, words)
            return
        try:
            entry = json.loads(content.decode("utf-8"))
            as_written = canonical(entry) == content
        except (ValueError, RecursionError) as problem:
            self._report.wrong("custody", subject, f"It cannot be read as JSON ({problem}).")
            return
        if not as_written or entry.get("seq") != index + 1:
            self._report.wrong("custody", subject, "It is not in canonical form, or has another number.")
            return
        if entry["event"] != each["event"] or not _same_moment(entry["at"], each["at"]):
            self._report.wrong("custody", subject, "What is said beside it of event and time is not what it says.")
        known = self._raw.setdefault(index + 1, content)
        if known != content:
            self._report.wrong("custody", subject, "Another proof has another entry with this number.")
            return
        self.entries[index + 1] = entry
        self.times.subjects[hashlib.sha256(content).digest()] = "entry %s of custody" % (index + 1)
        self.times.contents[hashlib.sha256(content).digest()] = content

    def _chain(self) -> None:
        """Each entry names the digest of the one before; where both are here, it must be that."""
        links = 0
        for seq, entry in sorted(self.entries.items()):
            before = self._raw.get(seq - 1)
            if before is None:
                continue
            links += 1
            if entry["previous"] != "sha256:" + hashlib.sha256(before).hexdigest():
                words = "It does not name the digest of entry %s, the one before it." % (seq - 1)
                self._report.wrong("custody", f"entry {seq}", words)
        if not self.entries:
            return
        hidden = len(self.entries) - links
        if links:
            words = f"Each of {links} entries names the SHA-256 of the entry before it, which is here as well."
            self._report.ok("custody", "order of entries", words)
        if hidden:
            words = (
                f"{hidden} of the entries follow one that is not in the package, as it is about something else; "
                "that the log holds both in this order is shown by the tree (inclusion), not by this link."
            )
            self._report.not_checked("custody", "order of entries", words)

    def _tokens(self, name: str, proof: Dict[str, Any]) -> None:
        for each in proof["tokens"]:
            index = each["index"]
            content = self._raw.get(index + 1)
            what = "{}: token of {} over entry {}".format(name, each["authority"], index + 1)
            if content is None:
                self._report.wrong("time", what, "The entry that it is about is not among the entries that hold.")
                continue
            self.times.add_token(
                what,
                _base64(each["token"]),
                about=(f"entry {index + 1} of custody", content),
                roots=_base64(each["roots"]),
                said_time=each["time"],
            )

    def _receipts(self, name: str, receipts: List[Dict[str, Any]], note: bytes) -> List[str]:
        """Names of witnesses whose cosignature holds."""
        confirmed: List[str] = []
        for each in receipts:
            subject = "{}: {} of {}".format(name, each["name"], each["outlet"])
            content = _base64(each["content"])
            if each["name"].endswith(".cosignature"):
                confirmed.extend(self._cosignature(subject, content, note))
            elif each["name"].endswith(".tsr"):
                self.times.add_token(subject, content, about=("the checkpoint", note))
            elif each["name"].endswith(".ots"):
                self.times.add_ots(subject, content)
            else:
                words = "It was given back by an outlet that only it can explain; its bytes are in the manifest."
                self._report.not_checked("custody", subject, words)
        return confirmed

    def _cosignature(self, subject: str, content: bytes, note_bytes: bytes) -> List[str]:
        try:
            note, given = read_note(content), read_note(note_bytes)
        except DamageError as problem:
            self._report.not_checked("custody", subject, f"The witness gave back what is no note: {problem}.")
            return []
        if note.text != given.text:
            self._report.wrong("custody", subject, "The witness has signed another checkpoint than this one.")
            return []
        confirmed = []
        for line in note.signatures:
            if line in given.signatures:
                continue  # the log's own, checked with the checkpoint
            name, key_id, signature = line
            keys = [k for k in self._witness_keys() if (k.name, k.key_id, k.kind) == (name, key_id, 4)]
            if not keys:
                words = (
                    f"{name} (key id {key_id.hex()}) has cosigned the checkpoint. Its key is not "
                    "in the package, as it should come "
                    "from the witness; give it with --witness-key to have the signature checked."
                )
                self._report.not_checked("custody", subject, words)
                continue
            at = int.from_bytes(signature[:8], "big")
            message = (f"cosignature/v1\ntime {at}\n{note.text}").encode()
            if len(signature) != 72 or not ed25519_verifies(keys[0].public, signature[8:], message):
                self._report.wrong("custody", subject, f"The cosignature of {name} does not hold.")
                continue
            confirmed.append(f"the witness {name} (at {_moment(at)} by its clock)")
            self._report.ok("custody", subject, f"The cosignature of {keys[0].text} holds: {_moment(at)}.")
        return confirmed

    def _witness_keys(self) -> List[NoteKey]:
        found = list(self._outside.witness_keys)
        if not found and "data/custody/certificates/witnesses.txt" in self._package.sizes:
            text = read_text(self._package, "data/custody/certificates/witnesses.txt").decode("utf-8", "replace")
            for line in text.splitlines():
                if line.strip() and not line.startswith("#"):
                    try:
                        found.append(read_note_key(line))
                    except DamageError:
                        continue  # a line that names no key makes the signature one that was not checked
        return found

    def _loose_checkpoint(self) -> None:
        """The checkpoint beside the proofs, and the one that the selection was frozen at."""
        name = "data/custody/checkpoint.txt"
        if name in self._package.sizes:
            try:
                content = read_text(self._package, name)
                keys = list(self._keys.values())
                checkpoint = self._checkpoint(name, content, keys)
                words = "The checkpoint over {} entries of {} is signed by the log.".format(*checkpoint[1::-1])
                self._report.ok("custody", name, words)
            except DamageError as problem:
                result = WRONG if self._keys else NOT_CHECKED
                self._report.add("custody", name, result, f"The checkpoint does not hold: {problem}.")
        if self._keys and not self._outside.log_keys:
            named = ", ".join(sorted(self._keys))
            words = (
                f"The checkpoints are signed by {named}, as the package itself names it. Compare this with the "
                "key that you noted earlier or were told elsewhere, or give yours with --log-key."
            )
            self._report.not_checked("custody", "key of the log", words)

    def check_selection(self, selection: Any) -> None:
        """The selection names a checkpoint: it must be none that contradicts the proofs."""
        try:
            said = selection["checkpoint"]
            if said is None:
                return
            origin, size, root = said["origin"], said["size"], said["root"]
        except (KeyError, TypeError):
            self._report.wrong("selection", "data/selection.json", "It names no checkpoint.")
            return
        if not self._checkpoints:
            return
        known = self._checkpoints.get((origin, size))
        if known is None:
            words = f"It was frozen at a checkpoint over {size} entries, which is not among those of the proofs."
            self._report.not_checked("selection", "data/selection.json", words)
        elif not _names_digest(root, known[0]):
            words = f"It names another root for {size} entries than the signed checkpoint."
            self._report.wrong("selection", "data/selection.json", words)
        else:
            words = f"It was frozen at the checkpoint over {size} entries that {known[1]} holds."
            self._report.ok("selection", "data/selection.json", words)

    def _opened(self) -> None:
        name = "data/custody/opened.json"
        if name not in self._package.sizes:
            return
        try:
            opened = read_json(self._package, name)
            if opened["format"] != "letapis/opened/1":
                raise DamageError("its format {!r} is not known".format(opened["format"]))
            rows = opened["values"]
            held = 0
            for row in rows:
                held += self._open_one(name, row)
        except (DamageError, OSError) as problem:
            self._report.wrong("opened", name, f"It cannot be used: {problem}.")
            return
        except (KeyError, TypeError, AttributeError) as problem:
            self._report.wrong("opened", name, f"It is not made as opened values are ({problem!r}).")
            return
        if rows and held == len(rows):
            words = (
                "%s values are those that the entries of custody have committed to, before anybody asked for them."
            )
            self._report.ok("opened", name, words % held)

    def _open_one(self, name: str, row: Dict[str, Any]) -> bool:
        seq, value_name = row["entry"], row["name"]
        subject = f"{name}: {value_name} of entry {seq}"
        entry = self.entries.get(seq)
        if entry is None:
            self._report.wrong("opened", subject, "That entry is not among the entries of the package that hold.")
            return False
        committed = entry.get("committed", {}).get(value_name)
        if committed is None:
            self._report.wrong("opened", subject, "The entry has committed to no value of this name.")
            return False
        if not opens(committed, row["salt"], value_name, row["value"]):
            self._report.wrong("opened", subject, "It was altered: it is not the value that was committed to.")
            return False
        return True

    def _loose_tokens(self, names: Sequence[str]) -> None:
        """Tokens beside the proofs, mostly the same once more."""
        self.times.subjects.update(self._notes)
        for name in names:
            if name.startswith("data/custody/evidence-records/"):
                self.times.add_record(name)
            if name.startswith("data/custody/revocation/"):
                words = (
                    "It says whether a certificate of a time-stamping authority was revoked, and is signed by who "
                    "issued that: `openssl ocsp -respin` or `openssl crl -in` shows it. The manifests cover it."
                )
                self._report.not_checked("time", name, words)
            if not name.startswith("data/custody/tokens/"):
                continue
            try:
                content = read_text(self._package, name)
            except (DamageError, OSError) as problem:
                self._report.wrong("time", name, f"It cannot be read: {problem}.")
                continue
            if name.endswith((".tsr", ".tsr.der")) or content[:1] == b"\x30":
                self.times.add_token(name, content)
            elif name.endswith(".ots"):
                self.times.add_ots(name, content)
            elif name.endswith(".cosignature"):
                words = (
                    "A cosignature is checked where the proof of custody holds it; the manifests cover this copy."
                )
                self._report.not_checked("custody", name, words)
            else:
                words = "It is of a kind that this program does not know; the manifests cover its bytes."
                self._report.not_checked("time", name, words)


def _base64(text: str) -> bytes:
    try:
        found = base64.b64decode(text, validate=True)
    except ValueError as problem:
        raise DamageError(f"a value is no base64: {text[:80]!r}") from problem
    if base64.b64encode(found).decode() != text:
        raise DamageError(f"a value is no base64 in its only form: {text[:80]!r}")
    return found


def _names_digest(said: Any, value: bytes) -> bool:
    """Whether text names this digest, in hexadecimal or base64, with its algorithm or without."""
    text = str(said).rpartition(":")[2]
    return text in (value.hex(), base64.b64encode(value).decode())


def _moment(seconds: int) -> str:
    try:
        return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, ValueError, OSError):
        return f"{seconds} seconds after 1970"


def _same_moment(one: Any, other: Any) -> bool:
    try:
        return _read_moment(str(one)) == _read_moment(str(other))
    except ValueError:
        return bool(one == other)


def _read_moment(text: str) -> datetime.datetime:
    """ISO 8601 with a zone, also as Python before 3.11 does not read it."""
    read = re.fullmatch(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)", text)
    if read is None:
        raise ValueError("no moment")
    zone = "+00:00" if read.group(4) == "Z" else read.group(4)
    fraction = (read.group(3) or "0").ljust(6, "0")[:6]
    return datetime.datetime.fromisoformat(f"{read.group(1)}T{read.group(2)}.{fraction}{zone}")


# === Time-stamps


class Der(NamedTuple):
    """One element of DER: its tag, its content, its bytes with tag and length."""

    tag: int
    content: bytes
    whole: bytes

    @classmethod
    def parse(cls, content: bytes) -> Der:
        """The one element that these bytes are; raises `DamageError`."""
        found, rest = cls._first(content)
        if rest:
            raise DamageError("there are bytes behind its end")
        return found

    @classmethod
    def _first(cls, content: bytes) -> Tuple[Der, bytes]:
        if len(content) < 2 or content[0] & 0x1F == 0x1F:
            raise DamageError("it is no DER")
        length, at = content[1], 2
        if length & 0x80:
            octets = length & 0x7F
            length, at = int.from_bytes(content[2 : 2 + octets], "big"), 2 + octets
            if not 0 < octets <= 4:
                raise DamageError("it is no DER")
        if at + length > len(content):
            raise DamageError("an element of it goes beyond its end")
        return cls(content[0], content[at : at + length], content[: at + length]), content[at + length :]

    def children(self) -> List[Der]:
        found, rest = [], self.content
        while rest:
            each, rest = Der._first(rest)
            found.append(each)
        return found

    def child(self, number: int, tag: int) -> Der:
        found = self.children()
        if number >= len(found) or found[number].tag != tag:
            raise DamageError("an element of it is not what RFC 3161 says")
        return found[number]


SEQUENCE, SET, OCTETS, OID, CONTEXT_0 = 0x30, 0x31, 0x04, 0x06, 0xA0
MESSAGE_DIGEST = bytes.fromhex("2a864886f70d010904")
TST_INFO = bytes.fromhex("2a864886f70d0109100104")
HASHES = {
    bytes.fromhex("2b0e03021a"): "sha1",
    bytes.fromhex("608648016503040201"): "sha256",
    bytes.fromhex("608648016503040202"): "sha384",
    bytes.fromhex("608648016503040203"): "sha512",
}


class Token(NamedTuple):
    """What a token says: the digest it is about, by which algorithm, and when (its authority's clock)."""

    algorithm: str
    imprint: bytes
    time: datetime.datetime


def read_token(answer: bytes) -> Token:
    """Read a time-stamp response (RFC 3161, section 2.4.2), and hold its content against its own digest."""
    response = Der.parse(answer)
    status = response.child(0, SEQUENCE).child(0, 0x02).content
    if status not in (b"\x00", b"\x01"):
        raise DamageError("the authority did not grant it")
    wrapped = response.child(1, SEQUENCE).child(1, CONTEXT_0)
    signed = wrapped.child(0, SEQUENCE)
    content = signed.child(2, SEQUENCE)
    if content.child(0, OID).content != TST_INFO:
        raise DamageError("its content is no time-stamp")
    info = content.child(1, CONTEXT_0).child(0, OCTETS).content
    _check_message_digest(signed, info)
    parts = Der.parse(info)
    if parts.tag != SEQUENCE:
        raise DamageError("its content is no time-stamp")
    imprint = parts.child(2, SEQUENCE)
    algorithm = HASHES.get(imprint.child(0, SEQUENCE).child(0, OID).content)
    if algorithm is None:
        raise DamageError("its digest is of an unknown algorithm")
    said = parts.child(4, 0x18).content.decode("ascii", "replace")
    read = re.fullmatch(r"(\d{14})(?:\.\d+)?Z", said)
    if read is None:
        raise DamageError(f"its time cannot be read: {said!r}")
    try:
        time = datetime.datetime.strptime(read.group(1) + "+0000", "%Y%m%d%H%M%S%z")
    except ValueError as problem:
        raise DamageError(f"its time cannot be read: {said!r}") from problem
    return Token(algorithm, imprint.child(1, OCTETS).content, time)


def _check_message_digest(signed: Der, info: bytes) -> None:
    """The signature covers attributes, one of which is the digest of the content (RFC 5652, section 5.4)."""
    signer = signed.children()[-1].child(0, SEQUENCE)
    algorithm = HASHES.get(signer.child(2, SEQUENCE).child(0, OID).content)
    for attribute in signer.child(3, CONTEXT_0).children():
        if attribute.child(0, OID).content == MESSAGE_DIGEST:
            said = attribute.child(1, SET).child(0, OCTETS).content
            if algorithm is None or hashlib.new(algorithm, info).digest() != said:
                raise DamageError("what was signed is not the digest of its content")
            return
    raise DamageError("no digest of its content was signed")


OTS_MAGIC = b"\x00OpenTimestamps\x00\x00Proof\x00\xbf\x89\xe2\xe8\x84\xe8\x92\x94\x01"


class ArchiveTimeStamp(NamedTuple):
    """A token of an evidence record, and the tree by which it covers what comes before it."""

    algorithm: str
    tree: List[List[bytes]]
    token: bytes
    whole: bytes

    def read(self) -> Token:
        """What the token says."""
        return read_token(_der(0x30, b"\x30\x03\x02\x01\x00" + self.token))

    def root(self, covered: bytes) -> bytes:
        """The root of the tree to which the digest of these bytes leads (RFC 4998, section 4.3)."""
        found = hashlib.new(self.algorithm, covered).digest()
        if self.tree and found not in self.tree[0]:
            raise DamageError("a tree in it does not have what it is about")
        for place, hashes in enumerate(self.tree):
            together = hashes if place == 0 else [*hashes, found]
            found = hashlib.new(self.algorithm, b"".join(sorted(together))).digest()
        return found


def read_evidence_record(content: bytes) -> List[List[ArchiveTimeStamp]]:
    """The chains of an evidence record (RFC 4998)."""
    parts = Der.parse(content).children()
    if len(parts) != 3 or parts[0].content != b"\x01":
        raise DamageError("it is no evidence record of version 1")
    chains = [[_archive_time_stamp(each) for each in chain.children()] for chain in parts[2].children()]
    if not chains or not all(chains):
        raise DamageError("a chain in it is empty")
    return chains


def _archive_time_stamp(element: Der) -> ArchiveTimeStamp:
    parts = element.children()
    algorithm = HASHES.get(parts[0].child(0, OID).content) if parts[0].tag == CONTEXT_0 else None
    if algorithm not in ("sha256", "sha512") or len(parts) not in (2, 3):
        raise DamageError("a token in it is of an unknown kind")
    tree = [[each.content for each in hashes.children()] for hashes in parts[1].children()] if parts[2:] else []
    return ArchiveTimeStamp(algorithm, tree, parts[-1].whole, element.whole)


def covered_by_chains(about: bytes, chains: Sequence[Sequence[ArchiveTimeStamp]]) -> List[List[bytes]]:
    """For each token what it has to cover (RFC 4998, section 5.2)."""
    covered: List[List[bytes]] = []
    for place, chain in enumerate(chains):
        first = about
        if place:
            before = _der(0x30, b"".join(_der(0x30, b"".join(s.whole for s in each)) for each in chains[:place]))
            name = chain[0].algorithm
            first = hashlib.new(name, about).digest() + hashlib.new(name, before).digest()
        covered.append([first] + [stamp.token for stamp in chain[:-1]])
    return covered


def _der(tag: int, content: bytes) -> bytes:
    """One element of DER."""
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    octets = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content


class PendingToken(NamedTuple):
    """A token that was read; ``roots`` are the certificates (PEM) that it has to lead to."""

    subject: str
    content: bytes
    token: Token
    what: str
    roots: bytes


class TimeStamps:
    """Tokens of time-stamping authorities and OpenTimestamps files."""

    def __init__(self, package: Package, report: Report) -> None:
        self._package, self._report = package, report
        self.subjects: Dict[bytes, str] = {}
        """What may be stamped, by its SHA-256."""
        self.contents: Dict[bytes, bytes] = {}
        """Its bytes."""
        self._tokens: List[PendingToken] = []
        self._ots: List[Tuple[str, bytes]] = []
        self._roots: Dict[bytes, bytes] = {}
        self.openssl: Optional[str] = None

    def add_token(
        self,
        subject: str,
        content: bytes,
        *,
        about: Optional[Tuple[str, bytes]] = None,
        roots: bytes = b"",
        said_time: Optional[str] = None,
    ) -> None:
        """Read a token; ``about`` is what it has to be about, with its name, where that is known."""
        try:
            token = read_token(content)
        except (DamageError, IndexError) as problem:
            self._report.wrong("time", subject, f"The token was altered, or is none: {problem}.")
            return
        if about is not None:
            what, stamped = about
            found = hashlib.new(token.algorithm, stamped).digest()
            if found != token.imprint:
                words = f"The token is about another digest: expected {found.hex()}, found {token.imprint.hex()}."
                self._report.wrong("time", subject, words)
                return
        else:
            named = self.subjects.get(token.imprint)
            if named is None:
                words = f"The token is about the digest {token.imprint.hex()}, of nothing that is in this package."
                self._report.not_checked("time", subject, words)
                return
            what = named
        if said_time is not None and not _same_second(said_time, token.time):
            self._report.wrong("time", subject, "Beside it another time is said than the token says.")
        if roots:
            self._roots[hashlib.sha256(roots).digest()] = roots
        self._tokens.append(PendingToken(subject, content, token, what, roots))

    def add_record(self, name: str) -> None:
        """Read an evidence record (RFC 4998): tokens that were renewed, each covering the one before it."""
        try:
            content = read_text(self._package, name)
            record = read_evidence_record(content)
            first = record[0][0].read()
            about = self.contents.get(first.imprint)
            if about is None:
                words = f"Its first token is about the digest {first.imprint.hex()}, of nothing in this package."
                self._report.not_checked("time", name, words)
                return
            covered = covered_by_chains(about, record)
            tokens = [
                (chain[number], covered[place][number])
                for place, chain in enumerate(record)
                for number in range(len(chain))
            ]
            last: Optional[datetime.datetime] = None
            for number, (stamp, want) in enumerate(tokens, start=1):
                token = stamp.read()
                if token.imprint != stamp.root(want) or token.algorithm != stamp.algorithm:
                    raise DamageError(f"its token {number} does not cover the one before it")
                if last is not None and token.time < last:
                    raise DamageError(f"its token {number} is older than the one before it")
                last = token.time
        except (DamageError, OSError, IndexError) as problem:
            self._report.wrong("time", name, f"The evidence record was altered, or is none: {problem}.")
            return
        what = self.subjects.get(first.imprint, "what it is about")
        for number, (stamp, _) in enumerate(tokens, start=1):
            answer = _der(0x30, b"\x30\x03\x02\x01\x00" + stamp.token)
            said = what if number == 1 else f"token {number - 1} of this record"
            subject = f"{name}: token {number} of {len(tokens)}"
            self._tokens.append(PendingToken(subject, answer, stamp.read(), said, b""))
        begun, ended = tokens[0][0].read().time, tokens[-1][0].read().time
        words = (
            f"Its first token is about {what} and of {begun:%Y-%m-%d}; {len(tokens) - 1} newer tokens cover it, "
            f"each the one before, the last of {ended:%Y-%m-%d}. So the first time outlasts its own certificate, "
            "if each newer token came before the certificates of the one before it had ended: their dates stand "
            "in the certificates and were not compared."
        )
        self._report.ok("time", name, words)

    def add_ots(self, subject: str, content: bytes) -> None:
        self._ots.append((subject, content))

    def run(self) -> None:
        self._run_openssl()
        for subject, content in self._ots:
            head = len(OTS_MAGIC)
            digest = content[head + 1 : head + 33]
            if content[:head] != OTS_MAGIC or content[head : head + 1] != b"\x08" or len(digest) != 32:
                self._report.wrong("time", subject, "It is no OpenTimestamps file over a SHA-256.")
            elif digest not in self.subjects:
                self._report.wrong("time", subject, f"It is about {digest.hex()}, of nothing in this package.")
            else:
                words = (
                    f"It is about the SHA-256 of {self.subjects[digest]}. Its way into Bitcoin was not "
                    "checked, which needs the network: "
                    "`ots verify` does that."
                )
                self._report.not_checked("time", subject, words)

    def _run_openssl(self) -> None:
        program = shutil.which("openssl")
        if not self._tokens:
            return
        held = [name for name in sorted(self._package.sizes) if name.startswith("data/custody/certificates/")]
        loose = b""
        for name in held:
            if name.endswith((".pem", ".crt")):
                loose += read_text(self._package, name) + b"\n"
        everything = b"\n".join(self._roots.values()) + b"\n" + loose
        self.openssl = None if program is None else _first_line([program, "version"])
        for each in self._tokens:
            time = each.token.time.strftime("%Y-%m-%d %H:%M:%S UTC")
            said = f"It says that {each.what} existed at {time}."
            if program is None:
                words = (
                    said + " Its digests are right. The authority's signature was not checked: `openssl` is not "
                    "on this computer."
                )
                self._report.not_checked("time", each.subject, words)
                continue
            roots = each.roots or everything
            if b"-----BEGIN" not in roots:
                words = said + " The authority's signature was not checked: the package has no certificate of it."
                self._report.not_checked("time", each.subject, words)
                continue
            problem = _openssl_refuses(program, each, roots)
            if problem is None:
                words = said + " The authority's signature holds, as `openssl` says, with the certificates given."
                self._report.ok("time", each.subject, words)
            else:
                self._report.wrong("time", each.subject, f"`openssl ts -verify` refuses the token: {problem}")


def _same_second(text: str, time: datetime.datetime) -> bool:
    try:
        return _read_moment(text).replace(microsecond=0) == time
    except ValueError:
        return False


def _first_line(command: List[str]) -> Optional[str]:
    try:
        ran = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return shown((ran.stdout.decode("utf-8", "replace").splitlines() or [""])[0])


def _openssl_refuses(program: str, token: PendingToken, roots: bytes) -> Optional[str]:
    """None where openssl finds the token to be signed; otherwise what it said."""
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: os.path.join(folder, name) for name in ("token.tsr", "roots.pem")}
        for name, content in (("token.tsr", token.content), ("roots.pem", roots)):
            with open(paths[name], "wb") as file:
                file.write(content)
        command = [program, "ts", "-verify", "-digest", token.token.imprint.hex(), "-in", paths["token.tsr"]]
        command += ["-CAfile", paths["roots.pem"], "-attime", str(int(token.token.time.timestamp()))]
        try:
            ran = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        except (OSError, subprocess.TimeoutExpired) as problem:
            return f"it did not run ({problem})"
    said = ran.stdout.decode("utf-8", "replace")
    if ran.returncode == 0 and "Verification: OK" in said:
        return None
    return shown(" ".join(said.split()), 600)


# === Everything together


def verify(package: Package, report: Report, outside: Outside) -> Dict[str, Any]:
    """Check all of a package; the findings are in the report, facts about the check come back."""
    bag = Bag(package, report)
    selection = _selection(package, report)
    known = _places(package, report)
    waczs = [
        WaczCheck(package, name, report)
        for name in sorted(package.sizes)
        if re.fullmatch(r"data/evidence/[^/]+\.wacz", name)
    ]
    custody = Custody(package, report, outside)
    with ThreadPoolExecutor(max(2, min(4, os.cpu_count() or 2))) as pool:
        sizes = package.sizes
        jobs: List[Tuple[int, Callable[[], None]]] = [(sizes[each.name], each.run) for each in waczs]
        jobs += [(size, functools.partial(bag.hash_file, name)) for name, size in sizes.items()]
        running = [pool.submit(work) for _, work in sorted(jobs, key=lambda job: -job[0])]
        for each in running:
            each.result()
    bag.check()
    custody.run()
    custody.check_selection(selection)
    Places(package, known, waczs, custody, report).check()
    _check_index_of_waczs(package, bag, report)
    _check_keys(package, waczs, outside, report)
    _check_redactions(waczs, custody, report)
    _check_exhibits(selection, package, report)
    return {
        "files": len(package.sizes),
        "bytes": sum(package.sizes.values()),
        "records": sum(len(each.records) for each in waczs),
        "entries": len(custody.entries),
        "openssl": custody.times.openssl,
    }


class Place(NamedTuple):
    """Where a record lies in the archive's own file, and in the WACZ, as the package says."""

    file: str
    number: str
    record_id: str
    warc_key: str
    offset: int
    length: int
    is_whole_member: bool
    wacz_offset: int
    wacz_length: int


def _selection(package: Package, report: Report) -> Any:
    name = "data/selection.json"
    if name not in package.sizes:
        report.not_checked(
            "selection", name, "The package has no selection; the manifests say whether it is missing."
        )
        return None
    try:
        content = read_text(package, name)
        found = json.loads(content.decode("utf-8"))
        if canonical(found) != content.rstrip(b"\n"):
            report.wrong("selection", name, "It is not in canonical form.")
        return found
    except (DamageError, ValueError, RecursionError, OSError) as problem:
        report.wrong("selection", name, f"It cannot be read ({problem}).")
        return None


def _places(package: Package, report: Report) -> List[Place]:
    found: List[Place] = []
    for name in sorted(package.sizes):
        read = re.fullmatch(r"data/records/([^/]+)\.json", name)
        if read is None:
            continue
        try:
            stated = read_json(package, name)
            rows = stated.get("places", []) if isinstance(stated, dict) else []
            for row in rows:
                found.append(
                    Place(
                        name,
                        read.group(1),
                        str(row["record_id"]).strip("<>"),
                        str(row["warc_key"]),
                        int(row["offset"]),
                        int(row["length_bytes"]),
                        row["within_bytes"] is None,
                        int(row["wacz_offset"]),
                        int(row["wacz_length_bytes"]),
                    )
                )
        except DamageError as problem:
            report.wrong("selection", name, f"It cannot be used: {problem}.")
        except (KeyError, TypeError, ValueError, AttributeError) as problem:
            report.wrong("selection", name, f"Its places are not made as they should be ({problem!r}).")
    return found


class Places:
    """Records of the package against the files whose deposit custody tells of."""

    def __init__(
        self,
        package: Package,
        places: Sequence[Place],
        waczs: Sequence[WaczCheck],
        custody: Custody,
        report: Report,
    ) -> None:
        self._package, self._places, self._custody, self._report = package, places, custody, report
        self._waczs = {re.sub(r".*/|\.wacz$", "", each.name): each for each in waczs}
        self._deposits: Dict[str, Dict[str, Any]] = {}
        """By file the entry that names its present bytes: its deposit, or the last time it was written anew."""
        for _, entry in sorted(custody.entries.items()):
            if entry.get("event") in ("deposited", "purged"):
                self._deposits[entry["subject_id"]] = entry

    def check(self) -> None:
        held = {(number, record.offset): record for number, wacz in self._waczs.items() for record in wacz.records}
        by_file: Dict[str, List[Place]] = {}
        for each in self._places:
            subject = f"{each.file}: {each.record_id}"
            record = held.get((each.number, each.wacz_offset))
            if (
                record is None
                or record.record_id.strip("<>") != each.record_id
                or record.length != each.wacz_length
            ):
                words = "The package names the place of this record, and its WACZ holds no such record there."
                self._report.wrong("selection", subject, words)
                continue
            deposit = self._deposits.get(each.warc_key)
            if deposit is None:
                words = f"It comes from {each.warc_key}, of whose deposit no entry in the package tells."
                self._report.not_checked("selection", subject, words)
                continue
            length = deposit.get("details", {}).get("length_bytes")
            if isinstance(length, int) and each.offset + each.length > length:
                self._report.wrong("selection", subject, f"It is said to lie beyond the end of {each.warc_key}.")
                continue
            by_file.setdefault(each.warc_key, []).append(each)
        for key, found in sorted(by_file.items()):
            self._check_file(key, found)

    def _check_file(self, key: str, places: Sequence[Place]) -> None:
        """Where all bytes of a deposited file are here, its digest can be computed; otherwise this is said."""
        entry = self._deposits[key]
        at = {each.offset: each for each in places if each.is_whole_member and each.length == each.wacz_length}
        end = 0
        while end in at:
            end += at[end].length or entry["details"].get("length_bytes", 0) + 1
        if end != entry.get("details", {}).get("length_bytes"):
            words = (
                "%s records come from this file. That they lie in it at the bytes that the package says is shown "
                "only "
                "by the whole file, whose digest entry %s of custody names; the archive keeps it and can show it."
            )
            self._report.not_checked("selection", key, words % (len(places), entry["seq"]))
            return
        digest = hashlib.sha256()
        for each in sorted(at.values(), key=lambda place: place.offset):
            for chunk in self._waczs[each.number].bytes_at(each.wacz_offset, each.length):
                digest.update(chunk)
        found = "sha256:" + digest.hexdigest()
        if found == entry["subject_digest"]:
            words = "All of this file's %s records are here, and together they have the SHA-256 of its deposit."
            self._report.ok("selection", key, words % len(at))
        else:
            words = "All of this file's records are here; together they should have %s, and have %s."
            self._report.wrong("selection", key, words % (entry["subject_digest"], found))


def _check_index_of_waczs(package: Package, bag: Bag, report: Report) -> None:
    """The index over all web archive files, and what the exhibits' own files say of them."""
    said: List[Tuple[str, str, str]] = []
    name = "data/evidence/index.json"
    try:
        if name in package.sizes:
            rows = read_json(package, name)["resources"]
            said += [(name, "data/evidence/{}".format(each["path"]), str(each["hash"])) for each in rows]
        for each in sorted(package.sizes):
            if re.fullmatch(r"data/records/LTP-[^/]+\.json", each):
                wacz = read_json(package, name=each).get("wacz")
                said += [(each, str(wacz["path"]), str(wacz["sha256"]))] if wacz else []
    except (DamageError, KeyError, TypeError, AttributeError) as problem:
        report.wrong("selection", name, f"What is said of the web archive files cannot be read ({problem!r}).")
        return
    wrong = False
    for place, path, digest in said:
        found = bag.digests.get(path)
        if found is None or digest != "sha256:" + found.sha256:
            wrong = True
            report.wrong("selection", place, f"It names {path} with {digest}, which is not the file that is here.")
    if said and not wrong:
        words = "The index of the web archive files and the files of the exhibits name them with their digests."
        report.ok("selection", name, words)


PACKAGE_KEY = "data/custody/certificates/package-key.pem"


def _check_keys(package: Package, waczs: Sequence[WaczCheck], outside: Outside, report: Report) -> None:
    """Who has signed the web archive files, as far as a package can say that."""
    subject = "key of the signatures"
    keys = {each.key for each in waczs if each.key is not None}
    if PACKAGE_KEY in package.sizes:
        lines = read_text(package, PACKAGE_KEY).decode("latin-1").split("\n")
        try:
            there = base64.b64decode("".join(each for each in lines if not each.startswith("-----")))
        except ValueError:
            there = b""
        if keys - {hashlib.sha256(there).hexdigest()}:
            report.wrong("evidence", subject, f"A web archive file is signed by another key than {PACKAGE_KEY}.")
    if not keys:
        return
    named = ", ".join(sorted(keys))
    if len(keys) > 1:
        report.wrong("evidence", subject, f"The web archive files are signed by several keys: {named}.")
    if not outside.package_keys:
        words = (
            f"The web archive files are signed by the key with SHA-256 {named} (of its DER form), as they "
            "themselves name it. Compare this with what the archive has published, or give it with --package-key."
        )
        report.not_checked("evidence", subject, words)
    elif not keys <= set(outside.package_keys):
        report.wrong("evidence", subject, f"They are signed by the key {named}, which is not the one you gave.")
    else:
        report.ok("evidence", subject, "They are signed by the key that you gave.")


def _check_redactions(waczs: Sequence[WaczCheck], custody: Custody, report: Report) -> None:
    """Redacted copies: each is the one that custody names; what else they show is seen with originals alone."""
    held = {record.record_id.strip("<>"): record for wacz in waczs for record in wacz.records}
    for _, entry in sorted(custody.entries.items()):
        if entry.get("event") != "redacted":
            continue
        details: Any = entry.get("details")
        try:
            copy, original = str(details["copy_id"]).strip("<>"), str(details["original_id"])
            of, tool, places = str(details["original_digest"]), str(details["tool"]), len(details["steps"])
        except (KeyError, TypeError) as problem:
            report.wrong("custody", "redacted copy", f"Its entry is not made as it should be ({problem!r}).")
            continue
        record = held.get(copy)
        if record is None:
            report.not_checked(
                "custody", copy, "Custody tells of this redacted copy, and it is not in the package."
            )
        elif entry["subject_digest"] != "sha256:" + record.block_sha256:
            words = "Entry %s of custody names a redacted copy with %s, and the one that is here has sha256:%s."
            report.wrong("custody", copy, words % (entry["seq"], entry["subject_digest"], record.block_sha256))
        else:
            words = (
                "This is the redacted copy that entry %s of custody names. It was made of %s (%s) with %s; "
                "steps: %s. What is covered is not in it."
            )
            report.ok("custody", copy, words % (entry["seq"], original, of, tool, places))
            words = (
                "That it shows everything else as its original does can be seen with the original alone, which is "
                "not in the package; the archive keeps it."
            )
            report.not_checked("custody", copy, words)


def _check_exhibits(selection: Any, package: Package, report: Report) -> None:
    """Each exhibit of the selection has its files; no other exhibit has any."""
    try:
        numbers = [str(each["number"]) for each in selection["exhibits"]]
    except (KeyError, TypeError):
        return
    there = {
        read.group(1)
        for read in (
            re.fullmatch(r"data/(?:evidence|records)/(LTP-[^/]+)\.(?:wacz|json)", n) for n in package.sizes
        )
        if read
    }
    for number in sorted(set(numbers) - there):
        report.wrong("selection", number, "It was selected, and the package has no file of it.")
    for number in sorted(there - set(numbers)):
        report.wrong("selection", number, "The package has a file of it, and it was not selected.")
    if set(numbers) == there and numbers:
        report.ok(
            "selection", f"{len(numbers)} exhibits", "Each exhibit that was selected is there, and no other."
        )


NOT_SHOWN = (
    "that what the web pages say is true, or who wrote it;",
    "that nothing else exists about the same matter: the package holds what was selected for it;",
    "that a key belongs to whom it is said to: compare it with one that you know from elsewhere;",
    "that this program is the one that was published: it came with the package.",
)


def as_text(package: Package, report: Report, facts: Dict[str, Any]) -> str:
    """The report in words."""
    wrong = report.of(WRONG)
    lines = [f"Check of the package {shown(package.place)}", ""]
    if wrong:
        places = "1 place" if len(wrong) == 1 else f"{len(wrong)} places"
        lines += [f"RESULT: SOMETHING IS WRONG, in {places}. Do not rely on the package before it is explained."]
    else:
        lines += ["RESULT: NOTHING IS WRONG in what could be checked; read below what was not checked."]
    lines += [
        "{} files with {} bytes, {} records of web archives and {} entries of custody were read.".format(
            facts["files"], format(facts["bytes"], ","), facts["records"], facts["entries"]
        ),
        "",
    ]
    for title, result in (
        ("WHAT IS WRONG", WRONG),
        ("WHAT WAS CHECKED AND IS RIGHT", OK),
        ("WHAT WAS NOT CHECKED, AND WHY", NOT_CHECKED),
    ):
        found = report.of(result)
        if not found:
            continue
        lines += [title]
        area = None
        for each in found:
            if each.area != area:
                area = each.area
                lines += ["", f"  {AREAS[area]}"]
            lines += [f"  - {each.subject}: {each.words}"]
        lines += [""]
    lines += ["WHAT NO CHECK OF A PACKAGE SHOWS", ""]
    lines += [f"  - {each}" for each in NOT_SHOWN]
    openssl = facts["openssl"] or "not asked"
    lines += ["", f"verify.py {VERSION}, Python {platform.python_version()}, openssl: {openssl}"]
    return "\n".join(lines)


def as_json(package: Package, report: Report, facts: Dict[str, Any]) -> Dict[str, Any]:
    """The same for programs."""
    every = report.of(WRONG) + report.of(OK) + report.of(NOT_CHECKED)
    return {
        "format": FORMAT,
        "verifier": VERSION,
        "python": platform.python_version(),
        "package": package.place,
        "result": WRONG if report.of(WRONG) else OK,
        **facts,
        "findings": [each._asdict() for each in every],
    }


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run the check as a command; the exit code comes back."""
    parser = argparse.ArgumentParser(
        description="Checks a hand-over package: files, web archives, custody, signatures, times. Offline.",
        epilog="Exit code: 0 nothing is wrong, 1 something is wrong, 2 there is no package to check.",
    )
    parser.add_argument(
        "package", nargs="?", help="folder or ZIP file (first part); without it, the one around this file"
    )
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    parser.add_argument(
        "--log-key", action="append", default=[], metavar="KEY", help="key of the log, as you know it"
    )
    parser.add_argument("--witness-key", action="append", default=[], metavar="KEY", help="key of a witness")
    parser.add_argument(
        "--package-key",
        action="append",
        default=[],
        metavar="SHA256",
        help="SHA-256 of the key that signs WACZ files",
    )
    given = parser.parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    report = Report()
    try:
        outside = Outside(
            [read_note_key(each) for each in given.log_key],
            [read_note_key(each) for each in given.witness_key],
            [each.lower().rpartition(":")[2] for each in given.package_key],
        )
        package = find_package(given.package, report)
        if not package.sizes:
            raise NoPackageError(f"{package.place} is empty.")
    except (NoPackageError, DamageError, OSError) as problem:
        print(f"No package could be checked: {shown(str(problem), 1000)}", file=sys.stderr)
        return 2
    facts = verify(package, report, outside)
    if given.json:
        print(json.dumps(as_json(package, report, facts), ensure_ascii=False, indent=2))
    else:
        print(as_text(package, report, facts))
    return 1 if report.of(WRONG) else 0


if __name__ == "__main__":
    sys.exit(main())
