"""Tables of a PDF page by their ruling lines: each box is a cell, a box over several columns or rows a merged one.

In: a page of pdfplumber. Out: `PagePart`s with links. Boxes come from pdfplumber's table finder (after Nurminen's
thesis of 2013, as Tabula does it); letters fall to the box that holds their middle.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Self

from pdfplumber.utils.text import extract_text

from processors.pdf.nested_tables import tables_within
from processors.pdf.page_parts import PagePart
from processors.pdf.unruled_tables import BLANK_OF_HEIGHT, Word, lines_of
from processors.tables.merged_cells import EMPTY, Span, says_something, spread
from processors.tables.table import Cell, Link
from processors.text import lines

_SAME_LINE_POINTS = 2.0
_MOST_BOXES = 20_000
_LEAST_CELLS, _LEAST_LINES = 5, 3
Box = tuple[float, float, float, float]


def ruled_tables(page: Any, words: Sequence[Word]) -> list[tuple[PagePart, Box]]:
    """Tables of at least two columns, from the top, each with its box; ``words`` are all of the page."""
    if len(page.edges) > 4 * _MOST_BOXES:
        return []
    found = []
    for table in page.find_tables():
        ruling = _Ruling.of(table.cells)
        letters = _letters_by_box(page, ruling)
        texts = {
            box: lines(extract_text(held, x_tolerance_ratio=BLANK_OF_HEIGHT)) for box, held in letters.items()
        }
        parts = _parts(ruling, words, texts, dict(_links_by_box(page, ruling)))
        found += [(part, table.bbox) for part in parts]
    return sorted(found, key=lambda each: each[0].top)


def drawn_tables(tables: Iterable[list[Box]], words: Sequence[Word]) -> list[tuple[PagePart, Box]]:
    """The same for boxes and words alone, as a picture of a page gives them."""
    found = []
    for boxes in tables:
        ruling = _Ruling.of(boxes)
        held = _words_by_box(words, ruling)
        texts = {box: "\n".join(line.text for line in lines_of(inside)) for box, inside in held.items()}
        lefts, tops, rights, bottoms = zip(*boxes, strict=True)
        around = (min(lefts), min(tops), max(rights), max(bottoms))
        found += [(part, around) for part in _parts(ruling, words, texts, {})]
    return sorted(found, key=lambda each: each[0].top)


@dataclass(frozen=True, slots=True)
class _Ruling:
    """Where the lines of a table run, and which of its boxes holds each place between them."""

    columns: list[float]
    heights: list[float]
    spans: list[Span]
    owner: dict[tuple[int, int], int]

    @classmethod
    def of(cls, boxes: list[Box]) -> Self:
        """The ruling of boxes, none where they are no table or too many."""
        columns = _borders([x for box in boxes for x in (box[0], box[2])])
        heights = _borders([y for box in boxes for y in (box[1], box[3])])
        ruling = cls(columns, heights, [], {})
        if len(columns) < 3 or len(heights) < 2 or len(boxes) > _MOST_BOXES:
            return ruling
        for number, (left, top, right, bottom) in enumerate(boxes):
            rows = _index(top, heights), _index(bottom, heights) - 1
            span = Span(rows[0], _index(left, columns), rows[1], _index(right, columns) - 1)
            ruling.spans.append(span)
            for row, column in product(range(span.top, span.bottom + 1), range(span.left, span.right + 1)):
                ruling.owner.setdefault((row, column), number)
        return ruling

    def box_of(self, left: float, right: float, top: float, bottom: float) -> int | None:
        """The number of the box that holds the middle of this place."""
        row = bisect_right(self.heights, (top + bottom) / 2) - 1
        return self.owner.get((row, bisect_right(self.columns, (left + right) / 2) - 1))


def _parts(
    ruling: _Ruling, words: Sequence[Word], texts: Mapping[int, str], links: Mapping[int, Sequence[Link]]
) -> list[PagePart]:
    """The table of these boxes; more than one part where a box holds a table of other columns."""
    inside = tables_within(ruling.spans, _words_by_box(words, ruling))
    cells = {
        number: Cell(text=texts.get(number, ""), links=tuple(links.get(number, ())))
        for number in range(len(ruling.spans))
        if number not in inside
    }
    grid = spread(*_placed(ruling, cells))
    width, edges = len(ruling.columns) - 1, tuple(ruling.columns)
    parts: list[PagePart] = []
    rows: list[tuple[Cell, ...]] = []
    for place, row in enumerate(grid):
        if says_something(row):
            rows += _lines_apart(row)
        for number, within in inside.items():
            span = ruling.spans[number]
            if span.top != place:
                continue
            if len(within.gutters) == span.right - span.left:
                rows += [_beside(each, span.left, width) for each in within.rows]
                continue
            parts += _part(rows, edges, ruling.heights, place)
            bounds = (ruling.columns[span.left], *within.gutters, ruling.columns[span.right + 1])
            parts += _part(list(within.rows), bounds, ruling.heights, place)
            rows = []
    return [*parts, *_part(rows, edges, ruling.heights, len(grid))]


def _part(
    rows: list[tuple[Cell, ...]], edges: tuple[float, ...], heights: list[float], end: int
) -> Iterator[PagePart]:
    if rows:
        yield PagePart(rows=tuple(rows), edges=edges, top=heights[0], bottom=heights[end])


def _beside(row: tuple[Cell, ...], left: int, width: int) -> tuple[Cell, ...]:
    """A row that stands in some of the columns."""
    return (*[EMPTY] * left, *row, *[EMPTY] * (width - left - len(row)))


def _placed(ruling: _Ruling, cells: Mapping[int, Cell]) -> tuple[list[list[Cell]], list[Span]]:
    """The cells in their rows, and those of them that are merged ones."""
    rows = [[EMPTY] * (len(ruling.columns) - 1) for _ in range(len(ruling.heights) - 1)]
    for number, cell in cells.items():
        rows[ruling.spans[number].top][ruling.spans[number].left] = cell
    spans = [ruling.spans[number] for number in cells]
    return rows, [span for span in spans if (span.top, span.left) != (span.bottom, span.right)]


def _lines_apart(row: tuple[Cell, ...]) -> list[tuple[Cell, ...]]:
    """A box whose cells all hold the same number of lines is many rows that no lines divide."""
    filled = [cell for cell in row if cell.text]
    counts = {cell.text.count("\n") + 1 for cell in filled}
    merged = any(cell.copied or cell.links for cell in row)
    if merged or len(filled) < _LEAST_CELLS or len(counts) != 1 or min(counts) < _LEAST_LINES:
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


def _letters_by_box(page: Any, ruling: _Ruling) -> dict[int, list[Any]]:
    held: dict[int, list[Any]] = {}
    for char in page.chars if ruling.spans else ():
        box = ruling.box_of(char["x0"], char["x1"], char["top"], char["bottom"])
        if box is not None:
            held.setdefault(box, []).append(char)
    return held


def _words_by_box(words: Sequence[Word], ruling: _Ruling) -> dict[int, list[Word]]:
    held: dict[int, list[Word]] = {}
    for word in words if ruling.spans else ():
        box = ruling.box_of(word.left, word.right, word.top, word.bottom)
        if box is not None:
            held.setdefault(box, []).append(word)
    return held


def _links_by_box(page: Any, ruling: _Ruling) -> Iterator[tuple[int, list[Link]]]:
    held: dict[int, list[Link]] = {}
    for link in page.hyperlinks:
        uri = link.get("uri")
        if isinstance(uri, str) and uri.startswith(("http://", "https://")):
            box = ruling.box_of(link["x0"], link["x1"], link["top"], link["bottom"])
            if box is not None:
                held.setdefault(box, []).append(Link(uri, None))
    yield from held.items()
