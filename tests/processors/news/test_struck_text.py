"""Crossed-out words of an article between marks."""

import pytest

from processors.markup.html_tree import parse
from processors.news.struck_text import mark_struck, struck_of
from processors.records.struck import Struck


@pytest.mark.parametrize(
    ("body", "marked", "words"),
    [
        ("<p>Срок: <s>два года</s> восемь лет</p>", "Срок: ~~два года~~ восемь лет", ("два года",)),
        ("<p><s> два <b>года</b> </s>восемь</p>", " ~~два года~~ восемь", ("два года",)),
        ("<p><s>два<br>года</s> восемь</p>", "~~два~~~~года~~ восемь", ("два", "года")),
        ("<del><p>два</p><p>года</p></del>", "~~два~~~~года~~", ("два", "года")),
        ("<p><s>два <del>года</del></s></p>", "~~два года~~", ("два года",)),
        ("<p><s> </s>восемь</p>", " восемь", ()),
    ],
)
def test_each_line_of_what_is_crossed_out_stands_between_marks(
    body: str, marked: str, words: tuple[str, ...]
) -> None:
    tree = parse(f"<html><body>{body}</body></html>")
    assert tree is not None
    assert mark_struck(tree) == words
    assert "".join(tree.itertext()) == marked
    assert list(tree.iter("s", "del", "strike")) == []


def test_only_words_that_stand_between_marks_in_a_field_are_struck_there() -> None:
    text = "Срок: ~~два года~~ восемь лет"
    assert struck_of("text", text, ("два года", "восемь лет", "два года")) == (
        Struck(field="text", text="два года"),
    )
