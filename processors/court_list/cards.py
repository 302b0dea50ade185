"""Cases listed as cards: lines of a label and a value, ``Судья: ...``, again and again; or the one card of a case.

In: the lines of a page, and the lexicon of headings. Out: a `Table` with the labels as headings and a row for each
card, or None where the lines make no cards. A new card begins where a label comes again, or at a line that holds
a case number and no label. Lines of a day alone hold for the cards below. Pure.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from processors.court_list.case_numbers import case_number_in
from processors.markup.html_tree import INNER_MARK, crossed_out_apart
from processors.pages.dates import read_moment
from processors.tables.table import Cell, Table
from processors.text import one_line

_LABELLED = re.compile(r"^([^\d:：.;]{2,50}?)\s*[:：№#]+\s*(\S.{0,400})$")
_LABEL_ALONE = re.compile(r"^([^\d:：.;]{2,50}?)\s*[:：]$")
_NAMES_A_CASE = frozenset(("case_number", "parties"))
_WHEN = frozenset(("starts", "date", "time"))
_LEAST_FIELDS = 2
_LEAST_FIELDS_OF_ONE = 3
_LONGEST_DAY = 60
_LEAST_WITHOUT_LABEL = 3
_MOST_LINES = 20_000
_MOST_LABELS = 40
# the heading of case numbers that stand without a label
NUMBER_LABEL = "number"
_UNLABELLED = "text"


@dataclass(slots=True)
class _Card:
    """Labels with their values, those of them that are known, and the fields they mean."""

    values: dict[str, str] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    fields: set[str] = field(default_factory=set)
    day: str | None = None

    def add(self, label: str, value: str, meaning: str | None) -> None:
        """Another line under a label, or its first."""
        known = self.values.get(label)
        self.values[label] = f"{known}\n{value}" if known else value
        if meaning is not None:
            self.fields.add(meaning)
            self.known.add(label)


def card_table(lines: Iterable[str], field_of: Callable[[str], str | None]) -> Table | None:
    """The cards as a table."""
    cards = [card for card in _cards(lines, field_of) if _is_of_a_case(card)]
    if not _all_labelled(cards) and len(cards) < _LEAST_WITHOUT_LABEL:
        return None
    least = _LEAST_FIELDS if len(cards) > 1 else _LEAST_FIELDS_OF_ONE
    filled = [card for card in cards if len(card.fields - {"extra", "row"}) >= least]
    if len(cards) == 1 and "case_number" not in cards[0].fields:
        return None
    if not filled or len(filled) * 2 < len(cards):
        return None
    _cut_what_follows(filled)
    labels = tuple(dict.fromkeys(label for card in filled for label in card.values))[:_MOST_LABELS]
    rows: list[tuple[Cell, ...]] = [tuple(Cell(text=label, heading=True) for label in labels)]
    day: str | None = None
    for card in filled:
        if card.day is not None and card.day != day:
            day = card.day
            rows.append(_across(day, len(labels)))
        rows.append(tuple(_cell(card.values.get(label, "")) for label in labels))
    return Table(tuple(rows))


def _cell(value: str) -> Cell:
    """A value, what is crossed out of it apart."""
    kept, struck = zip(*map(crossed_out_apart, value.split("\n")), strict=True)
    return Cell(text="\n".join(filter(None, kept)), struck=tuple(chain.from_iterable(struck)))


def _cut_what_follows(cards: Sequence[_Card]) -> None:
    """Off the last card, lines under labels that no other card has: they are the end of the page."""
    last, others = cards[-1], {label for card in cards[:-1] for label in card.values}
    for label in reversed(list(last.values)) if others else ():
        if label in others or label in last.known:
            return
        del last.values[label]


def _all_labelled(cards: Sequence[_Card]) -> bool:
    """Whether no number was told by its look alone."""
    return not any(NUMBER_LABEL in card.values for card in cards)


def _is_of_a_case(card: _Card) -> bool:
    return bool(card.fields & _NAMES_A_CASE) and bool(
        card.fields & _WHEN or len(card.fields - {"extra", "row"}) >= _LEAST_FIELDS
    )


def _across(text: str, width: int) -> tuple[Cell, ...]:
    cell = Cell(text=text, width=max(width, 2))
    return (cell, *[replace(cell, copied=True)] * (width - 1))


def _cards(lines: Iterable[str], field_of: Callable[[str], str | None]) -> list[_Card]:
    cards: list[_Card] = []
    day: str | None = None
    waiting: str | None = None
    for line in _worded(lines):
        if waiting is not None:
            label, value, waiting = waiting, line, None
        elif alone := _LABEL_ALONE.match(line):
            waiting = alone.group(1) if field_of(alone.group(1)) is not None else None
            continue
        elif labelled := _LABELLED.match(line):
            label, value = labelled.groups()
        else:
            if len(line) < _LONGEST_DAY and _is_day_alone(line):
                day = line
            elif (number := case_number_in(line)) is not None and line.lstrip(INNER_MARK).startswith(number):
                crossed_out = not crossed_out_apart(line)[0]
                cards.append(_Card(day=day))
                cards[-1].add(NUMBER_LABEL, _marked(number) if crossed_out else number, "case_number")
                rest = line.replace(number, "").strip(f" ,;:.–—-№{INNER_MARK if crossed_out else ''}")
                if rest := _marked(rest) if rest and crossed_out else rest:
                    cards[-1].add(_UNLABELLED, rest, None)
            elif cards and field_of(line) is None:
                cards[-1].add(_UNLABELLED, line, None)
            continue
        meaning = field_of(label)
        if meaning is not None and (not cards or label in cards[-1].values):
            cards.append(_Card(day=day))
        if cards:
            cards[-1].add(label, value, meaning)
    return cards


def _worded(lines: Iterable[str]) -> Sequence[str]:
    return [
        text for line, _ in zip(lines, range(_MOST_LINES), strict=False) if (text := _marks_behind_label(line))
    ]


def _marks_behind_label(line: str) -> str:
    """The line with its blanks merged; where all of it is crossed out, its label is not, so that it is found."""
    text = one_line(line)
    kept, struck = crossed_out_apart(text)
    if kept or not struck:
        return text
    labelled = _LABELLED.match(" ".join(struck))
    return f"{labelled.group(1)}: {_marked(labelled.group(2))}" if labelled else text


def _marked(words: str) -> str:
    return f"{INNER_MARK}{words}{INNER_MARK}"


def _is_day_alone(line: str) -> bool:
    """A date and at most a word or two beside it."""
    return read_moment(line) is not None and case_number_in(line) is None and len(line.split()) <= 6
