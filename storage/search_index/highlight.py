"""Which words of a text a query means, and the part of the text that shows them.

In: the clauses of a query and a text. Out: an excerpt with `START_MARK` and `STOP_MARK` around the words. Works on
the text itself, so that what is marked is what stands there. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from processors.languages.stems import stems_of_query
from processors.languages.tokens import Token, exact_form, tokens
from storage.search_index.answer import START_MARK, STOP_MARK
from storage.search_index.words import Clause, corrected

BEGINNING: Final = 300
"""Characters shown of a text in which nothing is marked."""
WORDS_BEFORE: Final = 6
WORDS_AFTER: Final = 18
CHARACTERS_BEFORE: Final = 60
CHARACTERS_AFTER: Final = 160
MOST_FRAGMENTS: Final = 2
WORDS_READ: Final = 20_000
"""Words of a long text that are looked through; a match behind them is not shown."""


@dataclass(frozen=True, slots=True)
class _Span:
    first: int
    last: int
    clause: int


class Highlighter:
    """Marks what one query means; ``typing_errors`` as in the query."""

    def __init__(self, clauses: Sequence[Clause], *, typing_errors: bool = False) -> None:
        self._clauses = tuple(clause for clause in clauses if clause.exact)
        self._typing_errors = typing_errors
        firsts = (form[:1] for clause in self._clauses for form in (clause.exact[0], *clause.stems))
        self._first_letters = frozenset(firsts)

    def excerpt(self, text: str) -> str:
        """The parts of the text around what matched, or its beginning."""
        words = [token for token in islice(tokens(text), WORDS_READ) if not token.part] if self._clauses else []
        spans = self._spans(words)
        if not spans:
            return text[:BEGINNING]
        fragments = self._fragments(words, spans)
        return " … ".join(_marked(text, words, first, last, spans) for first, last in fragments)

    @staticmethod
    def around(text: str, start: int, end: int) -> str:
        """The part of a text around what stands between two places, which is marked."""
        begins = _word_before(text, max(0, start - CHARACTERS_BEFORE)) if start > CHARACTERS_BEFORE else 0
        ends = text.find(" ", min(len(text), end + CHARACTERS_AFTER))
        behind = text[end:] if ends < 0 else text[end:ends]
        return f"{text[begins:start]}{START_MARK}{text[start:end]}{STOP_MARK}{behind}"

    def words_meant(self, text: str) -> tuple[str, ...]:
        """The words of the text that are marked, in the form in which exact words are compared."""
        words = [token for token in islice(tokens(text), WORDS_READ) if not token.part]
        return tuple(exact_form(words[span.first].text) for span in self._spans(words))

    def _spans(self, words: Sequence[Token]) -> list[_Span]:
        found: list[_Span] = []
        for place, token in enumerate(words):
            if not self._typing_errors and self._first(token) not in self._first_letters:
                continue
            for number, clause in enumerate(self._clauses):
                last = self._last_of(clause, words, place)
                if last is not None:
                    found.append(_Span(place, last, number))
                    break
        return found

    def _first(self, token: Token) -> str:
        letter = token.text[0].casefold()[:1]
        return "е" if letter == "ё" else letter

    def _last_of(self, clause: Clause, words: Sequence[Token], place: int) -> int | None:
        """Where what begins at ``place`` ends, None where the clause does not mean it."""
        token = words[place].text
        if len(clause.exact) > 1:
            return self._last_of_phrase(clause, words, place)
        plain = exact_form(token)
        wanted = clause.exact[0]
        pieces = plain.split("-") if "-" in plain else ()
        meant = (
            plain == wanted
            or wanted in pieces
            or (clause.prefix and (plain.startswith(wanted) or any(piece.startswith(wanted) for piece in pieces)))
            or (bool(clause.stems) and not clause.stems.isdisjoint(stems_of_query(token)))
            or (self._typing_errors and corrected(clause) and _nearly(clause, token))
        )
        return place if meant else None

    def _last_of_phrase(self, clause: Clause, words: Sequence[Token], place: int) -> int | None:
        wanted = list(clause.exact)
        at = place
        while wanted and at < len(words):
            pieces = [exact_form(token.text) for token in tokens(words[at].text)]
            if pieces[: len(wanted)] != wanted[: len(pieces)]:
                break
            wanted, at = wanted[len(pieces) :], at + 1
        if not wanted:
            return at - 1
        ends_in_prefix = clause.prefix and len(wanted) == 1 and at < len(words)
        return at if ends_in_prefix and exact_form(words[at].text).startswith(wanted[0]) else None

    def _fragments(self, words: Sequence[Token], spans: Sequence[_Span]) -> list[tuple[int, int]]:
        """Around the first match of each clause; two that touch are one."""
        fragments: list[tuple[int, int]] = []
        shown: set[int] = set()
        for span in spans:
            if span.clause in shown and fragments:
                continue
            shown.add(span.clause)
            first, last = max(0, span.first - WORDS_BEFORE), min(len(words) - 1, span.last + WORDS_AFTER)
            if fragments and first <= fragments[-1][1] + 1:
                fragments[-1] = (fragments[-1][0], max(last, fragments[-1][1]))
            elif len(fragments) < MOST_FRAGMENTS:
                fragments.append((first, last))
        return fragments


def _word_before(text: str, place: int) -> int:
    return text.find(" ", place) + 1


def _nearly(clause: Clause, word: str) -> bool:
    stems = stems_of_query(word)
    return any(one_letter_apart(a, b) for a in clause.stems for b in stems)


def one_letter_apart(a: str, b: str) -> bool:
    """Whether one letter more, less or other, or two exchanged neighbours, make one word the other."""
    if abs(len(a) - len(b)) > 1:
        return False
    start = 0
    while start < min(len(a), len(b)) and a[start] == b[start]:
        start += 1
    rest_a, rest_b = a[start:], b[start:]
    return (
        rest_a[1:] == rest_b[1:]
        or rest_a[1:] == rest_b
        or rest_a == rest_b[1:]
        or (rest_a[:2] == rest_b[1::-1] and rest_a[2:] == rest_b[2:])
    )


def _marked(text: str, words: Sequence[Token], first: int, last: int, spans: Sequence[_Span]) -> str:
    begins = 0 if first == 0 else words[first].start
    ends = len(text) if last == len(words) - 1 and len(text) - words[last].end < 40 else words[last].end
    pieces, at = [], begins
    for span in spans:
        start, stop = words[span.first].start, words[span.last].end
        if start < at or stop > ends:
            continue
        pieces += [text[at:start], START_MARK, text[start:stop], STOP_MARK]
        at = stop
    pieces.append(text[at:ends])
    return "".join(pieces)
