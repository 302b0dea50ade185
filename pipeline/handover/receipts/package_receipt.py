"""What a receipt states of a package that was handed over: its exhibits, its digest, its entry of custody.

In: the archive, the id of a package, whom the answer is for, the time of writing. Out: JSON-ready statements; None
where the register has no such package that the viewer may know of. They come from the register of disclosures. Of
an exhibit of which something was withdrawn since, only the number and the kind are stated. It names nobody of the
archive: whoever hands over writes their own name. Whoever shows the statements on a page logs that first.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from crawlers.model.iso_time import time_text
from pipeline.handover.plain_json import iso_seconds
from pipeline.handover.receipts.request_receipt import checkpoint_row
from pipeline.handover.register import selection_of
from pipeline.handover.selection import Exhibit
from storage.access_labels import Viewer
from storage.archive import Archive
from storage.catalogue.captures import captures_by_ids
from storage.ledger.custody import entries
from storage.ledger.disclosures import SUBJECT, disclosure_of_package
from storage.log.checkpoints import newest_in_ledger


def package_statements(
    archive: Archive, package_id: str, *, viewer: Viewer, issued_at: datetime
) -> dict[str, Any] | None:
    """The statements about the newest disclosure of the package."""
    with archive.reader.connect() as connection:
        disclosure = disclosure_of_package(connection, package_id, viewer=viewer)
        if disclosure is None:
            return None
        selection = selection_of(disclosure)
        exhibits = [_exhibit(connection, each, viewer) for each in selection.exhibits]
        about = entries(connection, subject_id=SUBJECT)
        newest = newest_in_ledger(connection)
    return {
        "about": "package",
        "issued_at": iso_seconds(issued_at),
        "package": {
            "id": disclosure.package_id,
            "digest": str(disclosure.package_digest),
            "frozen_at": iso_seconds(selection.frozen_at),
            "supplement_of": selection.supplement_of,
        },
        "recipient": {
            "name": disclosure.recipient,
            "level": disclosure.level,
            "request": disclosure.request,
            "language": selection.recipient.language,
        },
        "disclosed": {
            "at": time_text(disclosure.at),
            "custody_seq": disclosure.seq,
            "custody_digest": next(str(each.digest) for each in about if each.seq == disclosure.seq),
        },
        "checkpoint": checkpoint_row(newest),
        "pending": [] if newest is not None and newest.size >= disclosure.seq else [{"what": "checkpoint"}],
        "exhibits": exhibits,
    }


def _exhibit(connection: Connection, exhibit: Exhibit, viewer: Viewer) -> dict[str, Any]:
    ids = {each.capture_id for each in exhibit.captures}
    shown = ids == captures_by_ids(connection, ids, viewer=viewer).keys()
    return {
        "number": exhibit.number,
        "kind": exhibit.kind.value,
        "title": exhibit.title if shown else None,
        "subject_id": exhibit.subject_id if shown else None,
        "captures": len(ids),
        "withdrawn_since": not shown,
    }
