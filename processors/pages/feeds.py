"""What a feed lists: RSS, RDF, Atom, CDF and JSON Feed.

In: the entity, its address and Content-Type. Out: entries in feed order, with addresses to request, times with
their wording; ``problem`` says in words what was wrong with the feed, entries read in spite of it included. Never
raises. Encoding by `processors.markup.encoding.decode`, since feeds mislabel theirs as pages do; entities other
than XML's own are not expanded.
"""

import io
import json
import re
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from processors.markup.encoding import decode
from processors.markup.html_tree import MAX_CHARACTERS, parse
from processors.markup.link_base import LinkBase
from processors.markup.xml_prologue import without_prologue
from processors.pages.dates import read_moment
from processors.text import one_line, printable
from processors.urls import absolute

_FEED_ROOT = re.compile(r"<(?:[\w.-]+:)?(?:rss|feed|rdf|channel)\b", re.IGNORECASE)
_MARKUP = re.compile(r"<[^<>]{1,500}>|&#?\w{1,10};")
_ENTRY_END = re.compile(r"</(?:[\w.-]{1,50}:)?(?:item|entry)\s*>", re.IGNORECASE)
_MOST_ENTRIES = 20_000
_LONGEST_SUMMARY = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEntry:
    """One entry. ``summary_raw`` is the beginning of its summary, markup and all.

    ``url`` is the address to request, ``url_raw`` the same as the feed words it, absolute. ``published`` and
    ``modified`` never stand in for one another; times without zone are None.
    """

    url: str
    url_raw: str
    title: str | None = None
    summary_raw: str | None = None
    published_raw: str | None = None
    published_at: datetime | None = None
    modified_raw: str | None = None
    modified_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """The entries, and what was wrong with the feed."""

    entries: tuple[FeedEntry, ...] = ()
    title: str | None = None
    problem: str | None = None


def read_feed(body: bytes, url: str, content_type: str | None = None) -> Feed:
    """Read a feed of any kind."""
    decoded = decode(body, content_type)
    base = LinkBase(url, decoded.encoding)
    text = decoded.text.lstrip("\ufeff \t\r\n")[:MAX_CHARACTERS]
    if not text:
        return Feed(problem="the feed is empty")
    if text.startswith("{"):
        return _json_feed(text, base)
    if not _FEED_ROOT.search(text[:20_000]):
        return Feed(problem=f"no feed: it begins with {text[:60]!r}")
    return _xml_feed(text, base)


def _xml_feed(text: str, base: LinkBase) -> Feed:
    import feedparser  # 0.1 s of CPU, for nothing in crawls that see no feed

    clean = printable(without_prologue(text))
    ends = [found.end() for found in islice(_ENTRY_END.finditer(clean), _MOST_ENTRIES + 1)]
    cut = len(ends) > _MOST_ENTRIES
    clean = clean[: ends[_MOST_ENTRIES - 1]] if cut else clean
    parsed = feedparser.parse(
        io.BytesIO(clean.encode("utf-8", "replace")),
        response_headers={"content-type": "application/xml; charset=utf-8", "content-location": base.url},
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    # RSS knows one date only, which feedparser calls updated where it is Dublin Core's
    only_date = str(parsed.get("version", "")).startswith("rss")
    entries = tuple(
        entry for item in parsed.entries[:_MOST_ENTRIES] if (entry := _entry(item, base, only_date)) is not None
    )
    problem = None
    if cut:
        problem = f"the feed lists more than {_MOST_ENTRIES} entries; the rest is unread"
    elif parsed.bozo:
        problem = f"the feed is not well-formed ({one_line(str(parsed.get('bozo_exception', '')))[:200]})"
        problem += f"; {len(entries)} entries were read in spite of it"
    elif not entries:
        problem = "the feed lists no entry with an address"
    return Feed(entries=entries, title=_plain(parsed.feed.get("title")), problem=problem)


def _entry(item: Any, base: LinkBase, only_date: bool) -> FeedEntry | None:
    rated = [(link.get("rel", "alternate"), link.get("href")) for link in item.get("links", [])]
    links = [href for wanted in ("alternate", "self") for relation, href in rated if relation == wanted]
    link = _first_address(base, *links, item.get("link"), item.get("id"))
    if link is None:
        return None
    published = item.get("published")
    modified = item.get("updated") if "updated" in item.keys() else None  # noqa: SIM118 - its `in` answers for aliases
    if only_date and published is None:
        published, modified = modified, None
    return FeedEntry(
        url=link.address,
        url_raw=link.worded,
        title=_plain(item.get("title")),
        summary_raw=_summary(item.get("summary")),
        published_raw=published or None,
        published_at=_at(published),
        modified_raw=modified or None,
        modified_at=_at(modified),
    )


@dataclass(frozen=True, slots=True)
class _Link:
    address: str
    worded: str


def _first_address(base: LinkBase, *links: object) -> _Link | None:
    for link in links:
        if isinstance(link, str) and link.strip():
            address, worded = base.resolve(link), absolute(base.url, link)
            if address is not None and worded is not None:
                return _Link(address, worded)
    return None


def _at(raw: str | None) -> datetime | None:
    moment = read_moment(raw, "en")
    return moment.at(None) if moment else None


def _plain(title: object) -> str | None:
    """The title as text: some feeds write it as HTML."""
    if not isinstance(title, str) or not title.strip():
        return None
    if not _MARKUP.search(title):
        return one_line(title)
    tree = parse(f"<div>{title}</div>")
    return None if tree is None else one_line("".join(tree.itertext())) or None


def _summary(text: object) -> str | None:
    """The beginning of an entry's summary, with its markup."""
    return (text[:_LONGEST_SUMMARY].strip() or None) if isinstance(text, str) else None


def _json_feed(text: str, base: LinkBase) -> Feed:
    """JSON Feed 1 and 1.1 (jsonfeed.org)."""
    try:
        feed = json.loads(text)
        items = feed.get("items")
    except (ValueError, RecursionError, AttributeError):
        return Feed(problem="no feed: the JSON cannot be read")
    if not isinstance(items, list):
        return Feed(problem="no feed: the JSON lists no items")
    entries = []
    for item in items[:_MOST_ENTRIES]:
        if not isinstance(item, dict):
            continue
        link = _first_address(base, item.get("url"), item.get("external_url"), item.get("id"))
        if link is None:
            continue
        published, modified = _text(item.get("date_published")), _text(item.get("date_modified"))
        entries.append(
            FeedEntry(
                url=link.address,
                url_raw=link.worded,
                title=_plain(item.get("title")),
                summary_raw=_summary(item.get("summary")),
                published_raw=published,
                published_at=_at(published),
                modified_raw=modified,
                modified_at=_at(modified),
            )
        )
    return Feed(
        entries=tuple(entries),
        title=_plain(feed.get("title")),
        problem=None if entries else "the feed lists no entry with an address",
    )


def _text(value: object) -> str | None:
    return value.strip() or None if isinstance(value, str) else None
