"""Words of a role in English texts: each pattern is tried where it may match, and nowhere else."""

import re
from collections.abc import Iterable
from dataclasses import replace
from re import _constants, _parser
from typing import Any

import pytest

from processors.names.english import _BEFORE, _LEADING, english_persons
from processors.names.reading import persons_of_text

ANY_WORD = "*"


def may_begin(pattern: Iterable[Any]) -> tuple[set[str], bool]:
    """The letters that a parsed pattern may begin with, and whether it may be empty."""
    letters: set[str] = set()
    for op, value in pattern:
        if op in (_constants.ASSERT, _constants.ASSERT_NOT, _constants.AT):
            continue
        if op is _constants.LITERAL:
            found, empty = {chr(value).lower()}, False
        elif op is _constants.IN:
            found, empty = (
                {ANY_WORD if of is _constants.CATEGORY else chr(which).lower() for of, which in value},
                False,
            )
        elif op is _constants.BRANCH:
            branches = [may_begin(each) for each in value[1]]
            found, empty = set().union(*(some for some, _ in branches)), any(each for _, each in branches)
        elif op is _constants.SUBPATTERN:
            found, empty = may_begin(value[3])
        else:
            assert op in (_constants.MAX_REPEAT, _constants.MIN_REPEAT), op
            found, empty = may_begin(value[2])
            empty = empty or value[0] == 0
        letters |= found
        if not empty:
            return letters, False
    return letters, True


@pytest.mark.parametrize(("role", "pattern", "several", "first"), _BEFORE)
def test_a_pattern_says_the_letters_that_it_may_begin_with(
    role: str, pattern: str, several: bool, first: str
) -> None:
    assert may_begin(_parser.parse(pattern, re.IGNORECASE)) == (set(first), False)


@pytest.mark.parametrize(
    "words",
    [
        "yesterday prosecution was represented by",
        "Ulyanova's lawyer",
        "ULYANOVA'S court-appointed attorney",
        "well-known barrister",
        "ten years for",
        "40 days for",
    ],
)
def test_what_begins_with_any_word_is_tried_there(words: str) -> None:
    starred = [pattern for _, pattern, _, first in _BEFORE if ANY_WORD in first]

    assert any(re.match(rf"(?:{pattern})(?!\w)", words, re.IGNORECASE) for pattern in starred)
    assert _LEADING.match(words)


def test_a_letter_that_is_another_form_of_one_is_tried_as_well() -> None:
    text = "The verdict was read out by ſheriff Anna Example."

    (found,) = english_persons(text)

    assert (found.role, found.wording) == ("judge", "Anna Example")
    assert persons_of_text(text, "en") == (found,)
    without_other_words = text.replace("verdict", "news")
    assert persons_of_text(without_other_words, "en") == (replace(found, start=33),)
