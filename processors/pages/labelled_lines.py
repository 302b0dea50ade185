"""What a page says once of everything on it, in lines of a label and a value: ``Case Number: 27/2015``.

In: the lines of a page or document, and the lexicon of headings. Out: values by field, of fields that the page
says once. For pages of one case, whose tables of hearings need not repeat its number. Pure.
"""

import re
from collections.abc import Callable, Iterable

from processors.text import one_line

_LABELLED = re.compile(r"^([^\d:：]{3,60}?)\s*[:：]\s*(\S.{0,200})$")
SAID_ONCE = ("case_number", "court", "judge")
_MOST_LINES = 2_000


def labelled(lines: Iterable[str], field_of: Callable[[str], str | None]) -> dict[str, str]:
    """Field to its value; a field that two lines fill with different values is left out."""
    found: dict[str, set[str]] = {}
    before = ""
    for number, line in enumerate(lines):
        if number >= _MOST_LINES:
            break
        text = one_line(line)
        # a label may stand alone, and its value with the colon on the line below
        match = _LABELLED.match(text) or (_LABELLED.match(f"{before}{text}") if text.startswith(":") else None)
        before = text
        if match is None:
            continue
        field = field_of(match.group(1))
        if field in SAID_ONCE:
            found.setdefault(str(field), set()).add(match.group(2).strip())
    return {field: values.pop() for field, values in found.items() if len(values) == 1}
