"""What crawls of a source gave, and how often it speaks: the figures by which a night is judged.

In: a reading connection, a source. Out: `CrawlYield`s, newest first, and the source's `PublishingPattern`. Read
from the catalogue alone, so that they are the same after a rebuild.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from sqlalchemy import Connection, bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY, TEXT, distinct_on

from processors.kinds import KINDS, is_complete_list
from storage.catalogue.tables import warcs

HABIT_DAYS: Final = 90
"""How far back a source's habit is looked for: longer than a summer break, shorter than a change of staff."""


@dataclass(frozen=True, slots=True)
class CrawlYield:
    """What one crawl gave. ``kind`` is the kind of most of its records, None where there were none.

    ``pages`` are those that were read as pages of the source, ``understood`` those that a parser made sense of, an
    empty list included. ``filled`` counts, by field, the records in which it says something.
    """

    crawl_id: str
    at: datetime
    pages: int
    understood: int
    kind: str | None = None
    records: int = 0
    filled: Mapping[str, int] = field(default_factory=dict)

    def fill_rate(self, name: str) -> float:
        """Share of the records in which the field says something; 0 where there are none."""
        return self.filled.get(name, 0) / self.records if self.records else 0.0


@dataclass(frozen=True, slots=True)
class PublishingPattern:
    """How a source speaks: when something new was last seen, and the pauses between the things it said before.

    ``pauses_s`` are in ascending order; the moments are what the source says (published) or, where it says
    nothing, when this collector saw it first.
    """

    last_new_at: datetime
    first_at: datetime
    pauses_s: tuple[float, ...]


_PAGES: Final = text("""
    SELECT crawl_id, max(captured_at) AS at, count(*) AS pages,
        count(*) FILTER (
            WHERE problem IS NULL
                AND (outcome = 'content' OR (outcome = 'empty' AND kind <> ALL(:streams)))
        ) AS understood
    FROM catalogue.readings
    WHERE source_id = :source AND url NOT LIKE '%/robots.txt' AND NOT EXISTS (
        SELECT FROM ledger.custody WHERE subject_id = crawl_id AND event = 'collection_started'
            AND details->>'lane' = 'backfill'
    )
    GROUP BY crawl_id ORDER BY max(captured_at) DESC, crawl_id DESC LIMIT :most
""").bindparams(bindparam("streams", type_=ARRAY(TEXT)))

_RECORDS: Final = text("""
    SELECT readings.crawl_id, records.kind, count(DISTINCT records.id) AS records
    FROM catalogue.sightings
    JOIN catalogue.readings USING (capture_id, parser_version)
    JOIN catalogue.records ON records.id = sightings.record_id
    WHERE readings.crawl_id = ANY(:crawls) GROUP BY readings.crawl_id, records.kind
""").bindparams(bindparam("crawls", type_=ARRAY(TEXT)))

_FILLED: Final = text("""
    SELECT readings.crawl_id, versions.kind, said.key, count(DISTINCT sightings.record_id) AS filled
    FROM catalogue.sightings
    JOIN catalogue.readings USING (capture_id, parser_version)
    JOIN catalogue.versions ON versions.id = sightings.version_id
    CROSS JOIN LATERAL jsonb_each(versions.content || sightings.content) AS said
    WHERE readings.crawl_id = ANY(:crawls)
        AND said.value NOT IN ('null', '""', '[]', '{}', 'false')
    GROUP BY readings.crawl_id, versions.kind, said.key
""").bindparams(bindparam("crawls", type_=ARRAY(TEXT)))

_FIRST_SEEN: Final = text("""
    SELECT min(sightings.captured_at) AS seen_at, min(versions.content->>'published_at') AS published_at
    FROM catalogue.sightings JOIN catalogue.versions ON versions.id = sightings.version_id
    WHERE sightings.source_id = :source GROUP BY sightings.version_id
""")


def recent_crawl_yields(connection: Connection, source_id: str, *, most: int) -> tuple[CrawlYield, ...]:
    """The last crawls of the source that were read, newest first."""
    streams = [name for name in KINDS if not is_complete_list(name)]
    crawls = connection.execute(_PAGES, {"source": source_id, "most": most, "streams": streams}).all()
    parameters = {"crawls": [row.crawl_id for row in crawls]}
    records: dict[str, dict[str, int]] = {}
    for row in connection.execute(_RECORDS, parameters):
        records.setdefault(row.crawl_id, {})[row.kind] = row.records
    filled: dict[tuple[str, str], dict[str, int]] = {}
    for row in connection.execute(_FILLED, parameters):
        filled.setdefault((row.crawl_id, row.kind), {})[row.key] = row.filled
    return tuple(_crawl_yield(row, records.get(row.crawl_id, {}), filled) for row in crawls)


def _crawl_yield(
    row: Any, records: Mapping[str, int], filled: Mapping[tuple[str, str], Mapping[str, int]]
) -> CrawlYield:
    kind = max(records, key=lambda each: (records[each], each), default=None)
    return CrawlYield(
        crawl_id=row.crawl_id,
        at=row.at,
        pages=row.pages,
        understood=row.understood,
        kind=kind,
        records=0 if kind is None else records[kind],
        filled={} if kind is None else filled.get((row.crawl_id, kind), {}),
    )


def declarations_of(connection: Connection, crawl_ids: Collection[str]) -> tuple[tuple[str, dict[str, Any]], ...]:
    """The sources of these crawls, each as its newest crawl among them declared it."""
    query = (
        select(warcs.c.source_id, warcs.c.declaration)
        .ext(distinct_on(warcs.c.source_id))
        .where(warcs.c.crawl_id.in_(crawl_ids), warcs.c.declaration.is_not(None))
        .order_by(warcs.c.source_id, warcs.c.custody_seq.desc())
    )
    return tuple((row.source_id, row.declaration) for row in connection.execute(query))


def publishing_pattern(connection: Connection, source_id: str) -> PublishingPattern | None:
    """How the source speaks; None where nothing was ever seen of it."""
    rows = connection.execute(_FIRST_SEEN, {"source": source_id}).all()
    if not rows:
        return None
    last_new_at = max(row.seen_at for row in rows)
    moments = sorted({_moment(row.seen_at, row.published_at) for row in rows})
    recent = [at for at in moments if at >= moments[-1] - timedelta(days=HABIT_DAYS)]
    pauses = sorted((later - earlier).total_seconds() for earlier, later in pairwise(recent))
    return PublishingPattern(last_new_at, recent[0], tuple(pauses))


def _moment(seen_at: datetime, published_at: str | None) -> datetime:
    """When it was said, as far as that is known; a date in the future is no date of saying."""
    stated_at = None if published_at is None else datetime.fromisoformat(published_at)
    return seen_at if stated_at is None or stated_at > seen_at else stated_at
