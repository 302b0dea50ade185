"""What differs between two wordings of one record, word by word, for the eye.

In: the contents of two versions. Out: JSON-ready rows, one per field that differs: ``field``, ``before`` and
``after`` as they stand, and ``pieces`` in reading order, each with its ``text`` and whether it is ``same``,
``gone`` or ``new``. Long passages that stayed are shown by their ends only. Pure.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from access.rendering.bounded_matcher import Opcode, joined_equals, steps_between
from access.rendering.formatting import format_value

WORD: Final = re.compile(r"\S+\s*|\s+")
LINE: Final = re.compile(r".*\n?")

WORDS_AT_MOST: Final = 6000
"""Above so many words in either wording, lines are compared first, and then the words of those that differ."""

KEPT_AROUND: Final = 120
"""Characters of what stayed that are shown on either side of a change."""

Piece = dict[str, str]


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every field that differs, text and title first."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    rows = sorted(names, key=lambda name: (name not in ("title", "text"), name))
    return [
        {
            "field": name,
            "before": before.get(name),
            "after": after.get(name),
            "pieces": text_difference(format_value(before.get(name)), format_value(after.get(name))).pieces,
        }
        for name in rows
    ]


@dataclass(frozen=True, slots=True)
class TextDifference:
    """``coarse``: the two differ so much, or so oddly, that parts count as replaced without a closer look."""

    pieces: list[Piece]
    coarse: bool


def text_difference(before: str, after: str) -> TextDifference:
    """What differs between two texts, as pieces in reading order; in bounded time, whatever the texts."""
    by_words = WORD.findall(before), WORD.findall(after)
    if max(map(len, by_words)) <= WORDS_AT_MOST:
        old, new = by_words
        steps, left = steps_between(old, new)
    else:
        old, new, steps, left = _by_lines(LINE.findall(before), LINE.findall(after))
    return TextDifference(list(_shown_pieces(old, new, steps)), left < 0)


def _by_lines(before: list[str], after: list[str]) -> tuple[list[str], list[str], list[Opcode], int]:
    """Lines compared first, and within those that were replaced their words; both as words, with the steps."""
    lines, left = steps_between(before, after)
    old: list[str] = []
    new: list[str] = []
    steps: list[Opcode] = []
    for step, old_from, old_to, new_from, new_to in lines:
        gone, came = before[old_from:old_to], after[new_from:new_to]
        if step == "replace" and left > 0:
            words = WORD.findall("".join(gone)), WORD.findall("".join(came))
            if max(map(len, words)) <= WORDS_AT_MOST:
                gone, came = words
                inner, left = steps_between(gone, came, steps=left)
                shift = len(old), len(new)
                steps += [(s, a + shift[0], b + shift[0], c + shift[1], d + shift[1]) for s, a, b, c, d in inner]
                old += gone
                new += came
                continue
        steps.append((step, len(old), len(old) + len(gone), len(new), len(new) + len(came)))
        old += gone
        new += came
    return old, new, joined_equals(steps), left


def _shown_pieces(old: list[str], new: list[str], steps: list[Opcode]) -> Iterator[Piece]:
    for place, (step, old_from, old_to, new_from, new_to) in enumerate(steps):
        if step == "equal":
            yield _shown(_joined(new[new_from:new_to]), first=place == 0, last=place == len(steps) - 1)
            continue
        if old_from < old_to:
            yield {"change": "gone", "text": _joined(old[old_from:old_to])}
        if new_from < new_to:
            yield {"change": "new", "text": _joined(new[new_from:new_to])}


def _joined(words: list[str]) -> str:
    return "".join(words)


def _shown(text: str, *, first: bool, last: bool) -> Piece:
    """What stayed, without its middle where it is long; at the ends of the text, without what lies outside."""
    start = "" if first else text[:KEPT_AROUND]
    end = "" if last else text[-KEPT_AROUND:]
    if len(text) > len(start) + len(end) + KEPT_AROUND:
        text = f"{start} … {end}"
    return {"change": "same", "text": text}
