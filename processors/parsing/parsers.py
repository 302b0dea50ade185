"""The page parsers as one thing that can be handed on: to spiders, to whoever reads captures.

``Parsers`` is what they need; `sandboxed_parsers.ConfinedParsers` is what the product runs. ``OwnParsers`` calls
each parser in the process at hand: inside the confined worker, and for pages that are no stranger's.
"""

from typing import Protocol

from processors.kinds import PageKind
from processors.pages import subresources as requisites
from processors.pages.browser_need import browser_need
from processors.pages.feeds import Feed, read_feed
from processors.pages.outcome import Classification, classify
from processors.pages.page import Page
from processors.pages.parse_result import Reading
from processors.pages.readable_page import ReadablePage, readable_page
from processors.pages.readable_text import readable_text
from processors.pages.sitemaps import Sitemap, read_sitemap
from processors.parsing.parser_versions import read_page
from processors.tables.layout import Layout


class PageNotRead(Exception):
    """A page that no parser came to the end of: the message says why, in words for people.

    ``limit``: it went beyond the limits of time or memory, or ended the worker, and would again; otherwise a
    parser tripped over it.
    """

    def __init__(self, reason: str, *, limit: bool) -> None:
        super().__init__(reason)
        self.limit = limit


class Parsers(Protocol):
    """What is done with a page; each method raises ``PageNotRead``."""

    def read_page(self, page: Page, kind: PageKind, *, layout: Layout | None = None) -> Reading:
        """The page's outcome and records (`parser_versions.read_page`)."""
        ...

    def classify(self, page: Page) -> Classification:
        """The page's outcome alone (`outcome.classify`)."""
        ...

    def browser_need(self, page: Page) -> str | None:
        """Why a browser has to show the page (`browser_need.browser_need`)."""
        ...

    def read_feed(self, page: Page) -> Feed:
        """What a feed lists (`feeds.read_feed`)."""
        ...

    def read_sitemap(self, page: Page) -> Sitemap:
        """What a sitemap lists (`sitemaps.read_sitemap`)."""
        ...

    def requisites(self, page: Page) -> tuple[str, ...]:
        """What it takes to show the page (`processors.pages.subresources.subresource_urls`)."""
        ...

    def links(self, page: Page) -> tuple[str, ...]:
        """Where the page's links lead (`processors.pages.subresources.links`)."""
        ...

    def readable_text(self, page: Page) -> str:
        """What the page says to a reader (`processors.pages.readable_text.readable_text`)."""
        ...


class OwnParsers:
    """The parsers in the process at hand; what they raise passes through."""

    def read_page(self, page: Page, kind: PageKind, *, layout: Layout | None = None) -> Reading:
        """As `parser_versions.read_page`."""
        return read_page(page, kind, layout=layout)

    def classify(self, page: Page) -> Classification:
        """As `outcome.classify`."""
        return classify(page)

    def browser_need(self, page: Page) -> str | None:
        """As `browser_need.browser_need`."""
        return browser_need(page)

    def read_feed(self, page: Page) -> Feed:
        """As `feeds.read_feed`."""
        return read_feed(page.body, page.url, page.content_type)

    def read_sitemap(self, page: Page) -> Sitemap:
        """As `sitemaps.read_sitemap`."""
        return read_sitemap(page.body, page.url)

    def requisites(self, page: Page) -> tuple[str, ...]:
        """As `processors.pages.subresources.subresource_urls`."""
        return requisites.subresource_urls(page)

    def links(self, page: Page) -> tuple[str, ...]:
        """As `processors.pages.subresources.links`."""
        return requisites.links(page)

    def readable_text(self, page: Page) -> str:
        """As `processors.pages.readable_text.readable_text`."""
        return readable_text(page)

    def readable_page(self, page: Page) -> ReadablePage:
        """As `processors.pages.readable_page.readable_page`."""
        return readable_page(page)
