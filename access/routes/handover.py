"""The page Hand over: what a package for a recipient would hold, packages that were ordered, the register.

In: requests of a custodian. Out: HTML, a frozen selection as a file, the files of packages that were built.
Nothing is built or disclosed in a request: it orders a package, which is built elsewhere. A choice is made, and a
package shown and given out, under the rights of whoever asks.
"""

from collections.abc import Callable, Mapping
from datetime import date
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse
from starlette.exceptions import HTTPException

from access.dependencies import ArchiveDependency
from access.forms import Form, sent_form
from access.handover_desk import (
    AT_WORK,
    LEVELS,
    HandoverDesk,
    HandoverForm,
    HandoverRefusedError,
    PackageBuild,
)
from access.own_page import require_own_page
from access.query_parameters import Day, SourceId, Text
from access.rendering.templates import or_404, page, viewer_of
from access.rendering.translations import gettext
from storage.archive import Archive
from storage.ledger.access_log import log_access

HANDOVER_PAGES: Final = APIRouter(default_response_class=HTMLResponse)

FIELDS: Final = 14
DOWNLOADED: Final = "downloaded"
"""What the access log says of a file of a package."""
REFRESH_S: Final = 5
"""Seconds after which the page of a package that is being built is asked for again."""
Name = Annotated[str, Query(max_length=500)]
Ids = Annotated[str, Query(max_length=8000, description="Ids of captures and records, digests, exhibit numbers.")]


@HANDOVER_PAGES.get("/handover")
def handover_page(
    request: Request,
    archive: ArchiveDependency,
    text: Text = "",
    source: SourceId = "",
    since: Day = None,
    until: Day = None,
    case: Name = "",
    ids: Ids = "",
    supplement_of: Name = "",
    level: Name = "",
    recipient: Name = "",
    alone: bool = False,
) -> Response:
    """The form, what it comes to, and the register; of a recipient what has changed of what they have."""
    desk = desk_of(request)
    viewer = viewer_of(request)
    form = HandoverForm(
        text=text.strip(),
        source=source.strip(),
        since=since,
        until=until,
        case=case.strip(),
        ids=ids.strip(),
        supplement_of=supplement_of.strip(),
        level=level if level in LEVELS else "",
        context=not alone,
    )
    content: dict[str, Any] = {"form": form, "levels": LEVELS, "refused": None, "rows": [], "changes": []}
    content["disclosures"] = desk.disclosures(archive, viewer)
    content["builds"] = desk.builds(archive, viewer)
    content["recipient"] = recipient.strip()
    content["signs_receipts"] = request.app.state.receipts is not None
    try:
        if form.chooses:
            content["rows"] = desk.preview(archive, form, viewer)
        elif recipient.strip():
            content["changes"] = desk.changes(archive, recipient.strip(), viewer)
    except HandoverRefusedError as problem:
        content["refused"] = str(problem)
    return page(request, "handover.html", content, here="handover")


@HANDOVER_PAGES.post("/handover")
async def freeze_selection(request: Request, archive: ArchiveDependency) -> Response:
    """The frozen selection that the form comes to, as a file."""

    def freeze(desk: HandoverDesk, form: HandoverForm) -> Response:
        frozen = desk.freeze(archive, form, viewer_of(request))
        return _saved(frozen.content, frozen.name)

    return await _of_sent_form(request, freeze)


@HANDOVER_PAGES.post("/handover/packages")
async def order_package(request: Request, archive: ArchiveDependency) -> Response:
    """Freeze the selection that the form comes to, have its package built, and lead to its page."""

    def order(desk: HandoverDesk, form: HandoverForm) -> Response:
        package_id = desk.order(archive, form, viewer_of(request))
        return RedirectResponse(path_of_package(request, package_id), HTTPStatus.SEE_OTHER)

    return await _of_sent_form(request, order)


async def _of_sent_form(request: Request, answer: Callable[[HandoverDesk, HandoverForm], Response]) -> Response:
    """What comes of the form; a choice that cannot be handed over is refused in a sentence, and a store that is
    away is one of 503 (`access.app.storage_error`).
    """
    require_own_page(request)
    desk = desk_of(request)
    async with sent_form(request, fields=FIELDS) as form:
        sent = form
    try:
        return await run_in_threadpool(answer, desk, form_of(sent))
    except HandoverRefusedError as problem:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, str(problem)) from problem


@HANDOVER_PAGES.get("/handover/packages/{package_id}")
def package_page(request: Request, archive: ArchiveDependency, package_id: str) -> Response:
    """How a package stands, and its files when it is there; asked for again by itself while it is being built."""
    build = _build_of(request, archive, package_id)
    refused = None
    if build.files:
        try:
            desk_of(request).file(archive, package_id, build.files[0].name, viewer_of(request))
        except HandoverRefusedError as problem:
            refused = str(problem)
    content = {
        "build": build,
        "refused": refused,
        "at_work": build.state in AT_WORK,
        "refresh_s": REFRESH_S,
    }
    return page(request, "handover_package.html", content, here="handover")


@HANDOVER_PAGES.get("/handover/packages/{package_id}/selection.json")
def selection_of_package(request: Request, archive: ArchiveDependency, package_id: str) -> Response:
    """The frozen selection of which the package is built."""
    content: bytes = or_404(desk_of(request).selection(archive, package_id, viewer_of(request)))
    return _saved(content, f"selection-{package_id}.json")


@HANDOVER_PAGES.get("/handover/packages/{package_id}/files/{name}")
def file_of_package(request: Request, archive: ArchiveDependency, package_id: str, name: str) -> Response:
    """A file of a finished package; the access log has it before it is sent."""
    viewer = viewer_of(request)
    try:
        path = or_404(desk_of(request).file(archive, package_id, name, viewer))
    except HandoverRefusedError as problem:
        raise HTTPException(HTTPStatus.GONE, str(problem)) from problem
    log_access(archive, actor=viewer.name, action=DOWNLOADED, subject_id=package_id, details={"file": path.name})
    return FileResponse(path, media_type="application/octet-stream", filename=path.name)


@HANDOVER_PAGES.post("/handover/packages/{package_id}/start")
def build_again(request: Request, archive: ArchiveDependency, package_id: str) -> Response:
    """Have a package built that was not, or whose files were removed: its bytes are the same."""
    require_own_page(request)
    build = _build_of(request, archive, package_id)
    desk_of(request).start(archive, build.package_id, viewer_of(request))
    return RedirectResponse(path_of_package(request, package_id), HTTPStatus.SEE_OTHER)


@HANDOVER_PAGES.post("/handover/packages/{package_id}/remove")
def remove_files(request: Request, archive: ArchiveDependency, package_id: str) -> Response:
    """Remove the files of a package that was given out; the register keeps its line."""
    require_own_page(request)
    build = _build_of(request, archive, package_id)
    desk_of(request).remove(archive, build.package_id, viewer_of(request))
    return RedirectResponse(path_of_package(request, package_id), HTTPStatus.SEE_OTHER)


def form_of(sent: Form) -> HandoverForm:
    """What is chosen, and for whom; raises ``HTTPException`` 422 for a date that is none."""
    fields = {name: value.strip() for name, value in sent.fields.items()}
    return HandoverForm(
        **{name: fields[name] for name in fields.keys() & TEXTS},
        since=_day(fields, "since"),
        until=_day(fields, "until"),
        context=fields.get("alone") != "true",
    )


TEXTS: Final = frozenset(
    (
        "text",
        "source",
        "case",
        "ids",
        "supplement_of",
        "recipient",
        "level",
        "request",
        "language",
        "opened",
        "part_mb",
    )
)


def path_of_package(request: Request, package_id: str) -> str:
    """The address of the page of a package."""
    return f"{request.scope.get('root_path', '')}/handover/packages/{package_id}"


def _build_of(request: Request, archive: Archive, package_id: str) -> PackageBuild:
    build: PackageBuild = or_404(desk_of(request).build(archive, package_id, viewer_of(request)))
    return build


def _saved(content: bytes, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type="application/json", headers=headers)


def desk_of(request: Request) -> HandoverDesk:
    """The desk behind the page; where there is none, the page says so."""
    desk: HandoverDesk | None = request.app.state.handover
    if desk is None:
        raise HTTPException(
            HTTPStatus.SERVICE_UNAVAILABLE, gettext("Nothing can be handed over from these pages.")
        )
    return desk


def _day(fields: Mapping[str, str], name: str) -> date | None:
    try:
        return date.fromisoformat(fields[name]) if fields.get(name) else None
    except ValueError as problem:
        words = gettext("%(name)s is not a valid date. Write a date like this: 2026-11-23.", name=name)
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, words) from problem
