"""Tables as readers of every format hand them on: rows of cells, merged cells filled in.

The one type from which layouts read: HTML tables and JSON lists make it here; sheets, documents and PDF pages
can make it elsewhere without the layouts knowing. Never raises; spans are capped, since pages lie about them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

from lxml import html

from processors.markup.html_tree import UNSEEN, attribute, elements, visible_text
from processors.tables.cell_spans import CellSpans
from processors.text import lines
from processors.urls import absolute

_MOST_COLUMNS = 60
_MOST_ROWS = 100_000
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6", "caption", "title")
_BEFORE_AT_MOST = 6
_SIBLINGS_AT_MOST = 1_000


@dataclass(frozen=True, slots=True)
class Link:
    """An address a cell links to, and the words it stands under."""

    url: str
    title: str | None


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell says. ``heading`` as marked up; ``width`` in columns; ``copied`` from a cell above or beside."""

    text: str
    links: tuple[Link, ...] = ()
    heading: bool = False
    width: int = 1
    copied: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows in page order; ``before`` holds the headings and lines that stand above the table, nearest last."""

    rows: tuple[tuple[Cell, ...], ...]
    before: tuple[str, ...] = field(default=())


def html_tables(tree: html.HtmlElement, base: str) -> tuple[Table, ...]:
    """All tables of a page; one that only arranges others gives its own cells alone."""
    found: list[Table] = []
    for table in tree.iter("table"):
        rows = _rows(table, base)
        if rows:
            found.append(Table(rows, _lines_before(table)))
    return tuple(found)


def _own_rows(table: html.HtmlElement) -> Iterator[html.HtmlElement]:
    for row in table.iter("tr"):
        if next(row.iterancestors("table"), None) is table:
            yield row


def _rows(table: html.HtmlElement, base: str) -> tuple[tuple[Cell, ...], ...]:
    rows: list[tuple[Cell, ...]] = []
    hanging: dict[int, tuple[int, Cell]] = {}
    own = list(islice(_own_rows(table), _MOST_ROWS))
    spans = CellSpans(sum(len(row) for row in own))
    group: html.HtmlElement | None = None
    for row in own:
        if row.getparent() is not group:
            group = row.getparent()
            hanging.clear()
        cells: list[Cell] = []
        for element in (cell for cell in row if cell.tag in ("td", "th")):
            _drop_hanging(cells, hanging)
            width, height = spans.of(element, _MOST_COLUMNS)
            cell = _cell(element, base, width)
            for offset in range(width):
                if len(cells) >= _MOST_COLUMNS:
                    break
                filled = cell if offset == 0 else replace(cell, copied=True)
                if height > 1:
                    hanging[len(cells)] = (height - 1, replace(cell, copied=True))
                cells.append(filled)
        _drop_hanging(cells, hanging)
        if any(cell.text or cell.links for cell in cells):
            rows.append(tuple(cells))
    return tuple(rows)


def _drop_hanging(cells: list[Cell], hanging: dict[int, tuple[int, Cell]]) -> None:
    """Cells that reach down from rows above take their place before the row's own go on."""
    while len(cells) in hanging and len(cells) < _MOST_COLUMNS:
        place = len(cells)
        left, cell = hanging.pop(place)
        if left > 1:
            hanging[place] = (left - 1, cell)
        cells.append(cell)


def _cell(element: html.HtmlElement, base: str, width: int) -> Cell:
    links = []
    for link in element.iter("a"):
        address = absolute(base, attribute(link, "href") or "")
        if address:
            links.append(Link(address, lines(visible_text(link)).replace("\n", " ") or attribute(link, "title")))
    inner = any(True for _ in element.iter("table"))
    text = "" if inner else lines(visible_text(element))
    return Cell(text=text, links=() if inner else tuple(links), heading=element.tag == "th", width=width)


def _lines_before(table: html.HtmlElement) -> tuple[str, ...]:
    """The last short lines above the table, and its caption."""
    found: list[str] = []
    for element in _preceding(table):
        text = (
            lines(" ".join((element.text or "").split()))
            if element.tag not in _HEADINGS
            else visible_text(element)
        )
        if 3 < len(text) < 300:
            found.append(text.replace("\n", " "))
        if len(found) >= _BEFORE_AT_MOST:
            break
    found.reverse()
    captions = [visible_text(caption) for caption in table.iter("caption")]
    return (*found, *(caption for caption in captions if caption))


def _preceding(table: html.HtmlElement) -> Iterator[html.HtmlElement]:
    """Elements that begin before the table, the nearest first; other tables are stepped over."""
    seen = 0
    node: html.HtmlElement | None = table
    while node is not None and seen < 200:
        for sibling in islice(node.itersiblings(preceding=True), _SIBLINGS_AT_MOST):
            if sibling.tag in UNSEEN or sibling.tag in ("table", "form", "nav"):
                continue
            for element in reversed(list(islice(elements(sibling), 200))):
                seen += 1
                yield element
        node = node.getparent()
