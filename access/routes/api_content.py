"""The content of one capture for programs: its record and payload as bytes, its text, a picture, its proof.

In: requests of a known user. Out: archived bytes under the headers that keep them harmless, or JSON. What the
pages hand out, and by the same functions.
"""

from typing import Any, Final

from fastapi import APIRouter, Request, Response

from access.answers.captures import CaptureText
from access.answers.custody import CustodyProof
from access.dependencies import ArchiveDependency, FramesDependency
from access.query_parameters import CaptureId, Markup
from access.rendering.templates import or_404, viewer_of
from access.routes.media import Milliseconds, frame_image
from access.routes.pages import captured_picture, custody_proof_of, payload_file, raw_record
from access.views import payload
from storage.catalogue.captures import capture_json

CONTENT_API: Final = APIRouter(tags=["Captures"])


def _bytes(description: str, *media_types: str) -> dict[int | str, dict[str, Any]]:
    schema = {"schema": {"type": "string", "format": "binary"}}
    return {200: {"description": description, "content": dict.fromkeys(media_types, schema)}}


@CONTENT_API.get(
    "/capture/{capture_id}/raw",
    response_class=Response,
    responses=_bytes("The record.", "application/gzip", "application/zstd", "application/warc"),
)
def record_bytes(request: Request, archive: ArchiveDependency, capture_id: CaptureId) -> Response:
    """The WARC record of a capture, byte for byte; by itself, it is a WARC file again."""
    return raw_record(request, archive, capture_id)


@CONTENT_API.get(
    "/capture/{capture_id}/payload",
    response_class=Response,
    responses=_bytes("The content.", "application/octet-stream"),
)
def payload_bytes(request: Request, archive: ArchiveDependency, capture_id: CaptureId) -> Response:
    """The content of a capture as the server meant it: without transfer and content encoding."""
    return payload_file(request, archive, capture_id)


@CONTENT_API.get(
    "/capture/{capture_id}/picture", response_class=Response, responses=_bytes("The picture.", "image/*")
)
def picture_bytes(request: Request, archive: ArchiveDependency, capture_id: CaptureId) -> Response:
    """A captured picture; 404 for anything that is none."""
    return captured_picture(request, archive, capture_id)


@CONTENT_API.get("/capture/{capture_id}/frame", response_class=Response, responses=_bytes("The frame.", "image/*"))
def frame_bytes(
    request: Request,
    archive: ArchiveDependency,
    frames: FramesDependency,
    capture_id: CaptureId,
    at_ms: Milliseconds = 0,
) -> Response:
    """One frame of a captured video, as a picture of the archive's own making."""
    return frame_image(request, archive, frames, capture_id, at_ms)


@CONTENT_API.get("/capture/{capture_id}/text", response_model=CaptureText)
def text_row(
    request: Request, archive: ArchiveDependency, capture_id: CaptureId, markup: Markup = False
) -> dict[str, Any]:
    """The content of a capture as text; with ``markup``, that of a page as it stands."""
    shown = or_404(payload.payload_text(archive, capture_id, as_markup=markup, viewer=viewer_of(request)))
    return {
        "kind": "capture_text",
        "capture": capture_json(shown.capture),
        "head": shown.head,
        "text": shown.text,
        "encoding": shown.encoding,
        "cut": shown.cut,
        "why_not": shown.why_not,
        "can_be_saved": shown.can_be_saved,
        "markup": shown.markup,
        "unread": shown.unread,
    }


@CONTENT_API.get("/capture/{capture_id}/proof", response_model=CustodyProof)
def proof_row(request: Request, archive: ArchiveDependency, capture_id: CaptureId) -> dict[str, Any]:
    """The entries of custody about a capture with proofs; 404 also where no checkpoint covers them yet."""
    row: dict[str, Any] = or_404(custody_proof_of(request, archive, capture_id))
    return row
