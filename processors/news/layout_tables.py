"""Tables that only arrange a page, made the blocks that they are: else an article reads as cells between bars.

In: a tree of the reader's own. Which tables are data follows what browsers tell screen readers (Firefox,
``HTMLTableAccessible::IsProbablyLayoutTable``, read 2026-11-29): headings, a caption, a head or a foot make data;
a table in a table's cell, one row or column, or few cells with running text are layout. Changes the tree in place.
"""

from collections.abc import Iterator

from lxml import html

from processors.markup.html_tree import attribute

_OF_DATA = ("th", "caption", "thead", "tfoot", "colgroup")
_PARTS = ("table", "tbody", "tr", "td")
_FEW_CELLS = 10
_RUNNING_TEXT = 300
_MOST_ROWS = 20
_MOST_ARRANGED = 100
"""Cells of a row; no page is arranged in more, and as many blocks take its reader too long."""
_MENU_LINKS = 2
_MENU_SHARE = 0.8


def unwrap_layout_tables(tree: html.HtmlElement) -> None:
    """Make blocks of tables that only arrange, and take away their cells that are menus."""
    layout = [table for table in tree.iter("table") if _is_layout(table)]
    for table in layout:
        for element in _own(table):
            if element.tag == "td" and _is_menu(element):
                for inner in list(element):
                    element.remove(inner)
                element.text = None
    for table in layout:
        for element in (table, *_own(table)):
            element.tag = "div"


def _own(table: html.HtmlElement) -> list[html.HtmlElement]:
    """The parts of the table that are not those of a table in it."""
    return [
        element
        for element in table.iter(*_PARTS)
        if element is not table and next(element.iterancestors("table"), None) is table and element.tag != "table"
    ]


def _is_layout(table: html.HtmlElement) -> bool:
    role = (attribute(table, "role") or "").lower()
    if role in ("presentation", "none"):
        return True
    if role or attribute(table, "summary") or next(_nearest(table, _OF_DATA), None) is not None:
        return False
    if next((inner for inner in table.iter("table") if inner is not table), None) is not None:
        return True
    rows = list(_nearest(table, ("tr",)))
    widths = [sum(1 for cell in row if cell.tag == "td") for row in rows]
    if max(widths, default=0) > _MOST_ARRANGED:
        return False
    if not widths or len(rows) == 1 or max(widths) == 1:
        return True
    if sum(widths) > _FEW_CELLS or len(rows) > _MOST_ROWS:
        return False
    return any(len(" ".join(cell.itertext())) > _RUNNING_TEXT for cell in _nearest(table, ("td",)))


def _nearest(table: html.HtmlElement, names: tuple[str, ...]) -> Iterator[html.HtmlElement]:
    return (each for each in table.iter(*names) if next(each.iterancestors("table"), None) is table)


def _is_menu(cell: html.HtmlElement) -> bool:
    """Whether a cell holds links and hardly anything beside them."""
    links = [" ".join(link.itertext()) for link in cell.iter("a")]
    whole = len("".join("".join(cell.itertext()).split()))
    linked = sum(len("".join(text.split())) for text in links)
    return len(links) >= _MENU_LINKS and whole < _RUNNING_TEXT and linked >= _MENU_SHARE * max(whole, 1)
