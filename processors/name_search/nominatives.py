"""Every nominative that a word of a name may come from, whatever its language.

In: a word as it stands, and what part of a name it is. Out: `Nominative`s with gender, case and language.
Cyrillic words are read by the declensions of Belarusian, Russian and Ukrainian (`processors.names.declension`),
words in Latin letters by those of Polish and Lithuanian below and as romanised nominatives. The tables have a
line for a paradigm: gender, then the endings of nominative, genitive, dative, accusative, instrumental,
locative; ``/`` separates variants, ``-`` is no ending. Sources: the school grammars. Pure.
"""

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final, Literal

from processors.name_search.sounds import is_cyrillic
from processors.names.declension import CASES, GENDERS, Case, Gender, Language, analyses

NameLanguage = Literal["be", "ru", "uk", "pl", "lt", "Latn"]
"""``Latn``: in Latin letters, of no language in particular."""
PartOfName = Literal["surname", "given", "patronymic"]

_POLISH: Final = """
m ski skiego skiemu skiego skim skim
f ska skiej skiej ską ską skiej
m cki ckiego ckiemu ckiego ckim ckim
f cka ckiej ckiej cką cką ckiej
m dzki dzkiego dzkiemu dzkiego dzkim dzkim
f dzka dzkiej dzkiej dzką dzką dzkiej
m y ego emu ego ym ym
f a ej ej ą ą ej
m - a owi a em/iem ie/u/e
m ek ka kowi ka kiem ku
m ec ca cowi ca cem cu
m eł ła łowi ła łem le
m ń nia niowi nia niem niu
f - - - - - -
mf a y ie/e ę ą ie/e
mf a i ie/e/i ę ą ie/e/i
mf ka ki ce kę ką ce
mf ga gi dze gę gą dze
mf ra ry rze rę rą rze
mf ta ty cie tę tą cie
mf da dy dzie dę dą dzie
mf ła ły le łę łą le
mf ia ii ii ię ią ii
f ja i i ję ją i
"""
_LITHUANIAN: Final = """
m as o ui ą u e
m is io iui į iu yje
m ys io iui į iu yje
m tis čio čiui tį čiu tyje
m dis džio džiui dį džiu dyje
m us aus ui ų umi uje
m ius iaus iui ių iumi iuje
f a os ai ą a oje
f ė ės ei ę e ėje
"""
_TABLES: Final[dict[NameLanguage, str]] = {"pl": _POLISH, "lt": _LITHUANIAN}
_GENDERS: Final[dict[str, tuple[Gender, ...]]] = {"m": ("m",), "f": ("f",), "mf": ("m", "f")}
_SHORTEST: Final = 2
_WEAK: Final = 2.5
"""A reading whose weight is this much below the best one of the same gender and case is left out."""

_EXCLUDED: Final[tuple[tuple[Language, re.Pattern[str]], ...]] = (
    ("be", re.compile("[ищъїє]|ов$|ев$|ко$")),
    ("ru", re.compile("[іўїєґ]")),
    ("uk", re.compile("[ыэъўё]|[сц]к(?:ий|ая)$")),
)
_OF_WOMEN_UNDECLINED: Final = re.compile("(?:нка|нко)$", re.IGNORECASE)
_POSSESSIVE: Final = re.compile(r"['’ʼ]s$|(?<=s)['’ʼ]$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Nominative:
    """One nominative that a word may come from."""

    word: str
    gender: Gender
    case: Case
    language: NameLanguage


def languages_of_word(word: str) -> tuple[Language, ...]:
    """The languages of Cyrillic letters in which a word may be written so."""
    lower = word.casefold()
    fitting = tuple(language for language, excluded in _EXCLUDED if not excluded.search(lower))
    return fitting or ("ru",)


@lru_cache(maxsize=20_000)
def nominatives(word: str, part: PartOfName) -> tuple[Nominative, ...]:
    """What the word may be in the nominative, itself included, as this part of a name."""
    word = _POSSESSIVE.sub("", word)
    if "-" in word:
        return _of_double(word, part)
    return _of_cyrillic(word, part) if is_cyrillic(word) else _of_latin(word)


def _of_cyrillic(word: str, part: PartOfName) -> tuple[Nominative, ...]:
    found: list[Nominative] = []
    if word.isupper() and len(word) > 1:
        word = word.title()
    for language in languages_of_word(word):
        some = analyses(word, language, part)
        best: dict[tuple[Gender, Case], float] = {}
        for each in some:
            key = (each.gender, each.case)
            best[key] = max(best.get(key, each.weight), each.weight)
        found += [
            Nominative(each.nominative, each.gender, each.case, language)
            for each in some
            if each.weight > best[each.gender, each.case] - _WEAK
        ]
        found += [Nominative(word, gender, "nom", language) for gender in GENDERS]
        if part == "surname" and _OF_WOMEN_UNDECLINED.search(word):
            found += [Nominative(word, "f", case, language) for case in CASES]
    return tuple(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class _LatinEnding:
    case: Case
    ending: str
    nominative: str
    genders: tuple[Gender, ...]
    language: NameLanguage


@cache
def _latin_endings() -> tuple[_LatinEnding, ...]:
    found: list[_LatinEnding] = []
    for language, table in _TABLES.items():
        for line in table.strip().split("\n"):
            genders, *forms = line.split()
            nominative = forms[0].strip("-")
            for case, variants in zip(CASES, forms, strict=True):
                found += [
                    _LatinEnding(case, variant.strip("-"), nominative, _GENDERS[genders], language)
                    for variant in variants.split("/")
                ]
    return tuple(found)


def _of_latin(word: str) -> tuple[Nominative, ...]:
    lower = word.casefold()
    found = [Nominative(lower, gender, "nom", "Latn") for gender in _GENDERS["mf"]]
    for each in _latin_endings():
        if each.case == "nom" or not lower.endswith(each.ending):
            continue
        stem = lower[: len(lower) - len(each.ending)]
        if len(stem) < _SHORTEST:
            continue
        found += [Nominative(stem + each.nominative, gender, each.case, each.language) for gender in each.genders]
    return tuple(dict.fromkeys(found))


_HALVES_READ: Final = 12


def _of_double(word: str, part: PartOfName) -> tuple[Nominative, ...]:
    """Both halves of a double name decline together; the first may also stay as it is."""
    first, _, rest = word.partition("-")
    if not first or not rest:
        return ()
    seconds = nominatives(rest, part)[: 10 * _HALVES_READ]
    found: list[Nominative] = []
    by_form: dict[tuple[Gender, Case, NameLanguage], list[str]] = {}
    for each in nominatives(first, part):
        by_form.setdefault((each.gender, each.case, each.language), []).append(each.word)
    for second in seconds:
        heads = by_form.get((second.gender, second.case, second.language), [])
        found += [
            Nominative(f"{head}-{second.word}", second.gender, second.case, second.language)
            for head in dict.fromkeys((*heads[:_HALVES_READ], first))
        ]
    return tuple(dict.fromkeys(found))
