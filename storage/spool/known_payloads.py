"""Which payloads of a source are deposited, as a crawl asks it: in a file, without store or database.

In: the file that `storage.crawl_state.known_payloads` wrote before the crawl. Out: the deposited record of a
payload.
"""

import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Final

from processors.digest import Digest
from storage.warc.records import DepositedRecord

PAYLOADS_NAME: Final = "payloads.sqlite"


class SealedPayloads:
    """The look-up of a crawl: the deposited record of a payload, None where there is none."""

    def __init__(self, path: Path) -> None:
        # the scribe asks from a thread of its own, the only one that asks
        self._file = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, check_same_thread=False)

    def __call__(self, digest: Digest) -> DepositedRecord | None:
        """Look one payload up."""
        asked = "SELECT record_id, url, captured_at FROM payloads WHERE digest = ?"
        row = self._file.execute(asked, (str(digest),)).fetchone()
        return None if row is None else DepositedRecord(row[0], row[1], datetime.fromisoformat(row[2]))
