"""What one capture holds: the server's head and its content as escaped text, for the eye, and the content to save.

In: the archive, a capture id, whom the answer is for. Out: `PayloadText`, or `ArchivedBytes`; that it was shown or
left stands in the access log first. An archived page is shown as text and never as a page: shown as one, it could
make the analyst's browser ask the very server that is watched for. Its screenshot shows what it looked like.
"""

import mimetypes
from dataclasses import dataclass
from typing import Final

from access.snapshots import ArchivedBytes, looked_at
from processors.http_message import UndecodableEntity, entity, parse_response
from processors.media import sniff
from processors.pages.encoding import decode
from processors.text import printable
from storage.archive import Archive
from storage.captures import Capture
from storage.replay import BlockTooLargeError, read_record
from storage.revisits import payload_capture
from storage.visibility import EVERYONE, Viewer

SHOWN_CHARACTERS: Final = 300_000
READ_LIMIT_BYTES: Final = 8 << 20
SAVED_LIMIT_BYTES: Final = 64 << 20
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

    ``cut``: whether the text goes on behind what is shown.
    """

    capture: Capture
    head: str | None
    text: str | None
    encoding: str | None
    cut: bool
    why_not: str | None


def payload_text(archive: Archive, capture_id: str, *, viewer: Viewer = EVERYONE) -> PayloadText | None:
    """The head as it stands in the record, and the content decoded; None where the viewer has no such capture."""
    capture = looked_at(archive, capture_id, viewer, "shown")
    if capture is None:
        return None
    try:
        block = read_record(archive, capture, limit_bytes=READ_LIMIT_BYTES).block
        head = parse_response(block).head_length if capture.record_type in ("response", "revisit") else 0
        said = block[:head].decode("latin-1").strip() or None
        content = _content(archive, capture, block, viewer, READ_LIMIT_BYTES)
    except BlockTooLargeError:
        return PayloadText(capture, None, None, None, False, "It is too long to be shown; download it instead.")
    except UndecodableEntity as problem:
        return PayloadText(capture, said, None, None, False, f"It could not be decoded: {problem.reason}.")
    if content is None:
        return PayloadText(capture, said, None, None, False, "There is none: the server sent no content.")
    if not _is_text(content, capture.media_type):
        kind = sniff(content) or capture.media_type or "not known"
        return PayloadText(capture, said, None, None, False, f"It is no text (type {kind}); download it instead.")
    decoded = decode(content, capture.media_type)
    text = printable(decoded.text)
    return PayloadText(
        capture, said, text[:SHOWN_CHARACTERS], decoded.encoding, len(text) > SHOWN_CHARACTERS, None
    )


def payload_file(archive: Archive, capture_id: str, *, viewer: Viewer = EVERYONE) -> ArchivedBytes | None:
    """The content alone, as the server meant it: without transfer- and content-encoding. None where there is none.

    Raises `BlockTooLargeError` above what is held in memory.
    """
    capture = looked_at(archive, capture_id, viewer, "downloaded")
    if capture is None:
        return None
    block = read_record(archive, capture, limit_bytes=SAVED_LIMIT_BYTES).block
    try:
        content = _content(archive, capture, block, viewer, SAVED_LIMIT_BYTES)
    except UndecodableEntity:
        return None
    if content is None:
        return None
    kind = sniff(content) or (capture.media_type or "").partition(";")[0].strip()
    name = capture.id.removeprefix("urn:uuid:") + (mimetypes.guess_extension(kind) or ".bin")
    return ArchivedBytes((content,), len(content), "application/octet-stream", name)


def _content(archive: Archive, capture: Capture, block: bytes, viewer: Viewer, limit_bytes: int) -> bytes | None:
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


def _is_text(content: bytes, media_type: str | None) -> bool:
    declared = (media_type or "").lower()
    if declared.startswith(TEXTUAL) or declared.partition(";")[0].endswith(("+xml", "+json")):
        return b"\x00" not in content[:4096] or content[:2] in (b"\xff\xfe", b"\xfe\xff")
    return not declared and b"\x00" not in content[:4096] and sniff(content) is None
