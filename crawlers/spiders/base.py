"""What a spider says: ask for this next, and this is what the page came to.

A spider knows a kind of source and nothing of how pages are fetched, so that Scrapy and the browser run the
same ones. It is handed each page it asked for and answers with ``PageResult``; limits, repeats and robots.txt are
the engine's matter.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Any, Protocol

from crawlers.watchlist.source import Source
from processors.pages.outcome import Classification, Outcome
from processors.pages.page import Page
from processors.pages.parse_result import Reading
from processors.parsing.parsers import PageNotRead
from processors.record_keys import record_json, record_keys


class Role(Enum):
    """What a URL is asked for as."""

    PAGE = auto()
    """A page of the kind the source is made of; counted against the limit of pages."""
    FEED = auto()
    SITEMAP = auto()
    START = auto()
    """A page that only leads to articles."""
    SUBRESOURCE = auto()
    """What a page shows or hands out: picture, video, document. Kept as evidence and not read."""


@dataclass(frozen=True, slots=True)
class PageRequest:
    """A URL to ask for. ``page_id`` names the seed that led here: the recorder files exchanges under it.

    ``headers`` are fields besides those that every request has.
    """

    url: str
    role: Role
    page_id: str
    seed: bool = False
    depth: int = 0
    headers: tuple[tuple[str, str], ...] = ()

    def follow(self, url: str, role: Role) -> "PageRequest":
        """An ask that this one led to."""
        return replace(self, url=url, role=role, seed=False, depth=self.depth + 1, headers=())


@dataclass(frozen=True, slots=True)
class PageResult:
    """What a page came to. ``asks`` are in the order in which they should be fetched.

    ``known`` counts records the page leads to that are known already and not asked for again; negative where it
    takes back what an earlier page counted. ``filled`` counts by field the records in which it says something.
    """

    outcome: Outcome
    reason: str | None = None
    records: int = 0
    known: int = 0
    asks: tuple[PageRequest, ...] = ()
    remarks: tuple[str, ...] = ()
    filled: Mapping[str, int] = field(default_factory=dict)


class Spider(Protocol):
    """One crawl of one source."""

    def start(self) -> Iterator[PageRequest]:
        """The seeds."""
        ...

    def read(self, ask: PageRequest, page: Page) -> PageResult:
        """What the page says, and what to ask for next. ``page.url`` is where redirects led."""
        ...


def findings_on(spider: Spider, ask: PageRequest, page: Page) -> PageResult:
    """What the spider makes of a page; one that no parser comes to the end of has that as its outcome."""
    try:
        return spider.read(ask, page)
    except PageNotRead as why:
        return PageResult(Outcome.UNREADABLE, str(why))


class RecordCounter:
    """What a crawl has seen of its source's records: each counts once, on however many pages it stands."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._keys: set[str] = set()

    def findings(self, reading: Reading, asks: tuple[PageRequest, ...] = ()) -> PageResult:
        """Findings of a page that a parser has read."""
        keys = record_keys(reading.records, self._source.id, self._source.publisher)
        new = {key: record for key, record in zip(keys, reading.records, strict=True) if key not in self._keys}
        self._keys |= set(new)
        filled = Counter(
            name for record in new.values() for name, value in record_json(record).items() if is_filled(value)
        )
        return PageResult(
            reading.outcome, reading.outcome_reason, len(new), asks=asks, remarks=reading.remarks, filled=filled
        )


def is_filled(value: Any) -> bool:
    """Whether a field of a record is filled; ``storage.queries.crawl_yields`` counts by the same rule."""
    return value is not None and value is not False and value not in ("", [], {})


def result_without_records(verdict: Classification, asks: tuple[PageRequest, ...] = ()) -> PageResult:
    """Findings of a page that is no record's ground."""
    return PageResult(verdict.outcome, verdict.reason, asks=asks)


def seed_page_id(number: int) -> str:
    """The page id of the n-th seed, counted from 1."""
    return f"{number:04d}"
