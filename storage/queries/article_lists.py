"""What led the crawls of a news source to its articles: captures of its feeds, sitemaps and start pages.

In: the source, whom the answer is for. Out: `Lists` by crawl. Only what answered as a list counts: a page that
asks for consent or sets a challenge in a feed's place shows nothing of what the site held that night.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, func, literal_column, or_, select

from processors.surt import surt_key
from storage.access_labels import Viewer, visible_to
from storage.catalogue.tables import SURT_INDEXED, captures, outcomes, warcs

LISTED_IN: Final = ("feeds", "sitemaps", "start_pages")
"""Keys of a source's declaration that name such lists."""

ANSWERED: Final = (200, 304)
"""304: it lists what it listed when it was captured last (RFC 9110, section 15.4.5)."""


@dataclass(frozen=True, slots=True)
class Lists:
    """The captures of one crawl's lists in the order of their times; ``at`` is when the last of them was made."""

    capture_ids: tuple[str, ...]
    at: datetime


def lists_of_crawls(connection: Connection, source_id: str, viewer: Viewer) -> dict[str, Lists]:
    """By crawl id; crawls whose lists could not be read are left out."""
    declared = select(warcs.c.declaration).where(warcs.c.source_id == source_id).distinct()
    keys = {
        surt_key(url)
        for declaration in connection.scalars(declared)
        for name in LISTED_IN
        for url in (declaration or {}).get(name) or ()
    }
    if not keys:
        return {}
    query = (
        select(captures.c.id, captures.c.crawl_id, captures.c.captured_at)
        .outerjoin(outcomes, outcomes.c.capture_id == captures.c.id)
        .where(
            captures.c.source_id == source_id,
            func.left(captures.c.surt, literal_column(str(SURT_INDEXED))).in_(
                {key[:SURT_INDEXED] for key in keys}
            ),
            captures.c.surt.in_(keys),
            captures.c.status.in_(ANSWERED),
            captures.c.transport_outcome.is_(None),
            or_(outcomes.c.outcome.is_(None), outcomes.c.outcome == "content"),
            visible_to(viewer, captures.c.access_label),
        )
        .order_by(captures.c.captured_at, captures.c.id)
    )
    found: dict[str, Lists] = {}
    for row in connection.execute(query):
        before = found.get(row.crawl_id)
        ids = () if before is None else before.capture_ids
        found[row.crawl_id] = Lists((*ids, row.id), row.captured_at)
    return found
