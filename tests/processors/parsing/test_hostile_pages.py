"""Pages made to hurt: no reader crashes or hangs on them, and what they read can be stored."""

import json
import random
import time
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from processors.pages.feeds import read_feed
from processors.pages.page import Page
from processors.pages.sitemaps import read_sitemap
from processors.parsing.parser_versions import PageKind, parser_versions, read_page
from processors.record_keys import record_json, record_keys, version_content, version_id

pytestmark = pytest.mark.slow

KINDS: tuple[PageKind, ...] = tuple(dict.fromkeys(version.kind for version in parser_versions()))
POST = (
    '<div class="tgme_widget_message" data-post="x/1" data-view="{}"><div '
    'class="tgme_widget_message_text">{}</div></div>'
)
HOSTILE = {
    "deep nesting": b"<div>" * 50_000 + b"x",
    "deep nesting of messages": b'<div class="tgme_widget_message" data-post="x/1">' * 3_000,
    "a huge attribute": b"<html><body><a href='" + b"a" * 5_000_000 + b"'>x</a></body></html>",
    "null bytes": b"<html>\x00<body>\x00" + b"<p>\x00text\x00</p>" * 100,
    "only null bytes": b"\x00" * 10_000,
    "a span that lies": b"<table><tr><td colspan=99999999 rowspan=99999999>Judge</td><td>Case number</td></tr>"
    * 50,
    "nested tables": b"<table><tr><td>" * 5_000,
    "many tables": b"<table><tr><th>Judge</th><th>Case number</th></tr><tr><td>a</td><td>1</td></tr></table>"
    * 700,
    "deep JSON": b"[" * 100_000,
    "deep JSON objects": b'{"courtLists":' * 5_000,
    "deep linked data": b'<script type="application/ld+json">' + b'{"@graph":[' * 20_000 + b"</script><p>x</p>",
    "entities": b"<!DOCTYPE x [<!ENTITY a 'aaaa'>]><html><body>" + b"&a;" * 10_000,
    "half a surrogate": POST.format("eyJjIjoxfQ", "&#xD800;&#55357;").encode(),
    "endless comment": b"<!--" + b"-" * 1_000_000,
    "one long word": b"<p>" + b"a" * 3_000_000,
    "article numbers": "<p>ст. ".encode() + b"1, " * 200_000,
    "many document types": b"<!DOCTYPE x [" * 50_000,
    "a title without end": b"<title>" + b"a - " * 300_000,
    "white space": b"<table><tr><td>" + b" \n" * 500_000 + b"</td><td>\t</td></tr></table>",
    "a long list of links": b"<a href='/n/aaaa-bbbb-cccc-1'>x</a>" * 15_000,
    "many cards": "<div class=c><h3>Іван Прыклад</h3><p>Born: 1980</p><img src=a.jpg></div>".encode() * 5_000,
    "cards in cards": "<div class=c><a href=/x>Іван Прыклад</a>".encode() * 2_000,
    "half a tag": b"<" * 500_000,
    "no bytes": b"",
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_page_made_to_hurt_is_read_in_time(name: str, kind: PageKind) -> None:
    began = time.process_time()
    reading = read_page(Page("https://x.example/", HOSTILE[name], datetime(2026, 3, 1, tzinfo=UTC), 200), kind)
    assert time.process_time() - began < 60
    for record, key in zip(reading.records, record_keys(reading.records, "s"), strict=True):
        json.dumps(record_json(record), ensure_ascii=False).encode("utf-8")
        version_id(record.kind, key, version_content(record))


@pytest.mark.parametrize(
    "body",
    [
        b"%PDF-1.7\n" + b"Words of a letter that stand in no page. " * 200,
        b"\x89PNG\r\n\x1a\n" + b"words of no page " * 200,
        b'<?xml version="1.0"?>\n<rss>' + b"<item><title>Words of a title</title></item>" * 200 + b"</rss>",
        random.Random(7).randbytes(4000),
    ],
    ids=["PDF", "picture", "feed", "chance"],
)
def test_no_article_is_read_from_what_is_no_page(body: bytes) -> None:
    page = Page("https://x.example/n/1", body, datetime(2026, 3, 1, tzinfo=UTC), 200, "text/html")
    reading = read_page(page, "news")
    assert reading.records == ()
    assert reading.remarks == ("a file or a feed, no page: no article is read from it",)


@pytest.mark.parametrize(
    "body",
    [
        b"<rss><!DOCTYPE x [" * 20_000,
        b"<rss>" + b"<item>" * 20_000,
        b"<rss>" + b"<" * 200_000,
        b"<rss><item><title>" + b"&amp;" * 200_000,
        b"<urlset>" + b"<url><loc>" * 50_000,
        b"<urlset>" + b"<a " * 100_000,
    ],
    ids=["document types", "deep items", "half tags", "entities", "deep addresses", "half elements"],
)
def test_a_feed_or_sitemap_made_to_hurt_is_read_in_time(body: bytes) -> None:
    began = time.process_time()
    assert read_feed(body, "https://x.example/feed").problem
    assert read_sitemap(body, "https://x.example/sitemap.xml").problem
    assert time.process_time() - began < 60


FRAGMENTS = st.lists(
    st.sampled_from(
        [
            *(
                "<table>",
                "<tr>",
                "<td>",
                "<th>",
                "</td>",
                "</tr>",
                "</table>",
                "<p>",
                "<div>",
                "</div>",
                "<br>",
                "<h1>",
            ),
            *(
                "Судья",
                "№ дела",
                "01.03.2026 10:00",
                "1-1/2026",
                "Дата",
                "\x00",
                "&#0;",
                "&amp;",
                "\ud83d\ude00",
                "a" * 50,
            ),
            *(
                '<div class="tgme_widget_message" data-post="x/1">',
                '<a class="tgme_widget_message_photo_wrap" style="x">',
            ),
            *(
                '<script type="application/ld+json">',
                "</script>",
                '{"@type":"NewsArticle","author":',
                "[",
                "}",
                '"x"',
            ),
            *(
                '<time datetime="2026-03-01T00:00:00Z">',
                '<meta property="og:title" content="x">',
                "<article>",
                "\ud800",
            ),
        ]
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(FRAGMENTS, st.sampled_from(KINDS))
def test_any_heap_of_fragments_is_read_and_can_be_stored(fragments: list[str], kind: PageKind) -> None:
    body = "".join(fragments).encode("utf-8", "surrogatepass")
    reading = read_page(Page("https://x.example/a", body, datetime(2026, 3, 1, tzinfo=UTC), 200), kind)
    for record, key in zip(reading.records, record_keys(reading.records, "s"), strict=True):
        json.dumps(record_json(record), ensure_ascii=False).encode("utf-8")
        version_id(record.kind, key, version_content(record))
