"""The pages about media: one medium with similar ones, a file compared with the archive, an analyst's verdict.

In: requests of a known user. Out: HTML. A verdict is accepted only from a page of the archive
(`require_own_page`), so that no other site can send one in an analyst's name. A file to compare is decoded in a
confined process, is shown on the page of the answer alone, and is not stored.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError
from starlette.exceptions import HTTPException

from access.dependencies import ArchiveDependency, FramesDependency
from access.forms import sent_form, too_large
from access.own_page import require_own_page
from access.query_parameters import Day, PageNumber, Paging, SourceId, known_source, query_string
from access.rendering.occurrence_chart import chart
from access.rendering.templates import not_in_archive, or_404, page, viewer_of
from access.rendering.translations import gettext
from access.security_headers import OURS, archived
from access.views import media, similar_media
from access.views.gallery import GalleryFilters, gallery
from access.views.judgements import UnknownMediumError, judge_media
from access.views.surroundings import around_medium
from access.views.video_frames import attach_frames, frame_path, frames_of_upload, medium_path
from processors.media.decoder_pool import Decoders
from processors.similarity.clustering import Verdict
from storage.archive import Archive
from storage.ledger.assessments import VerificationStatus
from storage.ledger.judgements import JudgementError
from storage.queries.gallery import GalleryKind

UPLOAD_LIMIT_BYTES: Final = 256 << 20
Milliseconds = Annotated[int, Query(ge=0, le=1 << 31, description="The time in the video, in milliseconds.")]
PAGE_OF_MEDIA: Final = 60
MediaKind = Annotated[GalleryKind | None, BeforeValidator(lambda value: value or None), Query()]
MediumStatus = Annotated[VerificationStatus | None, BeforeValidator(lambda value: value or None), Query()]


@dataclass(frozen=True, slots=True)
class SentJudgement:
    """The form of a verdict: two media, what they are to each other, and why."""

    a: Annotated[str, Field(max_length=80)]
    b: Annotated[str, Field(max_length=80)]
    verdict: Verdict
    reason: Annotated[str, Field(max_length=2000)]


JUDGEMENT: Final = TypeAdapter(SentJudgement)

MEDIA_PAGES: Final = APIRouter(default_response_class=HTMLResponse)


@MEDIA_PAGES.get("/media")
def gallery_page(
    request: Request,
    archive: ArchiveDependency,
    day: Day = None,
    source: SourceId = "",
    kind: MediaKind = None,
    small: bool = False,
    verification: MediumStatus = None,
    view: Literal["sources", "groups"] = "sources",
    number: PageNumber = 1,
) -> Response:
    """What was captured on a day as thumbnails, by source or by group of similar media."""
    viewer, source = viewer_of(request), source.strip()
    if source:
        known_source(archive, source, viewer)
    filters = GalleryFilters(day, source or None, kind, small, verification)
    found = gallery(archive, filters, viewer=viewer, most=PAGE_OF_MEDIA, offset=(number - 1) * PAGE_OF_MEDIA)
    asked = {"source": source, "kind": kind, "small": "true" if small else None, "verification": verification}
    shown_by = None if view == "sources" else view
    query = query_string(**asked, day=found["day"], view=shown_by)
    content = {
        **found,
        "values": {"source": source, "kind": kind or "", "small": small, "verification": verification or ""},
        "all_statuses": tuple(VerificationStatus),
        "view": view,
        "of_day": query_string(**asked, view=shown_by),
        "of_view": query_string(**asked, day=found["day"]),
        "paging": Paging(number, PAGE_OF_MEDIA, found["total"], query),
    }
    return page(request, "gallery.html", content, here="media")


@MEDIA_PAGES.get("/medium/{sha256}")
def medium_page(request: Request, archive: ArchiveDependency, sha256: str) -> Response:
    """One medium, where it was captured, and what is similar to it."""
    viewer = viewer_of(request)
    found = or_404(media.one_medium(archive, sha256, viewer=viewer))
    digest = or_404(media.digest_of(sha256))
    similar = similar_media.by_medium(similar_media.similar_media(archive, digest, viewer=viewer))
    first, base = found["captures"][0]["id"], request.scope.get("root_path", "")
    whole = medium_path(found, first)

    def own_image(at_s: float | None) -> str | None:
        path = whole if at_s is None else frame_path(first, at_s)
        return None if path is None else base + path

    content = {
        "medium": found,
        "image": whole,
        "chart": chart(*media.occurrences(archive, found, viewer=viewer)),
        "similar": attach_frames(similar, own_image, base),
        **around_medium(archive, found, viewer=viewer),
    }
    return page(request, "medium.html", content, here="media")


@MEDIA_PAGES.get("/capture/{capture_id}/frame")
def frame_image(
    request: Request,
    archive: ArchiveDependency,
    frames: FramesDependency,
    capture_id: str,
    at_ms: Milliseconds = 0,
) -> Response:
    """One frame of a captured video, as a picture of the archive's own making."""
    drawn = or_404(frames.frame(archive, capture_id, at_ms, viewer=viewer_of(request)))
    return archived(
        drawn.content, media_type=drawn.media_type, file_name=drawn.file_name, length_bytes=drawn.length_bytes
    )


@MEDIA_PAGES.get("/similar")
def similar_form_page(request: Request) -> Response:
    """The form for a file to compare."""
    return page(request, "similar.html", {"reading": None}, here="similar")


@MEDIA_PAGES.post("/similar")
async def similar_to_upload(request: Request, archive: ArchiveDependency) -> Response:
    """The file that was sent, compared with the archive."""
    require_own_page(request)
    async with sent_form(request, fields=0, file_limit_bytes=UPLOAD_LIMIT_BYTES) as form:
        if form.file is None:
            raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, gettext("The file is missing."))
        content, name = await form.file.read(), form.file.filename or gettext("a file without a name")
    return await run_in_threadpool(upload_page, archive, request, content, name)


@MEDIA_PAGES.post("/judge")
async def judge(request: Request, archive: ArchiveDependency) -> Response:
    """The verdict that was sent, written to the ledger."""
    require_own_page(request)
    async with sent_form(request, fields=4) as form:
        judgement = valid_judgement(form.fields)
    return await run_in_threadpool(write_judgement, archive, request, judgement)


def upload_page(archive: Archive, request: Request, content: bytes, name: str) -> Response:
    """The page that shows where a file was captured."""
    if len(content) > UPLOAD_LIMIT_BYTES:
        raise too_large(UPLOAD_LIMIT_BYTES)
    with Decoders(workers=1) as decoders:
        reading = decoders.fingerprint(content)
    rows = similar_media.similar_to_reading(archive, reading, file=name, viewer=viewer_of(request))
    similar = similar_media.by_medium(rows)
    own_frames = frames_of_upload(content, reading, similar)
    answer = {
        "reading": reading,
        "name": name,
        "similar": attach_frames(
            similar, lambda at_s: own_frames.get(at_s or 0.0), request.scope.get("root_path", "")
        ),
    }
    response = page(request, "similar.html", answer, here="similar")
    # the file is part of the page itself: it comes from no address, and none may learn of it
    policy = OURS["Content-Security-Policy"].replace("img-src 'self'", "img-src 'self' data:")
    response.headers["Content-Security-Policy"] = policy
    return response


def write_judgement(archive: Archive, request: Request, judgement: SentJudgement) -> Response:
    """Write a verdict to the ledger and lead back to the medium on whose page it was given."""
    own, other = or_404(media.digest_of(judgement.a)), or_404(media.digest_of(judgement.b))
    try:
        judge_media(archive, own, other, judgement.verdict, author=viewer_of(request), reason=judgement.reason)
    except UnknownMediumError as unknown:
        raise not_in_archive() from unknown
    except JudgementError as problem:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, str(problem)) from problem
    base = request.scope.get("root_path", "")
    return RedirectResponse(f"{base}/medium/{own}#judgements", HTTPStatus.SEE_OTHER)


def valid_judgement(fields: Mapping[str, str]) -> SentJudgement:
    """The fields as a verdict; `access.app` says in sentences what is wrong with them."""
    try:
        return JUDGEMENT.validate_python(dict(fields))
    except ValidationError as problem:
        raise RequestValidationError(problem.errors()) from problem
