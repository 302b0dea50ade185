"""The access log for custodians: who looked at what, and when.

In: the archive, what is asked for, whom the answer is for. Out: JSON-ready rows, newest first. That the log itself
was looked at stands in it first.
"""

from dataclasses import dataclass
from typing import Any, Final

from crawlers.model.iso_time import time_text
from storage.access_labels import EVERYONE, Viewer
from storage.archive import Archive
from storage.ledger.access_log import Access, AccessFilter, accesses, log_access

ACCESS_LOG: Final = "access-log"
"""What the access log is called as a subject of itself."""


@dataclass(frozen=True, slots=True)
class AccessRows:
    """One page of rows, newest first, and how many there are in all."""

    rows: list[dict[str, Any]]
    total: int


def logged_accesses(
    archive: Archive, wanted: AccessFilter, *, viewer: Viewer = EVERYONE, most: int = 100, offset: int = 0
) -> AccessRows:
    """Rows of the access log, after it has that this viewer looked."""
    log_access(archive, actor=viewer.name, action="viewed", subject_id=ACCESS_LOG)
    with archive.reader.connect() as connection:
        found, total = accesses(connection, wanted, most=most, offset=offset)
    return AccessRows([access_row(each) for each in found], total)


def access_row(access: Access) -> dict[str, Any]:
    """The JSON keys of kind ``access``."""
    return {
        "kind": "access",
        "at": time_text(access.at),
        "actor": access.actor,
        "action": access.action,
        "subject_id": access.subject_id,
        "details": dict(access.details),
    }
