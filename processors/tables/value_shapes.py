"""Whether a value can stand under a heading at all: asked where a row does not fit its table.

In: the field that a heading means, and a cell's text. Out: yes or no. Made to tell that cells stand under the
wrong headings, not to read values: what cannot be told is taken to fit. Pure.
"""

import re
from typing import Final

WHEN: Final = frozenset(("date", "time", "starts"))
_DAY = re.compile(r"\b(?:\d{1,2}([./-])\d{1,2}\1\d{2,4}|\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[./]\d{1,2})\b(?![-/])")
_CLOCK = re.compile(
    r"\b\d{1,2}\s*(?:[:.]|ч|h)\s*\d{2}\b|\b\d{1,2}\s*(?:ч\b|час|a\.?m|p\.?m|hrs?\b)", re.IGNORECASE
)
_CLOCK_ALONE = re.compile(r"\d{1,2}[:.]\d{2}(?::\d{2})?")
_DAY_ALONE = re.compile(r"\d{1,2}([./-])\d{1,2}\1\d{2,4}|\d{4}-\d{1,2}-\d{1,2}")
_DIGIT = re.compile(r"\d")
_LETTER = re.compile(r"[^\W\d_]")
_WORD = re.compile(r"[^\W\d_]{3}")
_PEOPLE = frozenset(("judge", "panel", "parties", "prosecutor", "clerk", "name", "persons"))


def fits(field: str | None, value: str) -> bool:
    """Whether the text can be a value of the field; an empty one can."""
    text = " ".join(value.split())
    if not text or field is None:
        return True
    if field in WHEN:
        return _is_time(field, text)
    if field == "case_number":
        whole_clock_or_day = _CLOCK_ALONE.fullmatch(text) or _DAY_ALONE.fullmatch(text)
        return bool(_DIGIT.search(text)) and not whole_clock_or_day
    if field in _PEOPLE:
        return bool(_LETTER.search(text))
    return True


def names_a_hearing(field: str | None, value: str) -> bool:
    """Whether the text shows by itself that its row is of a case: a day, a time of day or a case's number."""
    return bool(value.strip()) and field in (*WHEN, "case_number") and fits(field, value)


def _is_time(field: str, text: str) -> bool:
    if not _DIGIT.search(text):
        return False
    worded = bool(_WORD.search(text))
    if field == "date":
        return not _CLOCK_ALONE.fullmatch(text) and (worded or bool(_DAY.search(text)))
    if field == "time":
        return not _DAY_ALONE.fullmatch(text) and bool(_CLOCK.search(text))
    return worded or bool(_DAY.search(text) or _CLOCK.search(text))
