"""The nights of two months in figures: how long each took, what it read and stored, what its pages came to.

In: the archive, whom the answer is for. Out: JSON-ready rows, the oldest night first. A night is a UTC day.
Captures that the viewer may not see are not counted; what was archived on demand is not of the night and not
counted.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from access.views.nights import night_sentence
from storage.access_labels import EVERYONE, Viewer
from storage.archive import Archive
from storage.ledger.harvests import DueNight, due_nights
from storage.queries.operating_figures import deposited_by_day
from storage.queries.overview import ON_DEMAND
from storage.queries.source_history import DayFigures, day_figures

NIGHTS: Final = 60

NOTHING: Final = DayFigures({}, 0)


def night_figures(
    archive: Archive, *, viewer: Viewer = EVERYONE, now: datetime | None = None
) -> list[dict[str, Any]]:
    """The last `NIGHTS` nights that were due.

    ``duration_s`` is None while a night has no end; ``records`` counts those that its crawls read,
    ``stored_bytes`` the WARC files that were deposited on the day, ``outcomes`` its pages and requests by outcome.
    """
    moment = now or datetime.now(UTC)
    since = (moment - timedelta(days=NIGHTS)).replace(hour=0, minute=0, second=0, microsecond=0)
    with archive.reader.connect() as connection:
        nights = due_nights(connection, now=moment, known_since=archive.nights_since, most=NIGHTS)
        stored = deposited_by_day(connection, since)
        read = day_figures(connection, since.date(), besides=ON_DEMAND, viewer=viewer)
    rows = []
    for number, night in enumerate(nights):
        day = night.due_at.date()
        rows.append(_row(night, read.get(day, NOTHING), stored.get(day, 0), newest=number == 0))
    return rows[::-1]


def _row(night: DueNight, read: DayFigures, stored_bytes: int, *, newest: bool) -> dict[str, Any]:
    harvest = night.harvest
    ended = None if harvest is None else harvest.ended_at
    return {
        "day": night.due_at.date().isoformat(),
        "state": night.state.value,
        "sentence": night_sentence(night, newest=newest),
        "duration_s": None if harvest is None or ended is None else (ended - harvest.began_at).total_seconds(),
        "records": read.records,
        "stored_bytes": stored_bytes,
        "outcomes": dict(read.outcomes),
    }
