"""A table read by its headings: which row is the heading, and each row below it by field.

In: a `Table`, a look-up of headings, perhaps a declared `Layout`. Out: `Grid` with one `Row` per row of
content. Heading rows may be two deep and come again; a row of one cell over the whole width is a section and
holds for the rows below.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from processors.tables.column_names import heading_form
from processors.tables.grid_rows import Column, Row, free_key, is_aside, is_footer, read_row
from processors.tables.layout import Layout
from processors.tables.table import Cell, Table
from processors.text import shortened

_HEADING_SEARCHED_ROWS = 12
_GOES_ON_COLUMNS = 4
_MOST_SHOWN = 10
_LONGEST_SHOWN = 200
_NAMES_A_ROW = ("case_number", "parties", "name")
_WORDS = re.compile(r"[^\W\d_]{3}|\d{1,2}\.\d{1,2}\.\d{4}")


@dataclass(frozen=True, slots=True)
class Grid:
    """Columns and rows of a table whose heading was understood; ``across``: its headings stand in a row.

    ``beside`` are lines of the table that are no rows of it: totals, dates of change, telephone numbers.
    """

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    before: tuple[str, ...] = field(default=())
    across: bool = True
    beside: tuple[str, ...] = field(default=())

    @property
    def remarks(self) -> tuple[str, ...]:
        """Sentences about what stands in the table and gave no row, and under which headings no field fits."""
        found = []
        if self.beside:
            shown = "; ".join(repr(shortened(line, _LONGEST_SHOWN)) for line in self.beside[:_MOST_SHOWN])
            more = f" and {len(self.beside) - _MOST_SHOWN} more" if len(self.beside) > _MOST_SHOWN else ""
            found.append(f"lines of the table that are no rows of it: {shown}{more}")
        used = {column.key for row in self.rows for column, value in row.values if value}
        unknown = [
            column.key
            for column in self.columns
            if column.field is None and (column.heading or column.key in used)
        ]
        if unknown:
            found.append("columns no field fits, kept under their own heading: " + ", ".join(unknown))
        return tuple(found)


def read_grids(
    tables: Iterable[Table], meaning: Callable[[str], str | None], layout: Layout | None, least: int = 2
) -> tuple[Grid, ...]:
    """All tables whose headings are understood; one without any goes on under those of the one before it."""
    field_of = _field_of(meaning, layout)
    grids: list[Grid] = []
    columns: tuple[Column, ...] = ()
    for table in tables:
        grid = read_grid(table, meaning, layout, least)
        if grid is None and len(columns) >= _GOES_ON_COLUMNS and _same_shape(table, columns, field_of):
            rows, beside = _rows(table, 0, columns)
            grid = Grid(columns, rows, table.before, beside=beside)
        if grid is not None:
            grids.append(grid)
            columns = grid.columns if grid.across else ()
    return tuple(grids)


def read_grid(
    table: Table, meaning: Callable[[str], str | None], layout: Layout | None, least: int = 2
) -> Grid | None:
    """The table by its headings; None where fewer than ``least`` of them are understood."""
    field_of = _field_of(meaning, layout)
    place = _heading_row(table, field_of, least)
    if place is None:
        return _upright(table, field_of, least)
    columns, first = _columns(table, place, field_of)
    above = tuple(text for cells in table.rows[:place] for text in _texts(cells))
    rows, beside = _rows(table, first, columns)
    return Grid(columns, rows, (*table.before, *above), beside=beside)


def _field_of(meaning: Callable[[str], str | None], layout: Layout | None) -> Callable[[str], str | None]:
    declared = _declared(layout)
    return lambda heading: declared.get(heading_form(heading)) or meaning(heading)


def _rows(table: Table, first: int, columns: tuple[Column, ...]) -> tuple[tuple[Row, ...], tuple[str, ...]]:
    """The rows of content from the ``first`` on, and the lines between and below them that are none."""
    forms = [heading_form(column.heading) for column in columns]
    rows: list[Row] = []
    beside: list[str] = []
    sections: tuple[str, ...] = ()
    of_no_row: tuple[str, ...] = ()
    for cells in table.rows[first:]:
        if is_footer(cells, columns):
            beside.append(_line(cells))
            continue
        section = _section(cells, columns)
        if section:
            sections, of_no_row = (*sections[-3:], *section), (*of_no_row, *section)
            continue
        if is_aside(cells, columns):
            beside.append(_line(cells))
            continue
        if _repeats(cells, forms) or _counts_columns(cells):
            continue
        row = read_row(cells, columns, sections)
        if row is not None:
            rows.append(row)
            of_no_row = ()
    feet = [_line(cells) for cells in table.footers if not _repeats(cells, forms)]
    return tuple(rows), tuple(filter(None, (*beside, *of_no_row, *feet)))


def _line(cells: tuple[Cell, ...]) -> str:
    return " ".join(_texts(cells))


def _texts(cells: tuple[Cell, ...]) -> Iterator[str]:
    yield from (" ".join(cell.text.split()) for cell in cells if cell.text and not cell.copied)


def _same_shape(table: Table, columns: tuple[Column, ...], field_of: Callable[[str], str | None]) -> bool:
    widths = {len(cells) for cells in table.rows}
    return widths == {len(columns)} and not any(
        sum(field_of(cell.text) is not None for cell in cells) * 2 > len(cells) for cells in table.rows[:1]
    )


def _counts_columns(cells: tuple[Cell, ...]) -> bool:
    """A row under the heading that only numbers the columns: 1, 2, 3 and so on."""
    stated = [cell.text.strip(" .()") for cell in cells if not cell.copied and cell.text]
    return (
        len(stated) > 2
        and stated == [str(number) for number in range(int(stated[0] == "1"), len(stated) + 1)][: len(stated)]
    )


def _declared(layout: Layout | None) -> Mapping[str, str]:
    if layout is None:
        return {}
    return {heading_form(heading): name for name, headings in layout.columns.items() for heading in headings}


def _heading_row(table: Table, field_of: Callable[[str], str | None], least: int) -> int | None:
    best: tuple[int, int] | None = None
    for place, cells in enumerate(table.rows[:_HEADING_SEARCHED_ROWS]):
        own = [cell for cell in cells if not cell.copied]
        known = {name for cell in own if (name := field_of(cell.text)) not in (None, "extra")}
        if (
            len(own) < 2
            or len(known) < least
            or (len(known) * 3 < len(own) and not all(cell.heading for cell in own))
        ):
            continue
        again = best is not None and _comes_again(table.rows[best[0]], cells)
        if best is None or (len(known) > best[1] and not again):
            best = (place, len(known))
    return best[0] if best else None


def _comes_again(first: tuple[Cell, ...], later: tuple[Cell, ...]) -> bool:
    """Whether a row only repeats the headings of an earlier one: what stands between them are rows of content."""
    pairs = zip(first, later, strict=False)
    alike = sum(bool(a.text) and heading_form(a.text) == heading_form(b.text) for a, b in pairs)
    return alike >= 2 and alike * 2 >= sum(1 for cell in later if cell.text)


def _repeats(cells: tuple[Cell, ...], forms: list[str]) -> bool:
    """Whether a row says the headings again; of two rows of headings each may say its part."""
    stated = [(heading_form(cell.text), form) for cell, form in zip(cells, forms, strict=False) if cell.text]
    alike = sum(own == form or form.endswith(f" {own}") or form.startswith(f"{own} ") for own, form in stated)
    return alike >= 2 and alike * 3 >= 2 * len(stated)


def _columns(table: Table, place: int, field_of: Callable[[str], str | None]) -> tuple[tuple[Column, ...], int]:
    """Columns, and the first row of content: a second heading row names the parts of a spanning heading."""
    cells = table.rows[place]
    headings = [" ".join(cell.text.split()) for cell in cells]
    parts: list[tuple[str, ...]] = [(heading,) for heading in headings]
    first = place + 1
    if any(cell.width > 1 for cell in cells) and first < len(table.rows):
        below = table.rows[first]
        named = sum(1 for cell in below if cell.heading or field_of(cell.text))
        if len(below) == len(cells) and named * 2 >= len(below):
            headings = [
                upper
                if lower.text == cells[index].text or not lower.text
                else f"{upper} {' '.join(lower.text.split())}"
                for index, (upper, lower) in enumerate(zip(headings, below, strict=True))
            ]
            # "Hearing | Time": the lower word says more than both together or the upper alone
            parts = [
                (lower.text, whole, upper.text) for lower, whole, upper in zip(below, headings, cells, strict=True)
            ]
            first += 1
    fields = [next((name for part in words if (name := field_of(part)) is not None), None) for words in parts]
    return named_columns(headings, fields), first


def named_columns(headings: Sequence[str], fields: Sequence[str | None]) -> tuple[Column, ...]:
    """Columns whose keys differ: one without heading is called by its place, one of several alike by a number."""
    taken: dict[str, None] = {}
    for place, heading in enumerate(headings, 1):
        taken.setdefault(free_key(taken, heading or f"column {place}"))
    return tuple(Column(*each) for each in zip(headings, fields, taken, strict=True))


def _section(cells: tuple[Cell, ...], columns: tuple[Column, ...]) -> tuple[str, ...]:
    """What a row says that holds for the rows below: cells over the width, or one word in an empty row."""
    own = [cell for cell in cells if not cell.copied]
    if len(columns) <= 2 or not own:
        return ()
    if len(own) == 1 and own[0].text and (own[0].width > 1 or len(cells) == 1):
        return (own[0].text,)
    if len(own) == 2 and all(cell.text and cell.width > 1 for cell in own) and is_aside(cells, columns):
        return tuple(cell.text for cell in own)
    stated = [place for place, cell in enumerate(cells) if cell.text]
    alone = len(stated) == 1 and stated[0] == 0 and len(columns) >= _GOES_ON_COLUMNS and len(own) == len(cells)
    if alone and columns[0].field not in _NAMES_A_ROW and _WORDS.search(cells[0].text):
        return (cells[0].text,)
    return ()


def _upright(table: Table, field_of: Callable[[str], str | None], least: int) -> Grid | None:
    """A card: headings in the first column, one record in the second."""
    pairs = [row for row in table.rows if len(row) == 2 and row[0].text and not row[1].copied]
    known = {name for row in pairs if (name := field_of(row[0].text)) not in (None, "extra", "row")}
    if len(known) < max(least, 3) or len(known) * 3 < len(pairs):
        return None
    headings = [" ".join(row[0].text.split()).rstrip(":") for row in pairs]
    columns = named_columns(headings, [field_of(row[0].text) for row in pairs])
    row = read_row(tuple(row[1] for row in pairs), columns, ())
    return Grid(columns, (row,) if row else (), table.before, across=False)
