"""What the archive holds, and what its last night was: counts for the first page that people open.

In: a reading connection, whom the answer is for. Out: `ArchiveCounts`, `SourceHoldings`s, `Night`. Counts of
captures above a million are the database's estimate and say so: they are for the eye, and counting them takes
seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, exists, func, select, text, true

from storage.access_labels import DEFAULT_LABEL, EVERYONE, Viewer, visible_to
from storage.catalogue.sources_of_files import newest_declaration
from storage.catalogue.tables import (
    captures,
    group_members,
    groups,
    media,
    occurrences,
    records,
    sightings,
    versions,
    warcs,
)
from storage.ledger.requests import Request, requests_seen
from storage.ledger.tables import custody

COUNTED_UP_TO: Final = 1_000_000

ON_DEMAND: Final = "on-demand"
"""The source of what people ask for one by one (`crawlers.watchlist.source.source_for_urls`); it is no part of
a night.
"""


@dataclass(frozen=True, slots=True)
class ArchiveCounts:
    """Counts over the whole archive; ``exact`` is false where ``captures`` is an estimate."""

    captures: int
    exact: bool
    records: Mapping[str, int]
    media: int
    groups: int
    files: int
    file_bytes: int
    unread_files: int


@dataclass(frozen=True, slots=True)
class SourceHoldings:
    """What the archive holds of one source, from when to when it was captured."""

    source_id: str
    source_kind: str | None
    files: int
    file_bytes: int
    first_at: datetime | None
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class Night:
    """The UTC day of the newest crawl of the watch-list; ``after_seq``: custody's last entry before it."""

    began_at: datetime
    after_seq: int


def archive_counts(connection: Connection, *, viewer: Viewer = EVERYONE) -> ArchiveCounts:
    """Counts over the whole archive."""
    visible = visible_to(viewer, warcs.c.access_label)
    files = connection.execute(
        select(
            func.count().label("files"),
            func.coalesce(func.sum(warcs.c.length_bytes), 0).label("file_bytes"),
            func.count().filter(warcs.c.processed_with.is_(None)).label("unread"),
        ).where(visible)
    ).one()
    estimate = int(
        connection.scalar(text("SELECT reltuples FROM pg_class WHERE oid = 'catalogue.captures'::regclass"))
    )
    exact = estimate < COUNTED_UP_TO
    counted = select(func.count()).select_from(captures).where(visible_to(viewer, captures.c.access_label))
    by_kind = select(records.c.kind, func.count().label("count")).group_by(records.c.kind).order_by(records.c.kind)
    of_media, of_groups = select(func.count()).select_from(media), select(func.count()).select_from(groups)
    if _labels_are_used(connection) and not viewer.every_label:
        by_kind = by_kind.where(_seen(viewer))
        of_media = of_media.where(_occurs(viewer, media.c.sha256))
        of_groups = of_groups.where(
            exists().where(group_members.c.group_id == groups.c.id, _occurs(viewer, group_members.c.sha256))
        )
    return ArchiveCounts(
        captures=int(connection.scalar(counted) or 0) if exact else estimate,
        exact=exact,
        records={row[0]: row[1] for row in connection.execute(by_kind)},
        media=int(connection.scalar(of_media) or 0),
        groups=int(connection.scalar(of_groups) or 0),
        files=files.files,
        file_bytes=int(files.file_bytes),
        unread_files=files.unread,
    )


def _labels_are_used(connection: Connection) -> bool:
    """Whether any file has a label but the default one; where none has, all counts are those of everybody."""
    labelled = select(warcs.c.key).where(warcs.c.access_label != DEFAULT_LABEL).limit(1)
    return connection.execute(labelled).first() is not None


def _seen(viewer: Viewer) -> ColumnElement[bool]:
    """Whether the viewer may see a sighting of the record."""
    return exists().where(
        versions.c.record_id == records.c.id,
        sightings.c.version_id == versions.c.id,
        visible_to(viewer, sightings.c.access_label),
    )


def _occurs(viewer: Viewer, sha256: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether the viewer may see a capture of the medium."""
    return exists().where(
        occurrences.c.sha256 == sha256,
        captures.c.id == occurrences.c.capture_id,
        visible_to(viewer, captures.c.access_label),
    )


def source_holdings(connection: Connection, *, viewer: Viewer = EVERYONE) -> tuple[SourceHoldings, ...]:
    """The same by source, in the order of their ids."""
    of_files = (
        select(
            warcs.c.source_id,
            func.count().label("files"),
            func.sum(warcs.c.length_bytes).label("file_bytes"),
        )
        .where(visible_to(viewer, warcs.c.access_label))
        .group_by(warcs.c.source_id)
        .subquery("of_files")
    )
    # two looks into an index for each source, however many captures it has
    ends = {
        name: select(end(captures.c.captured_at))
        .where(captures.c.source_id == of_files.c.source_id, visible_to(viewer, captures.c.access_label))
        .scalar_subquery()
        for name, end in (("first_at", func.min), ("last_at", func.max))
    }
    newest = newest_declaration(of_files.c.source_id, viewer)
    query = (
        select(
            of_files,
            newest.c.declaration["kind"].astext.label("source_kind"),
            *(end.label(name) for name, end in ends.items()),
        )
        .outerjoin(newest, true())
        .order_by(of_files.c.source_id)
    )
    return tuple(
        SourceHoldings(row.source_id, row.source_kind, row.files, int(row.file_bytes), row.first_at, row.last_at)
        for row in connection.execute(query)
    )


def last_night(connection: Connection) -> Night | None:
    """The newest night; None where nothing was ever harvested."""
    begun = custody.c.event == "collection_started", custody.c.details["source_id"].astext != ON_DEMAND
    newest = connection.scalar(select(custody.c.at).where(*begun).order_by(custody.c.seq.desc()).limit(1))
    if newest is None:
        return None
    midnight = datetime.combine(newest.astimezone(UTC).date(), time(tzinfo=UTC))
    # "offset 0": else the database looks for the smallest number by going through custody from its beginning
    of_night = select(custody.c.at, custody.c.seq).where(*begun, custody.c.at >= midnight).offset(0).subquery()
    first: Any = connection.execute(
        select(func.min(of_night.c.at).label("at"), func.min(of_night.c.seq).label("seq"))
    ).one()
    return Night(first.at, first.seq - 1)


def newest_requests(connection: Connection, most: int, *, viewer: Viewer = EVERYONE) -> tuple[Request, ...]:
    """What people asked for last, as far as the viewer may know of it, the newest first."""
    return requests_seen(connection, viewer=viewer, limit=most)
