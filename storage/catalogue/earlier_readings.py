"""What an earlier parser had read of a capture that a later one reads otherwise: kept, counted, and shown.

In: a connection of the writer, in the transaction that replaces the reading. Out: rows of the schema ``work``: per
file and pair of parsers how many captures were read again and how many records are read otherwise, and of such a
capture what the earlier parser had read. Guaranteed: they are written with the reading that takes the place, or
neither is; an earlier reading that is kept is never written over. `rebuild` leaves them: the program that read so
is no longer there. The purge of a capture takes them with it.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from storage.access_labels import EVERYONE, Viewer, visible_to
from storage.catalogue.captures import Capture
from storage.catalogue.hiding import hidden
from storage.catalogue.tables import captures, records, sightings, versions, warcs
from storage.catalogue.unread import UNREAD
from storage.catalogue.write_gate import is_beside
from storage.work_queue.tables import earlier_readings, read_again

CHANGED: Final = "changed"
GONE: Final = "gone"
ADDED: Final = "added"


@dataclass(frozen=True, slots=True)
class SeenRecord:
    """A record of a reading: its version, and what the capture saw besides."""

    record_id: str
    version_id: str
    besides: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ReplacedReading:
    """The reading that a new one takes the place of, and the records it had."""

    parser_version: str
    outcome: str
    outcome_reason: str | None
    layout: str | None
    problem: str | None
    records: tuple[SeenRecord, ...]


@dataclass(frozen=True, slots=True)
class ParserChange:
    """What reading again by ``later`` in the place of ``earlier`` has come to: captures, those of them of which
    something was read otherwise, and records: read otherwise, no longer there, new.
    """

    earlier: str
    later: str
    captures: int
    otherwise: int
    changed: int
    gone: int
    added: int


@dataclass(frozen=True, slots=True)
class EarlierReading:
    """A capture that is read otherwise.

    ``differences``: rows of ``how`` (changed, gone, added), ``record_id``, ``kind``, ``natural_key``, ``fields``
    that differ, and ``before``: the record as it was read, None of a new one.
    """

    capture_id: str
    url: str
    captured_at: datetime
    source_id: str
    earlier: str
    later: str
    read_again_at: datetime
    outcome: str
    outcome_reason: str | None
    problem: str | None
    records: int
    differences: Sequence[Mapping[str, Any]]


def replaced_reading(rows: Sequence[Any], seen: Sequence[Any], parser_version: str) -> ReplacedReading | None:
    """The reading by another parser among the deleted ``rows``, with its records among those ``seen``.

    None where there was none, or one that only says that a page waits for its parser.
    """
    for row in rows:
        if row.parser_version == parser_version or row.parser_version.endswith(f"/{UNREAD}"):
            continue
        theirs = tuple(
            SeenRecord(each.record_id, each.version_id, each.content)
            for each in seen
            if each.parser_version == row.parser_version
        )
        return ReplacedReading(
            row.parser_version, row.outcome, row.outcome_reason, row.layout, row.problem, theirs
        )
    return None


def note_replaced(
    connection: Connection, capture: Capture, before: ReplacedReading, parser_version: str, outcome: str
) -> None:
    """Count that a capture was read again, and keep what the earlier parser had read where that differs."""
    if is_beside(connection):
        return
    query = select(sightings.c.record_id, sightings.c.version_id, sightings.c.content).where(
        sightings.c.capture_id == capture.id
    )
    now = {row.record_id: SeenRecord(*row) for row in connection.execute(query)}
    then = {each.record_id: each for each in before.records}
    how = dict.fromkeys(then.keys() - now.keys(), GONE) | dict.fromkeys(now.keys() - then.keys(), ADDED)
    how |= {name: CHANGED for name in then.keys() & now.keys() if then[name] != now[name]}
    differs = bool(how) or before.outcome != outcome
    counted = {
        "captures": 1,
        "otherwise": int(differs),
        **{each: sum(what == each for what in how.values()) for each in (CHANGED, GONE, ADDED)},
    }
    key = {
        "warc_key": capture.warc_key,
        "earlier": without_layout(before.parser_version),
        "later": without_layout(parser_version),
    }
    statement = insert(read_again).values(**key, **counted)
    sums = {name: read_again.c[name] + statement.excluded[name] for name in counted}
    connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=sums))
    if not differs:
        return
    row = {
        "capture_id": capture.id,
        **key,
        "read_again_at": func.clock_timestamp(),
        "outcome": before.outcome,
        "outcome_reason": before.outcome_reason,
        "layout": before.layout,
        "problem": before.problem,
        "records": len(then),
        "differences": _differences(connection, how, then, now),
    }
    connection.execute(insert(earlier_readings).values(**row).on_conflict_do_nothing())


def without_layout(parser_version: str) -> str:
    """The parser without the selectors of a layout: ``news-4`` of ``news-4+0a1b2c3d``."""
    return parser_version.partition("+")[0]


def _differences(
    connection: Connection,
    how: Mapping[str, str],
    then: Mapping[str, SeenRecord],
    now: Mapping[str, SeenRecord],
) -> list[dict[str, Any]]:
    names = {each[name].version_id for each in (then, now) for name in how if name in each}
    of_versions = (
        select(versions.c.id, versions.c.kind, versions.c.content, records.c.natural_key)
        .join(records, records.c.id == versions.c.record_id)
        .where(versions.c.id.in_(names))
    )
    known = {row.id: row for row in connection.execute(of_versions)}
    found = []
    for name, what in sorted(how.items()):
        before, after = (
            None if each is None else {**known[each.version_id].content, **each.besides}
            for each in (then.get(name), now.get(name))
        )
        about = known[(then.get(name) or now[name]).version_id]
        differing = (
            sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
            if before is not None and after is not None
            else []
        )
        found.append(
            {
                "how": what,
                "record_id": name,
                "kind": about.kind,
                "natural_key": about.natural_key,
                "fields": differing,
                "before": before,
            }
        )
    return found


def parser_changes(connection: Connection, *, viewer: Viewer = EVERYONE) -> tuple[ParserChange, ...]:
    """What reading again has come to, by pair of parsers, over all files that the viewer may see."""
    sums = [func.sum(read_again.c[name]).label(name) for name in ("captures", "otherwise", CHANGED, GONE, ADDED)]
    query = (
        select(read_again.c.earlier, read_again.c.later, *sums)
        .join(warcs, warcs.c.key == read_again.c.warc_key)
        .where(visible_to(viewer, warcs.c.access_label))
        .group_by(read_again.c.earlier, read_again.c.later)
        .order_by(read_again.c.later, read_again.c.earlier)
    )
    return tuple(ParserChange(**row._mapping) for row in connection.execute(query))


def earlier_readings_of(
    connection: Connection,
    *,
    parser: str | None = None,
    capture_id: str | None = None,
    viewer: Viewer = EVERYONE,
    limit: int,
) -> Iterator[EarlierReading]:
    """Captures that are read otherwise, the newest capture first; of one ``parser``, the earlier or the later.

    Records that are hidden are left out of ``differences``.
    """
    names = ("earlier", "later", "read_again_at", "outcome", "outcome_reason", "problem", "records", "differences")
    query = (
        select(
            captures.c.id.label("capture_id"),
            captures.c.url,
            captures.c.captured_at,
            captures.c.source_id,
            *(earlier_readings.c[name] for name in names),
        )
        .join(captures, captures.c.id == earlier_readings.c.capture_id)
        .where(visible_to(viewer, captures.c.access_label))
        .order_by(captures.c.captured_at.desc(), captures.c.id, earlier_readings.c.read_again_at)
        .limit(limit)
    )
    if parser is not None:
        query = query.where((earlier_readings.c.later == parser) | (earlier_readings.c.earlier == parser))
    if capture_id is not None:
        query = query.where(earlier_readings.c.capture_id == capture_id)
    found = [EarlierReading(**row._mapping) for row in connection.execute(query)]
    withheld = _hidden_records(connection, {row["record_id"] for each in found for row in each.differences})
    return (
        replace(each, differences=[row for row in each.differences if row["record_id"] not in withheld])
        for each in found
    )


def _hidden_records(connection: Connection, record_ids: Collection[str]) -> frozenset[str]:
    """Those that are withdrawn or quarantined: a capture in which today's parser does not see them stays open."""
    query = select(hidden.c.subject_id).where(
        hidden.c.subject_kind == "record", hidden.c.subject_id.in_(list(record_ids))
    )
    return frozenset(connection.scalars(query))


def forget_earlier(connection: Connection, capture_ids: Collection[str]) -> None:
    """Take away what earlier parsers had read of captures that are purged."""
    connection.execute(delete(earlier_readings).where(earlier_readings.c.capture_id.in_(list(capture_ids))))


def forget_earlier_of_record(connection: Connection, record_id: str) -> None:
    """Take away what earlier parsers had read wherever the record is in it, also of captures that stay."""
    holds = earlier_readings.c.differences.contains([{"record_id": record_id}])
    connection.execute(delete(earlier_readings).where(holds))
