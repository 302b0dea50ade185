"""Words of names in a text: whole words, double names and initials, with what each may be.

In: text. Out: `NameWord`s in order. Pure.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from processors.languages.tokens import exact_form
from processors.name_search.given_forms import Gender, names_of_nominative, names_of_stem
from processors.name_search.nominatives import nominatives
from processors.name_search.sounds import first_vowel_even, sounds, stems_of_name

_PIECE: Final = r"[^\W\d_][^\W\d_\u0300\u0301\u00ad\u200b]*(?:[\u0300\u0301\u00ad\u200b'’ʼ‘`´′][^\W\d_]+)*"
_WORD: Final = re.compile(rf"(?P<initial>(?<![^\W_])[^\W\d_]\.)|(?P<word>{_PIECE}(?:[-\u2010\u2011]{_PIECE})*)")
_HYPHEN: Final = re.compile(r"[-\u2010\u2011]")
_MALE_FATHER: Final = re.compile("^(?P<stem>.{2,}?)(?:Aв|Iв|в)?I(?:ч|кх|х)(?:[AIU]м?|AвI)?$")
_FEMALE_FATHER: Final = re.compile("^(?P<stem>.{2,}?)(?:(?:Aв|Iв)н|I?нIчн|Iчн)[AIU]$")


@dataclass(frozen=True, slots=True)
class NameWord:
    """A word or an initial; ``start`` and ``end`` are its place in the text."""

    text: str
    start: int
    end: int
    is_initial: bool = False

    @property
    def is_given(self) -> bool:
        """Whether it is a form of a given name that is known."""
        return bool(given_names(self.text))

    @property
    def is_patronymic(self) -> bool:
        """Whether it is made of a given name that is known, as patronymics are."""
        return bool(fathers(self.text))


def words_of(text: str, *, any_case: bool = False) -> tuple[NameWord, ...]:
    """Words that may be parts of names: those that begin with a capital, or all where there is none."""
    found = list(_WORD.finditer(text))
    if not any_case:  # before anything is made of them: an index reads every word of every record
        found = [each for each in found if (first := text[each.start()]).isupper() or first.istitle()] or found
    return tuple(
        NameWord(each[0], each.start(), each.end(), is_initial=each["initial"] is not None) for each in found
    )


def halves_of(word: str) -> tuple[str, ...]:
    """The halves of a double name; a name without a hyphen as it is."""
    return tuple(half for half in _HYPHEN.split(word) if half)


@lru_cache(maxsize=20_000)
def given_names(word: str) -> frozenset[tuple[int, Gender]]:
    """The known given names that the word is a form of, in any case."""
    by_stem = frozenset(name for stem in stems_of_name(word) for name in names_of_stem(stem))
    if by_stem:
        return by_stem
    return frozenset(
        name
        for each in nominatives(word, "given")
        for name in names_of_nominative(each.word)
        if name[1] == each.gender
    )


@lru_cache(maxsize=20_000)
def fathers(word: str) -> frozenset[tuple[int, Gender]]:
    """The given names of the father that the word is a patronymic of, with the gender of who bears it."""
    found: set[tuple[int, Gender]] = set()
    if "-" in word or len(exact_form(word)) > 30:
        return frozenset()
    for skeleton in sounds(word):
        for pattern, gender in ((_MALE_FATHER, "m"), (_FEMALE_FATHER, "f")):
            match = pattern.fullmatch(skeleton)
            if match is None:
                continue
            stem = first_vowel_even(match["stem"])
            # "Якаўлевіч" of Якаў
            for each in (stem, stem.removesuffix("л")):
                found |= {
                    (number, "m" if gender == "m" else "f")
                    for number, of_father in names_of_stem(each)
                    if of_father == "m"
                }
    return frozenset(found)
