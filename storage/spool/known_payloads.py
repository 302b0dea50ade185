"""The file `payloads.sqlite`: which payloads of a source are deposited, looked up by a crawl while it goes on.

In: before the crawl, each payload's digest with its deposited record (`storage.crawl_state.known_payloads` selects
them). Out: the deposited record of a payload, without store or database.
"""

import sqlite3
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Final

from crawlers.model.iso_time import time_text
from processors.digest import Digest
from storage.warc.records import DepositedRecord

PAYLOADS_NAME: Final = "payloads.sqlite"

_CREATE: Final = (
    "CREATE TABLE payloads (digest TEXT PRIMARY KEY, record_id TEXT, url TEXT, captured_at TEXT) WITHOUT ROWID"
)
_INSERT: Final = "INSERT INTO payloads VALUES (?, ?, ?, ?)"
_SELECT: Final = "SELECT record_id, url, captured_at FROM payloads WHERE digest = ?"


def write_payloads_file(path: Path, payloads: Iterable[tuple[str, DepositedRecord]]) -> int:
    """Write a new file, for its owner alone; returns how many payloads it holds.

    Each payload is its digest as text, and a deposited record of it. Raises ``FileExistsError``.
    """
    path.touch(mode=0o600, exist_ok=False)
    database = sqlite3.connect(path, isolation_level=None)
    try:
        database.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")  # made anew for every crawl
        database.execute(_CREATE)
        database.execute("BEGIN")
        database.executemany(
            _INSERT,
            ((digest, record.record_id, record.url, time_text(record.captured_at)) for digest, record in payloads),
        )
        database.execute("COMMIT")
        return database.total_changes
    finally:
        database.close()


class KnownPayloads:
    """The look-up of a crawl: the deposited record of a payload, None where there is none."""

    def __init__(self, path: Path) -> None:
        # only the recorder's writer thread looks payloads up, and it is not the thread that opens the file
        self._database = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, check_same_thread=False)

    def __call__(self, digest: Digest) -> DepositedRecord | None:
        """Look one payload up."""
        row = self._database.execute(_SELECT, (str(digest),)).fetchone()
        return None if row is None else DepositedRecord(row[0], row[1], datetime.fromisoformat(row[2]))
