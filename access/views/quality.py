"""Quality scores of captures as a list, and by source and day.

In: the archive, what is wanted, whom the answer is for. Out: JSON-ready rows, the newest capture first.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from crawlers.model.iso_time import time_text
from storage.access_labels import EVERYONE, Viewer
from storage.archive import Archive
from storage.quality.history import ScoreFilter, scored_captures, scores_by_day

DAYS: Final = 60
"""So far back the days of a source are counted."""


@dataclass(frozen=True, slots=True)
class ScoreRows:
    """One page of rows, and how many there are in all."""

    rows: list[dict[str, Any]]
    total: int


def quality_rows(
    archive: Archive, wanted: ScoreFilter, *, viewer: Viewer = EVERYONE, most: int = 50, offset: int = 0
) -> ScoreRows:
    """Scores with the address, source and time of their captures."""
    with archive.reader.connect() as connection:
        found, total = scored_captures(connection, wanted, viewer=viewer, most=most, offset=offset)
    rows = [
        score.as_json()
        | {"url": capture.url, "source": capture.source_id, "captured_at": time_text(capture.captured_at)}
        for score, capture in found
    ]
    return ScoreRows(rows, total)


def days_of_sources(
    archive: Archive, *, source_id: str | None = None, viewer: Viewer = EVERYONE, now: datetime | None = None
) -> dict[str, list[dict[str, Any]]]:
    """By source: the last days on which captures were measured, oldest first."""
    since = (now or datetime.now(UTC)) - timedelta(days=DAYS)
    found: dict[str, list[dict[str, Any]]] = {}
    with archive.reader.connect() as connection:
        for each in scores_by_day(connection, since=since, source_id=source_id, viewer=viewer):
            row = {"day": each.day.isoformat(), "captures": each.captures, "mean": each.mean, "least": each.least}
            found.setdefault(each.source_id, []).append(row)
    return found
