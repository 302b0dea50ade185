"""How the last crawl of each source ended, out of custody.

In: a reading connection. Out: `LastCrawl` by source. A crawl that began and did not end is reported as such.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class LastCrawl:
    """``ended`` is what custody records of the crawl's end, None where it has no end yet."""

    source_id: str
    crawl_id: str
    began_at: datetime
    ended: Mapping[str, Any] | None


_LAST: Final = text("""
    SELECT DISTINCT ON (begun.details->>'source_id')
        begun.details->>'source_id' AS source_id, begun.subject_id AS crawl_id, begun.at AS began_at,
        ended.details AS ended
    FROM ledger.custody AS begun
    LEFT JOIN ledger.custody AS ended ON ended.subject_id = begun.subject_id AND ended.event = 'collection_ended'
    WHERE begun.event = 'collection_started' AND begun.details->>'source_id' IS NOT NULL
    ORDER BY begun.details->>'source_id', begun.seq DESC
""")


def last_crawls(connection: Connection) -> dict[str, LastCrawl]:
    """The newest crawl of every source there was one of."""
    return {row.source_id: LastCrawl(**row._mapping) for row in connection.execute(_LAST)}
