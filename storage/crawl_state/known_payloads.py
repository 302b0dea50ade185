"""Which payloads of a source are deposited, written into a file before a crawl begins.

In: the catalogue. Out: a file that the crawl's own process reads (`storage.spool.known_payloads`), so that it
needs neither store nor database. Only what was committed by a deposit is in it; nothing of a crawl that runs, was
cancelled or lies in the spool. Only captures of the same source and label, by our own recorder: whoever is given
the files of a source can resolve every revisit in them, and none tells of a source that its reader may not see.
"""

from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, select
from sqlalchemy.dialects.postgresql import distinct_on

from storage.catalogue.tables import captures, warcs
from storage.spool.known_payloads import write_payloads_file
from storage.spool.spool import PAGE_TYPES, REVISIT_FROM_BYTES
from storage.warc.records import DepositedRecord

ROWS_AT_ONCE: Final = 2000


def write_known_payloads(connection: Connection, source_id: str, access_label: str, path: Path) -> int:
    """Write the file, new and for its owner alone; returns how many payloads it holds."""
    query = _deposited(source_id, access_label).execution_options(yield_per=ROWS_AT_ONCE)
    return write_payloads_file(path, map(_payload, connection.execute(query)))


def _deposited(source_id: str, access_label: str) -> Select[Any]:
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


def _payload(row: Row[Any]) -> tuple[str, DepositedRecord]:
    return str(row.payload_digest), DepositedRecord(f"<{row.id}>", str(row.url), row.captured_at)
