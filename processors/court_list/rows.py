"""Rows of a court's table as hearings.

What a row does not say may stand above it: in a section row, or in the lines before the table (court, instance,
day). The source's wording is kept beside our reading; what no field fits goes to ``extra`` under its own
heading.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from processors.pages.article_codes import article_codes
from processors.pages.dates import Moment, read_moment
from processors.records.hearing import CourtDocument, Hearing
from processors.records.official import Official
from processors.records.struck import CROSSED_OUT, Struck
from processors.tables.grid import Grid
from processors.tables.grid_rows import Row, free_key, json_key
from processors.text import one_line

_COURT = re.compile(
    r"(?<![^\W\d_])(?:суд(?:а|у|ом)?|court|tribunal|sąd|sądu|trybuna\w+)(?![^\W\d_])", re.IGNORECASE
)
_JUDGE = re.compile(
    r"^(?:судья|суддзя|суддя|председательствующий|головуючий|sędzia|judge|before)\s*[:\-–]?\s*(.+)$", re.IGNORECASE
)
_ROOM = re.compile(
    r"^(?:зал|зала|кабинет|кабінет|sala|(?:court )?room|court)\s*(?:№|n|no\.?|#)?\s*[:\-–]?\s*\d", re.IGNORECASE
)
_INSTANCE = re.compile(r"инстанц|інстанц|instancj|instance", re.IGNORECASE)
_CHARGES_IN_PARTIES = re.compile(r"\s*[-–—,(]\s*(?=(?:ч\.?\s*\d\S*\s*)?(?:ст|арт|art)\.?\s*\d)", re.IGNORECASE)
_NAMES_JOINT = re.compile(r"\s*[;\n]\s*|,\s+(?=[^\W\d_]{2,}\s)")
_ROLE = re.compile(
    r"^\s*(?P<role>(?:головуюч\w+|председательств\w+|старшын\w+|przewodnicz\w+|presiding|учасник\w*"
    r"|член\w*|судь\w*|суддя|судді"
    r"|суддзя|sędzia)(?:[\s-][^\W\d_]+){0,2}?)\s*[:–—-]\s*(?P<name>\S.*)$",
    re.IGNORECASE | re.DOTALL,
)
_SEVERAL = re.compile(r"judges|judge\(s\)|судьи|судді|суддзі|sędziowie", re.IGNORECASE)
HEARD_WITHIN_YEARS = 10
"""No court sets a hearing for a day further ahead than that: such a year is a slip of the pen."""
_NUMBER_IN_CASE = re.compile(r"\d")
# columns of these fields go to fields of a hearing, or mean nothing beyond their row
_FIELDS = frozenset(
    (
        "row", "case_number", "documents", "starts", "date", "time", "room", "panel", "judge", "prosecutor",
        "clerk", "instance", "charges", "sentence", "verdict", "status", "hearing_kind", "parties", "court",
    )
)  # fmt: skip
# the JSON key of what stands in a column of a field; of others it is the field's own name
_KEYS = {
    "parties": "parties_raw", "charges": "charges_raw", "date": "starts_raw", "time": "starts_raw",
    "starts": "starts_raw", "prosecutor": "prosecutor_raw", "clerk": "clerk_raw", "instance": "instance_raw",
    "status": "status_raw", "verdict": "verdict_raw", "sentence": "sentence_raw",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class TableContext:
    """What the page says of all its rows; ``zone`` None where the court's time zone is not known.

    ``language`` decides how dates of numbers are written, ``country`` what abbreviated time zones mean, and a year
    beyond ``latest_year`` is out of reason; ``shared_fields`` are values for rows without them.
    """

    url: str
    court: str | None
    instance: str | None
    day: Moment | None
    day_raw: str | None
    zone: tzinfo | None
    language: str | None = None
    country: str | None = None
    latest_year: int | None = None
    shared_fields: Mapping[str, str] = field(default_factory=dict)


def instance_in(texts: tuple[str, ...]) -> str | None:
    """The line that names an instance, the nearest."""
    return next((one_line(text) for text in reversed(texts) if _INSTANCE.search(text) and len(text) < 120), None)


def court_in(texts: tuple[str, ...]) -> str | None:
    """The shortest line that is the name of a court: longer ones name the list besides."""
    named = [one_line(text) for text in texts if _COURT.search(text) and len(text) < 120 and " " in text.strip()]
    return min(named, key=len) if named else None


def day_in(texts: tuple[str, ...]) -> tuple[Moment, str] | None:
    """The day a list is for, as the nearest line above it names it."""
    for text in reversed(texts):
        moment = read_moment(text) if len(text) < 200 else None
        if moment is not None and moment.problem is None:
            return moment, one_line(text)
    return None


def hearings(grid: Grid, around: TableContext) -> tuple[list[Hearing], list[str]]:
    """All rows as hearings, and sentences about what could not be understood."""
    read = [_hearing(row, around) for row in grid.rows]
    found = [hearing for hearing, _ in read]
    remarks: list[str] = []
    unread = [(hearing, why) for hearing, why in read if why is not None]
    if unread:
        hearing, why = unread[0]
        remarks.append(
            f"{len(unread)} of {len(found)} rows have no start time: {why} (first: {hearing.starts_raw!r})"
        )
    return found, [*remarks, *grid.remarks]


def _hearing(row: Row, around: TableContext) -> tuple[Hearing, str | None]:
    """The row as a hearing, and why it has no start time though it names one."""
    section_fields = {name: text for name, text in (_section(line) for line in row.sections) if name}
    parties, charges = _parties_and_charges(row)
    starts_raw, starts_at, why_not = _starts(row, section_fields.get("day"), around)
    court = row.text("court") or section_fields.get("court") or around.shared_fields.get("court") or around.court
    bench = _bench(row, section_fields.get("judge") or around.shared_fields.get("judge"))
    named = row.text("judge") or section_fields.get("judge") or around.shared_fields.get("judge")
    judge = bench[0][0] if bench and (named or len(bench) == 1 or bench[0][1]) else None
    panel = tuple(name for name, _ in bench) if len(bench) > 1 else ()
    hearing = Hearing(
        url=around.url,
        remarks=(*row.remarks, *(() if why_not is None else (f"no start time: {why_not} ({starts_raw!r})",))),
        court=court,
        room=row.text("room") or section_fields.get("room"),
        judge=judge,
        panel=panel,
        prosecutor_raw=row.text("prosecutor"),
        clerk_raw=row.text("clerk"),
        instance_raw=row.text("instance") or section_fields.get("instance") or around.instance,
        case_number=_case_number(row) or around.shared_fields.get("case_number"),
        parties_raw=parties,
        charges_raw=charges,
        article_codes=article_codes(charges),
        hearing_kind=row.text("hearing_kind"),
        starts_at=starts_at,
        starts_raw=starts_raw,
        status_raw=_status(row),
        verdict_raw=row.text("verdict"),
        sentence_raw=row.text("sentence"),
        documents=tuple(CourtDocument(url=link.url, title=link.title) for _, link in row.links),
        extra=_extra(row, section_fields.get("section")),
        officials=_officials(row, bench, court),
        struck=tuple(Struck(field=json_key(column, _KEYS, _FIELDS), text=words) for column, words in row.struck),
    )
    return hearing, why_not


def _status(row: Row) -> str | None:
    status = row.text("status")
    return "; ".join(filter(None, (status, CROSSED_OUT))) if row.crossed_out else status


def _day_is_struck(row: Row) -> bool:
    return not row.crossed_out and any(column.field in ("date", "starts") for column, _ in row.struck)


def _bench(row: Row, section_judge: str | None) -> list[tuple[str, str | None]]:
    """Judges with their roles, who presides first: the judge's column, else the line above, then the panel's."""
    found: list[tuple[str, str | None]] = []
    for name in ("judge", "panel"):
        for heading, value in row.all(name):
            for piece in _NAMES_JOINT.split(value) if name == "panel" or _SEVERAL.search(heading) else [value]:
                labelled = _ROLE.match(piece)
                if labelled:
                    found.append((one_line(labelled.group("name")), one_line(labelled.group("role"))))
                elif piece.strip():
                    found.append((one_line(piece), heading if name == "judge" else None))
    named = {name for name, _ in found}
    if section_judge and section_judge not in named and not row.text("judge"):
        found.insert(0, (section_judge, None))
    return list(dict.fromkeys(found))


def _section(line: str) -> tuple[str, str]:
    """What a section row tells of the rows below it."""
    text = one_line(line)
    judge = _JUDGE.match(text)
    if judge:
        return "judge", judge.group(1)
    if _ROOM.match(text):
        return "room", text
    if read_moment(text) is not None and len(text) < 80:
        return "day", text
    if _INSTANCE.search(text):
        return "instance", text
    if _COURT.search(text) and len(text) < 120:
        return "court", text
    return "section", text


def _case_number(row: Row) -> str | None:
    """The first column of several that holds a digit; further ones go to ``extra``."""
    found = row.all("case_number")
    with_digit = [value for _, value in found if _NUMBER_IN_CASE.search(value)]
    return one_line(with_digit[0]) if with_digit else (one_line(found[0][1]) if found else None)


def _parties_and_charges(row: Row) -> tuple[str | None, str | None]:
    """Some lists write the articles behind each name; without a column of their own they are taken apart."""
    parties, charges = row.text("parties"), row.text("charges")
    if charges is not None or parties is None or not _CHARGES_IN_PARTIES.search(parties):
        return parties, charges
    names, articles = [], []
    for line in parties.split("\n"):
        name, *rest = _CHARGES_IN_PARTIES.split(line, maxsplit=1)
        names.append(name.strip(" ,;-–—("))
        articles += [piece.strip(" ,;)") for piece in rest]
    return "\n".join(name for name in names if name) or None, "; ".join(articles) or None


def _starts(
    row: Row, section_day: str | None, around: TableContext
) -> tuple[str | None, datetime | None, str | None]:
    """Wording and reading of when it begins, and why there is none; a time without a day takes the list's day."""
    pieces = [value for name in ("starts", "date", "time") for _, value in row.all(name)]
    raw = one_line(" ".join(dict.fromkeys(pieces))) or None
    if raw is None:
        return None, None, None
    read = _moments(row)
    moment = _moment(read, around)
    if moment is None:
        if _day_is_struck(row):  # the day of the list is not that of a row whose own day is crossed out
            return raw, None, "its day is crossed out and no other is named"
        day, wording = (_moment(section_day, around), section_day) if section_day else (around.day, around.day_raw)
        moment = _with_clock(day, read, around) if day is not None else None
        if moment is None:
            return raw, None, "no day and time could be read"
        raw = f"{wording} {raw}"
    told = one_line(" ".join(value for _, value in row.all("time")))
    if moment.clock is None and moment.problem is None and any(letter.isalpha() for letter in told):
        return raw, None, f"{told!r} names no hour"
    if moment.clock is not None and moment.named is None and moment.problem is None and around.zone is None:
        return raw, None, "the time zone of the court is not known"
    return raw, moment.at(around.zone), moment.why_not(around.zone)


def _moments(row: Row) -> str:
    """What the row says of its start, days and times of sheets as they are meant and not as they are shown."""
    exact = {column.key: moment for column, moment in row.moments}
    meant = [
        exact.get(column.key, value)
        for name in ("starts", "date", "time")
        for column, value in row.values
        if column.field == name and value
    ]
    return one_line(" ".join(dict.fromkeys(meant)))


def _moment(raw: str, around: TableContext) -> Moment | None:
    latest_year = {} if around.latest_year is None else {"latest_year": around.latest_year}
    return read_moment(raw, around.language, around.country, **latest_year)


def _with_clock(day: Moment, raw: str, around: TableContext) -> Moment | None:
    """The day of the list with the clock of the row."""
    clock = _moment(f"{day.day.strftime('%d.%m.%Y')} {raw}", around)
    return clock if clock is not None and (clock.clock is not None or clock.problem is not None) else None


def _extra(row: Row, section: str | None) -> dict[str, str]:
    extra = {} if section is None else {"section": section}
    chosen = _case_number(row)
    linked = {column.key for column, _ in row.links}
    found = row.unfitted(_FIELDS)
    found |= {
        column.key: value
        for column, value in row.values
        if (column.field == "case_number" and value and one_line(value) != chosen)
        or (column.field == "documents" and value and column.key not in linked)
    }
    for key, value in found.items():
        extra[free_key(extra, key)] = value
    return extra


def _officials(row: Row, bench: list[tuple[str, str | None]], court: str | None) -> tuple[Official, ...]:
    """Whoever the row names in office, each with the role it gives or its heading."""
    panel_heading = next((heading for heading, _ in row.all("panel")), None)
    named = [(name, role or panel_heading) for name, role in bench]
    named += [(value, heading) for name in ("prosecutor", "clerk") for heading, value in row.all(name)]
    return tuple(
        Official(name_raw=one_line(name), role_raw=role, body_raw=court)
        for name, role in dict.fromkeys(named)
        if name
    )
