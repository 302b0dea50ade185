"""How far the merged cells of an HTML table reach, whatever they claim.

A cell never reaches beyond its row group (HTML standard, "forming a table", the steps for cells that grow
downward), nor over more than 1,000 columns ("colspan", read 2026-11-29). All merged cells together cover no more
places than the cells of the table justify; those after that are as wide and as high as any other.
"""

import re

from lxml import html

from processors.markup.html_tree import attribute

MOST_COLUMNS = 1_000
COPIES_PER_CELL = 8
COPIES_OF_ANY = 2_000
_NUMBER = re.compile(r"\d{1,5}")


class CellSpans:
    """The spans of the cells of one table, or of all of a page, asked for one after the other."""

    def __init__(self, cells: int) -> None:
        self._left = COPIES_PER_CELL * cells + COPIES_OF_ANY
        self._heights: dict[html.HtmlElement, int] = {}

    def of(self, cell: html.HtmlElement, widest: int = MOST_COLUMNS) -> tuple[int, int]:
        """Columns and rows of the cell, itself included."""
        width = max(min(_number(cell, "colspan"), widest), 1)
        height = _number(cell, "rowspan")
        if height != 1:  # 0 means: to the end of the row group
            height = min(height or self._height_of_group(cell), self._height_of_group(cell))
        if width * height > 1:
            self._left -= width * height - 1
            if self._left < 0:
                return 1, 1
        return width, height

    def _height_of_group(self, cell: html.HtmlElement) -> int:
        row = cell.getparent()
        group = None if row is None else row.getparent()
        if group is None:
            return 1
        if group not in self._heights:
            self._heights[group] = len(group)
        return self._heights[group]


def _number(cell: html.HtmlElement, name: str) -> int:
    found = _NUMBER.match((attribute(cell, name) or "").strip())
    return int(found.group()) if found else 1
