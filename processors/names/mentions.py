"""Names in running text of Cyrillic letters: where they stand, before anything is known of whom they name.

In: text, its language, and which words are never part of a name. Out: `Mention`s in order: surnames with
initials, full names, words in upper case side by side, and single words, which are names only beside the word of a
role. Pure.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from processors.names.declension import Language, analyses

UPPER: Final = "А-ЯЁІЎЇЄҐ"
LOWER: Final = "а-яёіўїєґ"
_PIECE: Final = rf"(?:(?:[{UPPER}][’'ʼ])?[{UPPER}][{LOWER}]+|[{UPPER}](?=[’'ʼ][{LOWER}]{{2}}))(?:[’'ʼ][{LOWER}]+)*"
WORD: Final = rf"(?:{_PIECE}(?:-(?:{_PIECE}|[{LOWER}]+))*)"
_INITIAL: Final = rf"[{UPPER}]\."
_PARTICLE: Final = r"(?:де|дэ|да|ды|дер|ван|фон|ла|оглы|оглу|заде|кызы)"
_NAME: Final = re.compile(
    rf"(?<![\w’'ʼ-])(?:"
    rf"(?P<ahead>{_INITIAL}[ \u00a0]?(?:{_INITIAL}[ \u00a0]?)?{WORD})"
    rf"|(?P<middle>{WORD}[ \u00a0]{_INITIAL}[ \u00a0]{WORD})"
    rf"|(?P<behind>{WORD}[ \u00a0](?:{_INITIAL}[ \u00a0]?{_INITIAL}|{_INITIAL}(?![ \u00a0]?{WORD}[ "
    rf"\u00a0]{WORD})))"
    rf"|(?P<whole>{WORD}(?:[ \u00a0]+(?:{_PARTICLE}[ \u00a0]+)?(?:{WORD}|{_PARTICLE}(?!\w))){{0,3}})"
    rf")(?![{LOWER}{UPPER}’'ʼ-])"
)
_WITH_INITIAL: Final = re.compile(rf"{WORD}[ \u00a0]{_INITIAL}")
_PLACE_BEFORE: Final = re.compile(
    r"(?:(?<![^\W\d_])(?:г|м|с|п|гор|суд[ауе]?|город[ае]?|горада|міст[аоі]|раён[ау]?|район[ау]?|"
    r"області|области|вобласці)\.?)\s+$",
    re.IGNORECASE,
)
_FATHER: Final = re.compile(r"(?:[вн][іи]ч|ўн|вн|[іи]чн|іч|ич|ыч)(?:а|у|ы|и|і|е|ой|ай|ою|ем|ам|еві)?$")


@dataclass(frozen=True, slots=True)
class Mention:
    """A name as it stands; ``single`` where it is one word, which by itself names nobody."""

    start: int
    end: int
    wording: str
    single: bool = False
    initials: bool = False


def mentions_in(text: str, language: Language, is_other_word: Callable[[str], bool]) -> Iterator[Mention]:
    """Every stretch of text that is built like a name."""
    place = 0
    while (found := _NAME.search(text, place)) is not None:
        place = found.end()
        if found["whole"] is None:
            if found["behind"] is not None and is_other_word(found.group().split()[0]):
                place = found.start() + len(found.group().split()[0])
                continue
            if found["middle"] is not None and is_other_word(re.split(r"[ \u00a0]", found.group())[0]):
                place = found.start() + len(re.split(r"[ \u00a0]", found.group())[0])
                continue
            yield Mention(found.start(), found.end(), found.group(), initials=True)
            continue
        run: list[tuple[int, int, str]] = []
        for word in re.finditer(r"[^ \u00a0]+", found.group()):
            start, end = found.start() + word.start(), found.start() + word.end()
            begins = _WITH_INITIAL.match(text, start) if run else None
            if is_other_word(word.group()) or begins is not None:
                # what follows may be a name of another form, with initials: it is looked for anew
                place = start if begins is not None and not is_other_word(word.group()) else end
                break
            run.append((start, end, word.group()))
        yield from _split(text, run, language)


def _split(text: str, run: list[tuple[int, int, str]], language: Language) -> Iterator[Mention]:
    if (
        len(run) >= 2
        and _PLACE_BEFORE.search(text[max(0, run[0][0] - 14) : run[0][0]])
        and not _is_given(run[0][2], language)
    ):
        run = run[1:]
    if len(run) >= 3 and _is_given(run[1][2], language) and not _is_given(run[0][2], language):
        fathers = [place for place, (_, _, word) in enumerate(run) if place and _FATHER.search(word.casefold())]
        if not fathers or fathers[-1] not in (2,):
            run = run[1:]
    if run:
        yield Mention(run[0][0], run[-1][1], text[run[0][0] : run[-1][1]], single=len(run) == 1)


def _is_given(word: str, language: Language) -> bool:
    return any(each.weight > 4 for each in analyses(word, language, "given"))


def has_given_name(wording: str, language: Language) -> bool:
    """Whether a word of it is a given name that is known."""
    return any(_is_given(word, language) for word in wording.split())
