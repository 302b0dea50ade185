"""A list that an authority publishes (hearings, a register, notices): its pages, what continues it, its documents.

Pages go on as long as the page itself names more of the same list; the source's limit of pages is the ceiling, and
reaching it is told. Documents are kept here and read once they are deposited, in a process that they cannot harm.
"""

from collections.abc import Iterator

from crawlers.model.job import CrawlJob
from crawlers.spiders.base import (
    PageRequest,
    PageResult,
    RecordCounter,
    Role,
    result_without_records,
    seed_page_id,
)
from crawlers.watchlist.source import in_scope, scope_of
from processors.kinds import KINDS
from processors.pages.outcome import Classification, Outcome
from processors.pages.page import Page
from processors.parsing.parsers import Parsers
from processors.tables.document_type import document_type


class ListSpider:
    """One crawl of one list."""

    def __init__(self, job: CrawlJob, parsers: Parsers) -> None:
        self._parsers = parsers
        self._job = job
        self._kind = KINDS[job.source.kind].page
        self._yield = RecordCounter(job.source)
        self._scope = scope_of(job.source)

    def start(self) -> Iterator[PageRequest]:
        """The first page of each list."""
        for number, url in enumerate(self._job.seeds, 1):
            yield PageRequest(url, Role.PAGE, seed_page_id(number), seed=True)

    def read(self, ask: PageRequest, page: Page) -> PageResult:
        """Records, the next pages, pages of single notices, documents."""
        if document_type(page.body, page.content_type) is not None:
            return result_without_records(_of_document(self._parsers.classify(page)))
        reading = self._parsers.read_page(page, self._kind, layout=self._job.source.layout)
        asks = [ask.follow(url, Role.SUBRESOURCE) for url in reading.links.documents]
        if self._job.follow_links:
            onward = (*reading.links.next_pages, *reading.links.articles)
            asks += [ask.follow(url, Role.PAGE) for url in onward if in_scope(url, self._scope)]
        return self._yield.findings(reading, tuple(asks))


def _of_document(verdict: Classification) -> Classification:
    if verdict.outcome is not Outcome.CONTENT:
        return verdict
    return Classification(Outcome.CONTENT, "a document: its rows are read once it is deposited")
