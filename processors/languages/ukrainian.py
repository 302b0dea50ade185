"""A light stemmer for Ukrainian: one stem for the forms of a word.

In: a word in its exact form (`tokens.exact_form`). Out: its stem, which is no word. An ending of a noun,
adjective or verb is taken off, the longest that fits, and what the language changes before endings is made
even: ц and к (рука, руці), a vowel that stands in some forms alone (в'язень, в'язня), doubled consonants
(рішення, рішень), and the last і, which is о in open syllables (ніч, ночі). Derived words (судовий, суддя) keep
stems of their own. Snowball has no Ukrainian algorithm; the endings are those of the school grammar
(orthography of 2019). Pure.
"""

import re
from typing import Final

_VOWELS: Final = "аеиоуюяіїє"
_ENDINGS: Final = """
ого ього ому ьому ими іми их іх им ім ої ій ий ою ею єю ая яя ії а я у ю е є и і ї о ові еві єві ом ем єм ам
ям ами ями ах ях ів їв ей ью ію ією іям іях іями іти ити ати яти ути увати ювати ував ював увала ювала ували
ювали ають яють ують юють іють ає яє ує ює іє еш єш иш аєш яєш уєш ить ать ять уть ють емо имо аємо ете ите
аєте ав яв ив ув ала яла ила іла ула али яли или іли ули ало ило авши ивши ючи учи ячи
"""
"""Of adjectives and participles, of nouns, of verbs. All begin with a vowel, so that stems end in consonants."""
_LONGEST: Final = 5
_BY_LENGTH: Final = {
    length: frozenset(ending for ending in _ENDINGS.split() if len(ending) == length)
    for length in range(1, _LONGEST + 1)
}
_SHORTEST: Final = 2
_NOUN_IN_AT: Final = re.compile(
    "(?:адвок|депут|солд|кандид|результ|манд|плак|апар|сертифік|форм|автом|демокр|диплом|магістр|сен|лауре|атест)ати$"
)
"""Plurals of nouns that end as infinitives do."""
_FLEETING: Final = re.compile(rf"(?<=[^{_VOWELS}'])(?:[ое](?=[кнв]$)|е(?=ц$))")
_LAST_VOWEL: Final = re.compile(rf"і(?=[^{_VOWELS}]+$)")


def ukrainian_stem(word: str) -> str:
    """The stem of a Ukrainian word in lower case."""
    word = word.replace("ґ", "г")
    if len(word) > _SHORTEST + 3 and word.endswith(("ся", "сь")):
        word = word[:-2]
    if _NOUN_IN_AT.search(word) is not None:
        return _even(word[:-1]) or word
    for length in range(min(_LONGEST, len(word) - _SHORTEST), 0, -1):
        if word[-length:] in _BY_LENGTH[length]:
            return _even(word[:-length]) or word
    return _even(word) or word


def _even(stem: str) -> str:
    """The end of a stem, as it is in whatever form."""
    stem = stem.rstrip("ь")
    if len(stem) > _SHORTEST and stem[-1] == stem[-2] and stem[-1] not in _VOWELS:
        stem = stem[:-1]
    if len(stem) > _SHORTEST + 1:
        stem = _FLEETING.sub("", stem)
    if stem.endswith("ц") and len(stem) > _SHORTEST:
        stem = stem[:-1] + "к"
    return _LAST_VOWEL.sub("о", stem)
