"""How each source did over time: what each crawl read, what its pages came to, what was expected of it.

In: a reading connection, since when, whom the answer is for. Out: `CrawlHistory`s, oldest first. Read from the
catalogue alone; how a crawl ended stands in custody (`storage.ledger.last_crawls`). Captures that the viewer may
not see are not counted, nor are crawls of the backfill.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on

from storage.access_labels import EVERYONE, Viewer, visible_to
from storage.catalogue.tables import captures, readings, warcs
from storage.ledger.crawl_facts import crawls_of_history
from storage.queries.nightly_counts import ROBOTS


@dataclass(frozen=True, slots=True)
class CrawlHistory:
    """What one crawl gave: ``outcomes`` counts its pages, and its requests without an answer, by outcome.

    ``records`` are those read from its pages; a record that two pages show counts twice.
    """

    source_id: str
    crawl_id: str
    at: datetime
    outcomes: Mapping[str, int]
    records: int

    @property
    def pages(self) -> int:
        """How many pages and requests there are in all."""
        return sum(self.outcomes.values())


def crawl_histories(
    connection: Connection, since: datetime, *, source_id: str | None = None, viewer: Viewer = EVERYONE
) -> tuple[CrawlHistory, ...]:
    """What every crawl since the moment gave, of one source or of all, oldest first."""
    outcome = func.coalesce(readings.c.outcome, captures.c.transport_outcome)
    query = (
        select(
            captures.c.source_id,
            captures.c.crawl_id,
            # a page is read from the exchange and, of a browser, from its DOM: both show the same records
            (captures.c.record_type == "resource").label("rendering"),
            outcome.label("outcome"),
            func.count(captures.c.id.distinct()).label("pages"),
            func.coalesce(func.sum(readings.c.records), 0).label("records"),
            func.max(captures.c.captured_at).label("at"),
        )
        .outerjoin(readings, readings.c.capture_id == captures.c.id)
        .where(
            captures.c.captured_at >= since,
            or_(readings.c.outcome.is_not(None), captures.c.transport_outcome.is_not(None)),
            captures.c.surt.not_like(ROBOTS),
            captures.c.crawl_id.not_in(crawls_of_history()),
            visible_to(viewer, captures.c.access_label),
        )
        .group_by(captures.c.source_id, captures.c.crawl_id, captures.c.record_type == "resource", outcome)
    )
    if source_id is not None:
        query = query.where(captures.c.source_id == source_id)
    crawls: dict[tuple[str, str], list[Any]] = {}
    for row in connection.execute(query):
        crawls.setdefault((row.source_id, row.crawl_id), []).append(row)
    found = [_history(source, crawl_id, rows) for (source, crawl_id), rows in crawls.items()]
    return tuple(sorted(found, key=lambda each: (each.at, each.crawl_id)))


def declared_expectations(
    connection: Connection, *, source_id: str | None = None, viewer: Viewer = EVERYONE
) -> dict[str, Mapping[str, Any]]:
    """What the newest declaration of each source expects of a crawl, by the id of the source."""
    query = (
        select(warcs.c.source_id, warcs.c.declaration["expect"].label("expect"))
        .ext(distinct_on(warcs.c.source_id))
        .where(warcs.c.declaration.is_not(None), visible_to(viewer, warcs.c.access_label))
        .order_by(warcs.c.source_id, warcs.c.custody_seq.desc())
    )
    if source_id is not None:
        query = query.where(warcs.c.source_id == source_id)
    return {row.source_id: row.expect or {} for row in connection.execute(query)}


def declared_reviews(connection: Connection, *, viewer: Viewer = EVERYONE) -> dict[str, tuple[str | None, str]]:
    """Legal basis and day of review, of each source whose newest declaration names such a day."""
    newest = (
        select(
            warcs.c.source_id,
            warcs.c.declaration["legal_basis"].astext.label("basis"),
            warcs.c.declaration["review_by"].astext.label("day"),
        )
        .ext(distinct_on(warcs.c.source_id))
        .where(warcs.c.declaration.is_not(None), visible_to(viewer, warcs.c.access_label))
        .order_by(warcs.c.source_id, warcs.c.custody_seq.desc())
    )
    return {row.source_id: (row.basis, row.day) for row in connection.execute(newest) if row.day is not None}


def _history(source_id: str, crawl_id: str, rows: list[Any]) -> CrawlHistory:
    outcomes: dict[str, int] = {}
    for row in rows:
        if not row.rendering:
            outcomes[row.outcome] = outcomes.get(row.outcome, 0) + row.pages
    read = {
        rendering: sum(row.records for row in rows if row.rendering is rendering) for rendering in (True, False)
    }
    return CrawlHistory(
        source_id=source_id,
        crawl_id=crawl_id,
        at=max(row.at for row in rows),
        outcomes=dict(sorted(outcomes.items())),
        records=int(max(read.values())),
    )
