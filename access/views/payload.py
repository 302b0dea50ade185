"""What one capture holds: the server's head and its content as escaped text, for the eye, and the content to save.

In: the archive, a capture id, whom the answer is for. Out: `PayloadText`, or `ArchivedBytes`; that it was shown or
left stands in the access log first. An archived page is shown as text and never as a page: shown as one, it could
make the analyst's browser ask the very server that is watched for. Its screenshot shows what it looked like. Of a
page the text is what a reader sees, taken out of the markup in a confined process; the markup is shown on request.
"""

import mimetypes
from dataclasses import dataclass
from typing import Final

from access.rendering.translations import gettext
from access.views.captures import ArchivedBytes, logged_capture
from access.views.completeness import PAGE_TYPES
from processors.http.message import UndecodableEntity, entity, parse_response
from processors.markup.encoding import decode
from processors.media.media_type import sniff
from processors.pages.page import Page
from processors.parsing.limits import PageLimits
from processors.parsing.parsers import PageNotRead
from processors.parsing.sandboxed_parsers import ConfinedParsers
from processors.text import printable
from storage.access_labels import EVERYONE, Viewer
from storage.archive import Archive
from storage.catalogue.captures import Capture
from storage.catalogue.revisits import payload_capture
from storage.deposit.record_reader import BlockTooLargeError, read_record

SHOWN_CHARACTERS: Final = 300_000
READ_LIMIT_BYTES: Final = 8 << 20
SAVED_LIMIT_BYTES: Final = 64 << 20
TEXT_LIMITS: Final = PageLimits(seconds=5.0, seconds_per_mb=1.0, answer_bytes=64 << 20)
"""Somebody waits for the answer, and has the markup where there is none."""
SUFFIXES: Final = {"multipart/related": ".mhtml"}
"""Of media types that Python's own table does not know, and bytes alone do not show."""
TEXTUAL: Final = (
    "text/",
    "application/json",
    "application/xml",
    "application/javascript",
    "application/xhtml+xml",
)


@dataclass(frozen=True, slots=True)
class PayloadText:
    """``head`` and ``text`` are None where there is none; ``why_not`` then says why there is no text.

    ``cut``: whether the text goes on behind what is shown. ``markup``: whether the markup of a page is shown
    (True) or its text alone (False); None of what is no page. ``unread``: why there is markup instead of text.
    """

    capture: Capture
    head: str | None
    text: str | None
    encoding: str | None
    cut: bool
    why_not: str | None
    can_be_saved: bool = True
    markup: bool | None = None
    unread: str | None = None


def payload_text(
    archive: Archive, capture_id: str, *, as_markup: bool = False, viewer: Viewer = EVERYONE
) -> PayloadText | None:
    """The head as it stands in the record, and the content as text; None where the viewer has no such capture.

    ``as_markup``: the decoded content as it stands.
    """
    capture = logged_capture(archive, capture_id, viewer, "shown")
    return None if capture is None else captured_text(archive, capture, as_markup=as_markup, viewer=viewer)


def captured_text(
    archive: Archive, capture: Capture, *, as_markup: bool = False, viewer: Viewer = EVERYONE
) -> PayloadText:
    """The same of a capture in hand; nothing is written to the access log."""
    try:
        block = read_record(archive, capture, limit_bytes=READ_LIMIT_BYTES).block
        head = parse_response(block).head_length if capture.record_type in ("response", "revisit") else 0
        headers = block[:head].decode("latin-1").strip() or None
        content = captured_content(archive, capture, block, viewer, READ_LIMIT_BYTES)
    except BlockTooLargeError:
        return PayloadText(
            capture, None, None, None, False, gettext("The content is too large to show. Download it instead.")
        )
    except UndecodableEntity as problem:
        why = gettext("The content could not be decoded: %(reason)s.", reason=problem.reason)
        return PayloadText(capture, headers, None, None, False, why, can_be_saved=False)
    if content is None:
        why = gettext("There is no content: the server sent none.")
        return PayloadText(capture, headers, None, None, False, why, can_be_saved=False)
    if not is_text(content, capture.media_type):
        media_type = sniff(content) or capture.media_type or gettext("unknown")
        why = gettext("The content is not text (type %(media_type)s). Download it instead.", media_type=media_type)
        return PayloadText(capture, headers, None, None, False, why)
    decoded = decode(content, capture.media_type)
    text, markup, unread = printable(decoded.text), None, None
    if is_page(content, capture.media_type):
        markup = as_markup
        if not as_markup:
            try:
                text = _readable(capture, content)
            except PageNotRead as problem:
                markup, unread = True, str(problem)
    cut = len(text) > SHOWN_CHARACTERS
    return PayloadText(
        capture, headers, text[:SHOWN_CHARACTERS], decoded.encoding, cut, None, markup=markup, unread=unread
    )


def _readable(capture: Capture, content: bytes) -> str:
    """What a reader sees of a page; raises `PageNotRead`."""
    page = Page(
        url=capture.url,
        body=content,
        captured_at=capture.captured_at,
        status=capture.status,
        content_type=capture.media_type,
    )
    with ConfinedParsers(TEXT_LIMITS) as parsers:
        return parsers.readable_text(page)


def is_page(content: bytes, media_type: str | None) -> bool:
    """Whether the content is HTML, by what the server declared, else by its bytes."""
    declared = (media_type or "").partition(";")[0].strip().lower()
    return declared in PAGE_TYPES or (not declared and sniff(content) == "text/html")


def payload_file(archive: Archive, capture_id: str, *, viewer: Viewer = EVERYONE) -> ArchivedBytes | None:
    """The content alone, as the server meant it: without transfer- and content-encoding. None where there is none.

    Raises `BlockTooLargeError` above what is held in memory.
    """
    capture = logged_capture(archive, capture_id, viewer, "downloaded")
    if capture is None:
        return None
    block = read_record(archive, capture, limit_bytes=SAVED_LIMIT_BYTES).block
    try:
        content = captured_content(archive, capture, block, viewer, SAVED_LIMIT_BYTES)
    except UndecodableEntity:
        return None
    if content is None:
        return None
    declared = (capture.media_type or "").partition(";")[0].strip().lower()
    kind = declared if declared in SUFFIXES else sniff(content) or declared
    suffix = SUFFIXES.get(kind) or mimetypes.guess_extension(kind) or ".bin"
    name = capture.id.removeprefix("urn:uuid:") + suffix
    return ArchivedBytes((content,), len(content), "application/octet-stream", name)


def captured_content(
    archive: Archive, capture: Capture, block: bytes, viewer: Viewer, limit_bytes: int
) -> bytes | None:
    """The content; of a revisit, that of the capture which holds it."""
    if capture.record_type == "metadata":
        return None
    with archive.reader.connect() as connection:
        holder = payload_capture(connection, capture, viewer=viewer)
    if holder is None:
        return None
    if holder.id != capture.id:
        block = read_record(archive, holder, limit_bytes=limit_bytes).block
    return entity(parse_response(block), limit_bytes) if holder.record_type == "response" else block


def is_text(content: bytes, media_type: str | None) -> bool:
    """Whether the content is text of some kind."""
    declared = (media_type or "").lower()
    if declared.startswith(TEXTUAL) or declared.partition(";")[0].endswith(("+xml", "+json")):
        return b"\x00" not in content[:4096] or content[:2] in (b"\xff\xfe", b"\xfe\xff")
    return not declared and b"\x00" not in content[:4096] and sniff(content) in (None, "text/html")
