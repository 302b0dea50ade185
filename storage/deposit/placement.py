"""Where a deposited file is stored: its key, the ids of its captures, its rows in the index.

In: a `FileInspection`. Out: everything the catalogue holds of a file before it is read, derived from the file
alone, so that every attempt to deposit it, and every rebuild, finds the same key, ids and rows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import rfc8785
from sqlalchemy import Connection, insert

from processors.digest import Digest, sha256
from storage.access_labels import DEFAULT_LABEL, HIDDEN_LABELS, STRICTEST_LABEL
from storage.catalogue.captures import Capture, capture_of_record, capture_row
from storage.catalogue.crawl_counts import count_new_files
from storage.catalogue.tables import captures
from storage.deposit.inspection import FileInspection
from storage.ledger.file_custody import FileInCustody
from storage.objects.keys import warc_key
from storage.warc.places import Place, PlaceMap

IMPORTED: Final = "imported"
"""Source of files that other tools made, where the person who imports them names none."""


ROWS_AT_ONCE: Final = 2000


@dataclass(frozen=True, slots=True)
class ArchiveLocation:
    """Where a file is stored in the archive; ``origin`` is ``crawl``, ``import`` or ``received``."""

    key: str
    origin: str
    source_id: str
    crawl_id: str
    serial: int
    access_label: str


def archive_location(inspection: FileInspection, origin: str, *, source_id: str | None = None) -> ArchiveLocation:
    """Where the file belongs: all but its origin from the file alone, so that every attempt finds the same key."""
    if inspection.own is not None:
        source_id, crawl_id, serial = inspection.own.source_id, inspection.own.crawl_id, inspection.own.serial
    else:
        source_id, crawl_id, serial = source_id or IMPORTED, inspection.sha256.hex, 0
    return ArchiveLocation(
        key=warc_key(source_id, crawl_id, serial, inspection.first_at, suffix=inspection.suffix),
        origin=origin,
        source_id=source_id,
        crawl_id=crawl_id,
        serial=serial,
        access_label=_own_label((inspection.declaration or {}).get("access_label")),
    )


def _own_label(declared: str | None) -> str:
    """The label that a file declares; one that hides is people's to give, and a file with it is for few."""
    return STRICTEST_LABEL if declared in HIDDEN_LABELS else declared or DEFAULT_LABEL


def captures_of_file(
    inspection: FileInspection,
    location: ArchiveLocation,
    version_id: str,
    file: FileInCustody | None = None,
    since: PlaceMap | None = None,
) -> Iterator[Capture]:
    """The rows of the index.

    A capture's id is its WARC-Record-ID where the file names a crawl of this software, whoever deposited it;
    otherwise it is derived from digest and offset: those of the ``file`` as it was deposited, also where it was
    written anew since. ``since``: what was cut out of it that custody does not say yet.
    """
    for row in inspection.rows:
        place: Place = row.offset_bytes, row.within_bytes
        digest = inspection.sha256
        if file is not None and (file.purges or since is not None):
            place, digest = _first_place(file, since, place), file.first_sha256
        yield capture_of_record(
            row,
            capture_id=row.record_id if inspection.own is not None else imported_id(digest, place),
            warc_key=location.key,
            object_version=version_id,
            crawl_id=location.crawl_id,
            source_id=location.source_id,
            access_label=location.access_label,
        )


def _first_place(file: FileInCustody, since: PlaceMap | None, place: Place) -> Place:
    before = place if since is None else since.old(place)
    if before is None:
        raise ValueError(f"{file.key}: no record of the file before it was written anew stands at {place}")
    return file.first_place(before)


def imported_id(file: Digest, place: Place) -> str:
    """Hex sha256 of the RFC 8785 JSON of ``[digest of the file, offset]``: a tool's record ids may repeat.

    Where records share a compressed member, the place within it is a third part.
    """
    offset, within = place
    return sha256(rfc8785.dumps([str(file), offset, *([] if within is None else [within])])).hex


def warc_row(
    inspection: FileInspection, location: ArchiveLocation, version_id: str, custody_seq: int
) -> dict[str, Any]:
    """The file as a row of ``catalogue.warcs``."""
    return {
        "key": location.key,
        "object_version": version_id,
        "custody_seq": custody_seq,
        "sha256": str(inspection.sha256),
        "sha512": str(inspection.sha512),
        "length_bytes": inspection.length_bytes,
        "records": inspection.records,
        "origin": location.origin,
        "source_id": location.source_id,
        "crawl_id": location.crawl_id,
        "serial": location.serial,
        "access_label": location.access_label,
        "declaration": inspection.declaration,
        "warcinfo": dict(inspection.warcinfo),
        "processed_with": None,
    }


def insert_captures(connection: Connection, key: str, rows: Iterator[Capture]) -> None:
    """Insert the captures of a new file in batches, so that many need little memory, and their counts."""
    while batch := list(islice(rows, ROWS_AT_ONCE)):
        connection.execute(insert(captures), [capture_row(capture) for capture in batch])
    count_new_files(connection, [key])
