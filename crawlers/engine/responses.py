"""Responses as spiders get them: decoded, with the address they came from, and links that keep their spelling.

Scrapy normalises an address when a request is made of it (``http://a/q?`` becomes ``http://a/q``). ``follow`` here
resolves links as browsers do, with the page's encoding in queries, and leaves the result as it is.
"""

import inspect
from collections.abc import Iterable, Iterator
from typing import Any

import scrapy
from parsel import Selector, SelectorList
from scrapy.http import Headers, HtmlResponse, JsonResponse, Response, TextResponse, XmlResponse
from scrapy.http.response.text import _url_from_selector
from scrapy.link import Link
from scrapy.responsetypes import responsetypes

from crawlers.engine.settings import READ_BYTES
from crawlers.http_client import FetchedResponse
from processors.http.message import ResponseMessage, UndecodableEntity, entity
from processors.urls import fragment_of, resolve

CUT = "cut short: "
TOO_LONG = f"more than {READ_BYTES} bytes: kept, not read"


def read_body(response: FetchedResponse, *, wanted: bool) -> tuple[bytes, list[str]]:
    """The entity as far as it can be read, and sentences on what is wrong with it."""
    flags = [] if response.cut is None else [CUT + response.cut]
    if not wanted:
        return b"", flags
    if response.body is None:
        return b"", [*flags, TOO_LONG]
    message = ResponseMessage(response.status, response.reason, response.headers, response.body, 0)
    try:
        return entity(message, READ_BYTES), flags
    except UndecodableEntity as error:
        return error.partial, [*flags, f"the content cannot be decoded: {error.reason}"]


_FOLLOW = inspect.signature(TextResponse.follow)
_FOLLOW_ALL = inspect.signature(TextResponse.follow_all)


class _ExactLinks(Response):
    """``follow`` and ``follow_all`` with Scrapy's arguments, and addresses as a browser would request them."""

    def follow(self, *args: Any, **kwargs: Any) -> scrapy.Request:
        """Raises ``ValueError`` for a link that leads to no web address."""
        arguments = _FOLLOW.bind(self, *args, **kwargs).arguments
        del arguments["self"]
        link = _text_of(arguments.pop("url"))
        encoding = arguments.pop("encoding", None) or getattr(self, "encoding", "utf-8")
        address = resolve(self._base_url(), link, str(encoding))
        if address is None:
            raise ValueError(f"{link!r} on {self.url} leads to no web address")
        meta = {"fragment": fragment_of(link), **(arguments.pop("meta", None) or {}), "verbatim_url": True}
        return scrapy.Request(address, meta=meta, **arguments)

    def follow_all(self, *args: Any, **kwargs: Any) -> Iterator[scrapy.Request]:
        """Links that lead to no web address (``mailto:`` and the like) are left out."""
        arguments = _FOLLOW_ALL.bind(self, *args, **kwargs).arguments
        del arguments["self"]
        urls = arguments.pop("urls", None)
        for query in ("css", "xpath"):
            expression = arguments.pop(query, None)
            urls = urls if expression is None else getattr(self, query)(expression)
        for url in urls or ():
            try:
                request = self.follow(url, **arguments)
            except ValueError:
                continue
            yield request

    def _base_url(self) -> str:
        """The page's own ``<base href>``, resolved; its address where it names none."""
        if not isinstance(self, HtmlResponse):
            return self.url
        stated = self.css("base::attr(href)").get()
        return (resolve(self.url, stated) if stated is not None else None) or self.url


def _text_of(url: str | Link | Selector) -> str:
    if isinstance(url, SelectorList):
        raise TypeError("one link is followed at a time; `follow_all` takes several")
    if isinstance(url, Selector):
        return _url_from_selector(url)
    return url.url if isinstance(url, Link) else url


class RecordedResponse(_ExactLinks, Response):
    """A response that is no text."""


class RecordedText(_ExactLinks, TextResponse):
    """A response of text."""


class RecordedJson(_ExactLinks, JsonResponse):
    """A response of JSON."""


class RecordedXml(_ExactLinks, XmlResponse):
    """A response of XML."""


class RecordedHtml(_ExactLinks, HtmlResponse):
    """A page, as it was sent or as Chromium has rendered it."""


_RECORDED: dict[type[Response], type[Response]] = {
    HtmlResponse: RecordedHtml,
    XmlResponse: RecordedXml,
    JsonResponse: RecordedJson,
    TextResponse: RecordedText,
}


def response_of(request: scrapy.Request, fetched: FetchedResponse) -> Response:
    """What a request brought, decoded. ``flags`` are sentences on what is wrong with the body."""
    wanted = not request.meta.get("subresource")
    body, flags = read_body(fetched, wanted=wanted)
    headers = decoded_headers(fetched.headers)
    found = responsetypes.from_args(headers=headers, url=request.url, body=body) if wanted else Response
    kind = _RECORDED.get(found, RecordedResponse)
    return kind(request.url, status=fetched.status, headers=headers, body=body, flags=flags, request=request)


def response_of_file(request: scrapy.Request, url: str, status: int, media_type: str, body: bytes) -> Response:
    """A file that the browser took and does not show."""
    headers = decoded_headers((("Content-Type", media_type),))
    found = responsetypes.from_args(headers=headers, url=url, body=body)
    return _RECORDED.get(found, RecordedResponse)(url, status=status, headers=headers, body=body, request=request)


def decoded_headers(fields: Iterable[tuple[str, str]]) -> Headers:
    """The response's header fields, without those that the decoding has used up.

    Text stands for its bytes, as ISO 8859-1 does; Scrapy would write it in UTF-8, another address in ``Location``.
    """
    used = {"content-encoding", "transfer-encoding", "content-length"}
    headers = Headers()
    for name, value in fields:
        if name.lower() not in used:
            headers.appendlist(_bytes_of(name), _bytes_of(value))
    return headers


def _bytes_of(text: str) -> bytes:
    """The bytes on the wire; a browser that tells of a field in other letters than these has decoded it itself."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")
