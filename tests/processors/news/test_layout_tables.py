"""An article that a table arranges is read in its paragraphs, without the menu; a table of data stays one."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from processors.markup.html_tree import parse
from processors.news.layout_tables import unwrap_layout_tables
from processors.pages.page import Page
from processors.parsing.parser_versions import read_page
from processors.records.article import Article

FIRST = (
    "Суд в городе Прыклад вынес решение по делу двух журналистов местной газеты, сообщили правозащитники из "
    "наблюдательной группы."
)
SECOND = (
    "Заседание прошло в закрытом режиме, адвокаты дали подписку о неразглашении, родственников в зал не пустили, "
    "хотя они ждали с утра."
)
NAMED = (
    "Судья Прыклад А. А. зачитал приговор, прокурор Узор Б. Б. возражений не имел, а защитник Спроба В. В. "
    "заявил, что подаст жалобу в десятидневный срок."
)
THIRD = (
    "Обвинение просило девять лет колонии усиленного режима, суд назначил восемь, приговор в законную силу пока "
    "не вступил."
)
RIGHT = {
    "10-layout-table-inline": [FIRST, NAMED, THIRD],
    "10b-layout-table-two-inline": [FIRST, SECOND, THIRD],
    "10c-layout-nested": [FIRST, SECOND, THIRD],
    "10d-layout-font-br": [FIRST, SECOND, THIRD],
}


@pytest.mark.parametrize("name", RIGHT)
def test_the_paragraphs_of_the_case_are_read_and_its_menu_is_not(shared_cases: Path, name: str) -> None:
    page = Page(
        "https://news.example.org/2026/03/02/verdict.html",
        (shared_cases / name / "input.html").read_bytes(),
        datetime(2026, 3, 10, tzinfo=UTC),
    )
    (article,) = read_page(page, "news").records
    assert isinstance(article, Article)
    assert article.text is not None
    assert article.text.split("\n") == RIGHT[name]


@pytest.mark.parametrize(
    "table",
    [
        "<table><tr><th>Город</th><th>Дел</th></tr><tr><td>Прыклад</td><td>3</td></tr></table>",
        "<table><caption>Дела по городам</caption><tr><td>Прыклад</td><td>3</td></tr></table>",
        "<table><tr><td>Прыклад</td><td>3</td></tr><tr><td>Узор</td><td>5</td></tr></table>",
    ],
)
def test_a_table_of_data_stays_one(table: str) -> None:
    tree = parse(f"<body><p>текст</p>{table}")
    assert tree is not None
    unwrap_layout_tables(tree)
    assert len(list(tree.iter("table"))) == 1
