"""Which payloads of a source are deposited: written down before a crawl begins, for it to ask while it goes on.

In: the catalogue. Out: a file that the crawl's own process can ask (`storage.spool.known_payloads`), so that it
needs neither store nor database. Only what was committed by a deposit is in it; nothing of a crawl that runs, was
cancelled or lies in the spool. Only captures of the same source and label, by our own recorder: whoever is given
the files of a source can resolve every revisit in them, and none tells of a source that its reader may not see.
"""

import sqlite3
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, select
from sqlalchemy.dialects.postgresql import distinct_on

from crawlers.model.iso_time import time_text
from storage.catalogue.tables import captures, warcs
from storage.spool.spool import PAGE_TYPES, REVISIT_FROM_BYTES

ROWS_AT_ONCE: Final = 2000
TABLE: Final = (
    "CREATE TABLE payloads (digest TEXT PRIMARY KEY, record_id TEXT, url TEXT, captured_at TEXT) WITHOUT ROWID"
)


def write_sealed_payloads(connection: Connection, source_id: str, access_label: str, path: Path) -> int:
    """Write the file, new and for its owner alone; returns how many payloads it holds."""
    path.touch(mode=0o600, exist_ok=False)
    count = 0
    made = sqlite3.connect(path, isolation_level=None)
    try:
        made.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")  # made anew for every crawl
        made.execute(TABLE)
        made.execute("BEGIN")
        asked = _sealed(source_id, access_label).execution_options(yield_per=ROWS_AT_ONCE)
        for rows in connection.execute(asked).partitions():
            made.executemany("INSERT INTO payloads VALUES (?, ?, ?, ?)", map(_values, rows))
            count += len(rows)
        made.execute("COMMIT")
    finally:
        made.close()
    return count


def _sealed(source_id: str, access_label: str) -> Select[Any]:
    """The oldest whole capture of each payload that a revisit may stand for."""
    is_page = [captures.c.media_type.startswith(start, autoescape=True) for start in PAGE_TYPES]
    return (
        select(captures.c.payload_digest, captures.c.id, captures.c.url, captures.c.captured_at)
        .ext(distinct_on(captures.c.payload_digest))
        .join(warcs, warcs.c.key == captures.c.warc_key)
        .where(
            captures.c.source_id == source_id,
            captures.c.access_label == access_label,
            captures.c.record_type == "response",
            captures.c.status == 200,
            captures.c.truncated.is_(None),
            captures.c.payload_length_bytes >= REVISIT_FROM_BYTES,
            *(~each for each in is_page),
            warcs.c.origin == "crawl",
        )
        .order_by(captures.c.payload_digest, captures.c.captured_at, captures.c.id)
    )


def _values(row: Row[Any]) -> tuple[str, ...]:
    return str(row.payload_digest), f"<{row.id}>", str(row.url), time_text(row.captured_at)
