"""Pictures and videos that came to a source lately and had been seen before.

In: a reading connection, since when, whom the answer is for. Out: `RecurringMedium`s, the newest first. "Came to a
source": no earlier capture of the source had the same bytes; addresses alone say nothing, since signed ones change
with every visit. "Seen before": another source had the same bytes earlier, or any source had another file of its
group of similar media earlier. Nothing is told of captures that the viewer may not see.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, FromClause, Select, Subquery, and_, or_, select, true

from storage.access_labels import EVERYONE, Viewer, visible_to
from storage.catalogue.tables import captures, group_members, media, occurrences

LOOKED_AT: Final = 5000
"""Occurrences of media looked at, the newest; a night of some hundred sources has fewer."""


@dataclass(frozen=True, slots=True)
class RecurringMedium:
    """A medium in a capture, and the earliest capture of it, or of a file of its group, before that."""

    sha256: str
    media_type: str | None
    source_id: str
    capture_id: str
    captured_at: datetime
    earlier_sha256: str
    earlier_source_id: str
    earlier_capture_id: str
    earlier_at: datetime


def recurring_media(
    connection: Connection, since: datetime, *, viewer: Viewer = EVERYONE, limit: int
) -> tuple[RecurringMedium, ...]:
    """Media that came to a source since the moment and were seen before; each with its earliest occurrence."""
    newest = (
        select(
            occurrences.c.sha256,
            captures.c.source_id,
            captures.c.id.label("capture_id"),
            captures.c.captured_at,
        )
        .join(occurrences, occurrences.c.capture_id == captures.c.id)
        .where(captures.c.captured_at >= since, visible_to(viewer, captures.c.access_label))
        .order_by(captures.c.captured_at.desc(), captures.c.id)
        .limit(LOOKED_AT)
        .subquery("newest")
    )
    same, of_same = occurrences.alias("same"), captures.alias("of_same")
    known_here = (
        select(same.c.sha256)
        .join(of_same, of_same.c.id == same.c.capture_id)
        .where(
            same.c.sha256 == newest.c.sha256,
            of_same.c.source_id == newest.c.source_id,
            or_(
                of_same.c.captured_at < newest.c.captured_at,
                and_(of_same.c.captured_at == newest.c.captured_at, of_same.c.id < newest.c.capture_id),
            ),
            visible_to(viewer, of_same.c.access_label),
        )
        .exists()
    )
    found: dict[tuple[str, str], RecurringMedium] = {}
    for earlier in (_earlier_of_same(newest, viewer), _earlier_of_similar(newest, viewer)):
        query = (
            select(
                newest,
                media.c.media_type,
                earlier.c.sha256.label("earlier_sha256"),
                earlier.c.source_id.label("earlier_source_id"),
                earlier.c.capture_id.label("earlier_capture_id"),
                earlier.c.captured_at.label("earlier_at"),
            )
            .select_from(newest.join(media, media.c.sha256 == newest.c.sha256).join(earlier, true()))
            .where(~known_here)
            .order_by(newest.c.captured_at.desc(), newest.c.capture_id)
            .limit(limit)
        )
        for row in connection.execute(query):
            medium = RecurringMedium(**row._mapping)
            before = found.setdefault((medium.capture_id, medium.sha256), medium)
            if medium.earlier_at < before.earlier_at:
                found[medium.capture_id, medium.sha256] = medium
    newest_first = sorted(found.values(), key=lambda each: (each.captured_at, each.capture_id), reverse=True)
    return tuple(newest_first[:limit])


def _earlier_of_same(newest: Subquery, viewer: Viewer) -> FromClause:
    """The earliest capture of the same bytes at another source."""
    before, of_before = occurrences.alias("before"), captures.alias("of_before")
    return (
        _earliest(before, of_before, newest, viewer)
        .where(before.c.sha256 == newest.c.sha256, of_before.c.source_id != newest.c.source_id)
        .lateral("earlier")
    )


def _earlier_of_similar(newest: Subquery, viewer: Viewer) -> FromClause:
    """The earliest capture of another file of its group."""
    before, of_before = occurrences.alias("before"), captures.alias("of_before")
    own_group, other = group_members.alias("own_group"), group_members.alias("other")
    return (
        _earliest(before, of_before, newest, viewer)
        .join(other, other.c.sha256 == before.c.sha256)
        .join(own_group, own_group.c.group_id == other.c.group_id)
        .where(own_group.c.sha256 == newest.c.sha256, other.c.sha256 != newest.c.sha256)
        .lateral("earlier")
    )


def _earliest(before: FromClause, of_before: FromClause, newest: Subquery, viewer: Viewer) -> Select[Any]:
    return (
        select(before.c.sha256, of_before.c.source_id, of_before.c.id.label("capture_id"), of_before.c.captured_at)
        .select_from(before)
        .join(of_before, of_before.c.id == before.c.capture_id)
        .where(of_before.c.captured_at < newest.c.captured_at, visible_to(viewer, of_before.c.access_label))
        .correlate(newest)
        .order_by(of_before.c.captured_at, of_before.c.id)
        .limit(1)
    )
