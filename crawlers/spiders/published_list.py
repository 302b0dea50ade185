"""A list that an authority publishes (hearings, a register, notices): its pages, what continues it, its documents.

Pages go on as long as the page itself names more of the same list; the source's limit of pages is the ceiling, and
reaching it is told. Documents are kept here and read once they are deposited, in a process that they cannot harm.
"""

from collections.abc import Iterator
from typing import Any

from scrapy.http import Response

from crawlers.spiders.base import SourceSpider, page_of
from crawlers.spiders.items import PageOutcome
from crawlers.watchlist.source import in_scope
from processors.pages.outcome import Classification, Outcome
from processors.tables.document_type import document_type


class ListSpider(SourceSpider):
    """One crawl of one list."""

    name = "published_list"

    def parse(self, response: Response) -> Iterator[Any]:
        """Records, documents and photos, the next pages, pages of single entries."""
        page = page_of(response)
        if document_type(page.body, page.content_type) is not None:
            yield _outcome_of_document(self.parsers.classify(page))
            return
        reading = self.read(response)
        yield from self.results(reading)
        yield from self.follow_media(response, (*reading.links.documents, *reading.links.media))
        if self.job.follow_links:
            for url in (*reading.links.next_pages, *reading.links.articles):
                if in_scope(url, self.scope):
                    yield response.follow(url)


def _outcome_of_document(verdict: Classification) -> PageOutcome:
    if verdict.outcome is not Outcome.CONTENT:
        return PageOutcome(verdict.outcome, verdict.reason)
    return PageOutcome(Outcome.CONTENT, "a document: its rows are read once it is deposited")
