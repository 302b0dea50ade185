"""Delimited text (CSV and its relatives) as one table; encoding and separator are told by the content.

In: bytes. Out: `Document`. Lines above the heading row that hold no separator stand before the table. Source: RFC
4180, and what spreadsheet programs write beside it (``sep=;``, semicolons, tabs).
"""

import csv
import io
from collections import Counter

from processors.markup.encoding import decode
from processors.tables.document import Document, DocumentLimits, UnreadDocument
from processors.tables.document_type import CSV, declared_separator
from processors.tables.table import Cell, Table
from processors.text import lines

_SEPARATORS = (";", "\t", ",", "|")
_SAMPLE_LINES = 200
_MOST_COLUMNS = 200
_LONGEST_FIELD = 1_000_000


def read_delimited(content: bytes, content_type: str | None, limits: DocumentLimits) -> Document:
    """The one table of the text."""
    text = decode(content, content_type).text.lstrip("\ufeff")
    declared, _, rest = text.partition("\n")
    separator = declared_separator(declared.strip("\r\n"))
    if separator is not None:
        text = rest
    csv.field_size_limit(_LONGEST_FIELD)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator or _separator(text))
    rows: list[tuple[Cell, ...]] = []
    above: list[str] = []
    left = limits.cells
    try:
        for values in reader:
            if not any(value.strip() for value in values):
                continue
            left -= len(values)
            if left < 0:
                raise UnreadDocument(f"the table goes beyond {limits.cells} cells")
            if not rows and sum(1 for value in values if value.strip()) == 1:
                above.append(lines(" ".join(values)))
                continue
            rows.append(tuple(Cell(text=lines(value)) for value in values[:_MOST_COLUMNS]))
    except csv.Error as error:
        raise UnreadDocument(f"damaged: {error}") from error
    return Document(media_type=CSV, tables=(Table(tuple(rows), tuple(above)),) if rows else (), text=tuple(above))


def _separator(text: str) -> str:
    """The mark by which most lines fall into the same number of parts, the more parts the better."""
    sample = text[:200_000].splitlines()[:_SAMPLE_LINES]
    best, score = ",", 0
    for mark in _SEPARATORS:
        counts = Counter(len(row) for row in csv.reader(sample, delimiter=mark) if len(row) > 1)
        if counts:
            width, often = counts.most_common(1)[0]
            if often * min(width, 12) > score:
                best, score = mark, often * min(width, 12)
    return best
