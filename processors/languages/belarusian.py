"""A light stemmer for Belarusian: one stem for the forms of a word, in both orthographies.

In: a word in its exact form (`tokens.exact_form`). Out: its stem, which is no word. Endings of nouns,
adjectives and verbs are taken off, the longest first; what is left is written as the official orthography does,
and consonants that change before endings (в and ў, т and ц, д and дз) are made one. Derived words (суд, суддзя)
keep their own stems. There is no public stemmer to build on; the endings are those of the school grammar
(spelling of 2008). Pure.
"""

import re
from typing import Final

_CLASSICAL_SIGN: Final = re.compile(r"(?<=[сзцнл])ь(?=[бвгджзклмнпрстфхцчш])")
_REFLEXIVE: Final = re.compile(r"(?:ся|сь)$")
_VOWEL: Final = re.compile("[аеоуыэюяі]")

_ENDINGS: Final = """
ага яга аму яму ога ому ыя ія ых іх ымі імі ым ім ая яя ое ае ее яе ую юю ай яй ой аю яю ою ы і
а я у ю о е ам ям ом ем амі ямі мі ах ях аў яў оў еў ей ёў ів ью ыі ыю ый іі ію ій
ыяй іяй ыям іям ыях іях ыямі іямі
ць ці аць яць іць ыць ець уць нуць аваць яваць аваў явала аюць яюць уюць юць уе еш аеш іш ыш аем уем еце іце ыце
аеце іў ыў уў нуў ала яла іла ыла ела ула ло лі ла алі ялі ілі ылі елі улі ало іло аўшы ўшы шы ючы учы ячы
"""
"""Of adjectives and participles; of nouns; of verbs. Written with е for э, as stems are."""
_BY_LENGTH: Final = {
    length: frozenset(ending for ending in _ENDINGS.split() if len(ending) == length) for length in range(1, 6)
}
_SHORTEST: Final = 3


def belarusian_stem(word: str) -> str:
    """The stem of a Belarusian word in lower case."""
    word = (
        _CLASSICAL_SIGN.sub("", word.replace("дзьдз", "ддз").replace("цьц", "цц"))
        .replace("э", "е")
        .replace("ґ", "г")
    )
    if word.endswith("цца"):
        word = word[:-3] + "ць"
    elif len(word) > _SHORTEST + 2:
        word = _REFLEXIVE.sub("", word)
    for length in range(min(5, len(word) - _SHORTEST), 0, -1):
        if word[-length:] in _BY_LENGTH[length] and _VOWEL.search(word[:-length]):
            word = word[:-length]
            break
    return _even(word)


def _even(stem: str) -> str:
    """Consonants at the end of a stem, as they are before any ending."""
    stem = stem.rstrip("ь").replace("ў", "в")
    if stem.endswith("дз") and len(stem) > _SHORTEST:
        return stem[:-1]
    if stem.endswith("ц") and len(stem) > _SHORTEST:
        return stem[:-1] + "т"
    return stem
