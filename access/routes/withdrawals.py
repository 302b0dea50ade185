"""Taking things out of sight: quarantine by a collector, proposals and their second person by custodians.

In: forms of our own pages. Out: HTML, or the page that was asked for again. What each act is, and who may do it,
says `storage.integrity.withdrawal`; a refusal is a sentence with status 422.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.exceptions import HTTPException

from access.dependencies import ArchiveDependency
from access.forms import number_in, sent_form
from access.own_page import require_own_page
from access.rendering.templates import page, viewer_of
from access.rendering.translations import gettext
from access.views import hidden, purges
from storage.access_labels import Viewer
from storage.archive import Archive
from storage.integrity.withdrawal import WithdrawalError

WITHDRAWAL_PAGES: Final = APIRouter(default_response_class=HTMLResponse)

Act = Callable[[Archive, dict[str, str], Viewer], Any]


@WITHDRAWAL_PAGES.get("/withdrawals")
def withdrawals_page(request: Request, archive: ArchiveDependency, name: str = "") -> Response:
    """What waits for a decision, the proposals of and for this person, and the form for a new one."""
    viewer = viewer_of(request)
    content = {
        "proposals": hidden.proposals_of(archive, viewer=viewer),
        "quarantined": hidden.quarantined_now(archive, viewer=viewer),
        "purges": purges.purges_of(archive, viewer=viewer),
        "name": name,
        "me": viewer.name,
    }
    return page(request, "withdrawals.html", content, here="withdrawals")


@WITHDRAWAL_PAGES.post("/withdrawals")
async def act_on_withdrawals(request: Request, archive: ArchiveDependency) -> Response:
    """Propose, confirm or decline what the form names."""
    return await _act(request, archive, ACTS, "/withdrawals")


@WITHDRAWAL_PAGES.post("/quarantine")
async def quarantine(request: Request, archive: ArchiveDependency) -> Response:
    """Hide at once the capture that the form names; its page, which is shown then, says so."""
    return await _act(request, archive, {"quarantine": _quarantine}, "/capture/{name}")


async def _act(request: Request, archive: Archive, acts: dict[str, Act], back: str) -> Response:
    require_own_page(request)
    async with sent_form(request, fields=6) as form:
        fields = {name: value.strip() for name, value in form.fields.items()}
    act = acts.get(fields.get("action", ""))
    if act is None:
        raise HTTPException(
            HTTPStatus.UNPROCESSABLE_ENTITY, gettext("The form does not say what to do, so nothing was done.")
        )
    try:
        await run_in_threadpool(act, archive, fields, viewer_of(request))
    except WithdrawalError as problem:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, str(problem)) from problem
    path = back.format(name=quote(fields.get("name", ""), safe=""))
    return RedirectResponse(f"{request.scope.get('root_path', '')}{path}", HTTPStatus.SEE_OTHER)


def _quarantine(archive: Archive, fields: dict[str, str], actor: Viewer) -> None:
    hidden.quarantine(archive, fields.get("name", ""), actor=actor, reason=fields.get("reason", ""))


def _withdraw(archive: Archive, fields: dict[str, str], actor: Viewer) -> None:
    hidden.propose_withdrawal(archive, fields.get("name", ""), actor=actor, **_words(fields, "basis"))


def _restore(archive: Archive, fields: dict[str, str], actor: Viewer) -> None:
    hidden.propose_restoration(archive, fields.get("name", ""), actor=actor, **_words(fields))


def _purge(archive: Archive, fields: dict[str, str], actor: Viewer) -> None:
    purges.propose_purge(archive, fields.get("name", ""), actor=actor, **_words(fields, "basis"))


def _words(fields: dict[str, str], *more: str) -> dict[str, str]:
    """What every proposal says, and what this one says besides."""
    return {name: fields.get(name, "") for name in ("reason", "second", *more)}


def _confirm(archive: Archive, fields: dict[str, str], actor: Viewer) -> None:
    hidden.decide(archive, number_in(fields, "proposal"), confirm=True, actor=actor)


def _decline(archive: Archive, fields: dict[str, str], actor: Viewer) -> None:
    hidden.decide(archive, number_in(fields, "proposal"), confirm=False, actor=actor)


ACTS: Final[dict[str, Act]] = {
    "withdraw": _withdraw,
    "restore": _restore,
    "purge": _purge,
    "confirm": _confirm,
    "decline": _decline,
}
"""By the value of ``action`` in the form."""
