"""The tables of an HTML page, each cell at the place where a browser puts it.

In: a page as a tree, which `processors.markup.visibility` has made what a reader sees. Out: `Table`s. Rows and
columns are formed as the HTML standard says ("forming a table", read 2026-11-29): a cell takes the first place
that no cell from above covers; ``rowspan=0`` reaches to the end of the row group, and no cell reaches beyond it;
the foot of a table comes last wherever it is written. Never raises; spans are capped, since pages lie about them.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from lxml import html

from processors.markup.html_tree import UNSEEN, attribute, elements, visible_text
from processors.markup.visibility import hidden_in, struck_in
from processors.tables.cell_spans import CellSpans
from processors.tables.merged_cells import EMPTY
from processors.tables.table import Cell, Link, Table
from processors.text import lines
from processors.urls import absolute

_MOST_COLUMNS = 200
_MOST_ROWS = 100_000
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6", "caption", "title")
_BEFORE_AT_MOST = 6
_SIBLINGS_AT_MOST = 1_000
_MOST_INNER = 8


def html_tables(tree: html.HtmlElement, base: str) -> tuple[Table, ...]:
    """All tables of a page; one that only arranges others gives its own cells alone."""
    found: list[Table] = []
    for table in tree.iter("table"):
        rows, footers = _rows(table, base)
        if rows:
            found.append(Table(rows, _lines_before(table), footers))
    return tuple(found)


def _own_rows(table: html.HtmlElement) -> Iterator[html.HtmlElement]:
    for row in table.iter("tr"):
        if next(row.iterancestors("table"), None) is table:
            yield row


def _rows(table: html.HtmlElement, base: str) -> tuple[tuple[tuple[Cell, ...], ...], tuple[tuple[Cell, ...], ...]]:
    """The rows of the table, and those of its foot."""
    rows: list[tuple[Cell, ...]] = []
    footers: list[tuple[Cell, ...]] = []
    hanging: dict[int, tuple[int, Cell]] = {}
    own = list(islice(_own_rows(table), _MOST_ROWS))
    spans = CellSpans(sum(len(row) for row in own))
    group: html.HtmlElement | None = None
    for row in own:
        if row.getparent() is not group:
            group = row.getparent()
            hanging.clear()
        cells = _placed(row, hanging, spans, base)
        if any(cell.says_something for cell in cells):
            (footers if group is not None and group.tag == "tfoot" else rows).append(cells)
    return tuple(rows), tuple(footers)


def _placed(
    row: html.HtmlElement, hanging: dict[int, tuple[int, Cell]], spans: CellSpans, base: str
) -> tuple[Cell, ...]:
    """The cells of a row by place; ``hanging`` says what reaches down from above, and is brought to the next row.

    Two cells that claim one place both cover it in a browser: the one from above is kept there, the other one
    keeps the places that are free.
    """
    placed: dict[int, Cell] = {}
    for place in list(hanging):
        left, cell = hanging.pop(place)
        placed[place] = cell
        if left > 1:
            hanging[place] = (left - 1, cell)
    place = 0
    for element in (cell for cell in row if cell.tag in ("td", "th")):
        while place in placed:
            place += 1
        if place >= _MOST_COLUMNS:
            break
        width, height = spans.of(element, _MOST_COLUMNS)
        cell = _cell(element, base, width)
        for column in range(place, min(place + width, _MOST_COLUMNS)):
            if column in placed:
                continue
            placed[column] = cell if column == place else replace(cell, copied=True)
            if height > 1:
                hanging[column] = (height - 1, replace(cell, copied=True, hangs=True))
        place += width
    unseen = tuple(words for each in row if each.tag == "template" for words in hidden_in(each))
    if unseen and placed:
        first = min(place for place, cell in placed.items() if not cell.hangs or place == min(placed))
        placed[first] = replace(placed[first], hidden=(*unseen, *placed[first].hidden))
    return tuple(placed.get(column, EMPTY) for column in range(max(placed, default=-1) + 1))


def _cell(element: html.HtmlElement, base: str, width: int) -> Cell:
    links = []
    for link in element.iter("a"):
        address = absolute(base, attribute(link, "href") or "")
        if address:
            links.append(Link(address, lines(visible_text(link)).replace("\n", " ") or attribute(link, "title")))
    inner = next(element.iter("table"), None) is not None and not _is_small(element)
    if inner:
        return Cell(text="", heading=element.tag == "th", width=width)
    return Cell(
        text=lines(visible_text(element)),
        links=tuple(links),
        heading=element.tag == "th",
        width=width,
        struck=tuple(words for each in struck_in(element) if (words := lines(visible_text(each)))),
        hidden=hidden_in(element),
    )


def _is_small(element: html.HtmlElement) -> bool:
    """Whether a table inside a cell is but a few words of it, put in place by rows of a label and a value."""
    row = element.getparent()
    beside = sum(1 for cell in row if cell.tag in ("td", "th")) if row is not None else 0
    return beside > 2 and sum(1 for _ in islice(element.iter("td", "th"), _MOST_INNER + 2)) <= _MOST_INNER + 1


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
