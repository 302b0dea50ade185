"""What differs between two wordings of one record, word by word, for the eye.

In: the contents of two versions. Out: JSON-ready rows, one per field that differs: ``field``, ``before`` and
``after`` as they stand, and ``pieces`` in reading order, each with its ``text`` and whether it is ``same``,
``gone`` or ``new``. Long passages that stayed are shown by their ends only. Pure.
"""

import re
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from typing import Any, Final

from access.rendering.formatting import format_value

WORD: Final = re.compile(r"\S+\s*|\s+")
LINE: Final = re.compile(r".*\n?")

WORDS_AT_MOST: Final = 6000
"""Above so many words in either wording, lines are compared: time grows with the square."""

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
            "pieces": list(_pieces(format_value(before.get(name)), format_value(after.get(name)))),
        }
        for name in rows
    ]


def _pieces(before: str, after: str) -> Iterator[Piece]:
    by_words = WORD.findall(before), WORD.findall(after)
    few = max(map(len, by_words)) <= WORDS_AT_MOST
    old, new = by_words if few else (LINE.findall(before), LINE.findall(after))
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    steps = matcher.get_opcodes()
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
