"""How text becomes words of the index, and which index words a word of a query stands for.

In: text. Out: words as they stand and stems, at the same positions. Stemming and folding are those of
`processors.languages`; here is only what an index adds: both forms of each word once, from a cache, and stems by
the script of the word where a text mixes scripts. Pure.
"""

import hashlib
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

import processors.languages
import processors.name_search
from processors.languages.detection import TextLanguage
from processors.languages.stems import stem
from processors.languages.tokens import exact_form, token_texts

LONGEST_WORD: Final = 100
"""Characters of a word that are indexed; longer ones are addresses and noise."""

_CYRILLIC: Final = frozenset(
    (TextLanguage.BELARUSIAN, TextLanguage.CLASSICAL_BELARUSIAN, TextLanguage.RUSSIAN, TextLanguage.UKRAINIAN)
)
_FIRST_CYRILLIC: Final = "\u0400"
_LAST_CYRILLIC: Final = "\u04ff"


@cache
def analyser_version() -> str:
    """Changes whenever the code that makes words of texts does; an index of another version is made anew."""
    made = hashlib.sha256()
    for package in (processors.languages, processors.name_search):
        for source in sorted(files(package).iterdir(), key=lambda each: each.name):
            if source.name.endswith(".py"):
                made.update(source.name.encode() + source.read_bytes())
    return made.hexdigest()[:12]


@lru_cache(maxsize=400_000)
def word_forms(word: str, language: TextLanguage) -> tuple[str, str]:
    """The word as it stands, in the form in which exact words are compared, and its stem."""
    plain = exact_form(word)[:LONGEST_WORD]
    is_cyrillic = _FIRST_CYRILLIC <= plain[:1] <= _LAST_CYRILLIC
    if is_cyrillic != (language in _CYRILLIC):
        language = TextLanguage.RUSSIAN if is_cyrillic else TextLanguage.ENGLISH
    return plain, stem(word, language)[:LONGEST_WORD] or plain


def indexed_words(text: str, language: TextLanguage) -> tuple[str, str]:
    """The words of a text, and their stems, each parted by spaces: the same number of both."""
    forms = [word_forms(word, language) for word in token_texts(text)]
    return " ".join(plain for plain, _ in forms), " ".join(stemmed for _, stemmed in forms)
