"""Pages that make redacted copies: boxes over a picture, seconds of a video or sound, words of a record.

In: requests of a custodian. Out: HTML, pictures of covered pages, a draft to save. The original is shown and never
changed; a copy is kept only by the form that says so and why. What steps mean says `processors.redaction.steps`.
"""

import json
from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.exceptions import HTTPException

from access.dependencies import ArchiveDependency
from access.forms import sent_form
from access.own_page import require_own_page
from access.redaction_desk import Coverable, DraftedCopy, RedactionDesk
from access.redaction_form import (
    FIELDS_OF_ROW,
    MOST_ROWS,
    ROWS_AT_FIRST,
    SIDES,
    STYLES,
    RedactionForm,
    RedactionFormError,
    form_of_fields,
)
from access.rendering.templates import or_404, page, viewer_of
from access.rendering.translations import gettext
from access.security_headers import archived
from access.views import search
from processors.redaction.steps import RedactionStepsError
from storage.archive import Archive
from storage.errors import StorageError

REDACTION_PAGES: Final = APIRouter(default_response_class=HTMLResponse)

PAGES_AT_ONCE: Final = 10
PageNumber = Annotated[int, Query(ge=1, le=300)]
Boxes = Annotated[
    list[str] | None, Query(max_length=MOST_ROWS, description="left,top,right,bottom in shares, and style")
]
Name = Annotated[str, Query(max_length=200)]
Seconds = Annotated[float, Query(ge=0, le=86_400, allow_inf_nan=False)]


@REDACTION_PAGES.get("/redactions")
def redactions_page(request: Request, archive: ArchiveDependency, original: Name = "") -> Response:
    """The redacted copies that there are: of what, what is covered, by whom and why."""
    rows = _desk(request).copies(archive, original.strip() or None, viewer_of(request))
    return page(request, "redactions.html", {"rows": rows, "original": original.strip()}, here="handover")


@REDACTION_PAGES.get("/capture/{capture_id}/redact")
def capture_form_page(
    request: Request, archive: ArchiveDependency, capture_id: str, first: PageNumber = 1, at_s: Seconds = 0.0
) -> Response:
    """The picture, video or sound to draw on; ``first`` of its pages, or the moment of a video."""
    subject = _coverable(request, archive, capture_id)
    form = RedactionForm().with_rows(ROWS_AT_FIRST)
    return _capture_page(request, subject, form, first=first, at_s=at_s)


@REDACTION_PAGES.post("/capture/{capture_id}/redact")
async def redact_capture(request: Request, archive: ArchiveDependency, capture_id: str) -> Response:
    """Show what the form covers, or keep the copy."""
    require_own_page(request)
    async with sent_form(request, fields=FIELDS_OF_ROW * MOST_ROWS) as sent:
        fields = dict(sent.fields)
    return await run_in_threadpool(_covered_capture, request, archive, capture_id, fields)


@REDACTION_PAGES.get("/capture/{capture_id}/redact/page")
def covered_page(
    request: Request, archive: ArchiveDependency, capture_id: str, number: PageNumber = 1, box: Boxes = None
) -> Response:
    """One page as a picture of the archive's own making, with these boxes covered."""
    desk = _desk(request)
    regions = [_region(each, number) for each in box or ()]
    steps = {"reason": gettext("Preview"), "steps": regions} if regions else None
    _coverable(request, archive, capture_id)
    try:
        drawn = desk.page(archive, capture_id, number, steps, viewer_of(request))
    except (StorageError, RedactionStepsError) as problem:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, str(problem)) from problem
    return archived([drawn], media_type="image/png", file_name=f"page-{number}.png", length_bytes=len(drawn))


@REDACTION_PAGES.get("/record/{record_id}/redact")
def record_form_page(request: Request, archive: ArchiveDependency, record_id: str) -> Response:
    """The fields of a record, and which words to cover in all of them."""
    _desk(request)
    found = or_404(search.one_record(archive, record_id, viewer=viewer_of(request)))
    return _record_page(request, found, RedactionForm().with_rows(ROWS_AT_FIRST))


@REDACTION_PAGES.post("/record/{record_id}/redact")
async def redact_record(request: Request, archive: ArchiveDependency, record_id: str) -> Response:
    """Show the record with bars, or keep the copy."""
    require_own_page(request)
    async with sent_form(request, fields=FIELDS_OF_ROW * MOST_ROWS) as sent:
        fields = dict(sent.fields)
    return await run_in_threadpool(_covered_record, request, archive, record_id, fields)


def _covered_capture(request: Request, archive: Archive, capture_id: str, fields: Mapping[str, str]) -> Response:
    subject = _coverable(request, archive, capture_id)
    form = form_of_fields(fields)
    first, at_s = _whole(fields.get("first"), 1), _seconds(fields.get("at_s"))
    shown = partial(_capture_page, request, subject, form.with_rows(ROWS_AT_FIRST), first=first, at_s=at_s)
    if fields.get("action") == "more":
        return shown()
    try:
        steps = form.steps()
        if fields.get("action") == "keep":
            return _kept(request, archive, capture_id, steps)
        if not subject.pages:
            drafted = _desk(request).draft(archive, capture_id, steps, viewer_of(request))
            return _to_look_at(drafted)
        _desk(request).page(archive, capture_id, 1, steps, viewer_of(request))
    except (RedactionFormError, RedactionStepsError, StorageError) as problem:
        return shown(refused=str(problem))
    regions = [each for each in steps["steps"] if each["cover"] == "region"]
    return shown(drafted=regions)


def _covered_record(request: Request, archive: Archive, record_id: str, fields: Mapping[str, str]) -> Response:
    desk = _desk(request)
    found = or_404(search.one_record(archive, record_id, viewer=viewer_of(request)))
    form = form_of_fields(fields)
    again = form.with_rows(ROWS_AT_FIRST)
    if fields.get("action") == "more":
        return _record_page(request, found, again)
    try:
        steps = form.steps()
        if fields.get("action") == "keep":
            return _kept(request, archive, record_id, steps)
        drafted = desk.draft(archive, record_id, steps, viewer_of(request))
    except (RedactionFormError, RedactionStepsError, StorageError) as problem:
        return _record_page(request, found, again, refused=str(problem))
    return _record_page(request, found, again, drafted=json.loads(drafted.content))


def _kept(request: Request, archive: Archive, name: str, steps: Mapping[str, Any]) -> Response:
    _desk(request).keep(archive, name, steps, viewer_of(request))
    base = request.scope.get("root_path", "")
    return RedirectResponse(f"{base}/redactions?original={quote(name)}", HTTPStatus.SEE_OTHER)


def _capture_page(
    request: Request,
    subject: Coverable,
    form: RedactionForm,
    *,
    first: int = 1,
    at_s: float = 0.0,
    drafted: list[dict[str, Any]] | None = None,
    refused: str | None = None,
) -> Response:
    """``drafted``: the regions of a draft to be shown beside the original."""
    begin = min(max(1, first), max(1, subject.pages))
    pages = range(begin, min(subject.pages, begin + PAGES_AT_ONCE - 1) + 1)
    boxes = {
        number: "".join(f"&box={_box(each)}" for each in drafted or () if each["page"] == number)
        for number in pages
    }
    content = {
        "capture": subject,
        "record": None,
        "form": form,
        "styles": STYLES,
        "pages": pages,
        "first": begin,
        "before": max(1, begin - PAGES_AT_ONCE) if begin > 1 else None,
        "after": pages.stop if pages.stop <= subject.pages else None,
        "at_s": max(0.0, at_s),
        "drafted": drafted,
        "boxes": boxes,
        "refused": refused,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if refused else HTTPStatus.OK
    return page(request, "redact.html", content, here="handover", status=status)


def _record_page(
    request: Request,
    found: Mapping[str, Any],
    form: RedactionForm,
    *,
    drafted: Mapping[str, Any] | None = None,
    refused: str | None = None,
) -> Response:
    content = {
        "capture": None,
        "record": found,
        "values": found["versions"][-1]["content"],
        "form": form,
        "drafted": drafted,
        "refused": refused,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if refused else HTTPStatus.OK
    return page(request, "redact.html", content, here="handover", status=status)


def _coverable(request: Request, archive: Archive, capture_id: str) -> Coverable:
    try:
        found: Coverable = or_404(_desk(request).coverable(archive, capture_id, viewer_of(request)))
    except StorageError as problem:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, str(problem)) from problem
    return found


def _to_look_at(drafted: DraftedCopy) -> Response:
    ending = drafted.media_type.partition("/")[2]
    return archived(
        [drafted.content],
        media_type=drafted.media_type,
        file_name=f"preview.{ending}",
        length_bytes=len(drafted.content),
    )


def _box(region: Mapping[str, Any]) -> str:
    return ",".join((*(f"{region[side]:.5f}" for side in SIDES), region["style"]))


def _region(box: str, number: int) -> dict[str, Any]:
    *sides, style = box.split(",")
    try:
        places = dict(zip(SIDES, map(float, sides), strict=True))
    except ValueError as problem:
        words = gettext("A box has four shares of the sides and a style, such as 0.1,0.1,0.5,0.5,black.")
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, words) from problem
    return {"cover": "region", "page": number, "style": style, **places}


def _whole(text: str | None, usual: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 6 else usual


def _seconds(text: str | None) -> float:
    try:
        found = float((text or "0").replace(",", "."))
    except ValueError:
        return 0.0
    return found if 0 <= found <= 86_400 else 0.0


def _desk(request: Request) -> RedactionDesk:
    """The desk behind the pages; where there is none, the page says so."""
    desk: RedactionDesk | None = request.app.state.redaction
    if desk is None:
        raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, gettext("Nothing can be redacted from these pages."))
    return desk
