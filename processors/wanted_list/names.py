"""Names of persons as headings of entries, and what stands behind a name on its line.

In: text. Out: the name as written and the rest, or None. Pure. A name is two to seven words that begin in upper
case, without digits or the words of which menus and titles are made; whatever else a heading says is no name.
"""

import re
from typing import Final

from processors.text import folded, one_line

_LONGEST: Final = 100
_MOST_WORDS: Final = 7
_WORD: Final = re.compile(r"[^\W\d_][^\W\d_.'’ʼ`-]*(?:[.'’ʼ`-]+[^\W\d_]+)*\.?")
_CYRILLIC_PARTICLES: Final = "де да ди дер ван фон аль оглы оглу кызы улы угли заде"
_LATIN_PARTICLES: Final = "de da di del der den van von al el bin ibn la le"
_PARTICLES: Final = frozenset(f"{_CYRILLIC_PARTICLES} {_LATIN_PARTICLES}".split())
_NO_NAMES: Final = re.compile(
    r"(?<![^\W\d_])(?:wanted|fugitives?|persons?|people|notices?|police|policja|agency|bureau|court"
    r"|home|contacts?|about|us"
    r"|privacy|policy|cookies?|terms|search|news|menu|more|read|view|details|list|most|page|photo"
    r"|report|register|login"
    r"|subscribe|rights|reserved|crimes?|help|services?|seeking|information|press|releases?|media"
    r"|gallery|department|ministry"
    r"|розыск\w*|разыскива\w*|вышук\w*|розшук\w*|розшуку\w*|спис\w+|министерств\w*|міністэрств\w*"
    r"|міністерств\w*|мвд|мус"
    r"|мвс|полици\w*|поліці\w*|міліцы\w*|милици\w*|управлени\w*|упраўленн\w*|управління|суд|главная"
    r"|галоўная|головна"
    r"|новост\w+|навін\w*|новини|контакт\w*|кантакт\w*|подробне\w*|падрабязн\w*|детальн\w*|поиск"
    r"|пошук|карта|фото|фота"
    r"|внимание|увага|лица|асобы|особи|poszukiwan\w*|osob\w*|kontakt\w*|strona|szczegóły|aktualności|informac\w*"
    r"|информаци\w*|інфармацы\w*|інформаці\w*|беларус\w*|украин\w*|україн\w*|росси\w*|federation"
    r"|republic|kingdom)"
    r"(?![^\W\d_])"
)
_BEHIND: Final = re.compile(
    r"[\s,;:(–—-]*(?:(?<![^\W\d_])(?:born|d\.?o\.?b\.?|год рожд\w*|дата рожд\w*|дата нараджэння"
    r"|год нараджэння|род|нар|ur"
    r"|рожд\w*|народж\w*|нараджэнн\w*|date of birth)\.?)?[\s,;:(–—-]*$",
    re.IGNORECASE,
)


def person_name(text: str) -> tuple[str, str] | None:
    """The name that the line begins with, and the rest of the line; None where it begins with none."""
    line = one_line(text)
    place = next((number for number, letter in enumerate(line) if letter.isdigit() or letter in ";|"), len(line))
    before = line[:place]
    name = _BEHIND.sub("", before)
    if not _is_name(name):
        return None
    return name, line[len(name) :].strip(" ,;:|–—-")


def _is_name(text: str) -> bool:
    if not 3 < len(text) <= _LONGEST or _NO_NAMES.search(folded(text)):
        return False
    words = re.sub(r"[(),«»\"“”„]", " ", text).split()
    if not 2 <= len(words) <= _MOST_WORDS:
        return False
    return all(
        (word[0].isupper() and _WORD.fullmatch(word))
        or folded(word) in _PARTICLES
        or word in ("-", "–", "aka", "/")
        for word in words
    )
