"""Readings of pages in the catalogue: outcomes, records, their versions and sightings.

In: a capture and what a parser read from it. Out: rows, and records put together again. Guaranteed: writing the
same reading twice changes nothing; a reading by a new parser version replaces the old one of that capture and
never stands beside it, and what the old one read otherwise is kept (`storage.catalogue.earlier_readings`). A
version holds what the source said, a sighting what this capture saw besides (views, signed addresses): the record
as read is the sighting's values over the version's. Source: architecture §3.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, Table, and_, bindparam, delete, exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.dialects.postgresql.dml import Insert
from sqlalchemy.exc import DataError

from processors.kinds import kind_of_record
from processors.pages.outcome import Classification
from processors.pages.parse_result import Reading, Record
from processors.record_keys import (
    WORDS_BESIDES,
    json_value,
    record_id,
    record_json,
    record_keys,
    version_content,
    version_id,
)
from storage.access_labels import EVERYONE, Viewer, visible_to
from storage.catalogue.captures import Capture
from storage.catalogue.compared_sources import begin_change
from storage.catalogue.earlier_readings import ReplacedReading, note_replaced, replaced_reading
from storage.catalogue.row_arrays import arrays, insert_arrays
from storage.catalogue.tables import outcomes, readings, records, sightings, versions
from storage.errors import StorageError

TEXT_LIMIT: Final = 200_000
"""Characters that full-text search reads of a version; PostgreSQL's tsvector ends at 1 MiB."""


OWN_FIRST: Final = ("kind", "url", "title", "text", "published_at", "published_raw", "starts_at", "starts_raw")
"""Keys that have a meaning in records of every kind, before the others of an own kind."""


def _replacing(table: Table) -> Insert:
    """The insertion that writes over a row of the same key."""
    inserted, key, columns = insert(table), table.primary_key.columns, table.columns
    return inserted.on_conflict_do_update(
        index_elements=key,
        set_={each.name: inserted.excluded[each.name] for each in columns if each.name not in key},
    )


# statements that every page needs are made once: SQLAlchemy takes longer to make one than to send it
_UPSERT_OUTCOME: Final = _replacing(outcomes)
_DROP_OTHER_OUTCOMES: Final = delete(outcomes).where(
    outcomes.c.capture_id == bindparam("of_capture"), outcomes.c.classifier_version != bindparam("besides")
)
_UPSERT_READING: Final = _replacing(readings)
_DROP_OTHER_READINGS: Final = (
    delete(readings)
    .where(readings.c.capture_id == bindparam("of_capture"), readings.c.parser_version != bindparam("besides"))
    .returning(
        readings.c.parser_version,
        readings.c.outcome,
        readings.c.outcome_reason,
        readings.c.layout,
        readings.c.problem,
    )
)
_DROP_SIGHTINGS: Final = (
    delete(sightings)
    .where(sightings.c.capture_id == bindparam("of_capture"))
    .returning(sightings.c.parser_version, sightings.c.record_id, sightings.c.version_id, sightings.c.content)
)
_INSERT_RECORDS: Final = insert_arrays(records, "id", "kind", "natural_key").on_conflict_do_nothing()
_INSERT_VERSIONS: Final = insert_arrays(
    versions, "id", "record_id", "kind", "content", "text"
).on_conflict_do_nothing()
_INSERT_SIGHTINGS: Final = insert_arrays(
    sightings,
    "capture_id",
    "parser_version",
    "record_id",
    "version_id",
    "position",
    "content",
    "captured_at",
    "source_id",
    "access_label",
)


@dataclass(frozen=True, slots=True)
class RecordSighting:
    """A record as one capture showed it; ``content`` has the JSON keys of its kind.

    ``page_remarks``: what the parser remarked on the page as a whole; the record's own stand in ``content``.
    """

    record_id: str
    version_id: str
    kind: str
    natural_key: str
    content: Mapping[str, Any]
    capture_id: str
    captured_at: datetime
    source_id: str
    page_remarks: tuple[str, ...] = ()


class UnkeepableTextError(StorageError):
    """A record holds text that no database column can; the reading is kept without its records."""

    def __init__(self, capture_id: str, problem: Exception) -> None:
        super().__init__(f"Capture {capture_id}: the records read from it cannot be kept: {problem}"[:500])


def upsert_outcome(
    connection: Connection, capture_id: str, classifier_version: str, verdict: Classification
) -> None:
    """Write what the page came to; another classifier's verdict on this capture goes."""
    connection.execute(_DROP_OTHER_OUTCOMES, {"of_capture": capture_id, "besides": classifier_version})
    row = {
        "capture_id": capture_id,
        "classifier_version": classifier_version,
        "outcome": str(verdict.outcome),
        "reason": verdict.reason,
    }
    connection.execute(_UPSERT_OUTCOME, row)


def replace_reading(
    connection: Connection,
    capture: Capture,
    reading: Reading,
    *,
    publisher: str | None = None,
    problem: str | None = None,
) -> int:
    """Write a reading and its records; returns how many records it has. ``problem``: why there was none.

    Raises `UnkeepableTextError`, after which nothing of this reading is written and the transaction goes on.
    """
    begin_change(connection, capture.source_id)
    try:
        with connection.begin_nested():
            return _write_reading(connection, capture, reading, publisher, problem)
    except (DataError, UnicodeEncodeError) as refused:
        raise UnkeepableTextError(capture.id, refused) from refused


def _write_reading(
    connection: Connection, capture: Capture, reading: Reading, publisher: str | None, problem: str | None
) -> int:
    before = forget_readings(connection, capture.id, reading.parser_version)
    sightings_read = _new_sightings(capture, reading, publisher)
    row = {
        "capture_id": capture.id,
        "parser_version": reading.parser_version,
        "kind": reading.kind,
        "source_id": capture.source_id,
        "crawl_id": capture.crawl_id,
        "url": capture.url,
        "captured_at": capture.captured_at,
        "outcome": str(reading.outcome),
        "outcome_reason": reading.outcome_reason,
        "layout": reading.layout,
        "records": len(sightings_read),
        "links": asdict(reading.links),
        "remarks": list(reading.remarks),
        "coverage": None if reading.coverage is None else json_value(reading.coverage),
        "problem": problem,
    }
    connection.execute(_UPSERT_READING, row)
    if sightings_read:
        # in the order of their ids: two processes that write the same records wait for each other, never in a ring
        by_id = sorted(sightings_read, key=lambda each: (each.record_id, each.version_id))
        rows = [{"id": s.record_id, "kind": s.kind, "natural_key": s.natural_key} for s in by_id]
        connection.execute(_INSERT_RECORDS, arrays(rows))
        connection.execute(_INSERT_VERSIONS, arrays([_version_row(s) for s in by_id]))
        connection.execute(_INSERT_SIGHTINGS, arrays([_sighting_row(s) for s in by_id]))
    if before is not None:
        note_replaced(connection, capture, before, reading.parser_version, str(reading.outcome))
    return len(sightings_read)


@dataclass(frozen=True, slots=True)
class _NewSighting:
    record_id: str
    version_id: str
    kind: str
    natural_key: str
    position: int
    version: Mapping[str, Any]
    besides: Mapping[str, Any]
    capture: Capture
    parser_version: str


def _new_sightings(capture: Capture, reading: Reading, publisher: str | None) -> list[_NewSighting]:
    keys = record_keys(reading.records, capture.source_id, publisher)
    return [
        _new_sighting(capture, reading.parser_version, position, key, record)
        for position, (key, record) in enumerate(zip(keys, reading.records, strict=True))
    ]


def _new_sighting(capture: Capture, parser_version: str, position: int, key: str, record: Record) -> _NewSighting:
    content, version = record_json(record), version_content(record)
    return _NewSighting(
        record_id=record_id(record.kind, key),
        version_id=version_id(record.kind, key, version),
        kind=record.kind,
        natural_key=key,
        position=position,
        version=version,
        besides={name: value for name, value in content.items() if name not in version or version[name] != value},
        capture=capture,
        parser_version=parser_version,
    )


def _version_row(sighting: _NewSighting) -> dict[str, Any]:
    words = {name: sighting.besides[name] for name in WORDS_BESIDES if name in sighting.besides}
    return {
        "id": sighting.version_id,
        "record_id": sighting.record_id,
        "kind": sighting.kind,
        "content": sighting.version,
        "text": searchable({**sighting.version, **words}),
    }


def _sighting_row(sighting: _NewSighting) -> dict[str, Any]:
    return {
        "capture_id": sighting.capture.id,
        "parser_version": sighting.parser_version,
        "record_id": sighting.record_id,
        "version_id": sighting.version_id,
        "position": sighting.position,
        "content": sighting.besides,
        "captured_at": sighting.capture.captured_at,
        "source_id": sighting.capture.source_id,
        "access_label": sighting.capture.access_label,
    }


def field_names(kind: str, content: Mapping[str, Any]) -> tuple[str, ...]:
    """The keys of a record in their order; those of an own kind, whose schema no database has, by their names."""
    declared = kind_of_record(kind)
    if declared is not None and declared.keys:
        return declared.keys
    return (*OWN_FIRST, *sorted(name for name in content if name not in OWN_FIRST))


def searchable(content: Mapping[str, Any]) -> str:
    """Every text of a version that is no address, path or time, line by line; title and text first."""
    return "\n".join(_texts(content))[:TEXT_LIMIT]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if value and not value.startswith(("http://", "https://")):
            yield value
    elif isinstance(value, Mapping):
        for name in sorted(value, key=lambda name: (name not in ("title", "text"), name)):
            if name not in ("kind", "language", "path") and not name.endswith("_at"):
                yield from _texts(value[name])
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def forget_readings(connection: Connection, capture_id: str, besides: str) -> ReplacedReading | None:
    """Remove what was read from a capture before, but for the row of the reading by parser ``besides``.

    Returns the reading by another parser, for `note_replaced`.
    """
    seen = connection.execute(_DROP_SIGHTINGS, {"of_capture": capture_id}).all()
    rows = connection.execute(_DROP_OTHER_READINGS, {"of_capture": capture_id, "besides": besides}).all()
    return replaced_reading(rows, seen, besides) if rows else None


def drop_unreferenced(connection: Connection) -> None:
    """After readings were replaced: remove versions that none shows any more, and records without a version."""
    referencing = select(sightings.c.record_id).where(sightings.c.version_id == versions.c.id)
    connection.execute(delete(versions).where(~exists(referencing)))
    versioned = select(versions.c.id).where(versions.c.record_id == records.c.id)
    connection.execute(delete(records).where(~exists(versioned)))


def records_of_capture(
    connection: Connection, capture_id: str, *, viewer: Viewer = EVERYONE
) -> Iterator[RecordSighting]:
    """What was read from one capture, in page order."""
    query = select_sightings(viewer).where(sightings.c.capture_id == capture_id).order_by(sightings.c.position)
    return (sighting_of(row) for row in connection.execute(query))


def sightings_of_record(
    connection: Connection, record: str, *, viewer: Viewer = EVERYONE
) -> Iterator[RecordSighting]:
    """Every time a record was seen, oldest first; empty where there is no such record."""
    query = (
        select_sightings(viewer)
        .add_columns(readings.c.remarks.label("page_remarks"))
        .join(
            readings,
            and_(
                readings.c.capture_id == sightings.c.capture_id,
                readings.c.parser_version == sightings.c.parser_version,
            ),
        )
        .where(sightings.c.record_id == record)
        .order_by(sightings.c.captured_at, sightings.c.capture_id)
    )
    for row in connection.execute(query):
        yield replace(sighting_of(row), page_remarks=tuple(row.page_remarks))


def reading_problem(connection: Connection, capture_id: str) -> str | None:
    """Why a captured page could not be read; None where it was read, or is no page."""
    query = select(readings.c.problem).where(readings.c.capture_id == capture_id, readings.c.problem.is_not(None))
    return connection.scalar(query.limit(1))


def read_by_any_version(connection: Connection, capture_id: str, parser: str) -> bool:
    """Whether some version of an operator's parser, of this name, has read the capture."""
    query = select(readings.c.capture_id).where(
        readings.c.capture_id == capture_id,
        func.split_part(readings.c.parser_version, "/", 1) == parser,
        readings.c.problem.is_(None),
    )
    return connection.execute(query.limit(1)).first() is not None


def parser_versions_of(connection: Connection, capture_id: str) -> tuple[str, ...]:
    """The parser versions that have read a capture."""
    query = select(readings.c.parser_version).where(readings.c.capture_id == capture_id)
    return tuple(connection.scalars(query.order_by(readings.c.parser_version)))


def versions_of_record(connection: Connection, record: str) -> dict[str, Mapping[str, Any]]:
    """What each version of a record says, without what a sighting saw besides."""
    query = select(versions.c.id, versions.c.content).where(versions.c.record_id == record)
    return {row.id: row.content for row in connection.execute(query)}


def select_sightings(viewer: Viewer) -> Select[Any]:
    """Sightings with version and record, as far as the viewer may see them."""
    return (
        select(
            sightings.c.record_id,
            sightings.c.version_id,
            versions.c.kind,
            records.c.natural_key,
            versions.c.content.label("version"),
            sightings.c.content.label("besides"),
            sightings.c.capture_id,
            sightings.c.captured_at,
            sightings.c.source_id,
        )
        .join(versions, versions.c.id == sightings.c.version_id)
        .join(records, records.c.id == sightings.c.record_id)
        .where(visible_to(viewer, sightings.c.access_label))
    )


def sighting_of(row: Row[Any]) -> RecordSighting:
    """The record that a row of `select_sightings` holds."""
    content = {**row.version, **row.besides}
    return RecordSighting(
        record_id=row.record_id,
        version_id=row.version_id,
        kind=row.kind,
        natural_key=row.natural_key,
        content={name: content[name] for name in field_names(row.kind, content) if name in content},
        capture_id=row.capture_id,
        captured_at=row.captured_at,
        source_id=row.source_id,
    )
