"""Rows whose cells are given by their right edges, as Word 97 and RTF write them, put into common columns."""

from dataclasses import dataclass

from processors.tables.merged_cells import EMPTY, Span, filled
from processors.tables.table import Cell

# two edges closer than this (in twentieths of a point) are one: Word moves them by rounding
_SAME_EDGE_TWIPS = 60
_MOST_COLUMNS = 60


@dataclass(frozen=True, slots=True)
class EdgedCell:
    """A cell and where it ends, in twips; ``hangs``: a vertical merge goes on in it from the row above."""

    cell: Cell
    right_twips: int
    hangs: bool = False


def table_by_edges(rows: list[list[EdgedCell]]) -> tuple[tuple[Cell, ...], ...]:
    """The rows in the columns that all their edges make; cells over several columns are filled in."""
    edges = _edges(rows)
    placed: list[list[Cell]] = []
    spans: list[Span] = []
    hanging: dict[int, Span] = {}
    for number, row in enumerate(rows):
        cells = [EMPTY] * len(edges)
        column = 0
        for each in row:
            last = max(column, _column(each.right_twips, edges))
            if column >= len(edges):
                break
            span = Span(number, column, number, last)
            if each.hangs and column in hanging:
                span = Span(hanging[column].top, column, number, hanging[column].right)
            else:
                cells[column] = each.cell
            if each.hangs and span.top != number:
                spans[:] = [old for old in spans if old != hanging[column]]
            hanging[column] = span
            if (span.top, span.left) != (span.bottom, span.right):
                spans.append(span)
            column = last + 1
        placed.append(cells)
    return filled(placed, spans)


def _edges(rows: list[list[EdgedCell]]) -> list[int]:
    edges: list[int] = []
    for edge in sorted({each.right_twips for row in rows for each in row}):
        if not edges or edge - edges[-1] > _SAME_EDGE_TWIPS:
            edges.append(edge)
    return edges[:_MOST_COLUMNS]


def _column(edge: int, edges: list[int]) -> int:
    return min(range(len(edges)), key=lambda place: abs(edges[place] - edge))
