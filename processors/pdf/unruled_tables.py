"""Tables that no ruling lines show: columns are what white space runs through, rows what begins in one column.

In: words with their places on a page. Out: lines, and of these the tables. Lengths in points, from the page's top
left. A column's gutter is white in every line that has several parts; a row begins where a horizontal rule says
so, else where the column of numbers, times or dates has words, else where the gap above is wide.
"""

import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from processors.pdf.letter_marks import plain
from processors.pdf.page_parts import PagePart
from processors.tables.merged_cells import EMPTY
from processors.tables.table import Cell
from processors.text import one_line

# letters of one word stand closer than this part of their height
BLANK_OF_HEIGHT = 0.25
# a blank between words is a quarter to half of the letters' height; columns stand further apart (in heights)
_PART_GAP = 0.8
_GUTTER = 0.6
_GUTTER_OF_FEW_LINES = 0.9
_FEW_LINES = 5
_ANCHOR = re.compile(r"^\W{0,2}\d")
_ANCHOR_SHARE = 0.7
_NUMBER_LETTERS = 3
_WIDER = 1.3
_SAME_LEFT_POINTS = 2.0
_ALIGNED_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class Word:
    """A word and its box."""

    text: str
    left: float
    right: float
    top: float
    bottom: float


@dataclass(frozen=True, slots=True)
class WordLine:
    """Words that stand on one line, from the left."""

    words: tuple[Word, ...]

    @property
    def top(self) -> float:
        """The upper end of the highest word."""
        return min(word.top for word in self.words)

    @property
    def height(self) -> float:
        """Of the letters."""
        return median(word.bottom - word.top for word in self.words)

    @property
    def text(self) -> str:
        """All words."""
        return one_line(" ".join(word.text for word in self.words))

    @property
    def parts(self) -> int:
        """How many groups of words stand apart by more than blanks."""
        gaps = (after.left - before.right for before, after in zip(self.words, self.words[1:], strict=False))
        return 1 + sum(gap > _PART_GAP * self.height for gap in gaps)


def lines_of(words: Iterable[Word]) -> list[WordLine]:
    """Words put into lines, the topmost first."""
    found: list[list[Word]] = []
    for word in sorted(words, key=lambda word: ((word.top + word.bottom) / 2, word.left)):
        middle = (word.top + word.bottom) / 2
        last = found[-1] if found else None
        if last and middle < median((each.top + each.bottom) / 2 for each in last[-8:]) + 0.4 * (
            word.bottom - word.top
        ):
            last.append(word)
        else:
            found.append([word])
    return [WordLine(tuple(sorted(line, key=lambda word: word.left))) for line in found]


def outside_of(words: Iterable[Word], boxes: Iterable[tuple[float, float, float, float]]) -> list[Word]:
    """The words whose middle lies in none of these boxes."""
    around = tuple(boxes)
    return [word for word in words if not any(_holds(box, word) for box in around)]


def _holds(box: tuple[float, float, float, float], word: Word) -> bool:
    x, y = (word.left + word.right) / 2, (word.top + word.bottom) / 2
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


def unruled_table(
    lines: Sequence[WordLine], rules: Sequence[float] = ()
) -> tuple[PagePart, list[WordLine]] | None:
    """The table that these lines hold, and the lines above it; None where they are running text.

    ``rules``: heights of horizontal rules on the page.
    """
    several = [place for place, line in enumerate(lines) if line.parts > 1]
    if len(several) < 2:
        return None
    body = list(lines[several[0] : several[-1] + 1])
    body += _rest_of_last_row(lines[several[-1] + 1 :], body)
    gutters = gutters_of(body)
    if len(gutters) < 2 or len(several) * 4 < len(body):
        return None
    rows = rows_between(body, gutters, rules)
    edges = (min(line.words[0].left for line in body), *gutters, max(line.words[-1].right for line in body))
    part = PagePart(rows=tuple(rows), edges=edges, top=body[0].top, bottom=body[-1].top + body[-1].height)
    return part, list(lines[: several[0]])


def _rest_of_last_row(below: Sequence[WordLine], body: list[WordLine]) -> list[WordLine]:
    """Lines under the last one of several parts, as close as lines of one cell are."""
    rest: list[WordLine] = []
    last = body[-1]
    for line in below:
        if line.top - last.top > 1.6 * last.height:
            break
        rest.append(line)
        last = line
    return rest


def rows_between(
    lines: Sequence[WordLine], gutters: list[float], rules: Sequence[float] = ()
) -> list[tuple[Cell, ...]]:
    """The rows that these lines make in the columns that gutters part."""
    lefts = _lefts(lines, gutters)
    placed = [_placed(line, gutters, lefts) for line in lines]
    rows: list[tuple[Cell, ...]] = []
    for group in _groups(lines, placed, rules):
        rows += _row([placed[place] for place in group], [lines[place] for place in group], len(gutters) + 1)
    return rows


def gutters_of(several: Iterable[WordLine]) -> list[float]:
    """The middle of each white stripe that runs through all lines of several parts; none without such lines."""
    lines = [line for line in several if line.parts > 1]
    if not lines:
        return []
    height = median(line.height for line in lines)
    least = height * (_GUTTER if len(lines) > _FEW_LINES else _GUTTER_OF_FEW_LINES)
    taken = sorted((word.left, word.right) for line in lines for word in line.words)
    gutters: list[float] = []
    reached = taken[0][1]
    for left, right in taken:
        if left - reached >= least:
            gutters.append((left + reached) / 2)
        reached = max(reached, right)
    return gutters


def _lefts(lines: Sequence[WordLine], gutters: list[float]) -> list[float | None]:
    """Where the words of each column begin, in the lines of several parts; None where they begin anywhere."""
    found: list[float | None] = []
    for start, end in zip([float("-inf"), *gutters], [*gutters, float("inf")], strict=True):
        begins = [
            next((word.left for word in line.words if start < word.left < end), None)
            for line in lines
            if line.parts > 1
        ]
        known = [left for left in begins if left is not None]
        middle = median(known) if known else 0.0
        alike = sum(abs(left - middle) < _SAME_LEFT_POINTS for left in known)
        found.append(middle if len(known) > 1 and alike >= _ALIGNED_SHARE * len(known) else None)
    return found


def _placed(line: WordLine, gutters: list[float], lefts: Sequence[float | None]) -> list[str] | None:
    """The line's words by column; None for a line that runs across gutters as one.

    A line that begins where the words of a later column do is one of its lines, however far it runs.
    """
    crossing = sum(1 for gutter in gutters for word in line.words if word.left < gutter < word.right)
    columns: list[list[str]] = [[] for _ in range(len(gutters) + 1)]
    for word in line.words:
        middle = (word.left + word.right) / 2
        columns[sum(1 for gutter in gutters if gutter < middle)].append(word.text)
    filled = [place for place, words in enumerate(columns) if words]
    if line.parts == 1 and (crossing or len(filled) > 1):
        first = filled[0]
        left = lefts[first]
        if first == 0 or left is None or abs(line.words[0].left - left) >= _SAME_LEFT_POINTS:
            return None
        return ["" if place != first else line.text for place in range(len(columns))]
    if crossing:
        return None
    return [one_line(" ".join(words)) for words in columns]


def _groups(lines: Sequence[WordLine], placed: list[list[str] | None], rules: Sequence[float]) -> list[list[int]]:
    """Places of the lines that make each row."""
    starts = _ruled_starts(lines, rules)
    if starts is None:
        starts = _starts(lines, placed)
    groups: list[list[int]] = []
    for place in range(len(lines)):
        alone = placed[place] is None
        if not groups or alone or place in starts or placed[groups[-1][0]] is None:
            groups.append([place])
        else:
            groups[-1].append(place)
    return groups


def _ruled_starts(lines: Sequence[WordLine], rules: Sequence[float]) -> set[int] | None:
    """First lines under each horizontal rule, where there are rules for most rows."""
    starts = {0}
    for place, (before, after) in enumerate(itertools.pairwise(lines), 1):
        if any(before.top < rule <= after.top + 0.4 * after.height for rule in rules):
            starts.add(place)
    return starts if len(starts) * 4 >= len(lines) and len(starts) > 2 else None


def _starts(lines: Sequence[WordLine], placed: list[list[str] | None]) -> set[int]:
    anchored = _anchored(placed)
    wide = _after_wide_gaps(lines)
    if anchored is None:
        return wide or {place for place, cells in enumerate(placed) if cells is None or cells[0]}
    first = min(anchored)
    # words beside the middle of a tall cell: gaps then show rows that hold one number each
    by_gap = sorted({*wide, 0})
    held = [
        sum(1 for place in anchored if start <= place < end)
        for start, end in zip(by_gap, [*by_gap[1:], len(lines)], strict=True)
        if end > first
    ]
    if wide and held and all(count == 1 for count in held):
        return set(by_gap)
    # what stands above the first number is one row of headings
    return {0, *anchored}


def _anchored(placed: list[list[str] | None]) -> set[int] | None:
    """Lines at which the leftmost column of numbers, times or dates has words; None where no column is such."""
    rows = [(place, cells) for place, cells in enumerate(placed) if cells is not None]
    for column in range(len(rows[0][1]) if rows else 0):
        filled = [(place, cells[column]) for place, cells in rows if cells[column]]
        numbers = [place for place, text in filled if _ANCHOR.match(plain(text))]
        if len(numbers) >= (1 if column == 0 else 2) and len(numbers) >= _ANCHOR_SHARE * sum(
            place >= numbers[0] for place, _ in filled
        ):
            # a dash or a badly read digit among the numbers begins a row, too
            short = [place for place, text in filled if place > numbers[0] and len(text) <= _NUMBER_LETTERS]
            return {*numbers, *short}
    return None


def _after_wide_gaps(lines: Sequence[WordLine]) -> set[int]:
    """Lines with a gap above that is clearly wider than the least; empty where all gaps are alike."""
    gaps = [after.top - before.top for before, after in itertools.pairwise(lines)]
    if len(gaps) < 3:
        return set()
    ordered = sorted(gaps)
    jumps = [(b / max(a, 0.1), a, b) for a, b in itertools.pairwise(ordered)]
    ratio, below, above = max(jumps)
    if ratio < _WIDER:
        return set()
    return {0, *(place for place, gap in enumerate(gaps, 1) if gap > (below + above) / 2)}


def _row(placed: list[list[str] | None], lines: list[WordLine], width: int) -> list[tuple[Cell, ...]]:
    """The cells of a row, its lines joined; a line across the table is a row of its own, one wide cell."""
    if placed[0] is None:
        text = Cell(text=lines[0].text, width=width)
        copy = Cell(text=text.text, width=width, copied=True)
        return [(text, *[copy] * (width - 1))]
    columns = ["\n".join(cells[column] for cells in placed if cells and cells[column]) for column in range(width)]
    return [tuple(Cell(text=text) if text else EMPTY for text in columns)]
