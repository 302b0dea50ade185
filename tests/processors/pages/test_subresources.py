"""What it takes to show a page, and where it leads."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from processors.pages.page import Page
from processors.pages.subresources import links, subresource_urls


def page(markup: bytes, content_type: str = "text/html; charset=utf-8") -> Page:
    return Page("https://a.example/dir/page", markup, datetime(2026, 11, 23, tzinfo=UTC), 200, content_type)


MARKUP = """
<html><head><base href="/base/"><link rel="stylesheet" href="s.css"><link rel="canonical" href="/no">
<script src="https://cdn.example/x.js"></script></head>
<body style="background-image:url('bg.png')">
<img src="a.jpg" srcset="a.jpg 1x, a-2.jpg 2x"><img src="a.jpg"><img src="data:image/png;base64,AAAA">
<video src="v.mp4" poster="p.jpg"><source src="v.webm"></video><iframe src="//frames.example/f"></iframe>
<a href="next#part">далей</a><a href="next">далей</a>
<a href="mailto:a@b.example">пошта</a><a href="../up">уверх</a>
</body></html>
""".encode()


def test_requisites_are_absolute_in_page_order_and_none_twice() -> None:
    assert subresource_urls(page(MARKUP)) == (
        "https://a.example/base/s.css",
        "https://cdn.example/x.js",
        "https://a.example/base/bg.png",
        "https://a.example/base/a.jpg",
        "https://a.example/base/a-2.jpg",
        "https://a.example/base/v.mp4",
        "https://a.example/base/p.jpg",
        "https://a.example/base/v.webm",
        "https://frames.example/f",
    )


def test_links_lose_their_fragments() -> None:
    assert links(page(MARKUP)) == ("https://a.example/base/next", "https://a.example/up")


def test_what_is_no_html_has_neither() -> None:
    assert subresource_urls(page(b"<img src=a.jpg>", "application/pdf")) == ()
    assert links(page(b"", "text/html")) == ()


@given(st.binary(max_size=400))
def test_no_bytes_break_it(markup: bytes) -> None:
    for url in (*subresource_urls(page(markup)), *links(page(markup))):
        assert url.startswith(("http://", "https://"))
