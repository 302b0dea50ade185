"""A table read by its headings: which row is the heading, and each row below it by field.

In: a `Table`, a look-up of headings, perhaps a declared `Layout`. Out: `Grid` with one `Row` per row of
content. Heading rows may be two deep and come again; a row of one cell over the whole width is a section and
holds for the rows below.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from processors.tables.column_names import heading_form
from processors.tables.layout import Layout
from processors.tables.table import Cell, Link, Table

_HEADING_SEARCHED_ROWS = 12
_GOES_ON_COLUMNS = 4
_NAMES_A_ROW = ("case_number", "parties", "name")
_WORDS = re.compile(r"[^\W\d_]{3}|\d{1,2}\.\d{1,2}\.\d{4}")


@dataclass(frozen=True, slots=True)
class Column:
    """A heading in the page's words and the field it means; None or ``extra`` where no field fits."""

    heading: str
    field: str | None


@dataclass(frozen=True, slots=True)
class Row:
    """One row: values with their column, its links by column, and the section lines above it."""

    values: tuple[tuple[Column, str], ...]
    links: tuple[tuple[Column, Link], ...]
    sections: tuple[str, ...]

    def all(self, name: str) -> list[tuple[str, str]]:
        """(heading, value) of every column of this field that says something, in order."""
        return [(column.heading, value) for column, value in self.values if column.field == name and value]

    def text(self, name: str) -> str | None:
        """The field's value; of several columns each under its heading, since each is a fact of its own."""
        found = _distinct(self.all(name))
        if not found:
            return None
        if len(found) == 1:
            return found[0][1]
        return "; ".join(f"{heading}: {value}" for heading, value in found)


def _distinct(stated: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Without columns that only repeat, or shorten, what another one says."""
    forms = [heading_form(value) for _, value in stated]
    return [
        pair
        for place, pair in enumerate(stated)
        if not any(
            forms[place] in other and (forms[place] != other or index < place)
            for index, other in enumerate(forms)
            if index != place
        )
    ]


@dataclass(frozen=True, slots=True)
class Grid:
    """Columns and rows of a table whose heading was understood; ``across``: its headings stand in a row."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    before: tuple[str, ...] = field(default=())
    across: bool = True


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
            grid = Grid(columns, _rows(table.rows, columns), table.before)
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
    return Grid(columns, _rows(table.rows[first:], columns), (*table.before, *above))


def _field_of(meaning: Callable[[str], str | None], layout: Layout | None) -> Callable[[str], str | None]:
    declared = _declared(layout)
    return lambda heading: declared.get(heading_form(heading)) or meaning(heading)


def _rows(content: Iterable[tuple[Cell, ...]], columns: tuple[Column, ...]) -> tuple[Row, ...]:
    forms = [heading_form(column.heading) for column in columns]
    rows: list[Row] = []
    sections: tuple[str, ...] = ()
    for cells in content:
        section = _section(cells, columns)
        if section is not None:
            sections = (*sections[-3:], section)
            continue
        if _repeats(cells, forms) or _counts_columns(cells):
            continue
        row = _row(cells, columns, sections)
        if row is not None:
            rows.append(row)
    return tuple(rows)


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
    columns = [
        Column(heading, next((name for part in words if (name := field_of(part)) is not None), None))
        for heading, words in zip(headings, parts, strict=True)
    ]
    return tuple(columns), first


def _section(cells: tuple[Cell, ...], columns: tuple[Column, ...]) -> str | None:
    """What a row says that holds for the rows below: one cell over the width, or one word in an empty row."""
    own = [cell for cell in cells if not cell.copied]
    if len(columns) <= 2 or not own:
        return None
    if len(own) == 1 and own[0].text and (own[0].width > 1 or len(cells) == 1):
        return own[0].text
    stated = [place for place, cell in enumerate(cells) if cell.text]
    alone = len(stated) == 1 and stated[0] == 0 and len(columns) >= _GOES_ON_COLUMNS and len(own) == len(cells)
    if alone and columns[0].field not in _NAMES_A_ROW and _WORDS.search(cells[0].text):
        return cells[0].text
    return None


def _row(cells: tuple[Cell, ...], columns: tuple[Column, ...], sections: tuple[str, ...]) -> Row | None:
    pairs = list(zip(columns, cells, strict=False))
    pairs += [
        (Column(f"column {place + 1}", None), cell) for place, cell in enumerate(cells) if place >= len(columns)
    ]
    values = tuple((column, cell.text) for column, cell in pairs)
    if not any(value for column, value in values if column.field != "row"):
        return None
    links = tuple((column, link) for column, cell in pairs for link in cell.links if not cell.copied)
    return Row(values, links, sections)


def _upright(table: Table, field_of: Callable[[str], str | None], least: int) -> Grid | None:
    """A card: headings in the first column, one record in the second."""
    pairs = [row for row in table.rows if len(row) == 2 and row[0].text and not row[1].copied]
    known = {name for row in pairs if (name := field_of(row[0].text)) not in (None, "extra", "row")}
    if len(known) < max(least, 3) or len(known) * 3 < len(pairs):
        return None
    columns = tuple(Column(" ".join(row[0].text.split()).rstrip(":"), field_of(row[0].text)) for row in pairs)
    row = _row(tuple(row[1] for row in pairs), columns, ())
    return Grid(columns, (row,) if row else (), table.before, across=False)
