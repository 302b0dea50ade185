"""Stems: forms of one word meet, another word's do not."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.languages.detection import TextLanguage
from processors.languages.stems import stem, stems_of_query
from processors.languages.tokens import exact_form

WORDS = st.text(
    alphabet=st.sampled_from("абвгдежзіийклмнопрстуўфхцчшщыьэюяєїґё'’-abcłšzA1"), min_size=1, max_size=14
)


@pytest.mark.parametrize(
    ("language", "forms"),
    [
        ("be", "прысуд прысуду прысудаў прысудамі прысудзе"),
        ("be", "сведка сведкі сведкаў сведкамі"),
        ("be", "затрыманы затрыманага затрыманая затрыманых"),
        ("be", "асудзіць асудзілі асудзіла"),
        ("uk", "вирок вироку вироки вироками вироків"),
        ("uk", "затриманий затриманого затримана затриманих"),
        ("uk", "свідчити свідчила свідчать"),
        ("ru", "приговор приговору приговоры приговорами"),
        ("en", "sentence sentenced sentences sentencing"),
        ("pl", "wyrok wyroku wyroki wyrokami"),
        ("lt", "teismas teismo teismui"),
    ],
)
def test_forms_of_one_word_have_one_stem(language: str, forms: str) -> None:
    assert len({stem(form, TextLanguage(language)) for form in forms.split()}) == 1


@pytest.mark.parametrize(
    ("classical", "official"),
    [("сьвята", "свята"), ("насеньне", "насенне"), ("судзьдзя", "суддзя"), ("дэмакратыя", "дэмакратыі")],
)
def test_both_orthographies_of_belarusian_have_one_stem(classical: str, official: str) -> None:
    assert stem(classical, TextLanguage.CLASSICAL_BELARUSIAN) == stem(official, TextLanguage.BELARUSIAN)


@pytest.mark.parametrize(
    ("word", "language", "form"),
    [
        ("прысуды", "be", "прысудамі"),
        ("приговоры", "ru", "приговорами"),
        ("вироки", "uk", "вироками"),
        ("sentences", "en", "sentencing"),
        ("wyroki", "pl", "wyrokami"),
        ("teismai", "lt", "teismas"),
    ],
)
def test_a_word_of_a_question_meets_the_forms_of_a_text_whose_language_is_not_asked(
    word: str, language: str, form: str
) -> None:
    assert stem(form, TextLanguage(language)) in stems_of_query(word)


@given(WORDS, st.sampled_from(TextLanguage))
def test_capitals_and_kinds_of_apostrophes_change_no_stem(word: str, language: TextLanguage) -> None:
    assert stem(word.upper().lower(), language) == stem(word.lower(), language)
    assert stem(word.replace("'", "’"), language) == stem(word, language)


@given(WORDS, st.sampled_from(TextLanguage))
def test_a_stem_is_never_empty_and_is_among_those_of_a_question_in_its_language(
    word: str, language: TextLanguage
) -> None:
    assert stem(word, language) != ""
    assert exact_form(word) in stems_of_query(word)


@given(st.text(max_size=80), st.sampled_from(TextLanguage))
def test_any_text_at_all_has_a_stem(word: str, language: TextLanguage) -> None:
    assert len(stem(word, language)) <= max(len(exact_form(word)), 1) + 2


def test_stems_are_the_same_from_many_threads_at_once() -> None:
    words = [f"приговор{ending}{number}" for ending in ("ами", "ов", "ам") for number in range(300)]
    alone = [stem.__wrapped__(word, TextLanguage.RUSSIAN) for word in words]
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(lambda word: stem.__wrapped__(word, TextLanguage.RUSSIAN), words))
    assert together == alone
