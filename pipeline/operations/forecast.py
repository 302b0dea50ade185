"""How the archive grows and how long its nights are: bytes a night by source, days until the disk is full, hours.

In: `Settings`, a reading connection. Out: `Forecast`. Growth is the mean of the last two weeks, or of the time
since the first deposit where that is less: what grew, grows on. Only what stands on the disk of the data folder
fills it: the embedded store, and the embedded database in the measure in which it has grown with the files so far.
A disk elsewhere is not known here, and the forecast says so. The length of a night is given by its busiest host,
since the requests to one host go out one after another (docs/pace.md).
"""

import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from pipeline.config.settings import Settings
from pipeline.operations.readiness import nearest_folder, room_of
from storage.access_labels import EVERYONE, Viewer
from storage.ledger.harvests import hours_of_night
from storage.ledger.last_crawls import LastCrawl, last_crawls
from storage.queries.operating_figures import database_bytes, deposited_since, first_deposit
from storage.queries.overview import ON_DEMAND, source_holdings

WINDOW: Final = timedelta(days=14)

ALARM_DAYS: Final = 30
"""With fewer days left, somebody has to act: a disk is ordered, and data is moved, in weeks."""

ELSEWHERE: Final = "The object store is not on the disk of this data folder; look at its own forecast."
NO_GROWTH: Final = "Nothing was deposited yet, or nothing in the last two weeks."


@dataclass(frozen=True, slots=True)
class SourceForecast:
    """``requests``: of its last ended crawl, by host; empty where its report had none."""

    source_id: str
    bytes_a_night: int
    requests: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Forecast:
    """``sources``: those of which the viewer may know, the largest first; ``other_bytes_a_night``: all others.

    ``disk_bytes_a_night``: how much of the disk of the data folder goes each night, None where that is not known
    here. ``days_until_full``: until no crawl starts any more; None with the reason in ``because``. ``full_on`` is
    the day of it. ``night_hours``: how long the newest harvest of the whole watch-list took. ``hours_at_pace``:
    how long its busiest host takes with ``pace_s`` seconds between two requests.
    """

    nights: float
    sources: tuple[SourceForecast, ...]
    bytes_a_night: int
    other_bytes_a_night: int
    disk_free_bytes: int
    disk_bytes_a_night: int | None
    days_until_full: float | None
    full_on: datetime | None
    because: str | None
    night_hours: float | None
    pace_s: float | None
    hours_at_pace: float | None
    busiest_host: str | None

    @property
    def alarms(self) -> bool:
        """Whether the disk is full within `ALARM_DAYS`."""
        return self.days_until_full is not None and self.days_until_full < ALARM_DAYS


def forecast(
    settings: Settings,
    connection: Connection,
    *,
    now: datetime | None = None,
    pace_s: float | None = None,
    viewer: Viewer = EVERYONE,
) -> Forecast:
    """What the last two weeks say of the coming ones; ``pace_s``: seconds between two requests to one host."""
    moment = now or datetime.now(UTC)
    first = first_deposit(connection)
    began = max(moment - WINDOW, first or moment)
    nights = max(1.0, (moment - began) / timedelta(days=1))
    grown = {each.source_id: each.file_bytes for each in deposited_since(connection, began)}
    crawls = {name: each for name, each in last_crawls(connection, only_ended=True).items() if name != ON_DEMAND}
    known = {each.source_id for each in source_holdings(connection, viewer=viewer)} | {ON_DEMAND}
    known |= set(last_crawls(connection, viewer=viewer))
    rows = [
        SourceForecast(name, round(grown.get(name, 0) / nights), requests_of(crawls.get(name)))
        for name in sorted({*grown, *crawls} & known)
    ]
    total = round(sum(grown.values()) / nights)
    free = shutil.disk_usage(nearest_folder(settings.data)).free
    of_disk = _disk_bytes(settings, connection, total)
    days = None if not of_disk else max(0.0, (free - room_of(settings).keep_free_bytes) / of_disk)
    by_host = sum((Counter(requests_of(each)) for each in crawls.values()), Counter[str]())
    busiest, requests = by_host.most_common(1)[0] if by_host else (None, None)
    return Forecast(
        nights=round(nights, 1),
        sources=tuple(sorted(rows, key=lambda row: (-row.bytes_a_night, row.source_id))),
        bytes_a_night=total,
        other_bytes_a_night=total - sum(row.bytes_a_night for row in rows),
        disk_free_bytes=free,
        disk_bytes_a_night=of_disk,
        days_until_full=None if days is None else round(days, 1),
        full_on=None if days is None or days > 36500 else moment + timedelta(days=days),
        because=ELSEWHERE if of_disk is None else NO_GROWTH if not of_disk else None,
        night_hours=hours_of_night(connection, moment),
        pace_s=pace_s,
        hours_at_pace=None if pace_s is None or requests is None else round(requests * pace_s / 3600, 2),
        busiest_host=busiest,
    )


def requests_of(crawl: LastCrawl | None) -> dict[str, int]:
    """How many requests took a slot at each host, according to the end of the crawl."""
    pace = {} if crawl is None or crawl.ended is None else crawl.ended.get("pace") or {}
    return {host: int(each["requests"]) for host, each in sorted(pace.items())}


def _disk_bytes(settings: Settings, connection: Connection, a_night: int) -> int | None:
    """How much of the disk goes with what a night deposits; None where the store is elsewhere."""
    if not (settings.data / "store").exists():
        return None
    share = 0.0
    if (settings.data / "postgres").exists():
        files = sum(each.file_bytes for each in source_holdings(connection))
        share = database_bytes(connection) / files if files else 0.0
    return round(a_night * (1 + share))
