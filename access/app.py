"""The web UI of analysts as one FastAPI application: pages and JSON API over the same answers.

In: how to open the archive (the first request opens it, not the start), a dependency that gives the user or
refuses with 401, and the languages there are. Out: an app to be mounted anywhere; it works under any prefix.
Guaranteed: every route asks for a user and for the role that
`access.route_roles` names, the static files included, and only machines that ask how the archive is name no user
(`access.operations_gate`); every view of a capture is in the access log before it is answered; every response
carries the headers of `access.security_headers`.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from starlette.exceptions import HTTPException
from starlette.middleware.base import RequestResponseEndpoint

from access.answers.model import PROBLEMS
from access.authentication import UserDependency, store_viewer
from access.forms import has_unread_body
from access.handover_desk import HandoverDesk
from access.machine_checks import MachineChecks, MachineDesk
from access.navigation import is_offered, sections_of
from access.operations_gate import OperationsDesk, OperationsGate
from access.receipt_desk import ReceiptDesk
from access.receiving_desk import ReceivingDesk
from access.redaction_desk import RedactionDesk
from access.rendering.hidden_places import place_sentence
from access.rendering.templates import page
from access.rendering.translations import (
    IN_ENGLISH,
    N_,
    Language,
    choose_language,
    gettext,
    in_language,
    load_languages,
)
from access.replay.door import ReplayDoor
from access.request_desk import RequestDesk
from access.route_roles import require_role
from access.routes.added_sources import ADDED_API, ADDED_PAGES
from access.routes.api import API
from access.routes.api_content import CONTENT_API
from access.routes.api_custodians import CUSTODIANS_API
from access.routes.api_document import API_DOCUMENT
from access.routes.api_media import MEDIA_API
from access.routes.archiving import ARCHIVING_API, ARCHIVING_PAGES
from access.routes.assessments import ASSESSMENT_API, ASSESSMENT_PAGES
from access.routes.cdx import CDX
from access.routes.compare import COMPARE_API, COMPARE_PAGES
from access.routes.custodians import CUSTODIANS
from access.routes.handover import HANDOVER_PAGES
from access.routes.help import HELP
from access.routes.media import MEDIA_PAGES
from access.routes.members import MEMBERS_PAGES
from access.routes.memento import MEMENTO
from access.routes.operation import OPERATION_PAGES
from access.routes.pages import PAGES
from access.routes.quality import QUALITY_API, QUALITY_PAGES
from access.routes.readable import READABLE_PAGES
from access.routes.receipts import RECEIPTS
from access.routes.received import RECEIVED_API, RECEIVED_PAGES
from access.routes.redaction import REDACTION_PAGES
from access.routes.repeats import REPEATS_API, REPEATS_PAGES
from access.routes.replay import REPLAY_PAGES
from access.routes.requests import REQUESTS_API, REQUESTS_PAGES
from access.routes.sources import SOURCES_API, SOURCES_PAGES
from access.routes.tokens import TOKENS_API, TOKENS_PAGES
from access.routes.viewing import VIEWING
from access.routes.withdrawals import WITHDRAWAL_PAGES
from access.security_headers import OURS
from access.sources_desk import SourcesDesk
from access.token_gate import TokenGate, user_of_token
from access.views.hidden import place_of
from access.views.video_frames import FrameCache
from storage.access_labels import Viewer
from storage.archive import Archive
from storage.errors import DatabaseUnavailable, StorageError

log = logging.getLogger(__name__)

STATIC: Final = Path(__file__).with_name("static")
STATIC_TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
STATIC_FILES: Final = {
    path.name: STATIC_TYPES[path.suffix] for path in STATIC.iterdir() if path.suffix in STATIC_TYPES
}
"""Our own files by name, with their types."""

PAGE_ROUTERS: Final = (
    PAGES,
    MEDIA_PAGES,
    CUSTODIANS,
    HANDOVER_PAGES,
    REDACTION_PAGES,
    MEMBERS_PAGES,
    REQUESTS_PAGES,
    REPEATS_PAGES,
    RECEIVED_PAGES,
    TOKENS_PAGES,
    VIEWING,
    HELP,
    REPLAY_PAGES,
    MEMENTO,
    CDX,
    READABLE_PAGES,
    COMPARE_PAGES,
    SOURCES_PAGES,
    ADDED_PAGES,
    QUALITY_PAGES,
    ARCHIVING_PAGES,
    WITHDRAWAL_PAGES,
    OPERATION_PAGES,
    ASSESSMENT_PAGES,
    RECEIPTS,
)
API_ROUTERS: Final = (
    API,
    SOURCES_API,
    ADDED_API,
    QUALITY_API,
    CONTENT_API,
    MEDIA_API,
    ASSESSMENT_API,
    REQUESTS_API,
    REPEATS_API,
    RECEIVED_API,
    ARCHIVING_API,
    TOKENS_API,
    CUSTODIANS_API,
    COMPARE_API,
    API_DOCUMENT,
)

TITLES: Final = {
    HTTPStatus.BAD_REQUEST: N_("Invalid request"),
    HTTPStatus.UNAUTHORIZED: N_("Please log in"),
    HTTPStatus.FORBIDDEN: N_("Not allowed"),
    HTTPStatus.NOT_FOUND: N_("Not in the archive"),
    HTTPStatus.GONE: N_("Not shown any more"),
    HTTPStatus.METHOD_NOT_ALLOWED: N_("Method not allowed"),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: N_("Too large"),
    HTTPStatus.UNPROCESSABLE_ENTITY: N_("Invalid request"),
    HTTPStatus.SERVICE_UNAVAILABLE: N_("The archive is not available"),
}

NAMING: Final = ("capture_id", "record_id", "sha256")
"""Parameters of paths that name what may be hidden."""

PARAMETERS: Final = {
    "q": N_("The search text"),
    "a": N_("The first capture"),
    "b": N_("The second capture"),
    "url": N_("The URL"),
    "source": N_("The source"),
    "since": N_("The first day"),
    "until": N_("The last day"),
    "kind": N_("The kind"),
    "day": N_("The day"),
    "view": N_("The view"),
    "small": N_("The choice of small pictures"),
    "facet": N_("The facet"),
    "histogram": N_("The unit of the histogram"),
    "order": N_("The order"),
    "page": N_("The page number"),
    "most": N_("The number of rows"),
    "offset": N_("The number of rows to skip"),
    "beginning": N_("The beginning of the URL"),
    "at_ms": N_("The time in the video"),
    "markup": N_("The choice of markup"),
    "file": N_("The file"),
    "reason": N_("The reason"),
    "verdict": N_("The verdict"),
    "verification": N_("The verification status"),
    "subject": N_("The subject"),
    "actor": N_("The user"),
    "at": N_("The moment"),
    "scripts": N_("The choice of scripts"),
    "window": N_("The period"),
    "box": N_("The box"),
    "original": N_("The original"),
    "first": N_("The first page"),
    "number": N_("The page number"),
    "entry": N_("The custody entry"),
    "at_s": N_("The time in the video"),
}
"""What the parameters of requests are called in a sentence."""


def create_app(
    open_archive: Callable[[], Archive],
    current_user: UserDependency,
    languages: Mapping[str, Language] | None = None,
    desk: RequestDesk | None = None,
    on_opened: Callable[[Archive], None] = lambda _: None,
    replay: Callable[[], ReplayDoor | None] = lambda: None,
    handover: HandoverDesk | None = None,
    operations: OperationsDesk | None = None,
    receipts: ReceiptDesk | None = None,
    redaction: RedactionDesk | None = None,
    machine: MachineDesk | None = None,
    receiving: ReceivingDesk | None = None,
    sources: SourcesDesk | None = None,
) -> FastAPI:
    """The application; the document of its API is a route like the others (`access.routes.api_document`), since
    FastAPI's own would ask nobody's name.

    ``on_opened`` is called once with the archive, in the process that has opened it. ``desk`` takes requests; None
    where the pages only show. ``replay`` gives the door to the replay host, None while there is none.
    ``handover`` chooses what is handed over, ``receipts`` signs receipts, ``redaction`` covers, ``receiving``
    takes files that people bring, ``sources`` takes sources; None where the pages only show.
    ``operations`` knows whether the archive is ready and has its figures; None where no machine asks.
    ``machine`` checks the machine for administrators; None where the pages only show.
    ``languages``: None for those of the folder `access/locale`. Raises
    `access.rendering.translations.BrokenCatalogue`.
    """
    pages = app_for(current_user, PAGE_ROUTERS)
    programs = app_for(user_of_token, ())

    @cache
    def opened() -> Archive:
        archive = open_archive()
        on_opened(archive)
        return archive

    machine_checks = None if machine is None else MachineChecks(machine)
    spoken = load_languages() if languages is None else languages
    for app in (pages, programs):
        app.state.open_archive = opened
        app.state.frames = FrameCache()
        app.state.desk = desk
        app.state.handover = handover
        app.state.receipts = receipts
        app.state.redaction = redaction
        app.state.machine_checks = machine_checks
        app.state.receiving = receiving
        app.state.sources_desk = sources
        app.state.sections = sections_of
        app.state.is_offered = is_offered
        app.state.replay = replay
        app.state.languages = spoken
        app.state.noted_uses = {}
    pages.add_api_route("/static/{name}", static_file, methods=["GET"], response_class=FileResponse)
    pages.add_middleware(TokenGate, programs=programs)
    if operations is not None:
        pages.add_middleware(OperationsGate, desk=operations)
    return pages


def app_for(user: UserDependency, page_routers: Iterable[APIRouter]) -> FastAPI:
    """An app of these pages and of the API, which asks ``user`` who it is that asks."""
    app = FastAPI(
        title="Letapis archive",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(require_role(store_viewer(user)))],
    )
    for pages in page_routers:
        app.include_router(pages)
    for api in API_ROUTERS:
        app.include_router(api, prefix="/api", responses=PROBLEMS)
    app.middleware("http")(with_our_headers)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(RequestValidationError, validation_error)
    app.add_exception_handler(DatabaseUnavailable, database_unavailable)
    app.add_exception_handler(StorageError, storage_error)
    return app


def static_file(name: str) -> FileResponse:
    """One of our own files, by name; nothing else in the folder or out of it."""
    if name not in STATIC_FILES:
        raise HTTPException(HTTPStatus.NOT_FOUND, gettext("There is no such file."))
    return FileResponse(STATIC / name, media_type=STATIC_FILES[name])


async def with_our_headers(request: Request, call_next: RequestResponseEndpoint) -> Response:
    """Add the headers that a response does not set itself; archived bytes keep their own, stricter policy."""
    response = await in_readers_language(request, call_next)
    if has_unread_body(request):
        response.headers["Connection"] = "close"  # the server would go on receiving what nobody reads
    for name, value in OURS.items():
        response.headers.setdefault(name, value)
    return response


async def in_readers_language(request: Request, call_next: RequestResponseEndpoint) -> Response:
    """Answer in the reader's language; JSON and CSV, which programs read, in English."""
    with in_language(language_of(request)):
        if "\x00" in unquote(request.url.path) or "\x00" in unquote(request.url.query):
            words = gettext("The request contains the character U+0000, which is not allowed in text.")
            return error_response(request, HTTPStatus.BAD_REQUEST, words)
        return await call_next(request)


def language_of(request: Request) -> Language:
    """The language in which this request is answered."""
    if is_api(request) or request.url.path.endswith(".csv"):
        return IN_ENGLISH
    return choose_language(request.headers.get("accept-language", ""), request.app.state.languages)


def is_api(request: Request) -> bool:
    """Whether a program asks, below ``/api``."""
    return request.url.path.removeprefix(request.scope.get("root_path", "")).startswith("/api/")


async def http_error(request: Request, problem: Exception) -> Response:
    """An error in the form that the request needs: JSON below ``/api``, a page elsewhere.

    Where what was asked for is withdrawn or quarantined, 410 and the words that stand in its place.
    """
    assert isinstance(problem, HTTPException)
    if problem.status_code == HTTPStatus.NOT_FOUND:
        words = await run_in_threadpool(words_in_its_place, request)
        if words is not None:
            return error_response(request, HTTPStatus.GONE, words)
    response = error_response(request, problem.status_code, str(problem.detail))
    response.headers.update(problem.headers or {})
    return response


def words_in_its_place(request: Request) -> str | None:
    """What is said of something hidden that the address names; None where it names none that they saw before."""
    names = [str(request.path_params[name]) for name in NAMING if name in request.path_params]
    viewer = getattr(request.state, "viewer", None)
    if not names or not isinstance(viewer, Viewer):
        return None
    place = place_of(request.app.state.open_archive(), names, viewer=viewer)
    return None if place is None else place_sentence(place)


async def validation_error(request: Request, problem: Exception) -> Response:
    """A parameter that is missing, too long or of another form, in one sentence each."""
    assert isinstance(problem, RequestValidationError)
    sentences = [describe_validation_error(error) for error in problem.errors()]
    return error_response(request, HTTPStatus.UNPROCESSABLE_ENTITY, " ".join(sentences))


def describe_validation_error(error: Mapping[str, Any]) -> str:
    """What is wrong with one parameter."""
    field = next((str(part) for part in reversed(error["loc"]) if isinstance(part, str)), "")
    name = gettext(PARAMETERS[field]) if field in PARAMETERS else field
    limits = error.get("ctx", {})
    match error["type"]:
        case "missing":
            return gettext("%(name)s is missing.", name=name)
        case "string_too_long":
            return gettext("%(name)s is longer than %(limit)s characters.", name=name, limit=limits["max_length"])
        case "string_too_short":
            return gettext("%(name)s is empty.", name=name)
        case str(kind) if kind.startswith("date"):
            return gettext("%(name)s is not a valid date. Write a date like this: 2026-11-23.", name=name)
        case "literal_error" | "enum":
            return gettext("%(name)s must be %(expected)s.", name=name, expected=limits["expected"])
        case "greater_than_equal":
            return gettext("%(name)s must be at least %(limit)s.", name=name, limit=limits["ge"])
        case "less_than_equal":
            return gettext("%(name)s must be at most %(limit)s.", name=name, limit=limits["le"])
        case "bool_parsing":
            return gettext("%(name)s must be true or false.", name=name)
        case "int_parsing":
            return gettext("%(name)s must be a whole number.", name=name)
    return gettext("%(name)s is not valid: %(problem)s.", name=name, problem=error["msg"])


async def database_unavailable(request: Request, problem: Exception) -> Response:
    """The database does not answer; what is wrong with it stands in the server's log, not on a page."""
    log.error("The database does not answer: %s", problem)
    words = gettext("The database does not answer at the moment. No data is lost. Try again, or ask the operator.")
    return error_response(request, HTTPStatus.SERVICE_UNAVAILABLE, words)


async def storage_error(request: Request, problem: Exception) -> Response:
    """A problem of the archive: an object that cannot be read, a record that is not what was indexed."""
    log.error("%s", problem)
    return error_response(request, HTTPStatus.SERVICE_UNAVAILABLE, str(problem))


def error_response(request: Request, status: int, detail: str) -> Response:
    """The sentences, as JSON or as a page."""
    if is_api(request):
        return JSONResponse({"detail": detail}, status_code=status)
    title = gettext(TITLES[HTTPStatus(status)]) if status in TITLES else HTTPStatus(status).phrase
    content: dict[str, Any] = {"title": title, "message": detail}
    return page(request, "message.html", content, status=status)
