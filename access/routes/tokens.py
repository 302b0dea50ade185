"""The page of tokens: a person makes one, sees it once, and revokes it; programs can list them.

In: requests of a known user. Out: HTML, and JSON below ``/api``. A token is made and revoked by a form of this
page alone: no token can make another.
"""

from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.exceptions import HTTPException

from access.answers.tokens import TokenRows
from access.dependencies import ArchiveDependency
from access.forms import Form, sent_form
from access.own_page import require_own_page
from access.rendering.templates import page, viewer_of
from access.rendering.translations import gettext
from access.views import tokens
from storage.archive import Archive
from storage.ledger.tokens import TokenError

DAYS: Final = (7, 30, 90, 366)

TOKENS_PAGES: Final = APIRouter(default_response_class=HTMLResponse)
TOKENS_API: Final = APIRouter(tags=["Archive"])


@TOKENS_PAGES.get("/tokens")
def tokens_page(request: Request, archive: ArchiveDependency) -> Response:
    """The form, and the tokens that there are."""
    return shown(request, archive)


@TOKENS_PAGES.post("/tokens")
async def make_token(request: Request, archive: ArchiveDependency) -> Response:
    """Make a token, and show it this once."""
    require_own_page(request)
    async with sent_form(request, fields=8) as form:
        sent = form
    return await run_in_threadpool(made, archive, request, sent)


@TOKENS_PAGES.post("/tokens/{token_id}/revoke")
def revoke_token(request: Request, archive: ArchiveDependency, token_id: str) -> Response:
    """Revoke a token, and lead back to the page."""
    require_own_page(request)
    try:
        tokens.revoked(archive, token_id, viewer=viewer_of(request))
    except TokenError as problem:
        raise HTTPException(HTTPStatus.NOT_FOUND, str(problem)) from problem
    return RedirectResponse(f"{request.scope.get('root_path', '')}/tokens", HTTPStatus.SEE_OTHER)


@TOKENS_API.get("/tokens", response_model=TokenRows)
def token_rows(request: Request, archive: ArchiveDependency) -> dict[str, Any]:
    """The user's own tokens, everybody's for a custodian, the newest first; never a token itself."""
    return {"rows": tokens.token_rows(archive, viewer=viewer_of(request))}


def made(archive: Archive, request: Request, form: Form) -> Response:
    """The page with the token that the form asks for, or with the reason why there is none."""
    fields = form.fields
    days = fields.get("days", "")
    try:
        if not days.isascii() or not days.isdecimal() or int(days) not in DAYS:
            raise TokenError(gettext("Choose for how many days the token is valid. Nothing was written."))
        row, secret = tokens.new_token(
            archive,
            viewer=viewer_of(request),
            name=fields.get("name", ""),
            scopes=[scope for scope in tokens.SCOPES if fields.get(f"scope_{scope}")],
            days=int(days),
        )
    except TokenError as problem:
        return shown(request, archive, refused=str(problem), status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return shown(request, archive, made=row, secret=secret)


def shown(
    request: Request,
    archive: Archive,
    *,
    made: dict[str, Any] | None = None,
    secret: str | None = None,
    refused: str | None = None,
    status: int = HTTPStatus.OK,
) -> Response:
    """The page."""
    viewer = viewer_of(request)
    content = {
        "tokens": tokens.token_rows(archive, viewer=viewer),
        "scopes": [scope for scope, role in tokens.SCOPES.items() if viewer.may(role)],
        "days": DAYS,
        "made": made,
        "secret": secret,
        "refused": refused,
    }
    return page(request, "tokens.html", content, here="tokens", status=status)
