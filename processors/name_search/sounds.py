"""What a name sounds like, written alike for Cyrillic and Latin letters: the skeleton by which spellings meet.

In: one word. Out: its skeletons: consonants as Cyrillic letters, vowels in three classes (``A`` for а, о, е, э,
я, ё; ``I`` for и, і, ї, ы; ``U`` for у, ю), since Belarusian writes unstressed vowels as they sound, and
romanisations disagree. A word has several where letters may be read in several ways (Polish and English
``ch``). At most 24; time grows with the length of the word. Sources: passports of Belarus, the instruction of
2007, łacinka, ICAO Doc 9303, the Ukrainian resolution 55 of 2010, Polish and Lithuanian spelling. Pure.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from processors.languages.tokens import exact_form

_MOST: Final = 24
_LONGEST: Final = 40
"""Characters: longer words are no names."""

_CYRILLIC: Final = {
    **dict.fromkeys("аоеэяёє", "A"),
    **dict.fromkeys("иіїыѣ", "I"),
    **dict.fromkeys("ую", "U"),
    **dict.fromkeys("ьъ'-", ""),
    "й": "J",
    "ў": "в",
    "ґ": "г",
    "щ": "шч",
    "ѳ": "ф",
}
_VOWELS: Final = "аоеэяёєиіїыую"
_SOFTENING: Final = "іиеєяёюь"

# longest first; alternatives are separated by blanks; capitals are classes of vowels, J the glide
_LATIN: Final[dict[str, str]] = {
    "shch": "шч", "szcz": "шч", "šč": "шч", "sch": "ш сх шч", "tch": "ч", "rzh": "рж",
    "ch": "ч х к", "cz": "ч", "sh": "ш сг", "sz": "ш", "zh": "ж зг", "rz": "ж ш р рз", "kh": "х", "gh": "г",
    "th": "т", "ph": "ф", "ts": "ц т", "tz": "ц", "ck": "к цк",
    "dz": "дз д дж", "dź": "дз д дж", "dž": "дж", "dż": "дж",
    "ff": "ф в", "qu": "кв", "aw": "Aв A", "stle": "стлA сл сAл", "mb": "мб м",
    "a": "A", "o": "A", "e": "A", "ė": "A", "é": "A", "ö": "A", "ä": "A", "á": "A", "ą": "Aн Aм A", "ę": "Aн Aм A",
    "i": "I", "y": "I", "į": "I", "í": "I", "ý": "I", "u": "U", "ū": "U", "ų": "U", "ü": "U", "ú": "U", "ó": "U A",
    "ŭ": "в", "j": "J", "b": "б", "c": "ц к т", "č": "ч", "ć": "ц т ч", "d": "д", "f": "ф", "g": "г", "h": "г х",
    "k": "к", "l": "л", "ł": "л", "ĺ": "л", "m": "м", "n": "н", "ń": "н", "p": "п", "q": "к", "r": "р", "s": "с",
    "ś": "с", "š": "ш", "t": "т", "v": "в", "w": "в", "x": "кс х", "z": "з", "ź": "з", "ž": "ж", "ż": "ж",
    "ß": "с",
}  # fmt: skip

_Places = tuple[tuple[re.Pattern[str], tuple[str, ...]], ...]


def _places(rules: dict[str, str]) -> _Places:
    return tuple(
        (re.compile(pattern), tuple(option.strip("-") for option in options.split()))
        for pattern, options in rules.items()
    )


# letters that are read otherwise where they stand; ``-`` is nothing
_CYRILLIC_PLACES: Final = _places(
    {
        "^хв": "хв ф",  # Хведчанка, Федченко
        "^в(?=[оу])(?!.*(?:[ищъїє]|[ое]в(?:а|ой)?$))": "в -",  # Восіпаў, Осипов
        rf"^у(?=[^{_VOWELS}ьй])": "U в",  # Урублеўскі, Врублевский
        f"ц(?=[вмн]?[{_SOFTENING}])": "ц т",  # Мацвееў, Матвеев
        f"дз(?=[вмн]?[{_SOFTENING}])": "дз д",  # Дземідзенка, Демиденко
        "ой$": "A I",  # Сухой, Сухі
    }
)
_LATIN_PLACES: Final = _places(
    {
        "^khv": "хв ф",
        "^v(?=[ou])(?!.*(?:ov|ev|ova|eva)$)": "в -",
        "^u(?=[^aeiouyj])": "U в",
        "c(?![iehzk])": "ц к",
        "ts(?=[vmn]?[iey])": "ц т",
        "ts(?!h)": "ц",
        "(?<=[aeo])u(?=.)": "U в",  # Yauheni
        "(?<=[aeo])u$": "в",  # Kavaliou
        "(?<=[^aeiouy])e$": "A -",  # English
        "o[iyj]$": "A I",
        "|".join(sorted(_LATIN, key=lambda piece: -len(piece))): "",
    }
)
_RUN: Final = re.compile("[AIUJ]{2,}|J")
_DOUBLE: Final = re.compile(r"([^AIU])\1")
_IS_CYRILLIC: Final = re.compile("[\u0400-\u04ff]")


def is_cyrillic(word: str) -> bool:
    """Whether a letter of it is Cyrillic."""
    return _IS_CYRILLIC.search(word) is not None


@lru_cache(maxsize=100_000)
def sounds(word: str) -> frozenset[str]:
    """The skeletons of a word; none of a word without letters of either alphabet."""
    plain = exact_form(word)[:_LONGEST]
    made = _of_cyrillic(plain) if is_cyrillic(plain) else _of_latin(plain)
    return frozenset(skeleton for each in made if (skeleton := _even(each)))


def _even(skeleton: str) -> str:
    """Runs of vowels as one, consonants once."""
    skeleton = _RUN.sub(_one_vowel, skeleton)
    skeleton = skeleton.replace("тс", "ц").replace("сч", "шч").replace("шш", "ш")
    return _DOUBLE.sub(r"\1", skeleton)


def _one_vowel(run: re.Match[str]) -> str:
    """A glide is no vowel, and I beside another vowel is how softness is written; by itself a glide is nothing."""
    full = [letter for letter in run[0] if letter in "AU"]
    if full:
        return full[-1]
    return "I" if "I" in run[0] else ""


def _of_cyrillic(word: str) -> list[str]:
    return _combined(word, _CYRILLIC_PLACES, lambda letter: _CYRILLIC.get(letter, letter))


def _of_latin(word: str) -> list[str]:
    word = word.replace("'", "")
    if not word.isascii():
        word = "".join(letter if letter in _LATIN else _bare(letter) for letter in word)
    return _combined(word, _LATIN_PLACES, lambda _: "")


def _combined(word: str, places: _Places, of_letter: Callable[[str], str]) -> list[str]:
    """Every reading of a word, letters read by the first rule that fits at their place."""
    made = [""]
    place = 0
    while place < len(word):
        for pattern, alternatives in places:
            if (found := pattern.match(word, place)) is not None:
                options = alternatives or tuple(_LATIN[found[0]].split())
                place = found.end()
                break
        else:
            options = (of_letter(word[place]),)
            place += 1
        made = [start + option for start in made for option in options][:_MOST]
    return made


def _bare(letter: str) -> str:
    """The letter without its marks."""
    return "".join(each for each in unicodedata.normalize("NFD", letter) if each in _LATIN)


_ENDING: Final = re.compile("(?:AгA|AмU|[AIU]мI?|[AIU])$")
_WITH_S: Final = re.compile("[AIU]с$")
_FLEETING: Final = re.compile("(?<=[^AIU])[AI](?=[кцнлр]$)")
_FEW: Final = 2
_CHANGED: Final = {"цI": "к", "цA": "к", "зI": "г", "зA": "г", "сI": "х", "сA": "х"}
"""Consonants that change before the dative of Belarusian, Ukrainian and Polish: Ракітцы, Вользе."""


@lru_cache(maxsize=100_000)
def stems_of_name(word: str) -> frozenset[str]:
    """Skeletons without the endings of cases and genders: equal for all forms of a name, and for both spouses'."""
    found: set[str] = set()
    for skeleton in sounds(word):
        for each in _without_ending(skeleton):
            stem = first_vowel_even(each)
            found.add(stem)
            found.add(_FLEETING.sub("", stem) if len(stem) > _FEW + 1 else stem)
    return frozenset(found)


def first_vowel_even(skeleton: str) -> str:
    """A first vowel that languages write differently (Ежаковский, Їжаковський) as one."""
    return "A" + skeleton[1:] if skeleton[0] == "I" else skeleton


def _without_ending(skeleton: str) -> list[str]:
    if (place := skeleton.rfind("ск")) > 0 or (place := skeleton.rfind("цк")) > 0:
        rest = skeleton[place + 2 :]
        if rest in ("I", "A", "U", "AгA", "AмU", "Iм", "Aм", "") and place > 1:
            return [skeleton[: place + 2]]
    found = [skeleton]
    shorter = _ENDING.sub("", skeleton)
    if len(shorter) >= _FEW:
        found = [shorter]
    if skeleton[-2:] in _CHANGED and len(skeleton) > _FEW + 1:
        found.append(skeleton[:-2] + _CHANGED[skeleton[-2:]])
    if skeleton.endswith("AвI") and len(skeleton) > _FEW + 3:
        found.append(skeleton[:-3])  # the Ukrainian and Polish dative
    if (without := _WITH_S.sub("", skeleton)) != skeleton and len(without) >= _FEW:
        found.append(without)  # Lithuanian
    return found


def consonants(skeleton: str) -> str:
    """The skeleton without its vowels."""
    return re.sub("[AIU]", "", skeleton)


def ascii_letters(word: str) -> str:
    """A Latin word without marks over and under its letters, in lower case."""
    return "".join(
        letter for letter in unicodedata.normalize("NFD", word.casefold().replace("ł", "l")) if letter.isascii()
    )
