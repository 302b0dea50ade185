"""Cases after public reports of faults: what a page hides or crosses out, and the buttons of posts."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from processors.pages.page import Page
from processors.parsing.parser_versions import read_page
from processors.record_keys import record_json

LIST = "https://sud.example.by/list"
NEWS = "https://news.example.org/2026/03/02/verdict.html"
FIRST = (
    "Суд в городе Прыклад вынес решение по делу двух журналистов местной газеты, сообщили правозащитники из "
    "наблюдательной группы."
)
LAST = (
    "Заседание прошло в закрытом режиме, адвокаты дали подписку о неразглашении, родственников в зал не пустили, "
    "хотя они ждали с утра.\nОбвинение просило девять лет колонии усиленного режима, суд назначил восемь, "
    "приговор в законную силу пока не вступил."
)


def read_case(folder: Path, parser: str, url: str) -> list[dict[str, Any]]:
    body = (folder / "input.html").read_bytes()
    page = Page(
        url=url, body=body, captured_at=datetime(2026, 3, 10, tzinfo=UTC), status=200, content_type="text/html"
    )
    return [record_json(record) for record in read_page(page, parser).records]


@pytest.mark.parametrize(
    ("case", "words", "sentence"),
    [
        (
            "28b-news-struck",
            "Суд оправдал журналиста.",
            "~~Суд оправдал журналиста.~~ Суд осудил журналиста на восемь лет колонии, уточнили в редакции.",
        ),
        (
            "28d-news-line-through",
            "два года",
            "Приговор: ~~два года~~ восемь лет колонии усиленного режима, сообщает пресс-служба суда.",
        ),
    ],
)
def test_crossed_out_words_of_an_article_stand_between_marks_and_in_struck(
    shared_cases: Path, case: str, words: str, sentence: str
) -> None:
    (article,) = read_case(shared_cases / case, "news", NEWS)
    assert article["text"] == f"{FIRST}\n{sentence}\n{LAST}"
    assert article["struck"] == [{"field": "text", "text": words}]


@pytest.mark.parametrize(
    ("case", "hidden"),
    [
        ("29d-news-display-none", "Скрытая строка для роботов, читателю её не видно совсем никогда."),
        ("29e-news-hidden-attr", "Скрытая строка для роботов, читателю её не видно совсем никогда."),
        ("29f-news-hidden-span-dup", "HIDDEN ERROR 17"),
    ],
)
def test_hidden_words_are_not_in_an_article_and_no_paragraph_stands_twice(
    shared_cases: Path, case: str, hidden: str
) -> None:
    (article,) = read_case(shared_cases / case, "news", NEWS)
    assert article["text"] == f"{FIRST}\n{LAST}"
    assert article["remarks"] == [f"hidden on the page and left out of the text: {hidden!r}"]


def test_the_button_of_a_post_is_kept_with_its_link(shared_cases: Path) -> None:
    (post,) = read_case(shared_cases / "59b-tg-two-text-blocks", "telegram", "https://t.me/s/pryklad_vesti")
    assert post["text"] == "Первая часть"
    assert post["links"] == ["https://example.org/btn"]
    assert post["buttons"] == [{"text": "Кнопка", "url": "https://example.org/btn"}]


def test_crossed_out_dates_times_and_judges_of_a_list_are_no_values_and_are_kept_beside(
    shared_cases: Path,
) -> None:
    rows = read_case(shared_cases / "28-struck-out", "court_list", LIST)
    assert [(row["case_number"], row["starts_at"], row["starts_raw"], row["judge"]) for row in rows] == [
        ("1-12/2026", "2026-03-10T07:00:00Z", "10.03.2026 10:00", "Узор А. А."),
        ("1-13/2026", "2026-03-10T11:00:00Z", "10.03.2026 14:00", "Узор А. А."),
        ("1-14/2026", "2026-03-03T12:30:00Z", "03.03.2026 15:30", "Кружева Ж. Ж."),
    ]
    assert [[(each["field"], each["text"]) for each in row["struck"]] for row in rows] == [
        [("starts_raw", "03.03.2026")],
        [("starts_raw", "03.03.2026"), ("starts_raw", "10:00")],
        [("starts_raw", "10:00"), ("judge", "Узор А. А.")],
    ]
    assert [row["officials"][0]["name_raw"] for row in rows] == ["Узор А. А.", "Узор А. А.", "Кружева Ж. Ж."]


def test_hidden_sort_keys_of_a_list_run_into_no_date_and_are_remarked_on(shared_cases: Path) -> None:
    rows = read_case(shared_cases / "29-hidden-sort-key", "court_list", LIST)
    assert [(row["starts_at"], row["starts_raw"]) for row in rows] == [
        ("2026-03-03T07:00:00Z", "03.03.2026 10:00"),
        ("2026-03-04T08:00:00Z", "04.03.2026 11:00"),
        ("2026-03-05T09:00:00Z", "05.03.2026 12:00"),
        ("2026-03-06T09:00:00Z", "06.03.2026 12:00"),
        ("2026-03-07T09:00:00Z", "07.03.2026 12:00"),
    ]
    keys = ("20260303", "2026-03-04", "20260305", "20260306", "1772700000")
    assert [row["remarks"] for row in rows] == [
        [f"Дата: hidden on the page and left out: {key!r}"] for key in keys
    ]


def test_a_date_behind_a_hidden_key_claims_no_hour_where_the_zone_is_not_known(shared_cases: Path) -> None:
    (row,) = read_case(shared_cases / "29-hidden-rows-cells", "court_list", "https://court.example.org/list")
    assert (row["starts_raw"], row["starts_at"]) == ("03.03.2026 10:00", None)
    assert row["remarks"] == [
        "Дата: hidden on the page and left out: '20260303'",
        "no start time: the time zone of the court is not known ('03.03.2026 10:00')",
    ]
