"""The pages about media: one medium with what looks like it, a file in hand against the archive, a judgement.

In: requests of a known user. Out: HTML. A judgement is taken only from a page of ours (`said_by_our_page`), so
that no other site can speak in an analyst's name. A file to compare is decoded in a confined process, stands on
the answer for the eye alone, and is kept nowhere.
"""

import base64
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request, Response, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.exceptions import HTTPException

from access import media, similar
from access.headers import OURS
from access.html import NOT_THERE, one, page, viewer_of
from access.judging import UnknownMediumError, judge_media
from access.pictures import PICTURE_TYPES
from processors.cluster import Verdict
from processors.decode import Decoders
from processors.media import MediaReading
from storage.archive import Archive
from storage.judgements import JudgementError

UPLOAD_LIMIT_BYTES: Final = 256 << 20
SHOWN_LIMIT_BYTES: Final = 8 << 20
Reason = Annotated[str, Form(max_length=2000)]
Name = Annotated[str, Form(max_length=80)]
Word = Annotated[Verdict, Form()]


def media_routes(archive: Callable[[], Archive]) -> APIRouter:
    """The routes, over an archive that is opened when the first of them is asked."""
    routes = APIRouter(default_response_class=HTMLResponse)

    @routes.get("/medium/{sha256}")
    def medium(request: Request, sha256: str) -> Response:
        found = one(media.one_medium(archive(), sha256, viewer=viewer_of(request)))
        digest = one(media.digest_of(sha256))
        alike = similar.by_medium(similar.similar_media(archive(), digest, viewer=viewer_of(request)))
        return page(request, "medium.html", {"medium": found, "similar": alike})

    @routes.get("/similar")
    def ask_similar(request: Request) -> Response:
        return page(request, "similar.html", {"reading": None}, here="similar")

    @routes.post("/similar")
    def show_similar(request: Request, file: UploadFile) -> Response:
        said_by_our_page(request)
        content = file.file.read(UPLOAD_LIMIT_BYTES + 1)
        if len(content) > UPLOAD_LIMIT_BYTES:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Files up to 256 MB are compared.")
        with Decoders(workers=1) as decoders:
            reading = decoders.fingerprint(content)
        name = file.filename or "a file without a name"
        rows = similar.similar_to_reading(archive(), reading, file=name, viewer=viewer_of(request))
        answer = {
            "reading": reading,
            "name": name,
            "shown": _shown(content, reading),
            "similar": similar.by_medium(rows),
        }
        response = page(request, "similar.html", answer, here="similar")
        # the file in hand is part of the page itself: it comes from no address, and none may learn of it
        policy = OURS["Content-Security-Policy"].replace("img-src 'self'", "img-src 'self' data:")
        response.headers["Content-Security-Policy"] = policy
        return response

    @routes.post("/judge")
    def judged(request: Request, a: Name, b: Name, verdict: Word, reason: Reason = "") -> Response:
        said_by_our_page(request)
        asked, other = one(media.digest_of(a)), one(media.digest_of(b))
        try:
            judge_media(archive(), asked, other, verdict, author=viewer_of(request), reason=reason.strip() or None)
        except UnknownMediumError as unknown:
            raise HTTPException(HTTPStatus.NOT_FOUND, NOT_THERE) from unknown
        except JudgementError as problem:
            raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, str(problem)) from problem
        base = request.scope.get("root_path", "")
        return RedirectResponse(f"{base}/medium/{asked}#judgements", HTTPStatus.SEE_OTHER)

    return routes


def said_by_our_page(request: Request) -> None:
    """Refuse a form that another site has sent: browsers say so (Fetch Metadata, W3C; else the Origin header)."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    ours = site == "same-origin" if site else origin is not None and urlsplit(origin).netloc == request.url.netloc
    if not ours:
        raise HTTPException(
            HTTPStatus.FORBIDDEN, "This form was not sent by a page of the archive; nothing was done."
        )


def _shown(content: bytes, reading: MediaReading) -> str | None:
    """The picture as part of the page, where a browser can draw it and it is not too large for that."""
    if reading.media_type not in PICTURE_TYPES or len(content) > SHOWN_LIMIT_BYTES:
        return None
    return f"data:{reading.media_type};base64,{base64.b64encode(content).decode()}"
