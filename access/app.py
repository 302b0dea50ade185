"""The analysts' door as one FastAPI application: pages and JSON API over the same answers.

In: how to open the archive (asked at the first question, not before) and a dependency that gives the user or
refuses with 401. Out: an app to be mounted anywhere; it works under any prefix. Guaranteed: every route asks for
a user, the static files included; every view of a capture is in the access log before it is answered; every
answer carries the headers of `access.headers`.
"""

from collections.abc import Callable
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from starlette.exceptions import HTTPException
from starlette.middleware.base import RequestResponseEndpoint

from access.api import api_routes
from access.headers import OURS
from access.media_pages import media_routes
from access.pages import page, page_routes
from access.users import UserDependency, remembered
from storage.archive import Archive

STATIC: Final = Path(__file__).with_name("static")
STATIC_TYPES: Final = {"archive.css": "text/css", "theme.js": "text/javascript"}

TITLES: Final = {
    HTTPStatus.UNAUTHORIZED: "Please log in",
    HTTPStatus.FORBIDDEN: "Not done",
    HTTPStatus.NOT_FOUND: "Not in the archive",
    HTTPStatus.UNPROCESSABLE_ENTITY: "That question is not understood",
    HTTPStatus.SERVICE_UNAVAILABLE: "The archive does not answer",
}


def create_app(open_archive: Callable[[], Archive], current_user: UserDependency) -> FastAPI:
    """The application; no document of its API is served, since that would ask nobody's name."""
    app = FastAPI(
        title="Letapis archive",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(remembered(current_user))],
    )
    archive = cache(open_archive)
    app.include_router(page_routes(archive))
    app.include_router(media_routes(archive))
    app.include_router(api_routes(archive), prefix="/api")
    app.add_api_route("/static/{name}", static_file, methods=["GET"], response_class=FileResponse)
    app.middleware("http")(with_our_headers)
    app.add_exception_handler(HTTPException, refused)
    app.add_exception_handler(RequestValidationError, not_understood)
    return app


def static_file(name: str) -> FileResponse:
    """One of our own two files, by name; nothing else in the folder or out of it."""
    if name not in STATIC_TYPES:
        raise HTTPException(HTTPStatus.NOT_FOUND, "There is no such file.")
    return FileResponse(STATIC / name, media_type=STATIC_TYPES[name])


async def with_our_headers(request: Request, call_next: RequestResponseEndpoint) -> Response:
    """Add what an answer does not say of itself; archived bytes keep their own, stricter policy."""
    response = await call_next(request)
    for name, value in OURS.items():
        response.headers.setdefault(name, value)
    return response


async def refused(request: Request, problem: Exception) -> Response:
    """An error as the asker can read it: JSON below ``/api``, a page elsewhere."""
    assert isinstance(problem, HTTPException)
    return said(request, problem.status_code, str(problem.detail))


async def not_understood(request: Request, problem: Exception) -> Response:
    """A parameter that is missing or too long, in one sentence each."""
    assert isinstance(problem, RequestValidationError)
    sentences = [f"{'.'.join(map(str, error['loc'][1:]))}: {error['msg']}." for error in problem.errors()]
    return said(request, HTTPStatus.UNPROCESSABLE_ENTITY, " ".join(sentences))


def said(request: Request, status: int, detail: str) -> Response:
    """The words, in the form the asker wants."""
    own_path = request.url.path.removeprefix(request.scope.get("root_path", ""))
    if own_path.startswith("/api/"):
        return JSONResponse({"detail": detail}, status_code=status)
    title = TITLES.get(HTTPStatus(status), HTTPStatus(status).phrase)
    content: dict[str, Any] = {"title": title, "message": detail}
    return page(request, "message.html", content, status=status)
