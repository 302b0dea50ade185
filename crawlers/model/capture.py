"""The types that pass between a crawl's engines, its recorder and the storage of what it saw.

Intercepted and derived never mix: an ``Exchange`` is what the server sent, to the byte; a ``Rendering`` is what we
made from it; a ``Note`` is a fact about it, above all why there is no response. Jobs and reports also have a JSON
form (``capture_json``), since a crawl is a process of its own. All times are aware UTC with microseconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from processors.digest import Digest
from processors.pages.outcome import Outcome

if TYPE_CHECKING:
    from crawlers.watchlist.loader import Source

Engine = Literal["http", "browser"]

ISO_TO_THE_MICROSECOND = "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ"
"""Formatted in one step, since each record of a crawl holds such a time: half the cost of ``isoformat``."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Where a crawl ends, and where one exchange does.

    ``pages`` is kept by the engine; the others by the recorder, for every engine alike. What is cut becomes
    ``WARC-Truncated``; so does a response that pauses for ``idle_seconds``. None is no limit.
    """

    pages: int | None = None
    bytes: int | None = None
    seconds: float | None = None
    exchange_bytes: int | None = None
    exchange_seconds: float | None = 600.0
    idle_seconds: float | None = 90.0
    connect_seconds: float = 20.0


@dataclass(frozen=True, slots=True)
class CachedFeed:
    """A feed or sitemap as it was deposited last, with the validators its server gave (RFC 9110, section 8.8).

    With them it is asked for on condition; if the server says that it has not changed (304), ``content`` (the
    entity with its codings removed) is what it lists today.
    """

    url: str
    etag: str | None
    last_modified: str | None
    content: bytes
    content_type: str | None
    captured_at: datetime


@dataclass(frozen=True, slots=True)
class KnownContent:
    """What the catalogue already holds of a source, so that a crawl knows where to stop.

    ``unseen_posts`` are ranges of post ids, both ends included, that no crawl has asked for yet, the newest first.
    ``article_urls`` are addresses of articles, ``other_urls`` such as were read and showed none.
    """

    newest_post_id: int | None = None
    reread_since: datetime | None = None
    unseen_posts: tuple[tuple[int, int], ...] = ()
    article_urls: frozenset[str] = frozenset()
    other_urls: frozenset[str] = frozenset()
    listings: tuple[CachedFeed, ...] = ()


@dataclass(frozen=True, slots=True)
class CrawlJob:
    """One attempt to collect one source. ``crawl_id`` is a ULID, new for every attempt.

    ``connect_to`` has curl's syntax (``host:port:to-host:to-port``, empty fields match all or keep what is asked);
    ``allow_addresses`` are networks in CIDR form that the address policy opens besides public ones;
    ``egress`` is the name of an egress profile, None for going directly: where its proxy is, and its password, no
    job says. ``commitments`` are salted commitments to facts of collection, by name, for the warcinfo record.
    """

    crawl_id: str
    source: Source
    seeds: tuple[str, ...]
    engine: Engine
    limits: Limits
    known: KnownContent
    connect_to: tuple[str, ...] = ()
    allow_addresses: tuple[str, ...] = ()
    upstream_ca: Path | None = None
    egress: str | None = None
    user_agent: str = ""
    collector: str = ""
    commitments: Mapping[str, str] = field(default_factory=dict)
    one_warc_per_url: bool = False
    follow_links: bool = True


class ByteSource(Protocol):
    """Bytes that may be too many for memory; they can be read any number of times until released."""

    @property
    def length_bytes(self) -> int:
        """How many bytes ``chunks`` gives in all."""
        ...

    @property
    def digest(self) -> Digest:
        """The sha256 of all of them."""
        ...

    def chunks(self) -> Iterator[bytes]:
        """The bytes in order, in pieces of bounded size."""
        ...


@dataclass(frozen=True, slots=True)
class Message:
    """A request or response as on the wire, with its digests.

    ``block`` holds every byte from the first of the start line; ``head_length`` counts those up to and including
    the empty line (0 where the bytes are not HTTP). The payload is the entity with transfer-encoding removed and
    content-encoding kept; ``payload_digest`` is None where a message has no payload at all.
    """

    block: bytes | ByteSource
    head_length: int
    block_digest: Digest
    payload_digest: Digest | None
    payload_length: int

    @property
    def length_bytes(self) -> int:
        """Length of the block."""
        return len(self.block) if isinstance(self.block, bytes) else self.block.length_bytes


class Truncation(StrEnum):
    """Why a message is shorter than it should be; the values of ``WARC-Truncated`` in WARC 1.1."""

    LENGTH = "length"
    TIME = "time"
    DISCONNECT = "disconnect"
    UNSPECIFIED = "unspecified"


@dataclass(frozen=True, slots=True)
class TlsFacts:
    """What the handshake of this very socket showed.

    ``chain`` is the DER of each certificate as the server sent them, leaf first. ``problem`` says why the chain
    would not have been accepted; None is a chain that was verified for the host name.
    """

    protocol: str
    cipher: str
    chain: tuple[bytes, ...]
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what the server answered, both to the byte.

    ``peer_ip`` is None only where an egress proxy resolves names itself. ``interim`` are 1xx responses that came
    before the final one. ``problem`` labels bytes that break the protocol ("the response is not HTTP: ..."); they
    are kept all the same. ``protocol`` is the version the status line names, in small letters (``http/1.1``), or
    ``http/0.9`` where there is none.
    """

    crawl_id: str
    page_id: str | None
    url: str
    request: Message
    response: Message
    status: int | None
    media_type: str | None
    content_encoding: str | None
    protocol: str
    started_at: datetime
    first_byte_at: datetime
    ended_at: datetime
    peer_ip: str | None
    peer_port: int
    tls: TlsFacts | None = None
    interim: tuple[bytes, ...] = ()
    truncated: Truncation | None = None
    problem: str | None = None


class RenderingKind(StrEnum):
    """What was made of a page; the values are the names other tools read as ``urn:<name>:<url>``."""

    FULL_PAGE = "fullPage"
    VIEW = "view"
    TEXT = "text"
    DOM = "dom"
    PAGEINFO = "pageinfo"


@dataclass(frozen=True, slots=True)
class Rendering:
    """A thing we made from the page at ``url``: its screenshot, its final DOM, its text."""

    page_id: str | None
    url: str
    kind: RenderingKind
    media_type: str
    content: bytes
    made_at: datetime
    made_by: str


class NoteKind(StrEnum):
    """What a note is about."""

    NO_RESPONSE = "no_response"
    """A request that got no response; ``outcome`` is ``unreachable`` or ``refused_by_policy``."""
    OUTCOME = "outcome"
    """What a visit to a page came to, where the engine knows."""
    ROBOTS = "robots"
    """A decision taken because of robots.txt."""
    SKIPPED = "skipped"
    """A link in scope that was not followed, and why."""
    WEBSOCKET = "websocket"
    """The frames of a WebSocket; ``content`` is one JSON object per line and frame."""
    UNSOLICITED = "unsolicited"
    """Bytes a server sent that answer no request; they are the ``content``."""


@dataclass(frozen=True, slots=True)
class Note:
    """A fact about a URL. ``reason`` is a sentence for people, ``details`` are JSON-ready values.

    ``request`` holds the request bytes that were sent or would have been sent, where there were any.
    """

    kind: NoteKind
    page_id: str | None
    url: str
    at: datetime
    reason: str
    outcome: Outcome | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    content: bytes | ByteSource | None = None
    content_type: str | None = None
    request: bytes | None = None


Captured = Exchange | Rendering | Note


class CaptureSink(Protocol):
    """Where a crawl's captures go. Called from one thread at a time, never from an event loop."""

    def keep(self, item: Captured) -> None:
        """Keep the item before returning; may block. An exception ends the crawl."""
        ...


class RateLimiter(Protocol):
    """When a host may be asked again, over all crawls that share the pace."""

    def turn(self, host: str) -> AbstractAsyncContextManager[None]:
        """Entered when a request to ``host`` may leave; left when its answer is there."""
        ...

    def hold(self, host: str, seconds: float) -> None:
        """Have ``host`` left alone for so many seconds from now."""
        ...

    def slow(self, host: str, delay_s: float) -> None:
        """Keep at least this pause between requests to ``host``."""
        ...


@dataclass(frozen=True, slots=True)
class HostStatistics:
    """The pace that one crawl kept at one host.

    ``requests`` took a turn; ``shortest_gap_s`` is the least time between two of these, None where there was one
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
class CrawlReport:
    """What a crawl came to.

    ``truncated`` counts exchanges cut short, ``refused`` requests the address policy refused, ``pages`` what the
    engine asked for as pages; ``problem`` says why the crawl could not go on, None if it ended by itself.
    ``records`` counts what those pages say; ``failures`` are sentences on where the source fell short (a seed that
    is no content, too few or too many records), ``remarks`` on anything else worth knowing. ``records_read``
    counts those of ``records`` that this crawl has read itself, ``filled`` in how many of them a field says
    something; ``pace`` is the pace that was kept, by host.
    """

    crawl_id: str
    source: str
    started_at: datetime
    ended_at: datetime
    exchanges: int
    bytes: int
    outcomes: Mapping[str, int]
    files: tuple[CrawledFile, ...]
    truncated: int
    refused: int
    pages: int = 0
    problem: str | None = None
    records: int = 0
    failures: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    records_read: int = 0
    filled: Mapping[str, int] = field(default_factory=dict)
    pace: Mapping[str, HostStatistics] = field(default_factory=dict)


def time_text(moment: datetime) -> str:
    """ISO 8601 in UTC with microseconds and ``Z``; raises ``ValueError`` on a naive time."""
    if moment.tzinfo is None:
        raise ValueError(f"a time without a zone: {moment!r}")
    at = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return ISO_TO_THE_MICROSECOND % (at.year, at.month, at.day, at.hour, at.minute, at.second, at.microsecond)
