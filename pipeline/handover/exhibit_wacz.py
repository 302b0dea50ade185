"""Writes the WACZ of one exhibit: its records, an index of them, its pages, digests, a signature.

In: an `ExhibitContent`, a file to be made. Out: the file; `WaczRecord`s that say where each record came from and
where it is now. Everything is stored, nothing compressed again, so that a WARC tool can read the records in place;
times are that of the frozen selection. Memory does not grow with the size. Raises what reading the sealed files
raises, and ``OSError``. Source: WACZ 1.1.1; CDXJ as pywb and ReplayWeb.page read it.
"""

import hashlib
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final

from pipeline.handover.exhibit_content import ExhibitContent
from pipeline.handover.package_key import PackageKey
from pipeline.handover.plain_json import iso_seconds, json_line, plain_json
from pipeline.handover.sealed_records import RecordPlace, copy_record
from pipeline.handover.wacz_signature import PACKAGE, PACKAGE_DIGEST, package_digest
from processors.digest import Digest, sha256
from processors.surt import surt_key
from storage.archive import Archive
from storage.catalogue.captures import Capture

WACZ_VERSION: Final = "1.1.1"
DATA: Final = "archive/data.warc.gz"
INDEX: Final = "indexes/index.cdx"
PAGES: Final = "pages/pages.jsonl"
PAGE_ROLES: Final = ("subject", "version", "context", "list", "mirror")
UNIX_TIME: Final = 0x5455
ZIP_BEGAN: Final = datetime(1980, 1, 1, tzinfo=UTC)
READABLE: Final = 0o644 << 16


@dataclass(frozen=True, slots=True)
class WaczRecord:
    """A record of the WACZ: where it lies in its sealed file, and where in ``archive/data.warc.gz``."""

    place: RecordPlace
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class WrittenWacz:
    """The WACZ of one exhibit; the digest is that of the file as it was read back from the disk."""

    path: Path
    length_bytes: int
    sha256: Digest
    records: tuple[WaczRecord, ...]
    main_url: str
    main_at: datetime


def write_wacz(
    archive: Archive, content: ExhibitContent, path: Path, *, key: PackageKey, at: datetime, software: str
) -> WrittenWacz:
    """Write the file; ``at`` is when the selection was frozen."""
    resources: list[dict[str, Any]] = []
    main = content.subjects[0]
    with path.open("xb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as wacz:
        with wacz.open(zip_member(DATA, at), "w", force_zip64=True) as data:
            hashed = _Hashed(data)
            records = tuple(_copied(archive, content, hashed))
        resources.append(_resource(DATA, hashed.digest, hashed.length_bytes))
        for name, member in ((INDEX, _index(content, records)), (PAGES, _pages(content))):
            wacz.writestr(zip_member(name, at), member)
            resources.append(_resource(name, sha256(member), len(member)))
        package = plain_json(
            {
                "profile": "data-package",
                "wacz_version": WACZ_VERSION,
                "title": f"{content.exhibit.number} {content.exhibit.title}".strip(),
                "software": software,
                "created": iso_seconds(at),
                "mainPageUrl": main.url,
                "mainPageDate": iso_seconds(main.captured_at),
                "resources": resources,
            }
        )
        wacz.writestr(zip_member(PACKAGE, at), package)
        digest = plain_json(package_digest(package, key, at=at, software=software))
        wacz.writestr(zip_member(PACKAGE_DIGEST, at), digest)
    length, found = digest_of_file(path)
    return WrittenWacz(path, length, found, records, main.url, main.captured_at)


def digest_of_file(path: Path) -> tuple[int, Digest]:
    """Length and sha256 of a file as the disk gives it back."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        return file.tell(), Digest("sha256", digest.digest())


def zip_member(name: str, at: datetime) -> zipfile.ZipInfo:
    """A stored member that says nothing of the machine it was made on; ZIP knows no time before 1980.

    It has an extra field (the time, "UT" of Info-ZIP), since a member of unknown length gets one for ZIP64
    in its local header alone: ReplayWeb.page 2.4.6 takes a member without extra fields in the central directory
    for one without any, and then reads its records 20 bytes too early.
    """
    moment = max(at.astimezone(UTC), ZIP_BEGAN)
    member = zipfile.ZipInfo(name, moment.timetuple()[:6])
    member.extra = struct.pack("<HHBI", UNIX_TIME, 5, 1, int(moment.timestamp()))
    member.create_system = 3
    member.external_attr = READABLE
    return member


class _Hashed:
    """Bytes on their way into a member, with their digest and number."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out
        self._running = hashlib.sha256()
        self.length_bytes = 0

    def write(self, content: bytes, /) -> None:
        self._out.write(content)
        self._running.update(content)
        self.length_bytes += len(content)

    @property
    def digest(self) -> Digest:
        return Digest("sha256", self._running.digest())


def _copied(archive: Archive, content: ExhibitContent, out: _Hashed) -> Iterator[WaczRecord]:
    for place in content.records:
        offset = out.length_bytes
        yield WaczRecord(place, offset, copy_record(archive, place, out))


def _resource(name: str, digest: Digest, length_bytes: int) -> dict[str, Any]:
    return {"name": name.rpartition("/")[2], "path": name, "hash": str(digest), "bytes": length_bytes}


def _index(content: ExhibitContent, records: tuple[WaczRecord, ...]) -> bytes:
    """Lines of CDXJ, sorted by their bytes; records that no address leads to have none."""
    captures = {RecordPlace.of_capture(each.capture): each.capture for each in content.captures}
    shown = ((record, captures.get(record.place)) for record in records)
    lines = [_index_line(record, capture) for record, capture in shown if capture is not None]
    return b"".join(sorted(line for line in lines if line))


def _index_line(record: WaczRecord, capture: Capture) -> bytes:
    if capture.record_type not in ("response", "revisit", "resource"):
        return b""
    revisit = capture.record_type == "revisit"
    fields = {
        "url": capture.url,
        "mime": "warc/revisit" if revisit else capture.media_type or "unk",
        "status": str(capture.status or (200 if capture.record_type == "resource" else "-")),
        "digest": str(capture.payload_digest or capture.block_digest),
        "length": str(record.length),
        "offset": str(record.offset),
        "filename": DATA.rpartition("/")[2],
    }
    return f"{surt_key(capture.url)} {_digits(capture.captured_at)} ".encode() + json_line(fields)


def _digits(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%d%H%M%S")


def _pages(content: ExhibitContent) -> bytes:
    """The addresses that a reader begins with; of an exhibit without any page, the subject alone."""
    shown = [
        each.capture
        for each in content.captures
        if each.role in PAGE_ROLES and each.capture.record_type in ("response", "revisit")
    ]
    lines = [json_line({"format": "json-pages-1.0", "id": "pages", "title": content.exhibit.number})]
    for capture in shown or content.subjects[:1]:
        title = content.exhibit.title if capture in content.subjects else capture.url
        lines.append(
            json_line(
                {"id": capture.id, "url": capture.url, "ts": iso_seconds(capture.captured_at), "title": title}
            )
        )
    return b"".join(lines)
