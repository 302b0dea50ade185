"""What Telegram's preview named and did not give, so that another path can fetch it: an open list with reasons.

In: the readings of all sources or of one. Out: `WithheldPost`s, by channel and post. An entry closes when a later
page gives what was withheld, or when the post came in with an export from the application. Derived at every
question, so a rebuild answers the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Connection, select

from processors.telegram.layouts import line_of
from storage.access_labels import EVERYONE, Viewer, visible_to
from storage.catalogue.tables import captures, readings, records, sightings

_CLOSED: Final = ("login_wall", "restricted")


@dataclass(frozen=True, slots=True)
class WithheldPost:
    """One thing that is still owed; ``natural_key`` is None where it is a whole channel.

    ``first_at`` and ``last_at``: when pages said so; ``capture_ids``: the pages of both.
    """

    source_id: str
    natural_key: str | None
    url: str
    reason: str
    first_at: datetime
    last_at: datetime
    capture_ids: tuple[str, ...]


def withheld_posts(
    connection: Connection, source_id: str | None = None, *, viewer: Viewer = EVERYONE
) -> tuple[WithheldPost, ...]:
    """The open list of one source, or of all."""
    open_: dict[tuple[str, str], WithheldPost] = {}
    for row in _post_sightings(connection, source_id, viewer):
        reasons = [
            item["reason"] for item in row.withheld or () if row.natural_key.endswith(f"/{item['post_id']}")
        ]
        key = (row.natural_key, line_of(row.parser_version))
        if not reasons:
            open_.pop(key, None)
            continue
        before = open_.get(key)
        open_[key] = WithheldPost(
            source_id=row.source_id,
            natural_key=row.natural_key,
            url=row.url,
            reason="; ".join(dict.fromkeys(reasons)),
            first_at=before.first_at if before else row.captured_at,
            last_at=row.captured_at,
            capture_ids=tuple(dict.fromkeys([*(before.capture_ids[:1] if before else ()), row.capture_id])),
        )
    had = set(_exported(connection, viewer))
    posts = [each for each in open_.values() if each.natural_key not in had]
    return (
        *_closed_channels(connection, source_id, viewer),
        *sorted(posts, key=lambda each: (each.source_id, each.first_at, each.natural_key)),
    )


def _closed_channels(connection: Connection, source_id: str | None, viewer: Viewer) -> Iterator[WithheldPost]:
    """Addresses whose newest page says that the channel is shown only inside Telegram, or not at all."""
    query = (
        select(readings)
        .join(captures, captures.c.id == readings.c.capture_id)
        .where(readings.c.kind == "telegram", visible_to(viewer, captures.c.access_label))
        .order_by(readings.c.source_id, readings.c.url, readings.c.captured_at, readings.c.capture_id)
    )
    if source_id is not None:
        query = query.where(readings.c.source_id == source_id)
    for (source, url), visits in groupby(connection.execute(query), key=lambda row: (row.source_id, row.url)):
        closed: list[Any] = []
        for row in visits:
            closed = [*closed, row] if row.outcome in _CLOSED else []
        if closed:
            yield WithheldPost(
                source_id=source,
                natural_key=None,
                url=url,
                reason=closed[-1].outcome_reason,
                first_at=closed[0].captured_at,
                last_at=closed[-1].captured_at,
                capture_ids=tuple(dict.fromkeys((closed[0].capture_id, closed[-1].capture_id))),
            )


def _post_sightings(connection: Connection, source_id: str | None, viewer: Viewer) -> Iterator[Any]:
    """Every sighting of a post on a preview page, oldest first, with what its page withheld."""
    query = (
        select(
            sightings.c.source_id,
            sightings.c.capture_id,
            sightings.c.captured_at,
            sightings.c.parser_version,
            sightings.c.content["url"].astext.label("url"),
            records.c.natural_key,
            readings.c.coverage["withheld"].label("withheld"),
        )
        .join(records, records.c.id == sightings.c.record_id)
        .join(
            readings,
            (readings.c.capture_id == sightings.c.capture_id)
            & (readings.c.parser_version == sightings.c.parser_version),
        )
        .where(readings.c.kind == "telegram", records.c.kind == "telegram_post")
        .where(visible_to(viewer, sightings.c.access_label))
        .order_by(sightings.c.captured_at, sightings.c.capture_id, records.c.natural_key)
    )
    if source_id is not None:
        query = query.where(sightings.c.source_id == source_id)
    yield from connection.execute(query)


def _exported(connection: Connection, viewer: Viewer) -> Iterator[str]:
    """Posts that an export brought whole."""
    query = (
        select(records.c.natural_key)
        .join(sightings, sightings.c.record_id == records.c.id)
        .join(
            readings,
            (readings.c.capture_id == sightings.c.capture_id)
            & (readings.c.parser_version == sightings.c.parser_version),
        )
        .where(readings.c.kind == "telegram_export", visible_to(viewer, sightings.c.access_label))
    )
    yield from connection.scalars(query)


def withheld_json(found: WithheldPost) -> dict[str, Any]:
    """JSON-ready row of kind ``withheld_posts``, but for its times, which stay times."""
    return {
        "kind": "withheld",
        "source": found.source_id,
        "natural_key": found.natural_key,
        "url": found.url,
        "reason": found.reason,
        "first_at": found.first_at,
        "last_at": found.last_at,
        "capture_ids": list(found.capture_ids),
    }
