"""Case numbers as they stand in running lines, where no heading says what is one.

In: a line. Out: the first thing in it that is built like a case number and is no date. Pure.
"""

import re

from processors.pages.dates import read_moment

# at least three digits, parts joined by hyphens or strokes; or capitals grown together with digits
_NUMBER = re.compile(
    r"(?<![\w/.:@=-])(?:"
    r"(?=(?:[^\W\d_]|[/:-])*\d(?:[^\W\d_]|[/:-])*\d(?:[^\W\d_]|[/:-])*\d)"
    r"(?:\d{1,2}:)?[A-ZА-ЯІЎЇЄ0-9]{1,8}(?:[-/](?:[A-ZА-ЯІЎЇЄ0-9]{1,8}|cv|cr|mc|mj|md|bk|ap|[а-яіўїє]{1,2})){1,5}"
    r"|[A-ZА-ЯІЎЇЄ]{1,4}\d{2}[A-ZА-ЯІЎЇЄ]\d{3,5}"
    r"|[A-ZА-ЯІЎЇЄ]{2,4}\d{5,8}"
    r")(?![\w/@=])"
)

_PHONE = re.compile(r"\(\d{3}\)\s*$|(?:тел|phone|fax|факс|tel)\S*\s*$", re.IGNORECASE)


def case_number_in(line: str) -> str | None:
    """The first case number of the line."""
    return next(
        (
            found.group()
            for found in _NUMBER.finditer(line)
            if read_moment(found.group()) is None and not _PHONE.search(line[: found.start()])
        ),
        None,
    )
