"""Whom a notice names: persons in the issuer's wording, whoever is named in office, and the issuer.

In: text. Out: names as they stand, each once, in order. Full names with a patronymic, surnames with initials, and
names behind the words that summon somebody; names behind an office are officials. Rules for Belarusian, Russian,
Ukrainian and Polish wording; a name in another form is left in the text and not guessed. Pure.
"""

import re

from processors.records.official import Official
from processors.text import one_line

_UPPER, _LOWER = "А-ЯЁІЎЇЄҐ", "а-яёіўїєґ'’ʼ"
_WORD = rf"(?:[{_UPPER}][{_LOWER}]+(?:-[{_UPPER}][{_LOWER}]+)?|[{_UPPER}'’ʼ]{{3,}}(?:-[{_UPPER}'’ʼ]{{3,}})?)"
_PATRONYMIC = (
    rf"(?:[{_UPPER}][{_LOWER}]*(?:ві[чц]\w{{0,3}}|ви[чц]\w{{0,3}}|[оёеыу]?[ўв]н[аыеуойі]\w{{0,2}}|і[вў]н[аиуі]\w{{0,2}}|"
    rf"ічн[аыуе]\w{{0,2}}|ични?[аыеуой]\w{{0,2}})|[{_UPPER}]{{2,}}(?:ВІЧ|ВИЧ|[ЎВ]НА|ІЧНА|ИЧНА)\w{{0,2}})"
)
_INITIALS = rf"[{_UPPER}]\.\s?[{_UPPER}]\."
_CYRILLIC = rf"{_WORD}\s+{_WORD}\s+{_PATRONYMIC}|{_WORD}\s+{_INITIALS}|{_INITIALS}\s?{_WORD}"
_LATIN_WORD = r"[A-ZĄĆĘŁŃÓŚŹŻ][a-ząćęłńóśźż]+(?:-[A-ZĄĆĘŁŃÓŚŹŻ][a-ząćęłńóśźż]+)?"
_LATIN = rf"(?<=Pan )(?:{_LATIN_WORD} ){{1,2}}{_LATIN_WORD}|(?<=Pani )(?:{_LATIN_WORD} ){{1,2}}{_LATIN_WORD}"
_NAME = re.compile(rf"(?<![^\W\d_])(?:{_CYRILLIC}|{_LATIN})(?![^\W\d_])")
_OFFICE = re.compile(
    r"(?P<role>(?:(?:старшы|старэйшы|старший|перший)\s+)?(?:судд\w+|судь\w+|следч\w+|следовател\w+|слідч\w+|пракурор\w*"
    r"|прокурор\w*|начальнік\w*|начальник\w*|старшын\w+|председател\w+|голов\w+|сакратар\w*|секретар\w*|дознавател\w+"
    r"|дазнавальнік\w*|дізнавач\w*|sędzi\w*|prokurator\w*)(?:[^\S\n]+[^\W\d_][\w-]*){0,7}?)[\s:,–—-]*$",
    re.IGNORECASE,
)
_ISSUER = re.compile(
    r"(?<![^\W\d_])(?:суд|суда|суду|судом|пракуратура|прокуратура|следч\w+ камітэт\w*|следственн\w+ комитет\w*"
    r"|управління|упраўленн\w+|управлени\w+|міністэрств\w+|министерств\w+|міністерств\w+|РАУС|РУВД|УУС|УВД|ГУУС|ДБР"
    r"|поліці\w+|полици\w+|міліцы\w+|милиции|камітэт\w*|комитет\w*|выканкам\w*|исполком\w*|court|prosecut\w+|police|sąd"
    r"|prokuratura|policja)(?![^\W\d_])",
    re.IGNORECASE,
)
_APART = re.compile(r"\s[—–|-]\s|\s*\|\s*")
_ON_THE_WAY = re.compile(r"(?<![^\W\d_])(?:ў|у|в|во|до|w|do|to|in) (?:суд\w*|court|sądu|sądzie)", re.IGNORECASE)
_LONGEST_ISSUER = 120
_MOST = 200
_BEFORE = 120


def persons_in(text: str) -> tuple[str, ...]:
    """Persons the text names who hold no office in it."""
    return tuple(dict.fromkeys(name for name, role in _named(text) if role is None))


def officials_in(text: str) -> tuple[Official, ...]:
    """Whoever stands behind the name of an office."""
    found = dict.fromkeys((name, role) for name, role in _named(text) if role is not None)
    return tuple(Official(name_raw=name, role_raw=role) for name, role in found)


def issuer_in(texts: tuple[str, ...]) -> str | None:
    """The first short line, or part of one, that names an authority; "in court" names none."""
    for text in texts:
        for part in _APART.split(text):
            if 5 < len(part) < _LONGEST_ISSUER and _ISSUER.search(part) and not _ON_THE_WAY.search(part):
                return one_line(part)
    return None


def _named(text: str) -> list[tuple[str, str | None]]:
    found: list[tuple[str, str | None]] = []
    for match in _NAME.finditer(text):
        office = _OFFICE.search(text[max(match.start() - _BEFORE, 0) : match.start()])
        found.append((one_line(match.group()), one_line(office.group("role")) if office else None))
        if len(found) >= _MOST:
            break
    return found
