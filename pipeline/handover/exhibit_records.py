"""The file ``data/records/<number>.json``: what was read from an exhibit, and where its bytes come from.

In: an `ExhibitContent`, what was written of it. Out: JSON-ready values in the format ``letapis/exhibit/1``.
Records are given as each capture of the exhibit showed them, the source's wording (``*_raw``) beside our reading;
what other captures showed is not said. ``places`` join every record of the WACZ to its place in the sealed file,
whose digest custody proves.
"""

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Connection

from crawlers.model.iso_time import time_text
from pipeline.handover.exhibit_content import ExhibitContent, StatedFile
from pipeline.handover.exhibit_wacz import DATA
from pipeline.handover.load_file import LoadedExhibit
from pipeline.handover.redaction.covered_exhibits import CoveredExhibit, covered_json, redactions_json
from pipeline.handover.redaction.notes import redaction_notes
from storage.catalogue.captures import capture_json
from storage.catalogue.records import RecordSighting, sightings_of_record

FORMAT: Final = "letapis/exhibit/1"
ABSENT_PAYLOAD: Final = "its payload stands in another record, which does not go along"
NO_WACZ: Final = "it comes from an ARC file, which no WACZ can hold; it lies beside the WACZ"


def sightings_of_exhibit(connection: Connection, content: ExhibitContent) -> tuple[RecordSighting, ...]:
    """The exhibit's records as its own captures showed them, by record, oldest first."""
    if content.covered is not None:
        return content.covered.sightings
    here = {each.capture.id for each in content.captures}
    return tuple(
        sighting
        for record in content.exhibit.record_ids
        for sighting in sightings_of_record(connection, record)
        if sighting.capture_id in here
    )


def exhibit_json(loaded: LoadedExhibit, files: dict[str, StatedFile], outside: dict[str, str]) -> dict[str, Any]:
    """The file; ``outside`` names the files of captures that the WACZ does not hold, by id."""
    content, wacz, exhibit = loaded.content, loaded.wacz, loaded.content.exhibit
    return {
        "format": FORMAT,
        "number": exhibit.number,
        "kind": exhibit.kind.value,
        "subject_id": exhibit.subject_id,
        "title": exhibit.title,
        "wacz": None if wacz is None else {"path": f"data/evidence/{wacz.path.name}", "sha256": str(wacz.sha256)},
        "records": [_record(record, loaded.sightings) for record in exhibit.record_ids],
        "captures": list(_captures(content, files, outside)),
        "verification": [each.as_json() for each in loaded.statuses],
        "media": [
            {
                "sha256": medium,
                "format": loaded.formats[medium].to_json(),
                "capture_ids": [
                    each.capture.id for each in content.captures if str(each.capture.payload_digest) == medium
                ],
            }
            for medium in exhibit.media
        ],
        "places": [
            {
                "record_id": each.place.record_id,
                "record_type": each.place.record_type,
                "url": each.place.url,
                "warc_key": each.place.warc_key,
                "warc_sha256": str(files[each.place.warc_key].sha256),
                "offset": files[each.place.warc_key].place(each.place.offset, each.place.within)[0],
                "length_bytes": each.place.length,
                "within_bytes": files[each.place.warc_key].place(each.place.offset, each.place.within)[1],
                "wacz_member": DATA,
                "wacz_offset": each.offset,
                "wacz_length_bytes": each.length,
            }
            for each in (() if wacz is None else wacz.records)
        ],
        **_covered(content.covered),
    }


def _covered(covered: CoveredExhibit | None) -> dict[str, Any]:
    """What is covered, where something is: an exhibit of which nothing is has none of these keys."""
    if covered is None:
        return {}
    return {
        "redactions": redactions_json(covered),
        "covered_captures": covered_json(covered),
        "redaction_note": redaction_notes(),
    }


def _record(record: str, sightings: tuple[RecordSighting, ...]) -> dict[str, Any]:
    own = [each for each in sightings if each.record_id == record]
    return {
        "id": record,
        "kind": own[0].kind if own else None,
        "natural_key": own[0].natural_key if own else None,
        "sightings": [
            {
                "capture_id": each.capture_id,
                "captured_at": time_text(each.captured_at),
                "version_id": each.version_id or None,
                "source": each.source_id,
                "content": dict(each.content),
                "page_remarks": list(each.page_remarks),
            }
            for each in own
        ],
    }


def _captures(
    content: ExhibitContent, files: dict[str, StatedFile], outside: dict[str, str]
) -> Iterator[dict[str, Any]]:
    for each in content.captures:
        remarks = []
        if each.capture.id in content.without_payload:
            remarks.append(ABSENT_PAYLOAD)
        if each.capture.id in outside:
            remarks.append(NO_WACZ)
        capture = each.capture
        file = files[capture.warc_key]
        offset, within = file.place(capture.offset_bytes, capture.within_bytes)
        yield capture_json(capture) | {
            "object_version": file.version_id(capture.object_version),
            "offset": offset,
            "within_bytes": within,
            "role": each.role,
            "file": outside.get(each.capture.id),
            "remarks": remarks,
        }
