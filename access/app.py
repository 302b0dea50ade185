"""The analysts' door as one FastAPI application: pages and JSON API over the same answers.

In: how to open the archive (asked at the first question, not before) and a dependency that gives the user or
refuses with 401. Out: an app to be mounted anywhere; it works under any prefix. Guaranteed: every route asks for
a user, the static files included; every view of a capture is in the access log before it is answered; every
answer carries the headers of `access.security_headers`.
"""

import logging
from collections.abc import Callable, Mapping
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from starlette.exceptions import HTTPException
from starlette.middleware.base import RequestResponseEndpoint

from access.authentication import UserDependency, store_viewer
from access.forms import leaves_unread
from access.rendering.templates import page
from access.routes.api import api_routes
from access.routes.media import media_routes
from access.routes.pages import page_routes
from access.security_headers import OURS
from storage.archive import Archive
from storage.errors import DatabaseUnavailable, StorageError

log = logging.getLogger(__name__)

STATIC: Final = Path(__file__).with_name("static")
STATIC_TYPES: Final = {"archive.css": "text/css", "theme.js": "text/javascript", "icon.svg": "image/svg+xml"}

TITLES: Final = {
    HTTPStatus.BAD_REQUEST: "Invalid request",
    HTTPStatus.UNAUTHORIZED: "Please log in",
    HTTPStatus.FORBIDDEN: "Not allowed",
    HTTPStatus.NOT_FOUND: "Not in the archive",
    HTTPStatus.METHOD_NOT_ALLOWED: "Method not allowed",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "Too large",
    HTTPStatus.UNPROCESSABLE_ENTITY: "Invalid request",
    HTTPStatus.SERVICE_UNAVAILABLE: "The archive is not available",
}

ASKED: Final = {
    "q": "The search text",
    "url": "The URL",
    "source": "The source",
    "since": "The first day",
    "until": "The last day",
    "kind": "The kind of record",
    "order": "The order",
    "page": "The page number",
    "most": "The number of rows",
    "markup": "The choice of markup",
    "file": "The file",
    "reason": "The reason",
    "verdict": "The verdict",
}


def create_app(open_archive: Callable[[], Archive], current_user: UserDependency) -> FastAPI:
    """The application; no document of its API is served, since that would ask nobody's name."""
    app = FastAPI(
        title="Letapis archive",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(store_viewer(current_user))],
    )
    archive = cache(open_archive)
    app.include_router(page_routes(archive))
    app.include_router(media_routes(archive))
    app.include_router(api_routes(archive), prefix="/api")
    app.add_api_route("/static/{name}", static_file, methods=["GET"], response_class=FileResponse)
    app.middleware("http")(with_our_headers)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(RequestValidationError, validation_error)
    app.add_exception_handler(DatabaseUnavailable, database_unavailable)
    app.add_exception_handler(StorageError, storage_error)
    return app


def static_file(name: str) -> FileResponse:
    """One of our own files, by name; nothing else in the folder or out of it."""
    if name not in STATIC_TYPES:
        raise HTTPException(HTTPStatus.NOT_FOUND, "There is no such file.")
    return FileResponse(STATIC / name, media_type=STATIC_TYPES[name])


async def with_our_headers(request: Request, call_next: RequestResponseEndpoint) -> Response:
    """Add what an answer does not say of itself; archived bytes keep their own, stricter policy."""
    if "\x00" in unquote(request.url.path) or "\x00" in unquote(request.url.query):
        response = error_response(
            request,
            HTTPStatus.BAD_REQUEST,
            "The request contains the character U+0000, which is not allowed in text.",
        )
    else:
        response = await call_next(request)
    if leaves_unread(request):
        response.headers["Connection"] = "close"  # the server would go on taking what nobody reads
    for name, value in OURS.items():
        response.headers.setdefault(name, value)
    return response


async def http_error(request: Request, problem: Exception) -> Response:
    """An error as the asker can read it: JSON below ``/api``, a page elsewhere."""
    assert isinstance(problem, HTTPException)
    return error_response(request, problem.status_code, str(problem.detail))


async def validation_error(request: Request, problem: Exception) -> Response:
    """A parameter that is missing, too long or of another form, in one sentence each."""
    assert isinstance(problem, RequestValidationError)
    sentences = [describe_validation_error(error) for error in problem.errors()]
    return error_response(request, HTTPStatus.UNPROCESSABLE_ENTITY, " ".join(sentences))


def describe_validation_error(error: Mapping[str, Any]) -> str:
    """What is wrong with one field of a question."""
    name = ASKED.get(str(error["loc"][-1]), str(error["loc"][-1]))
    limits = error.get("ctx", {})
    match error["type"]:
        case "missing":
            return f"{name} is missing."
        case "string_too_long":
            return f"{name} is longer than {limits['max_length']} characters."
        case "string_too_short":
            return f"{name} is empty."
        case str(kind) if kind.startswith("date"):
            return f"{name} is not a valid date. Write a date like this: 2026-11-23."
        case "literal_error" | "enum":
            return f"{name} must be {limits['expected']}."
        case "greater_than_equal":
            return f"{name} must be at least {limits['ge']}."
        case "less_than_equal":
            return f"{name} must be at most {limits['le']}."
        case "bool_parsing":
            return f"{name} must be true or false."
        case "int_parsing":
            return f"{name} must be a whole number."
    return f"{name}: {error['msg']}."


async def database_unavailable(request: Request, problem: Exception) -> Response:
    """The database does not answer; what is wrong with it stands in the server's log, not on a page."""
    log.error("The database does not answer: %s", problem)
    words = "The database does not answer at the moment. No data is lost. Try again, or ask the operator."
    return error_response(request, HTTPStatus.SERVICE_UNAVAILABLE, words)


async def storage_error(request: Request, problem: Exception) -> Response:
    """What the archive says of itself: an object that cannot be had, a record that is not what was indexed."""
    log.error("%s", problem)
    return error_response(request, HTTPStatus.SERVICE_UNAVAILABLE, str(problem))


def error_response(request: Request, status: int, detail: str) -> Response:
    """The words, in the form the asker wants."""
    own_path = request.url.path.removeprefix(request.scope.get("root_path", ""))
    if own_path.startswith("/api/"):
        return JSONResponse({"detail": detail}, status_code=status)
    title = TITLES.get(HTTPStatus(status), HTTPStatus(status).phrase)
    content: dict[str, Any] = {"title": title, "message": detail}
    return page(request, "message.html", content, status=status)
