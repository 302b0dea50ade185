"""Who wrote it: bylines as sites of several languages set them, and what is none."""

import json
from datetime import UTC, datetime

import pytest

from processors.pages.page import Page
from processors.parsing.parser_versions import read_page
from processors.records.article import Article

TEXT = (
    "<p>Суд прыдуманага раёна адклаў разгляд справы на тыдзень, бо сведка не прыйшоў у залу пасяджэнняў.</p>"
    "<p>Наступнае пасяджэнне пройдзе ў той самай зале; пачатак прызначаны на дзясятую гадзіну раніцы.</p>"
    "<p>Адвакат сказаў, што хадайніцтва аб пераносе падавалі загадзя, але адказу не было два тыдні.</p>"
)


def authors(byline: str, *, head: str = "", after: str = "", url: str = "https://raka.example/n/1") -> list[str]:
    markup = (
        f"<html><head><title>Суд адклаў разгляд</title>{head}</head><body><main><h1>Суд адклаў разгляд</h1>"
        f"{byline}<div class='text'>{TEXT}</div>{after}</main></body></html>"
    )
    reading = read_page(
        Page(url, markup.encode(), datetime(2026, 11, 1, tzinfo=UTC), 200, "text/html; charset=utf-8"), "news"
    )
    (article,) = reading.records
    assert isinstance(article, Article)
    return list(article.authors)


@pytest.mark.parametrize(
    ("byline", "expected"),
    [
        ("<p>Аўтар: Янка Прыдуманы</p>", ["Янка Прыдуманы"]),
        ("<p>Тэкст падрыхтавала рэдакцыя</p>", []),
        ("<div>Падрыхтавала Алеся Выдуманая</div>", ["Алеся Выдуманая"]),
        ("<p>Автор: Пётр Выдуманный</p>", ["Пётр Выдуманный"]),
        ("<p>Авторы: Пётр Выдуманный и Анна Мнимая</p>", ["Пётр Выдуманный", "Анна Мнимая"]),
        ("<p>Текст: Анна Мнимая, фото: Иван Небывалый</p>", ["Анна Мнимая"]),
        ("<div>Подготовил Пётр Выдуманный</div>", ["Пётр Выдуманный"]),
        ("<p>Текст и фото: Анна Мнимая</p>", ["Анна Мнимая"]),
        ("<p>Автор — Пётр Выдуманный</p>", ["Пётр Выдуманный"]),
        ("<p>Аўтар тэксту: Янка Прыдуманы</p>", ["Янка Прыдуманы"]),
        ("<div>Беседовала Анна Мнимая</div>", ["Анна Мнимая"]),
        ("<section><h5>Автор:</h5>Пётр Выдуманный<p>Раздел</p><p>Суд</p></section>", ["Пётр Выдуманный"]),
        ("<p>By the numbers</p>", []),
        ("<a href=/author/1>Профиль</a><a href=/author/1>Анна Мнимая</a>", ["Анна Мнимая"]),
        ("<p class=author>Creative Commons BY-SA</p>", []),
        ("<p>Автор: Оксана Вигадана</p>", ["Оксана Вигадана"]),
        ("<span>Підготувала Оксана Вигадана</span>", ["Оксана Вигадана"]),
        ("<p>Autor: Jan Zmyślony</p>", ["Jan Zmyślony"]),
        ("<p>Przygotowała Anna Zmyślona</p>", ["Anna Zmyślona"]),
        ("<p>By Jane Invented</p>", ["Jane Invented"]),
        ("<p>Posted on 3 November 2026 by Jane Invented</p>", ["Jane Invented"]),
        ("<ul><li><b>Autor</b> Jan Zmyślony</li></ul>", ["Jan Zmyślony"]),
        ("<a href='/authors/yanka/'>Янка Прыдуманы</a>", ["Янка Прыдуманы"]),
        ("<a rel='author' href='/who/7'>Янка Прыдуманы</a>", ["Янка Прыдуманы"]),
        ("<span itemprop='author'><span itemprop='name'>Янка Прыдуманы</span></span>", ["Янка Прыдуманы"]),
        ("<div class='teaser-meta'><p class='byline'>Von <a href='/autoren/x'>Max Erfunden</a></p></div>",
         ["Max Erfunden"]),
        ("<a href='/profile/about-us'>Пра нас</a>", []),
        ("<a href='/people/jane'>Jane Invented</a>", ["Jane Invented"]),
        ("<p>У аўтарскай калонцы пішуць розныя людзі, і гэта не подпіс пад артыкулам.</p>", []),
    ],
)  # fmt: skip
def test_a_byline_names_persons_and_nothing_else(byline: str, expected: list[str]) -> None:
    assert authors(byline) == expected


def test_the_publisher_is_author_only_where_nobody_else_is_named() -> None:
    head = '<meta property="og:site_name" content="Рака"><meta name="author" content="Рака">'
    assert authors("", head=head) == ["Рака"]
    assert authors("<p>Аўтар: Янка Прыдуманы</p>", head=head) == ["Янка Прыдуманы"]


def test_a_persons_own_site_bears_their_name_and_they_are_the_author_all_the_same() -> None:
    head = '<meta name="author" content="Jane Invented">'
    assert authors("", head=head, url="https://janeinvented.example/p/1") == ["Jane Invented"]


def test_names_in_bold_before_the_text_are_a_byline_where_only_the_site_is_named() -> None:
    head = '<meta property="og:site_name" content="Рака"><meta name="author" content="Рака">'
    first = (
        "<p>Суддзя прыдуманага раёна прыйшоў на працу пешкі, бо трамваі ў той дзень не хадзілі, а таксі не было, "
        "і пасяджэнне ён пачаў на гадзіну пазней, чым было прызначана.</p>"
    )
    assert authors("<p><b>Янка Прыдуманы/Алеся Выдуманая</b></p>" + first, head=head) == [
        "Янка Прыдуманы",
        "Алеся Выдуманая",
    ]


def test_the_card_for_sharing_names_the_author_where_nothing_else_does() -> None:
    head = (
        '<meta name="twitter:label1" content="Написано автором"><meta name="twitter:data1" content="Анна Мнимая">'
    )
    assert authors("", head=head) == ["Анна Мнимая"]


def test_a_card_that_tells_the_time_to_read_names_nobody() -> None:
    head = '<meta name="twitter:label1" content="Час чытання"><meta name="twitter:data1" content="Пяць хвілін">'
    assert authors("", head=head) == []


def linked(person: str | None) -> str:
    stated = {"@type": "NewsArticle", "author": {"name": person}}
    return f'<script type="application/ld+json">{json.dumps(stated)}</script>'


@pytest.mark.parametrize(
    ("byline", "expected"),
    [
        ("<p class=byline>ByJohn Sample</p>", ["John Sample"]),
        ("<p class=byline>John Sample, Staff Writer</p>", ["John Sample"]),
        ("<p class=byline>Анна Мнимая, корреспондент</p>", ["Анна Мнимая"]),
        ("<p class=byline>Янка Прыдуманы, карэспандэнт</p>", ["Янка Прыдуманы"]),
        ("<p class=byline>Тарас Вигаданий, кореспондент</p>", ["Тарас Вигаданий"]),
        ("<p class=byline>Max Muster Chefredakteur</p>", ["Max Muster"]),
        ("<p class=byline>John Sample and Getty Images</p>", ["John Sample"]),
        ("<a rel=author href=/author/5>View all posts by John Sample</a>", ["John Sample"]),
        ("<a rel=author href=/author/5>Все записи автора Анна Мнимая</a>", ["Анна Мнимая"]),
        ("<a href=/staff/>Staff Directory</a><p class=author-name>John Sample</p>", ["John Sample"]),
        ("<a href=/user/login>Registrieren</a><p class=author>Max Muster</p>", ["Max Muster"]),
        ("<p>Autoren: Max Muster und Erika Beispiel</p>", ["Max Muster", "Erika Beispiel"]),
        ("<a href=/user/hans7>hansemann</a>", ["hansemann"]),
        ("<aside><p class=author-name>John Sample</p></aside>", ["John Sample"]),
        ("<aside><div class=comments><p class=author-name>John Sample</p></div></aside>", []),
    ],
)
def test_a_name_is_found_without_what_stands_around_it(byline: str, expected: list[str]) -> None:
    assert authors(byline) == expected


def test_a_person_whom_the_byline_names_goes_before_the_agency_stated() -> None:
    assert authors("<p class=byline>Анна Мнимая</p>", head=linked("Выдуманное агентство новости")) == [
        "Анна Мнимая"
    ]


def test_an_agency_that_is_named_alone_is_the_author() -> None:
    assert authors("<p>Па матэрыялах агенцыі</p>", head=linked("Invented News Agency")) == ["Invented News Agency"]


def test_the_byline_below_the_headline_goes_before_one_of_the_menu() -> None:
    columnists = "<ul><li><a href=/author/1>Mary Specimen</a></li></ul>" + "<p></p>" * 50
    below = "<p><a href=/author/2>John Sample</a></p>"
    markup = f"<body>{columnists}<h1>Суд адклаў разгляд</h1>{below}{TEXT}</body>"
    page = Page("https://raka.example/n/1", markup.encode(), datetime(2026, 11, 1, tzinfo=UTC), 200, "text/html")
    (article,) = read_page(page, "news").records
    assert isinstance(article, Article)
    assert article.authors == ("John Sample",)


def test_an_agency_that_the_page_states_beside_a_person_stays() -> None:
    assert authors("", head=linked("John Sample, Invented News Agency")) == ["John Sample", "Invented News Agency"]
