"""Persons of a text and single names, whichever of the four languages they are in.

In: text and the code of its language. Out: `NamedPerson`s or a `PersonName`; none for a language without rules.
Paragraphs without any word of a trial are passed over: they give no role, and most of what is read is not about
trials. Pure.
"""

import re
from typing import Final

from processors.names.declension import CASES, Case, Language
from processors.names.english import english_persons
from processors.names.latin import latin_name
from processors.names.mentions import has_given_name
from processors.names.nominative import as_it_stands, has_patronymic, is_patronymic, name_of
from processors.names.person_name import PersonName
from processors.names.roles import NamedPerson, persons_in_text

NOMINATIVE: Final[tuple[Case, ...]] = ("nom",)
CYRILLIC: Final[dict[str, Language]] = {"be": "be", "ru": "ru", "uk": "uk"}

_TRIAL: Final = (
    r"суд|прокур|пракур|адвок|адвак|обвин|абвін|следоват|следч|слідч|секретар|сакратар|свидет|сведк|свідк|потерп|пацярп"
    r"|эксперт|експерт|защит|захис|абарон|приговор|прысуд|вирок|арест|арышт|арешт|председател|старшынств|головує|головув"
    r"|перекл|перавод|осужд|асудж|засудж|оправд|апраўд|виправд|задерж|затрым|затрим|приговор|заседа|паседж|пасядж|засіда"
    r"|в отношении|дачыненн|стосовно|щодо|ув'язн|палітвяз|политзак|дело|справ"
)
_ENGLISH_TRIAL: Final = (
    r"court|judge|justice|trial|prosecut|attorney|lawyer|counsel|solicitor|barrister|sentenced|jailed|convict|defendant"
    r"|accused|magistrate|sheriff|clerk|witness|victim|appellant|acquit|\br v\b|advis[eo]r|\bjury\b|testif"
    r"|defending"
    r"|the crown\b|arrested|detained|charged|remanded|investigator|detective|patholog|pleaded|guilty|verdict"
)
_PARAGRAPH: Final = re.compile(r"[^\n]+")
_LONGEST: Final = 20_000
_NAME_WORD: Final = re.compile(r"[^\W\d_](?:[\w’'ʼ-]*[^\W\d_])?\.?|(?:[^\W\d_]\.)+")
_CYRILLIC_LETTER: Final = re.compile("[\u0400-\u04ff]")


class _Marks:
    """Words of a trial, given in lower case, in whichever case they stand.

    A text in lower case is searched four times as fast as one of any case. Where letters stand that `str.lower`
    leaves and comparing without case does not, or the other way about, it is searched as it is.
    """

    _OTHER_FORMS: Final = re.compile("[\u0130\u0131\u017f\u1c80-\u1c88]")

    def __init__(self, words: str) -> None:
        self._lower, self._any_case = re.compile(words), re.compile(words, re.IGNORECASE)

    def are_in(self, text: str) -> bool:
        if self._OTHER_FORMS.search(text) is not None:
            return self._any_case.search(text) is not None
        return self._lower.search(text.lower()) is not None


_OF_TRIAL: Final = _Marks(_TRIAL)
_OF_ENGLISH_TRIAL: Final = _Marks(_ENGLISH_TRIAL)


def persons_of_text(text: str, language: str | None) -> tuple[NamedPerson, ...]:
    """Whoever the text names with a part in a trial, in order."""
    if language in CYRILLIC:
        marks = _OF_TRIAL
    elif language == "en":
        marks = _OF_ENGLISH_TRIAL
    else:
        return ()
    kept = text[:_LONGEST]
    if not marks.are_in(kept):
        return ()
    if len(kept) > _SHORT:
        kept = _PARAGRAPH.sub(lambda found: found[0] if marks.are_in(found[0]) else " " * len(found[0]), kept)
    return persons_in_text(kept, CYRILLIC[language]) if language in CYRILLIC else english_persons(kept)


_SHORT: Final = 1_500
"""Characters up to which a text is read whole: its few lines belong together."""


def one_name(wording: str, language: str | None, *, listed: bool = True) -> PersonName:
    """A name that stands alone in its field: ``listed`` in the nominative, as lists do, else in any case."""
    if _CYRILLIC_LETTER.search(wording) is None:
        return latin_name(wording)
    tongue = CYRILLIC.get(language or "", "ru")
    if not listed:
        return name_of(wording, tongue, CASES)
    named = name_of(wording, tongue, NOMINATIVE)
    return named if named.nominative is not None else as_it_stands(wording, tongue)


def is_person(text: str, language: str | None) -> bool:
    """Whether a field's text is built like a person's name: initials, a patronymic, or a known given name."""
    words = re.sub(r"(?<=[^\W\d_]\.)(?=[^\W\d_])", " ", text).split()
    if not 2 <= len(words) <= 5 or not all(_NAME_WORD.fullmatch(word) and word[:1].isupper() for word in words):
        return False
    if any(len(word) == 2 and word.endswith(".") for word in words):
        return any(len(word) > 2 for word in words)
    tongue = CYRILLIC.get(language or "", "ru")
    if _CYRILLIC_LETTER.search(text) is None:
        return False
    return has_patronymic(text, tongue) or has_given_name(text, tongue)


def lacks_surname(text: str, language: str | None) -> bool:
    """Whether a name is a given name with its patronymic alone."""
    words = text.split()
    tongue = CYRILLIC.get(language or "", "ru")
    return len(words) == 2 and is_patronymic(words[1], tongue) and has_given_name(words[0], tongue)
