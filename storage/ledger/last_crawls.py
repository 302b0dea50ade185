"""How the last crawls of each source ended, out of custody.

In: a reading connection. Out: `LastCrawl`s. A crawl that began and did not end is reported as such. Crawls of the
backfill are left out: how history is fetched says nothing of how a source is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Connection, text

from storage.access_labels import EVERYONE, Viewer


@dataclass(frozen=True, slots=True)
class LastCrawl:
    """``ended`` is what custody records of the crawl's end, None where it has no end yet."""

    source_id: str
    crawl_id: str
    began_at: datetime
    ended: Mapping[str, Any] | None


_LAST: Final = text("""
    WITH RECURSIVE source (id) AS (
        SELECT min(details->>'source_id') FROM ledger.custody WHERE event = 'collection_started'
        UNION ALL
        SELECT (
            SELECT min(details->>'source_id') FROM ledger.custody
            WHERE event = 'collection_started' AND details->>'source_id' > source.id
        )
        FROM source WHERE source.id IS NOT NULL
    )
    SELECT source.id AS source_id, last.crawl_id, last.began_at, last.ended
    FROM source
    CROSS JOIN LATERAL (
        SELECT begun.subject_id AS crawl_id, begun.at AS began_at, ended.details AS ended
        FROM ledger.custody AS begun
        LEFT JOIN ledger.custody AS ended
            ON ended.subject_id = begun.subject_id AND ended.event = 'collection_ended'
        WHERE begun.event = 'collection_started' AND begun.details->>'source_id' = source.id
            AND begun.details->>'lane' IS NULL
            AND (ended.seq IS NOT NULL OR NOT :only_ended)
        ORDER BY begun.seq DESC LIMIT 1
    ) AS last
    ORDER BY source.id
""")
"""Some looks into the index `custody_crawls_of_source` for each source, however many crawls it had."""


_SINCE: Final = text("""
    SELECT begun.details->>'source_id' AS source_id, begun.subject_id AS crawl_id, begun.at AS began_at,
        ended.details AS ended
    FROM ledger.custody AS begun
    LEFT JOIN ledger.custody AS ended ON ended.subject_id = begun.subject_id AND ended.event = 'collection_ended'
    WHERE begun.event = 'collection_started' AND begun.at >= :since
        AND begun.details->>'source_id' = coalesce(CAST(:source AS TEXT), begun.details->>'source_id')
        AND begun.details->>'lane' IS NULL
    ORDER BY begun.seq
""")


_DAYS: Final = text("""
    SELECT day::date
    FROM generate_series(CAST(:since AS TIMESTAMP), CAST(:until AS TIMESTAMP), interval '1 day') AS day
    WHERE EXISTS (
        SELECT FROM ledger.custody
        WHERE event = 'collection_started' AND details->>'lane' IS NULL AND at >= day AT TIME ZONE 'UTC'
            AND at < (day + interval '1 day') AT TIME ZONE 'UTC'
            AND details->>'source_id' <> ALL(CAST(:besides AS TEXT[]))
    )
""")


_HIDDEN: Final = text("""
    SELECT DISTINCT details->>'source_id' FROM ledger.custody
    WHERE event IN ('collection_started', 'deposited')
        AND coalesce(details->>'access_label', 'default') <> 'default'
        AND details->>'access_label' NOT IN (SELECT label FROM ledger.members WHERE member = :viewer)
        AND details->>'source_id' <> 'on-demand'
""")


def last_crawls(
    connection: Connection, *, viewer: Viewer = EVERYONE, only_ended: bool = False
) -> dict[str, LastCrawl]:
    """The newest crawl of every source there was one of, as far as the viewer may know of the source.

    ``only_ended``: the newest that has an end, so that a crawl which is running does not hide how its source is.

    Whoever was ever kept from something of a source does not learn how its crawls end: sentences name addresses.
    """
    found = {
        row.source_id: LastCrawl(**row._mapping) for row in connection.execute(_LAST, {"only_ended": only_ended})
    }
    if viewer.every_label:
        return found
    hidden = hidden_sources(connection, viewer)
    return {name: last for name, last in found.items() if name not in hidden}


def crawls_since(
    connection: Connection, since: datetime, *, source_id: str | None = None, viewer: Viewer = EVERYONE
) -> tuple[LastCrawl, ...]:
    """Every crawl that began since the moment, oldest first, as far as the viewer may know of its source."""
    rows = connection.execute(_SINCE, {"since": since, "source": source_id})
    found = tuple(LastCrawl(**row._mapping) for row in rows)
    if viewer.every_label:
        return found
    hidden = hidden_sources(connection, viewer)
    return tuple(each for each in found if each.source_id not in hidden)


def hidden_sources(connection: Connection, viewer: Viewer) -> frozenset[str]:
    """Sources of which the viewer was ever kept from something."""
    if viewer.every_label:
        return frozenset()
    return frozenset(connection.scalars(_HIDDEN, {"viewer": viewer.name}))


def crawled_days(
    connection: Connection, since: date, until: date, *, besides: str, viewer: Viewer = EVERYONE
) -> frozenset[date]:
    """The UTC days on which a crawl began of any source but ``besides`` that the viewer may know of."""
    hidden = hidden_sources(connection, viewer)
    values = {"since": since, "until": until, "besides": [besides, *sorted(hidden)]}
    return frozenset(connection.scalars(_DAYS, values))
