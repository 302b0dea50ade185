"""Quality scores of a source over time, as the geometry of a small drawing: a bar for each day, from 0 to 1.

In: days as `access.views.quality` has them, oldest first, of one source. Out: numbers and texts for the SVG
that `templates/quality_chart.html` draws. A bar is as high as the lowest score of the day, since one page that
cannot be shown again is what somebody has to look at; the mean is in its description.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from access.rendering.formatting import format_score
from access.rendering.translations import gettext, ngettext

HEIGHT: Final = 60
BAR: Final = 8
STEP: Final = 10
LEFT: Final = 30
TOP: Final = 6
BOTTOM: Final = 18

DAYS_AT_LEAST: Final = 30
"""So wide is a chart of fewer days, too: one bar does not fill a page."""

LEAST_HEIGHT: Final = 4.0
"""A score of 0 is seen, too."""

GOOD: Final = 0.9
ODD: Final = 0.5


@dataclass(frozen=True, slots=True)
class DayBar:
    """``tone`` is good, odd or bad."""

    x: int
    y: float
    height: float
    tone: str
    description: str


@dataclass(frozen=True, slots=True)
class QualityChart:
    """Everything in units of the drawing."""

    source: str
    width: int
    height: int
    left: int
    top: int
    base_y: int
    bar: int
    bars: tuple[DayBar, ...]
    first: str
    last: str


def score_tone(score: float) -> str:
    """How a score is coloured."""
    return "good" if score >= GOOD else "odd" if score >= ODD else "bad"


def quality_chart(source: str, days: Sequence[Mapping[str, Any]]) -> QualityChart:
    """The drawing; ``days`` has at least one."""
    first, last = (date.fromisoformat(days[place]["day"]) for place in (0, -1))
    count = max((last - first).days + 1, DAYS_AT_LEAST)
    first = last - timedelta(days=count - 1)
    base_y = TOP + HEIGHT
    return QualityChart(
        source=source,
        width=LEFT + count * STEP + 4,
        height=base_y + BOTTOM,
        left=LEFT,
        top=TOP,
        base_y=base_y,
        bar=BAR,
        bars=tuple(_bar(day, LEFT + (date.fromisoformat(day["day"]) - first).days * STEP, base_y) for day in days),
        first=first.isoformat(),
        last=last.isoformat(),
    )


def _bar(day: Mapping[str, Any], x: int, base_y: int) -> DayBar:
    captures = ngettext("%(num)s capture", "%(num)s captures", day["captures"])
    if day["least"] is None:
        words = gettext("%(day)s: %(captures)s, none could be compared", day=day["day"], captures=captures)
        return DayBar(x, base_y - LEAST_HEIGHT, LEAST_HEIGHT, "odd", words)
    words = gettext(
        "%(day)s: %(captures)s, lowest score %(least)s, mean %(mean)s",
        day=day["day"],
        captures=captures,
        least=format_score(day["least"]),
        mean=format_score(day["mean"]),
    )
    height = max(round(day["least"] * HEIGHT, 1), LEAST_HEIGHT)
    return DayBar(x, round(base_y - height, 1), height, score_tone(day["least"]), words)
