"""What analysts found out about records and media: the list, the forms on their pages, and the same for programs.

In: requests of a known user. Out: HTML, JSON, or the page that was asked for again. What each act is, and who may
do it, says `storage.integrity.assessment`; a refusal is a sentence with status 422, and 404 for what is not there.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException

from access.answers.assessments import AssessedRows, AssessmentAnswer
from access.answers.bodies import ASSESSMENT_AS_JSON, AssessmentBody
from access.dependencies import ArchiveDependency
from access.forms import number_in, sent_form, sent_json
from access.own_page import require_own_page, require_own_page_or_token
from access.query_parameters import Statuses
from access.rendering.templates import not_in_archive, page, viewer_of
from access.sent_body import valid_body
from access.views import assessments
from storage.archive import Archive
from storage.integrity.assessment import AssessmentError, NothingToAssess

ASSESSMENT_PAGES: Final = APIRouter(default_response_class=HTMLResponse)
ASSESSMENT_API: Final = APIRouter(tags=["Records"])


@ASSESSMENT_PAGES.get("/assessments")
def assessments_page(request: Request, archive: ArchiveDependency, status: Statuses = ()) -> Response:
    """What was assessed, with what waits for a second person first."""
    rows = assessments.assessed(archive, status, viewer=viewer_of(request))
    waiting = [row for row in rows if row["waiting"] is not None]
    content = {"rows": rows, "waiting": waiting, "statuses": assessments.STATUSES, "chosen": status}
    return page(request, "assessments.html", content, here="assessments")


@ASSESSMENT_PAGES.post("/assessments")
async def assess(request: Request, archive: ArchiveDependency) -> Response:
    """Do what the form says, and lead back to the record or medium."""
    require_own_page(request)
    async with sent_form(request, fields=9) as form:
        fields = {name: value.strip() for name, value in form.fields.items()}
    row = await run_in_threadpool(_written, archive, request, fields | {"proposal": number_in(fields, "proposal")})
    path = f"/{row['subject_kind']}/{quote(row['subject_id'], safe=':')}#verification"
    return RedirectResponse(f"{request.scope.get('root_path', '')}{path}", HTTPStatus.SEE_OTHER)


@ASSESSMENT_API.get("/assessments", response_model=AssessedRows)
def assessed_rows(request: Request, archive: ArchiveDependency, status: Statuses = ()) -> dict[str, Any]:
    """What was assessed, the newest first; ``status`` leaves only what stands so now."""
    return {"rows": assessments.assessed(archive, status, viewer=viewer_of(request))}


@ASSESSMENT_API.post(
    "/assessments",
    response_model=AssessmentAnswer,
    status_code=HTTPStatus.CREATED,
    openapi_extra=ASSESSMENT_AS_JSON,
)
async def assess_as_json(request: Request, archive: ArchiveDependency) -> Response:
    """Assess a record or medium, confirm what somebody else found out, or disagree with it; for good."""
    require_own_page_or_token(request)
    body = valid_body(AssessmentBody, await sent_json(request))
    row = await run_in_threadpool(_written, archive, request, body.model_dump())
    return JSONResponse(AssessmentAnswer.model_validate(row).model_dump(), HTTPStatus.CREATED)


def _written(archive: Archive, request: Request, fields: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return assessments.assess(archive, fields, actor=viewer_of(request))
    except NothingToAssess as unknown:
        raise not_in_archive() from unknown
    except AssessmentError as problem:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, str(problem)) from problem
