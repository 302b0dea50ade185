"""Nights as small charts: how long they took, what they read and stored, what their pages came to.

In: rows of `access.views.operation.night_figures`, oldest first. Out: titles with the columns that
`templates/day_chart.html` draws, one chart for each figure. A night that did not run has a mark of its own, so
that it is not taken for one that brought nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from access.rendering.day_chart import TOP, DayChart, DayColumn, Part, column_x, day_chart, stacked
from access.rendering.formatting import format_count, format_size
from access.rendering.labels import kind_label
from access.rendering.source_chart import tone_of_outcome
from access.rendering.translations import gettext

HEIGHT: Final = 84
LEFT: Final = 70
TONES: Final = ("good", "odd", "bad")
NO_WHOLE_NIGHT: Final = ("did not run", "began and did not end")
HOLE: Final = Part("bad", TOP + HEIGHT - 14, 13)


def night_charts(nights: Sequence[Mapping[str, Any]]) -> tuple[tuple[str, DayChart], ...]:
    """Titles and charts; none where no night is known."""
    if not nights:
        return ()
    return (
        _chart(gettext("How long each night took"), nights, _duration, format_duration),
        _chart(gettext("Records that were read"), nights, lambda night: {"plain": night["records"]}, _count),
        _chart(gettext("Bytes that were stored"), nights, lambda night: {"plain": night["stored_bytes"]}, _size),
        _chart(gettext("Pages by outcome"), nights, _outcomes, _count),
    )


def format_duration(seconds: float) -> str:
    """A duration in hours and minutes, or in seconds where it is short."""
    if seconds < 120:
        return gettext("%(count)s s", count=f"{seconds:.0f}")
    hours, minutes = divmod(round(seconds / 60), 60)
    if hours:
        return gettext("%(hours)s h %(minutes)s min", hours=hours, minutes=minutes)
    return gettext("%(count)s min", count=minutes)


def _duration(night: Mapping[str, Any]) -> dict[str, float]:
    return {} if night["duration_s"] is None else {"plain": night["duration_s"]}


def _outcomes(night: Mapping[str, Any]) -> dict[str, float]:
    found = dict.fromkeys(TONES, 0.0)
    for name, count in night["outcomes"].items():
        found[tone_of_outcome(name)] += count
    return found


def _count(value: float) -> str:
    return format_count(round(value))


def _size(value: float) -> str:
    return format_size(round(value))


def _chart(
    title: str,
    nights: Sequence[Mapping[str, Any]],
    values_of: Callable[[Mapping[str, Any]], Mapping[str, float]],
    in_words: Callable[[float], str],
) -> tuple[str, DayChart]:
    values = [values_of(night) for night in nights]
    most = max(sum(each.values()) for each in values)
    columns = (
        DayColumn(
            x=column_x(LEFT, place),
            parts=stacked(each, TOP + HEIGHT, HEIGHT / (most or 1)),
            hole=HOLE if night["state"] in NO_WHOLE_NIGHT else None,
            description=_description(night, in_words(sum(each.values()))),
        )
        for place, (night, each) in enumerate(zip(nights, values, strict=True))
    )
    first, last = nights[0]["day"], nights[-1]["day"]
    return title, day_chart(columns, left=LEFT, height=HEIGHT, highest=in_words(most), first=first, last=last)


def _description(night: Mapping[str, Any], value: str) -> str:
    words = [value, night["sentence"]]
    if night["outcomes"]:
        words.append(", ".join(f"{kind_label(name)} {count}" for name, count in night["outcomes"].items()))
    return gettext("%(day)s: %(what)s", day=night["day"], what="; ".join(words))
