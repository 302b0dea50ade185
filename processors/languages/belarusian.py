"""A light stemmer for Belarusian: one stem for the forms of a word, in both orthographies.

In: a word in its exact form (`tokens.exact_form`). Out: its stem, which is no word. An ending of a noun,
adjective or verb is taken off, the longest that fits. What is left is written as the official orthography does,
and made even where the language changes it before endings: ў and в, soft ц and т, hard ц and к, дз and д, дж
and дз; a vowel that stands in some forms alone (вязень, вязня), doubled consonants (ноч, ноччу), and vowels by
their stress (горад, гарады; след, сляды). Words that differ in nothing else fall together (дом, дама). Derived
words (судовы, суддзя) keep stems of their own. There is no public stemmer to build on; endings are those of the
school grammar (spelling of 2008). Pure.
"""

import re
from typing import Final

_CLASSICAL_SIGN: Final = re.compile(r"(?<=[сзцнл])ь(?=[бвгджзклмнпрстфхцчшщ])")
_VOWELS: Final = "аеоуыэюяі"
_NOUN_ENDINGS: Final = """
ага яга аму яму ога ому ыя ія ых іх ымі імі ым ім ая яя ое ае ее яе ую юю ай яй ой аю яю ою ы і а я у ю о е э
ам ям ом ем эм амі ямі мі ах ях аў яў оў еў ей эй ів ью ыі ыю ый іі ію ій ыяй іяй ыяю іяю ыям іям ыях іях ыямі
іямі
"""
"""Of nouns, adjectives and participles. All endings begin with a vowel, so that the stem ends in a consonant."""
_VERB_ENDINGS: Final = """
аць яць іць ыць ець эць уць юць аюць яюць уюць аваць яваць аваў яваў авала явала авалі явалі еш эш іш ыш аеш
яеш уеш юеш аем яем уем уе юе аець яець уець айце яйце уйце іў ыў уў нуў ала яла іла ыла ела нула алі ялі ілі
ылі елі нулі ало яло іло ыло ела аўшы іўшы ыўшы ючы учы ячы
"""
_LONGEST: Final = 6
_VERBAL: Final = frozenset((*_VERB_ENDINGS.split(), "ім"))
_BY_LENGTH: Final = {
    length: frozenset(
        ending for ending in (*_NOUN_ENDINGS.split(), *_VERB_ENDINGS.split()) if len(ending) == length
    )
    for length in range(1, _LONGEST + 1)
}
_SHORTEST: Final = 2
_VOWEL: Final = re.compile(f"[{_VOWELS}]")
_OF_SHORT_NOUN: Final = re.compile(f"[{_VOWELS}мх]$")
"""Endings that may leave a stem without a vowel (дня), as far as they leave no more of a word than that."""
_NO_VERBS: Final = ("правіла",)
"""Nouns that end as verbs in the past do."""
_SOFTENING: Final = frozenset("іеяюь")
_FLEETING: Final = re.compile(rf"(?<=[^{_VOWELS}'])(?:[аоеэ](?=к$)|е(?=[нм]$)|[ае](?=ц$))")
_EVEN_VOWELS: Final = str.maketrans("оэя", "аее")


def belarusian_stem(word: str) -> str:
    """The stem of a Belarusian word in lower case."""
    word = _CLASSICAL_SIGN.sub("", word.replace("дзьдз", "ддз").replace("цьц", "цц")).replace("ґ", "г")
    if word.endswith("цца"):
        word = word[:-3] + "ць"
    elif len(word) > _SHORTEST + 3 and word.endswith(("ся", "сь")):
        word = word[:-2]
    ending = _ending_of(word)
    stem = word[: len(word) - len(ending)]
    return _even(stem, ending) or word


def _ending_of(word: str) -> str:
    if word in _NO_VERBS:
        return word[-1]
    fitting = [
        word[-length:]
        for length in range(min(_LONGEST, len(word) - _SHORTEST), 0, -1)
        if word[-length:] in _BY_LENGTH[length]
    ]
    with_vowel = (ending for ending in fitting if _VOWEL.search(word[: len(word) - len(ending)]))
    return next(with_vowel, next((ending for ending in fitting if _OF_SHORT_NOUN.search(ending)), ""))


def _even(stem: str, ending: str) -> str:
    """The end of a stem and its vowels, as they are in whatever form."""
    following = ending[:1] or stem[-1:]
    stem = stem.rstrip("ь").replace("ў", "в")
    if len(stem) > _SHORTEST and stem[-1] == stem[-2] and stem[-1] not in _VOWELS:
        stem = stem[:-1]
    if len(stem) > _SHORTEST and (stem.endswith("дж") or (stem.endswith("дз") and ending in _VERBAL)):
        stem = stem[:-1] + "з"  # a verb's own (ваджу, вадзіць), no change before an ending (вада, вадзе)
    elif len(stem) > _SHORTEST and stem.endswith("дз"):
        stem = stem[:-1]
    if stem.endswith("ц") and len(stem) > _SHORTEST:
        stem = stem[:-1] + ("т" if following in _SOFTENING else "ц")
    if len(stem) > _SHORTEST + 1:
        stem = _FLEETING.sub("", stem)
    if stem.endswith("ц") and len(stem) > _SHORTEST:
        stem = stem[:-1] + "к"
    if stem.endswith("дзн"):
        stem = stem[:-2] + "н"
    return stem.translate(_EVEN_VOWELS)
