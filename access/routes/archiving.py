"""Archive a page: the form, what is known of an address, progress, and the table of many addresses.

In: requests of a known user. Out: HTML, JSON below ``/api``, CSV. Nothing is started by GET: a link or a
bookmarklet fills the form, and the person sends it. An address that is typed into the box is sent in a form, never
in the address of a page, since logs of servers keep those.
"""

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.exceptions import HTTPException

from access.address_list import MOST_BYTES, UnreadableListError, address_lines
from access.answers.archiving import KnownAddress, Receipt, WorkStates
from access.answers.bodies import ADDRESS_AS_JSON
from access.dependencies import ArchiveDependency
from access.forms import sent_form, sent_json
from access.own_page import require_own_page, require_own_page_or_token
from access.query_parameters import Address, CaptureId
from access.rendering.csv_export import as_csv
from access.rendering.templates import or_404, page, viewer_of
from access.rendering.translations import gettext
from access.request_desk import MOST_URLS, NewRepeat, RequestRefusedError
from access.routes.repeats import chosen_end, confirmation, plan_to_show, suggested_day
from access.routes.requests import NO_VALUES, desk_of, lines_to_show, path_of_request, request_of_form, was_seen
from access.views import archiving, requests
from processors.urls import is_address
from storage.archive import Archive
from storage.ledger.refused_lines import CheckedLines
from storage.ledger.repeat_schedule import ONCE, WORDS

MOST_REQUESTS: Final = 8
"""Requests that are shown as one: `MOST_URLS` addresses need half as many."""

RequestIds = Annotated[
    list[Annotated[str, Query(max_length=40)]],
    Query(alias="id", min_length=1, max_length=MOST_REQUESTS, description="Ids."),
]

ARCHIVING_PAGES: Final = APIRouter(default_response_class=HTMLResponse)
ARCHIVING_API: Final = APIRouter(tags=["Requests"])


@ARCHIVING_PAGES.get("/archive")
def archive_page(request: Request, archive: ArchiveDependency, url: Address = "") -> Response:
    """The form; ``url`` fills it."""
    return shown(request, archive, {"urls": url.strip()})


@ARCHIVING_PAGES.post("/archive/check")
async def check_address(request: Request, archive: ArchiveDependency) -> Response:
    """The form with the address that was sent, and what there is of it; nothing is started."""
    require_own_page(request)
    async with sent_form(request, fields=4) as form:
        fields = dict(form.fields)
    values = {"urls": fields.get("url", "").strip()[:8000], "engine": fields.get("engine", "http")}
    return await run_in_threadpool(shown, request, archive, values)


@ARCHIVING_PAGES.post("/archive")
async def start_archiving(request: Request, archive: ArchiveDependency) -> Response:
    """Take the addresses of the form and of its file as requests, start them, and lead to their page."""
    require_own_page(request)
    async with sent_form(request, fields=17, file_limit_bytes=MOST_BYTES) as form:
        fields = dict(form.fields)
        content = b"" if form.file is None else await form.file.read()
    return await run_in_threadpool(take, request, archive, fields, content)


@ARCHIVING_PAGES.get("/archive/batch")
def batch_page(request: Request, archive: ArchiveDependency, ids: RequestIds) -> Response:
    """How far several requests have come that were sent as one."""
    viewer, desk = viewer_of(request), request.app.state.desk
    asked = [or_404(requests.one_request(archive, request_id, viewer=viewer)) for request_id in dict.fromkeys(ids)]
    found = or_404(archiving.batch(archive, [each["id"] for each in asked], desk, viewer=viewer))
    query = urlencode([("id", each["id"]) for each in asked])
    return page(request, "batch.html", {"batch": found, "asked": asked, "query": query}, here="requests")


@ARCHIVING_PAGES.get("/archive/batch.csv")
def batch_csv(request: Request, archive: ArchiveDependency, ids: RequestIds) -> Response:
    """What came of each address as CSV: outcome, digests, link."""
    pages = f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}"
    rows = archiving.batch_rows(
        archive, list(dict.fromkeys(ids)), request.app.state.desk, pages, viewer=viewer_of(request)
    )
    return as_csv(or_404(rows), archiving.BATCH_COLUMNS, name="archived")


@ARCHIVING_API.get("/archive/states", response_model=WorkStates)
def batch_states(request: Request, archive: ArchiveDependency, ids: RequestIds) -> dict[str, Any]:
    """The state of each address of some requests, and how many have which."""
    found: dict[str, Any] = or_404(
        archiving.states(archive, list(dict.fromkeys(ids)), request.app.state.desk, viewer=viewer_of(request))
    )
    return found


@ARCHIVING_API.post("/archive/known", response_model=KnownAddress, openapi_extra=ADDRESS_AS_JSON)
async def known_address(request: Request, archive: ArchiveDependency) -> dict[str, Any]:
    """What there is of an address (``url``)."""
    require_own_page_or_token(request)
    sent = await sent_json(request)
    url = sent.get("url") if isinstance(sent, dict) else None
    if not isinstance(url, str) or len(url) > 8000 or not is_address(url.strip()):
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, "Expected an object with url, a web address.")
    return await run_in_threadpool(archiving.known_captures, archive, url.strip(), viewer=viewer_of(request))


@ARCHIVING_API.get("/capture/{capture_id}/receipt", response_model=Receipt)
def receipt_row(request: Request, archive: ArchiveDependency, capture_id: CaptureId) -> dict[str, Any]:
    """The receipt of a capture: where its file stands in custody, digests, the checkpoint."""
    row: dict[str, Any] = or_404(archiving.receipt(archive, capture_id, viewer=viewer_of(request)))
    return row


def take(request: Request, archive: Archive, fields: Mapping[str, str], content: bytes) -> Response:
    """Take the requests of a form; one that is refused is shown again with the reason, line by line.

    Lines that are no address are left out, and with ``every`` a repeat is begun, too, once the sender has seen
    which they are and how many captures the repeat makes.
    """
    try:
        from_file = address_lines(content) if content else ""
        typed = fields.get("urls", "")
        if from_file and typed.strip():
            words = gettext("Enter the addresses or choose a file, not both. Nothing was fetched.")
            raise RequestRefusedError(words)
        new = replace(request_of_form(fields), urls=from_file or typed)
        desk, viewer = desk_of(request), viewer_of(request)
        checked = desk.check(new)
        seen = was_seen(checked, fields)
        again = None
        if fields.get("every"):
            end = chosen_end(fields, fields["every"])
            again = NewRepeat(replace(new, urls="\n".join(checked.urls)), fields["every"], end)
            seen = fields.get("confirmed") == confirmation(again, desk.plan_repeat(again)) and seen
        if not seen:
            return shown(request, archive, {**fields, "urls": new.urls}, checked=checked)
        if again is not None:
            desk.begin_repeat(archive, again, viewer)
        taken = desk.submit_all(archive, new, viewer)
    except (RequestRefusedError, UnreadableListError) as refused:
        return shown(request, archive, fields, refused=str(refused), status=HTTPStatus.UNPROCESSABLE_ENTITY)
    if len(taken.ids) == 1 and taken.not_started is None:
        return RedirectResponse(path_of_request(request, taken.ids[0]), HTTPStatus.SEE_OTHER)
    if taken.not_started is None:
        query = urlencode([("id", each) for each in taken.ids])
        path = f"{request.scope.get('root_path', '')}/archive/batch?{query}"
        return RedirectResponse(path, HTTPStatus.SEE_OTHER)
    asked = [or_404(requests.one_request(archive, each, viewer=viewer)) for each in taken.ids]
    found = or_404(archiving.batch(archive, taken.ids, None, viewer=viewer))
    content_of_page = {
        "batch": found,
        "asked": asked,
        "query": urlencode([("id", each) for each in taken.ids]),
        "not_started": taken.not_started,
        "waiting": () if taken.worker_has_them else taken.ids[taken.started :],
        "worker_has_them": taken.worker_has_them,
    }
    status = HTTPStatus.OK if taken.worker_has_them else HTTPStatus.SERVICE_UNAVAILABLE
    return page(request, "batch.html", content_of_page, here="requests", status=status)


def shown(
    request: Request,
    archive: Archive,
    values: Mapping[str, str],
    *,
    refused: str | None = None,
    checked: CheckedLines | None = None,
    status: int = HTTPStatus.OK,
) -> Response:
    """The page with the form; what there is of the address, where it is one; with what was ``checked`` the lines
    that are left out.
    """
    viewer, desk = viewer_of(request), request.app.state.desk
    filled = {**NO_VALUES, **{name: values.get(name, "") or NO_VALUES[name] for name in NO_VALUES}}
    filled |= {"every": values.get("every", ""), "until": values.get("until") or suggested_day()}
    filled |= {"at": values.get("at", "")}
    lines = filled["urls"].split()
    known = None
    if len(lines) == 1 and is_address(lines[0]):
        known = archiving.known_captures(archive, lines[0], viewer=viewer)
    planned = filled if checked is None else filled | {"urls": "\n".join(checked.urls)}
    own = f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}/archive"
    content = {
        "may_ask": desk is not None,
        "cases": requests.own_cases(archive, viewer),
        "profiles": () if desk is None else desk.egress_profiles(),
        "logins": () if desk is None else desk.login_profiles(),
        "values": filled,
        "choices": [*WORDS, ONCE],
        "plan": plan_to_show(desk, planned) if desk is not None and filled["every"] and not refused else None,
        "known": known,
        "refused": refused,
        "lines": lines_to_show(checked),
        "most_urls": MOST_URLS,
        "bookmarklet": f"javascript:void window.open('{own}#'+encodeURIComponent(location.href))",
    }
    return page(request, "archive.html", content, here="archive", status=status)
