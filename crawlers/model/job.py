"""The job of one crawl: what to collect, within which limits, and what is known of the source already.

All types are frozen. ``crawlers.model.serialization`` gives their JSON form, in which a job reaches the processes
of its crawl.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from crawlers.watchlist.engines import Engine
from crawlers.watchlist.source import WHERE_SET, Source


@dataclass(frozen=True, slots=True)
class CrawlLimits:
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
    ``backfill``: it fetches a channel's history with slots that nothing else waits for.
    ``extension`` names the operator's code in the crawl's folder and its digest, None where there is none.
    """

    crawl_id: str
    source: Source
    seeds: tuple[str, ...]
    engine: Engine
    limits: CrawlLimits
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
    extension: str | None = field(default=None, metadata=WHERE_SET)
    backfill: bool | None = field(default=None, metadata=WHERE_SET)
