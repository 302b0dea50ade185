"""Feeds and sitemaps: what they list, and that broken ones give what is whole."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.pages.feeds import read_feed
from processors.pages.sitemaps import MAX_BYTES, read_sitemap

URL = "https://rechka.example/feed"
RSS = """<?xml version="1.0" encoding="windows-1251"?><rss version="2.0"><channel><title>Рэчка</title>
<item><title>Суд &amp;amp; мост</title><link>/n/1</link><pubDate>Sun, 01 Mar 2026 12:30:00 +0300</pubDate></item>
<item><title>Второй</title><guid isPermaLink="true">https://rechka.example/n/2</guid></item></channel></rss>"""
ENTITIES = "".join(f'<!ENTITY {chr(98 + i)} "{("&" + chr(97 + i) + ";") * 10}">' for i in range(9))
BOMB = f"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa">{ENTITIES}]><rss version="2.0"><channel>
<item><title>&j;</title><link>https://rechka.example/n/1</link></item></channel></rss>"""


def test_rss_entries_have_absolute_addresses_titles_and_times() -> None:
    feed = read_feed(RSS.encode("cp1251", "replace"), URL, "application/rss+xml; charset=utf-8")
    assert [entry.url for entry in feed.entries] == ["https://rechka.example/n/1", "https://rechka.example/n/2"]
    assert feed.entries[0].title == "Суд & мост"
    assert feed.entries[0].published_raw == "Sun, 01 Mar 2026 12:30:00 +0300"
    assert feed.entries[0].published_at is not None
    assert feed.entries[0].published_at.isoformat() == "2026-03-01T09:30:00+00:00"
    assert feed.entries[1].published_at is None
    assert feed.problem is None


def test_atom_keeps_published_and_updated_apart() -> None:
    atom = """<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>А</title><link href="/n/1"/>
    <updated>2026-03-02T00:00:00Z</updated></entry></feed>"""
    entry = read_feed(atom.encode(), URL).entries[0]
    assert entry.published_raw is None
    assert entry.modified_raw == "2026-03-02T00:00:00Z"


def test_json_feed_is_read() -> None:
    feed = read_feed(
        '{"version":"https://jsonfeed.org/version/1.1","title":"Рэчка","items":[{"id":"1","url":"/n/1"}]}'.encode(),
        URL,
    )
    assert [entry.url for entry in feed.entries] == ["https://rechka.example/n/1"]


def test_a_captcha_page_is_no_feed_and_says_so() -> None:
    feed = read_feed(b"<html><body>Verify you are human</body></html>", URL)
    assert feed.entries == ()
    assert "no feed" in (feed.problem or "")


def test_a_billion_laughs_are_not_expanded() -> None:
    feed = read_feed(BOMB.encode(), URL)
    assert all(len(entry.title or "") < 1000 for entry in feed.entries)


def test_a_broken_feed_gives_its_whole_entries_and_the_problem() -> None:
    feed = read_feed(RSS.encode("cp1251", "replace")[:-60], URL)
    assert len(feed.entries) >= 1
    assert "not well-formed" in (feed.problem or "")


SITEMAP = """<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
 xmlns:news="http://www.google.com/schemas/sitemap-news/0.9" xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
<url><loc>https://rechka.example/n/1</loc><lastmod>2026-03-01</lastmod><news:news><news:title>Суд</news:title>
<news:publication_date>2026-03-01T10:00:00+03:00</news:publication_date></news:news>
<image:image><image:loc>https://rechka.example/i/1.jpg</image:loc></image:image></url>
<url><loc>https://rechka.example/n/2</loc></url></urlset>"""


def test_a_news_sitemap_has_pages_with_titles_times_and_images() -> None:
    sitemap = read_sitemap(SITEMAP.encode(), "https://rechka.example/sitemap.xml")
    first, second = sitemap.pages
    assert (first.title, first.modified_raw, first.images) == (
        "Суд",
        "2026-03-01",
        ("https://rechka.example/i/1.jpg",),
    )
    assert first.published_at is not None
    assert second.modified_raw is None


def test_a_gzip_sitemap_is_unpacked_and_one_that_unpacks_without_end_is_not() -> None:
    assert len(read_sitemap(gzip.compress(SITEMAP.encode()), "https://rechka.example/s.xml.gz").pages) == 2
    bomb = gzip.compress(b"<urlset>" + b" " * (MAX_BYTES + 10))
    assert "unpacks to more" in (read_sitemap(bomb, "https://rechka.example/s.xml.gz").problem or "")


def test_an_index_leads_to_further_sitemaps() -> None:
    index = (
        "<sitemapindex><sitemap><loc>/s1.xml</loc></sitemap><sitemap><loc>/s2.xml.gz</loc></sitemap></sitemapi"
        "ndex>"
    )
    assert read_sitemap(index.encode(), "https://rechka.example/s.xml").sitemaps == (
        "https://rechka.example/s1.xml",
        "https://rechka.example/s2.xml.gz",
    )


@pytest.mark.parametrize("cut", [40, 80, 120, 300])
def test_a_cut_sitemap_gives_whole_addresses_only(cut: int) -> None:
    sitemap = read_sitemap(SITEMAP.encode()[:-cut], "https://rechka.example/s.xml")
    assert {page.url for page in sitemap.pages} <= {"https://rechka.example/n/1", "https://rechka.example/n/2"}
    assert sitemap.problem


def test_plain_text_lists_one_address_a_line() -> None:
    text = b"https://rechka.example/n/1\nnot an address\nhttps://rechka.example/n/2\n"
    assert [page.url for page in read_sitemap(text, URL).pages] == [
        "https://rechka.example/n/1",
        "https://rechka.example/n/2",
    ]


@given(st.binary(max_size=300))
def test_any_bytes_are_some_feed_and_some_sitemap(body: bytes) -> None:
    assert read_feed(body, URL).entries is not None
    assert read_sitemap(body, URL).pages is not None
