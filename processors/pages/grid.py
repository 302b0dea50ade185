"""A table read by its headings: which row is the heading, and each row below it by field.

In: a `Table`, a look-up of headings, perhaps a declared `Layout`. Out: `Grid` with one `Row` per row of
content. Heading rows may be two deep and come again; a row of one cell over the whole width is a section and
holds for the rows below.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from processors.pages.headings import heading_form
from processors.pages.layout import Layout
from processors.pages.tables import Cell, Link, Table

_HEADING_SEARCHED_ROWS = 12


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
        found = self.all(name)
        if not found:
            return None
        if len(found) == 1:
            return found[0][1]
        return "; ".join(f"{heading}: {value}" for heading, value in found)


@dataclass(frozen=True, slots=True)
class Grid:
    """Columns and rows of a table whose heading was understood."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    before: tuple[str, ...] = field(default=())


def read_grid(
    table: Table, meaning: Callable[[str], str | None], layout: Layout | None, least: int = 2
) -> Grid | None:
    """The table by its headings; None where fewer than ``least`` of them are understood."""
    declared = _declared(layout)

    def field_of(heading: str) -> str | None:
        return declared.get(heading_form(heading)) or meaning(heading)

    place = _heading_row(table, field_of, least)
    if place is None:
        return _upright(table, field_of, least)
    columns, first = _columns(table, place, field_of)
    forms = [heading_form(column.heading) for column in columns]
    rows: list[Row] = []
    sections: tuple[str, ...] = ()
    for cells in table.rows[first:]:
        if _is_section(cells, len(columns)):
            text = cells[0].text
            sections = (*sections[-3:], text)
            continue
        if [heading_form(cell.text) for cell in cells][: len(forms)] == forms:
            continue
        row = _row(cells, columns, sections)
        if row is not None:
            rows.append(row)
    return Grid(columns, tuple(rows), table.before)


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
        if best is None or len(known) > best[1]:
            best = (place, len(known))
    return best[0] if best else None


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


def _is_section(cells: tuple[Cell, ...], width: int) -> bool:
    own = [cell for cell in cells if not cell.copied]
    return len(own) == 1 and bool(own[0].text) and (own[0].width > 1 or len(cells) == 1) and width > 2


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
    return Grid(columns, (row,) if row else (), table.before)
