"""The pages about media: one medium with what looks like it, a file in hand against the archive, a judgement.

In: requests of a known user. Out: HTML. A judgement is taken only from a page of ours (`said_by_our_page`), so
that no other site can speak in an analyst's name. A file to compare is decoded in a confined process, stands on
the answer for the eye alone, and is kept nowhere.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import Field, TypeAdapter, ValidationError
from starlette.exceptions import HTTPException

from access.forms import sent_form, too_large
from access.rendering.occurrence_chart import chart
from access.rendering.templates import NOT_THERE, or_404, page, viewer_of
from access.security_headers import OURS, archived
from access.views import media, similar_media
from access.views.judgements import UnknownMediumError, judge_media
from access.views.video_frames import FrameCache, attach_frames, frame_path, frames_of_upload, medium_path
from processors.media.decoder_pool import Decoders
from processors.similarity.clustering import Verdict
from storage.archive import Archive
from storage.ledger.judgements import JudgementError

UPLOAD_LIMIT_BYTES: Final = 256 << 20
Milliseconds = Annotated[int, Query(ge=0, le=1 << 31)]


@dataclass(frozen=True, slots=True)
class SentJudgement:
    """What the form of a judgement holds: two media, the verdict, and why."""

    a: Annotated[str, Field(max_length=80)]
    b: Annotated[str, Field(max_length=80)]
    verdict: Verdict
    reason: Annotated[str, Field(max_length=2000)]


JUDGEMENT: Final = TypeAdapter(SentJudgement)


def media_routes(archive: Callable[[], Archive]) -> APIRouter:
    """The routes, over an archive that is opened when the first of them is asked."""
    routes = APIRouter(default_response_class=HTMLResponse)
    frames = FrameCache()

    @routes.get("/medium/{sha256}")
    def medium(request: Request, sha256: str) -> Response:
        found = or_404(media.one_medium(archive(), sha256, viewer=viewer_of(request)))
        digest = or_404(media.digest_of(sha256))
        alike = similar_media.by_medium(similar_media.similar_media(archive(), digest, viewer=viewer_of(request)))
        first, base = found["captures"][0]["id"], request.scope.get("root_path", "")
        shown = medium_path(found, first)

        def picture_at(at_s: float | None) -> str | None:
            path = shown if at_s is None else frame_path(first, at_s)
            return None if path is None else base + path

        content = {
            "medium": found,
            "shown": shown,
            "chart": chart(*media.seen(archive(), found, viewer=viewer_of(request))),
            "similar": attach_frames(alike, picture_at, base),
        }
        return page(request, "medium.html", content)

    @routes.get("/capture/{capture_id}/frame")
    def frame(request: Request, capture_id: str, at_ms: Milliseconds = 0) -> Response:
        drawn = or_404(frames.frame(archive(), capture_id, at_ms, viewer=viewer_of(request)))
        return archived(
            drawn.content, media_type=drawn.media_type, file_name=drawn.file_name, length_bytes=drawn.length_bytes
        )

    @routes.get("/similar")
    def ask_similar(request: Request) -> Response:
        return page(request, "similar.html", {"reading": None}, here="similar")

    @routes.post("/similar")
    async def show_similar(request: Request) -> Response:
        said_by_our_page(request)
        async with sent_form(request, fields=0, file_limit_bytes=UPLOAD_LIMIT_BYTES) as form:
            if form.file is None:
                raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, "The file is missing.")
            content, name = await form.file.read(), form.file.filename or "a file without a name"
        return await run_in_threadpool(compared, archive, request, content, name)

    @routes.post("/judge")
    async def judged(request: Request) -> Response:
        said_by_our_page(request)
        async with sent_form(request, fields=4) as form:
            word = understood(JUDGEMENT, form.fields)
        return await run_in_threadpool(kept, archive, request, word)

    return routes


def compared(archive: Callable[[], Archive], request: Request, content: bytes, name: str) -> Response:
    """The page that says where a file in hand was seen."""
    if len(content) > UPLOAD_LIMIT_BYTES:
        raise too_large(UPLOAD_LIMIT_BYTES)
    with Decoders(workers=1) as decoders:
        reading = decoders.fingerprint(content)
    rows = similar_media.similar_to_reading(archive(), reading, file=name, viewer=viewer_of(request))
    alike = similar_media.by_medium(rows)
    in_hand = frames_of_upload(content, reading, alike)
    answer = {
        "reading": reading,
        "name": name,
        "similar": attach_frames(alike, lambda at_s: in_hand.get(at_s or 0.0), request.scope.get("root_path", "")),
    }
    response = page(request, "similar.html", answer, here="similar")
    # the file in hand is part of the page itself: it comes from no address, and none may learn of it
    policy = OURS["Content-Security-Policy"].replace("img-src 'self'", "img-src 'self' data:")
    response.headers["Content-Security-Policy"] = policy
    return response


def kept(archive: Callable[[], Archive], request: Request, word: SentJudgement) -> Response:
    """Write a judgement down and lead back to the medium that it was made at."""
    asked, other = or_404(media.digest_of(word.a)), or_404(media.digest_of(word.b))
    try:
        judge_media(archive(), asked, other, word.verdict, author=viewer_of(request), reason=word.reason)
    except UnknownMediumError as unknown:
        raise HTTPException(HTTPStatus.NOT_FOUND, NOT_THERE) from unknown
    except JudgementError as problem:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, str(problem)) from problem
    base = request.scope.get("root_path", "")
    return RedirectResponse(f"{base}/medium/{asked}#judgements", HTTPStatus.SEE_OTHER)


def understood(form: TypeAdapter[SentJudgement], fields: Mapping[str, str]) -> SentJudgement:
    """The fields as what they mean; `access.app` says in words what is wrong with them."""
    try:
        return form.validate_python(dict(fields))
    except ValidationError as problem:
        raise RequestValidationError(problem.errors()) from problem


def said_by_our_page(request: Request) -> None:
    """Refuse a form that another site has sent: browsers say so (Fetch Metadata, W3C; else the Origin header)."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    ours = site == "same-origin" if site else origin is not None and urlsplit(origin).netloc == request.url.netloc
    if not ours:
        raise HTTPException(
            HTTPStatus.FORBIDDEN, "This form was not sent by a page of the archive; nothing was done."
        )
