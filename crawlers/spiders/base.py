"""The base of every spider here: a `scrapy.Spider` for one source of the watch-list.

A subclass is written as any Scrapy spider. It yields requests (best by ``response.follow``, which keeps addresses
as a browser would request them), records, and a `PageOutcome`. Its pages are read by ``self.parsers``, in a worker
process that a hostile page may kill but not leave. A request's ``meta`` may hold:

``engine``        ``"browser"`` has this one page rendered by Chromium, ``"http"`` has it fetched; the source's own
                  engine where it is left out; ``"auto"`` has it fetched, and rendered as well where it shows
                  nothing without scripts. The response is an ``HtmlResponse`` either way.
``subresource``   True: it is kept as evidence and not read, and counts as no page (`SourceSpider.follow_media`).
``verbatim_url``  True: the address is asked for as it stands (Scrapy's own key; ``response.follow`` sets it).
``page_id``       Names the seed that led here: the recorder files exchanges under it. Handed on by itself.
``seed``          The address as the operator named it; given to what ``start`` yields.
``linked_from``   The page by whose link this one was found, for the report.
``robots_sitemaps``  Of a seed, once it was fetched: the sitemaps that robots.txt of its host names.
"""

from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import scrapy
from scrapy.http import Response

from crawlers.model.job import CrawlJob
from crawlers.spiders.items import PageOutcome, Remark
from crawlers.watchlist.source import scope_of
from processors.kinds import KINDS
from processors.pages.page import Page
from processors.pages.parse_result import Reading
from processors.parsing.parsers import Parsers
from processors.urls import fragment_of, resolve


class SourceSpider(scrapy.Spider):
    """One crawl of one source.

    A subclass writes ``parse``, and ``start`` where seeds need callbacks of their own.
    """

    name = "source"

    def __init__(self, *, job: CrawlJob, parsers: Parsers) -> None:
        super().__init__()
        self.job = job
        self.parsers = parsers
        self.scope = scope_of(job.source)

    async def start(self) -> AsyncIterator[Any]:
        """A request for each address that the source begins with."""
        for url in self.job.seeds:
            for each in self.seed(url):
                yield each

    def seed(self, url: str, **arguments: Any) -> Iterator[scrapy.Request | Remark]:
        """The request for an address that the operator named; ``arguments`` are those of `scrapy.Request`.

        An address that no browser would ask for becomes a remark.
        """
        address = resolve(url, url)
        if address is None:
            yield Remark(f"{url} is not a web address")
        else:
            meta = {"verbatim_url": True, "seed": url, "fragment": fragment_of(url)}
            yield scrapy.Request(address, meta=meta, **arguments)

    def parse(self, response: Response) -> Iterator[Any]:
        """Requests, records and the outcome of a page; written by each subclass."""
        raise NotImplementedError(f"{type(self).__name__} needs a method `parse`.")

    def read(self, response: Response) -> Reading:
        """The page as the parser of the source's kind reads it.

        Raises `PageNotRead`, which a spider need not handle: it becomes the page's outcome.
        """
        source = self.job.source
        return self.parsers.read_page(page_of(response), KINDS[source.kind].page, layout=source.layout)

    def results(self, reading: Reading) -> Iterator[Any]:
        """What a reading says of its page: the outcome, its remarks, its records."""
        yield PageOutcome(reading.outcome, reading.outcome_reason)
        for remark in reading.remarks:
            yield Remark(remark)
        yield from reading.records

    def follow_media(self, response: Response, urls: Iterable[str]) -> Iterator[scrapy.Request]:
        """Requests for what a page shows or hands out: captured and not read, and fetched before other pages."""
        for url in urls:
            yield response.follow(
                url,
                callback=self.capture_only,
                headers={"Accept": "*/*"},
                meta={"subresource": True},
                priority=1,
            )

    def capture_only(self, response: Response) -> tuple[()]:
        """The callback of subresources: the recorder has kept the response, and nothing is read in it."""
        return ()


def page_of(response: Response) -> Page:
    """The response as parsers take it. ``url`` is where redirects led."""
    content_type = (response.headers.get("Content-Type") or b"").decode("latin-1") or None
    return Page(response.url, response.body, datetime.now(UTC), response.status, content_type)
