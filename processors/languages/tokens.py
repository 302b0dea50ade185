"""Words of a text with their places, as a search index takes them in, and the form in which words are compared.

In: text. Out: `Token`s in order of their beginning; ``text[start:end]`` is the token's own text. Belarusian and
Ukrainian write an apostrophe inside words, in half a dozen code points: it is a part of the word, as are soft
hyphens, marks of stress and invisible characters. A word with hyphens or underscores is given whole and in its
parts, so that either finds it. Numbers are words. Nothing is raised, time grows with the length of the text
alone. Pure.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_APOSTROPHES: Final = "'\u0060\u00b4\u02b9\u02bb\u02bc\u02bd\u2018\u2019\u201b\u2032\uff07"
_INSIDE: Final = "\u0300-\u036f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff"
"""Marks over letters (stress), soft hyphens and characters that show nothing: they part no word."""
_HYPHENS: Final = "\u002d\u2010\u2011_"
_LETTERS: Final = rf"[^\W_][^\W_{_INSIDE}]*(?:[{_INSIDE}]+[^\W_{_INSIDE}]*)*"
_LETTERS_ONLY: Final = re.compile(r"[^\W\d_]")
_PIECE: Final = rf"{_LETTERS}(?:[{_APOSTROPHES}](?=[^\W\d_]){_LETTERS})*"
_WORD: Final = re.compile(rf"{_PIECE}(?:[{_HYPHENS}](?=[^\W_]){_PIECE})*")
_PIECES: Final = re.compile(_PIECE)
_LATIN_TAIL: Final = re.compile(rf"[A-Za-z\u00c0-\u024f]+[{_APOSTROPHES}](?=[A-Za-z\u00c0-\u024f]{{3}})")
_FOLDS: Final = {
    **{ord(mark): "'" for mark in _APOSTROPHES},
    **{ord(mark): "-" for mark in "\u2010\u2011"},
    ord("ё"): "е",
}
_DROPPED: Final = re.compile("[\u0300\u0301\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_PLAIN: Final = re.compile(r"[a-z0-9а-дж-я]+")


@dataclass(frozen=True, slots=True)
class Token:
    """A word as it stands; ``part`` where it is a piece of the hyphenated word given before it.

    ``start`` and ``end`` count characters of the text.
    """

    text: str
    start: int
    end: int
    part: bool = False


def tokens(text: str) -> Iterator[Token]:
    """Every word; of a word with hyphens the whole first, then its parts."""
    for found in _WORD.finditer(text):
        word, start = found.group(), found.start()
        yield Token(word, start, found.end())
        if word.isalnum():
            continue
        pieces = list(_PIECES.finditer(text, start, found.end()))
        if len(pieces) > 1:
            yield from (Token(piece.group(), piece.start(), piece.end(), part=True) for piece in pieces)
        for piece in pieces:
            # "d'Artagnan" is looked for by its longer part as well; "court's" is one word
            if (head := _LATIN_TAIL.match(text, piece.start(), piece.end())) is not None:
                yield Token(text[head.end() : piece.end()], head.end(), piece.end(), part=True)


def token_texts(text: str) -> Iterator[str]:
    """The texts of `tokens`, for those who need no places: an index reads every word of every record."""
    for word in _WORD.findall(text):
        if word.isalnum():
            yield word
        else:
            yield from (token.text for token in tokens(word))


@lru_cache(maxsize=200_000)
def exact_form(word: str) -> str:
    """The form in which exact words are compared: case folded, one apostrophe, ``ё`` as ``е``, no stress marks."""
    folded = word.casefold()
    if _PLAIN.fullmatch(folded):
        return folded
    kept = _DROPPED.sub("", unicodedata.normalize("NFC", folded))
    return kept.translate(_FOLDS)
