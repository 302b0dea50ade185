"""The language of a text, told by its letters and its smallest words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.languages.detection import TextLanguage, language_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Суд Ленінскага раёна вынес прысуд", "be"),
        ("Суд над удзельнікам маршу перанесьлі на сьнежань", "be-tarask"),
        ("Суд вынес приговор по делу о клевете", "ru"),
        ("Съезд судей", "ru"),
        ("Суд виніс вирок у справі", "uk"),
        ("Її засудили", "uk"),
        ("The court sentenced him", "en"),
        ("Hearing 12:30", "en"),
        ("Sąd wydał wyrok", "pl"),
        ("Teismas paskelbė nuosprendį", "lt"),
        ("Das Gericht hat entschieden", "other"),
        ("Le tribunal a condamné les accusés", "other"),
        ("Съдът постанови решение по делото", "other"),
        ("Суд је донео пресуду", "other"),
        ("法院作出判决", "other"),
        ("", "other"),
    ],
)
def test_a_line_is_in_the_language_of_its_letters_and_words(text: str, language: str) -> None:
    assert language_of(text) is TextLanguage(language)


@pytest.mark.parametrize(
    ("text", "hint", "language"),
    [
        ("Прокурор", None, "ru"),
        ("Прокурор", "uk-UA", "uk"),
        ("12:30", "be_BY", "be"),
        ("Суд", "be-tarask", "be-tarask"),
        ("Суд вынес приговор по делу о клевете", "en", "ru"),
        ("Sąd wydał wyrok", "en", "pl"),
        ("Kontakt", "de", "other"),
    ],
)
def test_what_the_page_states_decides_only_where_the_text_does_not(
    text: str, hint: str | None, language: str
) -> None:
    assert language_of(text, hint) is TextLanguage(language)


@given(st.text(max_size=80), st.one_of(st.none(), st.text(max_size=12)))
def test_any_text_and_any_statement_give_a_language(text: str, hint: str | None) -> None:
    assert language_of(text, hint) in TextLanguage
