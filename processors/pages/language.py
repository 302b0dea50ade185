"""The language of Cyrillic text, told by letters; templates often state a wrong one.

In: text. Out: ``be``, ``uk``, ``ru``, ``bg`` or None where the letters do not tell. Letters decide: ``ў``
stands only in Belarusian, ``ї`` and ``є`` only in Ukrainian; ``ы``, ``э`` and ``ё`` without ``і`` are Russian.
"""

import re
import unicodedata
from collections import Counter

_CYRILLIC = re.compile("[\u0400-\u04ff]")
_LATIN = re.compile("[a-zA-Z\u00c0-\u024f]")
# languages written in Cyrillic that we do not tell apart: a statement of one of them is believed
_NAMES = "be uk ru bg sr mk kk ky tg tt ba cv mn uz ab os ce"
_CYRILLIC_LANGUAGES = frozenset(_NAMES.split())
_ENOUGH = 40


def letters_say(text: str) -> str | None:
    """Language by its own letters; None for too little text, Latin script, or letters that fit several."""
    sample = unicodedata.normalize("NFC", text[:20_000]).lower()
    letters = Counter(_CYRILLIC.findall(sample))
    total = sum(letters.values())
    if total < _ENOUGH or total < len(_LATIN.findall(sample)):
        return None
    share = {letter: letters[letter] / total for letter in "іўїєыэёъґи"}
    if share["ў"] > 0.002 or (share["і"] > 0.02 and share["ы"] > 0.01 and share["и"] < 0.01):
        return "be"
    if share["ї"] + share["є"] > 0.002 or (share["і"] > 0.02 and share["и"] > 0.02):
        return "uk"
    if share["ы"] > 0.004 and share["і"] < 0.005:
        return "ru"
    if share["ъ"] > 0.01 and share["ы"] == 0:
        return "bg"
    return None


def language_of(text: str, stated: str | None) -> str | None:
    """The stated language, unless the script contradicts it; without a statement, what the letters say."""
    told = letters_say(text)
    if stated is None:
        return told
    cyrillic = len(_CYRILLIC.findall(text[:20_000]))
    in_cyrillic = cyrillic > _ENOUGH and cyrillic > len(_LATIN.findall(text[:20_000]))
    if told and (stated not in _CYRILLIC_LANGUAGES or stated in ("be", "uk", "ru", "bg")):
        return told
    if in_cyrillic and stated not in _CYRILLIC_LANGUAGES:
        return None
    return stated
