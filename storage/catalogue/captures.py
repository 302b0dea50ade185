"""Captures: one row of the index for each response, resource, revisit or failure, and the questions about them.

In: URLs, ids, a reading connection, whom the answer is for. Out: `Capture`s. The rows are made by
`storage.warc.index` from the WARC files alone. Source: architecture §3 and §7 (kind ``capture``).
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, fields
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, and_, func, literal_column, select

from crawlers.model.iso_time import time_text
from processors.digest import Digest
from processors.surt import surt_key
from storage.access_labels import EVERYONE, Viewer, visible_to
from storage.catalogue.tables import SURT_INDEXED, captures, outcomes, warcs
from storage.warc.index import IndexedRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture(IndexedRecord):
    """One row of the index: a record, where it stands in the store, and what its page was classified as.

    ``outcome`` is the page's where the page was classified, else the transport's, else None: not known yet.
    """

    id: str
    warc_key: str
    object_version: str
    crawl_id: str
    source_id: str
    access_label: str
    outcome: str | None = None
    outcome_reason: str | None = None

    @property
    def surt(self) -> str:
        """The canonical key under which all captures of a page stand."""
        return surt_key(self.url)


_OF_RECORD: Final = tuple(field.name for field in fields(IndexedRecord))
_DIGESTS: Final = ("block_digest", "payload_digest")
_FROM_OUTCOMES: Final = ("outcome", "outcome_reason")
COLUMNS: Final = tuple(field.name for field in fields(Capture) if field.name not in _FROM_OUTCOMES)


def capture_of_record(
    record: IndexedRecord,
    *,
    capture_id: str,
    warc_key: str,
    object_version: str,
    crawl_id: str,
    source_id: str,
    access_label: str,
) -> Capture:
    """A record of a file that has a place in the store; no page is classified yet."""
    return Capture(
        **{name: getattr(record, name) for name in _OF_RECORD},
        id=capture_id,
        warc_key=warc_key,
        object_version=object_version,
        crawl_id=crawl_id,
        source_id=source_id,
        access_label=access_label,
    )


def capture_row(capture: Capture) -> dict[str, Any]:
    """The capture as a row of ``catalogue.captures``."""
    row = {name: getattr(capture, name) for name in COLUMNS}
    row |= {name: None if row[name] is None else str(row[name]) for name in _DIGESTS}
    return row | {"surt": capture.surt}


def capture_json(capture: Capture) -> dict[str, Any]:
    """The capture with the keys of architecture §7, and after them what else is known of it."""
    return {
        "kind": "capture",
        "id": capture.id,
        "url": capture.url,
        "captured_at": time_text(capture.captured_at),
        "status": capture.status,
        "media_type": capture.media_type,
        "block_digest": str(capture.block_digest),
        "payload_digest": None if capture.payload_digest is None else str(capture.payload_digest),
        "outcome": capture.outcome,
        "outcome_reason": capture.outcome_reason,
        "warc_key": capture.warc_key,
        "object_version": capture.object_version,
        "offset": capture.offset_bytes,
        "length_bytes": capture.length_bytes,
        "crawl_id": capture.crawl_id,
        "record_type": capture.record_type,
        "source": capture.source_id,
        "truncated": capture.truncated,
        "peer_address": capture.peer_address,
        "refers_to_url": capture.refers_to_url,
        "refers_to_at": None if capture.refers_to_at is None else time_text(capture.refers_to_at),
        "within_bytes": capture.within_bytes,
    }


def captures_of(connection: Connection, url: str, *, viewer: Viewer = EVERYONE) -> Iterator[Capture]:
    """Every capture of the page at ``url``, oldest first; also under forms of the URL that mean the same page."""
    key = surt_key(url)
    indexed = func.left(captures.c.surt, literal_column(str(SURT_INDEXED)))
    query = (
        captures_joined(viewer)
        .where(indexed == key[:SURT_INDEXED], captures.c.surt == key)
        .order_by(captures.c.captured_at, captures.c.id)
    )
    return (capture_of(row) for row in connection.execute(query))


def capture_by_id(connection: Connection, capture_id: str, *, viewer: Viewer = EVERYONE) -> Capture | None:
    """One capture; ``capture_id`` may carry the angle brackets that WARC headers have."""
    bare = capture_id[1:-1] if capture_id.startswith("<") and capture_id.endswith(">") else capture_id
    row = connection.execute(captures_joined(viewer).where(captures.c.id == bare)).first()
    return None if row is None else capture_of(row)


def captures_by_ids(
    connection: Connection, capture_ids: Collection[str], *, viewer: Viewer = EVERYONE
) -> dict[str, Capture]:
    """Captures by their ids; those that the viewer may not see, or that are none, are left out."""
    query = captures_joined(viewer).where(captures.c.id.in_(capture_ids))
    return {row.id: capture_of(row) for row in connection.execute(query)}


def captures_in(connection: Connection, warc_key: str, *, viewer: Viewer = EVERYONE) -> Iterator[Capture]:
    """The captures of one WARC file in file order."""
    query = captures_joined(viewer).where(captures.c.warc_key == warc_key)
    query = query.order_by(captures.c.offset_bytes, func.coalesce(captures.c.within_bytes, 0))
    return (capture_of(row) for row in connection.execute(query))


def first_capture_in(connection: Connection, warc_key: str, *, viewer: Viewer = EVERYONE) -> Capture | None:
    """The first capture of one WARC file that the viewer may see; None where there is none."""
    query = captures_joined(viewer).where(captures.c.warc_key == warc_key)
    query = query.order_by(captures.c.offset_bytes, func.coalesce(captures.c.within_bytes, 0)).limit(1)
    row = connection.execute(query).first()
    return None if row is None else capture_of(row)


def captures_of_crawl(connection: Connection, crawl_id: str, *, viewer: Viewer = EVERYONE) -> Iterator[Capture]:
    """The captures of one crawl in the order they were made."""
    query = (
        captures_joined(viewer)
        .where(captures.c.crawl_id == crawl_id)
        .order_by(captures.c.captured_at, captures.c.warc_key, captures.c.offset_bytes)
    )
    return (capture_of(row) for row in connection.execute(query))


def captures_joined(viewer: Viewer) -> Select[Any]:
    """Captures with their page's outcome; there is one per capture, since a new classifier replaces the old."""
    joined = captures.outerjoin(outcomes, and_(outcomes.c.capture_id == captures.c.id))
    return (
        select(captures, outcomes.c.outcome, outcomes.c.reason.label("outcome_reason"))
        .select_from(joined)
        .where(visible_to(viewer, captures.c.access_label))
    )


def capture_of(row: Row[Any]) -> Capture:
    """The capture that a joined row of ``captures`` and ``outcomes`` holds."""
    values: Any = row._mapping
    known = {name: values[name] for name in COLUMNS if name not in _DIGESTS}
    outcome, reason = values["outcome"], values["outcome_reason"]
    if outcome is None:
        outcome, reason = known["transport_outcome"], known["transport_reason"]
    payload = values["payload_digest"]
    return Capture(
        **known,
        block_digest=Digest.parse(values["block_digest"]),
        payload_digest=None if payload is None else Digest.parse(payload),
        outcome=outcome,
        outcome_reason=reason,
    )


def sealed(connection: Connection) -> Iterator[Row[Any]]:
    """Every WARC of the archive by key: key, version, digests, length, records."""
    return iter(connection.execute(select(warcs).order_by(warcs.c.key)))
