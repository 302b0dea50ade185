"""The language of a text: Cyrillic told by letters, since templates often state a wrong one; Latin by words.

In: text. Out: ``be``, ``uk``, ``ru``, ``bg`` by letters, some languages of Latin script by their function words
where nothing is stated, None where neither tells. Letters decide: ``ў`` stands only in Belarusian, ``ї`` and ``є``
only in Ukrainian; ``ы``, ``э`` and ``ё`` without ``і`` are Russian.
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
# the commonest words of running text that no other of these languages shares in number
_FUNCTION_WORDS = {
    "en": "the and of to that is for was with his her have been which",
    "pl": "i w na z się że nie do jest przez oraz który będzie są",
    "de": "der die und das den von zu mit ist nicht auf eine sich dem",
    "fr": "le les des et une dans est pour que qui sur par du au",
    "es": "el los que y en las por con una del para se lo como",
    "it": "il di che per una del con non della sono gli alla le è",
    "lt": "ir kad su iš į yra buvo bei tai apie pagal nuo kurie jis",
    "lv": "un ka ar no ir par uz tika kas viņa nav arī pēc kā",
}
_ENOUGH_WORDS = 40
_SHARE, _LEAD = 0.10, 1.5


def language_of_letters(text: str) -> str | None:
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


def language_of_words(text: str) -> str | None:
    """Language of Latin text by its function words; None for too little, or where two are near each other."""
    words = re.findall(r"[^\W\d_]+", text[:20_000].lower())
    if len(words) < _ENOUGH_WORDS:
        return None
    counted = Counter(words)
    shares = sorted(
        (
            (sum(counted[word] for word in common.split()) / len(words), code)
            for code, common in _FUNCTION_WORDS.items()
        ),
        reverse=True,
    )
    (best, code), (second, _) = shares[0], shares[1]
    return code if best >= _SHARE and best >= _LEAD * second else None


def language_of(text: str, stated: str | None) -> str | None:
    """The stated language, unless the script contradicts it; without a statement, what the letters say."""
    by_letters = language_of_letters(text)
    if stated is None:
        return by_letters or language_of_words(text)
    cyrillic = len(_CYRILLIC.findall(text[:20_000]))
    in_cyrillic = cyrillic > _ENOUGH and cyrillic > len(_LATIN.findall(text[:20_000]))
    if by_letters and (stated not in _CYRILLIC_LANGUAGES or stated in ("be", "uk", "ru", "bg")):
        return by_letters
    if in_cyrillic and stated not in _CYRILLIC_LANGUAGES:
        return None
    return stated
