"""Work that grows no faster than the page: what a page claims of itself is cut to what it can be.

The limit of `ConfinedParsers` is processor time, so that a loaded machine fails none of these.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from lxml import html

from processors.markup.html_tree import MOST_ATTRIBUTES, parse, with_tags_cut
from processors.news.bounded_copy import MOST_PARTS, bounded_copy
from processors.pages.feeds import read_feed
from processors.pages.outcome import Outcome
from processors.pages.page import Page
from processors.pages.sitemaps import read_sitemap
from processors.parsing.limits import PageLimits
from processors.parsing.sandboxed_parsers import ConfinedParsers
from processors.tables.html_tables import html_tables

pytestmark = pytest.mark.slow

URL = "https://x.example/news/2026/03/01/one-two-three.html"
WORDS = "<p>Words of an article that go on for a line and more. " * 10
LINKS = "".join(f"words that go <a href=/n/{number}>on {number}</a> and so on. " for number in range(10_000))
LYING_CELL = "<td colspan=1000 rowspan=65534>a b c</td>"


def tree_of(markup: str) -> html.HtmlElement:
    tree = parse(markup)
    assert tree is not None
    return tree


@pytest.fixture(scope="module")
def parsers() -> Iterator[ConfinedParsers]:
    with ConfinedParsers(PageLimits(seconds=8, seconds_per_mb=1)) as confined:
        yield confined


PAGES = {
    "rows that claim to be 65,534 high": f"<table>{f'<tr>{LYING_CELL}</tr>' * 300}</table>{WORDS}",
    "cells of one row that claim it": f"<table><tr>{LYING_CELL * 1_500}</tr></table>{WORDS}",
    "60,000 attributes": f"<p {' '.join(f'a{number}=1' for number in range(60_000))}>x</p>{WORDS}",
    "10,000 links in a paragraph": f"<p>{LINKS}{WORDS}",
    "a row of 40,000 cells": f"<table><tr>{'<td>x' * 40_000}</table>{WORDS}",
    "a title of 20,000 parts": f"<title>{'abc - de | ' * 10_000}</title>{WORDS}",
    "6,000 pictures around one text": f"<article>{WORDS}{'<img src=/a.jpg alt=abc>' * 6_000}</article>",
}


@pytest.mark.parametrize("name", PAGES)
def test_an_article_is_read_whatever_stands_beside_it(name: str, parsers: ConfinedParsers) -> None:
    page = Page(URL, f"<html><body>{PAGES[name]}".encode(), datetime(2026, 3, 1, tzinfo=UTC), 200, "text/html")
    reading = parsers.read_page(page, "news")
    assert reading.outcome is Outcome.CONTENT
    (article,) = reading.records
    assert "Words of an article that go on for a line and more." in (getattr(article, "text", None) or "")


def test_merged_cells_cover_no_more_than_the_cells_justify() -> None:
    rows = 400
    (table,) = html_tables(tree_of(f"<table>{f'<tr>{LYING_CELL}</tr>' * rows}</table>"), URL)
    assert sum(len(row) for row in table.rows) < 10 * rows + 2_000
    copied = bounded_copy(tree_of(f"<table>{f'<tr>{LYING_CELL}</tr>' * rows}</table>"))
    claimed = sum(int(cell.get("colspan")) * int(cell.get("rowspan")) for cell in copied.iter("td"))
    assert claimed < 10 * rows + 2_000


def test_a_merged_cell_ends_with_its_row_group() -> None:
    markup = (
        "<table><thead><tr><th rowspan=9>Case</th><th>Judge</th></tr></thead>"
        "<tbody><tr><td rowspan=2>1/26</td><td>A</td></tr><tr><td>B</td></tr></tbody></table>"
    )
    (table,) = html_tables(tree_of(markup), URL)
    assert [[cell.text for cell in row] for row in table.rows] == [["Case", "Judge"], ["1/26", "A"], ["1/26", "B"]]


def test_the_copy_for_the_generic_reader_keeps_all_words() -> None:
    tree = tree_of("<p>" + "".join(f"<a href=/{n}>w{n}</a>, " for n in range(MOST_PARTS + 500)) + "end</p>")
    before = "".join(tree.itertext()).split()
    copied = bounded_copy(tree)
    assert len(copied.xpath("//a")) == MOST_PARTS
    assert "".join(copied.itertext()).replace(" ,", ",").split() == before
    assert len(tree.xpath("//a")) == MOST_PARTS + 500


def test_attributes_beyond_the_first_are_cut_and_nothing_else() -> None:
    many = " ".join(f'a{number}="1 2"' for number in range(5 * MOST_ATTRIBUTES))
    tree = tree_of(f"<p {many}>words</p><p>after</p>")
    first, second = tree.iter("p")
    assert (len(first.attrib), first.text, second.text) == (MOST_ATTRIBUTES, "words", "after")


@pytest.mark.parametrize(
    "markup",
    [
        f'<meta content="{"word " * 5_000}" name=x>',
        f"<script>if(a<b {'c d e ' * 5_000}</script><p>x",
        f"<!-- <b {'c d e ' * 5_000}--><p>x",
        f"<title>a <b {'c d e ' * 5_000}</title><p>x",
        f"<p>{'word ' * 5_000}</p>",
    ],
    ids=["a long value", "a script", "a comment", "a title", "long text"],
)
def test_no_text_is_taken_for_attributes(markup: str) -> None:
    assert with_tags_cut(markup) == markup


def test_a_sitemap_is_read_as_far_as_one_may_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    most = 1_000
    monkeypatch.setattr("processors.pages.sitemaps.MOST_ENTRIES", most)
    entries = b"".join(b"<url><loc>/%d</loc></url>" % number for number in range(most + 5))
    sitemap = read_sitemap(b"<urlset>" + entries + b"</urlset>", "https://x.example/sitemap.xml")
    assert len(sitemap.pages) == most
    assert sitemap.problem == f"the sitemap lists more than {most} addresses; the rest is unread"


def test_a_feed_is_read_as_far_as_one_may_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("processors.pages.feeds._MOST_ENTRIES", 50)
    item = b"<item><title>a</title><link>https://x.example/a</link></item>"
    feed = read_feed(b"<rss version='2.0'><channel>" + item * 60 + b"</channel></rss>", URL)
    assert len(feed.entries) == 50
    assert feed.problem == "the feed lists more than 50 entries; the rest is unread"


def test_a_count_of_endless_blanks_is_no_count() -> None:
    views = '<span class="tgme_widget_message_views">1' + "\u00a0" * 60_000 + "x</span>"
    post = f'<div class="tgme_widget_message" data-post="kanal/7">{views}</div>'
    page = Page("https://t.me/s/kanal", post.encode(), datetime(2026, 3, 1, tzinfo=UTC), 200, "text/html")
    with ConfinedParsers(PageLimits(seconds=4)) as parsers:
        assert parsers.read_page(page, "telegram").outcome is not Outcome.UNREADABLE
