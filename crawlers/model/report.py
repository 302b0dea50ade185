"""What a crawl came to: its report, the files it closed, and the pace that it kept at each host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from crawlers.model.json_form import WHERE_SET
from processors.digest import Digest


@dataclass(frozen=True, slots=True)
class HostStatistics:
    """The pace that one crawl kept at one host.

    ``requests`` took a slot; ``shortest_gap_s`` is the least time between two of these, None where there was one
    alone. ``without_turn`` counts what left besides: in a browser, what a page loads with. ``held_s`` is how long
    the host asked to be left alone; ``given_up`` says why it was not asked any more, None if it was.
    """

    requests: int
    delay_s: float
    shortest_gap_s: float | None
    waited_s: float
    held_s: float
    given_up: str | None = None
    without_turn: int = 0


@dataclass(frozen=True, slots=True)
class CrawledFile:
    """A closed WARC file of a crawl."""

    path: Path
    sha256: Digest
    records: int
    bytes: int


@dataclass(frozen=True, slots=True)
class VideoSearch:
    """What the search for video and audio on one page came to.

    ``outcome`` is one of ``taken part none over_limit failed`` (`crawlers.video.report.VideoOutcome`), ``reason``
    says why not all was taken. ``found`` and ``taken`` count videos, ``bytes`` are those of their media.
    """

    url: str
    outcome: str
    reason: str | None
    found: int
    taken: int
    bytes: int


@dataclass(frozen=True, slots=True)
class LinkedPage:
    """A page that was taken because ``linked_from``, a page that somebody named, links to it."""

    url: str
    linked_from: str
    outcome: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class CrawlReport:
    """What a crawl came to.

    ``truncated`` counts exchanges cut short, ``refused`` requests the address policy refused, ``pages`` what the
    engine asked for as pages; ``problem`` says why the crawl could not go on, None if it ended by itself.
    ``records`` counts what those pages say; ``failures`` are sentences on where the source fell short (a seed that
    is no content, too few or too many records), ``remarks`` on anything else worth knowing. ``records_read``
    counts those of ``records`` that this crawl has read itself, ``filled`` in how many of them a field says
    something; ``pace`` is the pace that was kept, by host. ``steps`` counts pages by step and outcome,
    where the source declares steps; ``engine_choices`` pages by engine (``http``, ``browser``), where it was
    chosen page by page. ``by_browser`` counts those of ``exchanges`` that the browser reported, in direct mode;
    None in every other. ``sealing_at`` is when it began to close and sign its files. ``linked`` are the pages that
    were taken by the links of a named page, in the order in which they came; None where none were wanted.
    """

    crawl_id: str
    source: str
    started_at: datetime
    ended_at: datetime
    exchanges: int = 0
    bytes: int = 0
    outcomes: Mapping[str, int] = field(default_factory=dict)
    files: tuple[CrawledFile, ...] = ()
    truncated: int = 0
    refused: int = 0
    pages: int = 0
    problem: str | None = None
    records: int = 0
    failures: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    records_read: int = 0
    filled: Mapping[str, int] = field(default_factory=dict)
    pace: Mapping[str, HostStatistics] = field(default_factory=dict)
    # a report that an earlier version left in the spool has no such keys
    videos: tuple[VideoSearch, ...] = field(default=(), metadata={"json": WHERE_SET})
    steps: Mapping[str, Mapping[str, int]] = field(default_factory=dict, metadata={"json": WHERE_SET})
    engine_choices: Mapping[str, int] = field(default_factory=dict, metadata={"json": WHERE_SET})
    by_browser: int | None = field(default=None, metadata={"json": WHERE_SET})
    sealing_at: datetime | None = field(default=None, metadata={"json": WHERE_SET})
    linked: tuple[LinkedPage, ...] | None = field(default=None, metadata={"json": WHERE_SET})
