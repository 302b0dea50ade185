"""What goes of records in a package when words of them are covered: the copy's values, in place of the
record's.

In: a copy of a record as it lies in the store. Out: `RecordCopy`, with covered sightings by capture. Raises
`PackageRefusedError` where it is no such copy, and the errors of `storage.deposit.record_reader`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from access.views.safe_images import payload_of
from pipeline.handover.package_errors import PackageRefusedError
from pipeline.handover.redaction.copies import FORMAT, LIMIT_BYTES
from storage.archive import Archive
from storage.catalogue.captures import Capture
from storage.catalogue.records import RecordSighting

NO_VERSION = ""
"""In place of a version's id, which is a digest of the words: whoever knew all others could try them out."""


@dataclass(frozen=True, slots=True)
class RecordCopy:
    """A record with bars; ``sightings`` and ``addresses`` (also with bars) by the id of their capture."""

    record_id: str
    title: str
    sightings: Mapping[str, RecordSighting]
    addresses: Mapping[str, str]


def record_copy(archive: Archive, copy: Capture) -> RecordCopy:
    """The copy of a record that this capture is."""
    content = payload_of(archive, copy, LIMIT_BYTES)
    try:
        found = json.loads(content or b"")
        if found["format"] != FORMAT:
            raise ValueError(found["format"])
        return RecordCopy(
            found["record_id"],
            found["title"],
            {row["capture_id"]: _sighting(found, row) for row in found["sightings"]},
            {row["capture_id"]: row["address"] for row in found["sightings"]},
        )
    except (ValueError, KeyError, TypeError) as problem:
        raise PackageRefusedError(
            copy.id, f"a redacted copy of a record ({FORMAT})", f"none ({problem})", "run `letapis verify`."
        ) from problem


def _sighting(found: Mapping[str, Any], row: Mapping[str, Any]) -> RecordSighting:
    return RecordSighting(
        record_id=found["record_id"],
        version_id=NO_VERSION,
        kind=found["kind"],
        natural_key=found["natural_key"],
        content=row["content"],
        capture_id=row["capture_id"],
        captured_at=datetime.fromisoformat(row["captured_at"]),
        source_id=row["source"],
        page_remarks=tuple(row["page_remarks"]),
    )
