"""How the history of channels stands: the plan with its end, and each channel.

In: the archive, whom the answer is for. Out: JSON-ready rows. Channels of which the viewer was ever kept from
something are left out, and count in none of the figures.
"""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from storage.access_labels import EVERYONE, Viewer
from storage.archive import Archive
from storage.ledger.harvests import hours_of_night
from storage.ledger.last_crawls import hidden_sources
from storage.queries.backfill_plan import plan_of
from storage.work_queue.backfills import all_backfills


def backfill_figures(
    archive: Archive, *, viewer: Viewer = EVERYONE, now: datetime | None = None
) -> dict[str, Any]:
    """``plan``: as `BackfillPlan`; ``channels``: as `Backfill`, those with the most left first."""
    moment = now or datetime.now(UTC)
    with archive.reader.connect() as connection:
        hidden = hidden_sources(connection, viewer)
        rows = [row for row in all_backfills(connection) if row.source_id not in hidden]
        night_hours = hours_of_night(connection, moment)
    rows.sort(key=lambda row: (-(row.pages_left or 0), row.source_id))
    return {
        "plan": asdict(plan_of(rows, night_hours=night_hours, now=moment)),
        "channels": [asdict(row) | {"state": "done" if row.done else row.state} for row in rows],
    }
