"""Names in Latin letters, taken apart: given name, middle names or initials, surname.

In: a wording without titles. Out: a `PersonName`. "SURNAME, Given" keeps its order and loses its capitals;
what follows as "III" stands with the surname, middle names in the place of the patronymic. Pure.
"""

import re
from typing import Final

from processors.names.person_name import PersonName

_INITIAL: Final = re.compile(r"^[^\W\d_]\.$")
_PARTICLES: Final = frozenset(
    ("de", "la", "le", "Le", "La", "De", "van", "von", "der", "den", "di", "da", "du", "del", "al", "bin", "el")
)
_SUFFIXES: Final = frozenset(("II", "III", "IV", "Jr", "Jr.", "Sr", "Sr."))


def latin_name(wording: str) -> PersonName:
    """The parts of the name; a single word is a surname."""
    words = [_lowered(word) for word in re.sub(r"(?<=[^\W\d_]\.)(?=[^\W\d_])", " ", wording).split()]
    nominative = " ".join(words)
    if words and words[0].endswith(",") and len(words) > 1:
        return _made(nominative, words[0].rstrip(","), words[1], " ".join(words[2:]) or None)
    if len(words) == 1:
        return _made(nominative, words[0], None, None)
    if not _INITIAL.match(words[0]) and all(_INITIAL.match(word) for word in words[1:]):
        return _made(nominative, words[0], words[1], " ".join(words[2:]) or None)
    last = len(words) - 1
    while last > 1 and words[last] in _SUFFIXES:
        last -= 1
    first = last
    while first > 1 and words[first - 1] in _PARTICLES:
        first -= 1
    return _made(nominative, " ".join(words[first:]), words[0], " ".join(words[1:first]) or None)


def _lowered(word: str) -> str:
    """Capitals of a list as a name is written; initials and numbers of kings stay."""
    if len(word.strip(",.")) < 4 or not word.isupper() or word in _SUFFIXES:
        return word
    return "-".join(part[:1] + part[1:].lower() for part in word.split("-"))


def _made(nominative: str, surname: str, given: str | None, middle: str | None) -> PersonName:
    initials = [f"{word[0]}." for part in (given, middle) if part for word in part.split()]
    return PersonName(
        nominative=nominative,
        surname=surname,
        given=given,
        patronymic=middle,
        initials=" ".join(initials) or None,
        script="Latn",
    )
