"""When and where a medium and its copies were seen, as the geometry of a small drawing.

In: occurrences with time, source and capture. Out: numbers and texts for an SVG that
`templates/occurrence_chart.html` draws: a line for each source, the one that had it first on top, a mark for
each capture. None where there is nothing to compare: a single moment. Marks that would lie on one another are
one mark that gives their number.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from access.rendering.formatting import format_time_utc
from access.rendering.translations import gettext, ngettext

WIDTH: Final = 900
LEFT: Final = 190
RIGHT: Final = 20
TOP: Final = 10
LINE: Final = 24
STEP: Final = 9
"""Width of a mark: nearer ones become one."""

MOST_LINES: Final = 30


@dataclass(frozen=True, slots=True)
class ChartMark:
    """A capture, or ``count`` of them at one place; ``own`` where one has the very bytes asked about."""

    x: int
    count: int
    own: bool
    capture_id: str
    description: str


@dataclass(frozen=True, slots=True)
class ChartLine:
    """The marks of one source."""

    y: int
    name: str
    marks: tuple[ChartMark, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything in units of the drawing; the axis runs from ``left`` to ``right``."""

    width: int
    height: int
    left: int
    right: int
    axis_y: int
    first: str
    last: str
    lines: tuple[ChartLine, ...]
    copies: bool


@dataclass(frozen=True, slots=True)
class _Occurrence:
    at: datetime
    own: bool
    source: str
    capture_id: str


def chart(own: Iterable[Mapping[str, Any]], copies: Iterable[Mapping[str, Any]] = ()) -> Chart | None:
    """Occurrences as rows with ``captured_at``, ``source`` and ``capture_id``."""
    occurrences = sorted(
        (*_occurrences(own, own=True), *_occurrences(copies, own=False)),
        key=lambda each: (each.at, each.capture_id),
    )
    if len(occurrences) < 2 or occurrences[0].at == occurrences[-1].at:
        return None
    names = list(dict.fromkeys(each.source for each in occurrences))
    if len(names) > MOST_LINES:
        other = gettext("other sources")
        kept = names[: MOST_LINES - 1]
        occurrences = [each if each.source in kept else replace(each, source=other) for each in occurrences]
        names = [*kept, other]
    first, last = occurrences[0].at, occurrences[-1].at
    lines = tuple(
        ChartLine(
            TOP + LINE * place + LINE // 2,
            name,
            _marks([each for each in occurrences if each.source == name], first, last - first),
        )
        for place, name in enumerate(names)
    )
    axis_y = TOP + LINE * len(names) + 6
    return Chart(
        width=WIDTH,
        height=axis_y + 24,
        left=LEFT,
        right=WIDTH - RIGHT,
        axis_y=axis_y,
        first=format_time_utc(first),
        last=format_time_utc(last),
        lines=lines,
        copies=any(not each.own for each in occurrences),
    )


def _occurrences(rows: Iterable[Mapping[str, Any]], *, own: bool) -> Iterator[_Occurrence]:
    for row in rows:
        yield _Occurrence(row["captured_at"], own, row["source"] or gettext("unknown source"), row["capture_id"])


def _marks(occurrences: list[_Occurrence], first: datetime, lasting: timedelta) -> tuple[ChartMark, ...]:
    places: dict[int, list[_Occurrence]] = {}
    for each in occurrences:
        along = round((each.at - first) / lasting * (WIDTH - RIGHT - LEFT))
        places.setdefault(along // STEP, []).append(each)
    return tuple(_mark(LEFT + step * STEP, together) for step, together in places.items())


def _mark(x: int, together: list[_Occurrence]) -> ChartMark:
    earliest = together[0]
    own = any(each.own for each in together)
    file = gettext("this file") if own else gettext("a similar file")
    description = gettext("%(time)s: %(file)s", time=format_time_utc(earliest.at), file=file)
    if len(together) > 1:
        description = ngettext(
            "%(first)s and %(num)s more until %(time)s",
            "%(first)s and %(num)s more until %(time)s",
            len(together) - 1,
            first=description,
            time=format_time_utc(together[-1].at),
        )
    return ChartMark(x, len(together), own, earliest.capture_id, description)
