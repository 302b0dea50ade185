"""Asks the archive for the facts of exhibits: of a frozen selection all of them, or of one capture by itself.

In: the archive, a `FrozenSelection` or the id of a capture. Out: `ExhibitFacts`. Only what the selection names is
looked at: a picture, a record or a version that it does not have is in no report. Raises `StorageError` where the
store does not answer; a record that is not as it was sealed is a fact and stands in the report.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection

from access.rendering.formatting import format_value
from access.views.captures import capture_facts
from access.views.completeness import completeness
from access.views.payload import captured_text
from access.views.safe_images import payload_of
from crawlers.model.capture import RenderingKind
from crawlers.model.exchange import Fidelity
from pipeline.handover.exhibit_status import statuses_of_exhibit
from pipeline.handover.redaction.covered_exhibits import CoveredExhibit, bare_status
from pipeline.handover.report.facts import (
    CaptureBeside,
    ClockStatement,
    ExhibitFacts,
    FileCustody,
    NamedText,
    NamedValue,
    ObservedExchange,
    RecordCheck,
    RedactionFacts,
    ReportPicture,
)
from pipeline.handover.selection import (
    CaptureRole,
    Exhibit,
    ExhibitKind,
    FrozenSelection,
    SelectedCapture,
    packed_captures,
)
from processors.media.frame_rendering import can_draw
from processors.media.thumbnails import draw
from storage.access_labels import EVERYONE
from storage.archive import Archive
from storage.catalogue.captures import Capture, capture_by_id, captures_by_ids
from storage.catalogue.records import RecordSighting, parser_versions_of, records_of_capture, sightings_of_record
from storage.catalogue.revisits import payload_capture
from storage.deposit.custody_status import CustodyStatus, custody_status
from storage.deposit.origin import CRAWL, RECEIVED, origin_in_custody
from storage.deposit.record_reader import (
    BLOCK_LIMIT_BYTES,
    BlockTooLargeError,
    RecordDiffersError,
    read_record,
)
from storage.ledger.crawl_facts import STARTED
from storage.ledger.custody import entries
from storage.ledger.entry import CustodyEntry
from storage.ledger.received_files import RECEIVED_PREFIX
from storage.ledger.redactions import Redaction
from storage.ledger.retention import locks_from_custody
from storage.similarity.media import sniffed_type

WORDING_CHARACTERS: Final = 6_000
"""Of the source's words on the page of an exhibit; the whole is in the package."""
MOST_RECORDS_OF_CAPTURE: Final = 3

STEP_KINDS: Final = {"region": "regions", "sound": "sounds", "words": "words", "field": "words"}
"""What the report counts each kind of step as."""

OURS: Final = frozenset({"kind", "language", "url", "canonical_url"})
"""Texts in a record that are no words of the source's."""
LEFT_OUT: Final = frozenset({"struck", "names", "remarks", "media", "images"})
"""Parts of a record that are working notes of ours, or stand elsewhere in the report."""


def exhibit_facts(
    archive: Archive, selection: FrozenSelection, covered: Mapping[str, CoveredExhibit]
) -> tuple[ExhibitFacts, ...]:
    """The facts of every exhibit, in the order of the selection; custody as it was when that was frozen.

    ``covered`` has, by number, the exhibits of which something is covered.
    """
    return tuple(
        _of_exhibit(archive, exhibit, selection.frozen_at, covered.get(exhibit.number))
        for exhibit in selection.exhibits
    )


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


def _of_exhibit(
    archive: Archive, exhibit: Exhibit, at: datetime | None, covered: CoveredExhibit | None = None
) -> ExhibitFacts:
    if covered is not None:
        return _of_covered(archive, exhibit, at, covered)
    with archive.reader.connect() as connection:
        chosen = _chosen(connection, exhibit)
        own = next((capture for role, capture in chosen if role == CaptureRole.SUBJECT), None)
        here = {each.id for _, each in chosen}
        sightings = tuple(
            each
            for record_id in exhibit.record_ids
            for each in sightings_of_record(connection, record_id)
            if each.capture_id in here
        )
        records = _newest_of_records(exhibit, sightings)
        parsers = sorted({each for r in records for each in parser_versions_of(connection, r.capture_id)})
    return replace(
        _facts(archive, exhibit, at, _Sources(own, chosen, sightings, text_of=own)), parsers=tuple(parsers)
    )


def _of_covered(archive: Archive, exhibit: Exhibit, at: datetime | None, covered: CoveredExhibit) -> ExhibitFacts:
    """The same of an exhibit of which something is covered: nothing is read but its copies and what goes.

    How the original was observed and kept is said as of any other; its address has bars, and no reason in words.
    """
    with archive.reader.connect() as connection:
        chosen = _chosen(connection, exhibit)
    first = exhibit.captures[0].capture_id
    candidates = (*covered.covered, *(each for _, each in chosen))
    own = next((each for each in candidates if each.id == first), None)
    found = _facts(archive, exhibit, at, _Sources(own, chosen, covered.sightings, text_of=None))
    observed = found.observed
    if observed is not None:
        address = covered.addresses.get(observed.capture_id, observed.url)
        observed = replace(observed, url=address, outcome_reason=None)
    return replace(
        found,
        observed=observed,
        beside=(
            *(replace(each, outcome=None) if each.role is CaptureRole.REDACTED else each for each in found.beside),
            *(
                CaptureBeside(
                    CaptureRole.COVERED, each.id, covered.addresses[each.id], each.captured_at, each.outcome, None
                )
                for each in covered.covered
                if own is None or each.id != own.id
            ),
        ),
        statuses=tuple(map(bare_status, found.statuses)),
        redactions=tuple(map(_redaction_facts, covered.redactions)),
        is_covered=True,
        packed=bool(packed_captures(exhibit.captures)),
    )


@dataclass(frozen=True, slots=True)
class _Sources:
    """What the facts of an exhibit are read from: its own capture, those whose bytes go along, its records there.

    ``text_of``: the capture whose text is the wording where no record has any.
    """

    own: Capture | None
    chosen: list[tuple[CaptureRole, Capture]]
    sightings: tuple[RecordSighting, ...]
    text_of: Capture | None


def _facts(archive: Archive, exhibit: Exhibit, at: datetime | None, sources: _Sources) -> ExhibitFacts:
    """The facts of any exhibit, without its parsers, and without what is covered."""
    own, chosen = sources.own, sources.chosen
    with archive.reader.connect() as connection:
        statuses = statuses_of_exhibit(connection, exhibit, sources.sightings, at or datetime.now(UTC))
        begun = None if own is None else _beginning(entries(connection, subject_id=own.crawl_id))
    records = _newest_of_records(exhibit, sources.sightings)
    wording, cut = _wording(archive, sources.text_of, records)
    facts = None if own is None else capture_facts(archive, own)
    return ExhibitFacts(
        number=exhibit.number,
        kind=exhibit.kind,
        subject_id=exhibit.subject_id,
        title=exhibit.title,
        wording=wording,
        wording_cut=cut,
        reading=tuple(_reading(records)),
        parsers=(),
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
        statuses=statuses,
    )


def _redaction_facts(redaction: Redaction) -> RedactionFacts:
    counted = Counter(STEP_KINDS[step["cover"]] for step in redaction.steps)
    return RedactionFacts(
        redaction.copy_id,
        redaction.original_id,
        str(redaction.original_digest),
        redaction.at,
        redaction.tool,
        redaction.seq,
        dict(counted),
    )


def _chosen(connection: Connection, exhibit: Exhibit) -> list[tuple[CaptureRole, Capture]]:
    """The captures whose bytes go along, in the exhibit's order."""
    known = captures_by_ids(connection, packed_captures(exhibit.captures))
    return [(each.role, known[each.capture_id]) for each in exhibit.captures if each.capture_id in known]


def _newest_of_records(exhibit: Exhibit, sightings: tuple[RecordSighting, ...]) -> list[RecordSighting]:
    """Of the first records of the exhibit each one's newest sighting among those that go along."""
    newest = {each.record_id: each for each in sightings}
    return [newest[each] for each in exhibit.record_ids[:MOST_RECORDS_OF_CAPTURE] if each in newest]


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
    if name in OURS or name in LEFT_OUT or name.endswith(("_at", "_id")):
        return False
    return not value.startswith(("http://", "https://"))


def _reading(records: list[RecordSighting]) -> Iterator[NamedValue]:
    for record in records:
        for name, value in record.content.items():
            if name in LEFT_OUT or (isinstance(value, str) and _is_wording(name, value)):
                continue
            if format_value(value):
                yield NamedValue(name, value)


def _picture(archive: Archive, chosen: list[tuple[CaptureRole, Capture]]) -> ReportPicture | None:
    """The first view of the page if there is one, else all of it, else a medium, else the capture itself."""
    for capture in sorted((each for _, each in chosen), key=_picture_rank):
        if _picture_rank(capture) == _NEVER:
            return None
        drawn = _drawn(archive, capture)
        if drawn is not None:
            return ReportPicture(drawn, capture.id, capture.captured_at if _is_made_here(capture) else None)
    return None


def _is_made_here(capture: Capture) -> bool:
    """Whether the collector made it of a page; what a person brought has a name of that kind, too."""
    return capture.url.startswith("urn:") and not capture.url.startswith(RECEIVED_PREFIX)


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
    by_browser = exchange.get("fidelity") == Fidelity.BROWSER
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
        # a browser in direct mode does not always report how a connection was encrypted
        encrypted=None if not exchange or (by_browser and tls is None) else tls is not None,
        tls=None if tls is None else (str(tls["protocol"]), str(tls["cipher"]), tls.get("problem")),
        outcome=own.outcome,
        outcome_reason=own.outcome_reason,
        source_id=own.source_id,
        crawl_id=own.crawl_id,
        software=None if begun is None else begun.software,
        origin=None if facts["holding"] is None else facts["holding"]["origin"],
        by_browser=by_browser,
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
    file = status.file.as_of(at)
    origin = origin_in_custody(entry.details)
    copied_at = None if second is None or second.version_id is None else second.confirmed_at
    until = locks_from_custody((file.newest,)).get((file.key, file.version_id))
    return FileCustody(
        warc_key=entry.subject_id,
        sha256=str(file.sha256),
        length_bytes=file.length_bytes,
        deposited_at=entry.at,
        seq=entry.seq,
        locked_until=until,
        second_store=second is not None,
        copied_at=copied_at if copied_at is not None and (at is None or copied_at <= at) else None,
        imported=origin.kind != CRAWL,
        received=origin.kind == RECEIVED,
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
