"""Which captures show the pictures and files that a record names.

In: the addresses, and the capture in which they were named. Out: captures by address. Addresses of media are
signed and expire, so only what the same crawl fetched is known to be what the page showed.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, func, literal_column, select

from processors.surt import surt_key
from storage.access_labels import EVERYONE, Viewer
from storage.catalogue.captures import Capture, capture_of, captures_joined
from storage.catalogue.tables import SURT_INDEXED, captures, media, occurrences


@dataclass(frozen=True, slots=True)
class DrawableMedium:
    """A captured picture or video that can be decoded, by what its bytes are."""

    capture_id: str
    media_type: str
    length_bytes: int | None
    duration_s: float | None


def fetched_with(
    connection: Connection, urls: Collection[str], capture_id: str, *, viewer: Viewer = EVERYONE
) -> dict[str, Capture]:
    """The captures of these addresses by the crawl of that capture; the last where there are several."""
    keys = {url: surt_key(url) for url in urls}
    crawl = select(captures.c.crawl_id).where(captures.c.id == capture_id).scalar_subquery()
    query = (
        captures_joined(viewer)
        .where(
            func.left(captures.c.surt, literal_column(str(SURT_INDEXED))).in_(
                {key[:SURT_INDEXED] for key in keys.values()}
            ),
            captures.c.crawl_id == crawl,
        )
        .order_by(captures.c.captured_at, captures.c.id)
    )
    by_key = {row.surt: capture_of(row) for row in connection.execute(query)}
    return {url: by_key[key] for url, key in keys.items() if key in by_key}


def drawable_beside(
    connection: Connection, named: Mapping[str, Collection[str]], *, viewer: Viewer = EVERYONE
) -> dict[tuple[str, str], DrawableMedium]:
    """By the capture in which media were named, and their address: what the same crawl fetched under it.

    ``named`` has the addresses by capture. Two questions for a whole page of records.
    """
    keys = {url: surt_key(url) for urls in named.values() for url in urls}
    if not keys:
        return {}
    asked = select(captures.c.id, captures.c.crawl_id).where(captures.c.id.in_(named))
    crawls: dict[str, str] = {row.id: row.crawl_id for row in connection.execute(asked)}
    query = (
        captures_joined(viewer)
        .join(occurrences, occurrences.c.capture_id == captures.c.id)
        .join(media, media.c.sha256 == occurrences.c.sha256)
        .add_columns(media.c.media_type.label("sniffed_type"), media.c.length_bytes.label("bytes"))
        .add_columns(media.c.duration_s)
        .where(
            func.left(captures.c.surt, literal_column(str(SURT_INDEXED))).in_(
                {key[:SURT_INDEXED] for key in keys.values()}
            ),
            captures.c.crawl_id.in_(set(crawls.values())),
            media.c.refused.is_(None),
        )
        .order_by(captures.c.captured_at, captures.c.id)
    )
    found = {
        (row.crawl_id, row.surt): DrawableMedium(row.id, row.sniffed_type, row.bytes, row.duration_s)
        for row in connection.execute(query)
    }
    return {
        (capture_id, url): found[crawls[capture_id], keys[url]]
        for capture_id, urls in named.items()
        for url in urls
        if capture_id in crawls and (crawls[capture_id], keys[url]) in found
    }
