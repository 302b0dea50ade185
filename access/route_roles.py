"""Which role each route asks for: the one place where that is said.

In: a route of the app, by method and path. Out: a dependency that refuses whoever lacks the role (403). A route
that is not named here answers nobody, so that none is forgotten; a test walks over all of them.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import Depends, Request
from starlette.exceptions import HTTPException

from access.authentication import UserDependency
from access.rendering.translations import N_, gettext
from access.scopes import scope_of_role, scopes_of
from storage.access_labels import Role, Viewer

ROLE_OF_ROUTE: Final[Mapping[str, Role]] = {
    "GET /": Role.READER,
    "GET /search": Role.READER,
    "GET /search.csv": Role.READER,
    "GET /captures": Role.READER,
    "GET /captures.csv": Role.READER,
    "GET /changes": Role.READER,
    "GET /changes.csv": Role.READER,
    "GET /capture/{capture_id}": Role.READER,
    "GET /capture/{capture_id}/text": Role.READER,
    "GET /capture/{capture_id}/readable": Role.READER,
    "GET /capture/{capture_id}/screenshot": Role.READER,
    "GET /capture/{capture_id}/raw": Role.READER,
    "GET /capture/{capture_id}/proof": Role.READER,
    "GET /capture/{capture_id}/proof/file": Role.READER,
    "GET /capture/{capture_id}/payload": Role.READER,
    "GET /capture/{capture_id}/picture": Role.READER,
    "GET /capture/{capture_id}/frame": Role.READER,
    "GET /compare": Role.READER,
    "GET /compare/difference": Role.READER,
    "GET /api/compare": Role.READER,
    "GET /view": Role.READER,
    "GET /view/{capture_id}": Role.READER,
    "GET /web/{digits}/{url:path}": Role.READER,
    "GET /timegate/{url:path}": Role.READER,
    "GET /timemap/{form}/{url:path}": Role.READER,
    "GET /cdx": Role.READER,
    "GET /record/{record_id}": Role.READER,
    "GET /media": Role.READER,
    "GET /help": Role.READER,
    "GET /medium/{sha256}": Role.READER,
    "GET /similar": Role.READER,
    "POST /similar": Role.READER,
    "GET /static/{name}": Role.READER,
    "POST /viewing": Role.READER,
    "GET /api/home": Role.READER,
    "GET /sources": Role.READER,
    "GET /sources/{source_id}": Role.READER,
    "GET /api/sources": Role.READER,
    "POST /sources": Role.COLLECTOR,
    "GET /sources/{source_id}/settings": Role.READER,
    "POST /sources/{source_id}/settings": Role.COLLECTOR,
    "POST /sources/{source_id}/end": Role.COLLECTOR,
    "GET /api/added-sources": Role.READER,
    "GET /quality": Role.READER,
    "GET /api/quality": Role.READER,
    "GET /api/sources/{source_id}": Role.READER,
    "GET /api/overview": Role.READER,
    "GET /api/search": Role.READER,
    "GET /api/captures": Role.READER,
    "GET /api/addresses": Role.READER,
    "GET /api/changes": Role.READER,
    "GET /api/capture/{capture_id}": Role.READER,
    "GET /api/record/{record_id}": Role.READER,
    "GET /tokens": Role.READER,
    "POST /tokens": Role.READER,
    "POST /tokens/{token_id}/revoke": Role.READER,
    "GET /api/tokens": Role.READER,
    "GET /api/me": Role.READER,
    "GET /api/capture/{capture_id}/raw": Role.READER,
    "GET /api/capture/{capture_id}/payload": Role.READER,
    "GET /api/capture/{capture_id}/picture": Role.READER,
    "GET /api/capture/{capture_id}/frame": Role.READER,
    "GET /api/capture/{capture_id}/text": Role.READER,
    "GET /api/capture/{capture_id}/proof": Role.READER,
    "GET /api/medium/{sha256}": Role.READER,
    "GET /api/medium/{sha256}/similar": Role.READER,
    "POST /api/similar": Role.READER,
    "POST /api/judgements": Role.COLLECTOR,
    "GET /api/openapi.json": Role.READER,
    "GET /api/docs": Role.READER,
    "POST /judge": Role.COLLECTOR,
    "GET /requests": Role.READER,
    "GET /request/{request_id}": Role.READER,
    "GET /request/{request_id}/receipt": Role.READER,
    "GET /api/requests": Role.READER,
    "GET /api/request/{request_id}": Role.READER,
    "POST /requests": Role.COLLECTOR,
    "GET /archive": Role.COLLECTOR,
    "POST /archive": Role.COLLECTOR,
    "POST /archive/check": Role.COLLECTOR,
    "GET /repeats": Role.READER,
    "POST /repeats": Role.COLLECTOR,
    "POST /repeats/{repeat_id}/stop": Role.COLLECTOR,
    "GET /api/repeats": Role.READER,
    "POST /api/repeats": Role.COLLECTOR,
    "POST /api/repeats/{repeat_id}/stop": Role.COLLECTOR,
    "GET /received": Role.READER,
    "POST /received": Role.COLLECTOR,
    "GET /api/received": Role.READER,
    "POST /api/archive/known": Role.READER,
    "GET /archive/batch": Role.READER,
    "GET /archive/batch.csv": Role.READER,
    "GET /api/archive/states": Role.READER,
    "GET /api/capture/{capture_id}/receipt": Role.READER,
    "POST /request/{request_id}/start": Role.COLLECTOR,
    "POST /api/requests": Role.COLLECTOR,
    "POST /api/request/{request_id}/start": Role.COLLECTOR,
    "GET /api/accesses": Role.CUSTODIAN,
    "GET /api/members": Role.CUSTODIAN,
    "POST /api/members": Role.CUSTODIAN,
    "GET /accesses": Role.CUSTODIAN,
    "GET /handover": Role.CUSTODIAN,
    "GET /handover/receipt": Role.CUSTODIAN,
    "POST /handover": Role.CUSTODIAN,
    "POST /handover/packages": Role.CUSTODIAN,
    "GET /handover/packages/{package_id}": Role.CUSTODIAN,
    "GET /handover/packages/{package_id}/selection.json": Role.CUSTODIAN,
    "GET /handover/packages/{package_id}/files/{name}": Role.CUSTODIAN,
    "POST /handover/packages/{package_id}/start": Role.CUSTODIAN,
    "POST /handover/packages/{package_id}/remove": Role.CUSTODIAN,
    "GET /redactions": Role.CUSTODIAN,
    "GET /capture/{capture_id}/redact": Role.CUSTODIAN,
    "POST /capture/{capture_id}/redact": Role.CUSTODIAN,
    "GET /capture/{capture_id}/redact/page": Role.CUSTODIAN,
    "GET /record/{record_id}/redact": Role.CUSTODIAN,
    "POST /record/{record_id}/redact": Role.CUSTODIAN,
    "GET /members": Role.CUSTODIAN,
    "POST /members": Role.CUSTODIAN,
    "POST /quarantine": Role.COLLECTOR,
    "GET /assessments": Role.READER,
    "POST /assessments": Role.COLLECTOR,
    "GET /api/assessments": Role.READER,
    "POST /api/assessments": Role.COLLECTOR,
    "GET /withdrawals": Role.CUSTODIAN,
    "POST /withdrawals": Role.CUSTODIAN,
    "GET /operation": Role.ADMINISTRATOR,
    "GET /operation/checks": Role.ADMINISTRATOR,
}

NAMES: Final[Mapping[Role, str]] = {
    Role.READER: N_("reader"),
    Role.COLLECTOR: N_("collector"),
    Role.CUSTODIAN: N_("custodian"),
    Role.ADMINISTRATOR: N_("administrator"),
}


def require_role(viewer_of_request: UserDependency) -> UserDependency:
    """A dependency that asks for the viewer and refuses one who lacks the role of the route."""

    def checked(request: Request, viewer: Annotated[Viewer, Depends(viewer_of_request)]) -> Viewer:
        needed = role_of_route(request.method, path_of(request.scope["route"]))
        if needed is None or not viewer.may(needed):
            raise HTTPException(HTTPStatus.FORBIDDEN, refusal(needed))
        scope = scope_of_role(needed)
        if scope not in scopes_of(request):
            raise HTTPException(
                HTTPStatus.FORBIDDEN,
                gettext("This token has not the scope %(scope)s, which this needs.", scope=scope),
            )
        return viewer

    return checked


def role_of_route(method: str, path: str) -> Role | None:
    """The role that a route asks for; None where none is declared, so that nobody may use it."""
    return ROLE_OF_ROUTE.get(f"{method} {path}")


def path_of(route: Any) -> str:
    """The path of a route as it is declared."""
    return str(route.path)


def refusal(needed: Role | None) -> str:
    """Why somebody may not do this."""
    if needed is None:
        return gettext("Nobody may do this: no role is declared for it.")
    return gettext(
        "This needs the role %(role)s, and your account does not have it. Ask an administrator.",
        role=gettext(NAMES[needed]),
    )
