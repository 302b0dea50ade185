"""Files that people brought: each receipt with digest, type, origin, and from whom it came where that may be read.

In: the archive, whom the answer is for. Out: JSON-ready rows of kind ``received_file`` (architecture, section 7).
A receipt is shown to whoever may see the file. From whom a file came, its name and notes may name people: of a
file that every reader may see, custodians and the person who brought it read them; of a case's file its members.
"""

from typing import Any

from crawlers.model.iso_time import time_text
from storage.access_labels import DEFAULT_LABEL, EVERYONE, Role, Viewer, labels_of
from storage.archive import Archive
from storage.catalogue.captures import captures_by_ids, first_capture_in
from storage.ledger.received_files import ReceivedFile, received_files


def received_rows(
    archive: Archive, *, viewer: Viewer = EVERYONE, most: int | None = None, offset: int = 0
) -> list[dict[str, Any]]:
    """Every receipt that the viewer may see, the newest first."""
    with archive.reader.connect() as connection:
        labels = labels_of(connection, viewer)
        found = [each for each in received_files(connection) if labels is None or each.access_label in labels]
        names = {each.capture_id for each in found if each.capture_id is not None}
        shown = captures_by_ids(connection, names, viewer=viewer)
        opened = {each.warc_key for each in found if each.capture_id is None}
        first = {key: first_capture_in(connection, key, viewer=viewer) for key in opened}
    rows = []
    for each in reversed(found):
        capture = first[each.warc_key] if each.capture_id is None else shown.get(each.capture_id)
        if capture is not None:
            rows.append(received_row(each, viewer, shown_as=capture.id))
    return rows[offset:] if most is None else rows[offset : offset + most]


def receipts_of_file(archive: Archive, warc_key: str, *, viewer: Viewer = EVERYONE) -> list[dict[str, Any]]:
    """The receipts of one WARC file that the viewer may see, the oldest first."""
    with archive.reader.connect() as connection:
        labels = labels_of(connection, viewer)
        found = received_files(connection, warc_key=warc_key)
    return [
        received_row(each, viewer, shown_as=each.capture_id)
        for each in found
        if labels is None or each.access_label in labels
    ]


def received_row(received: ReceivedFile, viewer: Viewer, *, shown_as: str | None) -> dict[str, Any]:
    """A receipt with the keys of architecture section 7, and what the viewer may read of people.

    ``shown_as``: the capture on whose page the file is shown, of a WARC or WACZ file its first.
    """
    may_read = (
        viewer.every_label
        or viewer.may(Role.CUSTODIAN)
        or viewer.name == received.actor
        or received.access_label != DEFAULT_LABEL
    )
    return {
        "kind": "received_file",
        "custody_seq": received.seq,
        "first_seq": received.first_seq,
        "at": time_text(received.at),
        "actor": received.actor,
        "received_raw": received.received_raw,
        "from_raw": received.from_raw if may_read else None,
        "origin_raw": received.origin_raw,
        "note": received.note if may_read else None,
        "file_name": received.file_name if may_read else None,
        "names_withheld": not may_read,
        "confidential": received.access_label != DEFAULT_LABEL,
        "sha256": str(received.sha256),
        "length_bytes": received.length_bytes,
        "media_type": received.media_type,
        "declared_type": received.declared_type,
        "warc_key": received.warc_key,
        "capture_id": received.capture_id,
        "shown_as": shown_as,
        "remark": received.remark,
    }
