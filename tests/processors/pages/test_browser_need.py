"""Which pages show nothing without scripts: invented ones, any bytes, and real pages of news and channels."""

import gzip
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.pages.browser_need import FEW_WORDS, browser_need
from processors.pages.outcome import Outcome, classify
from processors.pages.page import Page

AT = datetime(2026, 11, 30, tzinfo=UTC)
REACT = '<!doctype html><title>Vesnik</title><div id="root"></div><script src="/static/main.8f3a.js"></script>'
ENOUGH = "<p>" + "слова " * FEW_WORDS + "</p>"


def page(markup: str, *, status: int | None = 200, content_type: str | None = "text/html; charset=utf-8") -> Page:
    return Page("https://vesnik.example/", markup.encode(), AT, status, content_type)


@pytest.mark.parametrize(
    ("markup", "sentence"),
    [
        (REACT, "it shows 0 words, and the place that scripts are to fill is empty (<div id='root'>)"),
        (
            "<header>Vesnik</header><app-root></app-root><script src=/main.js></script>",
            "it shows 1 words, and the place that scripts are to fill is empty (<app-root>)",
        ),
        (
            '<div id="__next"></div><script id="__NEXT_DATA__">{"page": "/"}</script>',
            "it shows 0 words, and the place that scripts are to fill is empty (<div id='__next'>)",
        ),
        (
            "<noscript>You need to enable JavaScript to run this app.</noscript><div class=x></div>",
            "it shows 0 words and says that it needs scripts ('need to enable JavaScript')",
        ),
        (
            "<noscript><p>Для працы старонкі уключыце JavaScript</p></noscript><script src=a.js></script>",
            "it shows 0 words and says that it needs scripts ('уключыце JavaScript')",
        ),
        (
            "<p>Please turn on JavaScript.</p><script src=a.js></script>",
            "it shows 4 words and says that it needs scripts ('turn on JavaScript')",
        ),
        (
            "<body><script src=/vendor.js></script><script src=/app.js></script></body>",
            "it shows 0 words beside 2 scripts of files and 0 characters of scripts",
        ),
        (
            "<p>Загрузка…</p><script>" + "x = 1;" * 4000 + "</script>",
            "it shows 1 words beside 0 scripts of files and 24000 characters of scripts",
        ),
    ],
)
def test_a_page_that_scripts_are_to_fill_needs_a_browser(markup: str, sentence: str) -> None:
    assert browser_need(page(markup)) == sentence


@pytest.mark.parametrize(
    "made",
    [
        page(f"<h1>Навіна</h1>{ENOUGH}<div id=root></div><script src=a.js></script>"),
        page(f"{ENOUGH}<noscript>Please enable JavaScript to comment.</noscript><script src=a.js></script>"),
        page("<p>Суд. Пасяджэнняў няма.</p>"),
        page("<div id=app></div>"),
        page("<img src=photo.jpg><script src=a.js></script><script src=b.js></script>"),
        page('<div id="root"><p>Тэкст стаіць у ім.</p></div><script src=a.js></script>'),
        page(REACT, status=404),
        page(REACT, status=500),
        page(REACT, content_type="application/rss+xml"),
        page('{"html": "<div id=root></div><script src=a.js></script>"}'),
        page("%PDF-1.7 <div id=root></div>"),
        page(""),
        page("   "),
    ],
)
def test_what_shows_its_text_or_is_no_page_needs_none(made: Page) -> None:
    assert browser_need(made) is None


@pytest.mark.parametrize("status", [200, 403, 429, 503])
@pytest.mark.parametrize(
    "wall",
    [
        "<title>Just a moment...</title><noscript>Enable JavaScript and cookies to continue</noscript>"
        "<script>window._cf_chl_opt={}</script>",
        "<title>DDoS-Guard</title><script src='https://check.ddos-guard.net/check.js'></script><p id=root></p>",
        "<script>document.cookie = 'a=1'; location.reload()</script>",
    ],
)
def test_a_wall_is_labelled_and_not_worked_around(wall: str, status: int) -> None:
    made = page(wall, status=status)
    assert classify(made).outcome is Outcome.CHALLENGE
    assert browser_need(made) is None


PARTS = st.sampled_from(
    [
        *(
            "<div id=root>",
            "</div>",
            "<app-root>",
            "<script src=a.js></script>",
            "<script>",
            "</script>",
            "<noscript>",
        ),
        *(
            "</noscript>",
            "enable JavaScript",
            "<p>",
            "слова ",
            "<img src=a>",
            "<title>",
            "</title>",
            "\x00",
            "<!--",
        ),
    ]
)


@given(st.lists(PARTS, max_size=40).map("".join), st.sampled_from([None, 200, 204, 301, 403, 404, 503]))
def test_any_page_is_judged_and_only_what_shows_few_words_is_sent_to_the_browser(
    markup: str, status: int | None
) -> None:
    made = page(markup, status=status)
    sentence = browser_need(made)
    assert sentence is None or (sentence.startswith("it shows ") and int(sentence.split()[2]) < FEW_WORDS)
    assert sentence is None or status in (None, 200, 204)
    assert browser_need(page(f"<!doctype html><body>{ENOUGH}{markup}")) is None


@given(st.binary(max_size=2000), st.text(max_size=30))
def test_any_bytes_of_any_type_are_judged(body: bytes, content_type: str) -> None:
    browser_need(Page("https://vesnik.example/", body, AT, 200, content_type))


@pytest.mark.realdata
@pytest.mark.parametrize(("kind", "at_least"), [("news", 200), ("telegram", 20), ("courts", 60)])
def test_real_pages_that_show_their_text_are_not_sent_to_the_browser(
    realdata: Path, kind: str, at_least: int
) -> None:
    files = [each for each in (realdata / kind).rglob("*") if each.name.endswith((".html", ".html.gz", ".htm"))]
    assert len(files) >= at_least
    sent = {}
    for file in files:
        body = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        sentence = browser_need(Page("https://vesnik.example/", body, AT, 200, "text/html"))
        if sentence is not None:
            sent[file.name] = sentence
    assert sent == {}
