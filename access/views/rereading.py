"""How far reading again after an upgrade is, as it was last written down.

In: the archive, whom the answer is for. Out: JSON-ready figures, or None where nothing was ever read again. They
count files of all labels: an administrator's page shows them, and a count names none.
"""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from storage.access_labels import EVERYONE, Viewer
from storage.archive import Archive
from storage.catalogue.earlier_readings import parser_changes
from storage.ledger.harvests import hours_of_night
from storage.queries.reread_plan import plan_of_reading_again
from storage.work_queue.rereading import rereading_of


def reread_figures(
    archive: Archive, *, viewer: Viewer = EVERYONE, now: datetime | None = None
) -> dict[str, Any] | None:
    """``plan``: as `RereadPlan`; ``parsers``: as `ParserChange`, of files that the viewer may see."""
    moment = now or datetime.now(UTC)
    with archive.reader.connect() as connection:
        known = rereading_of(connection)
        if known is None:
            return None
        plan = plan_of_reading_again(
            known,
            files_left=known.files_left,
            bytes_left=known.bytes_left,
            night_hours=hours_of_night(connection, moment),
            now=moment,
        )
        parsers = [asdict(each) for each in parser_changes(connection, viewer=viewer)]
    return {"plan": asdict(plan), "parsers": parsers}
