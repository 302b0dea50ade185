"""The last nights: which was due, which ran, what it came to; one that did not run stands out.

In: the archive. Out: JSON-ready rows, the newest night first, each with a sentence for
people. What a night came to stands in custody (`storage.ledger.harvests`).
"""

from datetime import UTC, datetime
from typing import Any, Final

from access.rendering.translations import gettext, ngettext
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
        "sentence": night_sentence(night, newest=newest),
        "began_at": None if harvest is None else time_text(harvest.began_at),
        "ended_at": None if harvest is None or harvest.ended_at is None else time_text(harvest.ended_at),
        "sources": None if harvest is None else len(harvest.sources),
        "failed": None if harvest is None or harvest.ended_at is None else _failed(harvest),
        "by_hand": harvest is not None and harvest.due_at is None,
    }


def night_sentence(night: DueNight, *, newest: bool) -> str:
    """One night in one sentence or two; the newest that was due may still start."""
    harvest = night.harvest
    if harvest is None:
        return _missed_sentence(night, newest=newest)
    time, count = f"{harvest.began_at:%H:%M}", len(harvest.sources)
    match night.state:
        case NightState.AT_WORK if harvest.due_at is None:
            return ngettext(
                "The harvest of %(num)s source started by hand at %(time)s and is running.",
                "The harvest of %(num)s sources started by hand at %(time)s and is running.",
                count,
                time=time,
            )
        case NightState.AT_WORK:
            return ngettext(
                "The harvest of %(num)s source started at %(time)s and is running.",
                "The harvest of %(num)s sources started at %(time)s and is running.",
                count,
                time=time,
            )
        case NightState.NOT_ENDED:
            return f"{_start_sentence(harvest)} {gettext('It was killed before it ended.')}"
    if night.state is NightState.CAME_THROUGH:
        result = ngettext("The source was collected.", "All %(num)s sources were collected.", count)
    elif harvest.network is not None:
        return harvest.network
    else:
        failed = _failed(harvest)
        result = ngettext(
            "%(num)s of %(total)s sources failed.", "%(num)s of %(total)s sources failed.", failed, total=count
        )
    late = harvest.due_at is None or harvest.began_at - night.due_at > GRACE
    return f"{result} {_start_sentence(harvest)}" if late else result


def _missed_sentence(night: DueNight, *, newest: bool) -> str:
    if night.state is NightState.DUE:
        return gettext("The night is due now. It has not started yet.")
    if newest:
        return gettext(
            "This night has not run. Content that is removed from the web before it starts is not captured."
        )
    return gettext(
        "This night did not run. Content that was removed from the web before the next night was not captured."
    )


def _start_sentence(harvest: Harvest) -> str:
    time = f"{harvest.began_at:%H:%M}"
    if harvest.due_at is None:
        return gettext("The harvest started by hand at %(time)s.", time=time)
    return gettext("The harvest started at %(time)s.", time=time)


def _failed(harvest: Harvest) -> int:
    return len(harvest.sources) if harvest.network is not None else len(harvest.failures)
