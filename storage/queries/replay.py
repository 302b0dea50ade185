"""What a replay may show of an address: its captures within one crawl, and the one nearest to a moment.

In: a URL, a crawl or none, a moment, a reading connection, whom the answer is for. Out: `Capture`s that hold a
response, or stand for one that does.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, func, literal, literal_column

from processors.surt import surt_key
from storage.access_labels import EVERYONE, Viewer
from storage.catalogue.captures import Capture, capture_of, captures_joined
from storage.catalogue.tables import SURT_INDEXED, captures

REPLAYED: Final = ("response", "resource", "revisit")


def captures_near(
    connection: Connection, url: str, at: datetime, *, crawl_id: str, viewer: Viewer = EVERYONE, most: int = 5
) -> Iterator[Capture]:
    """The captures of the page within the crawl: of exactly this address first, then the nearest to the moment."""
    away = func.abs(func.extract("epoch", captures.c.captured_at - literal(at)))
    query = (
        captures_joined(viewer)
        .where(
            _indexed() == surt_key(url)[:SURT_INDEXED],
            captures.c.surt == surt_key(url),
            captures.c.crawl_id == crawl_id,
            captures.c.record_type.in_(REPLAYED),
        )
        .order_by((captures.c.url == url).desc(), away, captures.c.captured_at, captures.c.id)
        .limit(most)
    )
    return (capture_of(row) for row in connection.execute(query))


def capture_nearest(
    connection: Connection, url: str, at: datetime, *, viewer: Viewer = EVERYONE
) -> Capture | None:
    """Of all crawls, the capture of the page that is nearest to the moment; the later of two as near."""
    here = captures_joined(viewer).where(
        _indexed() == surt_key(url)[:SURT_INDEXED],
        captures.c.surt == surt_key(url),
        captures.c.record_type.in_(REPLAYED),
    )
    earlier = here.where(captures.c.captured_at <= at).order_by(
        captures.c.captured_at.desc(), captures.c.id.desc()
    )
    later = here.where(captures.c.captured_at > at).order_by(captures.c.captured_at, captures.c.id)
    found = [
        capture_of(row)
        for row in (connection.execute(query.limit(1)).first() for query in (later, earlier))
        if row is not None
    ]
    return min(found, key=lambda each: abs(each.captured_at - at), default=None)


def captures_beginning(
    connection: Connection, url: str, *, crawl_id: str, viewer: Viewer = EVERYONE, most: int = 100
) -> Iterator[Capture]:
    """The captures within the crawl whose address begins so, for tools that look for one that is much the same."""
    key = surt_key(url)[:SURT_INDEXED]
    query = (
        captures_joined(viewer)
        .where(
            _indexed() >= key,
            _indexed() < key + "\U0010ffff",
            captures.c.crawl_id == crawl_id,
            captures.c.record_type.in_(REPLAYED),
        )
        .order_by(captures.c.surt, captures.c.captured_at, captures.c.id)
        .limit(most)
    )
    return (capture_of(row) for row in connection.execute(query))


def _indexed() -> ColumnElement[str]:
    """What the index `captures_of_url` holds."""
    return func.left(captures.c.surt, literal_column(str(SURT_INDEXED)))
