"""Which captures show the pictures and files that a record names.

In: the addresses, and the capture in which they were named. Out: captures by address. Addresses of media are
signed and expire, so only what the same crawl fetched is known to be what the page showed.
"""

from collections.abc import Collection

from sqlalchemy import Connection, func, literal_column, select

from processors.surt import surt_key
from storage.access_labels import EVERYONE, Viewer
from storage.catalogue.captures import Capture, capture_of, captures_joined
from storage.catalogue.tables import SURT_INDEXED, captures


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
