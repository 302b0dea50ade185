"""Names found in other spellings, with the reason; others kept apart. All names are invented."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.name_search.keys import name_keys, question_of
from processors.name_search.matching import explain
from processors.name_search.reasons import MatchReason as Why


@pytest.mark.parametrize(
    ("query", "text", "reasons"),
    [
        ("Аляксандр Жалудковіч", "Аляксандр Жалудковіч", {Why.SAME_WORDING}),
        (
            "Аляксандр Жалудковіч",
            "Александр Желудкович",
            {Why.OTHER_LANGUAGE, Why.GIVEN_NAME_OF_OTHER_LANGUAGE},
        ),
        ("Аляксандр Жалудковіч", "Aliaksandr Zhaludkovich", {Why.LATIN_LETTERS}),
        ("Аляксандр Жалудковіч", "Alaksandr Žaludkovič", {Why.LATIN_LETTERS}),
        ("Aliaksandr Zhaludkovich", "Аляксандр Жалудковіч", {Why.CYRILLIC_LETTERS}),
        ("Аляксандр Жалудковіч", "Справу Аляксандра Жалудковіча перадалі ў суд.", {Why.OBLIQUE_CASE}),
        ("Аляксандр Іванавіч Жалудковіч", "Жалудковіч А. І.", {Why.INITIALS, Why.SURNAME_FIRST}),
        ("Аляксандр Іванавіч Жалудковіч", "Аляксандр Жалудковіч", {Why.PATRONYMIC_LEFT_OUT}),
        ("Аляксандр Жалудковіч", "Аляксандр Іванавіч Жалудковіч", {Why.PATRONYMIC_ADDED}),
        ("Святлана Жалудковіч", "Сьвятлана Жалудковіч", {Why.OTHER_ORTHOGRAPHY}),
        ("Paweł Żołędnik", "Pawel Zolednik", {Why.WITHOUT_MARKS}),
        ("Paweł Żołędnik", "Rozmawialiśmy z Pawłem Żołędnikiem.", {Why.OBLIQUE_CASE}),
        ("Микола Жолудко", "Николай Жолудко", {Why.GIVEN_NAME_OF_OTHER_LANGUAGE}),
        ("Жалудковіч", "Марыя Жалудковіч", {Why.SAME_WORDING}),
        ("Eleanor Acornby", "Acornby, Eleanor", {Why.SURNAME_FIRST}),
        ("жалудковіч аляксандр", "Жалудковіч Аляксандр", {Why.SURNAME_FIRST}),
    ],
)
def test_a_name_in_another_spelling_is_found_and_says_why(query: str, text: str, reasons: set[Why]) -> None:
    match = explain(query, text)
    assert match is not None
    assert (match.same, set(match.reasons)) == (True, reasons)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("Аляксандр Жалудковіч", "Аляксандра Жалудковіч"),
        ("Аляксандр Жалудковіч", "Андрэй Жалудковіч"),
        ("Аляксандр Жалудковіч", "Аляксандр Жалудкоўскі"),
        ("Аляксандр Іванавіч Жалудковіч", "Аляксандр Пятровіч Жалудковіч"),
        ("Аляксандр Іванавіч Жалудковіч", "А. П. Жалудковіч"),
        ("Иван Желудков", "Мария Желудкова"),
        ("Иван Желудков", "Дело Марии Желудковой рассмотрят."),
        ("Мария Желудкова", "Дело Ивана Желудкова рассмотрят."),
        ("Мария Желудковская", "Желудковский Иван"),
        ("Иван Овсов-Желудков", "Иван Желудков"),
        ("Иван Желудков", "Иван Овсов-Желудков"),
        ("Jonas Giraitis", "Rūta Giraitienė"),
        ("Семён Горский", "Семён Гарский"),
        ("Семён Громов", "Semen Khromov"),
        ("Алег Жалудковіч", "Вольга Жалудковіч"),
        ("Аляксандр Жалудковіч", ""),
        ("", "Аляксандр Жалудковіч"),
    ],
)
def test_another_person_of_a_family_and_a_similar_surname_are_kept_apart(query: str, text: str) -> None:
    assert explain(query, text) is None


@pytest.mark.parametrize(
    ("query", "text", "reason"),
    [
        ("Аляксандр Жалудковіч", "А. Жалудковіч", Why.INITIALS),
        ("Иван Желудков", "И. Желудкова", Why.ALSO_OTHER_GENDER),
        ("Александр Желудков", "Александра Желудкова", Why.ALSO_OTHER_GENDER),
    ],
)
def test_what_the_words_alone_cannot_tell_is_called_similar(query: str, text: str, reason: Why) -> None:
    match = explain(query, text)
    assert match is not None
    assert not match.same
    assert reason in match.reasons


def test_the_place_of_a_name_in_a_text_is_given() -> None:
    text = "Суд над Аляксандрам Іванавічам Жалудковічам пачаўся."
    match = explain("Аляксандр Жалудковіч", text)
    assert match is not None
    assert text[match.start : match.end] == "Аляксандрам Іванавічам Жалудковічам"


NAMES = st.text(
    alphabet=st.one_of(st.sampled_from("АБВабвгієўьй'’-., ŁłšžąAbcouvz\u0301\u00ad"), st.characters()), max_size=40
)


@given(NAMES, NAMES)
def test_any_question_and_any_text_have_an_answer(query: str, text: str) -> None:
    match = explain(query, text)
    name_keys(text)
    question_of(query)
    if match is not None:
        assert 0 <= match.start < match.end <= len(text)
        assert 0 < match.score <= 1
        assert match.reasons


@given(
    st.sampled_from(["Аляксандр", "Уладзімір", "Сяргей", "Мікалай", "Вольга", "Наталля", "Ганна", "Юлія"]),
    st.sampled_from(["Жалудковіч", "Авёс", "Крапіва", "Ляшчына", "Сасноўскі", "Бярозка", "Дубровін"]),
)
def test_a_name_is_itself_and_its_keys_are_those_that_are_asked_for(given_name: str, surname: str) -> None:
    name = f"{given_name} {surname}"
    match = explain(name, name)
    assert match is not None
    assert (match.same, match.score) == (True, 1.0)
    assert all(name_keys(name).terms & group for group in question_of(name).required)


@pytest.mark.parametrize(
    "hostile", ["А" * 50_000, "А." * 25_000, "А-" * 25_000, "А'" * 25_000, "Жалудковіч " * 5_000, "щ" * 50_000]
)
def test_long_runs_are_read_in_a_time_that_grows_with_their_length(hostile: str) -> None:
    assert name_keys(hostile) == name_keys(hostile)
    explain("Аляксандр Жалудковіч", hostile)
