"""A court's list of hearings: its pages, the pages that continue it, and the papers it hands out.

Pages go on as long as the page itself names more of the same list; the source's limit of pages is the ceiling, and
reaching it is told.
"""

from collections.abc import Iterator

from crawlers.capture import CrawlJob
from crawlers.scope import in_scope, scope_of
from crawlers.spiders.asking import Ask, Findings, Role, Yield, seed_page_id
from processors.pages.page import Page
from processors.pages.select import read_page


class CourtListSpider:
    """One crawl of one list."""

    def __init__(self, job: CrawlJob) -> None:
        self._job = job
        self._yield = Yield(job.source)
        self._scope = scope_of(job.source)

    def start(self) -> Iterator[Ask]:
        """The first page of each list."""
        for number, url in enumerate(self._job.seeds, 1):
            yield Ask(url, Role.PAGE, seed_page_id(number), seed=True)

    def read(self, ask: Ask, page: Page) -> Findings:
        """Hearings, the next pages, the documents."""
        reading = read_page(page, "court_list", layout=self._job.source.layout)
        asks = [ask.lead(url, Role.REQUISITE) for url in reading.links.documents]
        if self._job.follow_links:
            asks += [ask.lead(url, Role.PAGE) for url in reading.links.next_pages if in_scope(url, self._scope)]
        return self._yield.findings(reading, tuple(asks))
