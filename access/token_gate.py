"""Lets programs in by a token of ours: what carries one is answered by an app of its own, with the API alone.

In: requests with ``Authorization: Bearer lta_...`` below ``/api``. Out: the answers of that app; every other
request goes on to the app of the pages, whose user is the host's. So a token opens no page, and needs no session
of the host. Guaranteed: the token is asked for at each request, so that one that is revoked or over opens
nothing any more.
"""

from http import HTTPStatus
from typing import Final

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from access.dependencies import archive
from access.rendering.translations import gettext
from access.views.tokens import SCOPES, used_token
from storage.access_labels import Viewer
from storage.ledger.tokens import PREFIX

BEARER: Final = "bearer "
API_PATH: Final = "/api/"


class TokenGate:
    """Middleware: hands requests with a token to ``programs``, the others to ``app``."""

    def __init__(self, app: ASGIApp, *, programs: ASGIApp) -> None:
        self.app = app
        self.programs = programs

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        for_programs = scope["type"] == "http" and _is_for_programs(Request(scope))
        await (self.programs if for_programs else self.app)(scope, receive, send)


def user_of_token(request: Request) -> Viewer:
    """The person whose token the request carries, and what it may be used for; raises ``HTTPException`` (401)."""
    token = used_token(archive(request), secret_of(request), request.app.state.noted_uses)
    if token is None:
        raise HTTPException(
            HTTPStatus.UNAUTHORIZED,
            gettext("The token is not valid: it was revoked, is over, or was never made. Make a new one."),
            headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
        )
    request.state.scopes = frozenset(token.scopes)
    allowed = max((SCOPES[scope] for scope in token.scopes if scope in SCOPES), default=token.role)
    return Viewer(token.member, min(token.role, allowed))


def secret_of(request: Request) -> str:
    """What the request has behind ``Bearer``, empty where it has none."""
    header = request.headers.get("authorization", "")
    return header[len(BEARER) :].strip() if header.lower().startswith(BEARER) else ""


def _is_for_programs(request: Request) -> bool:
    path = request.url.path.removeprefix(request.scope.get("root_path", ""))
    return path.startswith(API_PATH) and secret_of(request).startswith(PREFIX)
