"""Names in oblique cases, put into the nominative and taken apart; invented ones, as all names here."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.names.declension import CASES, Case, Language
from processors.names.latin import latin_name
from processors.names.nominative import name_of
from processors.names.reading import is_person, one_name, persons_of_text

GENITIVE: tuple[Case, ...] = ("gen",)
DATIVE: tuple[Case, ...] = ("dat",)


@pytest.mark.parametrize(
    ("wording", "language", "cases", "nominative"),
    [
        ("Примерова Ивана Петровича", "ru", "gen", "Примеров Иван Петрович"),
        ("Ромашкова Д.Д.", "ru", "gen", "Ромашков Д. Д."),
        ("Кукушкиной Е. Л.", "ru", "gen", "Кукушкина Е. Л."),
        ("Лемехом А. А.", "ru", "ins", "Лемех А. А."),
        ("Василисе Одуванчиковой", "ru", "dat", "Василиса Одуванчикова"),
        ("Никодима Сорочинского-Клюева", "ru", "acc", "Никодим Сорочинский-Клюев"),
        ("Б. Б. Чернокнижных", "ru", "gen", "Б. Б. Чернокнижных"),
        ("Савелия Пня", "ru", "gen", "Савелий Пень"),
        ("Яўгену Журавінкаву", "be", "dat", "Яўген Журавінкаў"),
        ("Змітра Валошкі", "be", "gen", "Зміцер Валошка"),
        ("Пералескавай Н. Я.", "be", "gen", "Пералескава Н. Я."),
        ("Богушу Вандроўнаму", "be", "dat", "Богуш Вандроўны"),
        ("Кастуся Бярвеньня", "be", "acc", "Кастусь Бярвеньне"),
        ("Ядвігай Лугавой", "be", "ins", "Ядвіга Лугавая"),
        ("Прикладенка Степана Гнатовича", "uk", "gen", "Прикладенко Степан Гнатович"),
        ("Жито-Польського Б. О.", "uk", "gen", "Жито-Польський Б. О."),
        ("Андріянові Шибайлу", "uk", "dat", "Андріян Шибайло"),
        ("Зеновію Крем'яному", "uk", "dat", "Зеновій Крем'яний"),
        ("Барвінкової Л. Л.", "uk", "gen", "Барвінкова Л. Л."),
    ],
)
def test_a_name_in_a_case_is_put_into_the_nominative(
    wording: str, language: Language, cases: Case, nominative: str
) -> None:
    assert name_of(wording, language, (cases,)).nominative == nominative


def test_the_parts_of_a_name_and_its_gender_stand_apart() -> None:
    name = name_of("Маліннікавай Вольгі Саўлаўны", "be", GENITIVE)
    assert (name.surname, name.given, name.patronymic) == ("Маліннікава", "Вольга", "Саўлаўна")
    assert (name.initials, name.gender, name.script, name.reason) == ("В. С.", "f", "Cyrl", None)


def test_initials_stand_for_the_parts_that_they_shorten() -> None:
    name = name_of("А. Я. Гороховецкого", "ru", GENITIVE)
    assert (name.surname, name.given, name.patronymic) == ("Гороховецкий", "А.", "Я.")


def test_where_the_ending_fits_several_names_there_is_none_but_the_alternatives_and_the_reason() -> None:
    name = name_of("Міхасю Жалудку", "be", DATIVE)
    assert name.nominative is None
    assert {"Міхась Жалудок", "Міхась Жалудка"} <= set(name.alternatives)
    assert name.reason == "the ending fits more than one name"


def test_a_name_of_a_list_stays_in_the_nominative_and_loses_its_capitals() -> None:
    assert one_name("КРЫНІЦА Зоська Паўлаўна", "be").nominative == "Крыніца Зоська Паўлаўна"
    assert one_name("Рэчны А. А.", "be").nominative == "Рэчны А. А."


@pytest.mark.parametrize(
    ("wording", "nominative", "surname", "given", "middle"),
    [
        ("Marigold Q. Thistlewick", "Marigold Q. Thistlewick", "Thistlewick", "Marigold", "Q."),
        ("PEABODY, Ignatius", "Peabody, Ignatius", "Peabody", "Ignatius", None),
        ("Horatio Winterbottle III", "Horatio Winterbottle III", "Winterbottle III", "Horatio", None),
        ("Apolline de la Fressonge", "Apolline de la Fressonge", "de la Fressonge", "Apolline", None),
        ("Dabradziej R. K.", "Dabradziej R. K.", "Dabradziej", "R.", "K."),
    ],
)
def test_a_name_in_latin_letters_is_taken_apart(
    wording: str, nominative: str, surname: str, given: str, middle: str | None
) -> None:
    name = latin_name(wording)
    assert (name.nominative, name.surname, name.given, name.patronymic) == (nominative, surname, given, middle)


@pytest.mark.parametrize(
    ("text", "person"),
    [
        ("Прыкладны Пётр Іванавіч", True),
        ("Узорны В. В.", True),
        ("Ганна Рэчная", True),
        ("Таварыства «Прыклад»", False),
        ("Прокурор раёна", False),
        ("суд Прыкладнага раёна", False),
    ],
)
def test_a_field_names_a_person_where_it_is_built_like_a_name(text: str, person: bool) -> None:
    assert is_person(text, "be") == person


def test_a_person_of_no_part_in_the_trial_gets_no_role() -> None:
    text = "Жонка асуджанага Алена Крыніцкая расказала пра суд. Былы суддзя Антон Дуб маўчаў."
    assert persons_of_text(text, "be") == ()


def test_the_words_that_give_the_role_stand_beside_it() -> None:
    (person,) = persons_of_text("Дело рассмотрено под председательством судьи Кукушкиной Е. Л. вчера.", "ru")
    assert (person.role, person.wording) == ("presiding_judge", "Кукушкиной Е. Л.")
    assert person.role_raw == "под председательством судьи"


@pytest.mark.parametrize("language", ["be", "ru", "uk", "en", "pl", None])
@given(text=st.text(alphabet="судпрокурорІіЎўАаБб.,:—-()«»’ \nJudgeKC", max_size=120))
def test_no_text_breaks_the_reading_and_every_wording_stands_in_it(language: str | None, text: str) -> None:
    flat = text.replace("\n", " ")
    assert all(person.wording in flat for person in persons_of_text(text, language))


@given(word=st.text(alphabet="абвгдежзийклмнопрстуАБВҐЎІьэюяїєіў'-", min_size=1, max_size=12))
@pytest.mark.parametrize("language", ["be", "ru", "uk"])
def test_no_word_breaks_the_declension(language: Language, word: str) -> None:
    name = name_of(word, language, CASES, surname_alone=True)
    assert name.nominative is not None or name.reason is not None
