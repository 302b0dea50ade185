"""When a repeat is due: an interval and a last day, or one moment, as people choose them, and the turns of it.

In: words such as ``hour`` or ``6h`` and a day, or ``once`` and a moment; the time of choosing. Out: `Schedule`.
Turns are numbered from 1; the first is one interval after the beginning, the last lies before the end of the last
day in UTC. No clock is read. Raises `ScheduleRefusedError`, whose sentence says what is possible.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

SHORTEST: Final = timedelta(minutes=15)
"""Turns are taken every five minutes, and sites are not to be worn out."""

LONGEST_DAYS: Final = 366
MOST_ADDRESSES: Final = 20
MOST_CAPTURES: Final = 5000
"""Of one repeat: its turns times its addresses."""

UNITS: Final[Mapping[str, timedelta]] = {
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
WORDS: Final[Mapping[str, str]] = {"hour": "1h", "day": "1d", "week": "1w"}
"""The choices of the forms, and what they stand for."""

ONCE: Final = "once"
"""In the place of an interval: one turn, at the moment that stands in the place of the last day."""

SOONEST: Final = timedelta(minutes=5)
"""From choosing a moment to it; who wants a page sooner requests it now."""


class ScheduleRefusedError(ValueError):
    """No such repeat is possible; nothing was written."""

    def __init__(self, sentence: str) -> None:
        super().__init__(f"{sentence} Nothing was written.")


@dataclass(frozen=True, slots=True)
class Schedule:
    """Due each ``every`` after ``begun_at`` (whole seconds, UTC), before ``until_at``."""

    begun_at: datetime
    every: timedelta
    until_at: datetime

    @property
    def turns(self) -> int:
        """How many turns there are in all."""
        return self._turns_before(self.until_at)

    def due_at(self, turn: int) -> datetime:
        """When this turn is due."""
        return self.begun_at + turn * self.every

    def newest_turn(self, now: datetime) -> int:
        """The newest turn that is due; 0 before the first."""
        return min(max(0, (now - self.begun_at) // self.every), self.turns)

    def may_be_taken(self, turn: int, now: datetime) -> bool:
        """Whether the turn is due and not yet a whole interval late: after that it is missed."""
        return self.due_at(turn) <= now < self.due_at(turn + 1)

    def _turns_before(self, moment: datetime) -> int:
        return max(0, -((self.begun_at - moment) // self.every) - 1)


def schedule_of(every: str, until: str, *, addresses: int, now: datetime) -> Schedule:
    """The schedule that a person chose; ``every`` as in `WORDS` or ``90m``, ``6h``, ``2d``, ``1w``.

    ``until`` is the last day; with `ONCE` the moment, such as ``2026-12-05T06:00``, in UTC where it names no zone.
    """
    begun_at = now.astimezone(UTC).replace(microsecond=0)
    schedule = _once(until, begun_at) if every.strip() == ONCE else _again(every, until, begun_at)
    if addresses > MOST_ADDRESSES:
        raise ScheduleRefusedError(
            f"A repeat has at most {MOST_ADDRESSES} addresses, found {addresses}. Make a source of a site that is "
            "to be collected as a whole."
        )
    if schedule.turns * addresses > MOST_CAPTURES:
        raise ScheduleRefusedError(
            f"A repeat makes at most {MOST_CAPTURES} captures; this one would make {schedule.turns * addresses} "
            f"({schedule.turns} times {addresses}). Choose a longer interval or an earlier last day."
        )
    return schedule


def _once(at: str, begun_at: datetime) -> Schedule:
    due_at = _moment(at)
    if not begun_at + SOONEST <= due_at <= begun_at + timedelta(days=LONGEST_DAYS):
        raise ScheduleRefusedError(
            f"Expected a time from {in_words(SOONEST)} to {LONGEST_DAYS} days from now, which is "
            f"{begun_at:%Y-%m-%d %H:%M} UTC, found {due_at:%Y-%m-%d %H:%M} UTC."
        )
    return Schedule(begun_at, due_at - begun_at, due_at + timedelta(seconds=1))


def _again(every: str, until: str, begun_at: datetime) -> Schedule:
    interval, last_day = interval_of(every), _day(until)
    if interval < SHORTEST:
        raise ScheduleRefusedError(
            f"The shortest interval is {in_words(SHORTEST)}, found {in_words(interval)}: sites are not to be worn "
            "out, and turns are taken every five minutes."
        )
    if last_day > begun_at.date() + timedelta(days=LONGEST_DAYS):
        raise ScheduleRefusedError(
            f"A repeat lasts at most {LONGEST_DAYS} days: choose a last day up to "
            f"{begun_at.date() + timedelta(days=LONGEST_DAYS)}, found {last_day}."
        )
    until_at = datetime(last_day.year, last_day.month, last_day.day, tzinfo=UTC) + timedelta(days=1)
    schedule = Schedule(begun_at, interval, until_at)
    if schedule.turns < 1:
        raise ScheduleRefusedError(
            f"The first repeat would be at {schedule.due_at(1):%Y-%m-%d %H:%M} UTC, after the last day "
            f"{last_day}: choose a later day or a shorter interval."
        )
    return schedule


def interval_of(text: str) -> timedelta:
    """``6h`` as an interval."""
    stripped = text.strip()
    found = re.fullmatch(r"([1-9][0-9]{0,3})\s*([mhdw])", WORDS.get(stripped, stripped))
    if found is None:
        raise ScheduleRefusedError(
            f"Expected an interval such as 30m, 6h, 1d or 1w, or hour, day or week, found {text[:40]!r}."
        )
    return int(found[1]) * UNITS[found[2]]


def in_words(every: timedelta) -> str:
    """``6h`` as people read it: the largest unit that divides it."""
    for unit, name in (("w", "week"), ("d", "day"), ("h", "hour"), ("m", "minute")):
        if every % UNITS[unit] == timedelta(0):
            count = every // UNITS[unit]
            return f"{count} {name}" if count == 1 else f"{count} {name}s"
    return f"{int(every.total_seconds())} seconds"


def frequency(every: timedelta) -> str:
    """``every 6 hours``, ``every day``."""
    return f"every {in_words(every).removeprefix('1 ')}"


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError as problem:
        raise ScheduleRefusedError(
            f"Expected the time as 2026-12-05T06:00 (in UTC), found {text[:40]!r}."
        ) from problem
    whole = found.replace(second=0, microsecond=0)
    return whole.replace(tzinfo=UTC) if found.tzinfo is None else whole.astimezone(UTC)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError as problem:
        raise ScheduleRefusedError(
            f"Expected the last day as 2026-12-05 (in UTC, inclusive), found {text[:40]!r}."
        ) from problem
