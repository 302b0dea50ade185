"""Requests of people: the form by which an analyst asks for pages, and what came of each.

In: requests of a known user. Out: HTML, and JSON below ``/api``. A request is taken only from a page of the
archive or from a program with its own token, so that no other site can send one in an analyst's name. The pages
start nothing themselves (`access.request_desk`).
"""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException

from access.answers.bodies import REQUEST_AS_JSON
from access.answers.model import page_of
from access.answers.requests import RequestFacts, RequestRows, RequestTaken
from access.dependencies import ArchiveDependency
from access.forms import sent_form, sent_json
from access.own_page import require_own_page, require_own_page_or_token
from access.query_parameters import Most, Offset, PageNumber, RequestId
from access.receipt_desk import ReceiptLanguage
from access.rendering.templates import or_404, page, viewer_of
from access.rendering.translations import gettext
from access.request_desk import NewRequest, RequestDesk, RequestNotStartedError, RequestRefusedError
from access.views import archiving, repeats, requests
from processors.digest import sha256
from storage.access_labels import Role
from storage.archive import Archive
from storage.ledger.refused_lines import CheckedLines

PAGE_OF_REQUESTS: Final = 50
MOST_RECEIPTS: Final = 10
"""Receipts on the page of a request; those of the others are on the pages of their captures."""

NO_VALUES: Final[Mapping[str, Any]] = {
    "urls": "",
    "reason": "",
    "case": "",
    "confidential": "",
    "engine": "http",
    "egress": "",
    "video": "",
    "profile": "",
    "follow": "0",
}

REQUESTS_PAGES: Final = APIRouter(default_response_class=HTMLResponse)
REQUESTS_API: Final = APIRouter(tags=["Requests"])


def desk_of(request: Request) -> RequestDesk:
    """The desk of this app; raises ``HTTPException`` (503) where it has none."""
    desk: RequestDesk | None = request.app.state.desk
    if desk is None:
        raise HTTPException(
            HTTPStatus.SERVICE_UNAVAILABLE, gettext("This server shows the archive and takes no requests.")
        )
    return desk


@REQUESTS_PAGES.get("/requests")
def requests_page(request: Request, archive: ArchiveDependency, number: PageNumber = 1) -> Response:
    """The form, and the requests of which the viewer may know."""
    return shown(request, archive, number=number)


@REQUESTS_PAGES.post("/requests")
async def send_request(request: Request, archive: ArchiveDependency) -> Response:
    """Take the request that the form holds, and lead to its page."""
    require_own_page(request)
    async with sent_form(request, fields=16) as form:
        fields = dict(form.fields)
    return await run_in_threadpool(take, archive, request, fields)


@REQUESTS_PAGES.get("/request/{request_id}")
def request_page(request: Request, archive: ArchiveDependency, request_id: str) -> Response:
    """One request and what came of each address."""
    found = or_404(requests.one_request(archive, request_id, viewer=viewer_of(request)))
    return shown_request(request, archive, found)


@REQUESTS_PAGES.post("/request/{request_id}/start")
def start_again(request: Request, archive: ArchiveDependency, request_id: str) -> Response:
    """Start a run for a request again: what is captured stands beside what was captured before."""
    require_own_page(request)
    found = or_404(requests.one_request(archive, request_id, viewer=viewer_of(request)))
    try:
        desk_of(request).start(found["id"])
    except RequestNotStartedError as problem:
        return shown_request(request, archive, found, not_started=problem)
    return RedirectResponse(path_of_request(request, found["id"]), HTTPStatus.SEE_OTHER)


@REQUESTS_API.get("/requests", response_model=RequestRows)
def request_rows(
    request: Request, archive: ArchiveDependency, most: Most = 50, offset: Offset = 0
) -> dict[str, Any]:
    """Requests of which the user may know, the newest first."""
    found = requests.newest(archive, viewer=viewer_of(request), most=most + 1, offset=offset)
    return page_of(found, most, offset)


@REQUESTS_API.get("/request/{request_id}", response_model=RequestFacts)
def request_row(request: Request, archive: ArchiveDependency, request_id: RequestId) -> dict[str, Any]:
    """One request and what came of each address."""
    row: dict[str, Any] = or_404(requests.one_request(archive, request_id, viewer=viewer_of(request)))
    return row


@REQUESTS_API.post(
    "/requests", status_code=HTTPStatus.CREATED, response_model=RequestTaken, openapi_extra=REQUEST_AS_JSON
)
async def send_request_as_json(request: Request, archive: ArchiveDependency) -> Response:
    """Take a request: ``urls`` (a list, or lines), ``reason case confidential engine egress video profile
    follow`` as in the form. Lines that are no address are left out, and named as ``refused``; where none is
    one, all is refused.
    """
    require_own_page_or_token(request)
    new = new_request_of_json(await sent_json(request))
    return await run_in_threadpool(take_as_json, archive, request, new)


@REQUESTS_API.post("/request/{request_id}/start", status_code=HTTPStatus.CREATED, response_model=RequestFacts)
def start_again_as_json(request: Request, archive: ArchiveDependency, request_id: RequestId) -> dict[str, Any]:
    """Start a run for a request again: what is captured stands beside what was captured before."""
    require_own_page_or_token(request)
    found: dict[str, Any] = or_404(requests.one_request(archive, request_id, viewer=viewer_of(request)))
    try:
        desk_of(request).start(found["id"])
    except RequestNotStartedError as problem:
        raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, str(problem)) from problem
    return found


def take(archive: Archive, request: Request, fields: Mapping[str, str]) -> Response:
    """Take the request of a form; one that is refused is shown again with the reason, one with lines that are no
    address with what is wrong with them, until the sender has seen it.
    """
    try:
        new = request_of_form(fields)
        checked = desk_of(request).check(new)
        if not was_seen(checked, fields):
            return shown(request, archive, values={**NO_VALUES, **values_of(fields)}, checked=checked)
        request_id = desk_of(request).submit(archive, new, viewer_of(request))
    except RequestRefusedError as refused:
        values = {**NO_VALUES, **values_of(fields)}
        return shown(request, archive, values=values, refused=str(refused), status=HTTPStatus.UNPROCESSABLE_ENTITY)
    except RequestNotStartedError as problem:
        found = or_404(requests.one_request(archive, problem.request_id, viewer=viewer_of(request)))
        return shown_request(request, archive, found, not_started=problem)
    return RedirectResponse(path_of_request(request, request_id), HTTPStatus.SEE_OTHER)


def take_as_json(archive: Archive, request: Request, new: NewRequest) -> Response:
    """Take the request of a program; raises ``HTTPException``: 422 where it is refused, 503 where not started."""
    try:
        request_id = desk_of(request).submit(archive, new, viewer_of(request))
    except RequestRefusedError as refused:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, str(refused)) from refused
    except RequestNotStartedError as problem:
        request_id = problem.request_id
        if not problem.worker_has_it:
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, f"{problem} (request {request_id})") from problem
    row: dict[str, Any] = or_404(requests.one_request(archive, request_id, viewer=viewer_of(request)))
    return JSONResponse(row | {"accepted": row["urls"]}, HTTPStatus.CREATED)


def request_of_form(fields: Mapping[str, str]) -> NewRequest:
    """The request that a form describes; raises `RequestRefusedError`."""
    return NewRequest(
        urls=fields.get("urls", ""),
        reason=fields.get("reason") or None,
        case=fields.get("case") or None,
        confidential=bool(fields.get("confidential")),
        engine=fields.get("engine") or "http",
        egress=fields.get("egress") or None,
        video=bool(fields.get("video")),
        profile=fields.get("profile") or None,
        follow=linked_pages_of(fields),
    )


def linked_pages_of(fields: Mapping[str, str]) -> int:
    """How many pages to which each page links a form wants; raises `RequestRefusedError`."""
    text = fields.get("follow", "").strip() or "0"
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise RequestRefusedError(
            gettext(
                "Pages to which it links: expected a number, found %(text)s. Nothing was fetched.", text=text[:40]
            )
        )
    return int(text)


def values_of(fields: Mapping[str, str]) -> dict[str, str]:
    """What the form was sent with, to fill it again."""
    return {name: fields.get(name, "") for name in NO_VALUES}


def seen_lines(checked: CheckedLines) -> str:
    """What a form sends once its sender has seen which lines are left out, and what will be fetched."""
    return str(sha256("\n".join([*checked.urls, *map(str, checked.refused)]).encode()))


def was_seen(checked: CheckedLines, fields: Mapping[str, str]) -> bool:
    """Whether no line is left out of which the sender does not know."""
    return not checked.refused or fields.get("left_out") == seen_lines(checked)


def lines_to_show(checked: CheckedLines | None) -> dict[str, Any] | None:
    """The lines that are left out beside what will be fetched, for the page; None where there is none."""
    if checked is None or not checked.refused:
        return None
    return {"urls": checked.urls, "refused": checked.refused, "seen": seen_lines(checked)}


def new_request_of_json(sent: Any) -> NewRequest:
    """The request that a program sent; raises ``HTTPException`` (422)."""
    kinds: dict[str, tuple[type, ...]] = {
        "urls": (str, list),
        "reason": (str, type(None)),
        "case": (str, type(None)),
        "confidential": (bool,),
        "engine": (str,),
        "egress": (str, type(None)),
        "video": (bool,),
        "profile": (str, type(None)),
        "follow": (int,),
    }
    if not isinstance(sent, dict) or "urls" not in sent or not set(sent) <= set(kinds):
        raise HTTPException(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            f"Expected a JSON object with urls and none but these keys: {', '.join(kinds)}. Nothing was done.",
        )
    for name, value in sent.items():
        if not isinstance(value, kinds[name]):
            raise HTTPException(
                HTTPStatus.UNPROCESSABLE_ENTITY, f"{name}: found {json.dumps(value)[:100]}. Nothing was done."
            )
    urls = sent["urls"] if isinstance(sent["urls"], str) else "\n".join(map(str, sent["urls"]))
    return NewRequest(**{**sent, "urls": urls})


def shown(
    request: Request,
    archive: Archive,
    *,
    number: int = 1,
    values: Mapping[str, Any] = NO_VALUES,
    refused: str | None = None,
    checked: CheckedLines | None = None,
    status: int = HTTPStatus.OK,
) -> Response:
    """The page with the form and the list."""
    viewer, desk = viewer_of(request), request.app.state.desk
    rows = requests.newest(
        archive, viewer=viewer, most=PAGE_OF_REQUESTS + 1, offset=(number - 1) * PAGE_OF_REQUESTS
    )
    content = {
        "may_ask": desk is not None and viewer.may(Role.COLLECTOR),
        "cases": requests.own_cases(archive, viewer),
        "profiles": () if desk is None else desk.egress_profiles(),
        "logins": () if desk is None else desk.login_profiles(),
        "values": values,
        "refused": refused,
        "lines": lines_to_show(checked),
        "requests": rows[:PAGE_OF_REQUESTS],
        "more": len(rows) > PAGE_OF_REQUESTS,
        "number": number,
    }
    return page(request, "requests.html", content, here="requests", status=status)


def shown_request(
    request: Request,
    archive: Archive,
    found: Mapping[str, Any],
    *,
    not_started: RequestNotStartedError | None = None,
) -> Response:
    """The page of a request: how far it has come, and receipts of what was captured; 503 where nothing began."""
    viewer, desk = viewer_of(request), request.app.state.desk
    captured = [each["capture_id"] for each in found["results"] if each["capture_id"] is not None]
    receipts = [archiving.receipt(archive, each, viewer=viewer) for each in captured[:MOST_RECEIPTS]]
    content = {
        "request": found,
        "progress": or_404(archiving.progress(archive, found["id"], None if not_started else desk, viewer=viewer)),
        "receipts": [each for each in receipts if each is not None],
        "watching": repeats.watching(archive, found["id"], found["urls"], viewer=viewer),
        "not_started": None if not_started is None else not_started.reason,
        "worker_has_it": not_started is not None and not_started.worker_has_it,
        "signs_receipts": request.app.state.receipts is not None,
        "receipt_languages": tuple(ReceiptLanguage),
    }
    begun = not_started is None or not_started.worker_has_it
    status = HTTPStatus.OK if begun else HTTPStatus.SERVICE_UNAVAILABLE
    return page(request, "request.html", content, here="requests", status=status)


def path_of_request(request: Request, request_id: str) -> str:
    """Where the page of a request is."""
    return f"{request.scope.get('root_path', '')}/request/{request_id}"
