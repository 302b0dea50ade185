"""The pictures and videos that were captured on a day, and the screenshots that were made, as rows of a gallery.

In: a day (UTC), filters, a reading connection, whom the answer is for. Out: one `GalleryItem` for each medium of
each source on that day, in the order in which a source first showed it. Sources are asked one beside the other by
their index of time, so that a day costs what it holds, however much the archive has.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Text,
    and_,
    bindparam,
    case,
    exists,
    func,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on

from processors.digest import Digest
from storage.access_labels import EVERYONE, Viewer, visible_to
from storage.catalogue.captures import Capture, capture_of, captures_joined
from storage.catalogue.tables import captures, group_members, media, occurrences
from storage.ledger.assessments import VerificationStatus, verification_status

GalleryKind = Literal["picture", "video", "screenshot"]

WHOLE_PAGE: Final = "urn:fullPage:"
VIEWPORT: Final = "urn:view:"
"""How the addresses of screenshots begin (`crawlers.model.capture.RenderingKind`); of a page that has both, the
first is shown.
"""

DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class GalleryItem:
    """A medium at its first capture of the day by a source; ``captures``: how often that source showed it then."""

    capture: Capture
    kind: GalleryKind
    sha256: Digest | None
    media_type: str | None
    width: int | None
    height: int | None
    length_bytes: int | None
    duration_s: float | None
    drawable: bool
    group_id: str | None
    captures: int


def gallery_of_day(
    connection: Connection,
    day: date,
    sources: Sequence[str],
    *,
    viewer: Viewer = EVERYONE,
    kind: GalleryKind | None = None,
    least_px: int = 0,
    status: VerificationStatus | None = None,
    limit: int = 60,
    offset: int = 0,
) -> tuple[tuple[GalleryItem, ...], int]:
    """The items of these sources and how many there are in all; ``least_px`` leaves out icons.

    With a ``status``, files that stand so after what analysts found out; what is no file yet has none.
    """
    item = _items(day, sources, viewer, kind, least_px, status).subquery()
    total = connection.scalar(select(func.count()).select_from(item)) or 0
    shown = (
        captures_joined(viewer)
        .join(item, item.c.id == captures.c.id)
        .add_columns(*(each for each in item.c if each.name != "id"))
        .order_by(captures.c.source_id, captures.c.captured_at, captures.c.id)
        .limit(limit)
        .offset(offset)
    )
    return tuple(_item_of(row) for row in connection.execute(shown)), total


def members_of_groups(
    connection: Connection, group_ids: Collection[str], *, viewer: Viewer = EVERYONE
) -> dict[str, list[GalleryItem]]:
    """By group of similar media: its members that the viewer may see, each at its first capture, oldest first."""
    if not group_ids:
        return {}
    first = (
        select(captures.c.id, *_OF_MEDIUM, func.count().over(partition_by=media.c.sha256).label("captures"))
        .select_from(group_members)
        .join(media, media.c.sha256 == group_members.c.sha256)
        .join(occurrences, occurrences.c.sha256 == media.c.sha256)
        .join(captures, captures.c.id == occurrences.c.capture_id)
        .where(group_members.c.group_id.in_(group_ids), visible_to(viewer, captures.c.access_label))
        .ext(distinct_on(media.c.sha256))
        .order_by(media.c.sha256, captures.c.captured_at, captures.c.id)
        .subquery()
    )
    shown = (
        captures_joined(viewer)
        .join(first, first.c.id == captures.c.id)
        .add_columns(*(each for each in first.c if each.name != "id"))
        .order_by(captures.c.captured_at, captures.c.id)
    )
    found: dict[str, list[GalleryItem]] = {}
    for row in connection.execute(shown):
        found.setdefault(row.group_id, []).append(_item_of(row))
    return found


def day_beside(
    connection: Connection, day: date, sources: Sequence[str], *, later: bool, viewer: Viewer = EVERYONE
) -> date | None:
    """The next day, or the last one before, on which one of the sources has a medium; None where there is none."""
    asked = (
        func.unnest(bindparam("asked", list(sources), type_=ARRAY(Text))).table_valued("source").render_derived()
    )
    begins, at = datetime.combine(day, time(), UTC), captures.c.captured_at
    nearest = (
        select(at.label("at"))
        .join(occurrences, occurrences.c.capture_id == captures.c.id)
        .where(captures.c.source_id == asked.c.source, visible_to(viewer, captures.c.access_label))
        .where(at >= begins + DAY if later else at < begins)
        .order_by(at if later else at.desc())
        .limit(1)
        .correlate(asked)
        .lateral("nearest")
    )
    wanted = func.min(nearest.c.at) if later else func.max(nearest.c.at)
    found = connection.scalar(select(wanted).select_from(asked.join(nearest, true())))
    return None if found is None else found.astimezone(UTC).date()


_WHOLE: Final = captures.alias("whole_page")
_HAS_WHOLE: Final = exists().where(
    _WHOLE.c.refers_to_id == captures.c.refers_to_id,
    _WHOLE.c.crawl_id == captures.c.crawl_id,
    _WHOLE.c.url.startswith(WHOLE_PAGE),
)
_SCREENSHOT: Final = or_(
    captures.c.url.startswith(WHOLE_PAGE), and_(captures.c.url.startswith(VIEWPORT), not_(_HAS_WHOLE))
)
_KIND: Final = case(
    (_SCREENSHOT, "screenshot"), (media.c.media_type.startswith("video/"), "video"), else_="picture"
).label("gallery_kind")
_OF_MEDIUM: Final[tuple[ColumnElement[Any], ...]] = (
    media.c.sha256.label("medium"),
    media.c.media_type.label("sniffed_type"),
    media.c.width,
    media.c.height,
    media.c.length_bytes.label("medium_bytes"),
    media.c.duration_s,
    media.c.refused.is_(None).label("drawable"),
    group_members.c.group_id,
    _KIND,
)


def _items(
    day: date,
    sources: Sequence[str],
    viewer: Viewer,
    kind: GalleryKind | None,
    least_px: int,
    status: VerificationStatus | None,
) -> Select[Any]:
    """Id of the first capture of each medium by each source on the day, and what is known of the medium."""
    begins = datetime.combine(day, time(), UTC)
    of_source = (captures.c.source_id, func.coalesce(media.c.sha256, captures.c.id))
    everything = (
        select(
            captures.c.id,
            *_OF_MEDIUM,
            func.count().over(partition_by=of_source).label("captures"),
            func.row_number()
            .over(partition_by=of_source, order_by=(captures.c.captured_at, captures.c.id))
            .label("nth"),
        )
        .select_from(captures)
        .outerjoin(occurrences, occurrences.c.capture_id == captures.c.id)
        .outerjoin(media, media.c.sha256 == occurrences.c.sha256)
        .outerjoin(group_members, group_members.c.sha256 == media.c.sha256)
        .where(
            captures.c.source_id.in_(sources),
            captures.c.captured_at >= begins,
            captures.c.captured_at < begins + DAY,
            visible_to(viewer, captures.c.access_label),
            or_(media.c.sha256.is_not(None), and_(_SCREENSHOT, captures.c.media_type == "image/png")),
        )
        .subquery()
    )
    wanted = [everything.c.nth == 1]
    if kind is not None:
        wanted.append(everything.c.gallery_kind == kind)
    if least_px:
        smallest = func.least(everything.c.width, everything.c.height)
        wanted.append(or_(smallest.is_(None), smallest >= least_px))
    if status is not None:
        wanted.append(_standing(everything.c.medium, status))
    return select(*(each for each in everything.c if each.name != "nth")).where(*wanted)


def _standing(medium: ColumnElement[Any], status: VerificationStatus) -> ColumnElement[bool]:
    """Whether a file stands so; one that was never assessed is unverified, and what is no file has no status."""
    view = verification_status
    assessed = select(view.c.subject_id).where(view.c.subject_kind == "medium")
    if status == VerificationStatus.UNVERIFIED:
        return and_(medium.is_not(None), medium.not_in(assessed.where(view.c.status != status)))
    return medium.in_(assessed.where(view.c.status == status))


def _item_of(row: Row[Any]) -> GalleryItem:
    screenshot_alone = row.medium is None
    return GalleryItem(
        capture=capture_of(row),
        kind=row.gallery_kind,
        sha256=None if screenshot_alone else Digest.parse(row.medium),
        media_type=row.media_type if screenshot_alone else row.sniffed_type,
        width=row.width,
        height=row.height,
        length_bytes=row.medium_bytes,
        duration_s=row.duration_s,
        drawable=screenshot_alone or row.drawable,
        group_id=row.group_id,
        captures=row.captures,
    )
