"""Days or nights as columns: the geometry that every small drawing over time has in common.

In: for each day its place, its parts with their values, and its description. Out: numbers and texts for the SVG
that `templates/day_chart.html` draws, in units of the drawing. What a chart shows, and how it is coloured, is
decided by the modules that use this one: `night_charts`, `source_chart`, `quality_chart`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

BAR: Final = 8
STEP: Final = 10
TOP: Final = 8
BOTTOM: Final = 20

COLUMNS_AT_LEAST: Final = 30
"""So wide is a chart of fewer days, too: one bar does not fill a page."""

LAST_DAY_BESIDE_FIRST: Final = 14
"""So many columns apart, the dates of the first and the last day do not lie on one another."""


@dataclass(frozen=True, slots=True)
class Part:
    """One rectangle of a column; ``tone`` is plain, good, odd or bad."""

    tone: str
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class DayColumn:
    """One day; ``hole``: drawn where there should have been something."""

    x: int
    parts: tuple[Part, ...]
    hole: Part | None
    description: str


@dataclass(frozen=True, slots=True)
class DayChart:
    """``highest`` is the text at the top of the axis; ``expected_y``: a line across, or None."""

    width: int
    height: int
    left: int
    top: int
    base_y: int
    foot_y: int
    """Where the columns end: at the axis, or below a strip under it."""
    bar: int
    highest: str
    expected_y: float | None
    columns: tuple[DayColumn, ...]
    first: str
    last: str
    last_x: int | None
    """Where the date of the last day ends; None: there is no room for it beside the first."""


def outlines(chart: DayChart) -> tuple[tuple[str, str], ...]:
    """The same columns as one path for each tone, with its classes: for a list of hundreds of charts.

    An element with a text for every day of every chart takes ten times as long to make, and as much to send.
    """
    paths: dict[str, list[str]] = {}
    for column in chart.columns:
        drawn = [(f"bar {part.tone}", part) for part in column.parts]
        for classes, part in drawn if column.hole is None else [*drawn, ("hole", column.hole)]:
            path = f"M{column.x} {part.y:.1f}h{chart.bar}v{part.height:.1f}h-{chart.bar}z"
            paths.setdefault(classes, []).append(path)
    return tuple((classes, "".join(each)) for classes, each in paths.items())


def column_x(left: int, place: int) -> int:
    """Where the column of a place begins, counted from 0."""
    return left + place * STEP


def stacked(values: Mapping[str, float], base_y: int, unit: float, least_height: float = 0.5) -> tuple[Part, ...]:
    """Parts on one another from ``base_y`` up, ``unit`` high for each 1; a value of 0 has none."""
    y, parts = float(base_y), []
    for tone, value in values.items():
        if value:
            y -= value * unit
            parts.append(Part(tone, round(y, 1), round(max(value * unit, least_height), 1)))
    return tuple(parts)


def day_chart(
    columns: Iterable[DayColumn],
    *,
    left: int,
    height: int,
    highest: str,
    first: str,
    last: str,
    strip_height: int = 0,
    expected_y: float | None = None,
) -> DayChart:
    """The frame around columns, oldest first: ``height`` above the axis, ``strip_height`` below it."""
    drawn = tuple(columns)
    newest_x = drawn[-1].x
    base_y = TOP + height
    return DayChart(
        width=max(column_x(left, COLUMNS_AT_LEAST), newest_x + STEP) + 4,
        height=base_y + strip_height + BOTTOM,
        left=left,
        top=TOP,
        base_y=base_y,
        foot_y=base_y + strip_height,
        bar=BAR,
        highest=highest,
        expected_y=expected_y,
        columns=drawn,
        first=first,
        last=last,
        last_x=newest_x + BAR if newest_x >= column_x(left, LAST_DAY_BESIDE_FIRST) else None,
    )
