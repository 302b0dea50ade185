"""Whether a name in a text is the name that is asked for, and why.

In: the name asked for, in the nominative as a search box has it (another case is understood where the words
show it), and a wording or a whole text. Out: a `NameMatch`, or None where the text names nobody of that name.
Words of a name in a text agree in case and gender, and that keeps "Прикладова Ивана" (of Иван Прикладов) apart
from Мария Прикладова. Another given name, another patronymic, other initials, a surname of other consonants or
of the other gender is another person. What cannot be told from the words alone has ``same`` False, to be shown
below and called similar. Pure; time grows with the length of the text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from processors.languages.tokens import exact_form
from processors.name_search.given_forms import (
    Gender,
    initial_letters,
    initials_of_name,
    names_of_nominative,
)
from processors.name_search.keys import surname_candidates
from processors.name_search.nominatives import languages_of_word, nominatives
from processors.name_search.reasons import MatchReason
from processors.name_search.sounds import ascii_letters, first_vowel_even, is_cyrillic, sounds, stems_of_name
from processors.name_search.words import NameWord, fathers, given_names, words_of
from processors.names.declension import CASES, GENDERS, Case

_LONGEST: Final = 100_000
"""Characters of a text that are looked at."""
_MOST: Final = 50
"""Places of one text that are compared exactly."""
_NEXT: Final = re.compile(r"[ \u00a0\u202f]*|,[ \u00a0]")
_WORD: Final = re.compile(r"[^\W\d_]\w*")
_CLASSICAL: Final = re.compile(r"(?<=[сзцнл])ь(?=[бвгджзклмнпрстфхцчшщ])")
_SIGNS: Final = re.compile("[ьъй']")

_Form = tuple[Gender, Case]
_EVERY_FORM: Final = frozenset((gender, case) for gender in GENDERS for case in CASES)

_WEIGHTS: Final = {
    MatchReason.SAME_WORDING: 1.0,
    MatchReason.OTHER_ORTHOGRAPHY: 0.97,
    MatchReason.WITHOUT_MARKS: 0.96,
    MatchReason.OTHER_LANGUAGE: 0.95,
    MatchReason.LATIN_LETTERS: 0.95,
    MatchReason.CYRILLIC_LETTERS: 0.95,
    MatchReason.OTHER_ROMANISATION: 0.93,
    MatchReason.GIVEN_NAME_OF_OTHER_LANGUAGE: 0.97,
    MatchReason.INITIALS: 0.7,
    MatchReason.GIVEN_NAME_LEFT_OUT: 0.5,
    MatchReason.PATRONYMIC_LEFT_OUT: 0.9,
    MatchReason.PATRONYMIC_ADDED: 0.92,
    MatchReason.OBLIQUE_CASE: 0.99,
    MatchReason.SURNAME_FIRST: 1.0,
    MatchReason.ALSO_OTHER_GENDER: 0.5,
}


@dataclass(frozen=True, slots=True)
class NameMatch:
    """A name in a text that fits: ``same`` where its words say so, else only similar.

    ``score`` (0 to 1) orders matches, ``start`` and ``end`` are the name's place in the text.
    """

    same: bool
    score: float
    reasons: tuple[MatchReason, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _NameSought:
    """The name asked for: possible nominatives of the surname, and the other words."""

    surnames: tuple[str, ...]
    given: NameWord | None
    father: NameWord | None
    genders: frozenset[Gender]


@dataclass(frozen=True, slots=True)
class _Arranged:
    """A surname in a text with the words beside it that belong to it."""

    surname: NameWord
    given: NameWord | None = None
    father: NameWord | None = None
    surname_first: bool = False
    beside_unknown: bool = False
    """A word with a capital stands beside the surname, which may be another given name or none."""


@dataclass(frozen=True, slots=True)
class _Agreement:
    """How one word agrees with one asked for: in which genders and cases, and by what step."""

    forms: frozenset[_Form]
    reason: MatchReason


def explain(query: str, wording: str) -> NameMatch | None:
    """The best match of the name in the wording, or None."""
    sought = _name_sought(query)
    if sought is None:
        return None
    text = wording[:_LONGEST]
    words = words_of(text)
    places = [
        place
        for place, word in enumerate(words)
        if not word.is_initial and _may_be_surname(sought.surnames, word.text)
    ]
    if not places:
        return None
    only_names = all(each[0][0].isupper() for each in _WORD.finditer(text))
    best: NameMatch | None = None
    for place in places[:_MOST]:
        for arranged in _arrangements(text, words, place, sought, only_names=only_names):
            match = _match(sought, arranged)
            if match is not None and (best is None or match.score > best.score):
                best = match
    return best


@lru_cache(maxsize=256)
def _name_sought(query: str) -> _NameSought | None:
    words = words_of(query[:200], any_case=True)
    candidates = surname_candidates(words)
    if not candidates:
        return None
    surname = candidates[-1] if "," not in query else candidates[0]
    rest = [word for word in words if word is not surname]
    father = next((word for word in rest if word.is_patronymic and word is not rest[0]), None)
    given = next((word for word in rest if word is not father), None)
    if father is None:
        father = next((word for word in rest if word is not given), None)
    if given is None or given.is_initial:
        genders = frozenset[Gender]()
    else:
        genders = frozenset(gender for _, gender in names_of_nominative(given.text))
    of_father = frozenset(gender for _, gender in fathers(father.text)) if father else frozenset()
    if of_father:
        genders = genders & of_father or of_father
    return _NameSought(_surnames_sought(surname, given), given, father, genders)


def _surnames_sought(surname: NameWord, given: NameWord | None) -> tuple[str, ...]:
    """The surname as it stands, and where the given name is in another case, its nominatives."""
    if given is None or given.is_initial or not given.is_given or names_of_nominative(given.text):
        return (surname.text,)
    forms = _forms_of_given(given.text)
    return (
        *(
            each.word
            for each in nominatives(surname.text, "surname")
            if (each.gender, each.case) in forms and each.case != "nom"
        ),
        surname.text,
    )


def _forms_of_given(word: str) -> frozenset[_Form]:
    """Genders and cases in which the word is a known given name."""
    return frozenset(
        (each.gender, each.case)
        for each in nominatives(word, "given")
        if any(gender == each.gender for _, gender in names_of_nominative(each.word))
    )


@lru_cache(maxsize=20_000)
def _stems_of_halves(word: str) -> tuple[frozenset[str], ...]:
    return tuple(
        stems_of_name(half)
        | (frozenset() if is_cyrillic(half) else frozenset((f"a{ascii_letters(exact_form(half))[:3]}",)))
        for half in re.split(r"[-\u2010\u2011]", word)
        if half
    )


def _may_be_surname(surnames: tuple[str, ...], word: str) -> bool:
    """Whether each half of the word has a stem in common with a surname asked for: a quick look at first."""
    halves = _stems_of_halves(word)
    return any(
        len(sought) == len(halves) and all(one & other for one, other in zip(sought, halves, strict=True))
        for sought in map(_stems_of_halves, surnames)
    )


def _arrangements(
    text: str, words: tuple[NameWord, ...], place: int, sought: _NameSought, *, only_names: bool
) -> Iterator[_Arranged]:
    """The ways in which words beside a surname may be its given name and patronymic; alone where none are."""
    surname = words[place]
    before = _beside(text, words, place, -1)
    after = _beside(text, words, place, 1)
    found = False
    if before and _is_given_like(before[0], sought):
        found = True
        pair = len(before) > 1 and _is_given_like(before[1], sought)
        if pair:
            yield _Arranged(surname, given=before[1], father=before[0])
        if not (pair and before[0].is_initial) and (not before[0].is_patronymic or before[0].is_given):
            yield _Arranged(surname, given=before[0])
    elif len(before) > 1 and before[1].is_given:
        found = True
        yield _Arranged(surname, given=before[1], father=before[0])
    if after and _is_given_like(after[0], sought):
        found = True
        father = after[1] if len(after) > 1 and _is_given_like(after[1], sought) else None
        yield _Arranged(surname, given=after[0], father=father, surname_first=True)
    if found:
        return
    if (before or after) and only_names:
        # nothing but names: the word beside it is a given name that nobody knows
        yield _Arranged(surname, given=(before or after)[0], surname_first=not before)
        return
    yield _Arranged(surname, beside_unknown=bool(before or after))


def _beside(text: str, words: tuple[NameWord, ...], place: int, step: int) -> list[NameWord]:
    """Up to two words next to a place, the nearest first, with nothing between them but blanks or a comma."""
    found: list[NameWord] = []
    here = words[place]
    for other in words[place + 1 : place + 3] if step > 0 else words[max(0, place - 2) : place][::-1]:
        gap = text[other.end : here.start] if step < 0 else text[here.end : other.start]
        if _NEXT.fullmatch(gap) is None or (step < 0 and "," in gap):
            break
        found.append(other)
        here = other
    return found


def _is_given_like(word: NameWord, sought: _NameSought) -> bool:
    if word.is_initial or word.is_given or word.is_patronymic:
        return True
    if sought.given is None or sought.given.is_initial:
        return False
    return _agree(sought.given.text, word.text, "given") is not None


def _match(sought: _NameSought, arranged: _Arranged) -> NameMatch | None:
    reasons: list[MatchReason] = []
    agreements = [
        found for each in sought.surnames if (found := _agree(each, arranged.surname.text, "surname")) is not None
    ]
    if not agreements:
        return None
    surname = max(agreements, key=lambda each: _WEIGHTS[each.reason])
    forms = surname.forms
    reasons.append(surname.reason)
    if arranged.given is not None:
        given = _agree_given(sought.given, arranged.given)
        if given is None:
            return None
        forms = forms & given.forms
        if given.reason is not MatchReason.SAME_WORDING and sought.given is not None:
            reasons.append(given.reason)
    elif sought.given is not None:
        reasons.append(MatchReason.GIVEN_NAME_LEFT_OUT)
    fits, father = _agree_father(sought.father, arranged.father)
    if not fits:
        return None
    if arranged.father is not None and not arranged.father.is_initial:
        genders = {gender for _, gender in fathers(arranged.father.text)}
        forms = frozenset(form for form in forms if not genders or form[0] in genders)
    if father is not None:
        reasons.append(father)
    if sought.genders:
        forms = frozenset(form for form in forms if form[0] in sought.genders)
    if not forms:
        return None
    if arranged.surname_first and arranged.given is not None:
        reasons.append(MatchReason.SURNAME_FIRST)
    same = not arranged.beside_unknown and not _rests_on_one_initial(sought, arranged)
    if not any(case == "nom" for _, case in forms):
        reasons.append(MatchReason.OBLIQUE_CASE)
        if _is_of_other_gender(arranged, forms):
            reasons.append(MatchReason.ALSO_OTHER_GENDER)
            same = False
    reasons = list(dict.fromkeys(reasons))
    if len(reasons) > 1:
        reasons = [reason for reason in reasons if reason is not MatchReason.SAME_WORDING]
    score = 1.0
    for reason in reasons:
        score *= _WEIGHTS[reason]
    places = [word for word in (arranged.surname, arranged.given, arranged.father) if word is not None]
    return NameMatch(
        same, round(score, 4), tuple(reasons), min(word.start for word in places), max(word.end for word in places)
    )


def _rests_on_one_initial(sought: _NameSought, arranged: _Arranged) -> bool:
    """Whether one initial is all that speaks for the given name: others of the family may have the same."""
    if sought.given is None or arranged.given is None or sought.given.is_initial == arranged.given.is_initial:
        return False
    return sought.father is None or arranged.father is None


def _is_of_other_gender(arranged: _Arranged, forms: frozenset[_Form]) -> bool:
    """Whether the words by themselves are rather the nominative of the other gender (Александра Ежевичкина)."""
    genders = {gender for gender, _ in forms}
    if arranged.father is not None and not arranged.father.is_initial:
        return False
    if "f" in genders or _FEMALE_ENDING.search(arranged.surname.text.casefold()) is None:
        return False
    if arranged.given is None or arranged.given.is_initial:
        return True
    return any(gender == "f" for _, gender in names_of_nominative(arranged.given.text))


_FEMALE_ENDING: Final = re.compile("(?:[оаеё]ва|[иыії]на|ая|[сц]ька|[oaei]va|[iy]na|[aiy][jy]?a|[sc]ka)$")


@lru_cache(maxsize=50_000)
def _agree(sought: str, word: str, part: str) -> _Agreement | None:
    """In which forms the word of a text is the one asked for."""
    forms: dict[MatchReason, set[_Form]] = {}
    for each in nominatives(word, "surname" if part == "surname" else "given"):
        reason = _step(sought, each.word)
        if reason is not None:
            forms.setdefault(reason, set()).add((each.gender, each.case))
    if exact_form(sought) == exact_form(word) and not any(
        case == "nom" for some in forms.values() for _, case in some
    ):
        forms.setdefault(MatchReason.SAME_WORDING, set()).update((gender, "nom") for gender in GENDERS)
    if not forms:
        return None
    best = max(forms, key=lambda each: _WEIGHTS[each])
    return _Agreement(frozenset(form for some in forms.values() for form in some), best)


@lru_cache(maxsize=50_000)
def _step(sought: str, word: str) -> MatchReason | None:
    """What leads from one nominative to another spelling of it; None where they are two names."""
    one, other = exact_form(sought), exact_form(word)
    if one == other:
        return MatchReason.SAME_WORDING
    if one.count("-") != other.count("-"):
        return None
    cyrillic = is_cyrillic(one), is_cyrillic(other)
    if cyrillic == (False, False) and ascii_letters(one) == ascii_letters(other):
        return MatchReason.WITHOUT_MARKS
    if not all(_sound_alike(a, b) for a, b in zip(one.split("-"), other.split("-"), strict=True)):
        return None
    if cyrillic == (False, False):
        return MatchReason.OTHER_ROMANISATION
    if cyrillic[0] != cyrillic[1]:
        return MatchReason.LATIN_LETTERS if cyrillic[0] else MatchReason.CYRILLIC_LETTERS
    if _CLASSICAL.sub("", one) == _CLASSICAL.sub("", other):
        return MatchReason.OTHER_ORTHOGRAPHY
    languages = set(languages_of_word(one)), set(languages_of_word(other))
    if languages[0] == languages[1] and len(languages[0]) == 1 and _SIGNS.sub("", one) != _SIGNS.sub("", other):
        return None  # written otherwise within one language: another surname
    return MatchReason.OTHER_LANGUAGE


def _sound_alike(one: str, other: str) -> bool:
    if sounds(one) & sounds(other):
        return True
    return bool(
        {first_vowel_even(each) for each in sounds(one)} & {first_vowel_even(each) for each in sounds(other)}
    )


def _agree_given(sought: NameWord | None, word: NameWord) -> _Agreement | None:
    if word.is_initial or (sought is not None and sought.is_initial):
        if sought is None or _letters(sought) & _letters(word):
            return _Agreement(_EVERY_FORM, MatchReason.INITIALS)
        return None
    if sought is None:
        return _Agreement(_forms_of_given(word.text) or _EVERY_FORM, MatchReason.SAME_WORDING)
    found = _agree(sought.text, word.text, "given")
    numbers = names_of_nominative(sought.text) or given_names(sought.text)
    forms = {
        (each.gender, each.case)
        for each in nominatives(word.text, "given")
        if any(gender == each.gender for _, gender in names_of_nominative(each.word) & numbers)
    }
    if forms:
        reason = (
            found.reason
            if found is not None and found.reason is not MatchReason.OTHER_LANGUAGE
            else MatchReason.GIVEN_NAME_OF_OTHER_LANGUAGE
        )
        return _Agreement(frozenset(forms), reason)
    if names_of_nominative(sought.text) and names_of_nominative(word.text):
        return None
    return found


@lru_cache(maxsize=20_000)
def _letters(word: NameWord) -> frozenset[str]:
    if word.is_initial:
        return initial_letters(word.text)
    numbers = names_of_nominative(word.text) or given_names(word.text) or fathers(word.text)
    return initial_letters(word.text).union(*(initials_of_name(number) for number, _ in numbers))


def _agree_father(sought: NameWord | None, word: NameWord | None) -> tuple[bool, MatchReason | None]:
    """Whether two patronymics or middle names may be one person's, and the step between them."""
    if sought is None or word is None:
        reason = MatchReason.PATRONYMIC_LEFT_OUT if sought else MatchReason.PATRONYMIC_ADDED if word else None
        return True, reason
    if sought.is_initial or word.is_initial:
        return bool(_letters(sought) & _letters(word)), MatchReason.INITIALS
    numbers = {number for number, _ in fathers(sought.text)}, {number for number, _ in fathers(word.text)}
    if numbers[0] and numbers[1]:
        return bool(numbers[0] & numbers[1]), None
    alike = _agree(sought.text, word.text, "given") is not None
    return alike or bool(stems_of_name(sought.text) & stems_of_name(word.text)), None
