"""How many hits there are over time, as the geometry of a small drawing whose bars are links.

In: a histogram as answers of a search have it (``unit``, ``bars`` with ``start`` and ``count``). Out: numbers and
texts for the SVG that `templates/search_histogram.html` draws, from the first bar to the last, empty times
included. None where there is nothing to draw. The numbers by which a range is dragged stand in it, too: where the
first period begins, and how many periods there are.
"""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from access.rendering.formatting import format_count
from access.rendering.translations import ngettext
from storage.search_index.question import HistogramUnit

WIDTH: Final = 960
HEIGHT: Final = 96
TOP: Final = 16
FOOT: Final = 20
"""Height under the axis, for the dates."""
THINNEST: Final = 2.0
GAP: Final = 0.15
"""Share of a period's width that is left empty."""
MOST_TAB_STOPS: Final = 24
"""More bars than these are left out of the order of the Tab key; the fields for dates do the same."""


@dataclass(frozen=True, slots=True)
class DateBar:
    """One period: its first and last day, and what a link to it is called."""

    x: float
    y: float
    width: float
    height: float
    since: date
    until: date
    description: str


@dataclass(frozen=True, slots=True)
class DateHistogram:
    """Everything in units of the drawing; ``slots`` periods of ``unit`` from ``first_day`` to ``last_day``."""

    width: int
    height: int
    axis_y: int
    unit: HistogramUnit
    first_day: date
    last_day: date
    slots: int
    first: str
    last: str
    highest: int
    bars: tuple[DateBar, ...]
    tab_stops: bool
    undated: int


def date_histogram(row: Mapping[str, Any]) -> DateHistogram | None:
    """The drawing of a histogram."""
    unit: HistogramUnit = row["unit"]
    counts = {period_of(unit, date.fromisoformat(bar["start"])): bar["count"] for bar in row["bars"]}
    if not counts:
        return None
    first, last = min(counts), max(counts)
    slots, highest = last - first + 1, max(counts.values())
    slot_width, axis_y = WIDTH / slots, HEIGHT - FOOT
    bars = []
    for period, count in sorted(counts.items()):
        since, until = days_of(unit, period)
        width = max(THINNEST, slot_width * (1 - GAP))
        height = max(THINNEST, (axis_y - TOP) * count / highest)
        x = (period - first) * slot_width + (slot_width - width) / 2
        bars.append(
            DateBar(
                round(min(max(0.0, x), WIDTH - width), 1),
                round(axis_y - height, 1),
                round(width, 1),
                round(height, 1),
                since,
                until,
                ngettext(
                    "%(period)s: %(count)s record",
                    "%(period)s: %(count)s records",
                    count,
                    period=_written(unit, since),
                    count=format_count(count),
                ),
            )
        )
    first_day, last_day = days_of(unit, first)[0], days_of(unit, last)[1]
    return DateHistogram(
        width=WIDTH,
        height=HEIGHT,
        axis_y=axis_y,
        unit=unit,
        first_day=first_day,
        last_day=last_day,
        slots=slots,
        first=_written(unit, first_day),
        last=_written(unit, last_day),
        highest=highest,
        bars=tuple(bars),
        tab_stops=len(bars) <= MOST_TAB_STOPS,
        undated=row["undated"],
    )


def period_of(unit: HistogramUnit, day: date) -> int:
    """The number of the period in which a day lies; periods that follow each other have numbers that do."""
    match unit:
        case "year":
            return day.year
        case "month":
            return day.year * 12 + day.month - 1
        case "day":
            return day.toordinal()


def days_of(unit: HistogramUnit, period: int) -> tuple[date, date]:
    """First and last day of a period."""
    match unit:
        case "year":
            return date(period, 1, 1), date(period, 12, 31)
        case "month":
            year, month = divmod(period, 12)
            return date(year, month + 1, 1), date(year, month + 1, monthrange(year, month + 1)[1])
        case "day":
            return date.fromordinal(period), date.fromordinal(period)


def _written(unit: HistogramUnit, day: date) -> str:
    return day.isoformat()[: {"year": 4, "month": 7, "day": 10}[unit]]
