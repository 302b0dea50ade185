"""Which place of a source a visit has seen whole, so that what is not there can be called missing.

In: `PageReading`s, one per page reading, oldest first. Out: `Observation`s, oldest first. Pure. A channel page
covers a span of post ids: without a cursor it shows the newest posts and covers from its oldest on; with
``before=N`` to N - 1, with ``after=N`` from N + 1 (t.me/s, seen 2026-11-23). A list is covered by all its pages in
one crawl, a document beside it by itself, an article by its own address. That an article was added shows against
the lists of an earlier crawl that did not lead to it; an address that was asked for before, and answered with
anything but that there is no such page, was there before.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from processors.surt import surt_key
from storage.queries.article_lists import Lists
from storage.queries.start_pages import StartPages


@dataclass(frozen=True, slots=True)
class ObservedRecord:
    """A record as one capture showed it."""

    record_id: str
    record_kind: str
    natural_key: str
    version_id: str
    content: Mapping[str, Any]
    url: str | None
    capture_id: str
    at: datetime
    beside: bool = False
    """Whether it stood in a document that the list hands out: yesterday's may be taken down and say nothing."""


@dataclass(frozen=True, slots=True)
class PageReading:
    """One reading of one captured page."""

    capture_id: str
    parser_version: str
    kind: str
    crawl_id: str
    url: str
    at: datetime
    outcome: str
    next_pages: tuple[str, ...]
    documents: tuple[str, ...]
    shown: tuple[ObservedRecord, ...]
    lists: Lists | None = None
    entry_pages: tuple[str, ...] = ()
    """Pages of single entries, to which a list links that does not show them whole."""
    partial: bool = False
    """Of an own kind whose pages do not show everything there is."""
    start_pages: StartPages | None = None
    """With what its crawl began; None where no file says it."""


@dataclass(frozen=True, slots=True)
class PostIdRange:
    """Post ids of one channel, both ends included."""

    channel: str
    first: float
    last: float


@dataclass(frozen=True, slots=True)
class Observation:
    """What was there at one time, and which place was seen whole (None of each: not a place of that sort).

    ``capture_ids``: those that cover the place; a document beside a list has its own in ``documents_read``.
    ``lists``: what led the crawl to articles. ``there``: the address of a page that was there, whatever it said.
    """

    parser_version: str
    at: datetime
    crawl_id: str
    capture_ids: tuple[str, ...]
    shown: Mapping[str, ObservedRecord]
    span: PostIdRange | None = None
    whole_list: bool = False
    address: str | None = None
    there: str | None = None
    lists: Lists | None = None
    documents_linked: frozenset[str] = frozenset()
    documents_read: Mapping[str, str] = field(default_factory=dict)

    def covers(self, thing: ObservedRecord) -> bool:
        """Whether the thing would have been seen here, had it been there."""
        if self.whole_list:
            return not thing.beside or _place(thing) in self.documents_read
        if self.span is not None and thing.record_kind == "telegram_post":
            channel, _, post_id = thing.natural_key.rpartition("/")
            return channel == self.span.channel and self.span.first <= int(post_id) <= self.span.last
        return self.address is not None and thing.url is not None and surt_key(thing.url) == self.address

    def proves_absence_of(self, thing: ObservedRecord, later: "Observation") -> bool:
        """Whether the thing, first seen ``later``, was not there when this was seen."""
        if thing.record_kind == "article":
            return self.lists is not None and self.crawl_id != later.crawl_id
        if thing.beside and self.whole_list and _place(thing) not in self.documents_linked:
            return True
        return self.covers(thing)

    def proof_without(self, thing: ObservedRecord) -> tuple[tuple[str, ...], datetime]:
        """The captures that cover the place of a thing that is not there, and when the last of them was made."""
        if thing.record_kind == "article" and self.lists is not None and self.address is None:
            return self.lists.capture_ids, self.lists.at
        read = self.documents_read.get(_place(thing) or "") if thing.beside else None
        return (self.capture_ids if read is None else (read,)), self.at


def _place(thing: ObservedRecord) -> str | None:
    return None if thing.url is None else surt_key(thing.url)


def observations(visits: Iterable[PageReading]) -> Iterator[Observation]:
    """Put visits together to what each, or a crawl of them, has seen whole; in the order of their times."""
    by_crawl: dict[tuple[str, str, str], list[PageReading]] = {}
    found: list[Observation] = []
    for visit in visits:
        if visit.kind == "telegram":
            found.append(_channel_page(visit))
        elif visit.kind == "telegram_export" or visit.partial:
            found.append(_proves_nothing_missing(visit))
        elif visit.kind == "news":
            found.append(_article_page(visit))
        else:
            by_crawl.setdefault((visit.crawl_id, visit.kind, visit.parser_version), []).append(visit)
    found.extend(_list(pages) for pages in by_crawl.values())
    yield from sorted(found, key=lambda observation: (observation.at, observation.capture_ids))


def _channel_page(visit: PageReading) -> Observation:
    return Observation(
        parser_version=visit.parser_version,
        at=visit.at,
        crawl_id=visit.crawl_id,
        capture_ids=(visit.capture_id,),
        shown={each.record_id: each for each in visit.shown},
        span=span_of_page(
            visit.url,
            visit.outcome,
            [each.natural_key for each in visit.shown if each.record_kind == "telegram_post"],
        ),
    )


def span_of_page(url: str, outcome: str, natural_keys: Iterable[str]) -> PostIdRange | None:
    """The ids that a page of a channel covers, by its address and its posts; None for any other page."""
    parts = urlsplit(url)
    parameters = parse_qs(parts.query)
    posts = [key.rpartition("/") for key in natural_keys]
    channels = {channel for channel, _, _ in posts}
    if outcome != "content" or len(channels) != 1 or not parts.path.startswith("/s/") or "q" in parameters:
        return None
    ids = [int(post_id) for _, _, post_id in posts]
    first, last = float(min(ids)), float(max(ids))
    before, after = (_number(parameters.get(name)) for name in ("before", "after"))
    if before is not None:
        last = max(last, before - 1)
    elif after is not None:
        first = min(first, after + 1)
    else:
        last = math.inf
    return PostIdRange(channels.pop(), first, last)


def _proves_nothing_missing(visit: PageReading) -> Observation:
    """An export may be of some months only, a page of an own kind show the newest: what is not there may be
    elsewhere.
    """
    return Observation(
        parser_version=visit.parser_version,
        at=visit.at,
        crawl_id=visit.crawl_id,
        capture_ids=(visit.capture_id,),
        shown={each.record_id: each for each in visit.shown},
    )


def _number(values: list[str] | None) -> float | None:
    return float(values[0]) if values and values[0].isdecimal() else None


def _article_page(visit: PageReading) -> Observation:
    """An article is looked for at its own address; it is missing if the site says that it has no such page."""
    gone = visit.outcome == "soft_404"
    return Observation(
        parser_version=visit.parser_version,
        at=visit.at,
        crawl_id=visit.crawl_id,
        capture_ids=(visit.capture_id,),
        shown={each.record_id: each for each in visit.shown},
        address=surt_key(visit.url) if gone else None,
        there=None if gone else surt_key(visit.url),
        lists=visit.lists,
    )


def _list(pages: list[PageReading]) -> Observation:
    """All pages of a list in one crawl, of each page the last visit.

    Whole where every page that the source names was read, every next page, and every page of a single entry.
    """
    last = {surt_key(page.url): page for page in sorted(pages, key=lambda page: (page.at, page.capture_id))}
    wanted = {surt_key(url) for page in last.values() for url in (*page.next_pages, *page.entry_pages)}
    beside = {surt_key(url) for page in last.values() for url in page.documents} - wanted
    start = pages[0].start_pages or StartPages(frozenset())
    parts = {
        key: page
        for key, page in last.items()
        if key not in beside
        and not key.endswith(")/robots.txt")
        and not (key in start.redirected and page.outcome == "empty")  # it says no more than where the list is
    }
    shown: dict[str, ObservedRecord] = {}
    for key, page in sorted(last.items(), key=lambda item: item[0] in beside):
        for each in page.shown:
            shown.setdefault(each.record_id, replace(each, beside=key in beside))
    return Observation(
        parser_version=pages[0].parser_version,
        at=max(page.at for page in pages),
        crawl_id=pages[0].crawl_id,
        capture_ids=tuple(page.capture_id for page in parts.values()),
        shown=shown,
        whole_list=wanted <= set(last)
        and all(page.outcome == "content" for page in parts.values())
        and _begins_whole(set(parts), wanted, start),
        documents_linked=frozenset(beside),
        documents_read={
            key: last[key].capture_id for key in sorted(beside & set(last)) if last[key].outcome == "content"
        },
    )


def _begins_whole(read: set[str], wanted: set[str], start: StartPages) -> bool:
    """Whether something was read of every page that the source names.

    One that led elsewhere counts as read where a page was read that nothing else accounts for. All are SURT keys.
    """
    if not read:
        return False
    lacking = start.declared - read
    elsewhere = read - wanted - start.declared
    return lacking <= start.redirected and len(elsewhere) >= len(lacking)
