"""What stands in the place of something that is hidden: that it was, when, on which basis, who saw it before.

In: a reading connection, ids from an address, whom the answer is for. Out: `HiddenPlace`, or None where nothing of
this name is hidden, or the viewer could not have seen it before either: for them there is no such thing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, or_, select

from storage.access_labels import Viewer, visible_to
from storage.catalogue.hiding import hidden, hidden_captures, purged
from storage.catalogue.tables import captures, media, occurrences, records, sightings, warcs
from storage.ledger.file_custody import PURGED


@dataclass(frozen=True, slots=True)
class HiddenPlace:
    """``label`` is ``withdrawn``, ``quarantined`` or ``purged``; ``before`` the access label of its files."""

    name: str
    label: str
    at: datetime
    basis: str | None
    before: str


def hidden_place(connection: Connection, name: str, *, viewer: Viewer) -> HiddenPlace | None:
    """The place of a capture, record or medium of this name; the act that hides it most strictly, and first."""
    for found_name, among in _captures_of(name):
        place = _place(connection, found_name, among, viewer)
        if place is not None:
            return place
    return _purged_place(connection, name, viewer)


def is_known_to(connection: Connection, name: str, *, viewer: Viewer) -> bool:
    """Whether there is a capture, record or medium of this name that the viewer may see, or might if it showed."""
    for _, among in _captures_of(name):
        query = (
            select(captures.c.id)
            .join(warcs, warcs.c.key == captures.c.warc_key)
            .where(captures.c.id.in_(among), visible_to(viewer, warcs.c.access_label))
        )
        if connection.execute(query.limit(1)).first() is not None:
            return True
    return False


def keys_known_to(connection: Connection, keys: Sequence[str], *, viewer: Viewer) -> bool:
    """Whether the viewer may see one of these files, as far as labels of files say; of no file everybody may."""
    if viewer.every_label or not keys:
        return True
    query = select(warcs.c.key).where(warcs.c.key.in_(keys), visible_to(viewer, warcs.c.access_label))
    return connection.execute(query.limit(1)).first() is not None


def count_hidden(connection: Connection) -> dict[str, int]:
    """How many captures are hidden, by label."""
    found = hidden_captures().subquery()
    query = select(found.c.label, func.count(found.c.id.distinct())).group_by(found.c.label)
    return {label: int(count) for label, count in connection.execute(query)}


def _captures_of(name: str) -> tuple[tuple[str, Select[Any]], ...]:
    """The captures of whatever may have this name, with the name as it is kept."""
    bare = name[1:-1] if name.startswith("<") and name.endswith(">") else name
    digest = bare if bare.startswith("sha256:") else f"sha256:{bare}"
    return (
        (bare, select(captures.c.id).where(captures.c.id == bare)),
        (bare, select(sightings.c.capture_id).where(sightings.c.record_id == bare)),
        (digest, select(occurrences.c.capture_id).where(occurrences.c.sha256 == digest)),
    )


def _purged_place(connection: Connection, name: str, viewer: Viewer) -> HiddenPlace | None:
    """The place of a capture that was purged, or of the record or medium that a purge was about."""
    bare = name[1:-1] if name.startswith("<") and name.endswith(">") else name
    names = (bare, bare if bare.startswith("sha256:") else f"sha256:{bare}")
    still_there = (
        select(records.c.id).where(records.c.id == bare),
        select(media.c.sha256).where(media.c.sha256.in_(names)),
    )
    if any(connection.execute(query.limit(1)).first() is not None for query in still_there):
        return None
    row = connection.execute(
        select(purged.c.at, purged.c.basis, warcs.c.access_label)
        .join(warcs, warcs.c.key == purged.c.warc_key)
        .where(
            or_(purged.c.capture_id == bare, purged.c.subject_id.in_(names)),
            visible_to(viewer, warcs.c.access_label),
        )
        .order_by(purged.c.custody_seq.desc())
        .limit(1)
    ).first()
    return None if row is None else HiddenPlace(bare, PURGED, row.at, row.basis, row.access_label)


def _place(connection: Connection, name: str, among: Select[Any], viewer: Viewer) -> HiddenPlace | None:
    still_open = select(captures.c.id).where(captures.c.id.in_(among), visible_to(viewer, captures.c.access_label))
    if connection.execute(still_open.limit(1)).first() is not None:
        return None
    found = hidden_captures().subquery()
    row = connection.execute(
        select(hidden.c.label, hidden.c.at, hidden.c.basis, warcs.c.access_label)
        .select_from(found)
        .join(hidden, hidden.c.custody_seq == found.c.custody_seq)
        .join(captures, captures.c.id == found.c.id)
        .join(warcs, warcs.c.key == captures.c.warc_key)
        .where(found.c.id.in_(among), visible_to(viewer, warcs.c.access_label))
        .order_by(hidden.c.label.desc(), hidden.c.custody_seq)
        .limit(1)
    ).first()
    return None if row is None else HiddenPlace(name, row.label, row.at, row.basis, row.access_label)
