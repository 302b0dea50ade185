"""Siblings in PDF: words that a line crosses out, and words that a bar covers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.processors.documents.pdf_documents import Rule, Text, boxed, pdf
from tests.processors.tables.sibling import COURT, Sibling, hearing

EDGES = (30, 110, 160, 240, 380, 480, 540)
HEADINGS = ("Дата", "Время", "Дело №", "Стороны", "Судья", "Зал")
USUAL = ("03.03.2026", "10:00", "1-12/2026", "Пряник Г. Г.", "Узор А. А.", "3")
SECOND = ("03.03.2026", "11:00", "1-13/2026", "Спица Д. Д.", "Узор А. А.", "3")
FIRST_ROW, SECOND_ROW = 55, 70
"""Where the rows below the headings begin, in points from the top."""


@dataclass(frozen=True)
class Bar:
    """A filled box, in grey from black to white."""

    x0: float
    y0: float
    x1: float
    y1: float
    grey: float = 0.0


def listed(
    *rows: Sequence[str], over: Sequence[Rule | Bar] = (), under: Sequence[Bar] = (), text_grey: float = 0.0
) -> Callable[[], bytes]:
    """A court's list; ``over`` is drawn after its words, ``under`` before them."""
    drawn, _ = boxed([HEADINGS, *rows], EDGES, 40)
    return lambda: _with_bars([Text(30, 20, COURT), *drawn], over, under, text_grey)


def _with_bars(
    drawn: Sequence[Text | Rule], over: Sequence[Rule | Bar], under: Sequence[Bar], text_grey: float
) -> bytes:
    """The page with filled boxes written into what it draws: text that is not drawn carries them."""
    before, after = (
        b"".join(map(_bar, bars)) for bars in (under, [each for each in over if isinstance(each, Bar)])
    )
    lines = [each for each in over if isinstance(each, Rule)]
    plain = pdf([[*drawn, *lines]])
    start = plain.index(b"stream\n", plain.index(b"/Length", plain.index(b"endstream"))) + len(b"stream\n")
    end = plain.index(b"\nendstream", start)
    content = before + b"%g g\n" % text_grey + plain[start:end] + b"\n" + after
    head = plain.rindex(b"<< /Length ", 0, start)
    return plain[:head] + b"<< /Length %d >>\nstream\n" % len(content) + content + plain[end:]


def _bar(bar: Bar) -> bytes:
    return b"q %g g %g %g %g %g re f Q\n" % (bar.grey, bar.x0, 842 - bar.y1, bar.x1 - bar.x0, bar.y1 - bar.y0)


def through(first: int, last: int, row: int) -> Rule:
    """A line through the middle of the words of these columns."""
    level = row + 2 + 9 * 0.55
    return Rule(EDGES[first] + 2, level, EDGES[last + 1] - 20, level)


NAME = Bar(EDGES[3] + 1, FIRST_ROW + 1, EDGES[4] - 30, FIRST_ROW + 13)
BARRED = hearing(parties_raw=None)
LEFT_OUT = "Стороны: a bar is drawn over words, which are left out of the record"


def over_pages(first: Sequence[Sequence[str]], second: Sequence[Sequence[str]]) -> Callable[[], bytes]:
    """A list that goes on on a second page without its headings."""
    above, _ = boxed([HEADINGS, *first], EDGES, 40)
    below, _ = boxed(second, EDGES, 40)
    return lambda: pdf([[Text(30, 20, COURT), *above], below])


OF_SECOND = hearing(
    case_number="1-13/2026", parties_raw="Спица Д. Д.", starts_at="2026-03-03T08:00:00Z",
    starts_raw="03.03.2026 11:00",
)  # fmt: skip
REST = ("", "", "", "Кант К. К.", "", "")
BROKEN = hearing(parties_raw="Пряник Г. Г.\nКант К. К.")

PDFS = (
    Sibling(
        kind=6, name="the only row of a PDF's first page that its second goes on with is one row",
        content=over_pages([USUAL], [REST, SECOND]), records=(BROKEN, OF_SECOND),
    ),
    Sibling(
        kind=6, name="the last of several rows that a page break of a PDF splits is one row",
        content=over_pages([SECOND, USUAL], [REST]), records=(OF_SECOND, BROKEN),
    ),
    Sibling(
        kind=6, name="a whole row at the top of a PDF's second page is a row of its own",
        content=over_pages([USUAL], [SECOND]), records=(hearing(), OF_SECOND),
    ),
    Sibling(
        kind=2, name="a name under a black bar of a PDF is left out and told of",
        content=listed(USUAL, over=[NAME]), records=(BARRED,), remarked=(LEFT_OUT,),
    ),
    Sibling(
        kind=2, name="a name that a white box covers in a PDF is left out and told of",
        content=listed(USUAL, over=[Bar(NAME.x0, NAME.y0, NAME.x1, NAME.y1, 1.0)]), records=(BARRED,),
        remarked=(LEFT_OUT,),
    ),
    Sibling(
        kind=2, name="a black name on a black bar of a PDF is left out and told of",
        content=listed(USUAL, under=[NAME]), records=(BARRED,), remarked=(LEFT_OUT,),
    ),
    Sibling(
        kind=2, name="a name on a light bar of a PDF is read",
        content=listed(USUAL, under=[Bar(NAME.x0, NAME.y0, NAME.x1, NAME.y1, 0.8)]), records=(hearing(),),
    ),
    Sibling(
        kind=1, name="a clock that a line of a PDF crosses out is no start",
        content=listed((USUAL[0], "10:00\n14:00", *USUAL[2:]), over=[through(1, 1, FIRST_ROW)]),
        records=(
            hearing(
                starts_at="2026-03-03T11:00:00Z", starts_raw="03.03.2026 14:00",
                struck=[{"field": "starts_raw", "text": "10:00"}],
            ),
        ),
    ),
    Sibling(
        kind=1, name="a row of a PDF that a line crosses out is marked",
        content=listed(USUAL, SECOND, over=[Rule(EDGES[0] + 1, SECOND_ROW + 7, EDGES[6] - 1, SECOND_ROW + 7)]),
        records=(
            hearing(),
            hearing(
                case_number="1-13/2026", parties_raw="Спица Д. Д.", starts_at="2026-03-03T08:00:00Z",
                starts_raw="03.03.2026 11:00", status_raw="crossed out",
                struck=[
                    {"field": "starts_raw", "text": "03.03.2026"}, {"field": "starts_raw", "text": "11:00"},
                    {"field": "case_number", "text": "1-13/2026"}, {"field": "parties_raw", "text": "Спица Д. Д."},
                    {"field": "judge", "text": "Узор А. А."}, {"field": "room", "text": "3"},
                ],
            ),
        ),
        remarked=("the whole row is crossed out on the page",),
    ),
    Sibling(
        kind=1, name="the rules of a PDF's table cross nothing out",
        content=listed(USUAL, SECOND),
        records=(
            hearing(),
            hearing(
                case_number="1-13/2026", parties_raw="Спица Д. Д.", starts_at="2026-03-03T08:00:00Z",
                starts_raw="03.03.2026 11:00",
            ),
        ),
    ),
)  # fmt: skip
