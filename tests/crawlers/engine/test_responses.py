"""Links keep their spelling: what a spider follows is what a browser would ask for."""

import re

import pytest
import scrapy
from scrapy.http import HtmlResponse, JsonResponse, Response, TextResponse, XmlResponse
from scrapy.utils.test import get_crawler

from crawlers.engine.redirects import ExactRedirectMiddleware, RedirectNotFollowed
from crawlers.engine.responses import RecordedHtml, decoded_headers, response_of
from crawlers.http_client import FetchedResponse

URL = "http://a.example/x/y"


def page(body: bytes, content_type: str = "text/html; charset=utf-8") -> Response:
    request = scrapy.Request(URL, meta={"verbatim_url": True, "page_id": "0001"})
    fields = (("Content-Type", content_type),)
    return response_of(request, FetchedResponse(200, "OK", fields, body, len(body)))


@pytest.mark.parametrize(
    ("link", "address"),
    [
        ("/q?", "http://a.example/q?"),
        ("?", "http://a.example/x/y?"),
        ("/q?b&a=1&a", "http://a.example/q?b&a=1&a"),
        ("../z/./w", "http://a.example/z/w"),
        ("\\back", "http://a.example/back"),
        (" /spaces in path ", "http://a.example/spaces%20in%20path"),
        ("//b.example", "http://b.example/"),
        ("/%7Eme#part", "http://a.example/%7Eme"),
        ("HTTP://A.example:80/", "http://a.example/"),
    ],
)
def test_a_link_is_followed_to_where_a_browser_would_go(link: str, address: str) -> None:
    request = page(b"<html>").follow(link)
    assert request.url == address
    assert request.copy().url == address
    assert request.meta["verbatim_url"] is True


def test_a_query_is_written_in_the_encoding_of_the_page() -> None:
    body = "<html><a href='/пошук?q=суд'>Пошук</a>".encode("cp1251")
    response = page(body, "text/html; charset=windows-1251")
    assert isinstance(response, RecordedHtml)
    (request,) = response.follow_all(css="a")
    assert request.url == "http://a.example/%D0%BF%D0%BE%D1%88%D1%83%D0%BA?q=%F1%F3%E4"


def test_the_pages_own_base_counts() -> None:
    response = page(b"<html><base href='//b.example/dir/'><a href='next'>")
    assert response.follow("next").url == "http://b.example/dir/next"


def test_a_fragment_is_kept_for_the_browser_alone() -> None:
    request = page(b"<html>").follow("/app#/case/7")
    assert (request.url, request.meta["fragment"]) == ("http://a.example/app", "#/case/7")


def test_links_that_lead_to_no_web_address_are_refused_one_by_one_and_left_out_of_several() -> None:
    response = page(b"<html><a href='mailto:a@a.example'>1</a><a href='/b'>2</a><a href='javascript:x()'>3</a>")
    assert isinstance(response, RecordedHtml)
    with pytest.raises(ValueError, match=r"'mailto:a@a\.example' on .* leads to no web address"):
        response.follow("mailto:a@a.example")
    assert [request.url for request in response.follow_all(css="a")] == ["http://a.example/b"]


@pytest.mark.parametrize(
    ("content_type", "body", "kind"),
    [
        ("text/html", b"<html>", HtmlResponse),
        ("application/rss+xml", b"<?xml version='1.0'?><rss/>", XmlResponse),
        ("application/json", b"{}", JsonResponse),
        ("text/plain", b"text", TextResponse),
        ("application/pdf", b"%PDF-1.7 \x00\x01\xff", Response),
    ],
)
def test_a_response_has_the_class_that_scrapy_gives_it(
    content_type: str, body: bytes, kind: type[Response]
) -> None:
    response = page(body, content_type)
    assert type(response).__mro__[2] is kind
    assert response.follow("/q?").url == "http://a.example/q?"


@pytest.mark.parametrize(
    ("location", "address"),
    [
        (b"/q?", "http://a.example/q?"),
        (b"?b&a", "http://a.example/x/y?b&a"),
        ("/суд".encode("cp1251"), "http://a.example/%F1%F3%E4"),
        (b"https://b.example", "https://b.example/"),
    ],
)
def test_a_redirect_leads_to_where_its_location_says(location: bytes, address: str) -> None:
    request = scrapy.Request("http://a.example/x/y", meta={"verbatim_url": True})
    response = Response(request.url, status=302, headers={"Location": location}, request=request)
    redirected = _redirects().process_response(request, response)
    assert isinstance(redirected, scrapy.Request)
    assert redirected.url == address


@pytest.mark.parametrize("location", [b"javascript:x()", b"http://", b"ftp://b.example/"])
def test_a_redirect_to_no_web_address_is_not_followed_and_says_where_it_leads(location: bytes) -> None:
    request = scrapy.Request("http://a.example/x/y", meta={"verbatim_url": True})
    response = Response(request.url, status=302, headers={"Location": location}, request=request)
    with pytest.raises(RedirectNotFollowed, match=re.escape(f"{location.decode()!r}, which is no web address")):
        _redirects().process_response(request, response)


@pytest.mark.parametrize(
    "field",
    ["/\u043f\u0440\u0438\u0433\u043e\u0432\u043e\u0440".encode(), "/\u043f\u0440".encode("cp1251"), b"/\xff\xfe"],
)
def test_header_bytes_of_a_response_are_the_ones_on_the_wire(field: bytes) -> None:
    assert decoded_headers([("Location", field.decode("latin-1"))])["Location"] == field


def _redirects() -> ExactRedirectMiddleware:
    crawler = get_crawler()
    crawler.spider = scrapy.Spider.from_crawler(crawler, name="any")
    return ExactRedirectMiddleware.from_crawler(crawler)
