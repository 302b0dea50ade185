"""The sample news site: what its lists name is there, and what must not become an article looks as it should."""

import io
import json
import re

import pytest
from lxml import etree, html

from processors.parsing.parser_versions import read_page
from processors.record_keys import version_content
from processors.records.article import Article
from samples import expected
from samples.media.files import media_file
from samples.news.articles import picture_at
from tests.samples.conftest import Visit, Visitor, text_of

pytestmark = pytest.mark.slow

HOME = expected.NEWS_ADDRESS
ADDRESSES = "{http://www.sitemaps.org/schemas/sitemap/0.9}loc"


def sitemap_addresses(visitor: Visitor, path: str) -> list[str]:
    tree = etree.parse(io.BytesIO(visitor.get(f"{HOME}{path}").body))
    return [str(element.text) for element in tree.iter(ADDRESSES)]


def feed_addresses(visitor: Visitor) -> list[str]:
    tree = etree.parse(io.BytesIO(visitor.get(f"{HOME}/rss.xml").body))
    return [str(link.text) for link in tree.iterfind("channel/item/link")]


def article_text(visit: Visit) -> str:
    """The paragraphs of the article alone, without menu and list of latest news."""
    tree = html.fromstring(visit.body.decode())
    bodies = [*tree.iter("article"), *tree.iterfind(".//div[@class='entry']")]
    return "\n".join(text_of(paragraph) for body in bodies for paragraph in body.iter("p"))


def picture_addresses(visit: Visit) -> list[str]:
    return [str(picture.get("src")) for picture in html.fromstring(visit.body.decode()).iter("img")]


@pytest.mark.parametrize("day", [1, 2])
def test_the_sitemap_names_every_article_and_one_page_that_is_gone(visitor: Visitor, day: int) -> None:
    visitor.sites.set_day(day)
    named = {address.removeprefix(HOME) for address in sitemap_addresses(visitor, "/sitemap-2026.xml")}
    assert named == {*expected.articles(day), "/naviny/vydalenae/"}
    assert sitemap_addresses(visitor, "/sitemap.xml") == [f"{HOME}/sitemap-2026.xml", f"{HOME}/news-sitemap.xml"]


@pytest.mark.parametrize("day", [1, 2])
def test_the_feed_begins_with_the_newest_article(visitor: Visitor, day: int) -> None:
    visitor.sites.set_day(day)
    paths = [address.removeprefix(HOME) for address in feed_addresses(visitor)]
    assert paths[0] == expected.articles(day)[-1]
    assert set(paths) - set(expected.articles(day)) == {"/naviny/vydalenae/", "/premium/analityka-biudzetu/"}
    assert len(paths) == 12


@pytest.mark.parametrize("day", [1, 2])
def test_every_article_is_served_with_its_title_and_pictures(visitor: Visitor, day: int) -> None:
    visitor.sites.set_day(day)
    visits = {path: visitor.get(f"{HOME}{path}") for path in expected.articles(day)}
    assert {visit.status for visit in visits.values()} == {200}
    for path, title in expected.ARTICLE_TITLES.items():
        assert html.fromstring(visits[path].body.decode()).findtext(".//h1") == title
    pictures = [address for visit in visits.values() for address in picture_addresses(visit)]
    assert len(pictures) == (expected.ARTICLE_IMAGES_DAY_1 if day == 1 else expected.ARTICLE_IMAGES_DAY_2)
    assert {visitor.get(address).status for address in pictures} == {200}


def test_day_two_adds_one_article_and_modifies_one(visitor: Visitor) -> None:
    first = {path: article_text(visitor.get(f"{HOME}{path}")) for path in expected.ARTICLES_DAY_1}
    assert visitor.get(f"{HOME}{expected.NEW_ARTICLE}").status == 404
    visitor.sites.set_day(2)
    second = {path: article_text(visitor.get(f"{HOME}{path}")) for path in expected.ARTICLES_DAY_1}
    assert [path for path in first if first[path] != second[path]] == [expected.MODIFIED_ARTICLE]
    assert expected.MODIFIED_SENTENCE_DAY_1 in first[expected.MODIFIED_ARTICLE]
    assert expected.MODIFIED_SENTENCE_DAY_2 in second[expected.MODIFIED_ARTICLE]
    assert visitor.get(f"{HOME}{expected.NEW_ARTICLE}").status == 200


def test_linked_data_says_when_an_article_appeared_and_changed(visitor: Visitor) -> None:
    visitor.sites.set_day(2)
    page = visitor.get(f"{HOME}{expected.MODIFIED_ARTICLE}").body.decode()
    match = re.search(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    assert match is not None
    facts = json.loads(match[1])
    assert facts["@type"] == "NewsArticle"
    assert facts["datePublished"] == "2026-11-05T14:40:00+03:00"
    assert facts["dateModified"] == "2026-11-10T18:05:00+03:00"


@pytest.mark.parametrize("day", [1, 2])
def test_the_parser_reads_every_article_as_expected(visitor: Visitor, day: int) -> None:
    visitor.sites.set_day(day)
    found = {path: read_page(visitor.get(f"{HOME}{path}").page, "news") for path in expected.articles(day)}
    articles = {path: record for path, reading in found.items() for record in reading.records}
    assert sorted(articles) == sorted(expected.articles(day))
    images = 0
    for path, article in articles.items():
        assert isinstance(article, Article)
        assert article.title == expected.ARTICLE_TITLES.get(path, article.title)
        assert article.published_at is not None
        published = article.published_at.strftime("%Y-%m-%dT%H:%M:%SZ")
        assert published == expected.ARTICLE_TIMES.get(path, published)
        images += len(article.images)
    assert images == (expected.ARTICLE_IMAGES_DAY_1 if day == 1 else expected.ARTICLE_IMAGES_DAY_2)


def test_the_parser_finds_one_new_version_on_day_two(visitor: Visitor) -> None:
    versions = []
    for day in (1, 2):
        visitor.sites.set_day(day)
        pages = {path: visitor.get(f"{HOME}{path}").page for path in expected.ARTICLES_DAY_1}
        versions.append(
            {path: version_content(read_page(page, "news").records[0]) for path, page in pages.items()}
        )
    changed = [path for path in expected.ARTICLES_DAY_1 if versions[0][path] != versions[1][path]]
    assert changed == [expected.MODIFIED_ARTICLE]


@pytest.mark.parametrize(("path", "outcome"), sorted(expected.NOT_ARTICLES.items()))
def test_what_is_no_article_gives_no_record(visitor: Visitor, path: str, outcome: str) -> None:
    visit = visitor.get(f"{HOME}{path}")
    if visit.status == 302:
        visit = visitor.get(str(visit.header("location")))
    reading = read_page(visit.page, "news")
    assert (reading.outcome, reading.records) == (outcome, ())


def test_the_start_page_leads_to_what_neither_feed_nor_sitemap_names(visitor: Visitor) -> None:
    links = read_page(visitor.get(f"{HOME}/").page, "news").links.articles
    assert {f"{HOME}{expected.DISALLOWED}", f"{HOME}/mierkavanni/2026/11/kalonka-tydnia/"} <= set(links)


def test_the_mirror_has_the_same_articles_under_its_own_name(visitor: Visitor) -> None:
    for path in expected.ARTICLES_DAY_1:
        mirrored = visitor.get(f"https://vesnik-2.pryklad.example{path}")
        assert article_text(mirrored) == article_text(visitor.get(f"{HOME}{path}"))
        assert HOME not in mirrored.body.decode()


def test_robots_txt_forbids_a_page_that_the_start_page_links_to(visitor: Visitor) -> None:
    robots = visitor.get(f"{HOME}/robots.txt").body.decode()
    assert "Disallow: /redakcyja/" in robots
    assert f'href="{expected.DISALLOWED}"' in visitor.get(f"{HOME}/").body.decode()


def test_the_pages_that_are_no_articles_answer_like_real_ones(visitor: Visitor) -> None:
    gone = visitor.get(f"{HOME}/naviny/vydalenae/")
    assert (gone.status, "Старонка не знойдзена" in gone.body.decode()) == (200, True)
    paid = visitor.get(f"{HOME}/premium/analityka-biudzetu/")
    assert (paid.status, 'type="password"' in paid.body.decode()) == (200, True)
    opinion = visitor.get(f"{HOME}/mierkavanni/2026/11/kalonka-tydnia/")
    assert opinion.status == 302
    wall = visitor.get(str(opinion.header("location")))
    assert (wall.status, "cookies" in wall.body.decode()) == (200, True)


def test_a_picture_keeps_its_address_and_bytes(visitor: Visitor) -> None:
    url = "https://img.vesnik.pryklad.example/uploads/bridge--w960--q80.jpg"
    assert picture_at("/uploads/bridge--w960--q80.jpg") == "bridge/w960/q80"
    assert visitor.get(url).body == media_file("bridge/w960/q80").content
    assert visitor.get("https://img.vesnik.pryklad.example/uploads/nothing.jpg").status == 404
