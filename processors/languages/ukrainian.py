"""A light stemmer for Ukrainian: one stem for the forms of a word.

In: a word in its exact form (`tokens.exact_form`). Out: its stem, which is no word. Endings of nouns,
adjectives and verbs are taken off, the longest first. Derived words (суд, суддя) keep their own stems. Snowball
has no Ukrainian algorithm; the endings are those of the school grammar (orthography of 2019). Pure.
"""

import re
from typing import Final

_VOWEL: Final = re.compile("[аеиоуюяіїє]")
_ENDINGS: Final = """
ого ього ому ьому ими іми их іх им ім ої ій ий ою ею єю ая яя ії а я у ю е є и і ї о
ові еві єві ом ем єм ам ям ами ями ах ях ів їв ей ью ію ією іям іях іями
ти ть іти ити ати яти ути увати ювати ував увала ували ають яють ують юють іють ає яє ує ює іє еш єш иш аєш
ить ать ять уть ють емо имо аємо ете ите аєте ав яв ив ув ала яла ила іла ула ло ли ла али яли или іли ули ало
ило вши ши ючи учи ячи
"""
"""Of adjectives and participles; of nouns; of verbs."""
_BY_LENGTH: Final = {
    length: frozenset(ending for ending in _ENDINGS.split() if len(ending) == length) for length in range(1, 6)
}
_SHORTEST: Final = 3


def ukrainian_stem(word: str) -> str:
    """The stem of a Ukrainian word in lower case."""
    word = word.replace("ґ", "г")
    if len(word) > _SHORTEST + 2 and word.endswith(("ся", "сь")):
        word = word[:-2]
    for length in range(min(5, len(word) - _SHORTEST), 0, -1):
        if word[-length:] in _BY_LENGTH[length] and _VOWEL.search(word[:-length]):
            word = word[:-length]
            break
    return word.rstrip("ь")
