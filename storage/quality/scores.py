"""Quality scores, written and read, and the browser captures that have none yet.

In: a connection, `QualityScore`s, whom the answer is for. A capture has one score, its newest. Guaranteed: a
score is given only to who may see its capture.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, func, select
from sqlalchemy.dialects.postgresql import insert

from crawlers.model.iso_time import time_text
from storage.access_labels import EVERYONE, Viewer, visible_to
from storage.catalogue.captures import Capture, capture_of, captures_joined
from storage.catalogue.tables import captures
from storage.quality.tables import scores

PAGE_RECORD: Final = "urn:pageinfo:%"
"""What a browser did with a page: each page that one has shown has such a record."""


@dataclass(frozen=True, slots=True)
class QualityScore:
    """``parts`` are ``{name, value, reason}``; ``scripts`` is ``ran`` or ``off``; ``tools`` names versions."""

    capture_id: str
    score: float | None
    reason: str | None
    parts: Sequence[Mapping[str, Any]]
    scripts: str
    leaks: Sequence[str]
    tools: Mapping[str, str]
    measured_at: datetime

    def as_json(self) -> dict[str, Any]:
        """The score with the keys of architecture §7."""
        return {
            "kind": "quality",
            "capture_id": self.capture_id,
            "score": self.score,
            "reason": self.reason,
            "parts": [dict(part) for part in self.parts],
            "scripts": self.scripts,
            "leaks": list(self.leaks),
            "tools": dict(self.tools),
            "measured_at": time_text(self.measured_at),
        }


def keep_score(connection: Connection, score: QualityScore) -> None:
    """Write the score in the place of an earlier one of its capture."""
    row = {
        "capture_id": score.capture_id,
        "score": score.score,
        "reason": score.reason,
        "parts": [dict(part) for part in score.parts],
        "scripts": score.scripts,
        "leaks": list(score.leaks),
        "tools": dict(score.tools),
        "measured_at": score.measured_at,
    }
    statement = insert(scores).values(row)
    changed = {name: statement.excluded[name] for name in row if name != "capture_id"}
    connection.execute(statement.on_conflict_do_update(index_elements=["capture_id"], set_=changed))


def score_of(connection: Connection, capture_id: str, *, viewer: Viewer = EVERYONE) -> QualityScore | None:
    """The score of a capture; None where it has none, or the viewer may not see it."""
    query = (
        select(scores)
        .join(captures, captures.c.id == scores.c.capture_id)
        .where(scores.c.capture_id == capture_id, visible_to(viewer, captures.c.access_label))
    )
    row = connection.execute(query).first()
    return None if row is None else score_of_row(row)


def unscored_page_records(
    connection: Connection,
    *,
    since: datetime,
    method: str,
    most: int | None = None,
    only_source: str | None = None,
    without_source: str | None = None,
) -> tuple[Capture, ...]:
    """Records of pages without a score by this method, captured since then; drawn evenly over the sources.

    The draw is by the digest of the id: nobody chooses it, and the same captures give the same one.
    """
    page = captures.alias("page")
    page_id = func.coalesce(
        select(func.min(page.c.id))
        .where(page.c.crawl_id == captures.c.crawl_id, page.c.record_id == captures.c.refers_to_id)
        .correlate(captures)
        .scalar_subquery(),
        captures.c.id,
    )
    known = (
        select(scores.c.capture_id)
        .where(scores.c.capture_id == page_id, scores.c.tools["method"].astext == method)
        .correlate(captures)
        .exists()
    )
    drawn = func.md5(captures.c.id)
    turn = func.row_number().over(partition_by=captures.c.source_id, order_by=drawn)
    query = captures_joined(EVERYONE).where(captures.c.captured_at >= since, _is_page_record(), ~known)
    if only_source is not None:
        query = query.where(captures.c.source_id == only_source)
    if without_source is not None:
        query = query.where(captures.c.source_id != without_source)
    return tuple(map(capture_of, connection.execute(query.order_by(turn, drawn).limit(most))))


def scores_measured(connection: Connection, *, since: datetime, without_source: str) -> int:
    """How many captures of other sources were measured since then."""
    query = (
        select(func.count())
        .select_from(scores.join(captures, captures.c.id == scores.c.capture_id))
        .where(scores.c.measured_at >= since, captures.c.source_id != without_source)
    )
    return int(connection.scalar(query) or 0)


def _is_page_record() -> ColumnElement[bool]:
    return (captures.c.record_type == "resource") & captures.c.url.like(PAGE_RECORD)


def score_of_row(row: Row[Any]) -> QualityScore:
    """The score that a row of the table holds."""
    return QualityScore(
        row.capture_id,
        row.score,
        row.reason,
        tuple(row.parts),
        row.scripts,
        tuple(row.leaks),
        dict(row.tools),
        row.measured_at,
    )
