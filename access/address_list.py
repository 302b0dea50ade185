"""The addresses in a file that somebody sends: a CSV, or one address on each line.

In: the bytes of the file. Out: text with one address per line, each on the line of the file where it begins, so
that what is said of line 7 is found on line 7. A file whose first line names a column ``url`` (or ``address``) is
read as CSV by that column; any other by its first column. Raises `UnreadableListError`.
"""

import csv
import io
from typing import Final

MOST_BYTES: Final = 4 << 20
MOST_LINES: Final = 20_000
LONGEST_CELL: Final = 1 << 17
"""Characters. `csv` has the same limit, which other code of the process may have lifted for its own files."""

NAMES: Final = frozenset({"url", "address", "uri", "link"})
DELIMITERS: Final = ",;\t"


class UnreadableListError(ValueError):
    """The file is no list of addresses; the message says what was found, and that nothing was fetched."""


def address_lines(content: bytes) -> str:
    """The addresses, each on its line."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise UnreadableListError(
            f"The file is not UTF-8: byte {problem.start} is {content[problem.start]:#04x}. Save it as CSV UTF-8. "
            "Nothing was fetched."
        ) from problem
    if "\x00" in text:
        raise UnreadableListError("The file holds the character U+0000, so it is no text. Nothing was fetched.")
    head = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=head.count)
    if not head.count(delimiter):
        delimiter = ","
    lines: list[str] = []
    column: int | None = None
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=False)
    before = 0
    try:
        for row in reader:
            first, before = before, reader.line_num
            if first >= MOST_LINES:
                raise UnreadableListError(f"The file has more than {MOST_LINES} lines. Nothing was fetched.")
            if max(map(len, row), default=0) > LONGEST_CELL:
                raise csv.Error(f"a field is longer than {LONGEST_CELL} characters")
            if column is None:
                named = [place for place, cell in enumerate(row) if cell.strip().lower() in NAMES]
                column = named[0] if named else 0
                if named:
                    continue
            cell = row[column] if column < len(row) else ""
            lines += [""] * (first - len(lines))
            lines.append(" ".join(cell.split()))
    except csv.Error as problem:
        raise UnreadableListError(
            f"Line {reader.line_num} of the file cannot be read as CSV: {problem}. Nothing was fetched."
        ) from problem
    return "\n".join(lines)
