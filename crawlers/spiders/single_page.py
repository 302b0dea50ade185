"""Single pages as they are, with what it takes to show them and, where the source says so, the links in scope."""

from collections.abc import Iterator

from crawlers.model.job import CrawlJob
from crawlers.spiders.base import PageRequest, PageResult, Role, result_without_records, seed_page_id
from crawlers.watchlist.source import in_scope, scope_of
from processors.pages.page import Page
from processors.parsing.parsers import Parsers


class PageSpider:
    """One crawl of pages that were named one by one."""

    def __init__(self, job: CrawlJob, parsers: Parsers) -> None:
        self._parsers = parsers
        # A browser has loaded what it takes to show the page when the page is read.
        self._wants_requisites = job.source.follow != "nothing" and job.engine != "browser"
        self._follow_links = job.follow_links and job.source.follow == "links"
        self._seeds = job.seeds
        self._scope = scope_of(job.source)

    def start(self) -> Iterator[PageRequest]:
        """The pages."""
        for number, url in enumerate(self._seeds, 1):
            yield PageRequest(url, Role.PAGE, seed_page_id(number), seed=True)

    def read(self, ask: PageRequest, page: Page) -> PageResult:
        """The page's outcome, and what belongs to it."""
        asks: list[PageRequest] = []
        if self._wants_requisites:
            asks += [ask.follow(url, Role.SUBRESOURCE) for url in self._parsers.requisites(page)]
        if self._follow_links:
            asks += [ask.follow(url, Role.PAGE) for url in self._parsers.links(page) if in_scope(url, self._scope)]
        return result_without_records(self._parsers.classify(page), tuple(asks))
