"""What it takes to show a page, and where it leads: addresses to request, in page order, none twice.

Only what stands in the markup: what scripts load and what style sheets refer to is seen by a browser alone.
"""

import re
from collections.abc import Callable, Iterable, Iterator

from lxml import html

from processors.markup.encoding import decode
from processors.markup.html_tree import attribute, elements, parse, style_url
from processors.markup.link_base import link_base
from processors.pages.page import Page

SOURCES = {
    "img": ("src", "data-src"),
    "script": ("src",),
    "source": ("src",),
    "video": ("src", "poster"),
    "audio": ("src",),
    "embed": ("src",),
    "object": ("data",),
    "input": ("src",),
    "iframe": ("src",),
    "frame": ("src",),
}
_CANDIDATE = re.compile(r"([^\s,]\S*)(?:(?<=,)|(?:[^,(]|\([^)]*\)?)*)")
LINK_RELATIONS = frozenset({"stylesheet", "icon", "shortcut", "apple-touch-icon", "preload", "image_src"})


def subresource_urls(page: Page) -> tuple[str, ...]:
    """Pictures, media, scripts, style sheets and frames of the page; empty for what is no HTML."""
    return _addresses(page, _requisites_of)


def links(page: Page) -> tuple[str, ...]:
    """Where the page's links lead; empty for what is no HTML."""
    return _addresses(page, _links_of)


def _addresses(page: Page, of: Callable[[html.HtmlElement], Iterator[str]]) -> tuple[str, ...]:
    kind = (page.content_type or "text/html").partition(";")[0].strip().lower()
    if kind not in ("text/html", "application/xhtml+xml"):
        return ()
    decoded = decode(page.body, page.content_type)
    tree = parse(decoded.text)
    if tree is None:
        return ()
    base = link_base(tree, page.url, decoded.encoding)
    found = (base.resolve(address) for element in elements(tree) for address in of(element))
    return tuple(dict.fromkeys(url for url in found if url is not None))


def _requisites_of(element: html.HtmlElement) -> Iterator[str]:
    names: Iterable[str] = SOURCES.get(element.tag, ())
    if element.tag == "link" and LINK_RELATIONS & set((element.get("rel") or "").lower().split()):
        names = ("href",)
    for name in names:
        if attribute(element, name):
            yield element.get(name)
    if element.tag in ("img", "source") and (candidates := attribute(element, "srcset")):
        yield from _candidates(candidates)
    if address := style_url(element):
        yield address


def _candidates(srcset: str) -> Iterator[str]:
    """The addresses of a ``srcset``: up to a blank, then a width or density up to a comma, or a comma at once.

    Commas inside an address are its own (HTML standard, section 4.8.4.3.10).
    """
    for candidate in _CANDIDATE.finditer(srcset):
        yield candidate[1].rstrip(",")


def _links_of(element: html.HtmlElement) -> Iterator[str]:
    if element.tag in ("a", "area") and attribute(element, "href"):
        yield element.get("href")
