"""Tables that stand without lines inside the boxes of a ruled one, or of a mere frame with headings.

In: the boxes of a ruled table with the words in each. Out: the rows that stand in each such box. Words are in a
table where white stripes run through most of their lines. Boxes of the same width are looked at together, since
a rule may part the rows of one table; where they have as many columns as the ruled table above them, the rows are
its rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from processors.pdf.unruled_tables import Word, WordLine, gutters_of, lines_of, rows_between
from processors.tables.merged_cells import Span
from processors.tables.table import Cell

_LEAST_LINES = 4
_LEAST_GUTTERS = 2
_LEAST_SHARE = 0.25
_SEVERAL_COLUMNS = 2


@dataclass(frozen=True, slots=True)
class Within:
    """Rows inside one box; ``gutters`` part their columns."""

    rows: tuple[tuple[Cell, ...], ...]
    gutters: tuple[float, ...]


def tables_within(spans: Sequence[Span], words: Mapping[int, Sequence[Word]]) -> dict[int, Within]:
    """By the number of the box: what boxes over several columns hold as a table of its own."""
    alike: dict[tuple[int, int], list[int]] = {}
    for number, span in enumerate(spans):
        if span.right - span.left + 1 >= _SEVERAL_COLUMNS and number in words:
            alike.setdefault((span.left, span.right), []).append(number)
    found: dict[int, Within] = {}
    for numbers in alike.values():
        held = {number: lines_of(words[number]) for number in numbers}
        # a box of a line or two is a section of the table, not a part of one
        tall = {number: lines for number, lines in held.items() if _is_table(lines)}
        gutters = gutters_of(line for lines in tall.values() for line in lines)
        if len(gutters) >= _LEAST_GUTTERS:
            found |= {
                number: Within(tuple(rows_between(lines, gutters)), tuple(gutters))
                for number, lines in tall.items()
            }
    return found


def _is_table(lines: Sequence[WordLine]) -> bool:
    several = [line for line in lines if line.parts > 1]
    return (
        len(several) >= _LEAST_LINES
        and len(several) >= _LEAST_SHARE * len(lines)
        and len(gutters_of(several)) >= _LEAST_GUTTERS
    )
