"""Words of a text with their places, and the form in which words are compared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.languages.tokens import exact_form, token_texts, tokens


@pytest.mark.parametrize("apostrophe", ["'", "’", "ʼ", "`", "‘", "´", "′", "＇"])
def test_an_apostrophe_of_any_kind_is_a_part_of_the_word(apostrophe: str) -> None:
    text = f"«Аб{apostrophe}яднанне» сям{apostrophe}і"
    found = list(tokens(text))
    assert [token.text for token in found] == [f"Аб{apostrophe}яднанне", f"сям{apostrophe}і"]
    assert exact_form(found[0].text) == "аб'яднанне"


def test_a_word_with_hyphens_is_given_whole_and_in_parts_with_their_places() -> None:
    found = [(token.text, token.start, token.end, token.part) for token in tokens("у Мінск-Арэне, @my_name")]
    assert found == [
        ("у", 0, 1, False),
        ("Мінск-Арэне", 2, 13, False),
        ("Мінск", 2, 7, True),
        ("Арэне", 8, 13, True),
        ("my_name", 16, 23, False),
        ("my", 16, 18, True),
        ("name", 19, 23, True),
    ]


def test_soft_hyphens_marks_of_stress_and_invisible_characters_part_no_word() -> None:
    assert [exact_form(token.text) for token in tokens("при\u00adго\u200bвор за\u0301мок Ё\u0301лка")] == [
        "приговор",
        "замок",
        "елка",
    ]


def test_letters_of_another_alphabet_keep_their_marks() -> None:
    assert [exact_form(word) for word in ("Łódź", "Žąsis", "Йод", "и\u0306од")] == ["łódź", "žąsis", "йод", "йод"]


def test_a_name_behind_an_elided_article_is_found_by_itself_and_a_possessive_is_one_word() -> None:
    assert [token.text for token in tokens("O'Brien's court's d’Artagnan")] == [
        "O'Brien's",
        "Brien's",
        "court's",
        "d’Artagnan",
        "Artagnan",
    ]


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("аў'’-_\u0301\u00ad A1")), max_size=60))
def test_every_letter_and_digit_is_in_a_token_and_every_token_stands_where_it_says(text: str) -> None:
    covered = set[int]()
    last = 0
    for token in tokens(text):
        assert token.text == text[token.start : token.end] != ""
        if not token.part:
            assert token.start >= last
            last = token.end
        covered.update(range(token.start, token.end))
    assert {place for place, letter in enumerate(text) if letter.isalnum()} <= covered


@given(st.text(max_size=40))
def test_the_exact_form_of_an_exact_form_is_itself(text: str) -> None:
    assert exact_form(exact_form(text)) == exact_form(text)


@given(st.text(st.sampled_from("абвёІў'’-_ .1aZ\u0301\u00ad«"), max_size=40))
def test_words_without_places_are_the_same_words(text: str) -> None:
    assert list(token_texts(text)) == [token.text for token in tokens(text)]
