"""A page that is a picture, read by tesseract: the tables its ruling lines draw, and the words outside them.

In: a page of pdfplumber and the program. Out: a `Scan`, None where no letters were found. The page is read once
as a whole, to see where its columns stand, and its tables again cell by cell or column by column: read across,
tesseract takes the white between columns for dashes and strokes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from pdfplumber.table import cells_to_tables, edges_to_intersections, intersections_to_cells, merge_edges

from processors.pdf.ocr_strips import Strips
from processors.pdf.page_parts import PagePart
from processors.pdf.ruled_tables import Box, drawn_tables
from processors.pdf.scan_cleanup import Greys, RuledLine, sheet_of
from processors.pdf.tesseract import DOTS_PER_INCH, Letters, language_of, read_letters, version_of
from processors.pdf.unruled_tables import Word, lines_of, outside_of, unruled_table

_POINTS = 72 / DOTS_PER_INCH
# lines of one table end this far from each other at most, in points: scanned ones are ragged
_RAGGED_POINTS = 5


@dataclass(frozen=True, slots=True)
class Scan:
    """What a picture of a page says; ``confidence`` 0 to 100."""

    ruled: tuple[tuple[PagePart, Box], ...]
    words: tuple[Word, ...]
    language: str
    confidence: float


def read_scan(page: Any, program: str) -> Scan | None:
    """The page's tables and words as tesseract reads them."""
    picture = page.to_image(resolution=DOTS_PER_INCH).original.convert("L")
    sheet = sheet_of(np.asarray(picture, dtype=np.uint8), DOTS_PER_INCH)
    whole = read_letters(sheet.greys, program, language_of(sheet.greys, program))
    if whole is None:
        return None
    tables = _boxes(sheet.lines)
    words = tuple(map(_in_points, whole.words))
    cells = [box for boxes in tables for box in boxes] or _columns(words)
    again = _read_apart(sheet.greys, cells, program, whole.language)
    if again is not None:
        words = (*outside_of(words, cells), *map(_in_points, again.words))
    ruled = tuple(drawn_tables(tables, words))
    return Scan(ruled, words, whole.language, (again or whole).confidence)


def read_by(scans: Sequence[tuple[int, Scan]], program: str) -> str:
    """A sentence about what was read from pictures, by what and how surely."""
    numbers = [number for number, _ in scans]
    pages = f"page {numbers[0]} was" if len(numbers) == 1 else f"{len(numbers)} pages (first {numbers[0]}) were"
    languages = ", ".join(sorted({scan.language for _, scan in scans}))
    least = min(scan.confidence for _, scan in scans)
    return (
        f"{pages} read from a picture by tesseract {version_of(program)} ({languages}), sure of its letters to"
        f" {least:.0f} of 100{'' if len(numbers) == 1 else ' on the worst page'}: compare with the document"
    )


def _in_points(word: Word) -> Word:
    return Word(word.text, *(place * _POINTS for place in (word.left, word.right, word.top, word.bottom)))


def _columns(words: Sequence[Word]) -> list[Box]:
    """The columns of the table that stands on the page without lines; none where there is no table."""
    found = unruled_table(lines_of(words))
    if found is None:
        return []
    part, _ = found
    return [(left, part.top, right, part.bottom) for left, right in pairwise(part.edges)]


def _read_apart(greys: Greys, boxes: Sequence[Box], program: str, language: str) -> Letters | None:
    """Every box by itself."""
    strips = Strips.of(greys, [tuple(round(place / _POINTS) for place in box) for box in boxes])
    if not strips.places:
        return None
    # every strip holds ink: what is read badly is better than nothing where a name stood
    read = read_letters(strips.picture, program, language, least_confidence=0)
    return None if read is None else replace(read, words=strips.put_back(read.words))


def _boxes(lines: Sequence[RuledLine]) -> list[list[Box]]:
    """The boxes of each table that the lines draw, as pdfplumber finds them among a page's own lines."""
    edges = [_edge(line) for line in lines]
    near = {f"{kind}_{axis}_tolerance": _RAGGED_POINTS for kind in ("snap", "join") for axis in ("x", "y")}
    crossings = edges_to_intersections(merge_edges(edges, **near), _RAGGED_POINTS, _RAGGED_POINTS)
    return [list(boxes) for boxes in cells_to_tables(intersections_to_cells(crossings))]


def _edge(line: RuledLine) -> dict[str, Any]:
    """A line of a scan as pdfplumber describes an edge: in points, without thickness."""
    left, top, right, bottom = (place * _POINTS for place in (line.left, line.top, line.right, line.bottom))
    if line.level:
        top = bottom = (top + bottom) / 2
    else:
        left = right = (left + right) / 2
    return {
        "x0": left,
        "x1": right,
        "top": top,
        "bottom": bottom,
        "width": right - left,
        "height": bottom - top,
        "orientation": "h" if line.level else "v",
        "object_type": "line",
    }
