"""When and where a medium and its copies were seen, as the geometry of a small drawing.

In: occurrences with time, source and capture. Out: numbers and words for an SVG that
`templates/occurrence_chart.html` draws: a line for each source, the one that had it first on top, a mark for
each capture. None where there is nothing to compare: a single moment. Marks that would lie on one another are
one mark that says how many they are.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from access.rendering.formatting import moment

WIDTH: Final = 900
LEFT: Final = 190
RIGHT: Final = 20
TOP: Final = 10
LINE: Final = 24
STEP: Final = 9
"""Width of a mark: nearer ones become one."""

MOST_LINES: Final = 30
OTHER: Final = "other sources"
UNNAMED: Final = "unknown source"


@dataclass(frozen=True, slots=True)
class Mark:
    """A capture, or ``count`` of them at one place; ``own`` where one has the very bytes asked about."""

    x: int
    count: int
    own: bool
    capture_id: str
    said: str


@dataclass(frozen=True, slots=True)
class Line:
    """The marks of one source."""

    y: int
    name: str
    marks: tuple[Mark, ...]


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
    lines: tuple[Line, ...]
    copies: bool


@dataclass(frozen=True, slots=True)
class _Seen:
    at: datetime
    own: bool
    source: str
    capture_id: str


def chart(own: Iterable[Mapping[str, Any]], copies: Iterable[Mapping[str, Any]] = ()) -> Chart | None:
    """Occurrences as rows with ``captured_at``, ``source`` and ``capture_id``."""
    seen = sorted((*_seen(own, own=True), *_seen(copies, own=False)), key=lambda each: (each.at, each.capture_id))
    if len(seen) < 2 or seen[0].at == seen[-1].at:
        return None
    names = list(dict.fromkeys(each.source for each in seen))
    if len(names) > MOST_LINES:
        kept = names[: MOST_LINES - 1]
        seen = [each if each.source in kept else replace(each, source=OTHER) for each in seen]
        names = [*kept, OTHER]
    first, last = seen[0].at, seen[-1].at
    lines = tuple(
        Line(
            TOP + LINE * place + LINE // 2,
            name,
            _marks([each for each in seen if each.source == name], first, last - first),
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
        first=moment(first),
        last=moment(last),
        lines=lines,
        copies=any(not each.own for each in seen),
    )


def _seen(rows: Iterable[Mapping[str, Any]], *, own: bool) -> Iterator[_Seen]:
    for row in rows:
        yield _Seen(row["captured_at"], own, row["source"] or UNNAMED, row["capture_id"])


def _marks(seen: list[_Seen], first: datetime, lasting: timedelta) -> tuple[Mark, ...]:
    places: dict[int, list[_Seen]] = {}
    for each in seen:
        along = round((each.at - first) / lasting * (WIDTH - RIGHT - LEFT))
        places.setdefault(along // STEP, []).append(each)
    return tuple(_mark(LEFT + step * STEP, together) for step, together in places.items())


def _mark(x: int, together: list[_Seen]) -> Mark:
    earliest = together[0]
    own = any(each.own for each in together)
    more = f" and {len(together) - 1} more until {moment(together[-1].at)}" if len(together) > 1 else ""
    said = f"{moment(earliest.at)}: {'this file' if own else 'a similar file'}{more}"
    return Mark(x, len(together), own, earliest.capture_id, said)
