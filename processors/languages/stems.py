"""One stem for all forms of a word, by its language; and the stems that a word of a question may have.

In: a word as it stands, and its language. Out: the stem, case folded. Russian, English, Polish and Lithuanian
are read by Snowball's own C library (PyStemmer 3.1, MIT and BSD: the same algorithms in Python are a hundred
times slower), Belarusian and Ukrainian by our own light stemmers. Stems are kept beside exact words in an
index, never instead of them. May be called from several threads at once. Pure.
"""

import re
import threading
from functools import lru_cache
from typing import Final

import Stemmer

from processors.languages.belarusian import belarusian_stem
from processors.languages.detection import TextLanguage
from processors.languages.tokens import exact_form
from processors.languages.ukrainian import ukrainian_stem

_SNOWBALL: Final = {
    TextLanguage.RUSSIAN: "russian",
    TextLanguage.ENGLISH: "english",
    TextLanguage.POLISH: "polish",
    TextLanguage.LITHUANIAN: "lithuanian",
}
_LONGEST: Final = 64
"""Characters: a longer "word" is an address or noise, and stays as it is."""
_CYRILLIC: Final = re.compile("[\u0400-\u04ff]")
_LATIN: Final = re.compile("[a-z\u00df-\u024f]")
_NOT_BELARUSIAN: Final = re.compile("[ищъїє]")
_NOT_RUSSIAN: Final = re.compile("[іўїєґ']")
_NOT_UKRAINIAN: Final = re.compile("[ыэъў]")
_NOT_ENGLISH: Final = re.compile("[\u00df-\u024f]")


class _Snowball(threading.local):
    """Snowball's stemmers hold a buffer each and may not be shared between threads."""

    def __init__(self) -> None:
        self.stemmers = {language: Stemmer.Stemmer(name, 0) for language, name in _SNOWBALL.items()}


_snowball = _Snowball()


@lru_cache(maxsize=200_000)
def stem(word: str, language: TextLanguage) -> str:
    """The stem of a word of this language; of another language the word itself in its exact form."""
    plain = exact_form(word)
    if len(plain) > _LONGEST:
        return plain
    if language in (TextLanguage.BELARUSIAN, TextLanguage.CLASSICAL_BELARUSIAN):
        return belarusian_stem(plain)
    if language is TextLanguage.UKRAINIAN:
        return ukrainian_stem(plain)
    if language in _SNOWBALL:
        return str(_snowball.stemmers[language].stemWord(plain)) or plain
    return plain


def stems_of_query(word: str) -> frozenset[str]:
    """The stems that the word may have in every language whose letters it is written in, and its exact form."""
    plain = exact_form(word)
    found = {plain}
    if _CYRILLIC.search(plain):
        found |= {
            stem(word, language)
            for language, excluded in (
                (TextLanguage.BELARUSIAN, _NOT_BELARUSIAN),
                (TextLanguage.RUSSIAN, _NOT_RUSSIAN),
                (TextLanguage.UKRAINIAN, _NOT_UKRAINIAN),
            )
            if not excluded.search(plain)
        }
    elif _LATIN.search(plain):
        found |= {stem(word, language) for language in (TextLanguage.POLISH, TextLanguage.LITHUANIAN)}
        if not _NOT_ENGLISH.search(plain):
            found.add(stem(word, TextLanguage.ENGLISH))
    return frozenset(found)
