"""Quality scores of a source over time, as a small drawing: a bar for each day, from 0 to 1.

In: days as `access.views.quality` has them, oldest first, of one source. Out: the columns that
`templates/day_chart.html` draws. A bar is as high as the lowest score of the day, since one page that
cannot be shown again is what somebody has to look at; the mean is in its description.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from access.rendering.day_chart import COLUMNS_AT_LEAST, TOP, DayChart, DayColumn, Part, column_x, day_chart
from access.rendering.formatting import format_score
from access.rendering.translations import gettext, ngettext

HEIGHT: Final = 60
LEFT: Final = 30

LEAST_HEIGHT: Final = 4.0
"""A score of 0 is seen, too."""

GOOD: Final = 0.9
ODD: Final = 0.5


def score_tone(score: float) -> str:
    """How a score is coloured."""
    return "good" if score >= GOOD else "odd" if score >= ODD else "bad"


def quality_chart(days: Sequence[Mapping[str, Any]]) -> DayChart:
    """The drawing; ``days`` has at least one. The newest stands at the right."""
    dates = [date.fromisoformat(day["day"]) for day in days]
    first, last = dates[0], dates[-1]
    first = min(first, last - timedelta(days=COLUMNS_AT_LEAST - 1))
    columns = (_column(day, column_x(LEFT, (at - first).days)) for day, at in zip(days, dates, strict=True))
    return day_chart(
        columns, left=LEFT, height=HEIGHT, highest="1", first=first.isoformat(), last=last.isoformat()
    )


def _column(day: Mapping[str, Any], x: int) -> DayColumn:
    captures = ngettext("%(num)s capture", "%(num)s captures", day["captures"])
    if day["least"] is None:
        words = gettext("%(day)s: %(captures)s, none could be compared", day=day["day"], captures=captures)
        return DayColumn(x, (_bar("odd", LEAST_HEIGHT),), None, words)
    words = gettext(
        "%(day)s: %(captures)s, lowest score %(least)s, mean %(mean)s",
        day=day["day"],
        captures=captures,
        least=format_score(day["least"]),
        mean=format_score(day["mean"]),
    )
    height = max(round(day["least"] * HEIGHT, 1), LEAST_HEIGHT)
    return DayColumn(x, (_bar(score_tone(day["least"]), height),), None, words)


def _bar(tone: str, height: float) -> Part:
    return Part(tone, round(TOP + HEIGHT - height, 1), height)
