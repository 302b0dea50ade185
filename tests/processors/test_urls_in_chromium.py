"""Chromium itself requests the addresses that `resolve` and `resolve_location` give.

But for one character: in a path it escapes ``|``, which the URL Standard leaves as it is; we follow the standard.
"""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from pipeline.chromium import find_chromium
from processors.query_encoding import percent_encoded_query
from processors.urls import resolve, resolve_location

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ENCODINGS = "utf-8 windows-1251 koi8-u iso-8859-5 gb18030 iso-2022-jp utf-16le"
"""Of 41, all of which agreed in a run by hand."""

PLANES = (
    range(0x21, 0x23),
    range(0x24, 0xD800),
    range(0xE000, 0x10000),
    range(0x1F600, 0x1F650),
    range(0x20000, 0x2FA20),
)
CHARACTERS = "".join(chr(number) for plane in PLANES for number in plane)

LOCATIONS = [
    b"/q?",
    b"../z/./?#part",
    "/ж?ж".encode(),
    "/ж?ж".encode("cp1251"),
    b"/a b?c d",
    b"/%zz^[]`{}'\"<>?|^[]`{}'\"<>",
    b"/\xe6\x80\xff",
    b"\\z\\.\\y",
]


class Site(ThreadingHTTPServer):
    """Pages whose encoding is their path, and redirects; it keeps the target of every request."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.targets: list[str] = []
        self.address = f"http://127.0.0.1:{self.server_port}"


class Answers(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        self.server.targets.append(self.path)
        kind, _, name = self.path.lstrip("/").partition("/")
        if kind == "redirect":
            self.wfile.write(
                b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: %b\r\n\r\n" % LOCATIONS[int(name)]
            )
            return
        encoding = name if kind == "page" else "utf-8"
        body = "<!doctype html><a id=a>a</a>".encode(encoding if encoding.startswith("utf-16") else "ascii")
        self.send_response(200)
        self.send_header("Content-Type", f"text/html; charset={encoding}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing on the console."""


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = find_chromium()
    if found is None:
        pytest.skip("no Chromium on this machine")
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=found.program, args=["--no-sandbox"]) as browser,
    ):
        yield browser


@pytest.mark.parametrize("encoding", ENCODINGS.split())
def test_every_character_of_a_query_is_written_as_chromium_writes_it(
    browser: Browser, site: Site, encoding: str
) -> None:
    page = browser.new_page()
    page.goto(f"{site.address}/page/{encoding}")
    written = page.evaluate(
        "text => { const link = document.getElementById('a'); link.href = '?' + text; return link.href; }",
        CHARACTERS,
    )
    page.close()

    _, _, query = written.partition("?")
    found = percent_encoded_query(CHARACTERS, encoding)
    assert query
    # the whole text in one assertion would be a megabyte of difference
    pairs = zip(query, found, strict=False)
    wrong = next((place for place, (theirs, ours) in enumerate(pairs) if theirs != ours), None)
    assert wrong is None, f"Chromium: {query[wrong - 20 : wrong + 20]}; ours: {found[wrong - 20 : wrong + 20]}"
    assert len(query) == len(found)


@pytest.mark.parametrize("number", range(len(LOCATIONS)))
def test_a_redirect_is_followed_to_the_bytes_that_chromium_asks_for(
    browser: Browser, site: Site, number: int
) -> None:
    page = browser.new_page()
    site.targets.clear()
    page.goto(f"{site.address}/redirect/{number}")
    page.close()

    found = resolve_location(f"{site.address}/redirect/{number}", LOCATIONS[number])
    assert found is not None
    assert found.removeprefix(site.address) == next(each for each in site.targets if "redirect" not in each)


@pytest.mark.parametrize(
    "link",
    [
        "/q?",
        "?",
        " \t/a\n b ",
        "\\\\b.example\\c",
        "//Пример.example./ж?ж",
        "/a^c`d{e}[]",
        "//0x7f.1/",
        "//ß.example/",
    ],
)
def test_a_link_leads_where_chromium_would_go(browser: Browser, site: Site, link: str) -> None:
    page = browser.new_page()
    page.goto(f"{site.address}/page/windows-1251")
    href = page.evaluate("link => { const a = document.getElementById('a'); a.href = link; return a.href; }", link)
    page.close()

    assert resolve(f"{site.address}/page/windows-1251", link, "windows-1251") == href
