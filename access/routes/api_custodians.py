"""The access log and the members of cases for programs of custodians (`access.route_roles`)."""

from datetime import UTC, datetime, time
from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from access.answers.bodies import MEMBER_AS_JSON, MemberBody
from access.answers.custody import AccessRows, MemberChanged, MemberRows
from access.answers.model import page_of
from access.dependencies import ArchiveDependency
from access.forms import sent_json
from access.own_page import require_own_page_or_token
from access.query_parameters import Address, Day, Most, Offset
from access.rendering.templates import viewer_of
from access.routes.custodians import Person
from access.sent_body import valid_body
from access.views import members
from access.views.accesses import logged_accesses
from storage.archive import Archive
from storage.ledger.access_log import AccessFilter
from storage.ledger.memberships import MembershipError

CUSTODIANS_API: Final = APIRouter(tags=["Custodians"])


@CUSTODIANS_API.get("/accesses", response_model=AccessRows)
def access_rows(
    request: Request,
    archive: ArchiveDependency,
    subject: Address = "",
    actor: Person = "",
    since: Day = None,
    most: Most = 100,
    offset: Offset = 0,
) -> dict[str, Any]:
    """Who looked at what, newest first; that the log was read stands in it, too."""
    wanted = AccessFilter(
        subject_id=subject.strip() or None,
        actor=actor.strip() or None,
        since=None if since is None else datetime.combine(since, time(), UTC),
    )
    found = logged_accesses(archive, wanted, viewer=viewer_of(request), most=most + 1, offset=offset)
    return page_of(found.rows, most, offset, total=found.total)


@CUSTODIANS_API.get("/members", response_model=MemberRows)
def member_rows(archive: ArchiveDependency) -> dict[str, Any]:
    """Everybody who is a member of a case, or to whom another label is granted."""
    return {"rows": members.member_rows(archive)}


@CUSTODIANS_API.post("/members", response_model=MemberChanged, openapi_extra=MEMBER_AS_JSON)
async def change_members_as_json(request: Request, archive: ArchiveDependency) -> dict[str, Any]:
    """Add somebody to a case, or remove them; one entry of custody."""
    require_own_page_or_token(request)
    body = valid_body(MemberBody, await sent_json(request))
    return await run_in_threadpool(changed, archive, request, body)


def changed(archive: Archive, request: Request, body: MemberBody) -> dict[str, Any]:
    """Write the change; raises ``HTTPException`` (422) for what cannot be granted."""
    try:
        done = members.change_member(
            archive,
            body.member,
            add=body.action == "add",
            actor=viewer_of(request),
            case=body.case,
            label=body.label,
        )
    except MembershipError as problem:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, str(problem)) from problem
    return {
        "kind": "member_changed",
        "member": done.member,
        "case_reference": done.case_reference,
        "label": done.label,
        "event": done.event,
        "custody_seq": done.seq,
    }
