"""Feeds and sitemaps of a source as they were deposited last, to ask for them on condition.

In: the archive, a source. Out: `CachedFeed`s, of those that a server answered whole and with a validator. Only the
newest capture counts: where that was a refusal or a cut answer, the listing is asked for without condition.
"""

from typing import Final

from crawlers.model.job import CachedFeed
from crawlers.watchlist.source import Source
from processors.http.message import UndecodableEntity, entity, header, parse_response
from storage.access_labels import EVERYONE
from storage.archive import Archive
from storage.catalogue.captures import Capture, capture_of, captures_joined
from storage.catalogue.tables import captures
from storage.deposit.record_reader import read_record

MOST_BYTES: Final = 1 << 20
"""Of one listing; a larger one is fetched again, since it would go with the job to every crawl."""
NOT_MODIFIED: Final = 304


def listings_of(archive: Archive, source: Source) -> tuple[CachedFeed, ...]:
    """Each feed and sitemap of the source that may be asked for on condition."""
    wanted = (*source.feeds, *source.sitemaps)
    found = (_listing(archive, source.id, url) for url in wanted)
    return tuple(listing for listing in found if listing is not None)


def _listing(archive: Archive, source_id: str, url: str) -> CachedFeed | None:
    capture = _newest(archive, source_id, url)
    if capture is None or capture.status != 200 or capture.truncated or capture.record_type != "response":
        return None
    if (capture.payload_length_bytes or 0) > MOST_BYTES:
        return None
    message = parse_response(read_record(archive, capture).block)
    etag, last_modified = header(message, "etag"), header(message, "last-modified")
    if etag is None and last_modified is None:
        return None
    try:
        content = entity(message, MOST_BYTES)
    except UndecodableEntity:
        return None
    return CachedFeed(url, etag, last_modified, content, header(message, "content-type"), capture.captured_at)


def _newest(archive: Archive, source_id: str, url: str) -> Capture | None:
    """The newest capture that is no 304: those say that the one before still holds."""
    query = (
        captures_joined(EVERYONE)
        .where(captures.c.source_id == source_id, captures.c.url == url, captures.c.record_type != "metadata")
        .where(captures.c.status.is_distinct_from(NOT_MODIFIED))
        .order_by(captures.c.captured_at.desc(), captures.c.id)
        .limit(1)
    )
    with archive.reader.connect() as connection:
        row = connection.execute(query).first()
    return None if row is None else capture_of(row)
