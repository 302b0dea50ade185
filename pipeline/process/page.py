"""Reads a capture that is a page or a document of a source into outcome and records.

In: a capture, its decoded body, how its source is to be read. Out: `CaptureResult`. What a page is, its bytes and
its source's kind say: HTML is read for every kind; JSON and documents (PDF, sheets, word processors) for lists,
whose rows they may hold. A list that did not change is not parsed again.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection

from pipeline.process.body import DecodedBody
from pipeline.process.page_kind import ParserChoice
from pipeline.process.readers import Readers
from pipeline.process.result import CaptureResult
from processors.court_list.text_blocks import is_feed
from processors.languages.detection import language_of
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
from storage.catalogue.dom_renderings import doms_of_exchange
from storage.catalogue.page_texts import replace_page_text
from storage.catalogue.records import UnkeepableTextError, read_by_any_version, replace_reading, upsert_outcome
from storage.catalogue.reused_readings import copy_earlier_reading

PAGE_LIMIT_BYTES: Final = 16 << 20
"""The largest real page of the captured ones has 2 MB; parsing far more would cost minutes."""
PAGE_TYPES: Final = frozenset({"text/html", "application/xhtml+xml"})


def is_page(capture: Capture, body: DecodedBody, choice: ParserChoice | None) -> bool:
    """By the declared type, where none was declared by the bytes; of lists also JSON and documents, by the bytes.

    A refusal is judged whatever its type.
    """
    if capture.status is not None and capture.status >= 400:
        return True
    if choice is not None and choice.kind == "telegram_export":
        return True
    if choice is not None and choice.is_list and _may_list(capture, body):
        return True
    if capture.media_type is None:
        return sniff(body.content) == "text/html"
    return capture.media_type in PAGE_TYPES and not is_media(sniff(body.content))


def _may_list(capture: Capture, body: DecodedBody) -> bool:
    if is_media(sniff(body.content)):
        return False
    begins = body.content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    says_json = (capture.media_type or "application/json").partition("+")[2] == "json" or (
        capture.media_type or "application/json"
    ) in ("application/json", "text/json", "text/plain", "application/octet-stream", "application/x-ndjson")
    if (begins in (b"{", b"[") and says_json) or is_feed(body.content):
        return True
    return document_type(body.content, body.content_type) is not None


def reuse_earlier_reading(
    connection: Connection, capture: Capture, choice: ParserChoice | None, readers: Readers
) -> CaptureResult | None:
    """Take over the reading of an equal capture of a list; None where this one is to be read."""
    if choice is None or not choice.is_list:
        return None
    version = _version(capture.captured_at, choice, readers)
    records = copy_earlier_reading(connection, capture, version, CLASSIFIER_VERSION)
    return None if records is None else CaptureResult(page=True, records=records)


def read_page_capture(
    connection: Connection,
    capture: Capture,
    body: DecodedBody,
    choice: ParserChoice | None,
    declaration: Mapping[str, Any] | None,
    readers: Readers,
) -> CaptureResult:
    """Read one page into the catalogue; one that no parser comes to the end of has that as its outcome."""
    if (
        choice is not None
        and choice.operator is not None
        and _was_read_elsewhere(connection, capture, choice, readers)
    ):
        return CaptureResult(page=True, waits_for=choice.operator)
    listed = choice is not None and choice.is_list
    page = Page(
        url=capture.url,
        body=body.content,
        captured_at=capture.captured_at,
        status=capture.status,
        content_type=body.content_type,
    )
    if listed:
        page = replace(page, document=readers.documents.read(page.body, page.content_type))
    exported = choice is not None and choice.kind == "telegram_export"
    if page.document is None and not exported:
        page = replace(page, body=page.body[:PAGE_LIMIT_BYTES])
    other_type = not exported and capture.media_type is not None and capture.media_type not in PAGE_TYPES
    if choice is None or (
        other_type and not (listed and (page.document is not None or is_json(page) or is_feed(page.body)))
    ):
        return _judged_alone(connection, capture, page, readers.parsers)
    reading, problem = _reading(page, choice, readers)
    beside = is_json(page) and not exported
    if beside and not reading.records and page.url not in (declaration or {}).get("pages", ()):
        # what scripts of a page load besides: no page of the list
        return _judged_alone(connection, capture, page, readers.parsers)
    problem = problem or body.damage or (page.document.unread if page.document is not None else None)
    verdict = Classification(reading.outcome, reading.outcome_reason)
    try:
        records = replace_reading(connection, capture, reading, publisher=choice.publisher, problem=problem)
    except UnkeepableTextError as refused:
        problem = str(refused)
        records = replace_reading(connection, capture, _without_records(reading), problem=problem)
    upsert_outcome(connection, capture.id, CLASSIFIER_VERSION, verdict)
    says = None if records or verdict.outcome is not Outcome.CONTENT else _text_of(page, readers.parsers)
    replace_page_text(connection, capture.id, says, _language(says))
    missing = choice.operator is not None and readers.operators.parser(choice.operator).missing is not None
    return CaptureResult(
        page=True,
        records=records,
        unreadable=problem is not None and not missing,
        waits_for=choice.operator if missing and reading.outcome is Outcome.UNREADABLE else None,
    )


def _was_read_elsewhere(connection: Connection, capture: Capture, choice: ParserChoice, readers: Readers) -> bool:
    """Whether this page waits for a parser that is not here, and another worker has read it by that parser."""
    name = str(choice.operator)
    return readers.operators.parser(name).missing is not None and read_by_any_version(connection, capture.id, name)


def _judged_alone(connection: Connection, capture: Capture, page: Page, parsers: Parsers) -> CaptureResult:
    """Keep the outcome of a page that is to give no records."""
    verdict = _verdict(page, parsers)
    upsert_outcome(connection, capture.id, CLASSIFIER_VERSION, verdict)
    says = None
    if verdict.outcome is Outcome.CONTENT and not doms_of_exchange(connection, capture.id):
        says = _text_of(page, parsers)
    replace_page_text(connection, capture.id, says, _language(says))
    return CaptureResult(page=True, unreadable=verdict.outcome is Outcome.UNREADABLE)


def _text_of(page: Page, parsers: Parsers) -> str | None:
    """What a reader sees of a page or document; None where it cannot be told."""
    document = page.document
    if document is not None:
        cells = (cell.text for table in document.tables for row in table.rows for cell in row)
        return "\n".join(filter(None, (*document.text, *cells)))
    if page.content_type is not None and page.content_type.partition(";")[0].strip().lower() not in PAGE_TYPES:
        return None
    try:
        return parsers.readable_text(page)
    except PageNotRead:
        return None


def _language(text: str | None) -> str | None:
    return None if text is None else str(language_of(text))


def _verdict(page: Page, parsers: Parsers) -> Classification:
    try:
        return parsers.classify(page)
    except PageNotRead as why:
        return Classification(Outcome.UNREADABLE, _storable(why))


def _version(captured_at: datetime, choice: ParserChoice, readers: Readers) -> str:
    """The parser version by which a page of this time is read."""
    if choice.operator is not None:
        return readers.operators.parser(choice.operator).version
    return parser_for(choice.kind, captured_at.astimezone(UTC).date()).name


def _reading(page: Page, choice: ParserChoice, readers: Readers) -> tuple[Reading, str | None]:
    """What the parser makes of the page; a parser that does not come to its end leaves an empty reading and why.

    A page that is content, as far as its outcome can be told, was not read all the same: nobody may take the
    records that it does not give for missing.
    """
    operator = None if choice.operator is None else readers.operators.parser(choice.operator)
    try:
        if operator is not None:
            return operator.read_page(page), None
        return readers.parsers.read_page(page, choice.kind, layout=choice.layout), None
    except PageNotRead as why:
        problem = _storable(why)
        verdict = _verdict(page, readers.parsers)
        if verdict.outcome is Outcome.CONTENT:
            verdict = Classification(Outcome.UNREADABLE, problem)
        empty = Reading(
            url=page.url,
            kind=choice.kind if operator is None else operator.kind,
            outcome=verdict.outcome,
            outcome_reason=verdict.reason,
            parser_version=_version(page.captured_at, choice, readers),
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
