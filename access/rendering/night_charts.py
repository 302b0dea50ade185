"""Nights as small charts: how long they took, what they read and stored, what their pages came to.

In: rows of `access.views.operation.night_figures`, oldest first. Out: numbers and texts for the SVG that
`templates/night_charts.html` draws, one chart for each figure. A night that did not run has a mark of its own, so
that it is not taken for one that brought nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from access.rendering.formatting import format_count, format_size
from access.rendering.labels import kind_label
from access.rendering.source_chart import tone_of_outcome
from access.rendering.translations import gettext

WIDTH_PER_NIGHT: Final = 10
BAR: Final = 8
LEFT: Final = 70
TOP: Final = 8
HEIGHT: Final = 84
BOTTOM: Final = 20
TONES: Final = ("good", "odd", "bad")

NIGHTS_AT_LEAST: Final = 30
"""So wide is a chart of fewer nights, too: one bar does not fill a page."""


@dataclass(frozen=True, slots=True)
class NightColumn:
    """One night; ``parts`` are tone, y and height, from the bottom up; ``missing``: there was no whole night."""

    x: int
    parts: tuple[tuple[str, float, float], ...]
    missing: bool
    description: str


@dataclass(frozen=True, slots=True)
class NightChart:
    """Everything in units of the drawing; ``most`` is the text of the highest value."""

    title: str
    width: int
    height: int
    left: int
    base_y: int
    bar: int
    most: str
    columns: tuple[NightColumn, ...]
    first: str
    last: str


def night_charts(nights: Sequence[Mapping[str, Any]]) -> tuple[NightChart, ...]:
    """The charts; none where no night is known."""
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
) -> NightChart:
    values = [values_of(night) for night in nights]
    most = max(sum(each.values()) for each in values)
    unit, base_y = HEIGHT / (most or 1), TOP + HEIGHT
    columns = []
    for number, (night, each) in enumerate(zip(nights, values, strict=True)):
        x, y, parts = LEFT + number * WIDTH_PER_NIGHT, float(base_y), []
        for tone, value in each.items():
            if value:
                y -= value * unit
                parts.append((tone, round(y, 1), round(max(value * unit, 0.5), 1)))
        missing = night["state"] in ("did not run", "began and did not end")
        columns.append(NightColumn(x, tuple(parts), missing, _description(night, in_words(sum(each.values())))))
    return NightChart(
        title=title,
        width=LEFT + max(len(nights), NIGHTS_AT_LEAST) * WIDTH_PER_NIGHT + 4,
        height=base_y + BOTTOM,
        left=LEFT,
        base_y=base_y,
        bar=BAR,
        most=in_words(most),
        columns=tuple(columns),
        first=nights[0]["day"],
        last=nights[-1]["day"],
    )


def _description(night: Mapping[str, Any], value: str) -> str:
    words = [value, night["sentence"]]
    if night["outcomes"]:
        words.append(", ".join(f"{kind_label(name)} {count}" for name, count in night["outcomes"].items()))
    return gettext("%(day)s: %(what)s", day=night["day"], what="; ".join(words))
