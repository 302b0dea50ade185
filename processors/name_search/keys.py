"""Keys under which an index keeps names, and those that a question about a name asks for.

In: a wording or a whole text; out: `NameKeys`. Keys are wide: every form of a name in every case, script and
language has one in common, and so have the forms of husband and wife and some similar names; `matching.explain`
decides. Words that begin with a small letter have none, unless the text has no capital at all. Pure.

A key is a letter and what stands for the word: ``s`` the skeleton of a word without its ending, ``a`` the same
of Latin letters without marks, ``g`` the number of a given name, ``i`` a letter as an initial or of a given
name.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from processors.languages.tokens import exact_form
from processors.name_search.given_forms import (
    initial_letters,
    initials_of_name,
    names_of_stem,
)
from processors.name_search.sounds import ascii_letters, is_cyrillic, stems_of_name
from processors.name_search.words import NameWord, halves_of, words_of

_LONGEST: Final = 100_000
"""Characters of a text that are looked at."""
_ASCII_ENDING: Final = re.compile(
    r"(?:iego|iemu|ego|emu|iej|ej|owi|iem|em|im|ym|umi|iumi|iaus|aus|iui|ui|ius|as|is|us|ys|es|os|'s|[aeiouy]+)$"
)
_FEW: Final = 3


@dataclass(frozen=True, slots=True)
class NameKeys:
    """``words`` are keys of whole words, ``initials`` those of initials and of first letters of given names."""

    words: frozenset[str]
    initials: frozenset[str]

    @property
    def terms(self) -> frozenset[str]:
        """All keys, as an index stores them."""
        return self.words | self.initials


@dataclass(frozen=True, slots=True)
class NameQuestion:
    """Keys that a question asks for.

    ``required``: a document has to have one of each group; ``wished``: each that it has makes it rank higher.
    """

    required: tuple[frozenset[str], ...]
    wished: frozenset[str]


def name_keys(wording: str) -> NameKeys:
    """The keys of all names in a wording or a text."""
    words: set[str] = set()
    initials: set[str] = set()
    for word in words_of(wording[:_LONGEST]):
        if word.is_initial:
            initials |= {f"i{letter}" for letter in initial_letters(word.text)}
            continue
        for half in halves_of(word.text):
            of_word, of_initials = _keys_of_word(half)
            words |= of_word
            initials |= of_initials
    return NameKeys(frozenset(words), frozenset(initials))


@lru_cache(maxsize=100_000)
def _keys_of_word(word: str) -> tuple[frozenset[str], frozenset[str]]:
    stems = stems_of_name(word)
    given = frozenset(name for stem in stems for name in names_of_stem(stem))
    keys = {f"s{stem}" for stem in stems} | {f"g{number}" for number, _ in given}
    if not is_cyrillic(word):
        keys |= _ascii_keys(word)
    letters = initial_letters(word).union(*(initials_of_name(number) for number, _ in given))
    return frozenset(keys), frozenset(f"i{letter}" for letter in letters)


def _ascii_keys(word: str) -> set[str]:
    letters = ascii_letters(exact_form(word))
    shorter = _ASCII_ENDING.sub("", letters)
    return {f"a{shorter if len(shorter) >= _FEW else letters}"}


def question_of(query: str) -> NameQuestion:
    """What to ask an index for: the surname's keys, and the rest as wishes.

    The surname is whichever word is no given name and no patronymic; where every word is a given name, or none,
    each may be it.
    """
    words = words_of(query, any_case=True)
    surnames = surname_candidates(words)
    required: list[frozenset[str]] = []
    wished: set[str] = set()
    for word in words:
        if word.is_initial:
            wished |= {f"i{letter}" for letter in initial_letters(word.text)}
            continue
        halves = [_keys_of_word(half) for half in halves_of(word.text)]
        if word in surnames and not required:
            required = [of_word for of_word, _ in halves]
        elif word in surnames:
            required = [frozenset[str]().union(*required, *(of_word for of_word, _ in halves))]
        else:
            wished.update(*(of_word | of_initials for of_word, of_initials in halves))
    return NameQuestion(tuple(required), frozenset(wished))


def surname_candidates(words: tuple[NameWord, ...]) -> tuple[NameWord, ...]:
    """The words of a name that may be its surname."""
    whole = tuple(word for word in words if not word.is_initial)
    unknown = tuple(word for word in whole if not word.is_given and not word.is_patronymic)
    if unknown:
        return unknown
    return tuple(word for word in whole if not word.is_given) or whole
