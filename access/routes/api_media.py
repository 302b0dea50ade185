"""Media for programs: one picture or video, what is similar to it or to a file in hand, an analyst's verdict.

In: requests of a known user. Out: JSON. A body is read only once the user is known, and never further than its
limit (`access.forms`).
"""

from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from access.answers.bodies import UPLOADED_FILE, VERDICT_AS_JSON, VerdictBody
from access.answers.media import JudgementRow, MediumFacts, SimilarRows
from access.dependencies import ArchiveDependency
from access.forms import sent_form, sent_json
from access.own_page import require_own_page_or_token
from access.query_parameters import Sha256
from access.rendering.templates import not_in_archive, or_404, viewer_of
from access.rendering.translations import gettext
from access.routes.media import UPLOAD_LIMIT_BYTES
from access.sent_body import valid_body
from access.views import media, similar_media
from access.views.judgements import UnknownMediumError, judge_media
from processors.media.decoder_pool import Decoders
from processors.similarity.clustering import Verdict
from storage.archive import Archive
from storage.ledger.judgements import JudgementError

MEDIA_API: Final = APIRouter(tags=["Media"])


@MEDIA_API.get("/medium/{sha256}", response_model=MediumFacts)
def medium_row(request: Request, archive: ArchiveDependency, sha256: Sha256) -> dict[str, Any]:
    """One picture or video, with every capture of these very bytes."""
    row: dict[str, Any] = or_404(media.one_medium(archive, sha256, viewer=viewer_of(request)))
    return row


@MEDIA_API.get("/medium/{sha256}/similar", response_model=SimilarRows)
def similar_rows(request: Request, archive: ArchiveDependency, sha256: Sha256) -> dict[str, Any]:
    """Media that are similar to one of the archive."""
    or_404(media.one_medium(archive, sha256, viewer=viewer_of(request)))
    digest = or_404(media.digest_of(sha256))
    return {"rows": list(similar_media.similar_media(archive, digest, viewer=viewer_of(request)))}


@MEDIA_API.post("/similar", response_model=SimilarRows, openapi_extra=UPLOADED_FILE)
async def similar_to_file(request: Request, archive: ArchiveDependency) -> dict[str, Any]:
    """Media that are similar to a file in hand, which is decoded in a confined process and not stored."""
    require_own_page_or_token(request)
    async with sent_form(request, fields=0, file_limit_bytes=UPLOAD_LIMIT_BYTES) as form:
        if form.file is None:
            raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, gettext("The file is missing."))
        content, name = await form.file.read(), form.file.filename or "a file without a name"
    return await run_in_threadpool(compared, archive, request, content, name)


@MEDIA_API.post(
    "/judgements", response_model=JudgementRow, status_code=HTTPStatus.CREATED, openapi_extra=VERDICT_AS_JSON
)
async def judge_as_json(request: Request, archive: ArchiveDependency) -> Response:
    """Write a verdict on two media to the ledger, for good."""
    require_own_page_or_token(request)
    body = valid_body(VerdictBody, await sent_json(request))
    return await run_in_threadpool(judged, archive, request, body)


def compared(archive: Archive, request: Request, content: bytes, name: str) -> dict[str, Any]:
    """What is like the file."""
    with Decoders(workers=1) as decoders:
        reading = decoders.fingerprint(content)
    rows = similar_media.similar_to_reading(archive, reading, file=name, viewer=viewer_of(request))
    return {"rows": list(rows)}


def judged(archive: Archive, request: Request, sent: VerdictBody) -> Response:
    """Write the verdict; raises ``HTTPException``: 404 for a medium that is not there, 422 without a reason."""
    own, other = or_404(media.digest_of(sent.a)), or_404(media.digest_of(sent.b))
    try:
        written = judge_media(
            archive, own, other, Verdict(sent.verdict), author=viewer_of(request), reason=sent.reason
        )
    except UnknownMediumError as unknown:
        raise not_in_archive() from unknown
    except JudgementError as problem:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, str(problem)) from problem
    row = JudgementRow.model_validate(similar_media.verdict_row(written, own))
    return JSONResponse(row.model_dump(), HTTPStatus.CREATED)
