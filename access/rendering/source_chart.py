"""A source over time, as a small drawing: what each night gave, and in a strip below what its pages came to.

In: nights as `access.views.sources` has them, and how many records are expected. Out: the columns that
`templates/day_chart.html` draws, with a line at what is expected. None where no night gave anything to draw.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from access.rendering.day_chart import TOP, DayChart, DayColumn, Part, column_x, day_chart
from access.rendering.formatting import format_count
from access.rendering.labels import kind_label
from access.rendering.translations import gettext, ngettext

HEIGHT: Final = 96
LEFT: Final = 44
STRIP: Final = 22
STRIP_Y: Final = TOP + HEIGHT + 6

GOOD: Final = ("content", "empty")
ODD: Final = ("soft_404", "consent", "login_wall", "restricted", "unreadable")
TONES: Final = {"good": "plain", "problem": "bad", "running": "odd"}
"""How the records of a night are coloured, after its state."""


def source_chart(
    nights: Sequence[Mapping[str, Any]], expected: int | None, *, described: bool = True
) -> DayChart | None:
    """The drawing of nights, oldest first; ``described``: with a sentence for each."""
    if not any(night["crawl_id"] is not None for night in nights):
        return None
    most = max(1, expected or 0, *(night["records"] for night in nights))
    unit = HEIGHT / most
    return day_chart(
        (_column(night, column_x(LEFT, place), unit, described=described) for place, night in enumerate(nights)),
        left=LEFT,
        height=HEIGHT,
        highest=format_count(most),
        first=nights[0]["day"],
        last=nights[-1]["day"],
        strip_height=STRIP_Y + STRIP - TOP - HEIGHT,
        expected_y=None if not expected else round(TOP + HEIGHT - expected * unit, 1),
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


def _column(night: Mapping[str, Any], x: int, unit: float, *, described: bool) -> DayColumn:
    outcomes = tuple(_outcomes(night["outcomes"]))
    empty = not outcomes and night["state"] != "none"
    return DayColumn(
        x=x,
        parts=(*_records(night, unit), *outcomes),
        hole=Part("bad", STRIP_Y, STRIP) if empty else None,
        description=night_description(night) if described else "",
    )


def _records(night: Mapping[str, Any], unit: float) -> Iterator[Part]:
    height = round(night["records"] * unit, 1)
    if height:
        yield Part(TONES.get(night["state"], "bad"), round(TOP + HEIGHT - height, 1), height)


def _outcomes(outcomes: Mapping[str, int]) -> Iterator[Part]:
    """From the top of the strip down, each as high as its share of the pages."""
    total, y = sum(outcomes.values()), float(STRIP_Y)
    for name, count in outcomes.items():
        height = round(STRIP * count / total, 1)
        yield Part(tone_of_outcome(name), round(y, 1), height)
        y += height
