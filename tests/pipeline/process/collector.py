"""Collects the sample sites of a day into deposited files, without a spider: one exchange per page."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from crawlers.model.capture import Captured
from crawlers.watchlist.source import Source
from processors.kinds import PageKind
from processors.pages.page import Page
from processors.parsing.parser_versions import read_page
from samples import expected
from samples.sites import SampleSites
from storage.archive import Archive
from storage.deposit.deposit import deposit_file
from tests.samples.conftest import Visitor
from tests.storage.crawled_files import crawl_one, exchange, response

NIGHTS = {1: datetime(2026, 11, 9, 21, 0, tzinfo=UTC), 2: datetime(2026, 11, 10, 21, 0, tzinfo=UTC)}
SAMPLES = Path(__file__).parents[3] / "samples" / "watchlist.yaml"
"""The watch-list of the sample sites."""


class Collector:
    """Fetches pages of the sample sites as a crawl of that day would, and seals them."""

    def __init__(self, sites: SampleSites, archive: Archive, spool: Path) -> None:
        self.sites = sites
        self.visitor = Visitor(sites)
        self.archive = archive
        self.spool = spool

    def collect(self, source: Source, day: int) -> str:
        """Deposit one crawl of the source; returns the key of its file."""
        self.sites.set_day(day)
        items = [self._exchange(url, day, number) for number, url in enumerate(self._urls(source))]
        return deposit_file(self.archive, crawl_one(self.spool, items, source=source)).key

    def _urls(self, source: Source) -> Iterator[str]:
        if source.kind == "news":
            day_paths = [*expected.articles(self.sites_day), *expected.NOT_ARTICLES]
            yield from (*source.start_pages, *(f"{expected.NEWS_ADDRESS}{path}" for path in day_paths))
            return
        waiting, seen = list(source.seeds), set()
        while waiting:
            url = waiting.pop(0)
            if url in seen:
                continue
            seen.add(url)
            yield url
            kind: PageKind = "telegram" if source.kind == "telegram" else "court_list"
            links = read_page(self._page(url), kind, layout=source.layout).links
            waiting += [link for link in (links.older, *links.next_pages) if link]

    @property
    def sites_day(self) -> int:
        return self.sites._clock()

    def _page(self, url: str) -> Page:
        return self.visitor.get(url).page

    def _exchange(self, url: str, day: int, number: int) -> Captured:
        visit = self.visitor.get(url)
        content_type = visit.header("content-type") or "text/html"
        block = response(visit.body, content_type, status=f"{visit.status} Said")
        return exchange(url, block, at=NIGHTS[day] + timedelta(seconds=number))
