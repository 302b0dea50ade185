"""Asks the archive for the facts of exhibits: of a frozen selection all of them, or of one capture by itself.

In: the archive, a `FrozenSelection` or the id of a capture. Out: `ExhibitFacts`. Only what the selection names is
looked at: a picture, a record or a version that it does not have is in no report. Raises `StorageError` where the
store does not answer; a record that is not as it was sealed is a fact and stands in the report.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from access.rendering.formatting import format_field
from access.views.captures import capture_facts
from access.views.completeness import completeness
from access.views.payload import captured_text
from access.views.safe_images import payload_of
from crawlers.model.capture import RenderingKind
from pipeline.handover.report.facts import (
    CaptureBeside,
    ClockStatement,
    ExhibitFacts,
    FileCustody,
    NamedText,
    ObservedExchange,
    RecordCheck,
    ReportPicture,
)
from pipeline.handover.selection import CaptureRole, Exhibit, ExhibitKind, FrozenSelection, SelectedCapture
from processors.media.frame_rendering import can_draw
from processors.media.thumbnails import draw
from storage.access_labels import EVERYONE
from storage.archive import Archive
from storage.catalogue.captures import Capture, capture_by_id, captures_by_ids
from storage.catalogue.records import RecordSighting, parser_versions_of, records_of_capture, sightings_of_record
from storage.catalogue.revisits import payload_capture
from storage.deposit.custody_status import CustodyStatus, custody_status
from storage.deposit.origin import CRAWL, origin_in_custody
from storage.deposit.record_reader import (
    BLOCK_LIMIT_BYTES,
    BlockTooLargeError,
    RecordDiffersError,
    read_record,
)
from storage.ledger.crawl_facts import STARTED
from storage.ledger.custody import entries
from storage.ledger.entry import CustodyEntry
from storage.ledger.retention import locks_from_custody
from storage.similarity.media import sniffed_type

WORDING_CHARACTERS: Final = 6_000
"""Of the source's words on the page of an exhibit; the whole is in the package."""
READING_CHARACTERS: Final = 600
MOST_RECORDS_OF_CAPTURE: Final = 3

OURS: Final = frozenset({"kind", "language", "url", "canonical_url"})
"""Texts in a record that are no words of the source's."""
NOT_TOLD: Final = frozenset({"struck", "names", "remarks", "media", "images"})
"""Parts of a record that are working notes of ours, or stand elsewhere in the report."""


def exhibit_facts(archive: Archive, selection: FrozenSelection) -> tuple[ExhibitFacts, ...]:
    """The facts of every exhibit, in the order of the selection; custody as it was when that was frozen."""
    return tuple(_of_exhibit(archive, exhibit, selection.frozen_at) for exhibit in selection.exhibits)


def facts_of_capture(archive: Archive, capture_id: str) -> ExhibitFacts | None:
    """The same of one capture by itself, with what was made of it; None where the archive has no such capture."""
    with archive.reader.connect() as connection:
        capture = capture_by_id(connection, capture_id)
        if capture is None:
            return None
        records = tuple(records_of_capture(connection, capture.id))
    renderings = capture_facts(archive, capture)["renderings"]
    exhibit = Exhibit(
        number="",
        kind=ExhibitKind.CAPTURE,
        subject_id=capture.id,
        title=capture.url,
        record_ids=tuple(dict.fromkeys(each.record_id for each in records)),
        captures=(
            SelectedCapture(capture.id, CaptureRole.SUBJECT),
            *(SelectedCapture(each["id"], CaptureRole.RENDERING) for each in renderings),
        ),
        media=(),
    )
    return _of_exhibit(archive, exhibit, None)


def _of_exhibit(archive: Archive, exhibit: Exhibit, at: datetime | None) -> ExhibitFacts:
    with archive.reader.connect() as connection:
        known = captures_by_ids(connection, [each.capture_id for each in exhibit.captures])
        chosen = [(each.role, known[each.capture_id]) for each in exhibit.captures if each.capture_id in known]
        own = next((capture for role, capture in chosen if role == CaptureRole.SUBJECT), None)
        records = [
            sighting
            for record_id in exhibit.record_ids[:MOST_RECORDS_OF_CAPTURE]
            if (sighting := _sighting(tuple(sightings_of_record(connection, record_id)), known)) is not None
        ]
        parsers = sorted({each for r in records for each in parser_versions_of(connection, r.capture_id)})
        begun = None if own is None else _beginning(entries(connection, subject_id=own.crawl_id))
    facts = None if own is None else capture_facts(archive, own)
    wording, cut = _wording(archive, own, records)
    return ExhibitFacts(
        number=exhibit.number,
        kind=exhibit.kind,
        subject_id=exhibit.subject_id,
        title=exhibit.title,
        wording=wording,
        wording_cut=cut,
        reading=tuple(_reading(records)),
        parsers=tuple(parsers),
        picture=_picture(archive, chosen),
        observed=None if own is None or facts is None else _observed(own, facts, begun),
        clock=_clock(begun),
        custody=None if own is None else file_custody(archive, own.warc_key, at=at),
        check=None if own is None else _check(archive, own),
        completeness=None if own is None or facts is None else completeness(archive, own, facts, viewer=EVERYONE),
        block_digest=None if own is None else str(own.block_digest),
        payload_digest=None if own is None or own.payload_digest is None else str(own.payload_digest),
        media=exhibit.media,
        beside=tuple(
            CaptureBeside(role, each.id, each.url, each.captured_at, each.outcome, each.outcome_reason)
            for role, each in chosen
            if own is None or each.id != own.id
        ),
    )


def _sighting(seen: tuple[RecordSighting, ...], chosen: Mapping[str, Capture]) -> RecordSighting | None:
    """The newest sighting among the captures that go along."""
    return next((each for each in reversed(seen) if each.capture_id in chosen), None)


def _beginning(about: tuple[CustodyEntry, ...]) -> CustodyEntry | None:
    return next((entry for entry in about if entry.event == STARTED), None)


def _wording(
    archive: Archive, own: Capture | None, records: list[RecordSighting]
) -> tuple[tuple[NamedText, ...], bool]:
    """What the source said: the texts of the records; of a capture without any, its text as a reader sees it."""
    found = [
        NamedText(name, value)
        for record in records
        for name, value in record.content.items()
        if isinstance(value, str) and value and _is_wording(name, value)
    ]
    if not found and own is not None and own.record_type in ("response", "revisit", "resource"):
        try:
            shown = captured_text(archive, own)
        except RecordDiffersError:
            shown = None  # the check of the record says so
        if shown is not None and shown.text and not shown.markup:
            found = [NamedText("text", shown.text)]
    cut = tuple(NamedText(each.name, each.text[:WORDING_CHARACTERS]) for each in found)
    return cut, any(len(each.text) > WORDING_CHARACTERS for each in found)


def _is_wording(name: str, value: str) -> bool:
    if name in OURS or name in NOT_TOLD or name.endswith(("_at", "_id")):
        return False
    return not value.startswith(("http://", "https://"))


def _reading(records: list[RecordSighting]) -> Iterator[NamedText]:
    for record in records:
        for name, value in record.content.items():
            if name in NOT_TOLD or (isinstance(value, str) and _is_wording(name, value)):
                continue
            text = format_field(name, value)
            if text:
                yield NamedText(name, text[:READING_CHARACTERS])


def _picture(archive: Archive, chosen: list[tuple[CaptureRole, Capture]]) -> ReportPicture | None:
    """The first view of the page if there is one, else all of it, else a medium, else the capture itself."""
    for capture in sorted((each for _, each in chosen), key=_picture_rank):
        if _picture_rank(capture) == _NEVER:
            return None
        drawn = _drawn(archive, capture)
        if drawn is not None:
            return ReportPicture(
                drawn, capture.id, capture.captured_at if capture.url.startswith("urn:") else None
            )
    return None


_NEVER: Final = 9


def _picture_rank(capture: Capture) -> int:
    for rank, kind in enumerate((RenderingKind.VIEW, RenderingKind.FULL_PAGE)):
        if capture.url.startswith(f"urn:{kind.value}:"):
            return rank
    media_type = capture.media_type or ""
    return 2 if media_type.startswith(("image/", "video/")) else _NEVER


def _drawn(archive: Archive, capture: Capture) -> bytes | None:
    with archive.reader.connect() as connection:
        holder = payload_capture(connection, capture)
        sniffed = None if holder is None else sniffed_type(connection, holder.id)
    if holder is None or not can_draw(sniffed or capture.media_type):
        return None
    try:
        content = payload_of(archive, holder, BLOCK_LIMIT_BYTES)
    except RecordDiffersError:
        return None  # the check of the record says so
    return None if content is None else draw(content, [0])[0]


def _observed(own: Capture, facts: Mapping[str, Any], begun: CustodyEntry | None) -> ObservedExchange:
    exchange = facts["exchange"]
    tls = exchange.get("tls")
    return ObservedExchange(
        capture_id=own.id,
        url=own.url,
        captured_at=own.captured_at,
        record_type=own.record_type,
        status=own.status,
        media_type=own.media_type,
        peer_address=own.peer_address,
        first_byte_at=exchange.get("first_byte_at"),
        ended_at=exchange.get("ended_at"),
        encrypted=tls is not None if exchange else None,
        tls=None if tls is None else (str(tls["protocol"]), str(tls["cipher"]), tls.get("problem")),
        outcome=own.outcome,
        outcome_reason=own.outcome_reason,
        source_id=own.source_id,
        crawl_id=own.crawl_id,
        software=None if begun is None else begun.software,
    )


def _clock(begun: CustodyEntry | None) -> ClockStatement:
    if begun is None:
        return ClockStatement(None, None, None)
    return ClockStatement(begun.clock.source, begun.clock.offset_s, begun.clock.reason)


def file_custody(archive: Archive, warc_key: str, *, at: datetime | None = None) -> FileCustody | None:
    """What custody said of a file at that moment, None: says now; None where it has no entry of a deposit."""
    status = custody_status(archive, warc_key)
    return None if status is None else custody_as_of(status, at)


def custody_as_of(status: CustodyStatus, at: datetime | None) -> FileCustody:
    """The same of a status in hand.

    What came after ``at`` (tokens, copies, longer locks) is left out, so that a package which is built again of
    the same selection says the same; a lock is that of the deposit, since renewals only make it longer.
    """
    entry, second = status.deposited, status.second_copy
    origin = origin_in_custody(entry.details)
    copied_at = None if second is None or second.version_id is None else second.confirmed_at
    until = locks_from_custody((entry,)).get((entry.subject_id, entry.details["object_version"]))
    return FileCustody(
        warc_key=entry.subject_id,
        sha256=str(entry.subject_digest),
        length_bytes=int(entry.details["length_bytes"]),
        deposited_at=entry.at,
        seq=entry.seq,
        locked_until=until,
        second_store=second is not None,
        copied_at=copied_at if copied_at is not None and (at is None or copied_at <= at) else None,
        imported=origin.kind != CRAWL,
        signed=entry.details.get("signature") is not None,
        recovered=origin.recovered,
        outside_times=tuple(
            (str(token.details["authority"]), datetime.fromisoformat(token.details["time"]))
            for token in status.tokens
            if at is None or token.at <= at
        ),
    )


def _check(archive: Archive, capture: Capture) -> RecordCheck:
    try:
        read_record(archive, capture)
    except BlockTooLargeError:
        return RecordCheck(agrees=False, too_large=True)
    except RecordDiffersError as problem:
        return RecordCheck(agrees=False, problem=f"{problem.expected} / {problem.found}")
    return RecordCheck(agrees=True)
