"""The last nights: which was due, which ran, what it came to; one that did not run stands out.

In: the archive. Out: JSON-ready rows, the newest night first, each with a sentence for
people. What a night came to stands in custody (`storage.ledger.harvests`).
"""

from datetime import UTC, datetime
from typing import Any, Final

from crawlers.model.iso_time import time_text
from storage.archive import Archive
from storage.ledger.harvests import GRACE, DueNight, Harvest, NightState, due_nights

SHOWN: Final = 7

BAD: Final = frozenset({NightState.FAILED, NightState.NOT_ENDED, NightState.MISSED})


def last_nights(archive: Archive, *, now: datetime | None = None) -> list[dict[str, Any]]:
    """The nights that were due in the last week; none where nobody knows since when they are."""
    moment = now or datetime.now(UTC)
    with archive.reader.connect() as connection:
        nights = due_nights(connection, now=moment, known_since=archive.nights_since, most=SHOWN)
    return [_row(night, newest=number == 0) for number, night in enumerate(nights)]


def _row(night: DueNight, *, newest: bool) -> dict[str, Any]:
    harvest = night.harvest
    return {
        "due_at": time_text(night.due_at),
        "state": night.state.value,
        "bad": night.state in BAD,
        "sentence": in_words(night, newest=newest),
        "began_at": None if harvest is None else time_text(harvest.began_at),
        "ended_at": None if harvest is None or harvest.ended_at is None else time_text(harvest.ended_at),
        "sources": None if harvest is None else len(harvest.sources),
        "failed": None if harvest is None or harvest.ended_at is None else _failed(harvest),
        "by_hand": harvest is not None and harvest.due_at is None,
    }


def in_words(night: DueNight, *, newest: bool) -> str:
    """One night as one sentence or two; the newest that was due may still begin."""
    harvest = night.harvest
    if harvest is None:
        if night.state is NightState.DUE:
            return "The night is due now. It has not started yet."
        if newest:
            return "This night has not run. Content that is removed from the web before it starts is not captured."
        return (
            "This night did not run. Content that was removed from the web before the next night was not captured."
        )
    began = f"{harvest.began_at:%H:%M}"
    how = " by hand" if harvest.due_at is None else ""
    late = f" The harvest started{how} at {began}." if how or harvest.began_at - night.due_at > GRACE else ""
    count = len(harvest.sources)
    match night.state:
        case NightState.CAME_THROUGH:
            return (
                f"All {count} sources were collected.{late}" if count != 1 else f"The source was collected.{late}"
            )
        case NightState.AT_WORK:
            return (
                f"The harvest of {count} source{'' if count == 1 else 's'} started{how} at {began} and is running."
            )
        case NightState.NOT_ENDED:
            return f"The harvest started{how} at {began} and did not end. It was killed."
    if harvest.network is not None:
        return harvest.network
    return f"{_failed(harvest)} of {count} sources failed.{late}"


def _failed(harvest: Harvest) -> int:
    return len(harvest.sources) if harvest.network is not None else len(harvest.failures)
