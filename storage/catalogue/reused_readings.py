"""A file that did not change is not parsed again: its earlier reading is seen once more.

In: a capture and the parser version of today. Out: rows of its reading, outcome and sightings, the same as if it
had been parsed, since equal bytes read by one version in one way give equal records. Looked for among captures of
the same source, address, status, type and declared layout.
"""

from sqlalchemy import Connection, Text, delete, insert, literal, select

from storage.catalogue.captures import Capture
from storage.catalogue.compared_sources import begin_change
from storage.catalogue.earlier_readings import note_replaced
from storage.catalogue.records import forget_readings
from storage.catalogue.tables import captures, outcomes, readings, sightings, warcs


def copy_earlier_reading(
    connection: Connection, capture: Capture, parser_version: str, classifier_version: str
) -> int | None:
    """Write the reading of an equal capture as this one's; returns how many records, None where none is equal."""
    if capture.payload_digest is None or capture.truncated is not None:
        return None
    layout = warcs.c.declaration["layout"].astext
    here = select(layout).where(warcs.c.key == capture.warc_key).scalar_subquery()
    query = (
        select(readings.c.capture_id, readings.c.records, readings.c.outcome)
        .join(captures, captures.c.id == readings.c.capture_id)
        .join(warcs, warcs.c.key == captures.c.warc_key)
        .join(outcomes, outcomes.c.capture_id == readings.c.capture_id)
        .where(
            outcomes.c.classifier_version == classifier_version,
            captures.c.payload_digest == str(capture.payload_digest),
            captures.c.source_id == capture.source_id,
            captures.c.url == capture.url,
            captures.c.id != capture.id,
            captures.c.truncated.is_(None),
            captures.c.status.is_not_distinct_from(capture.status),
            captures.c.media_type.is_not_distinct_from(capture.media_type),
            captures.c.access_label == capture.access_label,
            readings.c.parser_version == parser_version,
            readings.c.problem.is_(None),
            layout.is_not_distinct_from(here),
        )
        .order_by(captures.c.captured_at, captures.c.id)
        .limit(1)
    )
    row = connection.execute(query).first()
    if row is None:
        return None
    begin_change(connection, capture.source_id)
    before = forget_readings(connection, capture.id, parser_version)
    connection.execute(delete(readings).where(readings.c.capture_id == capture.id))
    own = {
        "capture_id": literal(capture.id, Text),
        "crawl_id": literal(capture.crawl_id, Text),
        "captured_at": literal(capture.captured_at, captures.c.captured_at.type),
    }
    for table in (readings, sightings):
        same = select(*(own.get(column.name, column).label(column.name) for column in table.columns)).where(
            table.c.capture_id == row.capture_id, table.c.parser_version == parser_version
        )
        connection.execute(insert(table).from_select([column.name for column in table.columns], same))
    verdict = select(
        own["capture_id"], outcomes.c.classifier_version, outcomes.c.outcome, outcomes.c.reason
    ).where(outcomes.c.capture_id == row.capture_id, outcomes.c.classifier_version == classifier_version)
    names = ["capture_id", "classifier_version", "outcome", "reason"]
    connection.execute(delete(outcomes).where(outcomes.c.capture_id == capture.id))
    connection.execute(insert(outcomes).from_select(names, verdict))
    if before is not None:
        note_replaced(connection, capture, before, parser_version, row.outcome)
    return int(row.records)
