"""What an entry of a list of wanted persons becomes: names, births, numbers, and what is compared of it."""

from dataclasses import replace
from datetime import date

import pytest

from processors.record_keys import record_key, version_content
from processors.wanted_list.labels import wanted_field
from processors.wanted_list.names import person_name
from processors.wanted_list.person import identifier_in, read_birth
from processors.wanted_list.record import WantedPerson

TODAY = date(2026, 11, 20)
PERSON = WantedPerson(
    url="https://police.example/list?page=1",
    name_raw="Прыклад Ян",
    born_raw="1980",
    photos=("https://a.example/p/1.jpg?sign=1",),
    entry_url="https://police.example/p/77",
    updated_raw="20.11.2026",
    extra={"№ п/п": "4", "Рост": "180"},
)


@pytest.mark.parametrize(
    ("line", "name", "rest"),
    [
        ("ГАЙ-ВЕРАС Кастусь Янавіч, 14.03.1988 г.н.", "ГАЙ-ВЕРАС Кастусь Янавіч", "14.03.1988 г.н."),
        ("KAMISH, El Amin", "KAMISH, El Amin", ""),
        ("Ада фон Прыклад (1979)", "Ада фон Прыклад", "(1979)"),
        ("O'Brook, Ann-Marie J.", "O'Brook, Ann-Marie J.", ""),
    ],
)
def test_a_line_that_begins_with_a_name(line: str, name: str, rest: str) -> None:
    found = person_name(line)
    assert found is not None
    assert found == (name, rest)


@pytest.mark.parametrize(
    "line",
    [
        "Most Wanted",
        "Contact Us",
        "Внимание, розыск!",
        "Two men sought",
        "Прыклад",
        "Privacy Policy",
        "",
        "12.03.1980",
    ],
)
def test_a_line_that_is_no_name(line: str) -> None:
    assert person_name(line) is None


@pytest.mark.parametrize(
    ("raw", "born"),
    [
        ("14.03.1988 г.н.", "1988-03-14"),
        ("5 июля 1964", "1964-07-05"),
        ("1985-04-30T00:00:00", "1985-04-30"),
        ("1979", "1979"),
        ("03/07/1983", "1983"),
        ("23/07/1983", "1983-07-23"),
        ("07/07/1983", "1983-07-07"),
        ("May 4, 1986, May 14, 1988", None),
        ("12.03.2030", None),
        ("41-45", None),
        (None, None),
    ],
)
def test_a_birth_is_read_as_far_as_it_can_be_told(raw: str | None, born: str | None) -> None:
    assert read_birth(raw, TODAY) == born


@pytest.mark.parametrize(
    ("url", "identifier"),
    [
        ("https://a.example/details?id=3021045577", "3021045577"),
        ("https://a.example/pos/form/r92200481123,BOROWY-WIT.html", "r92200481123"),
        ("https://a.example/most-wanted/oswin-thistle", "oswin-thistle"),
        ("https://a.example/wanted/55/index.html", "55"),
        ("https://a.example/", None),
    ],
)
def test_an_address_tells_the_entry(url: str, identifier: str | None) -> None:
    assert identifier_in(url) == identifier


@pytest.mark.parametrize(
    ("label", "field"),
    [
        ("Место рождения", "extra"),
        ("Дата рождения:", "born"),
        ("Стаття звинувачення", "offence"),
        ("Стать", "extra"),
        ("№ п/п", "row"),
        ("Инициатор розыска", "issuer"),
        ("Дата объявления в розыск", "published"),
        ("Апошняе вядомае месца", "place"),
        ("LAST_NAME_E", "alias"),
        ("reward_max", "extra"),
        ("Wanted by", "issuer"),
        ("Wanted for", "offence"),
        ("Шрыфт", None),
    ],
)
def test_labels_of_five_languages(label: str, field: str | None) -> None:
    assert wanted_field(label) == field


def test_a_number_names_an_entry_and_else_its_name_and_birth() -> None:
    numbered = replace(PERSON, identifier="В-1/2026")
    assert record_key(numbered, "police") == "police|в-1/2026"
    assert record_key(numbered, "police") == record_key(replace(numbered, name_raw="Іншы"), "police")
    assert record_key(PERSON, "police") == record_key(replace(PERSON, name_raw="ПРЫКЛАД  Ян"), "police")
    assert record_key(PERSON, "police") != record_key(replace(PERSON, born_raw="1981"), "police")


def test_what_moves_without_an_edit_makes_no_version() -> None:
    moved = replace(
        PERSON,
        url="https://police.example/list?page=2",
        photos=("https://b.example/p/1.jpg?sign=2",),
        updated_raw="21.11.2026",
        extra={"№ п/п": "3", "Рост": "180"},
    )
    assert version_content(moved) == version_content(PERSON)
    assert version_content(replace(PERSON, offence_raw="арт. 342 КК")) != version_content(PERSON)
    assert version_content(replace(PERSON, photos=("https://a.example/p/2.jpg",))) != version_content(PERSON)
