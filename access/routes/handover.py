"""The page Hand over: what a package for a recipient would hold, the register of disclosures, what changed since.

In: requests of a custodian. Out: HTML, and a frozen selection as a file. Nothing is built or disclosed here: a
package is built of the file. A choice is made under the rights of whoever asks.
"""

from collections.abc import Mapping
from datetime import date
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from access.dependencies import ArchiveDependency
from access.forms import Form, sent_form
from access.handover_desk import LEVELS, HandoverDesk, HandoverForm
from access.own_page import require_own_page
from access.query_parameters import Day, SourceId, Text
from access.rendering.templates import page, viewer_of
from access.rendering.translations import gettext
from storage.archive import Archive
from storage.errors import StorageError

HANDOVER_PAGES: Final = APIRouter(default_response_class=HTMLResponse)

FIELDS: Final = 12
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
    content["recipient"] = recipient.strip()
    try:
        if form.chooses:
            content["rows"] = desk.preview(archive, form, viewer)
        elif recipient.strip():
            content["changes"] = desk.changes(archive, recipient.strip(), viewer)
    except StorageError as problem:
        content["refused"] = str(problem)
    return page(request, "handover.html", content, here="handover")


@HANDOVER_PAGES.post("/handover")
async def freeze_selection(request: Request, archive: ArchiveDependency) -> Response:
    """The frozen selection that the form comes to, as a file."""
    require_own_page(request)
    desk = desk_of(request)
    async with sent_form(request, fields=FIELDS) as form:
        sent = form
    return await run_in_threadpool(frozen_file, archive, request, desk, sent)


def frozen_file(archive: Archive, request: Request, desk: HandoverDesk, sent: Form) -> Response:
    """Freeze it; a choice that cannot be handed over is refused in a sentence."""
    fields = {name: value.strip() for name, value in sent.fields.items()}
    try:
        form = HandoverForm(
            **{name: fields[name] for name in fields.keys() & TEXTS},
            since=_day(fields, "since"),
            until=_day(fields, "until"),
            context=fields.get("alone") != "true",
        )
        frozen = desk.freeze(archive, form, viewer_of(request))
    except StorageError as problem:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, str(problem)) from problem
    headers = {"Content-Disposition": f'attachment; filename="{frozen.name}"'}
    return Response(frozen.content, media_type="application/json", headers=headers)


TEXTS: Final = frozenset(
    ("text", "source", "case", "ids", "supplement_of", "recipient", "level", "request", "language")
)


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
