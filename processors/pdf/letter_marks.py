"""Letters of a PDF page that are crossed out by a line, or covered by a bar drawn over them.

In: a page of pdfplumber. ``mark_letters`` writes the state of each letter into its own code, so that it survives
however letters are put together to words, lines and cells; ``unmarked`` takes a text apart again. Codes are those
of the two private planes (Unicode 16.0, §23.5), in which no document writes.

A line through a word runs within the middle half of its letters and through nearly all of its width, as no rule
between rows does; a crossing out may also be an annotation (PDF 32000-1, §12.5.6.10). A bar is a filled box,
drawn after the letter that it covers, or before it and in the same colour; a redaction that was never applied is
one, too (§12.5.6.23).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from processors.tables.struck_words import parted

_STRUCK, _COVERED = 0xF0000, 0x100000
_LAST = 0xFFFD
_MARKED = re.compile(f"[{chr(_STRUCK)}-{chr(_COVERED + _LAST)}]")
_COVERED_LETTERS = f"[{chr(_COVERED)}-{chr(_COVERED + _LAST)}]+"
_COVERED_RUN = re.compile(f"{_COVERED_LETTERS}(?:\\s+{_COVERED_LETTERS})*")
_THINNEST_BAR = 0.5  # of the letter's height
_THICKEST_LINE = 0.2
_MIDDLE = (0.25, 0.75)
_MOST_SHAPES = 5_000
_SAME_COLOUR = 0.1
_LEAST_UNDER_WHITE = 3
_DARK, _WHITE = 0.4, 0.98
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Unmarked:
    """A text of a page: the words that stand, those crossed out, and those under a bar."""

    text: str
    struck: tuple[str, ...] = ()
    covered: tuple[str, ...] = ()


def mark_letters(page: Any) -> None:
    """Mark the page's letters in place."""
    lines, bars = _shapes(page)
    # white boxes are the ground of cells, too, and cut the last letter of a word that is too long for its cell
    bars = [bar for bar in bars if not _is_ground(bar, page.chars)]
    struck_boxes, bar_boxes = _annotations(page)
    if not (lines or bars or struck_boxes or bar_boxes):
        return
    for number, char in enumerate(page.chars):
        text = char["text"]
        if not text.strip() or any(ord(letter) > _LAST for letter in text):
            continue
        if any(_covers(bar, char, number) for bar in bars) or any(_holds(box, char) for box in bar_boxes):
            char["text"] = _shifted(text, _COVERED)
        elif any(_crosses(line, char) for line in lines) or any(_holds(box, char) for box in struck_boxes):
            char["text"] = _shifted(text, _STRUCK)


def plain(text: str) -> str:
    """The text with all its letters, as if nothing were drawn over them."""
    return _MARKED.sub(lambda found: chr(ord(found.group()) & 0xFFFF), text)


def unmarked(text: str) -> Unmarked:
    """The text taken apart."""
    if _MARKED.search(text) is None:
        return Unmarked(text)
    covered = tuple(plain(found.group()) for found in _COVERED_RUN.finditer(text))
    pieces = [
        (plain(run), _MARKED.match(run) is not None)
        for run in re.split(f"([{chr(_STRUCK)}-{chr(_STRUCK + _LAST)}]+)", _COVERED_RUN.sub("", text))
        if run
    ]
    kept, struck = parted(pieces)
    return Unmarked(kept, struck, covered)


def _shifted(text: str, plane: int) -> str:
    return "".join(letter if letter.isspace() else chr(plane + ord(letter)) for letter in text)


@dataclass(frozen=True, slots=True)
class _Bar:
    """A filled box; ``after`` so many letters of the page."""

    box: Box
    after: int
    colour: tuple[float, ...] | None


def _shapes(page: Any) -> tuple[list[Box], list[_Bar]]:
    """Lines that are nearly level and thin, and filled boxes, in the order in which the page draws."""
    if len(page.rects) + len(page.lines) + len(page.curves) > _MOST_SHAPES:
        return [], []
    height = max((char["height"] for char in page.chars), default=0.0)
    lines: list[Box] = []
    bars: list[_Bar] = []
    letters = 0
    for shape in page.iter_layout_objects(page.layout._objs):
        kind = shape["object_type"]
        if kind == "char":
            letters += 1
        elif kind in ("line", "rect", "curve"):
            box = (shape["x0"], shape["top"], shape["x1"], shape["bottom"])
            tall = box[3] - box[1]
            if tall <= _THICKEST_LINE * height and box[2] - box[0] > tall:
                lines.append(box)
            elif kind != "line" and shape.get("fill"):
                bars.append(_Bar(box, letters, _colour(shape.get("non_stroking_color"))))
    return lines, bars


def _colour(stated: Any) -> tuple[float, ...] | None:
    """Red, green and blue; None for patterns."""
    values = tuple(stated) if isinstance(stated, tuple | list) else (stated,)
    if not all(isinstance(value, int | float) for value in values):
        return None
    match len(values):
        case 1:
            return (float(values[0]),) * 3
        case 3:
            return tuple(float(value) for value in values)
        case 4:
            return tuple((1 - float(value)) * (1 - float(values[3])) for value in values[:3])
    return None


def _is_ground(bar: _Bar, chars: Sequence[dict[str, Any]]) -> bool:
    if bar.colour is None or min(bar.colour) < _WHITE:
        return False
    return sum(_covers(bar, char, number) for number, char in enumerate(chars)) < _LEAST_UNDER_WHITE


def _covers(bar: _Bar, char: dict[str, Any], number: int) -> bool:
    wide, tall = bar.box[2] - bar.box[0], bar.box[3] - bar.box[1]
    if not _holds(bar.box, char) or tall < _THINNEST_BAR * char["height"] or wide < char["x1"] - char["x0"]:
        return False  # a rule between rows or columns may run over the end of a word
    if number < bar.after:  # drawn over the letter; one that shines through is seldom dark or white
        return bar.colour is not None and (max(bar.colour) <= _DARK or min(bar.colour) >= _WHITE)
    own = _colour(char.get("non_stroking_color"))
    return (
        bar.colour is not None
        and own is not None
        and all(abs(a - b) < _SAME_COLOUR for a, b in zip(bar.colour, own, strict=True))
    )


def _crosses(line: Box, char: dict[str, Any]) -> bool:
    middle, level = (char["x0"] + char["x1"]) / 2, (line[1] + line[3]) / 2
    top, height = char["top"], char["height"]
    return bool(line[0] <= middle <= line[2] and top + _MIDDLE[0] * height < level < top + _MIDDLE[1] * height)


def _holds(box: Box, char: dict[str, Any]) -> bool:
    x, y = (char["x0"] + char["x1"]) / 2, (char["top"] + char["bottom"]) / 2
    return bool(box[0] <= x <= box[2] and box[1] <= y <= box[3])


def _annotations(page: Any) -> tuple[list[Box], list[Box]]:
    """Where annotations cross words out, and where they lay a bar over them."""
    found: dict[str, list[Box]] = {"StrikeOut": [], "Redact": [], "Square": []}
    for annotation in page.annots:
        data = annotation.get("data") or {}
        kind = _written(data.get("Subtype"))
        box = (annotation["x0"], annotation["top"], annotation["x1"], annotation["bottom"])
        if kind == "Square" and not _is_dark(data.get("IC")):
            continue
        if kind in found:
            found[kind].append(box)
    return found["StrikeOut"], [*found["Redact"], *found["Square"]]


def _written(name: Any) -> str:
    stated = getattr(name, "name", name)
    return stated.decode("latin-1") if isinstance(stated, bytes) else str(stated)


def _is_dark(stated: Any) -> bool:
    colour = _colour(stated) if stated else None
    return colour is not None and max(colour) <= _DARK
