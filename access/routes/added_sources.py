"""Adding a source on the page Sources, changing its settings, and ending it with a reason.

In: requests of a known user. Out: HTML, and JSON below ``/api``. What is refused is shown again as it was typed,
with a sentence for each mistake.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.exceptions import HTTPException

from access.answers.added_sources import ListedSources
from access.dependencies import ArchiveDependency
from access.forms import sent_form
from access.own_page import require_own_page
from access.rendering.templates import or_404, page, viewer_of
from access.rendering.translations import gettext
from access.routes.sources import shown
from access.sources_desk import SentSource, SourceRefusedError, SourcesDesk
from access.views import added_sources
from storage.archive import Archive

ADDED_PAGES: Final = APIRouter(default_response_class=HTMLResponse)
ADDED_API: Final = APIRouter(tags=["Archive"])


def desk_of(request: Request) -> SourcesDesk:
    """The desk of this app; raises ``HTTPException`` (503) where it has none."""
    desk: SourcesDesk | None = request.app.state.sources_desk
    if desk is None:
        raise HTTPException(
            HTTPStatus.SERVICE_UNAVAILABLE, gettext("This server shows the archive and takes no sources.")
        )
    return desk


@ADDED_PAGES.post("/sources")
async def add_source(request: Request, archive: ArchiveDependency) -> Response:
    """Add the source of the form, and lead to its settings."""
    require_own_page(request)
    async with sent_form(request, fields=8) as form:
        fields = dict(form.fields)
    return await run_in_threadpool(add, request, archive, fields)


@ADDED_PAGES.get("/sources/{source_id}/settings")
def settings_page(request: Request, archive: ArchiveDependency, source_id: str) -> Response:
    """The settings of an added source, with the forms that change and end it."""
    return shown_settings(request, archive, source_id)


@ADDED_PAGES.post("/sources/{source_id}/settings")
async def change_source(request: Request, archive: ArchiveDependency, source_id: str) -> Response:
    """Replace the settings of an added source by those of the form."""
    require_own_page(request)
    async with sent_form(request, fields=4) as form:
        fields = dict(form.fields)
    return await run_in_threadpool(change, request, archive, source_id, fields)


@ADDED_PAGES.post("/sources/{source_id}/end")
async def end_source(request: Request, archive: ArchiveDependency, source_id: str) -> Response:
    """Collect an added source no more."""
    require_own_page(request)
    async with sent_form(request, fields=4) as form:
        fields = dict(form.fields)
    return await run_in_threadpool(end, request, archive, source_id, fields)


@ADDED_API.get("/added-sources", response_model=ListedSources)
def added_source_rows(request: Request, archive: ArchiveDependency) -> dict[str, Any]:
    """The sources that people added beside the watch-list's file, the ended ones, too.

    None are known to a server that takes no sources.
    """
    desk: SourcesDesk | None = request.app.state.sources_desk
    try:
        return {"rows": [] if desk is None else added_sources.added_rows(desk, archive, viewer=viewer_of(request))}
    except SourceRefusedError as problem:
        raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, str(problem)) from problem


def add(request: Request, archive: Archive, fields: Mapping[str, str]) -> Response:
    """Add the source of a form; one that is refused is shown again with the reasons."""
    sent = SentSource(**{name: fields.get(name, "") for name in SentSource.__dataclass_fields__})
    try:
        row = desk_of(request).add(archive, sent, viewer_of(request))
    except SourceRefusedError as refused:
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        return shown(request, archive, values=fields, refused=str(refused), status=status)
    return RedirectResponse(_place(request, row["id"]), HTTPStatus.SEE_OTHER)


def change(request: Request, archive: Archive, source_id: str, fields: Mapping[str, str]) -> Response:
    """Change the settings; what is refused is shown again as it was typed."""
    known_source(request, archive, source_id)
    seen, typed = fields.get("seen_seq", ""), fields.get("settings", "")
    try:
        if not (seen.isascii() and seen.isdecimal() and len(seen) < 16):
            raise SourceRefusedError(gettext("Open the form again. Nothing was written."))
        desk_of(request).change(archive, source_id, typed, int(seen), viewer_of(request))
    except SourceRefusedError as refused:
        return shown_settings(request, archive, source_id, typed=typed, refused=str(refused))
    return RedirectResponse(_place(request, source_id), HTTPStatus.SEE_OTHER)


def end(request: Request, archive: Archive, source_id: str, fields: Mapping[str, str]) -> Response:
    """End the source, and lead to the list."""
    known_source(request, archive, source_id)
    try:
        desk_of(request).end(archive, source_id, fields.get("reason", ""), viewer_of(request))
    except SourceRefusedError as refused:
        return shown_settings(request, archive, source_id, refused=str(refused))
    return RedirectResponse(f"{request.scope.get('root_path', '')}/sources", HTTPStatus.SEE_OTHER)


def known_source(request: Request, archive: Archive, source_id: str) -> dict[str, Any]:
    """The added source; raises ``HTTPException``: 404 for none that the viewer may know of, 503 without a file."""
    desk: SourcesDesk | None = request.app.state.sources_desk
    try:
        found = (
            None if desk is None else added_sources.one_added(desk, archive, source_id, viewer=viewer_of(request))
        )
    except SourceRefusedError as problem:
        raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, str(problem)) from problem
    row: dict[str, Any] = or_404(found)
    return row


def shown_settings(
    request: Request, archive: Archive, source_id: str, *, typed: str | None = None, refused: str | None = None
) -> Response:
    """The page of the settings; 422 where something was refused."""
    row = known_source(request, archive, source_id)
    content = {
        "row": row,
        "settings": as_lines(row["entry"]) if typed is None else typed,
        "refused": refused,
    }
    status = HTTPStatus.OK if refused is None else HTTPStatus.UNPROCESSABLE_ENTITY
    return page(request, "source_settings.html", content, here="sources", status=status)


def as_lines(entry: Mapping[str, Any]) -> str:
    """Settings as people edit them: a line for each field; JSON values are YAML as well."""
    return "\n".join(
        f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in entry.items() if name != "id"
    )


def _place(request: Request, source_id: str) -> str:
    return f"{request.scope.get('root_path', '')}/sources/{source_id}/settings"
