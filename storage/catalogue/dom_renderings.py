"""Pages that a browser has shown: the rendering of the final DOM, and the exchange it was made from.

In: a connection, capture ids. A rendering's capture refers to the exchange it depicts; only one of the two gives
records, or every night would show each record twice, in two wordings.
"""

from collections.abc import Collection
from typing import Final

from sqlalchemy import Connection, bindparam, delete, select

from storage.access_labels import EVERYONE, Viewer
from storage.catalogue.captures import Capture, capture_of, captures_joined
from storage.catalogue.tables import captures, page_texts, readings, sightings

_DOMS: Final = (
    select(captures.c.id)
    .where(
        captures.c.crawl_id
        == select(captures.c.crawl_id).where(captures.c.id == bindparam("exchange")).scalar_subquery(),
        captures.c.refers_to_id == bindparam("exchange"),
        captures.c.url.like("urn:dom:%"),
    )
    .order_by(captures.c.captured_at)
)


def doms_of_exchange(connection: Connection, capture_id: str) -> tuple[str, ...]:
    """The renderings of the final DOM of the page in this exchange."""
    return tuple(connection.scalars(_DOMS, {"exchange": capture_id}))


def renderings_of(
    connection: Connection, capture_ids: Collection[str], *, viewer: Viewer = EVERYONE
) -> tuple[Capture, ...]:
    """Everything that was made from these exchanges by their own crawls: DOM, screenshots, texts."""
    depicted = captures.alias("depicted")
    query = (
        captures_joined(viewer)
        .where(
            depicted.c.id.in_(capture_ids),
            captures.c.crawl_id == depicted.c.crawl_id,
            captures.c.refers_to_id == depicted.c.record_id,
            captures.c.record_type == "resource",
            captures.c.url.like("urn:%"),
        )
        .order_by(captures.c.captured_at, captures.c.id)
    )
    return tuple(map(capture_of, connection.execute(query)))


def exchanges_of_doms(connection: Connection, capture_ids: Collection[str]) -> dict[str, str | None]:
    """Those of the captures that are renderings of a DOM, each with the exchange it depicts, if known."""
    query = select(captures.c.id, captures.c.refers_to_id).where(
        captures.c.id.in_(capture_ids), captures.c.url.like("urn:dom:%")
    )
    return {row.id: row.refers_to_id for row in connection.execute(query)}


def forget_records(connection: Connection, capture_id: str) -> None:
    """Remove what was read from an exchange: its DOM is read in its place. Its outcome stays."""
    connection.execute(delete(page_texts).where(page_texts.c.capture_id == capture_id))
    connection.execute(delete(sightings).where(sightings.c.capture_id == capture_id))
    connection.execute(delete(readings).where(readings.c.capture_id == capture_id))
