"""What belongs beside evidence that is handed over: neighbouring posts, and what hides a capture.

In: a reading connection, records and captures, whom the answer is for. Out: ids of captures, and labels. Nothing
is answered of what the viewer may not see; a capture that two people have withdrawn, or one has quarantined, is
named to those who could see it before.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import BigInteger, Connection, case, cast, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on

from storage.access_labels import EVERYONE, Viewer, visible_to
from storage.catalogue.records import RecordSighting
from storage.catalogue.tables import captures, occurrences, records, sightings, warcs
from storage.ledger.custody import entry_of
from storage.ledger.entry import CustodyEntry
from storage.ledger.tables import custody, memberships, requests

POST: Final = "telegram_post"
HIDING_LABELS: Final = ("withdrawn", "quarantined")
"""Labels that nobody is granted, by the word for why."""


@dataclass(frozen=True, slots=True)
class NeighbouringPost:
    """A post before or after another in its channel, and the capture of it made nearest in time to that one's."""

    record_id: str
    capture_id: str


def neighbouring_posts(
    connection: Connection, post: RecordSighting, count: int, *, viewer: Viewer = EVERYONE
) -> tuple[NeighbouringPost, ...]:
    """As many posts before and after this one in its channel as there are, up to ``count`` each."""
    channel, _, number = post.natural_key.rpartition("/")
    if post.kind != POST or not number.isdecimal():
        return ()
    of_post = cast(func.substring(records.c.natural_key, r"/([0-9]+)$"), BigInteger)
    there = (
        select(records.c.id, of_post.label("number"))
        .join(sightings, sightings.c.record_id == records.c.id)
        .where(
            records.c.kind == POST,
            records.c.natural_key.startswith(f"{channel}/", autoescape=True),
            sightings.c.source_id == post.source_id,
            visible_to(viewer, sightings.c.access_label),
        )
        .distinct()
        .subquery()
    )
    before = select(there.c.id).where(there.c.number < int(number)).order_by(there.c.number.desc()).limit(count)
    after = select(there.c.id).where(there.c.number > int(number)).order_by(there.c.number).limit(count)
    ids = [*connection.scalars(before), *connection.scalars(after)]
    query = (
        select(sightings.c.record_id, sightings.c.capture_id)
        .ext(distinct_on(sightings.c.record_id))
        .where(sightings.c.record_id.in_(ids), visible_to(viewer, sightings.c.access_label))
        .order_by(
            sightings.c.record_id,
            case((sightings.c.capture_id == post.capture_id, 0), else_=1),
            func.abs(func.extract("epoch", sightings.c.captured_at - post.captured_at)),
            sightings.c.capture_id,
        )
    )
    found = {row.record_id: NeighbouringPost(row.record_id, row.capture_id) for row in connection.execute(query)}
    return tuple(found[each] for each in ids if each in found)


def hidden_among(
    connection: Connection, capture_ids: Collection[str], *, viewer: Viewer = EVERYONE
) -> Mapping[str, str]:
    """Those of the captures that are hidden, each with its label, as far as the viewer could see them before."""
    query = (
        select(captures.c.id, captures.c.access_label)
        .join(warcs, warcs.c.key == captures.c.warc_key)
        .where(
            captures.c.id.in_(capture_ids),
            captures.c.access_label.in_(HIDING_LABELS),
            visible_to(viewer, warcs.c.access_label),
        )
    )
    return {row.id: row.access_label for row in connection.execute(query)}


def hidden_captures_of(connection: Connection, subject_id: str, *, viewer: Viewer = EVERYONE) -> Mapping[str, str]:
    """The hidden captures of a record, or of a medium by its digest, each with its label."""
    shown = select(sightings.c.capture_id).where(sightings.c.record_id == subject_id)
    query = select(captures.c.id).where(
        captures.c.access_label.in_(HIDING_LABELS),
        or_(captures.c.id.in_(shown), captures.c.payload_digest == subject_id),
    )
    return hidden_among(connection, tuple(connection.scalars(query)), viewer=viewer)


def labels_of_cases(connection: Connection) -> frozenset[str]:
    """The labels that belong to cases; every other is one of the watch-list."""
    query = select(memberships.c.label).where(memberships.c.case_reference.is_not(None)).distinct()
    return frozenset(connection.scalars(query))


def requests_of_case(connection: Connection, reference: str, *, viewer: Viewer = EVERYONE) -> tuple[str, ...]:
    """The ids of the requests with this case reference of which the viewer may know, oldest first."""
    query = select(requests.c.id).where(
        requests.c.case_reference == reference, visible_to(viewer, requests.c.access_label)
    )
    return tuple(connection.scalars(query.order_by(requests.c.at, requests.c.id)))


def labels_of_captures(connection: Connection, capture_ids: Collection[Any]) -> frozenset[str]:
    """The labels that these captures have now."""
    query = select(captures.c.access_label).where(captures.c.id.in_(capture_ids)).distinct()
    return frozenset(connection.scalars(query))


def shown_by(connection: Connection, capture_ids: Collection[str]) -> tuple[frozenset[str], frozenset[str]]:
    """The ids of the records, and the digests of the media, that these captures show."""
    read = select(sightings.c.record_id).where(sightings.c.capture_id.in_(capture_ids))
    bytes_of = select(captures.c.payload_digest).where(
        captures.c.id.in_(capture_ids), captures.c.payload_digest.is_not(None)
    )
    found = select(occurrences.c.sha256).where(occurrences.c.capture_id.in_(capture_ids))
    media = frozenset((*connection.scalars(bytes_of), *connection.scalars(found)))
    return frozenset(connection.scalars(read)), media


def tokens_over(connection: Connection, warc_keys: Collection[str]) -> tuple[int, tuple[CustodyEntry, ...]]:
    """The newest deposit of these files as a number of custody, and the trusted timestamps over their deposits."""
    deposited = select(custody.c.seq).where(custody.c.event == "deposited", custody.c.subject_id.in_(warc_keys))
    seqs = list(connection.scalars(deposited))
    query = select(custody).where(
        custody.c.event == "timestamped", cast(custody.c.details["seq"].astext, BigInteger).in_(seqs)
    )
    found = tuple(entry_of(row) for row in connection.execute(query.order_by(custody.c.seq)))
    return max(seqs, default=0), found
