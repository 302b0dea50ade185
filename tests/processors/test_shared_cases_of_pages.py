"""Cases after public reports of faults: what a page hides or crosses out, and the buttons of posts."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from processors.pages.page import Page
from processors.parsing.parser_versions import read_page
from processors.record_keys import record_json

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
