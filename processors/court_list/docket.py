"""The docket of one case: what was filed, ordered and set in it, each entry with its day.

In: a page's tables and lines. Out: a `Hearing` for each entry, all of the one case that the page names; none where
it names no case, or has no entries. A table of entries has headings of a day and of a description, or a day at the
beginning of nearly every row and words at its end; entries may also stand in lines below such headings. The day of
an entry is when it was filed, not when a hearing starts: it is kept in ``extra``. Pure.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from processors.court_list.case_numbers import case_number_in
from processors.records.hearing import CourtDocument, Hearing
from processors.records.official import Official
from processors.records.struck import Struck
from processors.tables.table import Cell, Link, Table
from processors.text import one_line

REMARK = (
    "the page is the docket of one case: each row is an entry of it, with the day on which it was filed or made"
)
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sept?|Oct|Nov|Dec)[a-z]*\.?"
_DAY = re.compile(
    rf"(?:{_MONTH} \d{{1,2}},? \d{{4}}|\d{{1,2}} {_MONTH} \d{{4}}|\d{{1,2}}[/-]\d{{1,2}}[/-](?:\d{{4}}|\d{{2}})"
    r"|\d{4}-\d{2}-\d{2})(?!\d)",
    re.IGNORECASE,
)
_NAMES_DAY = re.compile(r"^(?:dates?|(?:date )?(?:filed|entered)(?: date)?|(?:filing|entry|event) date|day)$")
_NAMES_ENTRY = re.compile(
    r"proceeding|description|docket (?:text|entry|entries)|^(?:events?|entry|entries|actions?|filings?|activity)$"
    r"|^(?:text|docket)$"
)
_DECORATION = re.compile(r"[~*_=]+")
_NUMBER = re.compile(
    r"^(?:[\w ]{0,40}\bdocket(?: for)?\b|case|cause|appeal|application)?\s*(?:no\.?|number|num|#|for)?\s*[:#]?\s*"
    r"(?P<number>(?=\S*\d)[A-Z0-9][\w:./-]*\d[\w./-]*)(?=\s|$|[,;])",
    re.IGNORECASE,
)
_PARTS = re.compile(r"\s[-–—|]\s|[:|]")
_VERSUS = re.compile(
    r"\s(?:v\.?|vs\.?|versus)\s|^(?:in re:?|in the matter of|matter of|ex parte)\s", re.IGNORECASE
)
_VERSUS_ALONE = re.compile(r"^(?:v\.?|vs\.?|versus)$", re.IGNORECASE)
_TITLE = re.compile(r"^(?:case )?(?:title|name|caption)\s*:\s*", re.IGNORECASE)
_COURT = re.compile(
    r"^(?:in the )?(?:(?:united states|u\.\s?s\.) |supreme |superior |circuit |district |appellate |state of )?"
    r"[\w ,.'’&-]{0,60}\bcourt\b(?: of[\w ,.'’&-]{0,60}| for[\w ,.'’&-]{0,60})?$",
    re.IGNORECASE,
)
_PRESIDING = re.compile(r"^(?P<name>\S.{2,80}?),?\s+presiding$", re.IGNORECASE)
_SEPARATOR = re.compile(r"^[\W_]{5,}$")
_LEAST_ROWS = 2
_MOST_COLUMNS = 8
_LEAST_SHARE = 0.6
_LONGEST_NUMBER_LINE = 300
_LONGEST_TITLE = 300
_MOST_LINES = 20_000


@dataclass(slots=True)
class _Entry:
    """One entry: its day as written, its words, and the rest of its row by heading."""

    day: str
    text: str
    rest: dict[str, str] = field(default_factory=dict)
    links: tuple[Link, ...] = ()
    struck: tuple[str, ...] = ()
    day_name: str = "date"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    number: str
    title: str | None
    court: str | None
    judge: str | None


def case_of_docket(lines: Iterable[str]) -> str | None:
    """The number of the case that the page is about."""
    texts = [text for line, _ in zip(lines, range(_MOST_LINES), strict=False) if (text := one_line(line))]
    case = _case(texts, None)
    return None if case is None else case.number


def docket_hearings(tables: Sequence[Table], lines: Iterable[str], url: str, court: str | None) -> list[Hearing]:
    """The entries of the page's one case."""
    texts = [text for line, _ in zip(lines, range(_MOST_LINES), strict=False) if (text := one_line(line))]
    case = _case(texts, court)
    if case is None:
        return []
    entries = [entry for table in tables for entry in _entries_of_table(table)]
    entries = entries or _by_shape([row for table in tables if _is_one_entry(table) for row in table.rows])
    entries = entries or list(_entries_in_lines(texts))
    return [_hearing(entry, case, url) for entry in entries]


def _hearing(entry: _Entry, case: _Case, url: str) -> Hearing:
    return Hearing(
        url=url,
        court=case.court,
        judge=case.judge,
        case_number=case.number,
        parties_raw=case.title,
        hearing_kind=entry.text,
        extra={entry.day_name: entry.day, **entry.rest},
        documents=tuple(CourtDocument(url=link.url, title=link.title) for link in entry.links),
        officials=()
        if case.judge is None
        else (Official(name_raw=case.judge, role_raw="presiding", body_raw=None),),
        struck=tuple(Struck(field="hearing_kind", text=words) for words in entry.struck),
    )


def _case(texts: Sequence[str], court: str | None) -> _Case | None:
    """The case that the page is about: the first that a line begins with, or names behind a label."""
    numbers = ((place, number) for place, text in enumerate(texts) if (number := _number_of(text)) is not None)
    place, number = next(numbers, (0, None))
    if number is None:
        return None
    near = texts[max(place - 12, 0) : place + 12]
    named = (*near, *(_PARTS.split(court) if court is not None else ()))
    own_court = next((line.strip() for line in named if _COURT.match(line.strip()) and " " in line.strip()), None)
    judge = next((found.group("name") for line in near if (found := _PRESIDING.match(line))), None)
    return _Case(number=number, title=_title(near, number), court=own_court or court, judge=judge)


def _number_of(text: str) -> str | None:
    if len(text) > _LONGEST_NUMBER_LINE or _DAY.match(text):
        return None
    found = _NUMBER.match(text)
    if found is None:
        return None
    number = found.group("number").rstrip(".,;:")
    if text[: found.start("number")].strip() and sum(letter.isdigit() for letter in number) > 2:
        return number
    # without a label it has to look like a case's number
    return number if case_number_in(text) == number and text.startswith(number) else None


def _title(near: Sequence[str], number: str) -> str | None:
    for place, line in enumerate(near):
        bare = _TITLE.sub("", line.removeprefix(number)).strip(" ,;:–—-")
        if _VERSUS_ALONE.match(bare) and 0 < place < len(near) - 1:
            return " ".join((_TITLE.sub("", near[place - 1]), bare, near[place + 1]))
        if len(bare) <= _LONGEST_TITLE and _VERSUS.search(bare):
            return bare
    return None


def _entries_of_table(table: Table) -> list[_Entry]:
    """The entries of a table that is one of them."""
    for place, cells in enumerate(table.rows[:3]):
        named = [_DECORATION.sub(" ", cell.text) for cell in cells]
        forms = [one_line(text).casefold().strip(" :.") for text in named]
        day = next((n for n, form in enumerate(forms) if _NAMES_DAY.match(form)), None)
        text = next((n for n, form in enumerate(forms) if n != day and _NAMES_ENTRY.search(form)), None)
        if day is not None and text is not None and len(forms) <= _MOST_COLUMNS:
            headings = [one_line(each) for each in named]
            return _read(table.rows[place + 1 :], headings, day, text)
    return _by_shape(table.rows)


def _is_one_entry(table: Table) -> bool:
    """Whether a table is a single entry: its first row has a day, and no other row."""
    days = [bool(row) and _begins_with_day(row[0].text) for row in table.rows]
    return bool(days) and days[0] and not any(days[1:]) and 1 < len(table.rows[0]) <= _MOST_COLUMNS


def _by_shape(rows: Sequence[tuple[Cell, ...]]) -> list[_Entry]:
    """Entries of a table without headings: a day first, words last, in nearly every row."""
    dated = [row for row in rows if len(row) > 1 and _begins_with_day(row[0].text) and _is_worded(row[-1].text)]
    undated = [row for row in rows if row and row[0].text and not _begins_with_day(row[0].text)]
    if len(dated) < _LEAST_ROWS or len(dated) < _LEAST_SHARE * (len(dated) + len(undated)):
        return []
    return _read(rows, [], 0, None)


def _read(rows: Sequence[tuple[Cell, ...]], headings: Sequence[str], day: int, text: int | None) -> list[_Entry]:
    """The rows that have a day; words of rows without one go on with the entry above them."""
    found: list[_Entry] = []
    for cells in rows:
        place = len(cells) - 1 if text is None else text
        if place >= len(cells) or day >= len(cells) or cells[place].copied:
            continue
        words, when = cells[place].text, cells[day].text
        if not _DAY.search(when):
            if found and not when:
                own = [cell for cell in cells if not cell.copied]
                found[-1].text = "\n".join(filter(None, (found[-1].text, *(one_line(cell.text) for cell in own))))
                found[-1].links += tuple(link for cell in own for link in cell.links)
            continue
        rest = {
            _heading(headings, number): cell.text
            for number, cell in enumerate(cells)
            if number not in (day, place) and cell.text and not cell.copied
        }
        found.append(
            _Entry(
                day=one_line(when),
                text=one_line(words) or "",
                rest=rest,
                links=tuple(link for cell in cells if not cell.copied for link in cell.links),
                struck=tuple(each for cell in cells for each in cell.struck),
                day_name=_heading(headings, day) if headings else "date",
            )
        )
    return [entry for entry in found if entry.text or entry.struck]


def _heading(headings: Sequence[str], number: int) -> str:
    return (headings[number] if number < len(headings) else "") or f"column {number + 1}"


def _begins_with_day(text: str) -> bool:
    return len(text) < 40 and _DAY.match(one_line(text)) is not None


def _is_worded(text: str) -> bool:
    return sum(letter.isalpha() for letter in text) > 8


def _entries_in_lines(texts: Sequence[str]) -> Iterator[_Entry]:
    """Entries in lines below a line of headings, up to a line of signs or of other headings."""
    start = next((place for place, text in enumerate(texts, 1) if _are_headings(text)), None)
    entry: _Entry | None = None
    for text in texts[start:] if start is not None else ():
        found = _DAY.match(text)
        if found is not None and (words := text[found.end() :].strip(" :–—-")):
            if entry is not None:
                yield entry
            entry = _Entry(day=found.group(), text=words)
        elif _SEPARATOR.match(text) or "~~" in text or entry is None:
            break
        else:
            entry.text = f"{entry.text} {text}"
    if entry is not None:
        yield entry


def _are_headings(text: str) -> bool:
    words = one_line(_DECORATION.sub(" ", text)).casefold()
    first, _, rest = words.partition(" ")
    return len(words) < 80 and bool(_NAMES_DAY.match(first)) and bool(_NAMES_ENTRY.search(rest))
