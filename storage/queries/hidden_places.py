"""What stands in the place of something that is hidden: that it was, when, on which basis, who saw it before.

In: a reading connection, ids from an address, whom the answer is for. Out: `HiddenPlace`, or None where nothing of
this name is hidden, or the viewer could not have seen it before either: for them there is no such thing.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select

from storage.access_labels import Viewer, visible_to
from storage.catalogue.hiding import hidden, hidden_captures
from storage.catalogue.tables import captures, occurrences, sightings, warcs


@dataclass(frozen=True, slots=True)
class HiddenPlace:
    """``label`` is ``withdrawn`` or ``quarantined``; ``before`` the access label that its files have."""

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
    return None


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
