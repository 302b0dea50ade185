"""The time of day in a wording: of 24 and of 12 hours, in figures and in the words beside them.

In: text without its day. Out: a `ClockTime`, or None where no time of day is named. "24:00" is the end of its day;
what is written like a time and is none ("25:00") is said, so that nobody claims midnight for it. Raises nothing.
"""

import re
from dataclasses import dataclass
from datetime import time
from typing import Final

_HOUR: Final = r"([01]?\d|2[0-4])"
_ORDINAL: Final = r"(?:\s?-\s?(?:й|ый|ой|ая|я|ю|ей|га|ій|ої|у))?"
_HOURS_WORD: Final = r"(?:час(?:а|ов|оў)?|гадз(?:ін[аыуе]?)?|год(?:ин[аиіу]?)?|uhr|h|ч)"
_HALF: Final = r"(?:\s*(?P<half>[ap])\.?\s?m(?![^\W\d_])\.?|\s+(?P<part>[^\W\d_]{3,8}))?"
_CLOCK: Final = re.compile(
    rf"(?<![\d:.]){_HOUR}(?:\s?:\s?|{_ORDINAL}\s?{_HOURS_WORD}\.?\s?)([0-5]\d)(?::([0-5]\d))?(?![\d.]\d|\d|:\d)"
    rf"(?:\s?(?:м[иі]н|хв)\w*\.?)?{_HALF}",
    re.IGNORECASE,
)
_CLOCK_HOUR: Final = re.compile(
    r"(?<![\d:.])(1[0-2]|0?[1-9])()()(?:\s?(?P<half>[ap])\.?\s?m(?![^\W\d_])\.?)(?P<part>)", re.IGNORECASE
)
_CLOCK_DOTS: Final = re.compile(rf"(?<![\d.:]){_HOUR}[.\-]([0-5]\d)()(?!\d|\.\d|\.?-\d){_HALF}", re.IGNORECASE)
_CLOCK_WORD: Final = re.compile(
    rf"(?<![\d:.]){_HOUR}()(){_ORDINAL}\s?(?:час(?:а|ов|оў)?|гадз(?:ін[аыуе]?)?|год(?:ин[аиіу])|uhr|ч)(?![^\W\d_])\.?"
    rf"(?!\s*\d){_HALF}",
    re.IGNORECASE,
)
_NO_TIME: Final = re.compile(r"(?<![\d:.])\d{1,2}:\d\d(?![\d:])")
_BEFORE_NOON: Final = frozenset(["утра", "раніцы", "раніцай", "ранку", "rano"])
_AFTER_NOON: Final = frozenset(["дня", "вечера", "вечара", "вечора", "wieczorem"])
_OF_HALF: Final = re.compile(r"^\s*([ap])\.?\s?m(?![^\W\d_])\.?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ClockTime:
    """A time of day and where it stands; ``next_day`` for 24:00, ``of_twelve`` with
    "am" or "pm", ``problem`` where it is no time that there is."""

    clock: time | None
    start: int
    end: int
    next_day: bool = False
    of_twelve: bool = False
    problem: str | None = None


def clock_in(text: str) -> ClockTime | None:
    """The first time of day of the text."""
    for pattern in (_CLOCK, _CLOCK_HOUR, _CLOCK_DOTS, _CLOCK_WORD):
        found = pattern.search(text)
        if found is not None:
            return _made(found)
    odd = _NO_TIME.search(text)
    if odd is not None:
        return ClockTime(None, odd.start(), odd.end(), problem=f"{odd.group()!r} is no time of day")
    return None


def half_day_hour(hour: int, behind: str) -> tuple[int, str]:
    """The hour with a "PM" that stands behind it, and the text without that."""
    found = _OF_HALF.match(behind)
    return (hour, behind) if found is None else (_of_half(hour, found.group(1)), behind[found.end() :])


def _made(found: re.Match[str]) -> ClockTime:
    hour, minute, second = int(found.group(1)), int(found.group(2) or 0), int(found.group(3) or 0)
    part = (found["part"] or "").casefold()
    end = found.end()
    half = (found["half"] or "").casefold()
    if part in _AFTER_NOON or part in _BEFORE_NOON:
        half = "p" if part in _AFTER_NOON else "a"
    elif part:
        end = found.start("part")
    hour = _of_half(hour, half)
    if hour == 24 and (minute or second):
        return ClockTime(
            None, found.start(), end, problem=f"{found.string[found.start() : end].strip()!r} is no time of day"
        )
    return ClockTime(
        time(hour % 24, minute, second), found.start(), end, next_day=hour == 24, of_twelve=bool(found["half"])
    )


def _of_half(hour: int, half: str) -> int:
    if half.casefold() == "p" and hour < 12:
        return hour + 12
    return 0 if half.casefold() == "a" and hour == 12 else hour
