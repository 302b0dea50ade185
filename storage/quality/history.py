"""Quality scores as lists and over time: the newest first, and what the captures of each day came to.

In: a connection, whom the answer is for. Out: scores with their captures; counts of a day by source. Only captures
that the viewer may see are in either.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Connection, cast, func, or_, select
from sqlalchemy.types import Date

from storage.access_labels import EVERYONE, Viewer, visible_to
from storage.catalogue.captures import Capture, captures_by_ids
from storage.catalogue.tables import captures
from storage.quality.scores import QualityScore, score_of_row
from storage.quality.tables import scores


@dataclass(frozen=True, slots=True)
class ScoreFilter:
    """Of this source; with a score lower than ``below``, those without a score too; None: all."""

    source_id: str | None = None
    below: float | None = None

    def conditions(self, viewer: Viewer) -> list[ColumnElement[bool]]:
        """What a row must fulfil."""
        lower = or_(scores.c.score < self.below, scores.c.score.is_(None)) if self.below is not None else None
        return [
            visible_to(viewer, captures.c.access_label),
            *([] if self.source_id is None else [captures.c.source_id == self.source_id]),
            *([] if lower is None else [lower]),
        ]


@dataclass(frozen=True, slots=True)
class DayOfScores:
    """Captures of one source and one day in UTC; ``mean`` and ``least`` are of those with a score."""

    source_id: str
    day: date
    captures: int
    mean: float | None
    least: float | None


def scored_captures(
    connection: Connection, wanted: ScoreFilter, *, viewer: Viewer = EVERYONE, most: int, offset: int = 0
) -> tuple[tuple[tuple[QualityScore, Capture], ...], int]:
    """Scores with their captures, the newest capture first, and how many there are in all."""
    joined = scores.join(captures, captures.c.id == scores.c.capture_id)
    conditions = wanted.conditions(viewer)
    total = connection.scalar(select(func.count()).select_from(joined).where(*conditions))
    query = select(scores).select_from(joined).where(*conditions)
    order = (captures.c.captured_at.desc(), captures.c.id)
    found = [score_of_row(row) for row in connection.execute(query.order_by(*order).limit(most).offset(offset))]
    known = captures_by_ids(connection, [each.capture_id for each in found], viewer=viewer)
    rows = tuple((each, known[each.capture_id]) for each in found if each.capture_id in known)
    return rows, int(total or 0)


def scores_by_day(
    connection: Connection, *, since: datetime, source_id: str | None = None, viewer: Viewer = EVERYONE
) -> Iterator[DayOfScores]:
    """By source and day of capture, oldest first."""
    day = cast(func.timezone("UTC", captures.c.captured_at), Date)
    query = (
        select(
            captures.c.source_id,
            day.label("day"),
            func.count(),
            func.avg(scores.c.score),
            func.min(scores.c.score),
        )
        .select_from(scores.join(captures, captures.c.id == scores.c.capture_id))
        .where(captures.c.captured_at >= since, *ScoreFilter(source_id).conditions(viewer))
        .group_by(captures.c.source_id, day)
        .order_by(captures.c.source_id, day)
    )
    return (DayOfScores(*row) for row in connection.execute(query))
