"""What the captures of each file came to: counts for pages of many nights, which would count all captures else.

In: a connection of the writer, in a transaction; keys of files. Out: rows of ``catalogue.crawl_counts``: by UTC
day, access label and outcome how many pages and records there are. Guaranteed: the rows of a file are those that
its captures and readings give at that moment, however often it is counted; of two transactions that count one file
the second waits and then sees what the first has written. A file belongs to one crawl, so the counts of a crawl
are the sums over its files.
"""

from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import Connection, Date, Select, Text, bindparam, cast, delete, func, insert, or_, select, text
from sqlalchemy.dialects.postgresql import ARRAY

from storage.catalogue.tables import captures, crawl_counts, readings

COUNTING_KEY: Final = 7_305_510_014
"""Advisory lock: a number of our own, held from counting to the end of the transaction."""

ROBOTS: Final = "%)/robots.txt"
"""How the SURT key of a robots.txt ends: it is requested of every host, and is no page."""


def count_files(connection: Connection, keys: Collection[str]) -> None:
    """Count these files anew."""
    if not keys:
        return
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": COUNTING_KEY})
    connection.execute(delete(crawl_counts).where(crawl_counts.c.warc_key == _any_of("keys")), _among(keys))
    count_new_files(connection, keys)


def count_new_files(connection: Connection, keys: Collection[str]) -> None:
    """The same of files that this transaction has brought and that nobody else can see: it waits for nobody."""
    counted = _counted().where(captures.c.warc_key == _any_of("keys"))
    names = [column.name for column in counted.selected_columns]
    connection.execute(insert(crawl_counts).from_select(names, counted), _among(keys))


def _any_of(name: str) -> Any:
    return func.any(bindparam(name, type_=ARRAY(Text)))


def _among(keys: Collection[str]) -> dict[str, list[str]]:
    return {"keys": sorted(keys)}


def _counted() -> Select[Any]:
    """A page is a capture with an outcome: that of its reading, or of a request that got no answer.

    What a browser showed is read from the rendering, and then its exchange has no reading
    (`storage.catalogue.dom_renderings`), so it counts once.
    """
    outcome = func.coalesce(readings.c.outcome, captures.c.transport_outcome)
    by = (
        captures.c.warc_key,
        cast(func.timezone("UTC", captures.c.captured_at), Date).label("day"),
        captures.c.access_label,
        outcome.label("outcome"),
        captures.c.source_id,
        captures.c.crawl_id,
    )
    return (
        select(
            *by,
            func.count(captures.c.id.distinct()).label("pages"),
            func.coalesce(func.sum(readings.c.records), 0).label("records"),
            func.max(captures.c.captured_at).label("newest_at"),
        )
        .outerjoin(readings, readings.c.capture_id == captures.c.id)
        .where(
            or_(readings.c.outcome.is_not(None), captures.c.transport_outcome.is_not(None)),
            captures.c.surt.not_like(ROBOTS),
        )
        .group_by(*(getattr(each, "element", each) for each in by))
    )
