"""What a night brought, source by source: counts, and each failure, over the WARC files deposited after a point in
the custody chain.

A point, not a list of crawls, since every deposited file has its place in the chain, whoever crawled it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, case, distinct, exists, func, literal, select

from processors.kinds import KINDS
from processors.pages.outcome import Outcome
from storage.catalogue.crawl_counts import ROBOTS
from storage.catalogue.tables import (
    captures,
    group_members,
    media,
    occurrences,
    readings,
    sightings,
    versions,
    warcs,
)
from storage.ledger.tables import custody
from storage.similarity.tables import compared

REFUSALS: Final = tuple(set(Outcome) - {Outcome.CONTENT, Outcome.EMPTY})
"""An empty page is an answer; whether there should have been more is judged by the source's expected yield."""

_UNDECODED: Final = media.c.media_type.like("image/%") & media.c.refused.is_not(None)


@dataclass(frozen=True)
class SourceCounts:
    """Counts of one source.

    ``records``: of each kind, by what several of them are called (posts, articles). ``new``: wordings of records,
    and media, that no file deposited earlier had shown. ``duplicates``: media whose bytes stand at another place
    as well, or whose picture is another's. ``failures``: requests without an answer, pages that refused us or
    could not be read (`REFUSALS`), pictures that could not be decoded.
    """

    source_id: str
    pages: int = 0
    records: Mapping[str, int] = field(default_factory=dict)
    media: int = 0
    new: int = 0
    duplicates: int = 0
    failures: int = 0
    warc_files: int = 0
    warc_bytes: int = 0


@dataclass(frozen=True, order=True)
class NightlyFailure:
    """One of the failures that `SourceCounts` counts; ``reason`` is the sentence that was kept, if one was."""

    source_id: str
    url: str
    outcome: str
    reason: str | None


UNDECODED: Final = "not decoded"
"""The outcome of a picture that is no page, and has none of its own."""


def newest_deposit(connection: Connection) -> int:
    """The point in the custody chain of the newest deposited file; 0 where there is none."""
    return int(connection.execute(select(func.coalesce(func.max(warcs.c.custody_seq), 0))).scalar_one())


def unread_files(connection: Connection) -> int:
    """How many deposited files have not been read into records yet."""
    unread = select(func.count()).select_from(warcs).where(warcs.c.processed_with.is_(None))
    return int(connection.execute(unread).scalar_one())


def counts_since(connection: Connection, after_seq: int) -> tuple[SourceCounts, ...]:
    """One row per source with a file deposited after this point, in the order of their ids."""
    counts: dict[str, dict[str, int]] = {}
    for question in (
        _files(after_seq),
        _pages(after_seq),
        _records(after_seq),
        _media(after_seq),
        _failed_requests(after_seq),
        _new_versions(after_seq),
        _new_media(after_seq),
    ):
        for row in connection.execute(question):
            _add(counts.setdefault(row.source_id, {}), row)
    names = record_names()
    return tuple(
        SourceCounts(
            source_id,
            records={name: found.get(name, 0) for name in names},
            **{name: count for name, count in found.items() if name not in names},
        )
        for source_id, found in sorted(counts.items())
    )


def remembered_counts_since(connection: Connection, after_seq: int) -> tuple[SourceCounts, ...]:
    """The same, counted once until something is deposited, read, compared or taken away.

    While a file is being read, what was read of it so far is not counted.
    """
    archive = str(connection.engine.url)
    state = (after_seq, *connection.execute(_state(after_seq)).one())
    remembered = _REMEMBERED.get(archive)
    if remembered is None or remembered[0] != state:
        remembered = _REMEMBERED[archive] = (state, counts_since(connection, after_seq))
    return remembered[1]


_REMEMBERED: Final[dict[str, tuple[tuple[Any, ...], tuple[SourceCounts, ...]]]] = {}
"""The newest counts of each database that this process reads, and the state in which they were counted."""


def _state(after_seq: int) -> Select[Any]:
    """What changes whenever the counts do: custody, by which the files were read, and how often was compared."""
    read = select(func.sum(func.hashtext(func.coalesce(warcs.c.processed_with, ""))))
    return select(
        select(func.max(custody.c.seq)).scalar_subquery(),
        read.where(warcs.c.custody_seq > after_seq).scalar_subquery(),
        select(func.max(compared.c.turn)).scalar_subquery(),
    )


def record_names() -> dict[str, str]:
    """The name of each kind of record by what several of them are called, in the order of the table of kinds."""
    return {kind.record.plural: kind.record.name for kind in KINDS.values()}


def counts_json(counts: SourceCounts) -> dict[str, Any]:
    """The counts as JSON-ready values, those of records under the names of their kinds."""
    row: dict[str, Any] = {}
    for name, value in asdict(counts).items():
        row |= value if name == "records" else {name: value}
    return row


def failures_since(connection: Connection, after_seq: int) -> tuple[NightlyFailure, ...]:
    """Each failure after this point, as many of each source as `counts_since` counts."""
    found = [
        NightlyFailure(row.source_id, row.url, row.outcome, row.reason)
        for question in (_refused_pages(after_seq), _unanswered_requests(after_seq), _undecoded_media(after_seq))
        for row in connection.execute(question)
    ]
    return tuple(sorted(found, key=lambda each: (each.source_id, each.url, each.outcome, each.reason or "")))


def captures_since(connection: Connection, after_seq: int) -> frozenset[str]:
    """Ids of the captures in the files deposited after this point."""
    query = select(captures.c.id).join(warcs, warcs.c.key == captures.c.warc_key)
    return frozenset(connection.scalars(query.where(warcs.c.custody_seq > after_seq)))


def _add(found: dict[str, int], row: Row[Any]) -> None:
    for name, value in row._mapping.items():
        if name != "source_id":
            found[name] = found.get(name, 0) + int(value)


def _files(after_seq: int) -> Select[Any]:
    return (
        select(
            warcs.c.source_id,
            func.count().label("warc_files"),
            func.sum(warcs.c.length_bytes).label("warc_bytes"),
        )
        .where(warcs.c.custody_seq > after_seq)
        .group_by(warcs.c.source_id)
    )


def _pages(after_seq: int) -> Select[Any]:
    return (
        select(
            readings.c.source_id,
            func.count(distinct(readings.c.capture_id)).label("pages"),
            func.count(distinct(case((readings.c.outcome.in_(REFUSALS), readings.c.capture_id)))).label(
                "failures"
            ),
        )
        .join(captures, captures.c.id == readings.c.capture_id)
        .join(warcs, warcs.c.key == captures.c.warc_key)
        .where(warcs.c.custody_seq > after_seq, captures.c.surt.not_like(ROBOTS))
        .group_by(readings.c.source_id)
    )


def _records(after_seq: int) -> Select[Any]:
    return (
        select(
            captures.c.source_id,
            *(
                func.count(distinct(case((versions.c.kind == kind, sightings.c.record_id)))).label(name)
                for name, kind in record_names().items()
            ),
        )
        .select_from(sightings)
        .join(versions, versions.c.id == sightings.c.version_id)
        .join(captures, captures.c.id == sightings.c.capture_id)
        .join(warcs, warcs.c.key == captures.c.warc_key)
        .where(warcs.c.custody_seq > after_seq)
        .group_by(captures.c.source_id)
    )


def _media(after_seq: int) -> Select[Any]:
    other_occurrences = occurrences.alias()
    other_captures = captures.alias()
    # Signed addresses change from one look to the next: only within one crawl do two of them mean two places.
    another_place = (other_captures.c.source_id != captures.c.source_id) | (
        (other_captures.c.crawl_id == captures.c.crawl_id) & (other_captures.c.surt != captures.c.surt)
    )
    seen_elsewhere = exists(
        select(other_occurrences.c.capture_id)
        .join(other_captures, other_captures.c.id == other_occurrences.c.capture_id)
        .where(other_occurrences.c.sha256 == occurrences.c.sha256, another_place)
    )
    same_picture = exists(select(group_members.c.sha256).where(group_members.c.sha256 == occurrences.c.sha256))
    return (
        select(
            captures.c.source_id,
            func.count(distinct(occurrences.c.sha256)).label("media"),
            func.count(distinct(case((seen_elsewhere | same_picture, occurrences.c.sha256)))).label("duplicates"),
            func.count(distinct(case((_UNDECODED, occurrences.c.sha256)))).label("failures"),
        )
        .select_from(occurrences)
        .join(media, media.c.sha256 == occurrences.c.sha256)
        .join(captures, captures.c.id == occurrences.c.capture_id)
        .join(warcs, warcs.c.key == captures.c.warc_key)
        .where(warcs.c.custody_seq > after_seq)
        .group_by(captures.c.source_id)
    )


def _failed_requests(after_seq: int) -> Select[Any]:
    return (
        select(captures.c.source_id, func.count().label("failures"))
        .join(warcs, warcs.c.key == captures.c.warc_key)
        .where(warcs.c.custody_seq > after_seq, captures.c.transport_outcome.is_not(None))
        .group_by(captures.c.source_id)
    )


def _new_versions(after_seq: int) -> Select[Any]:
    earlier, earlier_captures, earlier_warcs = sightings.alias(), captures.alias(), warcs.alias()
    known = exists(
        select(earlier.c.version_id)
        .join(earlier_captures, earlier_captures.c.id == earlier.c.capture_id)
        .join(earlier_warcs, earlier_warcs.c.key == earlier_captures.c.warc_key)
        .where(earlier.c.version_id == sightings.c.version_id, earlier_warcs.c.custody_seq <= after_seq)
    )
    return (
        select(captures.c.source_id, func.count(distinct(sightings.c.version_id)).label("new"))
        .select_from(sightings)
        .join(captures, captures.c.id == sightings.c.capture_id)
        .join(warcs, warcs.c.key == captures.c.warc_key)
        .where(warcs.c.custody_seq > after_seq, ~known)
        .group_by(captures.c.source_id)
    )


def _new_media(after_seq: int) -> Select[Any]:
    earlier, earlier_captures, earlier_warcs = occurrences.alias(), captures.alias(), warcs.alias()
    known = exists(
        select(earlier.c.sha256)
        .join(earlier_captures, earlier_captures.c.id == earlier.c.capture_id)
        .join(earlier_warcs, earlier_warcs.c.key == earlier_captures.c.warc_key)
        .where(earlier.c.sha256 == occurrences.c.sha256, earlier_warcs.c.custody_seq <= after_seq)
    )
    return (
        select(captures.c.source_id, func.count(distinct(occurrences.c.sha256)).label("new"))
        .select_from(occurrences)
        .join(captures, captures.c.id == occurrences.c.capture_id)
        .join(warcs, warcs.c.key == captures.c.warc_key)
        .where(warcs.c.custody_seq > after_seq, ~known)
        .group_by(captures.c.source_id)
    )


def _refused_pages(after_seq: int) -> Select[Any]:
    """One row per page, also where several parsers have read it."""
    return (
        select(
            readings.c.source_id,
            func.min(readings.c.url).label("url"),
            func.min(readings.c.outcome).label("outcome"),
            func.min(readings.c.outcome_reason).label("reason"),
        )
        .join(captures, captures.c.id == readings.c.capture_id)
        .join(warcs, warcs.c.key == captures.c.warc_key)
        .where(warcs.c.custody_seq > after_seq, captures.c.surt.not_like(ROBOTS), readings.c.outcome.in_(REFUSALS))
        .group_by(readings.c.source_id, readings.c.capture_id)
    )


def _unanswered_requests(after_seq: int) -> Select[Any]:
    return (
        select(
            captures.c.source_id,
            captures.c.url,
            captures.c.transport_outcome.label("outcome"),
            captures.c.transport_reason.label("reason"),
        )
        .join(warcs, warcs.c.key == captures.c.warc_key)
        .where(warcs.c.custody_seq > after_seq, captures.c.transport_outcome.is_not(None))
    )


def _undecoded_media(after_seq: int) -> Select[Any]:
    return (
        select(
            captures.c.source_id,
            func.min(captures.c.url).label("url"),
            literal(UNDECODED).label("outcome"),
            func.min(media.c.refused).label("reason"),
        )
        .select_from(occurrences)
        .join(media, media.c.sha256 == occurrences.c.sha256)
        .join(captures, captures.c.id == occurrences.c.capture_id)
        .join(warcs, warcs.c.key == captures.c.warc_key)
        .where(warcs.c.custody_seq > after_seq, _UNDECODED)
        .group_by(captures.c.source_id, occurrences.c.sha256)
    )
