"""Harvests and nights, out of custody: which harvest began for what, how it ended, which night had none.

In: what a harvest is to collect, and its result (`begin_harvest`, `end_harvest`: entries of custody; an existing
entry is not written again). Out: the nights that were due, the newest first, each with
the harvest that collected it, if there was one. A harvest that began and has no end is reported as such.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, Row, text

from crawlers.model.iso_time import time_text
from storage.archive import Archive
from storage.ledger.custody import append_and_publish
from storage.ledger.entry import BEHIND

DUE_AT: Final = time(0, 15, tzinfo=UTC)
"""When a night is due: the hour of the DAG `harvest`; a test holds the two together."""

DAY: Final = timedelta(days=1)

LONGEST: Final = timedelta(hours=12)
"""Tasks of a harvest end after six hours, tried again once: what has no end after so long was stopped."""

LATELY: Final = timedelta(days=14)

GRACE: Final = timedelta(minutes=15)
"""So long a night that has not begun is only waited for: scheduler and plan take a while."""


@dataclass(frozen=True, slots=True)
class Harvest:
    """``due_at``: of which night it is, None by hand. ``whole``: every source of the watch-list was planned.

    ``failures``: a sentence for each source that did not come through; ``network``: one sentence where our own
    network was away. All three of the end are empty where ``ended_at`` is None.
    """

    harvest_id: str
    due_at: datetime | None
    covers_watchlist: bool
    sources: tuple[str, ...]
    began_at: datetime
    ended_at: datetime | None
    failures: Mapping[str, str]
    network: str | None


class NightState(StrEnum):
    """The outcome of a night."""

    CAME_THROUGH = "came through"
    FAILED = "sources failed"
    AT_WORK = "at work"
    NOT_ENDED = "began and did not end"
    DUE = "due now"
    MISSED = "did not run"


@dataclass(frozen=True, slots=True)
class DueNight:
    """A night that was due, and the harvest that collected it: the schedule's, or a whole one by hand."""

    due_at: datetime
    state: NightState
    harvest: Harvest | None


def begin_harvest(
    archive: Archive,
    harvest_id: str,
    *,
    actor: str,
    due_at: datetime | None,
    sources: Sequence[str],
    covers_watchlist: bool,
) -> None:
    """Record in custody what is to be collected, before the first source is; once for each id."""
    details: dict[str, Any] = {
        "due_at": None if due_at is None else time_text(due_at),
        "whole": covers_watchlist,
        "sources": list(sources),
    }
    if _newest_details(archive, "harvest_started", harvest_id) is None:
        append_and_publish(archive, "harvest_started", subject_id=harvest_id, actor=actor, details=details)


def end_harvest(
    archive: Archive, harvest_id: str, *, actor: str, failures: Mapping[str, str], network: str | None
) -> None:
    """Record the result in custody; a harvest that a person has started again has another result later."""
    details: dict[str, Any] = {"failures": dict(failures), "network": network}
    before = dict(_newest_details(archive, "harvest_ended", harvest_id) or {})
    before.pop(BEHIND, None)
    if before != details:
        append_and_publish(archive, "harvest_ended", subject_id=harvest_id, actor=actor, details=details)


def _newest_details(archive: Archive, event: str, harvest_id: str) -> Mapping[str, Any] | None:
    query = text(
        "SELECT details FROM ledger.custody WHERE subject_id = :id AND event = :event ORDER BY seq DESC LIMIT 1"
    )
    with archive.reader.connect() as connection:
        found: Mapping[str, Any] | None = connection.scalar(query, {"id": harvest_id, "event": event})
        return found


_NEWEST: Final = text("""
    SELECT begun.subject_id, begun.at AS began_at, begun.details AS planned, ended.at AS ended_at,
        ended.details AS came_to
    FROM ledger.custody AS begun
    LEFT JOIN LATERAL (
        SELECT at, details FROM ledger.custody
        WHERE subject_id = begun.subject_id AND event = 'harvest_ended' ORDER BY seq DESC LIMIT 1
    ) AS ended ON TRUE
    WHERE begun.event = 'harvest_started' AND begun.at >= :since
    ORDER BY begun.seq DESC
""")


def harvests_since(connection: Connection, since: datetime) -> tuple[Harvest, ...]:
    """Every harvest that began from ``since`` on, the newest first."""
    return tuple(map(_harvest, connection.execute(_NEWEST, {"since": since})))


def _harvest(row: Row[Any]) -> Harvest:
    came_to: Mapping[str, Any] = row.came_to or {}
    due_at = row.planned.get(
        "due_at"
    )  # what a harvest was to collect is sealed: after a rebuild without keys, unknown
    return Harvest(
        harvest_id=row.subject_id,
        due_at=None if due_at is None else datetime.fromisoformat(due_at),
        covers_watchlist=bool(row.planned.get("whole")),
        sources=tuple(row.planned.get("sources", ())),
        began_at=row.began_at.astimezone(UTC),
        ended_at=None if row.ended_at is None else row.ended_at.astimezone(UTC),
        failures=came_to.get("failures", {}),
        network=came_to.get("network"),
    )


def newest_due(now: datetime) -> datetime:
    """The newest hour of a night that is not after ``now``."""
    today = datetime.combine(now.astimezone(UTC).date(), DUE_AT)
    return today if today <= now else today - DAY


def due_nights(
    connection: Connection, *, now: datetime, known_since: datetime | None, most: int
) -> tuple[DueNight, ...]:
    """The newest ``most`` nights that were due, the newest first; none before the first that is known to be.

    ``known_since``: since when nights are due, as the settings have it; without it, the first harvest in custody
    says so, and there is no night before one.
    """
    newest = newest_due(now)
    first = connection.scalar(text("SELECT min(at) FROM ledger.custody WHERE event = 'harvest_started'"))
    began = min((each for each in (known_since, first) if each is not None), default=None)
    if began is None:
        return ()
    harvests = harvests_since(connection, newest - most * DAY)
    hours = [newest - number * DAY for number in range(most)]
    return tuple(_night(hour, harvests, now) for hour in hours if hour >= began or _of(hour, harvests))


def _night(due_at: datetime, harvests: Sequence[Harvest], now: datetime) -> DueNight:
    harvest = _of(due_at, harvests)
    if harvest is None:
        return DueNight(due_at, NightState.DUE if now < due_at + GRACE else NightState.MISSED, None)
    if harvest.ended_at is None:
        at_work = due_at == newest_due(now)
        return DueNight(due_at, NightState.AT_WORK if at_work else NightState.NOT_ENDED, harvest)
    failed = harvest.failures or harvest.network
    return DueNight(due_at, NightState.FAILED if failed else NightState.CAME_THROUGH, harvest)


def _of(due_at: datetime, harvests: Sequence[Harvest]) -> Harvest | None:
    """The night's own harvest, or the newest whole one by hand that began in it."""
    own = next((each for each in harvests if each.due_at == due_at), None)
    by_hand = (each for each in harvests if each.due_at is None and each.covers_watchlist)
    return own or next((each for each in by_hand if due_at <= each.began_at < due_at + DAY), None)


def hours_of_night(connection: Connection, now: datetime) -> float | None:
    """How long the newest harvest of the whole watch-list took, of the last two weeks; None where none did."""
    whole = [
        each
        for each in harvests_since(connection, now - LATELY)
        if each.covers_watchlist and each.ended_at is not None
    ]
    if not whole or whole[0].ended_at is None:
        return None
    return round((whole[0].ended_at - whole[0].began_at) / timedelta(hours=1), 2)


def harvest_at_work(connection: Connection, now: datetime) -> Harvest | None:
    """A harvest that has begun and not ended, however it was started; older than `LONGEST` it counts as broken
    off.
    """
    return next((each for each in harvests_since(connection, now - LONGEST) if each.ended_at is None), None)
