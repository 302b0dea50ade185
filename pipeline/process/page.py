"""Reads a capture that is a page or a document of a source into outcome and records.

In: a capture, its decoded body, how its source is to be read. Out: `CaptureResult`. What a page is, its bytes and
its source's kind say: HTML is read for every kind; JSON and documents (PDF, sheets, word processors) for lists,
whose rows they may hold. A list that did not change is not parsed again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection

from pipeline.process.page_kind import ParserChoice
from pipeline.process.readers import Readers
from processors.court_list.text_blocks import is_feed
from processors.http.message import UndecodableEntity, entity, header, parse_response
from processors.media.media_type import is_media, sniff
from processors.pages.clean_text import without_control_characters
from processors.pages.outcome import CLASSIFIER_VERSION, Classification, Outcome
from processors.pages.page import Page
from processors.pages.page_tables import is_json
from processors.pages.parse_result import Reading
from processors.parsing.parser_versions import parser_for
from processors.parsing.parsers import PageNotRead, Parsers
from processors.tables.document_type import document_type
from storage.catalogue.captures import Capture
from storage.catalogue.records import UnkeepableTextError, read_by_any_version, replace_reading, upsert_outcome
from storage.catalogue.reused_readings import copy_earlier_reading

ENTITY_LIMIT_BYTES: Final = 256 << 20
PAGE_LIMIT_BYTES: Final = 16 << 20
"""The largest real page of the captured ones has 2 MB; parsing far more would cost minutes."""
PAGE_TYPES: Final = frozenset({"text/html", "application/xhtml+xml"})


@dataclass(frozen=True, slots=True)
class CaptureResult:
    """What a capture was: a page (with how many records), a medium, neither.

    ``waits_for`` names the operator's parser that reads the page and is not here.
    """

    page: bool = False
    records: int = 0
    unreadable: bool = False
    medium: bool = False
    refused: bool = False
    waits_for: str | None = None


@dataclass(frozen=True, slots=True)
class DecodedBody:
    """The body with all codings removed; ``damage`` says why it is only a part."""

    content: bytes
    content_type: str | None
    damage: str | None = None


def decode_body(capture: Capture, block: bytes) -> DecodedBody:
    """The body in a sealed block."""
    if capture.record_type not in ("response", "revisit") or capture.status is None:
        return DecodedBody(block, capture.media_type)
    message = parse_response(block)
    content_type = header(message, "content-type")
    try:
        return DecodedBody(entity(message, ENTITY_LIMIT_BYTES), content_type)
    except UndecodableEntity as damage:
        return DecodedBody(damage.partial, content_type, damage.reason)


def is_page(capture: Capture, received: DecodedBody, how: ParserChoice | None) -> bool:
    """By the declared type, where none was declared by the bytes; of lists also JSON and documents, by the bytes.

    A refusal is judged whatever its type.
    """
    if capture.status is not None and capture.status >= 400:
        return True
    if how is not None and how.kind == "telegram_export":
        return True
    if how is not None and how.is_list and _may_list(capture, received):
        return True
    if capture.media_type is None:
        return sniff(received.content) == "text/html"
    return capture.media_type in PAGE_TYPES and not is_media(sniff(received.content))


def _may_list(capture: Capture, received: DecodedBody) -> bool:
    if is_media(sniff(received.content)):
        return False
    begins = received.content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    says_json = (capture.media_type or "application/json").partition("+")[2] == "json" or (
        capture.media_type or "application/json"
    ) in ("application/json", "text/json", "text/plain", "application/octet-stream", "application/x-ndjson")
    if (begins in (b"{", b"[") and says_json) or is_feed(received.content):
        return True
    return document_type(received.content, received.content_type) is not None


def reuse_earlier_reading(
    connection: Connection, capture: Capture, how: ParserChoice | None, readers: Readers
) -> CaptureResult | None:
    """Take over the reading of an equal capture of a list; None where this one is to be read."""
    if how is None or not how.is_list:
        return None
    version = _version(capture.captured_at, how, readers)
    records = copy_earlier_reading(connection, capture, version, CLASSIFIER_VERSION)
    return None if records is None else CaptureResult(page=True, records=records)


def read_page_capture(
    connection: Connection,
    capture: Capture,
    received: DecodedBody,
    how: ParserChoice | None,
    declaration: Mapping[str, Any] | None,
    readers: Readers,
) -> CaptureResult:
    """Read one page into the catalogue; one that no parser comes to the end of has that as its outcome."""
    if how is not None and how.operator is not None and _was_read_elsewhere(connection, capture, how, readers):
        return CaptureResult(page=True, waits_for=how.operator)
    listed = how is not None and how.is_list
    page = Page(
        url=capture.url,
        body=received.content,
        captured_at=capture.captured_at,
        status=capture.status,
        content_type=received.content_type,
    )
    if listed:
        page = replace(page, document=readers.documents.read(page.body, page.content_type))
    exported = how is not None and how.kind == "telegram_export"
    if page.document is None and not exported:
        page = replace(page, body=page.body[:PAGE_LIMIT_BYTES])
    other_type = not exported and capture.media_type is not None and capture.media_type not in PAGE_TYPES
    if how is None or (
        other_type and not (listed and (page.document is not None or is_json(page) or is_feed(page.body)))
    ):
        return _judged_alone(connection, capture, page, readers.parsers)
    reading, problem = _reading(page, how, readers)
    beside = is_json(page) and not exported
    if beside and not reading.records and page.url not in (declaration or {}).get("pages", ()):
        # what scripts of a page load besides: no page of the list
        return _judged_alone(connection, capture, page, readers.parsers)
    problem = problem or received.damage or (page.document.unread if page.document is not None else None)
    verdict = Classification(reading.outcome, reading.outcome_reason)
    try:
        records = replace_reading(connection, capture, reading, publisher=how.publisher, problem=problem)
    except UnkeepableTextError as refused:
        problem = str(refused)
        records = replace_reading(connection, capture, _without_records(reading), problem=problem)
    upsert_outcome(connection, capture.id, CLASSIFIER_VERSION, verdict)
    missing = how.operator is not None and readers.operators.parser(how.operator).missing is not None
    return CaptureResult(
        page=True,
        records=records,
        unreadable=problem is not None and not missing,
        waits_for=how.operator if missing else None,
    )


def _was_read_elsewhere(connection: Connection, capture: Capture, how: ParserChoice, readers: Readers) -> bool:
    """Whether this page waits for a parser that is not here, and another worker has read it by that parser."""
    name = str(how.operator)
    return readers.operators.parser(name).missing is not None and read_by_any_version(connection, capture.id, name)


def _judged_alone(connection: Connection, capture: Capture, page: Page, parsers: Parsers) -> CaptureResult:
    """Keep the outcome of a page that is to give no records."""
    verdict = _verdict(page, parsers)
    upsert_outcome(connection, capture.id, CLASSIFIER_VERSION, verdict)
    return CaptureResult(page=True, unreadable=verdict.outcome is Outcome.UNREADABLE)


def _verdict(page: Page, parsers: Parsers) -> Classification:
    try:
        return parsers.classify(page)
    except PageNotRead as why:
        return Classification(Outcome.UNREADABLE, _storable(why))


def _version(captured_at: datetime, how: ParserChoice, readers: Readers) -> str:
    """The parser version by which a page of this time is read."""
    if how.operator is not None:
        return readers.operators.parser(how.operator).version
    return parser_for(how.kind, captured_at.astimezone(UTC).date()).name


def _reading(page: Page, how: ParserChoice, readers: Readers) -> tuple[Reading, str | None]:
    """What the parser makes of the page; a parser that does not come to its end leaves an empty reading and why.

    A page that is content, as far as its outcome can be told, was not read all the same: nobody may take the
    records that it does not give for missing.
    """
    operator = None if how.operator is None else readers.operators.parser(how.operator)
    try:
        if operator is not None:
            return operator.read_page(page), None
        return readers.parsers.read_page(page, how.kind, layout=how.layout), None
    except PageNotRead as why:
        problem = _storable(why)
        verdict = _verdict(page, readers.parsers)
        if verdict.outcome is Outcome.CONTENT:
            verdict = Classification(Outcome.UNREADABLE, problem)
        empty = Reading(
            url=page.url,
            kind=how.kind if operator is None else operator.kind,
            outcome=verdict.outcome,
            outcome_reason=verdict.reason,
            parser_version=_version(page.captured_at, how, readers),
        )
        return empty, problem


def _storable(why: PageNotRead) -> str:
    return without_control_characters(str(why)[:500])


def _without_records(reading: Reading) -> Reading:
    return Reading(
        url=reading.url,
        kind=reading.kind,
        outcome=Outcome(reading.outcome),
        parser_version=reading.parser_version,
    )
