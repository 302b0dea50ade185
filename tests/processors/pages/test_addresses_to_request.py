"""What a page leads to is requested as browsers would; what it says stays in its records as it says it."""

from datetime import UTC, datetime

import pytest

from processors.markup.html_tree import parse
from processors.markup.link_base import LinkBase, addresses_by_wording, link_base
from processors.pages.feeds import read_feed
from processors.pages.page import Page
from processors.pages.sitemaps import read_sitemap
from processors.pages.subresources import links, subresource_urls
from processors.parsing.parser_versions import read_page
from processors.records.article import Article
from processors.records.hearing import Hearing

URL = "https://a.example/list/page?day=1"
WORDS = "Суд разгледзеў справу і вынес рашэнне, якое набудзе моц праз дзесяць дзён. " * 12


def page(markup: str, encoding: str = "windows-1251") -> Page:
    at = datetime(2026, 11, 23, tzinfo=UTC)
    return Page(URL, markup.encode(encoding), at, 200, f"text/html; charset={encoding}")


def base_of(markup: str, encoding: str = "utf-8") -> LinkBase:
    tree = parse(markup)
    assert tree is not None
    return link_base(tree, URL, encoding)


@pytest.mark.parametrize(
    ("markup", "base"),
    [
        ("<p>no base", URL),
        ("<base target=_top><base href='/x/'><base href='/y/'>", "https://a.example/x/"),
        ("<base href='//B.example'>", "https://b.example/"),
        ("<base href='?суд'>", "https://a.example/list/page?%F1%F3%E4"),
        ("<base href=''>", "https://a.example/list/page?day=1"),
        ("<base href='javascript:1'>", URL),
        ("<base href='http://a b/'>", URL),
    ],
)
def test_links_are_resolved_against_the_first_base_with_an_address(markup: str, base: str) -> None:
    assert base_of(markup, "windows-1251") == LinkBase(base, "windows-1251")


def test_the_links_of_a_page_are_written_in_its_encoding() -> None:
    markup = f"<p>{WORDS}</p><a href='/пошук?q=суд#x'>a</a><a href='/q?'>b</a><img src='/р.jpg?суд'>"

    assert links(page(markup)) == (
        "https://a.example/%D0%BF%D0%BE%D1%88%D1%83%D0%BA?q=%F1%F3%E4",
        "https://a.example/q?",
    )
    assert links(page(markup, "utf-8")) == (
        "https://a.example/%D0%BF%D0%BE%D1%88%D1%83%D0%BA?q=%D1%81%D1%83%D0%B4",
        "https://a.example/q?",
    )
    assert subresource_urls(page(markup)) == ("https://a.example/%D1%80.jpg?%F1%F3%E4",)


@pytest.mark.parametrize(
    ("srcset", "found"),
    [
        ("a.jpg 1x, b.jpg 2x", ["a.jpg", "b.jpg"]),
        ("a.jpg 1x,b.jpg 2x", ["a.jpg", "b.jpg"]),
        ("a.jpg, b.jpg 2x", ["a.jpg", "b.jpg"]),
        (" ,\n a,w_1,h_2.jpg 480w ,, b,.jpg", ["a,w_1,h_2.jpg", "b,.jpg"]),
        ("a.jpg (1,x) 2x, b.jpg", ["a.jpg", "b.jpg"]),
        ("a.jpg (1,x, b.jpg", ["a.jpg"]),
        (" , ,", []),
    ],
)
def test_the_candidates_of_a_srcset_end_where_the_standard_says(srcset: str, found: list[str]) -> None:
    markup = f"<img srcset='{srcset}'>"

    assert subresource_urls(page(markup)) == tuple(f"https://a.example/list/{name}" for name in found)


def test_an_article_quotes_its_pictures_as_worded_and_its_links_are_to_request() -> None:
    markup = (
        "<html><head><base href='/база/'><meta property='og:type' content='article'><title>Суд</title></head>"
        f"<body><article><h1>Суд вынес рашэнне</h1><p>{WORDS}</p><p><img src='/фота 1.jpg?суд'></p>"
        f"<p>{WORDS}</p></article><a href='2026/11/навіна-пра-суд.html?дзень#к'>далей</a>"
        "<a href='рашэнне.pdf#page=2'>рашэнне</a></body></html>"
    )
    reading = read_page(page(markup), "news")

    (article,) = reading.records
    assert isinstance(article, Article)
    assert [image.url for image in article.images] == ["https://a.example/фота 1.jpg?суд"]
    assert reading.links.media == ("https://a.example/%D1%84%D0%BE%D1%82%D0%B0%201.jpg?%F1%F3%E4",)
    folder = "https://a.example/%D0%B1%D0%B0%D0%B7%D0%B0/"
    assert reading.links.articles == (
        f"{folder}2026/11/%D0%BD%D0%B0%D0%B2%D1%96%D0%BD%D0%B0-%D0%BF%D1%80%D0%B0-%D1%81%D1%83%D0%B4.html?%E4%E7%E5%ED%FC",
    )
    assert reading.links.documents == (f"{folder}%D1%80%D0%B0%D1%88%D1%8D%D0%BD%D0%BD%D0%B5.pdf",)


def test_a_court_list_quotes_its_papers_as_worded_and_its_links_are_to_request() -> None:
    markup = (
        "<html><head><base href='/base/'></head><body><h1>Суд</h1><table>"
        "<tr><th>№ дела</th><th>Время</th><th>Судья</th><th>Документ</th></tr>"
        "<tr><td>2-1/2026</td><td>10:00</td><td>Судья А. А.</td><td><a href='акт?имя=суд&x='>Решение</a></td></tr>"
        "<tr><td>2-2/2026</td><td>11:00</td><td>Судья А. А.</td><td></td></tr></table>"
        f"<a href='{URL}&p=2&суд=да'>2</a><a href='список.pdf#2'>Список</a></body></html>"
    )
    reading = read_page(page(markup), "court_list")

    papers = [paper.url for row in reading.records if isinstance(row, Hearing) for paper in row.documents]
    assert papers == ["https://a.example/list/акт?имя=суд&x="]
    assert reading.links.documents == (
        "https://a.example/base/%D0%B0%D0%BA%D1%82?%E8%EC%FF=%F1%F3%E4&x=",
        "https://a.example/base/%D1%81%D0%BF%D0%B8%D1%81%D0%BE%D0%BA.pdf",
    )
    assert reading.links.next_pages == ("https://a.example/list/page?day=1&p=2&%F1%F3%E4=%E4%E0",)


def test_wordings_of_records_lead_to_addresses() -> None:
    tree = parse("<base href='/b/'><a href='q?'>1</a><a href='q'>2</a><a href='ж'>3</a><a href='mailto:x'>4</a>")
    assert tree is not None

    assert addresses_by_wording(tree, URL, "utf-8") == {
        "https://a.example/list/q": "https://a.example/b/q?",
        "https://a.example/list/ж": "https://a.example/b/%D0%B6",
    }


def test_a_feed_gives_the_address_to_request_and_its_wording() -> None:
    feed = (
        "<?xml version='1.0' encoding='windows-1251'?><rss version='2.0'><channel><title>Навіны</title>"
        "<item><title>Суд вынес рашэнне</title><link>https://A.example/навіна?суд#x</link></item></channel></rss>"
    )
    (entry,) = read_feed(feed.encode("windows-1251"), URL).entries

    assert entry.url == "https://a.example/%D0%BD%D0%B0%D0%B2%D1%96%D0%BD%D0%B0?%F1%F3%E4"
    assert entry.url_raw == "https://A.example/навіна?суд#x"


@pytest.mark.parametrize(
    "sitemap",
    [
        "<urlset><url><loc> https://A.example/навіна?суд#x </loc></url></urlset>",
        "https://A.example/навіна?суд#x\nhttps://a.example/%D0%BD%D0%B0%D0%B2%D1%96%D0%BD%D0%B0?%D1%81%D1%83%D0%B4\n",
    ],
)
def test_a_sitemap_gives_addresses_to_request_each_once(sitemap: str) -> None:
    found = read_sitemap(sitemap.encode(), URL)

    assert [entry.url for entry in found.pages] == [
        "https://a.example/%D0%BD%D0%B0%D0%B2%D1%96%D0%BD%D0%B0?%D1%81%D1%83%D0%B4"
    ]
