"""Names of a record's persons, read from its fields: whoever is in office, parties, and whom its text names.

In: a record as its parser made it. Out: `NameReading`s, each name once for each role. The fields stay as they are.
Pure.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from processors.names.person_name import PersonName
from processors.names.reading import is_person, lacks_surname, one_name, persons_of_text
from processors.names.roles import NamedPerson
from processors.pages.language import language_of_letters, language_of_words
from processors.pages.parse_result import Reading
from processors.records.name_reading import NameReading
from processors.records.own_record import OwnRecord

_TEXTS: Final = ("text",)
_PARTIES: Final = ("parties_raw",)
_SINGLE: Final = ("name_raw", "aliases_raw", "persons_raw")
_FIELDS_OF_OFFICE: Final = {
    "panel": "panel_member",
    "judge": "judge",
    "prosecutor_raw": "prosecutor",
    "clerk_raw": "clerk",
}
_APART: Final = re.compile(r"\s*[;\n]\s*|,\s+(?=[^\W\d_]{2,}\s)")
_PREPOSITION: Final = re.compile(r"(?:([^\W\d_A-ZА-ЯЁЎІЇЄҐ]{1,12})\s+)?(.*)", re.DOTALL)
_MOST: Final = 200
_BELARUSIAN, _UKRAINIAN = re.compile("[ўЎ]"), re.compile("[їєґЇЄҐ]")
_RUSSIAN: Final = re.compile("(?s)(?!.*[іІ])(?=.*[иИ]).*[ыэъЫЭЪ]")  # Belarusian has no и, Ukrainian no ы, э and ъ


def with_names(reading: Reading) -> Reading:
    """The reading with the names of every record's persons read."""
    if not reading.records:
        return reading
    page_language = _language_of_page(reading)
    records = tuple(
        record if isinstance(record, OwnRecord) else replace(record, names=names_of(record, page_language))  # type: ignore[type-var]  # our records are dataclasses
        for record in reading.records
    )
    return replace(reading, records=records)


def names_of(record: Any, page_language: str | None = None) -> tuple[NameReading, ...]:
    """Whom the record names."""
    text = _all_text(record)
    # a row of a list is too short for its words to say more than those of the whole list
    language = getattr(record, "language", None) or _by_own_letter(text) or page_language or _language(text)
    found: dict[tuple[str | None, str], NameReading] = {}
    for each in _named(record, language):
        found.setdefault((each.role, each.nominative or each.wording), each)
    known = {each.nominative or each.wording for each in found.values() if each.role is not None}
    return tuple(
        each for each in found.values() if each.role is not None or (each.nominative or each.wording) not in known
    )[:_MOST]


def _named(record: Any, language: str | None) -> Iterator[NameReading]:
    for official in record.officials:
        for each in _of_office(official.name_raw, official.role_raw, language):
            yield replace(each, role=_role_by_field(record, each))
    for name in _SINGLE:
        value = getattr(record, name, None)
        for wording in (value,) if isinstance(value, str) else value or ():
            if is_person(wording, language):
                yield _reading(name, wording, one_name(wording, language, listed=name != "persons_raw"))
    for name in _PARTIES:
        yield from _of_parties(name, getattr(record, name, None) or "", language)
    for name in _TEXTS:
        yield from (
            _of_text(name, person) for person in persons_of_text(getattr(record, name, None) or "", language)
        )


def _role_by_field(record: Any, read: NameReading) -> str | None:
    """The role that the words beside a name give; else that of the record's own field it stands in.

    Who stands among the judges of a panel and is not the one who is named first is a member of it.
    """
    if read.role is not None and not (read.role == "judge" and read.wording != getattr(record, "judge", None)):
        return read.role
    for name, role in _FIELDS_OF_OFFICE.items():
        value = getattr(record, name, None)
        if value is not None and read.wording in (value if isinstance(value, tuple) else (value,)):
            return role
    return read.role


def _of_office(wording: str, role_raw: str | None, language: str | None) -> Iterator[NameReading]:
    """A name beside its office: read as the line of a label that they would make."""
    tongue = _language(f"{role_raw or ''} {wording}") or language or ("en" if wording.isascii() else None)
    people = persons_of_text(f"{role_raw}: {wording}", tongue) if role_raw else ()
    for person in people:
        yield replace(_of_text("officials", person), role_raw=role_raw)
    if not people:
        for piece in filter(None, _APART.split(wording)):
            if is_person(piece, tongue):
                yield _reading("officials", piece, one_name(piece, tongue), role_raw=role_raw)


def _of_parties(name: str, text: str, language: str | None) -> Iterator[NameReading]:
    seen: set[str] = set()
    for person in persons_of_text(text, language):
        seen.add(person.wording)
        yield _of_text(name, person)
    for piece in _APART.split(_lines_joined(text, language)):
        bare = piece.strip(" .,:–—-") if not piece.rstrip().endswith(".") else piece.strip()
        before, named = _PREPOSITION.fullmatch(bare).groups()  # type: ignore[union-attr]  # fits every text
        if named and named not in seen and is_person(named, language):
            yield _reading(name, named, one_name(named, language, listed=before is None))


def _lines_joined(text: str, language: str | None) -> str:
    """The text with each name in one line that a narrow cell spread over several.

    A name goes on in the next line where the lines are no persons by themselves and are one together, or where the
    next one begins with a given name and patronymic that lack their surname.
    """
    lines = text.split("\n")
    joined: list[str] = []
    place = 0
    while place < len(lines):
        end = next(
            (
                end
                for end in range(min(place + 4, len(lines)), place + 1, -1)
                if _is_spread(lines[place:end], language)
            ),
            place + 1,
        )
        joined.append(" ".join(line.strip() for line in lines[place:end]))
        place = end
    return "\n".join(joined)


def _is_spread(lines: list[str], language: str | None) -> bool:
    """Whether the lines are one name together and not several."""
    whole = _PREPOSITION.fullmatch(" ".join(line.strip() for line in lines))
    if whole is None or not is_person(whole[2], language):
        return False
    return not any(is_person(line.strip(), language) for line in lines[:-1]) and (
        not is_person(lines[-1].strip(), language) or lacks_surname(lines[-1].strip(), language)
    )


def _of_text(field: str, person: NamedPerson) -> NameReading:
    return replace(_reading(field, person.wording, person.name), role=person.role, role_raw=person.role_raw)


def _reading(field: str, wording: str, name: PersonName, role_raw: str | None = None) -> NameReading:
    return NameReading(
        field=field,
        wording=wording,
        role_raw=role_raw,
        nominative=name.nominative,
        surname=name.surname,
        given=name.given,
        patronymic=name.patronymic,
        initials=name.initials,
        gender=name.gender,
        script=name.script,
        alternatives=name.alternatives,
        reason=name.reason,
    )


def _all_text(record: Any) -> str:
    fields = ("text", "title", "parties_raw", "charges_raw", "court", "name_raw")
    parts = [getattr(record, name, None) for name in fields]
    parts += [
        *getattr(record, "persons_raw", ()),
        *(f"{each.role_raw} {each.name_raw}" for each in record.officials),
    ]
    return "\n".join(part for part in parts if isinstance(part, str))


def _language_of_page(reading: Reading) -> str | None:
    return _language(
        "\n".join(_all_text(record) for record in reading.records[:100] if not isinstance(record, OwnRecord))
    )


def _language(text: str) -> str | None:
    """By the shares of its letters, for short texts by letters that one language alone has; else by its words."""
    return language_of_letters(text) or _by_own_letter(text) or language_of_words(text)


def _by_own_letter(text: str) -> str | None:
    if _BELARUSIAN.search(text):
        return "be"
    if _UKRAINIAN.search(text):
        return "uk"
    return "ru" if _RUSSIAN.match(text) else None
