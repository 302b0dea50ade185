"""An entry as a record: which label fills which field, and what lines without a label say.

In: an ``Entry``, what the page says of its issuer, a look-up of labels. Out: a ``WantedPerson``, or None where the
entry names nobody. Values stay as written; only the birth, the times and article codes are read. Pure.
"""

import re
from collections.abc import Iterator
from datetime import date, tzinfo
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from processors.pages.article_codes import article_codes
from processors.pages.dates import doubts_of, read_moment
from processors.pages.timezones import country_of
from processors.records.struck import CROSSED_OUT, CROSSED_OUT_ROW, Struck
from processors.text import folded, one_line
from processors.urls import host_of
from processors.wanted_list.entries import Entry, FieldOf
from processors.wanted_list.names import person_name
from processors.wanted_list.record import WantedPerson

FACTS: Final = frozenset(("born", "offence", "place", "status", "issuer", "reward", "identifier", "published"))
"""Fields that show that an entry tells of somebody who is wanted, and not of anybody."""

_KEYS: Final = {
    "surname": "name_raw",
    "forename": "name_raw",
    "patronymic": "name_raw",
    "alias": "aliases_raw",
    "identifier": "identifier",
    "text": "text",
    **{
        name: f"{name}_raw"
        for name in ("name", "born", "offence", "place", "reward", "status", "issuer", "published", "updated")
    },
}
"""The JSON key of a record in which a field of an entry ends up."""

_DAY: Final = r"\d{1,2}[./-]\d{1,2}[./-]\d{4}|\d{4}-\d\d-\d\d|\d{1,2}\s[^\W\d_]{3,12}\s\d{4}|(?:19|20)\d\d"
_BORN: Final = re.compile(
    rf"(?:(?<![^\W\d_])(?:born|dob|ur\.|род\.|нар\.)[\s:]*(?:on\s|in\s)?(?:{_DAY})"
    rf"|(?:{_DAY})\s?(?:г\.?\s?р\.|г\.?\s?н\.|р\.?\s?н\.|г\.\s?рожд\w*|года? рожд\w*|года? нараджэння"
    rf"|року народження"
    r"|r\. ur\.)(?![^\W\d_]))",
    re.IGNORECASE,
)
_YEAR: Final = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_SLASHED: Final = re.compile(r"(?<!\d)(\d{1,2})/(\d{1,2})/(\d{4})(?!\d)")
_OFFENCE: Final = re.compile(
    r"^(?:(?:is )?wanted (?:for|in connection)|разыскивается (?:за|по|как)|обвиня\w+ (?:в|по)"
    r"|абвінавачва\w+ (?:у|ў|па|паводле)"
    r"|вышукваецца (?:за|па|паводле)|розшукується (?:за|у)|обвинувачу\w+ (?:у|за)|підозрю\w+ (?:у|за)"
    r"|подозрева\w+ в"
    r"|падазра\w+ у|podejrzan\w+ o|poszukiwan\w+ (?:za|do))(?![^\W\d_])",
    re.IGNORECASE,
)
_NICKNAME: Final = re.compile(
    r"\((?:кличка|мянушка|прізвисько|псевдо\w*|он же|она же|ён жа|він же|вона же|a\.?k\.?a\.?"
    r"|alias)[\s:]+[«\"“„]?([^()»\"”]{2,60})",
    re.IGNORECASE,
)
_ARTICLE_LABEL: Final = re.compile(r"стат[ьт]|артыкул|articl|art\.?$")
_NUMBER_IN_ADDRESS: Final = re.compile(r"(?<![^\W_])[a-z]?\d{2,}(?:[-_]\d+)*(?![^\W_])", re.IGNORECASE)
_QUERY_NUMBER: Final = re.compile(r"(?:^|_|-)(?:u?id|entity|person|card|item|number|no)$|Id$", re.IGNORECASE)
_INDEX: Final = re.compile(r"^(?:index|default|detail|details|view|person|page)?(?:\.\w{2,5})?$", re.IGNORECASE)


def person_of(
    entry: Entry,
    *,
    page_url: str,
    captured_on: date,
    issuer: str | None,
    zone: tzinfo | None,
    field_of: FieldOf,
) -> WantedPerson | None:
    """The record of an entry."""
    fields, extra = _fields(entry, field_of)
    name = _name(entry, fields)
    if name is None:
        return None
    born_raw, offence, rest = _unlabelled(entry.lines, has_born="born" in fields, has_offence="offence" in fields)
    born_raw = _joined(fields, "born") or born_raw
    offence = _joined(fields, "offence") or offence
    country = country_of(host_of(page_url))
    published_raw, updated_raw = _joined(fields, "published"), _joined(fields, "updated")
    published = read_moment(published_raw, country=country)
    updated = read_moment(updated_raw, country=country)
    text = "\n".join(filter(None, (_joined(fields, "text"), *rest)))
    labelled = "\n".join(f"{label} {value}" for label, value in fields.get("offence", ()))
    return WantedPerson(
        url=page_url,
        name_raw=name,
        aliases_raw=_aliases(fields, name),
        born_raw=born_raw,
        born=read_birth(born_raw, captured_on),
        offence_raw=offence,
        article_codes=_codes(fields) or article_codes(labelled) or article_codes(offence),
        issuer_raw=_joined(fields, "issuer") or issuer,
        place_raw=_joined(fields, "place"),
        reward_raw=_joined(fields, "reward"),
        status_raw="; ".join(filter(None, (_joined(fields, "status"), CROSSED_OUT if entry.crossed_out else None)))
        or None,
        identifier=_joined(fields, "identifier") or (identifier_in(entry.url) if entry.url else None),
        entry_url=entry.url,
        photos=entry.photos,
        text=text or None,
        published_at=published.at(zone) if published else None,
        published_raw=published_raw,
        updated_at=updated.at(zone) if updated else None,
        updated_raw=updated_raw,
        extra=extra,
        struck=tuple(_struck(entry, name, field_of)),
        remarks=(
            *entry.remarks,
            *([CROSSED_OUT_ROW] if entry.crossed_out and CROSSED_OUT_ROW not in entry.remarks else ()),
            *doubts_of(published_raw, published, zone),
            *doubts_of(updated_raw, updated, zone),
        ),
    )


def _struck(entry: Entry, name: str, field_of: FieldOf) -> Iterator[Struck]:
    words = [("name", name)] if entry.crossed_out and entry.name is not None else []
    for label, said in (*words, *entry.struck):
        meaning = "text" if label is None else label if label == "name" else field_of(label)
        yield Struck(field=_KEYS.get(meaning or "", f"extra.{label}"), text=said)


def facts_of(entry: Entry, field_of: FieldOf) -> frozenset[str]:
    """Which of `FACTS` an entry tells."""
    known = {name for label, _ in entry.facts if (name := field_of(label)) is not None}
    born, offence, _ = _unlabelled(entry.lines, has_born=False, has_offence=False)
    return frozenset((known | ({"born"} if born else set()) | ({"offence"} if offence else set())) & FACTS)


def _fields(entry: Entry, field_of: FieldOf) -> tuple[dict[str, list[tuple[str, str]]], dict[str, str]]:
    fields: dict[str, list[tuple[str, str]]] = {}
    extra: dict[str, str] = {}
    for label, value in entry.facts:
        meaning = field_of(label)
        if value.strip(" -–—") == "" or meaning in ("photo", "url"):
            continue
        if meaning in (None, "extra", "row"):
            known = extra.get(label)
            extra[label] = value if known is None else f"{known}\n{value}"
        elif (label, value) not in fields.setdefault(str(meaning), []):
            fields[str(meaning)].append((label, value))
    return fields, extra


def _joined(fields: dict[str, list[tuple[str, str]]], name: str) -> str | None:
    """The field's value; of several labels each under its own, since each is a fact of its own."""
    found = fields.get(name, [])
    values = list(dict.fromkeys(value for _, value in found))
    if len(values) < 2:
        return values[0] if values else None
    if len({label for label, _ in found}) == 1:
        return "\n".join(values)
    return "; ".join(f"{label}: {one_line(value)}" for label, value in found)


def _name(entry: Entry, fields: dict[str, list[tuple[str, str]]]) -> str | None:
    """The heading's name, or that of the labels: whole, or surname, forename and patronymic in this order."""
    parts = [
        next((one_line(value) for _, value in fields.get(each, ())), "")
        for each in ("surname", "forename", "patronymic")
    ]
    whole = next((one_line(value) for label, value in fields.get("name", ()) if _may_name(label, value)), "")
    if entry.name is not None:
        return entry.name
    if whole and parts[1] and not parts[0]:
        parts[0], whole = whole, ""  # where the surname is called the name
    return whole or " ".join(filter(None, parts)) or None


def _may_name(label: str, value: str) -> bool:
    """Whether the value names somebody: below "title" may stand anything."""
    return folded(label) != "title" or person_name(value) is not None


def _aliases(fields: dict[str, list[tuple[str, str]]], name: str) -> tuple[str, ...]:
    """Other names: each line or part of a list; the parts of one spelling under several keys as one name."""
    spelled: dict[str, dict[str, str]] = {}
    found: dict[str, None] = {}
    for label, value in fields.get("alias", ()):
        other = re.fullmatch(r"(last|first|middle)_name_([re])", label, re.IGNORECASE)
        if other is not None:
            spelled.setdefault(other.group(2), {})[other.group(1).lower()] = one_line(value)
            continue
        for part in re.split(r"[\n;,]", value):
            if bare := one_line(part).strip("\"'«»“”„"):
                found.setdefault(bare)
    for parts in spelled.values():
        found.setdefault(" ".join(parts[each] for each in ("last", "first", "middle") if each in parts))
    if (nick := _NICKNAME.search(name)) is not None:
        found.setdefault(nick.group(1).strip())
    return tuple(alias for alias in found if folded(alias) != folded(name))


def _codes(fields: dict[str, list[tuple[str, str]]]) -> tuple[str, ...]:
    """Codes of values that begin with a number under a label that says "article"."""
    found: dict[str, None] = {}
    for label, value in fields.get("offence", ()):
        for line in value.split("\n"):
            bare = line[:1].isdigit() and _ARTICLE_LABEL.search(folded(label)) is not None
            for code in article_codes(f"ст. {line}" if bare else line):
                found.setdefault(code)
    return tuple(found)


def _unlabelled(
    lines: list[str], *, has_born: bool, has_offence: bool
) -> tuple[str | None, str | None, tuple[str, ...]]:
    """Birth and offence among lines without a label, and the other lines."""
    born: str | None = None
    offences: list[str] = []
    rest: list[str] = []
    for line in lines:
        text = line
        if not has_born and born is None and (found := _BORN.search(text)):
            born = found.group(0).strip()
            text = f"{text[: found.start()]}{text[found.end() :]}".strip(" ,;.()–—-")
        if not has_offence and text and (_OFFENCE.search(text) or article_codes(text)):
            offences.append(text)
        elif text:
            rest.append(text)
    return born, "\n".join(offences) or None, tuple(rest)


def read_birth(raw: str | None, captured_on: date) -> str | None:
    """The day of birth as ISO 8601, or the year; None where several are named, none, or one to come."""
    if raw is None or len(set(_YEAR.findall(raw))) != 1:
        return None
    year = _YEAR.findall(raw)[0]
    slashed = _SLASHED.search(raw)
    either = slashed is not None and max(int(slashed.group(1)), int(slashed.group(2))) <= 12
    moment = None if either and slashed and slashed.group(1) != slashed.group(2) else read_moment(raw)
    if moment is not None and str(moment.day.year) == year:
        return moment.day.isoformat() if moment.day <= captured_on else None
    return year if int(year) <= captured_on.year else None


def identifier_in(url: str) -> str | None:
    """What an address tells an entry by: a query's number, a number in the path's last part, or that part."""
    parts = urlsplit(url)
    for name, value in parse_qsl(parts.query):
        if value and _QUERY_NUMBER.search(name):
            return value
    last = next((part for part in reversed(parts.path.split("/")) if not _INDEX.fullmatch(part)), None)
    if last is None:
        return None
    number = _NUMBER_IN_ADDRESS.search(last)
    return number.group(0) if number else re.sub(r"\.\w{2,5}$", "", last)
