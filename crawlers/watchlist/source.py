"""A source as it is declared: what to collect, within which limits, and how much to expect.

The declaration alone: it fetches nothing and reads no file (``crawlers.watchlist.loader`` does).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, Literal, get_args
from urllib.parse import urlsplit

from crawlers.watchlist.engines import IN_BROWSER, Engine
from crawlers.watchlist.page_step import PageStep
from processors.kinds import SourceKind
from processors.tables.layout import Layout
from processors.urls import host_of

Robots = Literal["obey", "ignore"]
Follow = Literal["nothing", "requisites", "links"]
Consent = Literal["reject", "leave"]
"""What a browser does with a page's consent dialog."""

RenderingName = Literal["screenshot", "viewport", "thumbnail", "text", "mhtml", "pdf"]
"""What a browser may make of a page besides its final DOM, by the names of the watch-list."""

EVERY_RENDERING: Final[tuple[RenderingName, ...]] = get_args(RenderingName)
USUAL_RENDERINGS: Final[tuple[RenderingName, ...]] = ("screenshot", "text")
"""Where a source does not say. Each further one is made and stored again with every capture of every page."""

WHERE_SET: Final = {"json": "where set"}
"""Marks a field that a source's JSON has only where it is set: files of other sources stay as they always were."""


@dataclass(frozen=True, slots=True)
class SourceLimits:
    """Where a crawl of the source ends, whatever comes first; what is cut is marked as cut."""

    pages: int = 500
    bytes: int = 2_000_000_000
    seconds: float = 3600.0


WITH_LINKED_PAGES_S: Final = 2700.0
"""Seconds for a page and those to which it links: a task of Airflow has an hour for them and their deposit."""


@dataclass(frozen=True, slots=True)
class VideoLimits:
    """What is taken of the video and audio of one page. A picture of more lines than ``max_height``, a video
    longer than ``max_duration_s``, bytes beyond ``max_mb`` (of 1,000,000) and videos beyond ``max_videos`` are
    left.
    """

    max_height: int = 1080
    max_mb: int = 500
    max_duration_s: float = 7200.0
    max_videos: int = 5


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a crawl of the source gives when all is well; None is no bound.

    ``min`` and ``max`` count records. ``fields`` is the least share of records in which a field is filled,
    ``understood`` the least share of pages a parser makes sense of, ``silent_days`` the longest time without
    anything new. Where nothing is declared, a source is held to its own earlier crawls.
    """

    min: int | None = None
    max: int | None = None
    fields: Mapping[str, float] = field(default_factory=dict)
    understood: float | None = None
    silent_days: float | None = None

    def outside(self, records: int) -> list[str]:
        """A sentence where so many records are too few or too many."""
        if self.min is not None and records < self.min:
            return [f"expected at least {self.min} records, found {records}"]
        if self.max is not None and records > self.max:
            return [f"expected at most {self.max} records, found {records}"]
        return []


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One source of the watch-list. Which fields a kind uses, and which it needs, `schema` says.

    ``scope`` entries are a host (``example.org``, sub-domains included) or a host with the beginning of a path
    (``example.org/news/``); empty means the hosts of the feeds, sitemaps, start pages and mirrors themselves.
    ``mirrors`` are further host names under which the same publisher publishes the same paths.
    ``delay_s`` is the least time between two requests to one host. ``reread_days``: how far back pages that are
    known are read again, to notice edits and deletions. ``follow`` is what a page leads to: nothing, what it takes
    to show it (``requisites``), or also the links in scope. ``egress`` is the name of an egress profile.
    ``legal_basis`` is on which the source is collected, and ``review_by`` the day (ISO 8601) by which somebody
    looks at that again. ``parser`` is the class of an extension that reads the pages in the place of our parser
    (decision 0031), ``spider`` one that crawls in the place of our spider. ``renderings`` is what a browser makes
    of its pages; None: `USUAL_RENDERINGS`. ``consent`` is what it does with their consent dialogs; None: it leaves
    them. ``video`` has video and audio behind players captured, within these limits; None: it does not.
    ``steps`` are done on each page in the browser before it is taken. ``profile`` is the name of the login profile
    with which its pages are loaded; None: as a visitor whom the site does not know. ``linked_pages``: so many of
    the pages to which a named page links on its own host are taken, too, in page order; None: none.
    """

    id: str
    kind: SourceKind
    channel: str | None = None
    feeds: tuple[str, ...] = ()
    sitemaps: tuple[str, ...] = ()
    start_pages: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()
    scope: tuple[str, ...] = ()
    mirrors: tuple[str, ...] = ()
    publisher: str | None = None
    layout: Layout | None = None
    follow: Follow = "requisites"
    limits: SourceLimits = field(default_factory=SourceLimits)
    delay_s: float = 1.0
    robots: Robots = "obey"
    engine: Engine = "http"
    expect: Expectation = field(default_factory=Expectation)
    reread_days: int = 3
    allow_invalid_certificate: bool = False
    access_label: str | None = None
    egress: str | None = None
    legal_basis: str | None = field(default=None, metadata=WHERE_SET)
    review_by: str | None = field(default=None, metadata=WHERE_SET)
    parser: str | None = field(default=None, metadata=WHERE_SET)
    spider: str | None = field(default=None, metadata=WHERE_SET)
    renderings: tuple[RenderingName, ...] | None = field(default=None, metadata=WHERE_SET)
    consent: Consent | None = field(default=None, metadata=WHERE_SET)
    video: VideoLimits | None = field(default=None, metadata=WHERE_SET)
    steps: tuple[PageStep, ...] | None = field(default=None, metadata=WHERE_SET)
    profile: str | None = field(default=None, metadata=WHERE_SET)
    linked_pages: int | None = field(default=None, metadata=WHERE_SET)

    @property
    def seeds(self) -> tuple[str, ...]:
        """The URLs a crawl of the source begins with, in order, none twice."""
        if self.channel is not None:
            return (f"https://t.me/s/{self.channel}",)
        return tuple(dict.fromkeys((*self.feeds, *self.sitemaps, *self.start_pages, *self.pages)))


def source_for_urls(
    urls: tuple[str, ...],
    *,
    source_id: str = "on-demand",
    follow: Follow = "requisites",
    engine: Engine = "http",
    egress: str | None = None,
    access_label: str | None = None,
    video: VideoLimits | None = None,
    linked_pages: int | None = None,
) -> Source:
    """The source of pages that a person named one by one.

    robots.txt is not asked: it speaks to programs that wander on their own (RFC 9309, section 1), and a page that
    somebody asks for may be gone tomorrow; nor for the ``linked_pages`` that somebody asks for with it, for which
    there is a limit of time. A browser makes every rendering of each page.
    """
    return Source(
        id=source_id,
        kind="page",
        pages=urls,
        follow=follow,
        engine=engine,
        robots="ignore",
        egress=egress,
        access_label=access_label,
        renderings=EVERY_RENDERING if engine in IN_BROWSER else None,
        video=video,
        linked_pages=linked_pages,
        limits=SourceLimits() if linked_pages is None else SourceLimits(seconds=WITH_LINKED_PAGES_S),
    )


def review_is_due(review_by: str | None, today: date) -> bool:
    """Whether the day by which the legal basis was to be reviewed has passed; never where none is set."""
    return review_by is not None and date.fromisoformat(review_by) < today


def layout_from_json(row: Mapping[str, Any]) -> Layout:
    """The layout as the declaration of a source in a WARC file holds it, perhaps of an earlier version.

    Raises ``TypeError`` on unknown keys.
    """
    columns = {name: tuple(headings) for name, headings in row["columns"].items()}
    return Layout(**dict(row) | {"columns": columns})


def in_scope(url: str, scope: tuple[str, ...]) -> bool:
    """Whether an entry covers the URL; ``example.org`` covers its sub-domains, ``example.org/a/`` only that
    path.
    """
    host = host_of(url)
    path = urlsplit(url).path.lstrip("/") if host else ""
    for entry in scope:
        name, _, beginning = entry.partition("/")
        if (host == name or host.endswith(f".{name}")) and path.startswith(beginning):
            return True
    return False


def scope_of(source: Source) -> tuple[str, ...]:
    """The declared scope, mirrors included; without one, the hosts of the seeds, ``www.`` or not."""
    declared = source.scope or tuple(host_of(url).removeprefix("www.") for url in source.seeds)
    paths = {entry.partition("/")[2] for entry in source.scope} or {""}
    mirrored = tuple(f"{host}/{path}" if path else host for host in source.mirrors for path in sorted(paths))
    return tuple(dict.fromkeys((*declared, *mirrored)))
