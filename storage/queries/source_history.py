"""How each source did over time: what each crawl read, what its pages came to, what was expected of it.

In: a reading connection, since which UTC day, whom the answer is for. Out: `CrawlHistory`s, oldest first. Read
from the counts of the catalogue alone (`storage.catalogue.crawl_counts`), however many captures there are; how a
crawl ended stands in custody (`storage.ledger.last_crawls`). Captures that the viewer may not
see are not counted, nor are crawls of the backfill.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, func, select, true

from storage.access_labels import EVERYONE, Viewer, visible_to
from storage.catalogue.sources_of_files import newest_declaration, sources_of_files
from storage.catalogue.tables import crawl_counts
from storage.ledger.crawl_facts import crawls_of_history


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
    connection: Connection, since: date, *, source_id: str | None = None, viewer: Viewer = EVERYONE
) -> tuple[CrawlHistory, ...]:
    """What every crawl gave from the UTC day ``since`` on, of one source or of all, oldest first."""
    counts = crawl_counts.c
    by_outcome = (
        select(
            counts.source_id,
            counts.crawl_id,
            counts.outcome,
            func.sum(counts.pages).label("pages"),
            func.sum(counts.records).label("records"),
            func.max(counts.newest_at).label("at"),
        )
        .where(
            counts.day >= since,
            counts.crawl_id.not_in(crawls_of_history()),
            visible_to(viewer, counts.access_label),
        )
        .group_by(counts.source_id, counts.crawl_id, counts.outcome)
    )
    if source_id is not None:
        by_outcome = by_outcome.where(counts.source_id == source_id)
    sums = by_outcome.subquery("by_outcome").c
    at = func.max(sums.at)
    query = (
        select(
            sums.source_id,
            sums.crawl_id,
            at,
            func.jsonb_object_agg(sums.outcome, sums.pages),
            func.sum(sums.records),
        )
        .group_by(sums.source_id, sums.crawl_id)
        .order_by(at, sums.crawl_id)
    )
    return tuple(
        CrawlHistory(source, crawl_id, moment, dict(sorted(outcomes.items())), int(records))
        for source, crawl_id, moment, outcomes, records in connection.execute(query).all()
    )


@dataclass(frozen=True, slots=True)
class DayFigures:
    """What the crawls of one UTC day gave together; as in `CrawlHistory`."""

    outcomes: Mapping[str, int]
    records: int


def day_figures(
    connection: Connection, since: date, *, besides: str, viewer: Viewer = EVERYONE
) -> dict[date, DayFigures]:
    """What each UTC day since this one gave, of every source but ``besides``."""
    counts = crawl_counts.c
    here = (
        counts.day >= since,
        counts.source_id != besides,
        counts.crawl_id.not_in(crawls_of_history()),
        visible_to(viewer, counts.access_label),
    )
    of_day: dict[date, DayFigures] = {}
    query = (
        select(counts.day, counts.outcome, func.sum(counts.pages), func.sum(counts.records))
        .where(*here)
        .group_by(counts.day, counts.outcome)
        .order_by(counts.day, counts.outcome)
    )
    for day, outcome, pages, records in connection.execute(query):
        known = of_day.get(day, DayFigures({}, 0))
        of_day[day] = DayFigures({**known.outcomes, outcome: int(pages)}, known.records + int(records))
    return of_day


def declared_expectations(
    connection: Connection, *, source_id: str | None = None, viewer: Viewer = EVERYONE
) -> dict[str, Mapping[str, Any]]:
    """What the newest declaration of each source expects of a crawl, by the id of the source."""
    every = sources_of_files()
    newest = newest_declaration(every.c.source_id, viewer)
    query = select(every.c.source_id, newest.c.declaration["expect"].label("expect")).join(newest, true())
    if source_id is not None:
        query = query.where(every.c.source_id == source_id)
    return {row.source_id: row.expect or {} for row in connection.execute(query)}


def declared_reviews(connection: Connection, *, viewer: Viewer = EVERYONE) -> dict[str, tuple[str | None, str]]:
    """Legal basis and day of review, of each source whose newest declaration names such a day."""
    every = sources_of_files()
    newest = newest_declaration(every.c.source_id, viewer)
    basis, day = (newest.c.declaration[name].astext for name in ("legal_basis", "review_by"))
    query = (
        select(every.c.source_id, basis.label("basis"), day.label("day"))
        .join(newest, true())
        .where(day.is_not(None))
    )
    return {row.source_id: (row.basis, row.day) for row in connection.execute(query)}
