"""Merged cells filled in, the same way for every format: a span stands in each place it covers, marked a copy."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from processors.tables.table import Cell

EMPTY = Cell(text="")
_TALLEST = 10_000


@dataclass(frozen=True, slots=True)
class Span:
    """A merged range: rows and columns counted from 0, both ends included."""

    top: int
    left: int
    bottom: int
    right: int


def filled(rows: list[list[Cell]], spans: Iterable[Span]) -> tuple[tuple[Cell, ...], ...]:
    """The rows with each span filled from its first cell; rows that say nothing are left out."""
    return tuple(row for row in spread(rows, spans) if says_something(row))


def says_something(row: Iterable[Cell]) -> bool:
    """Whether a cell of the row has words, a link or anything else for a reader."""
    return any(cell.says_something for cell in row)


def spread(rows: list[list[Cell]], spans: Iterable[Span]) -> tuple[tuple[Cell, ...], ...]:
    """All rows with each span filled from its first cell.

    Spans that reach beyond the table or would cover it many times over are cut to the table.
    """
    table = [list(row) for row in rows]
    written = 0
    most = 4 * sum(len(row) for row in table) + 100
    for span in spans:
        if span.top >= len(table) or span.left >= len(table[span.top]):
            continue
        first = replace(table[span.top][span.left], width=span.right - span.left + 1)
        table[span.top][span.left] = first
        beside, below = replace(first, copied=True), replace(first, copied=True, hangs=True)
        for row in range(span.top, min(span.bottom, span.top + _TALLEST, len(table) - 1) + 1):
            for column in range(span.left, min(span.right, len(table[row]) - 1) + 1):
                if (row, column) != (span.top, span.left):
                    table[row][column] = beside if row == span.top else below
                    written += 1
        if written > most:
            break
    return tuple(tuple(row) for row in table)
