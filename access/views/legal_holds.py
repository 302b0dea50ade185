"""Legal holds as JSON-ready rows."""

from typing import Any

from crawlers.model.iso_time import time_text
from storage.integrity.legal_hold import LegalHold


def hold_row(hold: LegalHold) -> dict[str, Any]:
    """A hold with the keys of architecture section 7."""
    return {
        "kind": "hold",
        "custody_seq": hold.seq,
        "at": time_text(hold.at),
        "actor": hold.actor,
        "subject_id": hold.subject_id,
        "objects": [
            {"store": store, "key": key, "object_version": version} for store, key, version in hold.objects
        ],
        "reason": hold.reason,
        "basis": hold.basis,
        "released_at": None if hold.released_at is None else time_text(hold.released_at),
    }
