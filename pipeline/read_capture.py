"""Reads one capture into the catalogue: a page into outcome and records, a medium into its fingerprints.

In: a capture, its sealed block, how its source was declared. Out: `Found`. Everything is written in the caller's
transaction. What parsers and decoders trip over becomes a reason in the catalogue, since the next capture must
not suffer for it; errors of the database pass through.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Final

from sqlalchemy import Connection

from pipeline.page_kind import HowToRead, how_to_read
from processors.decode import Decoders
from processors.digest import Digest, sha256
from processors.http_message import ResponseMessage, UndecodableEntity, entity, header, parse_response
from processors.media import MediaReading, is_media, sniff
from processors.pages.outcome import CLASSIFIER_VERSION, Outcome, Verdict, classify
from processors.pages.page import Page
from processors.pages.reading import Reading
from processors.pages.select import parser_for, read_page
from processors.reading import decoder_of, hashes_of_today
from storage.captures import Capture
from storage.media import keep_medium, keep_occurrence, medium
from storage.records import UnkeepableTextError, keep_outcome, keep_reading

ENTITY_LIMIT_BYTES: Final = 256 << 20
PAGE_LIMIT_BYTES: Final = 16 << 20
"""The largest real page of the captured ones has 2 MB; parsing far more would cost minutes."""
PAGE_TYPES: Final = frozenset({"text/html", "application/xhtml+xml"})


@dataclass(frozen=True, slots=True)
class Found:
    """What a capture was: a page (with how many records), a medium, neither."""

    page: bool = False
    records: int = 0
    unreadable: bool = False
    medium: bool = False
    refused: bool = False


@dataclass(frozen=True, slots=True)
class _Entity:
    """The body with all codings removed; ``damage`` says why it is only a part."""

    content: bytes
    content_type: str | None
    damage: str | None = None


def read_capture(
    connection: Connection,
    capture: Capture,
    block: bytes | None,
    declaration: Mapping[str, Any] | None,
    decoders: Decoders,
) -> Found:
    """Read one capture; ``block`` is None where it is too large to hold."""
    if capture.record_type in ("metadata", "revisit") or capture.url.startswith("urn:"):
        # why there was no response, a payload that is read where it stands (`storage.revisits`), or what we made
        # ourselves: nothing a source said
        return Found()
    if block is None:
        return _too_large(connection, capture)
    received = _entity(capture, block)
    if _is_page(capture, received):
        return _page(connection, capture, received, declaration)
    if capture.truncated is None and received.damage is None and _is_whole(capture, block):
        return _medium(connection, capture, received.content, decoders)
    return Found()


def _entity(capture: Capture, block: bytes) -> _Entity:
    if capture.record_type != "response" or capture.status is None:
        return _Entity(block, capture.media_type)
    message = parse_response(block)
    content_type = header(message, "content-type")
    try:
        return _Entity(entity(message, ENTITY_LIMIT_BYTES), content_type)
    except UndecodableEntity as damage:
        return _Entity(damage.partial, content_type, damage.reason)


def _is_page(capture: Capture, received: _Entity) -> bool:
    """By the declared type; where none was declared, by the bytes. A refusal is judged whatever its type."""
    if capture.status is not None and capture.status >= 400:
        return True
    if capture.media_type is None:
        return sniff(received.content) == "text/html"
    return capture.media_type in PAGE_TYPES and not is_media(sniff(received.content))


def _page(
    connection: Connection, capture: Capture, received: _Entity, declaration: Mapping[str, Any] | None
) -> Found:
    page = Page(
        url=capture.url,
        body=received.content[:PAGE_LIMIT_BYTES],
        captured_at=capture.captured_at,
        status=capture.status,
        content_type=received.content_type,
    )
    how = how_to_read(declaration, capture.url)
    if how is None or (capture.media_type is not None and capture.media_type not in PAGE_TYPES):
        keep_outcome(connection, capture.id, CLASSIFIER_VERSION, classify(page))
        return Found(page=True)
    reading, problem = _reading(page, how)
    problem = problem or received.damage
    verdict = Verdict(reading.outcome, reading.outcome_reason)
    try:
        records = keep_reading(connection, capture, reading, publisher=how.publisher, problem=problem)
    except UnkeepableTextError as refused:
        problem = str(refused)
        records = keep_reading(connection, capture, _without_records(reading), problem=problem)
    keep_outcome(connection, capture.id, CLASSIFIER_VERSION, verdict)
    return Found(page=True, records=records, unreadable=problem is not None)


def _reading(page: Page, how: HowToRead) -> tuple[Reading, str | None]:
    """What the parser makes of the page; a parser that trips leaves an empty reading and the reason."""
    try:
        return read_page(page, how.kind, layout=how.layout), None
    except Exception as error:  # a hostile page may make any parser raise anything
        verdict = classify(page)
        parser = parser_for(how.kind, page.captured_at.astimezone(UTC).date())
        empty = Reading(
            url=page.url,
            kind=how.kind,
            outcome=verdict.outcome,
            outcome_reason=verdict.reason,
            parser_version=parser.name,
        )
        return empty, f"{type(error).__name__}: {error}"[:500].replace("\x00", "")


def _without_records(reading: Reading) -> Reading:
    return Reading(
        url=reading.url,
        kind=reading.kind,
        outcome=Outcome(reading.outcome),
        parser_version=reading.parser_version,
    )


def _is_whole(capture: Capture, block: bytes) -> bool:
    """Part of a medium has no fingerprint of its own; a 206 may still carry all of it."""
    if capture.record_type != "response" or capture.status in (None, 200):
        return True
    return capture.status == 206 and _covers_all(parse_response(block))


def _covers_all(message: ResponseMessage) -> bool:
    unit, _, rest = (header(message, "content-range") or "").partition(" ")
    span, _, length = rest.partition("/")
    return unit == "bytes" and length.isdecimal() and span == f"0-{int(length) - 1}"


def _medium(connection: Connection, capture: Capture, content: bytes, decoders: Decoders) -> Found:
    if not is_media(sniff(content)):
        return Found()
    digest = sha256(content)
    if _is_known(connection, digest):
        keep_occurrence(connection, capture.id, digest)
        return Found(medium=True)
    reading = decoders.fingerprint(content)
    keep_medium(connection, capture, reading, len(content))
    return Found(medium=True, refused=reading.refused is not None)


def _is_known(connection: Connection, digest: Digest) -> bool:
    """Whether these bytes were read before by the fingerprints of today, or refused by the decoder of today."""
    known = medium(connection, digest)
    if known is None:
        return False
    if known.refused is not None:
        return known.decoder == decoder_of(known.media_type)
    return {each.name for each in known.hashes} >= hashes_of_today(known.media_type, known.frames)


def _too_large(connection: Connection, capture: Capture) -> Found:
    """Known by its payload's digest alone, if the server called it a medium and sent it as it is."""
    if not is_media(capture.media_type) or capture.payload_digest is None or capture.status not in (None, 200):
        return Found()
    length = capture.payload_length_bytes or 0
    reading = MediaReading(
        sha256=capture.payload_digest,
        media_type=capture.media_type,
        width=None,
        height=None,
        hashes=(),
        refused=f"too large: {length} bytes",
    )
    keep_medium(connection, capture, reading, length)
    return Found(medium=True, refused=True)
