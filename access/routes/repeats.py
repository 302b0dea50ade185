"""Repeats: the form by which somebody has pages archived again until a day, the list, and the button that stops.

In: requests of a known user. Out: HTML, and JSON below ``/api``. The form says how many captures a repeat makes
before it is begun: what is sent without having seen that number is shown with it, and nothing is begun.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException

from access.answers.bodies import REPEAT_AS_JSON
from access.answers.model import page_of
from access.answers.repeats import RepeatBegun, RepeatFacts, RepeatRows
from access.dependencies import ArchiveDependency
from access.forms import sent_form, sent_json
from access.own_page import require_own_page, require_own_page_or_token
from access.query_parameters import Most, Offset, PageNumber, RepeatId
from access.rendering.templates import page, viewer_of
from access.request_desk import NewRepeat, PlannedRepeat, RequestDesk, RequestRefusedError
from access.routes.requests import (
    NO_VALUES,
    desk_of,
    lines_to_show,
    new_request_of_json,
    request_of_form,
    was_seen,
)
from access.views import repeats, requests
from storage.access_labels import Role
from storage.archive import Archive
from storage.ledger.refused_lines import CheckedLines
from storage.ledger.repeat_schedule import ONCE, WORDS
from storage.ledger.repeats import RepeatError

REPEATS_ON_A_PAGE: Final = 50
USUAL_DAYS: Final = 7
"""The last day that the form suggests."""

REPEATS_PAGES: Final = APIRouter(default_response_class=HTMLResponse)
REPEATS_API: Final = APIRouter(tags=["Requests"])


@REPEATS_PAGES.get("/repeats")
def repeats_page(request: Request, archive: ArchiveDependency, number: PageNumber = 1) -> Response:
    """The form, and the repeats of which the viewer may know."""
    return shown(request, archive, number=number)


@REPEATS_PAGES.post("/repeats")
async def begin(request: Request, archive: ArchiveDependency) -> Response:
    """Begin the repeat of the form; one whose number of captures was not yet seen is shown with it."""
    require_own_page(request)
    async with sent_form(request, fields=14) as form:
        fields = dict(form.fields)
    return await run_in_threadpool(take, request, archive, fields)


@REPEATS_PAGES.post("/repeats/{repeat_id}/stop")
def stop(request: Request, archive: ArchiveDependency, repeat_id: str) -> Response:
    """Stop a repeat, and lead back to the page."""
    require_own_page(request)
    stopped(archive, request, repeat_id)
    return RedirectResponse(f"{request.scope.get('root_path', '')}/repeats", HTTPStatus.SEE_OTHER)


@REPEATS_API.get("/repeats", response_model=RepeatRows)
def repeat_rows(
    request: Request, archive: ArchiveDependency, most: Most = 50, offset: Offset = 0
) -> dict[str, Any]:
    """Repeats of which the user may know, those at work first."""
    found = repeats.repeat_rows(archive, viewer=viewer_of(request), most=most + 1, offset=offset)
    return page_of(found, most, offset)


@REPEATS_API.post(
    "/repeats", status_code=HTTPStatus.CREATED, response_model=RepeatBegun, openapi_extra=REPEAT_AS_JSON
)
async def begin_as_json(request: Request, archive: ArchiveDependency) -> Response:
    """Begin a repeat: the keys of a request, with ``every`` and ``until``; it begins one interval from now. Lines
    that are no address are left out, and named as ``refused``; where none is one, all is refused.
    """
    require_own_page_or_token(request)
    new = new_repeat_of_json(await sent_json(request))
    return await run_in_threadpool(take_as_json, request, archive, new)


@REPEATS_API.post("/repeats/{repeat_id}/stop", response_model=RepeatFacts)
def stop_as_json(request: Request, archive: ArchiveDependency, repeat_id: RepeatId) -> dict[str, Any]:
    """Stop a repeat: no turn is made from now on."""
    require_own_page_or_token(request)
    return stopped(archive, request, repeat_id)


def take(request: Request, archive: Archive, fields: Mapping[str, str]) -> Response:
    """Begin the repeat of a form; one that is refused is shown again with the reason."""
    try:
        desk, new = desk_of(request), repeat_of_form(fields)
        checked = desk.check(new.request)
        new = with_addresses_alone(new, checked)
        planned = desk.plan_repeat(new)
        if fields.get("confirmed") != confirmation(new, planned) or not was_seen(checked, fields):
            return shown(request, archive, values=fields, checked=checked)
        desk.begin_repeat(archive, new, viewer_of(request))
    except RequestRefusedError as refused:
        return shown(request, archive, values=fields, refused=str(refused), status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return RedirectResponse(f"{request.scope.get('root_path', '')}/repeats", HTTPStatus.SEE_OTHER)


def take_as_json(request: Request, archive: Archive, new: NewRepeat) -> Response:
    """Begin the repeat of a program; raises ``HTTPException`` (422) where it is refused."""
    try:
        desk = desk_of(request)
        checked = desk.check(new.request)
        begun = desk.begin_repeat(archive, with_addresses_alone(new, checked), viewer_of(request))
    except RequestRefusedError as refused:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, str(refused)) from refused
    row = repeats.one_repeat(archive, begun.id, viewer=viewer_of(request))
    return JSONResponse(row | {"refused": [asdict(each) for each in checked.refused]}, HTTPStatus.CREATED)


def stopped(archive: Archive, request: Request, repeat_id: str) -> dict[str, Any]:
    """Stop the repeat; raises ``HTTPException`` (404) where the viewer may know of none."""
    try:
        return repeats.stopped(archive, repeat_id, viewer=viewer_of(request))
    except RepeatError as problem:
        raise HTTPException(HTTPStatus.NOT_FOUND, str(problem)) from problem


def repeat_of_form(fields: Mapping[str, str]) -> NewRepeat:
    """The repeat that a form describes; empty choices are those that the form suggests.

    Raises `RequestRefusedError`.
    """
    every = fields.get("every") or "day"
    return NewRepeat(request_of_form(fields), every=every, until=chosen_end(fields, every))


def chosen_end(fields: Mapping[str, str], every: str) -> str:
    """The last day that a form chose, or the moment of what is done once."""
    return fields.get("at", "") if every == ONCE else fields.get("until") or suggested_day()


def with_addresses_alone(new: NewRepeat, checked: CheckedLines) -> NewRepeat:
    """The repeat without the lines that are no address."""
    return replace(new, request=replace(new.request, urls="\n".join(checked.urls)))


def new_repeat_of_json(sent: Any) -> NewRepeat:
    """The repeat that a program sent; raises ``HTTPException`` (422)."""
    choice = {name: sent[name] for name in ("every", "until") if isinstance(sent, dict) and name in sent}
    if len(choice) < 2 or not all(isinstance(value, str) for value in choice.values()):
        raise HTTPException(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "Expected every, such as 1h, and until, a day such as 2026-12-05, or once and a time such as "
            "2026-12-05T06:00, beside the keys of a request. Nothing was done.",
        )
    rest = {name: value for name, value in sent.items() if name not in choice}
    return NewRepeat(new_request_of_json(rest), **choice)


def confirmation(new: NewRepeat, planned: PlannedRepeat) -> str:
    """What a form sends once its sender has seen how many captures this choice makes."""
    return f"{new.every} {new.until} {len(planned.urls)}"


def plan_to_show(desk: RequestDesk, fields: Mapping[str, str]) -> dict[str, Any] | None:
    """What the choice comes to, for the page; None where it is not one that can be."""
    new = repeat_of_form(fields)
    try:
        planned = desk.plan_repeat(new)
    except RequestRefusedError:
        return None
    schedule = planned.schedule
    return {
        "turns": schedule.turns,
        "addresses": len(planned.urls),
        "captures": planned.captures,
        "first_at": schedule.due_at(1),
        "last_at": schedule.due_at(schedule.turns),
        "confirmed": confirmation(new, planned),
    }


def suggested_day() -> str:
    """A last day to begin with."""
    return (datetime.now(UTC).date() + timedelta(days=USUAL_DAYS)).isoformat()


def shown(
    request: Request,
    archive: Archive,
    *,
    number: int = 1,
    values: Mapping[str, str] | None = None,
    refused: str | None = None,
    checked: CheckedLines | None = None,
    status: int = HTTPStatus.OK,
) -> Response:
    """The page with the form and the list; with what was ``checked`` the lines that are left out."""
    viewer, desk = viewer_of(request), request.app.state.desk
    given = values or {}
    filled = {name: given.get(name) or empty for name, empty in NO_VALUES.items()}
    filled |= {"every": given.get("every") or "day", "until": given.get("until") or suggested_day()}
    filled |= {"at": given.get("at", "")}
    planned = filled if checked is None else filled | {"urls": "\n".join(checked.urls)}
    rows = repeats.repeat_rows(
        archive, viewer=viewer, most=REPEATS_ON_A_PAGE + 1, offset=(number - 1) * REPEATS_ON_A_PAGE
    )
    content = {
        "may_ask": desk is not None and viewer.may(Role.COLLECTOR),
        "choices": [*WORDS, ONCE],
        "cases": requests.own_cases(archive, viewer),
        "profiles": () if desk is None else desk.egress_profiles(),
        "logins": () if desk is None else desk.login_profiles(),
        "values": filled,
        "plan": None if desk is None or not filled["urls"] or refused else plan_to_show(desk, planned),
        "refused": refused,
        "lines": lines_to_show(checked),
        "repeats": rows[:REPEATS_ON_A_PAGE],
        "more": len(rows) > REPEATS_ON_A_PAGE,
        "number": number,
        "open": bool(given),
    }
    return page(request, "repeats.html", content, here="requests", status=status)
