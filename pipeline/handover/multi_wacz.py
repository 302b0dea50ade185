"""The index over the WACZ files of all exhibits, which ReplayWeb.page opens as one collection.

In: what was written of each exhibit. Out: the bytes of ``index.json``. Source: Multi-WACZ 0.1.0 (Webrecorder).
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from pipeline.handover.exhibit_wacz import WrittenWacz
from pipeline.handover.plain_json import iso_seconds, plain_json

PROFILE: Final = "multi-wacz-package"


def multi_wacz_index(written: Iterable[WrittenWacz], *, title: str, at: datetime, software: str) -> bytes:
    """Each WACZ by its name beside the index, with digest and size."""
    return plain_json(
        {
            "profile": PROFILE,
            "title": title,
            "created": iso_seconds(at),
            "software": software,
            "resources": [
                {
                    "name": each.path.name,
                    "path": each.path.name,
                    "hash": str(each.sha256),
                    "bytes": each.length_bytes,
                }
                for each in written
            ],
        }
    )
