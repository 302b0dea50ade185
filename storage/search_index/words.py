"""The text of a query, taken apart: groups of clauses, of which one group must match with all of its clauses.

In: text as an analyst writes it (`storage.search_index.question` describes the language). Out: `Group`s. Nothing
is refused: marks that open nothing are read as if they were not there. Pure.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from processors.languages.stems import stems_of_query
from processors.languages.tokens import exact_form, tokens

_PIECE: Final = re.compile(r'(?P<without>-?)(?:"(?P<phrase>[^"]*)"?|(?P<exact>=?)(?P<word>[^\s"]+))')
_QUOTES: Final = {ord(mark): '"' for mark in "\u00ab\u00bb\u201c\u201d\u201e\u201f"}
_OR: Final = frozenset(("or", "OR", "|"))
SHORTEST_CORRECTED: Final = 4
"""Letters: shorter words differ by one letter from too many others."""
MOST_CLAUSES: Final = 64


@dataclass(frozen=True, slots=True)
class Clause:
    """One thing to be found. ``exact`` are words that stand behind each other, or one word.

    ``stems`` are what any form of the word may have become; empty where the word is meant as it stands.
    ``prefix``: the last word is a beginning. ``written``: a phrase or a number as it was typed, for those who part
    words otherwise than our index does.
    """

    exact: tuple[str, ...]
    stems: frozenset[str] = frozenset()
    prefix: bool = False
    written: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """All of ``with_`` must match and none of ``without``."""

    with_: tuple[Clause, ...] = ()
    without: tuple[Clause, ...] = ()


@dataclass(slots=True)
class _Open:
    with_: list[Clause] = field(default_factory=list)
    without: list[Clause] = field(default_factory=list)


def parse_words(text: str) -> tuple[Group, ...]:
    """The groups of a query, in their order; none where the text has no word."""
    groups = [_Open()]
    for piece in list(_PIECE.finditer(text.translate(_QUOTES)))[:MOST_CLAUSES]:
        if piece["word"] in _OR and not piece["without"] and not piece["exact"]:
            groups.append(_Open())
            continue
        clauses = _clauses(piece)
        (groups[-1].without if piece["without"] else groups[-1].with_).extend(clauses)
    made = [Group(tuple(each.with_), tuple(each.without)) for each in groups]
    return tuple(group for group in made if group.with_ or group.without)


def exact_words(text: str) -> tuple[Group, ...]:
    """All words of a text, each as it stands, in any order."""
    words = dict.fromkeys(exact_form(token.text) for token in tokens(text))
    return (Group(tuple(Clause((word,)) for word in list(words)[:MOST_CLAUSES])),) if words else ()


def _clauses(piece: "re.Match[str]") -> tuple[Clause, ...]:
    if piece["phrase"] is not None:
        words = tuple(exact_form(token.text) for token in tokens(piece["phrase"]))
        prefix = piece["phrase"].rstrip().endswith("*")
        return (Clause(words, prefix=prefix, written=piece["phrase"]),) if words else ()
    written = piece["word"]
    found = list(tokens(written))
    if not found:
        return ()
    words = tuple(exact_form(token.text) for token in found)
    prefix = written.endswith("*")
    if piece["exact"] or (len(found) > 1 and any(letter.isdigit() for letter in written)):
        return (Clause(words, prefix=prefix, written=written),)
    if prefix:
        whole = [token for token in found if not token.part]
        return (
            *map(_any_form, (token.text for token in whole[:-1])),
            Clause((exact_form(whole[-1].text),), prefix=True),
        )
    parts = [token for token in found if token.part and found[0].text.count("-")]
    return tuple(_any_form(token.text) for token in parts or [each for each in found if not each.part])


def _any_form(word: str) -> Clause:
    return Clause((exact_form(word),), stems_of_query(word))


def corrected(clause: Clause) -> bool:
    """Whether a clause may match words that differ by a letter."""
    return len(clause.exact) == 1 and not clause.prefix and len(clause.exact[0]) >= SHORTEST_CORRECTED
