"""One row of a table whose columns are known: which cell stands in which of them, and what is no row at all.

In: the cells of a row, and the columns. Out: a `Row`, or that it is a total, a telephone line or the like. Where
a row and the headings do not fit together, nothing is guessed: the cells keep their places as keys, and a remark
says so. Pure.
"""

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass
from itertools import count, takewhile

from processors.records.struck import CROSSED_OUT_ROW
from processors.tables.column_names import heading_form
from processors.tables.table import Cell, Link
from processors.tables.value_shapes import WHEN, fits, names_a_hearing
from processors.text import one_line

_LEAST_COLUMNS_OF_LINES = 4
_NAMES_A_ROW = ("case_number", "parties", "name", "surname")
_BESIDE = ("row", "number", "status", "extra", "documents", None)
_LONGEST_FOOTER = 160
_FOOTER = re.compile(
    r"^(?:"
    r"(?:всего|итого|усяго|усього|всього|разом|разам|агулам|razem|ogółem|łącznie|(?:grand |sub-?)?totals?)"
    r"(?:[ :–—-]+[^\W\d_]+){0,6}[\s:–—-]*(?:\d[\d\s.,]*[^\W\d_]*\.?)?"
    r"|(?:(?:последнее )?обновл|(?:апошняе )?абноўл|(?:останнє )?оновлен|дата обновления|ostatnia aktualizacja"
    r"|zaktualizowan|(?:last |page )?updated|(?:last )?modified|generated|as of|сформирован|сфармаван).*"
    r"|(?:телефон|тэлефон|тел\.|факс|phone|tel\.|telephone|fax|контакт|кантакт|канцеляр|e-?mail|справки по).*"
    r"|(?:реклама|рэклама|advertisement|sponsored|reklama)(?!\w).*"
    r"|(?:страница|старонка|сторінка|page|strona) \d+ (?:из|з|of|z) \d+"
    r"|(?:показан|показано|паказан|showing|wyświetl)\w* .*\d.*"
    r")$",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Column:
    """A heading in the page's words and the field it means; None or ``extra`` where no field fits.

    ``key``: the name of what stands in it where no field does. No two columns of a table have the same.
    """

    heading: str
    field: str | None
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row: values with their column, its links by column, and the section lines above it.

    ``comments`` hang on cells; ``remarks`` say what of the row was not understood. ``struck`` are words crossed
    out in it, which are no values; of a row that is ``crossed_out`` as a whole, its values are them. ``moments``
    are what cells of a sheet mean that show a day or time; ``covered`` words that a bar is drawn over.
    """

    values: tuple[tuple[Column, str], ...]
    links: tuple[tuple[Column, Link], ...] = ()
    sections: tuple[str, ...] = ()
    comments: tuple[tuple[Column, str], ...] = ()
    remarks: tuple[str, ...] = ()
    struck: tuple[tuple[Column, str], ...] = ()
    crossed_out: bool = False
    moments: tuple[tuple[Column, str], ...] = ()
    covered: tuple[tuple[Column, str], ...] = ()

    def unfitted(self, fields: Container[str | None]) -> dict[str, str]:
        """What no field of these takes, by the key of its column, and all comments."""
        found = {column.key: value for column, value in self.values if column.field not in fields and value}
        for column, comment in self.comments:
            found[free_key(found, f"{column.key} (comment)")] = comment
        return found

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


def free_key(taken: Container[str], key: str) -> str:
    """The key, with a number behind it where something else stands under it."""
    if key not in taken:
        return key
    return next(name for number in count(2) if (name := f"{key} ({number})") not in taken)


def json_key(column: Column, keys: Mapping[str, str], fields: Container[str | None]) -> str:
    """The key of the record under which the words of a column stand: a field's, or its own in ``extra``."""
    if column.field is None or column.field not in fields:
        return f"extra.{column.key}"
    return keys.get(column.field, column.field)


def is_footer(cells: tuple[Cell, ...], columns: tuple[Column, ...]) -> bool:
    """Whether the row is a total, the day of an update, a telephone line or an advertisement."""
    if len(columns) < _LEAST_COLUMNS_OF_LINES:
        return False
    stated = [(place, cell) for place, cell in enumerate(cells) if cell.text and not cell.copied]
    if not stated or any(
        names_a_hearing(columns[place].field, cell.text)
        for place, cell in stated
        if place < len(columns) and cell.width == 1
    ):
        return False
    first, *rest = (one_line(cell.text) for _, cell in stated)
    few = len(rest) <= 1 or not any(letter.isalpha() for text in rest for letter in text)
    whole = " ".join((first, *rest))
    return few and len(whole) <= _LONGEST_FOOTER and bool(_FOOTER.match(first) or _FOOTER.match(whole))


def is_aside(cells: tuple[Cell, ...], columns: tuple[Column, ...]) -> bool:
    """Whether the row is a line of one or two pieces, one of them over columns that mean different things."""
    own = [(place, cell) for place, cell in enumerate(cells) if not cell.copied and cell.says_something]
    if len(columns) < _LEAST_COLUMNS_OF_LINES or not 0 < len(own) <= 2:
        return False
    across = any(len(_fields_under(place, cell, columns)) > 1 for place, cell in own)
    return across and not any(
        names_a_hearing(columns[place].field, cell.text)
        for place, cell in own
        if place < len(columns) and len(_fields_under(place, cell, columns)) <= 1
    )


def _fields_under(place: int, cell: Cell, columns: tuple[Column, ...]) -> set[str]:
    """What the columns under a cell mean; those of day and time count as one."""
    fields = (column.field for column in columns[place : place + cell.width])
    return {"when" if field in WHEN else field for field in fields if field not in (None, "extra", "row")}


def read_row(cells: tuple[Cell, ...], columns: tuple[Column, ...], sections: tuple[str, ...]) -> Row | None:
    """The row by its columns; None where it says nothing."""
    beyond = tuple(Column("", None, f"column {place}") for place in range(len(columns) + 1, len(cells) + 1))
    remarks: list[str] = []
    pairs = list(zip((*columns, *beyond), cells, strict=False))
    why = _misfit(pairs, cells, columns)
    if why is not None:
        remarks.append(why)
        pairs = [(Column("", None, f"column {place}"), cell) for place, cell in enumerate(cells, 1)]
    else:
        pairs, joined = _wide_cells_apart(pairs)
        remarks += joined
        remarks += _uneven(cells, columns)
    remarks += [f"{column.key}: {cell.unread}" for column, cell in pairs if cell.unread and not cell.copied]
    remarks += [
        f"{column.key}: hidden on the page and left out: {words!r}"
        for column, cell in pairs
        if not cell.copied
        for words in cell.hidden
    ]
    crossed_out = _is_crossed_out(pairs)
    remarks += [CROSSED_OUT_ROW] * crossed_out
    remarks += [
        f"{column.key}: a bar is drawn over words, which are left out of the record"
        for column, cell in pairs
        if cell.covered and not cell.copied
    ]
    values = tuple(
        (column, cell.text or ("\n".join(cell.struck) if crossed_out else "")) for column, cell in pairs
    )
    own = [(column, cell) for column, cell in pairs if not cell.copied]
    if not any(cell.says_something for column, cell in own if column.field != "row") and not any(
        value for column, value in values if column.field != "row"
    ):
        return None
    return Row(
        values=values,
        links=tuple((column, link) for column, cell in own for link in cell.links),
        sections=sections,
        comments=tuple((column, comment) for column, cell in own for comment in cell.comments),
        remarks=tuple(remarks),
        struck=tuple((column, words) for column, cell in pairs for words in cell.struck),
        crossed_out=crossed_out,
        covered=tuple((column, words) for column, cell in pairs for words in cell.covered if not cell.copied),
        moments=tuple((column, cell.moment) for column, cell in pairs if cell.moment),
    )


def _is_crossed_out(pairs: list[tuple[Column, Cell]]) -> bool:
    """Whether nothing is left of the row but what is crossed out, in more than one cell or in its only one.

    Its number in the list, and words beside it that say why ("перенесено"), may be left.
    """
    own = [(column, cell) for column, cell in pairs if cell.text or cell.struck]
    crossed = sum(bool(cell.struck) for _, cell in own)
    left = [column.field for column, cell in own if cell.text]
    whole = crossed > 0 and not left and (crossed > 1 or len(pairs) == 1)
    named = any(column.field in _NAMES_A_ROW and cell.struck and not cell.text for column, cell in own)
    return whole or (named and crossed > 1 and all(field in _BESIDE for field in left))


def _misfit(pairs: list[tuple[Column, Cell]], cells: tuple[Cell, ...], columns: tuple[Column, ...]) -> str | None:
    """Why it is not known which heading a cell of the row stands under; None where that is known."""
    longer = any(cell.says_something for cell in cells[len(columns) :])
    shorter = len(cells) < len(columns)
    if not longer and not shorter:
        return None
    hanging = sum(cell.hangs for cell in cells)
    own = sum(not cell.copied for cell in cells)
    if longer and hanging:
        return (
            f"the row has {own} cells of its own beside {hanging} that reach down from above, and the table "
            f"{len(columns)} headings: under which heading a cell stands is not known"
        )
    if all(fits(column.field, cell.text) for column, cell in pairs):
        return None
    return (
        f"the row has {len(cells)} cells and the table {len(columns)} headings, and what it says does not fit "
        "them: under which heading a cell stands is not known"
    )


def _uneven(cells: tuple[Cell, ...], columns: tuple[Column, ...]) -> list[str]:
    if len(cells) < len(columns):
        return [f"the row has {len(cells)} cells and the table {len(columns)} headings"]
    if any(cell.says_something for cell in cells[len(columns) :]):
        return [
            f"the row has {len(cells)} cells and the table {len(columns)} headings: what stands beyond them is "
            "kept by the number of its column"
        ]
    return []


def _wide_cells_apart(pairs: list[tuple[Column, Cell]]) -> tuple[list[tuple[Column, Cell]], list[str]]:
    """A cell over columns that mean different things is the value of none; one over others is said once."""
    found: list[tuple[Column, Cell]] = []
    remarks: list[str] = []
    place = 0
    while place < len(pairs):
        column, cell = pairs[place]
        copies = list(takewhile(lambda pair: pair[1].copied and pair[1].width > 1, pairs[place + 1 :]))
        covered = [column, *(each for each, _ in copies[: cell.width - 1])] if cell.width > 1 else [column]
        place += len(covered)
        fields = {each.field for each in covered if each.field not in (None, "extra", "row")}
        if len(covered) > 1 and len({"when" if name in WHEN else name for name in fields}) > 1 and cell.text:
            key = " / ".join(each.key for each in covered)
            found.append((Column(key, None, key), cell))
            remarks.append(f"one cell stands under several headings and is the value of none of them: {key}")
            continue
        known = next((each for each in covered if each.field in fields), column)
        found.append((known, cell))
    return found, remarks
