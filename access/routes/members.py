"""The page for custodians: who is a member of which case, and to whom other labels are granted.

In: requests of a custodian. Out: HTML. Each change is one entry of custody before the page is shown again.
"""

from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.exceptions import HTTPException

from access.dependencies import ArchiveDependency
from access.forms import Form, sent_form
from access.own_page import require_own_page
from access.rendering.templates import page, viewer_of
from access.rendering.translations import gettext
from access.views import members
from storage.archive import Archive
from storage.ledger.memberships import MembershipError

MEMBERS_PAGES: Final = APIRouter(default_response_class=HTMLResponse)


@MEMBERS_PAGES.get("/members")
def members_page(request: Request, archive: ArchiveDependency) -> Response:
    """Everybody to whom a label is granted, and the forms to grant one and to take it away."""
    return page(request, "members.html", {"groups": members.members_by_label(archive)}, here="members")


@MEMBERS_PAGES.post("/members")
async def change_members(request: Request, archive: ArchiveDependency) -> Response:
    """Add or remove the person that the form names."""
    require_own_page(request)
    async with sent_form(request, fields=4) as form:
        sent = form
    return await run_in_threadpool(write_change, archive, request, sent)


def write_change(archive: Archive, request: Request, form: Form) -> Response:
    """Write the change to ledger and custody, and lead back to the page."""
    fields = {name: value.strip() for name, value in form.fields.items()}
    action = fields.get("action")
    if action not in ("add", "remove"):
        raise HTTPException(
            HTTPStatus.UNPROCESSABLE_ENTITY, gettext("The form says neither add nor remove, so nothing was done.")
        )
    try:
        members.change_member(
            archive,
            fields.get("member", ""),
            add=action == "add",
            actor=viewer_of(request),
            case=fields.get("case") or None,
            label=fields.get("label") or None,
        )
    except MembershipError as problem:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, str(problem)) from problem
    return RedirectResponse(f"{request.scope.get('root_path', '')}/members", HTTPStatus.SEE_OTHER)
