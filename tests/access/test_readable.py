"""The readable view: text as an article in elements of our own, whatever the page was made of."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from access.app import create_app
from access.rendering.templates import TEMPLATES
from access.views.readable import addresses_in, parts_of
from processors.pages.page import Page
from processors.pages.readable_page import plain_lines, readable_page
from storage.archive import Archive
from storage.catalogue.captures import Capture, captures_in
from storage.deposit.deposit import deposit_file
from tests.access.conftest import picture, user_of_header
from tests.storage.crawled_files import NIGHT, crawl_one, exchange, response

PAGE = "https://vesnik.example/plan"
BODY = """<html lang="be" dir="ltr"><title>Расклад</title><body onload="alert(1)">
<nav><a href="/">Галоўная</a></nav>
<h1>Расклад <em>судоў</em></h1>
<p>Суд перанёс <s>24</s> 26 лістапада. <a href="/doc?a=1&b=2">Дакумент</a> <a href="javascript:alert(1)">не</a></p>
<p style="display:none">схаванае слова</p>
<script>alert('taken')</script>
<ul><li>першы<li>другі</ul><ol><li>раз<li>два</ol>
<blockquote><p>Цытата</blockquote><pre>  a
  b</pre>
<table><caption>Справы</caption><tr><th>Суд<th>Дата<tr><td colspan=2>Менск <del>1</del> 2</table>
<img src="/a.png" alt="<script>плошча</script>"><img src="https://elsewhere.example/b.png" alt="няма">
<iframe src="https://zlo.example/"></iframe><svg onload=alert(1)><a href="javascript:alert(1)">x</a></svg>
""".encode()

MADE_BY_US = {"article", "blockquote", "caption", "details", "div", "figcaption", "figure", "h2", "h3", "h4"}
MADE_BY_US |= {"img", "input", "label", "li", "p", "pre", "s", "span", "summary", "sup", "table", "tbody", "td"}
MADE_BY_US |= {"th", "tr", "ul", "a", "bdi"}
ATTRIBUTES = {"aria-label", "autocomplete", "class", "colspan", "dir", "href", "lang", "rowspan", "tabindex"}
ATTRIBUTES |= {"alt", "loading", "src", "type"}


class Elements(HTMLParser):
    """Every element of a page with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def article_of(body: bytes) -> str:
    """What the template makes of the blocks of a page."""
    page = readable_page(Page(url=PAGE, body=body, captured_at=NIGHT, status=200, content_type="text/html"))
    macro = TEMPLATES.get_template("readable_parts.html").module.group_of  # type: ignore[attr-defined]  # a macro
    addresses = addresses_in(page)
    return "".join(
        str(macro(group, addresses, {}, "/archive")) for _, groups in parts_of(page.blocks) for group in groups
    )


PARTS = (
    "<p>|</p>|<table>|<tr>|<td>|<th rowspan=0>|</table>|<li>|<ol>|</ol>|<a href=x>|</a>|<pre>|<blockquote>|<br>"
    "|<a href='javascript:alert(1)'>|<img src=x onerror=alert(1)>|<script>|</script>|<s>|</s>|<svg onload=a()>"
    "|&lt;script&gt;a()&lt;/script&gt;|<h5 onclick=a>|слова|<iframe src=//zlo.example>|<h1>|<template>"
    "|\"'>|</article>|<form action=//zlo.example>|<input autofocus onfocus=a>|<style>*{}</style>"
    "|<base href=//zlo.example>"
)
MARKUP = st.lists(st.sampled_from(PARTS.split("|")), max_size=40).map("".join)


@settings(max_examples=150, deadline=None)
@given(MARKUP)
def test_no_element_and_no_attribute_stands_in_the_article_that_the_template_does_not_make(markup: str) -> None:
    for tag, attributes in Elements(article_of(markup.encode())).found:
        assert tag in MADE_BY_US
        assert set(attributes) <= ATTRIBUTES
        assert (attributes.get("href") or "#address-").startswith("#address-")
        assert attributes.get("src") is None  # nothing was captured


def test_a_page_is_read_as_blocks_of_text() -> None:
    page = readable_page(Page(url=PAGE, body=BODY, captured_at=NIGHT, status=200, content_type="text/html"))
    assert [(block.kind, block.marker, block.around) for block in page.blocks] == [
        ("paragraph", None, True),
        ("heading", None, False),
        ("paragraph", None, False),
        ("item", "•", False),
        ("item", "•", False),
        ("item", "1.", False),
        ("item", "2.", False),
        ("quote", None, False),
        ("preformatted", None, False),
        ("table", None, False),
        ("picture", None, False),
        ("picture", None, False),
    ]
    assert list(plain_lines(page)) == [
        "Галоўная",
        "Расклад судоў",
        "Суд перанёс ~~24~~ 26 лістапада. Дакумент не",
        "• першы",
        "• другі",
        "1. раз",
        "2. два",
        "Цытата",
        "a\n  b",
        "Справы",
        "Суд | Дата",
        "Менск ~~1~~ 2",
    ]
    assert (page.title, page.language, page.direction, page.hidden) == ("Расклад", "be", "ltr", 1)
    assert list(addresses_in(page)) == ["https://vesnik.example/", "https://vesnik.example/doc?a=1&b=2"]


@pytest.fixture(scope="module")
def captures(own_archive: Archive, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Capture]:
    path = crawl_one(
        tmp_path_factory.mktemp("spool"),
        [
            exchange(PAGE, response(BODY)),
            exchange("https://vesnik.example/a.png", response(picture("PNG"), "image/png")),
            exchange("https://vesnik.example/a.json", response(b'{"a":["\\ud800<b>"]}', "application/json")),
            exchange("https://vesnik.example/a.csv", response(b"a,b\n1,<i>2</i>\n3,4\n", "text/csv")),
        ],
    )
    deposited = deposit_file(own_archive, path)
    with own_archive.reader.connect() as connection:
        return {capture.url: capture for capture in captures_in(connection, deposited.key)}


@pytest.fixture
def reader(own_archive: Archive) -> Iterator[TestClient]:
    with TestClient(create_app(lambda: own_archive, user_of_header), headers={"X-User": "analyst"}) as client:
        yield client


def test_the_view_shows_the_page_with_its_captured_picture_and_nothing_that_runs_or_leads_out(
    reader: TestClient, captures: dict[str, Capture]
) -> None:
    answer = reader.get(f"/capture/{captures[PAGE].id}/readable")
    assert answer.status_code == 200
    found = Elements(answer.text).found
    sources = [attributes.get("src") or "" for tag, attributes in found if tag == "img"]
    own = captures["https://vesnik.example/a.png"].id.rpartition(":")[2]
    assert any(own in source for source in sources), answer.text[answer.text.index("<article") :]
    assert all(source.startswith("/") for source in sources)
    assert not any(name.startswith("on") or name == "style" for _, attributes in found for name in attributes)
    links = [attributes["href"] or "" for tag, attributes in found if tag in ("a", "link")]
    assert all(link.startswith(("/", "#")) for link in links)
    for part in ("A picture that this crawl did not capture.", "https://elsewhere.example/b.png", "<s>24</s>"):
        assert part in answer.text
    assert "схаванае слова" not in answer.text
    assert re.search(r"<article[^>]* lang=\"be\" dir=\"ltr\">", answer.text)


def test_json_is_laid_out_and_a_list_is_a_table(reader: TestClient, captures: dict[str, Capture]) -> None:
    laid_out = reader.get(f"/capture/{captures['https://vesnik.example/a.json'].id}/readable").text
    assert "&#34;a&#34;: [\n    &#34;\\ud800&lt;b&gt;&#34;\n  ]" in laid_out
    table = reader.get(f"/capture/{captures['https://vesnik.example/a.csv'].id}/readable").text
    assert '<td dir="auto" colspan="1" rowspan="1">&lt;i&gt;2&lt;/i&gt;</td>' in table


def test_a_capture_without_text_and_without_screenshot_says_so(
    reader: TestClient, captures: dict[str, Capture]
) -> None:
    own = f"/capture/{captures['https://vesnik.example/a.png'].id}"
    assert "The content is not text (type image/png)." in reader.get(f"{own}/readable").text
    assert "No screenshot was taken of this capture." in reader.get(f"{own}/screenshot").text
    assert reader.get("/capture/urn:uuid:none/readable").status_code == 404
