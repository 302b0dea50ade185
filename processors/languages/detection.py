"""The language of a text, as far as search needs it: which stemmer reads its words.

In: text, and the language that its page states, where it states one. Out: a `TextLanguage`. Letters decide
between Belarusian, Russian and Ukrainian (ў, ї, є, ъ stand in one of them alone; и, і, ы, э, щ in two), words
that no text does without between languages of Latin letters. The statement decides only where the text does
not: templates of web sites state English for pages in any language. The first 2,000 characters are looked at.
Pure.
"""

import re
from collections import Counter
from enum import StrEnum
from typing import Final

_LOOKED_AT: Final = 2_000
_ENOUGH: Final = 0.02
"""Share of letters from which letters of other alphabets say that a text is in another language."""


class TextLanguage(StrEnum):
    """Languages with a stemmer (BCP 47); ``be-tarask`` is Belarusian in the classical orthography."""

    BELARUSIAN = "be"
    CLASSICAL_BELARUSIAN = "be-tarask"
    RUSSIAN = "ru"
    UKRAINIAN = "uk"
    ENGLISH = "en"
    POLISH = "pl"
    LITHUANIAN = "lt"
    OTHER = "other"


_CYRILLIC: Final = (TextLanguage.RUSSIAN, TextLanguage.BELARUSIAN, TextLanguage.UKRAINIAN)
_LATIN: Final = (TextLanguage.ENGLISH, TextLanguage.POLISH, TextLanguage.LITHUANIAN)
_EAST_SLAVIC_LETTERS: Final = frozenset("абвгдеёжзийклмнопрстуфхцчшщъыьэюяіўїєґ")
_CLASSICAL: Final = re.compile(r"[сзц]ь[влпнц]|зь[мдзб]|ньн|льл|цьц|дзьдз|сьс|ґ")
"""Soft signs that the orthography of 2008 does not write (before в, л, п, н, ц and doubled letters)."""

# letter: weight for Belarusian, Russian, Ukrainian; a letter that a language lacks speaks against it
_LETTER_WEIGHTS: Final[dict[str, tuple[float, float, float]]] = {
    "ў": (4, -4, -4),
    "і": (1, -3, 1),
    "ы": (0.6, 0.6, -3),
    "э": (0.6, 0.6, -3),
    "ё": (0.4, 0.4, -3),
    "ъ": (-3, 2, -3),
    "и": (-3, 1, 0.8),
    "щ": (-3, 0.5, 0.5),
    "ї": (-3, -3, 4),
    "є": (-3, -3, 4),
    "ґ": (1, -3, 1),
}
_BELARUSIAN_WORDS: Final = """
і у ў на не што як з за да па ад быў была былі для аб каб але гэта гэты ён яна яны пра пад яго яе іх ці
таксама можа суд судзе справе справа суда раён гады годзе гадоў паводле пасля супраць
"""
_RUSSIAN_WORDS: Final = """
и в на не что как с за до по от был была были для об чтобы но это этот он она они о под его её ее их или также
может суд суде деле дело суда район годы году лет согласно после против со из к
"""
_UKRAINIAN_WORDS: Final = """
і в у на не що як з за до по від був була були для про щоб але це цей він вона вони під його її їх чи також
може суд суді справі справа суду район роки році років згідно після проти зі із та й
"""
_ENGLISH_WORDS: Final = """
the of and to in is for on with by at from was has as that be are he his her who after it this were have not
an will its they which said been had or but about their over into against court sentenced police
"""
_POLISH_WORDS: Final = """
w i na z do się nie że o jest po za od przez dla przed jak oraz był była ze ma są tym to co może jego jej
został została ich które który która przy roku sąd sądu sprawie sprawa przeciwko
"""
_LITHUANIAN_WORDS: Final = """
ir į iš yra kad su ar už per apie dėl kaip bet jis ji jo jos buvo po prie nuo tai šis kurie kuris kuri pat
taip bus metų metais teismas teismo bylą byla bylos prieš tik jau dar
"""
_OTHER_WORDS: Final = """
der die das und den von zu mit ist im für auf nicht ein eine dem des le la les et du un une est pour dans que
qui pas sur el los las y en por con para del il di che per non sono della het een van niet o os do da em não
uma um com é v je se na že s pro od och att som det på är af til og ikke ja on ei ve bir bu için az és hogy
nem și este din yang dan ka ar no par kas ta sa ya de pri za po su i u koje au aux ses ces avec plus cette
sein wird sich auch bei nach aus werden hat als es ao dos mais foi sus más pero como fue al lo gli nel alla
dei più si anche op te zijn voor dat deze bij ook inte för av med ett har till jest cu pe nu mai sunt ale ile
olan olarak daha
"""
"""German, French, Spanish, Italian, Portuguese, Dutch, Czech, Slovak, the Nordic languages, Turkish and others."""
_CYRILLIC_WORDS: Final = tuple(
    frozenset(words.split()) for words in (_BELARUSIAN_WORDS, _RUSSIAN_WORDS, _UKRAINIAN_WORDS)
)
_LATIN_WORDS: Final = {
    TextLanguage.ENGLISH: frozenset(_ENGLISH_WORDS.split()),
    TextLanguage.POLISH: frozenset(_POLISH_WORDS.split()),
    TextLanguage.LITHUANIAN: frozenset(_LITHUANIAN_WORDS.split()),
    TextLanguage.OTHER: frozenset(_OTHER_WORDS.split()),
}
_LATIN_LETTERS: Final[dict[TextLanguage, frozenset[str]]] = {
    TextLanguage.POLISH: frozenset("łżęąśźćńó"),
    TextLanguage.LITHUANIAN: frozenset("ėįųūąęčšž"),
    TextLanguage.OTHER: frozenset("äöüßåøæñãõçèàêîôûùïëřěůőűğışāēģķļņīțșâďťťĺŕýúíáéŭ"),
}
_OF_ONE: Final[dict[TextLanguage, frozenset[str]]] = {
    TextLanguage.POLISH: frozenset("łż"),
    TextLanguage.LITHUANIAN: frozenset("ėįų"),
}
_WORD: Final = re.compile(r"[^\W\d_]+")
_BULGARIAN: Final = re.compile("ъ(?![еёюя])")
"""A vowel there; Russian writes the letter before these four vowels alone."""


def language_of(text: str, hint: str | None = None) -> TextLanguage:
    """The language that most of the beginning is in; ``hint`` is the language tag ("ru-RU") that a page states."""
    sample = text[:_LOOKED_AT].casefold()
    letters = Counter(sample)
    stated = _stated(hint)
    cyrillic = sum(count for letter, count in letters.items() if "\u0400" <= letter <= "\u052f")
    latin = sum(count for letter, count in letters.items() if letter.isalpha() and letter < "\u0250")
    others = sum(count for letter, count in letters.items() if letter.isalpha()) - cyrillic - latin
    if cyrillic + latin + others == 0:
        return stated or TextLanguage.OTHER
    if others > max(cyrillic, latin):
        return TextLanguage.OTHER
    if cyrillic >= latin:
        return _of_cyrillic(sample, letters, cyrillic, stated)
    return _of_latin(sample, letters, latin, stated)


def _stated(hint: str | None) -> TextLanguage | None:
    if not hint:
        return None
    tag = hint.strip().casefold().replace("_", "-")
    if tag in ("be-tarask", "be-x-old"):
        return TextLanguage.CLASSICAL_BELARUSIAN
    try:
        return TextLanguage(tag.split("-")[0])
    except ValueError:
        return TextLanguage.OTHER


def _of_cyrillic(sample: str, letters: Counter[str], cyrillic: int, stated: TextLanguage | None) -> TextLanguage:
    foreign = sum(
        count
        for letter, count in letters.items()
        if "\u0400" <= letter <= "\u052f" and letter not in _EAST_SLAVIC_LETTERS
    )
    if foreign > cyrillic * _ENOUGH or (letters["ъ"] and len(_BULGARIAN.findall(sample)) > letters["ъ"] / 2):
        return TextLanguage.OTHER
    weights = [
        sum(weight[place] * letters[letter] for letter, weight in _LETTER_WEIGHTS.items()) for place in range(3)
    ]
    words = _WORD.findall(sample)
    for place, common in enumerate(_CYRILLIC_WORDS):
        weights[place] += 0.5 * sum(word in common for word in words)
    if letters["ў"] == 0 and letters["і"] and letters["ы"]:
        weights[0] += 2  # і beside ы is Belarusian alone
    by_language = dict(zip((_CYRILLIC[1], _CYRILLIC[0], _CYRILLIC[2]), weights, strict=True))
    if stated is TextLanguage.CLASSICAL_BELARUSIAN:
        by_language[TextLanguage.BELARUSIAN] += 1
    elif stated in by_language:
        by_language[stated] += 1
    best = max(_CYRILLIC, key=lambda each: by_language[each])
    if best is not TextLanguage.BELARUSIAN:
        return best
    if stated is TextLanguage.CLASSICAL_BELARUSIAN or _CLASSICAL.search(sample) is not None:
        return TextLanguage.CLASSICAL_BELARUSIAN
    return best


def _of_latin(sample: str, letters: Counter[str], latin: int, stated: TextLanguage | None) -> TextLanguage:
    words = _WORD.findall(sample)
    weights = {language: float(sum(word in common for word in words)) for language, common in _LATIN_WORDS.items()}
    for language, some in _LATIN_LETTERS.items():
        weights[language] += 0.7 * sum(letters[letter] for letter in some)
    for language, some in _OF_ONE.items():
        weights[language] += 1.5 * sum(letters[letter] for letter in some)
    foreign = sum(count for letter, count in letters.items() if letter.isalpha() and "\x7f" < letter < "\u0250")
    if foreign:
        weights[TextLanguage.ENGLISH] -= 0.3 * foreign
    if stated in weights:
        weights[stated] += 1
    best = max((*_LATIN, TextLanguage.OTHER), key=lambda each: weights[each])
    if weights[best] <= 0:
        return TextLanguage.OTHER if foreign > latin * _ENOUGH else TextLanguage.ENGLISH
    return best
