"""Articles of the law as codes that can be searched."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.pages.article_codes import article_codes


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("ч. 1 ст. 342 УК", ("342 ч.1 УК",)),
        ("ст.205.1 ч.1.1 УК РФ", ("205.1 ч.1.1 УК РФ",)),
        ("ст.205.5 ч.2; ст.205.1 ч.1.1 УК РФ", ("205.5 ч.2 УК РФ", "205.1 ч.1.1 УК РФ")),
        ("арт. 369, 370 КК", ("369 КК", "370 КК")),
        ("ч. 2 арт. 293 КК", ("293 ч.2 КК",)),
        ("art. 178a § 1 k.k.", ("178a §1 k.k.",)),
        ("статья 24.23 КоАП", ("24.23 КоАП",)),
        ("ст. 185 ч. 4 КК України", ("185 ч.4 КК України",)),
        ("про стягнення боргу", ()),
        (None, ()),
    ],
)
def test_articles_are_read_as_written_in_each_country(text: str | None, codes: tuple[str, ...]) -> None:
    assert article_codes(text) == codes


@given(st.text(alphabet="стчарт. ,0123456789§УК", max_size=200))
def test_a_code_begins_with_a_number_of_the_text_and_comes_once(text: str) -> None:
    codes = article_codes(text)
    assert len(set(codes)) == len(codes)
    for code in codes:
        number = re.match(r"\d+", code)
        assert number is not None, code
        assert number.group() in text


@given(st.integers(1, 999), st.integers(1, 9), st.text(alphabet="слова и дело. ", max_size=60))
def test_an_article_is_found_wherever_it_stands(article: int, part: int, words: str) -> None:
    assert f"{article} ч.{part} УК" in article_codes(f"{words}; ч. {part} ст. {article} УК, {words}")
