"""What differs between two wordings, word by word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.rendering.word_diff import WORDS_AT_MOST, differences

WORDS = st.lists(st.sampled_from(["суд", "перанёс", "дату", "на", "24", "26", "лістапада.\n"]), max_size=12).map(
    " ".join
)


def pieces(before: str, after: str) -> list[tuple[str, str]]:
    ((row),) = differences({"text": before}, {"text": after})
    return [(piece["change"], piece["text"]) for piece in row["pieces"]]


def test_only_the_words_that_differ_are_marked() -> None:
    assert pieces("Суд прызначаны на 24 лістапада", "Суд прызначаны на 26 лістапада") == [
        ("same", "Суд прызначаны на "),
        ("gone", "24 "),
        ("new", "26 "),
        ("same", "лістапада"),
    ]


def test_a_change_far_behind_the_beginning_is_seen() -> None:
    long = "слова " * 500
    found = pieces(f"{long}учора {long}", f"{long}сёння {long}")
    assert [change for change, _ in found] == ["same", "gone", "new", "same"]
    assert sum(len(text) for _, text in found) < 600


def test_a_field_that_came_or_went_is_whole() -> None:
    rows = differences({"room": "3", "same": 1}, {"judge": "Вярба", "same": 1})
    assert [(row["field"], [piece["change"] for piece in row["pieces"]]) for row in rows] == [
        ("judge", ["new"]),
        ("room", ["gone"]),
    ]


def test_the_text_stands_first() -> None:
    rows = differences({"text": "а", "author": "а"}, {"text": "б", "author": "б"})
    assert [row["field"] for row in rows] == ["text", "author"]


@pytest.mark.timeout(20)
def test_a_very_long_text_is_compared_by_lines() -> None:
    before = "\n".join(f"радок {number} з некалькіх слоў" for number in range(WORDS_AT_MOST))
    found = pieces(before, before.replace("радок 4000 ", "радок чатыры тысячы "))
    assert [change for change, _ in found] == ["same", "gone", "new", "same"]
    assert "чатыры тысячы" in found[2][1]


@given(WORDS, WORDS)
def test_the_pieces_make_both_wordings(before: str, after: str) -> None:
    if before == after:
        assert differences({"text": before}, {"text": after}) == []
        return
    found = pieces(before, after)
    assert "".join(text for change, text in found if change != "new") == before
    assert "".join(text for change, text in found if change != "gone") == after
