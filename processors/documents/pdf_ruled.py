"""Tables of a PDF page by their ruling lines: each box is a cell, a box over several columns or rows a merged one.

In: a page of pdfplumber. Out: `PagePart`s with links. Boxes come from pdfplumber's table finder (after Nurminen's
thesis of 2013, as Tabula does it); letters fall to the box that holds their middle.
"""

from bisect import bisect_right
from collections.abc import Iterator
from typing import Any

from pdfplumber.utils.text import extract_text

from processors.documents.pdf_part import PagePart
from processors.documents.spans import EMPTY, Span, filled
from processors.pages.tables import Cell, Link
from processors.text import lines

_SAME_LINE_POINTS = 2.0
_MOST_BOXES = 20_000
_LEAST_CELLS, _LEAST_LINES = 5, 3
Box = tuple[float, float, float, float]


def ruled_tables(page: Any) -> list[tuple[PagePart, Box]]:
    """Tables of at least two columns, from the top, each with its box."""
    if len(page.edges) > 4 * _MOST_BOXES:
        return []
    found = [(part, table.bbox) for table in page.find_tables() if (part := _part(page, table.cells)) is not None]
    return sorted(found, key=lambda each: each[0].top)


def _part(page: Any, boxes: list[Box]) -> PagePart | None:
    columns = _borders([x for box in boxes for x in (box[0], box[2])])
    heights = _borders([y for box in boxes for y in (box[1], box[3])])
    if len(columns) < 3 or len(heights) < 2 or len(boxes) > _MOST_BOXES:
        return None
    owner: dict[tuple[int, int], int] = {}
    spans: list[Span] = []
    for number, (left, top, right, bottom) in enumerate(boxes):
        span = Span(
            _index(top, heights), _index(left, columns), _index(bottom, heights) - 1, _index(right, columns) - 1
        )
        spans.append(span)
        for row in range(span.top, span.bottom + 1):
            for column in range(span.left, span.right + 1):
                owner.setdefault((row, column), number)
    held = _letters_by_box(page, owner, columns, heights)
    links = dict(_links_by_box(page, owner, columns, heights))
    rows = [[EMPTY] * (len(columns) - 1) for _ in range(len(heights) - 1)]
    for number, span in enumerate(spans):
        text = lines(extract_text(held[number])) if number in held else ""
        rows[span.top][span.left] = Cell(text=text, links=tuple(links.get(number, ())))
    wide = [span for span in spans if (span.top, span.left) != (span.bottom, span.right)]
    whole = tuple(line for row in filled(rows, wide) for line in _lines_apart(row))
    if not whole:
        return None
    return PagePart(rows=whole, edges=tuple(columns), top=heights[0], bottom=heights[-1])


def _lines_apart(row: tuple[Cell, ...]) -> list[tuple[Cell, ...]]:
    """A box whose cells all hold the same number of lines is many rows that no lines divide."""
    said = [cell for cell in row if cell.text]
    counts = {cell.text.count("\n") + 1 for cell in said}
    merged = any(cell.copied or cell.links for cell in row)
    if merged or len(said) < _LEAST_CELLS or len(counts) != 1 or min(counts) < _LEAST_LINES:
        return [row]
    apart = [cell.text.split("\n") if cell.text else [""] * min(counts) for cell in row]
    return [tuple(Cell(text=text) if text else EMPTY for text in line) for line in zip(*apart, strict=True)]


def _borders(values: list[float]) -> list[float]:
    found: list[float] = []
    for value in sorted(values):
        if not found or value - found[-1] > _SAME_LINE_POINTS:
            found.append(value)
    return found


def _index(value: float, borders: list[float]) -> int:
    return min(range(len(borders)), key=lambda place: abs(borders[place] - value))


def _box_at(
    x: float, y: float, owner: dict[tuple[int, int], int], columns: list[float], heights: list[float]
) -> int | None:
    return owner.get((bisect_right(heights, y) - 1, bisect_right(columns, x) - 1))


def _letters_by_box(
    page: Any, owner: dict[tuple[int, int], int], columns: list[float], heights: list[float]
) -> dict[int, list[Any]]:
    held: dict[int, list[Any]] = {}
    for char in page.chars:
        middle = (char["x0"] + char["x1"]) / 2, (char["top"] + char["bottom"]) / 2
        box = _box_at(*middle, owner, columns, heights)
        if box is not None:
            held.setdefault(box, []).append(char)
    return held


def _links_by_box(
    page: Any, owner: dict[tuple[int, int], int], columns: list[float], heights: list[float]
) -> Iterator[tuple[int, list[Link]]]:
    held: dict[int, list[Link]] = {}
    for link in page.hyperlinks:
        uri = link.get("uri")
        if isinstance(uri, str) and uri.startswith(("http://", "https://")):
            middle = (link["x0"] + link["x1"]) / 2, (link["top"] + link["bottom"]) / 2
            box = _box_at(*middle, owner, columns, heights)
            if box is not None:
                held.setdefault(box, []).append(Link(uri, None))
    yield from held.items()
