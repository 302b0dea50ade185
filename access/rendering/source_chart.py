"""A source over time, as the geometry of two small drawings: what each night gave, and what its pages came to.

In: nights as `access.views.sources` has them, and how many records are expected. Out: numbers and texts for the
SVG that `templates/source_chart.html` draws. None where no night gave anything to draw.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from access.rendering.labels import kind_label
from access.rendering.translations import gettext, ngettext

HEIGHT: Final = 96
STRIP: Final = 22
BAR: Final = 8
GAP: Final = 2
LEFT: Final = 44
TOP: Final = 8
BOTTOM: Final = 18

GOOD: Final = ("content", "empty")
ODD: Final = ("soft_404", "consent", "login_wall", "restricted", "unreadable")


@dataclass(frozen=True, slots=True)
class NightBar:
    """One night: a bar of records, and below it one of outcomes; ``tone`` is good, bad, odd or none."""

    x: int
    y: float
    height: float
    tone: str
    outcomes: tuple[tuple[str, float, float], ...]
    """Tone, y and height of each part of the lower bar."""
    description: str
    capture_day: str


@dataclass(frozen=True, slots=True)
class SourceChart:
    """Everything in units of the drawing; ``expected_y`` is None where nothing is expected."""

    width: int
    height: int
    left: int
    base_y: int
    strip_y: int
    strip_height: int
    bar: int
    most: int
    expected_y: float | None
    expected: int | None
    bars: tuple[NightBar, ...]
    first: str
    last: str


def source_chart(nights: Sequence[Mapping[str, Any]], expected: int | None) -> SourceChart | None:
    """The drawing of nights, oldest first."""
    if not any(night["crawl_id"] is not None for night in nights):
        return None
    most = max(1, expected or 0, *(night["records"] for night in nights))
    base_y, tallest = TOP + HEIGHT, HEIGHT
    strip_y = base_y + 6
    bars = tuple(
        _bar(night, LEFT + number * (BAR + GAP), base_y, tallest / most, strip_y)
        for number, night in enumerate(nights)
    )
    return SourceChart(
        width=LEFT + len(nights) * (BAR + GAP) + 4,
        height=strip_y + STRIP + BOTTOM,
        left=LEFT,
        base_y=base_y,
        strip_y=strip_y,
        strip_height=STRIP,
        bar=BAR,
        most=most,
        expected_y=None if not expected else round(base_y - expected * tallest / most, 1),
        expected=expected,
        bars=bars,
        first=nights[0]["day"],
        last=nights[-1]["day"],
    )


def tone_of_outcome(name: str) -> str:
    """How an outcome is coloured."""
    return "good" if name in GOOD else "odd" if name in ODD else "bad"


def night_description(night: Mapping[str, Any]) -> str:
    """A night in one sentence, for those who cannot see its bar."""
    match night["state"]:
        case "none":
            return gettext("%(day)s: nothing was collected in this night", day=night["day"])
        case "gap":
            return gettext("%(day)s: not crawled", day=night["day"])
    records = ngettext("%(num)s record", "%(num)s records", night["records"])
    outcomes = ", ".join(f"{kind_label(name)} {count}" for name, count in night["outcomes"].items())
    words = [records, *([outcomes] if outcomes else [])]
    if night["state"] == "running":
        words.append(gettext("the crawl has not ended"))
    elif night["state"] == "problem":
        words.append(gettext("with a problem"))
    return gettext("%(day)s: %(what)s", day=night["day"], what="; ".join(words))


def _bar(night: Mapping[str, Any], x: int, base_y: int, unit: float, strip_y: int) -> NightBar:
    height = round(night["records"] * unit, 1)
    tone = {"good": "good", "problem": "bad", "running": "odd", "gap": "bad"}.get(night["state"], "none")
    total, parts, y = sum(night["outcomes"].values()), [], float(strip_y)
    for name, count in night["outcomes"].items():
        part = round(STRIP * count / total, 1)
        parts.append((tone_of_outcome(name), round(y, 1), part))
        y += part
    return NightBar(
        x=x,
        y=round(base_y - height, 1),
        height=height,
        tone=tone,
        outcomes=tuple(parts),
        description=night_description(night),
        capture_day=night["day"],
    )
