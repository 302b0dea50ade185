"""Parts of tables as pages show them, put together to whole tables.

A table that goes on over pages repeats its heading or not, and may break in the middle of a row. Lines between its
parts that are no page numbers or running titles stay in it as rows over the whole width.
"""

import re
from collections import Counter
from dataclasses import dataclass, replace

from processors.pdf.letter_marks import plain
from processors.tables.table import Cell, Table

_SAME_EDGE_POINTS = 6.0
_PAGE_NUMBER = re.compile(
    r"^\W*(?:(?:стр|стар|сторінка|page|strona|p|с)\w*\.?\s*)?\d{1,4}(?:\s*\D{1,4}\s*\d{1,4})?\W*$", re.IGNORECASE
)
_DIGITS = re.compile(r"\d+")
_ALWAYS = 0.9
_NUMBERED = re.compile(r"^\W{0,2}\d")
_LEAST_NUMBERED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class PagePart:
    """Rows that stand together on one page. ``edges``: the columns' borders from the left, in points."""

    rows: tuple[tuple[Cell, ...], ...]
    edges: tuple[float, ...]
    top: float
    bottom: float
    above: tuple[str, ...] = ()
    page: int = 0


def joined(parts: list[PagePart], pages: int) -> tuple[Table, ...]:
    """Whole tables, in order."""
    running = _running_titles(parts, pages)
    tables: list[tuple[PagePart, list[tuple[Cell, ...]], tuple[str, ...]]] = []
    for part in parts:
        above = part.above if not tables else tuple(line for line in part.above if not _is_running(line, running))
        last = tables[-1] if tables else None
        if last is None or not _same_columns(last[0], part):
            tables.append((part, list(part.rows), part.above))
            continue
        first, rows, _ = last
        again = _texts(part.rows[0]) == _texts(first.rows[0])
        if again and above:
            tables.append((part, list(part.rows), above))
            continue
        rows += [_across(line, len(part.edges) - 1) for line in above]
        new = list(part.rows[1:] if again else part.rows)
        if new and not above and part.page != first.page and _goes_on(rows, new[0]):
            rows[-1] = _appended(rows[-1], new.pop(0))
        rows += new
    return tuple(Table(tuple(rows), before) for _, rows, before in tables if rows)


def _running_titles(parts: list[PagePart], pages: int) -> frozenset[str]:
    """Lines that stand above tables on several pages, whatever numbers are in them."""
    seen: Counter[str] = Counter()
    for page in {part.page for part in parts}:
        seen.update({_DIGITS.sub("0", line) for part in parts if part.page == page for line in part.above})
    return frozenset(line for line, count in seen.items() if count > 1 and count * 2 >= min(pages, 4))


def _is_running(line: str, running: frozenset[str]) -> bool:
    return _PAGE_NUMBER.match(line) is not None or _DIGITS.sub("0", line) in running


def _same_columns(one: PagePart, other: PagePart) -> bool:
    return len(one.edges) == len(other.edges) and all(
        abs(a - b) <= _SAME_EDGE_POINTS for a, b in zip(one.edges[1:-1], other.edges[1:-1], strict=True)
    )


def _texts(row: tuple[Cell, ...]) -> list[str]:
    return ["".join(cell.text.split()).casefold() for cell in row]


def _across(text: str, width: int) -> tuple[Cell, ...]:
    cell = Cell(text=text, width=max(width, 2))
    return (cell, *[replace(cell, copied=True)] * (width - 1))


def _goes_on(rows: list[tuple[Cell, ...]], first: tuple[Cell, ...]) -> bool:
    """Whether the first row of a page is the rest of the one before: it lacks what every other row has."""
    others = [row for row in rows[1:] if len(row) == len(first) and not any(cell.copied for cell in row)]
    if not any(cell.text for cell in first) or any(cell.copied for cell in first):
        return False
    if len(others) < 2:
        return bool(others) and _lacks_numbers_of(others[-1], first)
    for column, cell in enumerate(first):
        filled = sum(1 for row in others[:-1] if row[column].text)
        if not cell.text and filled >= _ALWAYS * len(others[:-1]) and filled:
            return True
    return False


def _lacks_numbers_of(row: tuple[Cell, ...], first: tuple[Cell, ...]) -> bool:
    """Whether the one row before has days, times or numbers, and this one has words alone, under words of it."""
    pairs = list(zip(row, first, strict=True))
    numbered = [cell for cell, more in pairs if _NUMBERED.match(plain(cell.text)) and not more.text]
    alone = not any(more.text and (not cell.text or _NUMBERED.match(plain(more.text))) for cell, more in pairs)
    return len(numbered) >= _LEAST_NUMBERED and alone


def _appended(row: tuple[Cell, ...], rest: tuple[Cell, ...]) -> tuple[Cell, ...]:
    return tuple(
        replace(cell, text=f"{cell.text}\n{more.text}".strip("\n"), links=(*cell.links, *more.links))
        if more.text or more.links
        else cell
        for cell, more in zip(row, rest, strict=True)
    )
