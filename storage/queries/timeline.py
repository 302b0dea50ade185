"""The captures of one address as a timeline, page by page, and the addresses that begin alike.

In: a URL, or the beginning of one, a reading connection, whom the answer is for. Out: `Timeline`, newest first,
and `CapturedAddress`es. Whether a payload is the one before is told by its digest alone: bytes that differ may
read the same.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Connection, and_, case, func, literal_column, select

from processors.surt import surt_key
from storage.access_labels import EVERYONE, Viewer, visible_to
from storage.catalogue.captures import Capture, capture_of, captures_joined
from storage.catalogue.tables import SURT_INDEXED, captures

Payload = Literal["first", "same", "differs"]

_LAST_LETTER: Final = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """A capture, and how its payload stands to the one captured before it; None where it has none."""

    capture: Capture
    payload: Payload | None


@dataclass(frozen=True, slots=True)
class Timeline:
    """One page of it, newest first. The counts and times are of all captures of the address."""

    entries: tuple[TimelineEntry, ...]
    total: int
    payloads: int
    first_at: datetime | None
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class CapturedAddress:
    """An address with how often, and from when to when, it was captured."""

    url: str
    captures: int
    first_at: datetime
    last_at: datetime


def timeline_of(
    connection: Connection, url: str, *, viewer: Viewer = EVERYONE, limit: int = 100, offset: int = 0
) -> Timeline:
    """The captures of the page at ``url``, also under forms of the URL that mean the same page."""
    here = _of_page(surt_key(url)), visible_to(viewer, captures.c.access_label)
    sums = connection.execute(
        select(
            func.count().label("total"),
            func.count(captures.c.payload_digest.distinct()).label("payloads"),
            func.min(captures.c.captured_at).label("first_at"),
            func.max(captures.c.captured_at).label("last_at"),
        ).where(*here)
    ).one()
    has_payload = captures.c.payload_digest.is_not(None)
    before = func.lag(captures.c.payload_digest).over(
        partition_by=has_payload, order_by=(captures.c.captured_at, captures.c.id)
    )
    compared = (
        select(
            captures.c.id,
            captures.c.captured_at,
            case(
                (~has_payload, None),
                (before.is_(None), "first"),
                (before == captures.c.payload_digest, "same"),
                else_="differs",
            ).label("payload"),
        )
        .where(*here)
        .order_by(captures.c.captured_at.desc(), captures.c.id.desc())
        .limit(limit)
        .offset(offset)
    )
    payloads: dict[str, Payload | None] = {row.id: row.payload for row in connection.execute(compared)}
    query = captures_joined(viewer).where(captures.c.id.in_(payloads))
    by_id = {row.id: capture_of(row) for row in connection.execute(query)}
    moments = tuple(TimelineEntry(by_id[each], payload) for each, payload in payloads.items())
    return Timeline(moments, sums.total, sums.payloads, sums.first_at, sums.last_at)


def addresses_under(
    connection: Connection, beginning: str, *, viewer: Viewer = EVERYONE, limit: int = 100, offset: int = 0
) -> tuple[CapturedAddress, ...]:
    """Addresses that begin so, in the order of their keys: a host's pages stand together.

    ``beginning`` is a URL up to where it may go on; of a bare host, all its pages; of none, every address.
    """
    key = surt_key(beginning)[:SURT_INDEXED]
    if key.startswith(")"):
        key = ""  # no host
    query = (
        select(
            func.min(captures.c.url).label("url"),
            func.count().label("captures"),
            func.min(captures.c.captured_at).label("first_at"),
            func.max(captures.c.captured_at).label("last_at"),
        )
        .where(_indexed() >= key, _indexed() < key + _LAST_LETTER, visible_to(viewer, captures.c.access_label))
        .group_by(captures.c.surt)
        .order_by(captures.c.surt)
        .limit(limit)
        .offset(offset)
    )
    return tuple(CapturedAddress(**row._mapping) for row in connection.execute(query))


def neighbours_of(
    connection: Connection, capture: Capture, *, viewer: Viewer = EVERYONE
) -> tuple[Capture | None, Capture | None]:
    """The captures of the same address right before and right after this one."""
    here = captures_joined(viewer).where(_of_page(capture.surt))
    place: Any = func.row(captures.c.captured_at, captures.c.id)
    now: Any = func.row(capture.captured_at, capture.id)
    earlier = here.where(place < now).order_by(captures.c.captured_at.desc(), captures.c.id.desc()).limit(1)
    later = here.where(place > now).order_by(captures.c.captured_at, captures.c.id).limit(1)
    before, after = connection.execute(earlier).first(), connection.execute(later).first()
    return (None if before is None else capture_of(before), None if after is None else capture_of(after))


def _of_page(key: str) -> ColumnElement[bool]:
    return and_(_indexed() == key[:SURT_INDEXED], captures.c.surt == key)


def _indexed() -> ColumnElement[str]:
    """What the index `captures_of_url` holds."""
    return func.left(captures.c.surt, literal_column(str(SURT_INDEXED)))
