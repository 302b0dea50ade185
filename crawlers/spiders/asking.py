"""What a spider says: ask for this next, and this is what the page came to.

A spider knows a kind of source and nothing of how pages are fetched, so that Scrapy and the browser run the
same ones. It is handed each page it asked for and answers with ``Findings``; limits, repeats and robots.txt are
the engine's matter.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Protocol

from crawlers.source import Source
from processors.pages.outcome import Outcome, Verdict
from processors.pages.page import Page
from processors.pages.reading import Reading
from processors.pages.records import record_keys


class Role(Enum):
    """What a URL is asked for as."""

    PAGE = auto()
    """A page of the kind the source is made of; counted against the limit of pages."""
    FEED = auto()
    SITEMAP = auto()
    START = auto()
    """A page that only leads to articles."""
    REQUISITE = auto()
    """What a page shows or hands out: picture, video, document. Kept as evidence and not read."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A URL to ask for. ``page_id`` names the seed that led here: the recorder files exchanges under it."""

    url: str
    role: Role
    page_id: str
    seed: bool = False
    depth: int = 0

    def lead(self, url: str, role: Role) -> "Ask":
        """An ask that this one led to."""
        return replace(self, url=url, role=role, seed=False, depth=self.depth + 1)


@dataclass(frozen=True, slots=True)
class Findings:
    """What a page came to. ``asks`` are in the order in which they should be fetched.

    ``known`` counts records the page leads to that are known already and not asked for again; negative where it
    takes back what an earlier page counted.
    """

    outcome: Outcome
    reason: str | None = None
    records: int = 0
    known: int = 0
    asks: tuple[Ask, ...] = ()
    remarks: tuple[str, ...] = ()


class Spider(Protocol):
    """One crawl of one source."""

    def start(self) -> Iterator[Ask]:
        """The seeds."""
        ...

    def read(self, ask: Ask, page: Page) -> Findings:
        """What the page says, and what to ask for next. ``page.url`` is where redirects led."""
        ...


class Yield:
    """What a crawl has seen of its source's records: each counts once, on however many pages it stands."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._keys: set[str] = set()

    def findings(self, reading: Reading, asks: tuple[Ask, ...] = ()) -> Findings:
        """Findings of a page that a parser has read."""
        keys = set(record_keys(reading.records, self._source.id, self._source.publisher)) - self._keys
        self._keys |= keys
        return Findings(reading.outcome, reading.outcome_reason, len(keys), asks=asks, remarks=reading.remarks)


def findings_of_verdict(verdict: Verdict, asks: tuple[Ask, ...] = ()) -> Findings:
    """Findings of a page that is no record's ground."""
    return Findings(verdict.outcome, verdict.reason, asks=asks)


def seed_page_id(number: int) -> str:
    """The page id of the n-th seed, counted from 1."""
    return f"{number:04d}"
