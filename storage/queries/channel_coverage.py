"""What of a Telegram channel was seen: which ranges of post ids, when, and what is missing between them.

In: the readings of one source. Out: `ChannelCoverage` per channel. A page proves a whole range of ids
(`storage.queries.coverage`): ids in it that it did not show were not public then (deleted, or never posts). Ids
between ranges were never asked for: nothing is known of them, and nothing is claimed. Derived at every question,
so a rebuild answers the same.
"""

import heapq
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

from sqlalchemy import Connection, func, select

from storage.access_labels import EVERYONE, Viewer, visible_to
from storage.catalogue.tables import readings, records, sightings
from storage.queries.coverage import PostIdRange, span_of_page

POSTS_A_PAGE: Final = 20
"""A page with fewer posts and no cursor is the beginning of its channel (t.me/s, seen 2026-11-23)."""


@dataclass(frozen=True, slots=True)
class ChannelPage:
    """One page of a channel: the ids it covers, those of them it showed, and what the channel was called."""

    span: PostIdRange
    post_ids: tuple[int, ...]
    at: datetime
    capture_id: str
    handles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Range:
    """Ids seen whole, both ends included; ``last`` is the newest id known where the page had no upper end.

    ``pages`` counts those that covered it (the most, where parts differ); ``capture_ids``: the first and the last.
    """

    first: int
    last: int
    first_seen_at: datetime
    last_seen_at: datetime
    pages: int
    capture_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """Ids without a post, both ends included. ``visited``: pages covered the place and showed nothing there."""

    first: int
    last: int
    visited: bool


@dataclass(frozen=True, slots=True)
class Handle:
    """A name under which the channel was seen, and when first and last: names are aliases with dates."""

    name: str
    first_seen_at: datetime
    last_seen_at: datetime


@dataclass(frozen=True, slots=True)
class ChannelCoverage:
    """What was seen of one channel. ``posts`` counts ids that were shown at least once (album items too)."""

    channel: str
    newest_id: int
    posts: int
    ranges: tuple[Range, ...]
    gaps: tuple[Gap, ...]
    handles: tuple[Handle, ...] = ()


def coverage_of_source(
    connection: Connection, source_id: str, *, viewer: Viewer = EVERYONE
) -> tuple[ChannelCoverage, ...]:
    """One entry per channel that the source's pages showed."""
    pages: dict[str, list[ChannelPage]] = {}
    for page in _pages(connection, source_id, viewer):
        pages.setdefault(page.span.channel, []).append(page)
    return tuple(coverage_of_pages(channel, seen) for channel, seen in sorted(pages.items()))


def coverage_of_pages(channel: str, pages: Sequence[ChannelPage]) -> ChannelCoverage:
    """Put the pages of one channel together; ``pages`` has at least one."""
    shown = sorted({id_ for page in pages for id_ in page.post_ids})
    newest = shown[-1]
    ranges = tuple(_ranges(pages, newest))
    covered = [(each.first, each.last) for each in ranges]
    gaps = [*_absent(shown, covered), *_unvisited(covered)]
    return ChannelCoverage(
        channel=channel,
        newest_id=newest,
        posts=len(shown),
        ranges=ranges,
        gaps=tuple(sorted(gaps, key=lambda gap: gap.first)),
        handles=_handles(pages),
    )


def _handles(pages: Iterable[ChannelPage]) -> tuple[Handle, ...]:
    """Each name with its first and last page, in the order in which they were first seen."""
    moments_by_name: dict[str, list[datetime]] = {}
    for page in pages:
        for name in page.handles:
            moments_by_name.setdefault(name, []).append(page.at)
    found = (Handle(name, min(moments), max(moments)) for name, moments in moments_by_name.items())
    return tuple(sorted(found, key=lambda handle: (handle.first_seen_at, handle.name)))


def _ranges(pages: Iterable[ChannelPage], newest: int) -> Iterator[Range]:
    """Cut the pages' spans at every end, so that each range was seen first and last by the same pages."""
    by_time = sorted(pages, key=lambda page: (page.at, page.capture_id))
    begins: dict[int, list[int]] = {}
    ends: dict[int, list[int]] = {}
    for number, page in enumerate(by_time):
        last = newest if math.isinf(page.span.last) else int(page.span.last)
        begins.setdefault(int(page.span.first), []).append(number)
        ends.setdefault(last + 1, []).append(number)
    cuts = sorted({*begins, *ends})
    now: set[int] = set()
    earliest: list[int] = []
    latest: list[int] = []
    waiting: Range | None = None
    for first, after in pairwise(cuts):
        now.difference_update(ends.get(first, ()))
        for number in begins.get(first, ()):
            now.add(number)
            heapq.heappush(earliest, number)
            heapq.heappush(latest, -number)
        while earliest and earliest[0] not in now:
            heapq.heappop(earliest)
        while latest and -latest[0] not in now:
            heapq.heappop(latest)
        if not now:
            continue
        made = _range(first, after - 1, by_time[earliest[0]], by_time[-latest[0]], len(now))
        if waiting is not None and waiting.last + 1 == first and waiting.capture_ids == made.capture_ids:
            waiting = replace(waiting, last=made.last, pages=max(waiting.pages, made.pages))
            continue
        if waiting is not None:
            yield waiting
        waiting = made
    if waiting is not None:
        yield waiting


def _range(first: int, last: int, oldest: ChannelPage, newest: ChannelPage, pages: int) -> Range:
    return Range(
        first=first,
        last=last,
        first_seen_at=oldest.at,
        last_seen_at=newest.at,
        pages=pages,
        capture_ids=tuple(dict.fromkeys((oldest.capture_id, newest.capture_id))),
    )


def _absent(shown: list[int], covered: list[tuple[int, int]]) -> Iterator[Gap]:
    """Runs of ids that pages covered and never showed."""
    for start, end in _merged(covered):
        inside = [id_ for id_ in shown if start <= id_ <= end]
        for before, after in pairwise([start - 1, *inside, end + 1]):
            if after - before > 1:
                yield Gap(before + 1, after - 1, visited=True)


def _unvisited(covered: list[tuple[int, int]]) -> Iterator[Gap]:
    """Runs of ids that no page covered, from the first id a channel can have."""
    joined = list(_merged(covered))
    for (_, end), (start, _) in pairwise([(0, 0), *joined]):
        if start - end > 1:
            yield Gap(end + 1, start - 1, visited=False)


def _merged(covered: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    start: int | None = None
    end = 0
    for first, last in covered:
        if start is not None and first > end + 1:
            yield start, end
            start = None
        start = first if start is None else start
        end = last
    if start is not None:
        yield start, end


def _pages(connection: Connection, source_id: str, viewer: Viewer) -> Iterator[ChannelPage]:
    channels = (
        select(
            sightings.c.capture_id,
            sightings.c.parser_version,
            func.array_agg(func.distinct(records.c.natural_key)).label("keys"),
            func.array_agg(func.distinct(sightings.c.content["channel"].astext)).label("handles"),
        )
        .join(records, records.c.id == sightings.c.record_id)
        .where(sightings.c.source_id == source_id, records.c.kind == "telegram_post")
        .where(visible_to(viewer, sightings.c.access_label))
        .group_by(sightings.c.capture_id, sightings.c.parser_version)
        .subquery()
    )
    query = (
        select(readings, channels.c["keys"].label("natural_keys"), channels.c.handles)
        .join(
            channels,
            (channels.c.capture_id == readings.c.capture_id)
            & (channels.c.parser_version == readings.c.parser_version),
        )
        .where(readings.c.source_id == source_id, readings.c.kind == "telegram")
        .order_by(readings.c.captured_at, readings.c.capture_id)
    )
    for row in connection.execute(query):
        span = span_of_page(row.url, row.outcome, row.natural_keys)
        if span is not None:
            if row.links.get("older") is None and len(row.natural_keys) < POSTS_A_PAGE:
                span = replace(span, first=1.0)
            handles = tuple(sorted(filter(None, row.handles)))
            yield ChannelPage(span, _ids(row.coverage, row.natural_keys), row.captured_at, row.capture_id, handles)


def _ids(coverage: dict[str, Any] | None, natural_keys: Sequence[str]) -> tuple[int, ...]:
    """Every id the page's posts consumed, an album's items among them."""
    stated = (coverage or {}).get("post_ids") or ()
    return tuple(sorted({int(id_) for id_ in (*stated, *(key.rpartition("/")[2] for key in natural_keys))}))


def coverage_json(source_id: str, found: ChannelCoverage) -> dict[str, Any]:
    """JSON-ready row of kind ``coverage``, but for its times, which stay times."""
    return {
        "kind": "coverage",
        "source": source_id,
        "channel": found.channel,
        "handles": [
            {"name": each.name, "first_seen_at": each.first_seen_at, "last_seen_at": each.last_seen_at}
            for each in found.handles
        ],
        "newest_id": found.newest_id,
        "posts": found.posts,
        "ranges": [
            {
                "first": each.first,
                "last": each.last,
                "first_seen_at": each.first_seen_at,
                "last_seen_at": each.last_seen_at,
                "pages": each.pages,
                "capture_ids": list(each.capture_ids),
            }
            for each in found.ranges
        ],
        "gaps": [{"first": gap.first, "last": gap.last, "visited": gap.visited} for gap in found.gaps],
    }
