"""The description of the API: as an OpenAPI document for programs, and as a page for people.

In: requests of a known user. Out: JSON, or HTML of the archive's own making: no script, no asset of another host.
"""

from itertools import groupby
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from access.openapi import described_models, described_routes, openapi_document
from access.rendering.templates import page

API_DOCUMENT: Final = APIRouter()


@API_DOCUMENT.get("/openapi.json", include_in_schema=False)
def openapi_json(request: Request) -> Response:
    """The OpenAPI document."""
    return JSONResponse(document_of(request))


@API_DOCUMENT.get("/docs", include_in_schema=False, response_class=HTMLResponse)
def api_page(request: Request) -> Response:
    """The same to be read."""
    document = document_of(request)
    routes = sorted(described_routes(document), key=lambda route: route.tag)
    groups = [(tag, list(group)) for tag, group in groupby(routes, key=lambda route: route.tag)]
    content = {
        "groups": groups,
        "models": described_models(document),
        "description": document["info"]["description"],
        "document_path": "/api/openapi.json",
    }
    return page(request, "api.html", content, here="help")


def document_of(request: Request) -> dict[str, Any]:
    """The document of the app that answers, which is made once: it takes most of a second, and routes stay."""
    state = request.app.state
    if not hasattr(state, "api_document"):
        state.api_document = openapi_document(request.app.routes)
    return {**state.api_document, "servers": [{"url": request.scope.get("root_path", "") or "/"}]}
