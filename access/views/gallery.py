"""The gallery: what was captured on a day as thumbnails, by source, or by group of similar media.

In: the archive, a day and filters, whom the answer is for. Out: values for the page: items with the path of their
thumbnail, the record that shows each, and the days beside.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import chain, groupby
from typing import Any, Final

from access.rendering.formatting import heading
from access.views.changes import sources_of
from access.views.safe_images import PICTURE_TYPES
from access.views.video_frames import frame_path, picture_path
from processors.media.frame_rendering import can_draw
from storage.access_labels import EVERYONE, Viewer
from storage.archive import Archive
from storage.catalogue.records import RecordSighting
from storage.ledger.assessments import VerificationStatus, statuses_of
from storage.queries.gallery import GalleryItem, GalleryKind, day_beside, gallery_of_day, members_of_groups
from storage.queries.surroundings import records_showing

LEAST_PX: Final = 96
"""Shorter side in pixels below which a picture is an icon: of a channel, of a reaction, of a map."""

MOST_GROUPS: Final = 40
MOST_OF_GROUP: Final = 12
LARGE_BYTES: Final = 1 << 20
"""A larger picture is shown as a small one of our own making."""


@dataclass(frozen=True, slots=True)
class GalleryFilters:
    """``day`` None: the newest on which there is something. ``small``: icons as well.

    ``status``: files that stand so after what analysts found out.
    """

    day: date | None = None
    source: str | None = None
    kind: GalleryKind | None = None
    small: bool = False
    status: VerificationStatus | None = None


def gallery(
    archive: Archive, filters: GalleryFilters, *, viewer: Viewer = EVERYONE, most: int = 60, offset: int = 0
) -> dict[str, Any]:
    """``day``, ``before`` and ``after`` (days with media, or None), ``total``, ``sources`` with their ``items``,
    and ``groups``: the groups that an item belongs to, with their members over all days.
    """
    known = sources_of(archive, viewer=viewer)
    asked = tuple(each for each in known if filters.source in (None, each))
    with archive.reader.connect() as connection:
        tomorrow = datetime.now(UTC).date() + timedelta(days=1)
        day = filters.day or day_beside(connection, tomorrow, asked, later=False, viewer=viewer) or tomorrow
        items, total = gallery_of_day(
            connection,
            day,
            asked,
            viewer=viewer,
            kind=filters.kind,
            least_px=0 if filters.small else LEAST_PX,
            status=filters.status,
            limit=most,
            offset=offset,
        )
        group_ids = list(dict.fromkeys(item.group_id for item in items if item.group_id))[:MOST_GROUPS]
        members = members_of_groups(connection, group_ids, viewer=viewer)
        shown_in = records_showing(connection, [item.capture for item in items], viewer=viewer)
        before = day_beside(connection, day, asked, later=False, viewer=viewer)
        after = day_beside(connection, day, asked, later=True, viewer=viewer)
        standing = statuses_of(
            connection, "medium", {str(each.sha256) for each in (*items, *chain(*members.values())) if each.sha256}
        )
    rows = [item_row(item, shown_in, members, standing) for item in items]
    by_source = groupby(rows, key=lambda row: row["source"])
    return {
        "day": day.isoformat(),
        "before": None if before is None else before.isoformat(),
        "after": None if after is None else after.isoformat(),
        "total": total,
        "all_sources": known,
        "sources": [{"source": source, "items": list(group)} for source, group in by_source],
        "groups": list(_groups(members, group_ids, shown_in, standing)),
    }


def item_row(
    item: GalleryItem,
    shown_in: Mapping[str, RecordSighting],
    members: Mapping[str, list[GalleryItem]],
    known: Mapping[str, str],
) -> dict[str, Any]:
    """One thumbnail: ``similar`` is how many others are in its group; ``known``: how media stand."""
    record = shown_in.get(item.capture.id)
    return {
        "capture_id": item.capture.id,
        "sha256": None if item.sha256 is None else str(item.sha256),
        "source": item.capture.source_id,
        "captured_at": item.capture.captured_at,
        "kind": item.kind,
        "media_type": item.media_type,
        "duration_s": item.duration_s,
        "url": item.capture.url,
        "image": thumbnail_of(item),
        "similar": max(0, len(members.get(item.group_id or "", ())) - 1),
        "record_id": None if record is None else record.record_id,
        "heading": None if record is None else heading(record.kind, record.content),
        "verification": None if item.sha256 is None else str(known.get(str(item.sha256), "unverified")),
    }


def thumbnail_of(item: GalleryItem) -> str | None:
    """The path that draws the item, None where nothing can."""
    if not item.drawable or item.media_type is None:
        return None
    return thumbnail_path(item.capture.id, item.media_type, item.length_bytes, item.duration_s)


def thumbnail_path(
    capture_id: str, media_type: str, length_bytes: int | None, duration_s: float | None
) -> str | None:
    """The path of a captured medium as a small picture: itself where it is one, else a frame of our own making."""
    if media_type in PICTURE_TYPES and (length_bytes or 0) < LARGE_BYTES:
        return picture_path(capture_id)
    return frame_path(capture_id, (duration_s or 0) / 3) if can_draw(media_type) else None


def _groups(
    members: Mapping[str, list[GalleryItem]],
    group_ids: Iterable[str],
    shown_in: Mapping[str, RecordSighting],
    known: Mapping[str, str],
) -> Iterable[dict[str, Any]]:
    for group_id in group_ids:
        items = members.get(group_id, [])
        if len(items) > 1:
            yield {
                "items": [item_row(item, shown_in, {}, known) for item in items[:MOST_OF_GROUP]],
                "total": len(items),
                "captures": sum(item.captures for item in items),
                "sources": len({item.capture.source_id for item in items}),
                "first_at": items[0].capture.captured_at,
            }
