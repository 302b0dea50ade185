"""The nominative of a name as it stands in a text, and its parts.

In: the words of one name, the language, and the grammatical cases that the words before it allow. Out: a
`PersonName`. All parts of a name agree in case and gender; of the readings that agree the likeliest is taken where
one is likelier than all others, else none, with the alternatives. Pure.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

from processors.names.declension import CASES, GENDERS, Analysis, Case, Gender, Language, Part, analyses
from processors.names.person_name import PersonName

_INITIAL: Final = re.compile(r"^(?:[^\W\d_]\.)+$")
_PATRONYMIC: Final = re.compile(
    r"(?:[оеёіиыаяўв]в[иі]ч|віч|вич|[іиы]ч|[оеёая][ўв]н|[іиї]вн|[іи]н[иі]чн|[іи]чн)(?:а|у|ю|ы|и|і|"
    r"е|ой|ай|ою|аю|ем|ам|еві|ові)?$"
)
_NO_PATRONYMIC: Final = re.compile(r"^.{0,2}(?:ич|іч|ыч)", re.IGNORECASE)
_CLOSE: Final = 0.25
_UNDECLINED: Final = frozenset(
    ("оглы", "оглу", "заде", "де", "дэ", "да", "ди", "ван", "фон", "ла", "ле", "кызы", "ібн", "аль")
)


@dataclass(frozen=True, slots=True)
class NameWords:
    """The words of a name with the part of the name that each is."""

    words: tuple[str, ...]
    parts: tuple[Part | None, ...]


@dataclass(frozen=True, slots=True)
class _Reading:
    words: tuple[str, ...]
    gender: Gender
    case: Case
    weight: float


def name_of(
    wording: str, language: Language, cases: Collection[Case] = CASES, *, surname_alone: bool = False
) -> PersonName:
    """The name in the nominative; ``cases`` are those that its place in the text allows."""
    named = parts_of(wording, language, surname_alone=surname_alone)
    readings = _readings(named, language, cases)
    if not readings:
        return PersonName(nominative=None, script="Cyrl", reason="no known declension fits the words")
    best: dict[tuple[str, ...], _Reading] = {}
    for reading in readings:
        if reading.words not in best or best[reading.words].weight < reading.weight:
            best[reading.words] = reading
    ranked = sorted(best.values(), key=lambda each: -each.weight)
    first = ranked[0]
    close = [each for each in ranked[1:] if first.weight - each.weight < _CLOSE]
    genders = {each.gender for each in readings if each.words == first.words and first.weight - each.weight < 2}
    if close:
        forms = tuple(dict.fromkeys(_joined(each.words) for each in (first, *close)))
        return PersonName(
            nominative=None, script="Cyrl", alternatives=forms, reason="the ending fits more than one name"
        )
    return _made(named, first.words, genders.pop() if len(genders) == 1 else None)


def parts_of(wording: str, language: Language, *, surname_alone: bool = False) -> NameWords:
    """Which word is the surname, the given name and the patronymic."""
    words = tuple(_spaced(wording).split())
    parts: list[Part | None] = [None] * len(words)
    initials = [place for place, word in enumerate(words) if _INITIAL.match(word)]
    whole = [place for place in range(len(words)) if place not in initials]
    if initials:
        for part, place in zip(("given", "patronymic"), initials, strict=False):
            parts[place] = part  # type: ignore[call-overload]  # literals of Part
        if len(whole) == 2 and len(initials) == 1 and whole[0] < initials[0] < whole[1]:
            parts[whole[0]], parts[initials[0]], parts[whole[1]] = "given", "patronymic", "surname"
        else:
            for place in whole:
                parts[place] = "surname"
        return NameWords(words, tuple(parts))
    if len(whole) == 1:
        parts[0] = "surname" if surname_alone or not _is_given(words[0], language) else "given"
        return NameWords(words, tuple(parts))
    fathers = [place for place in whole[1:] if is_patronymic(words[place], language)]
    if fathers and len(whole) >= 3:
        father = fathers[-1]
        parts[father] = "patronymic"
        rest = [place for place in whole if place != father]
        before = father - 1
        parts[before] = "given"
        for place in rest:
            if place != before:
                parts[place] = "surname"
        return NameWords(words, tuple(parts))
    if fathers and len(whole) == 2 and _is_given(words[0], language) and not _is_given(words[1], language):
        # "Алесь Станкевіч": a surname of a form that patronymics have, too
        parts[0], parts[1] = "given", "surname"
        return NameWords(words, tuple(parts))
    given = _given_place(words, whole, language)
    for place in whole:
        parts[place] = "given" if place == given else "surname"
    if len(whole) == 3 and given == 0 and _is_given(words[1], language):
        parts[1] = "given"
    return NameWords(words, tuple(parts))


def _spaced(wording: str) -> str:
    """Initials as words of their own."""
    return re.sub(r"(?<=[^\W\d_]\.)(?=[^\W\d_])", " ", wording)


def is_patronymic(word: str, language: Language) -> bool:
    """Whether the word may be a patronymic, in any case."""
    return (
        _PATRONYMIC.search(word.casefold()) is not None
        and not _NO_PATRONYMIC.fullmatch(word)
        and bool(analyses(word, language, "patronymic"))
    )


def _is_given(word: str, language: Language) -> bool:
    return any(each.weight > 4 for each in analyses(word, language, "given"))


def _given_place(words: tuple[str, ...], whole: list[int], language: Language) -> int:
    known = [place for place in whole if _is_given(words[place], language)]
    return known[0] if known else whole[0]


def _readings(named: NameWords, language: Language, cases: Collection[Case]) -> list[_Reading]:
    options = [
        _plain(word)
        if part is None or _INITIAL.match(word) or word.casefold() in _UNDECLINED
        else _compound(word, language, part)
        for word, part in zip(named.words, named.parts, strict=True)
    ]
    found: list[_Reading] = []
    for gender, case in product(GENDERS, cases):
        fitting = [[each for each in some if each.gender == gender and each.case == case] for some in options]
        if not all(fitting):
            continue
        ranked = [sorted(some, key=lambda each: -each.weight)[:4] for some in fitting]
        for chosen in product(*ranked):
            weight = sum(each.weight for each in chosen) + (1.0 if case == "nom" else 0.0)
            found.append(_Reading(tuple(each.nominative for each in chosen), gender, case, weight))
    return found


def _plain(word: str) -> list[Analysis]:
    return [Analysis(word, gender, case, 0.0) for gender in GENDERS for case in CASES]


def _compound(word: str, language: Language, part: Part) -> list[Analysis]:
    """Both halves of a double name decline; the first may also stay as it is."""
    halves = re.split(r"(?<=[^\W_])-(?=[^\W_])", word)
    if len(halves) == 1:
        return list(analyses(word, language, part))
    options = [
        list(analyses(half, language, part)) if half.casefold() not in _UNDECLINED else _plain(half)
        for half in halves
    ]
    options[0] += [replace(each, weight=1.0) for each in _plain(halves[0])]
    found: list[Analysis] = []
    for gender, case in product(GENDERS, CASES):
        fitting = [[e for e in some if e.gender == gender and e.case == case] for some in options]
        if not all(fitting):
            continue
        for chosen in product(*(sorted(some, key=lambda e: -e.weight)[:3] for some in fitting)):
            weight = sum(each.weight for each in chosen) / len(chosen)
            found.append(Analysis("-".join(each.nominative for each in chosen), gender, case, weight))
    return found


def _joined(words: tuple[str, ...]) -> str:
    return " ".join(re.sub(r"(?<=\.)(?=[^\W\d_])", " ", word) for word in words)


def _as_in_a_register(word: str) -> str:
    """Capitals of a list as a name is written; the Ў that a sentence makes of an У before it is the У again."""
    if len(word) > 2 and word.isupper() and not _INITIAL.match(word):
        word = "-".join(part[:1] + part[1:].lower() for part in word.split("-"))
    return "У" + word[1:] if word[0] == "Ў" and len(word) > 2 else word


def _made(named: NameWords, words: tuple[str, ...], gender: str | None) -> PersonName:
    held: dict[str, str] = {}
    words = tuple(map(_as_in_a_register, words))
    for word, part in zip(words, named.parts, strict=True):
        if part is not None:
            held[part] = f"{held[part]} {word}" if part in held else word
    initials = " ".join(
        word if _INITIAL.match(word) else f"{word[0]}."
        for word, part in zip(words, named.parts, strict=True)
        if part in ("given", "patronymic")
    )
    return PersonName(
        nominative=_joined(words),
        surname=held.get("surname"),
        given=held.get("given"),
        patronymic=held.get("patronymic"),
        initials=initials or None,
        gender=gender,
        script="Cyrl",
    )


def likely_cases(wording: str, language: Language) -> frozenset[Case]:
    """The cases in which the name may stand by its own form."""
    best: dict[Case, float] = {}
    for surname_alone in (False, True):
        named = parts_of(wording, language, surname_alone=surname_alone)
        for reading in _readings(named, language, CASES):
            best[reading.case] = max(best.get(reading.case, -99.0), reading.weight)
    if not best:
        return frozenset(CASES)
    top = max(best.values())
    return frozenset(case for case, weight in best.items() if top - weight < 2.5)


def likely_gender(wording: str, language: Language) -> Gender | None:
    """The gender that the name shows by its given name or patronymic; None where it may be either."""
    readings = _readings(parts_of(wording, language), language, CASES)
    best = {
        gender: max((each.weight for each in readings if each.gender == gender), default=-99.0)
        for gender in GENDERS
    }
    if abs(best["m"] - best["f"]) < 3:
        return None
    return "m" if best["m"] > best["f"] else "f"


def has_patronymic(wording: str, language: Language) -> bool:
    """Whether a word of the name is a patronymic."""
    return "patronymic" in parts_of(wording, language).parts and not any(
        map(_INITIAL.match, _spaced(wording).split())
    )


def as_it_stands(wording: str, language: Language) -> PersonName:
    """The parts of a name whose wording is the nominative already, as in a register."""
    named = parts_of(wording, language)
    return _made(named, named.words, likely_gender(wording, language))
