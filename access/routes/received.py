"""Files that people bring: a form by which a collector takes one in, and every file that was received.

In: requests of a known user. Out: HTML, and JSON below ``/api``. A file is taken only from a page of the archive,
and is never held in memory as a whole. What strangers made is shown only where the page of a capture shows it.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.exceptions import HTTPException

from access.answers.model import page_of
from access.answers.received import ReceivedFileRows
from access.dependencies import ArchiveDependency
from access.forms import declared_bytes, sent_form
from access.own_page import require_own_page
from access.query_parameters import Most, Offset, PageNumber
from access.receiving_desk import ReceivingDesk, SentFile
from access.rendering.templates import page, viewer_of
from access.rendering.translations import gettext
from access.views import received
from access.views.requests import own_cases
from storage.access_labels import Role
from storage.archive import Archive
from storage.errors import StorageError

PAGE_OF_RECEIVED: Final = 50
FIELDS: Final = ("received", "from", "origin", "note", "case")
NO_VALUES: Final[Mapping[str, str]] = dict.fromkeys(FIELDS, "")
EntryNumber = Annotated[int | None, Query(ge=1, le=1 << 53, description="The custody entry of a receipt.")]

RECEIVED_PAGES: Final = APIRouter(default_response_class=HTMLResponse)
RECEIVED_API: Final = APIRouter(tags=["Received files"])


@RECEIVED_PAGES.get("/received")
def received_page(
    request: Request, archive: ArchiveDependency, number: PageNumber = 1, entry: EntryNumber = None
) -> Response:
    """The form, and the files that the viewer may see; ``entry`` is the receipt that was just given."""
    return shown(request, archive, number=number, entry=entry)


@RECEIVED_PAGES.post("/received")
async def receive(request: Request, archive: ArchiveDependency) -> Response:
    """Take the file of the form, and lead to the list with its receipt."""
    require_own_page(request)
    desk: ReceivingDesk | None = request.app.state.receiving
    if desk is None:
        words = gettext("This server shows the archive and takes no files.")
        raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, words)
    limit_bytes, folder = desk.limit_bytes(), desk.upload_dir()
    if declared_bytes(request) <= limit_bytes:
        require_room(desk, declared_bytes(request))
    async with sent_form(request, fields=len(FIELDS), file_limit_bytes=limit_bytes, folder=folder) as form:
        values = {name: form.fields.get(name, "").strip() for name in FIELDS}
        if form.file is None or not form.file.filename:
            missing = gettext("Choose a file.")
            return await run_in_threadpool(shown, request, archive, values=values, refused=missing)
        sent = SentFile(
            file=form.file.file,
            name=form.file.filename,
            declared_type=form.file.content_type,
            received_raw=values["received"],
            from_raw=values["from"],
            origin_raw=values["origin"],
            note=values["note"] or None,
            case=values["case"] or None,
        )
        return await run_in_threadpool(take, request, archive, desk, sent, values)


@RECEIVED_API.get("/received", response_model=ReceivedFileRows)
def received_rows(
    request: Request, archive: ArchiveDependency, most: Most = 50, offset: Offset = 0
) -> dict[str, Any]:
    """Files that people brought and that the user may see, the newest first."""
    found = received.received_rows(archive, viewer=viewer_of(request), most=most + 1, offset=offset)
    return page_of(found, most, offset)


def require_room(desk: ReceivingDesk, length_bytes: int) -> None:
    """Raises ``HTTPException`` (507) before a byte of the upload is read, where the disk could not take it."""
    lacking = desk.room_lacking(length_bytes)
    if lacking is not None:
        words = gettext(
            "The disk of this server has no room for this file: with its copies it needs %(needed)s GB free, and "
            "%(free)s GB are free. Nothing of it was read or stored. The operator has to make room on it; then "
            "send the file again.",
            needed=f"{lacking.needed_bytes / 10**9:.1f}",
            free=f"{lacking.free_bytes / 10**9:.1f}",
        )
        raise HTTPException(HTTPStatus.INSUFFICIENT_STORAGE, words)


def take(
    request: Request, archive: Archive, desk: ReceivingDesk, sent: SentFile, values: Mapping[str, str]
) -> Response:
    """Take the file; one that is refused leads to the form with the reason, filled in as it was."""
    try:
        row = desk.receive(archive, sent, viewer_of(request))
    except StorageError as refused:
        return shown(request, archive, values=values, refused=str(refused))
    path = f"{request.scope.get('root_path', '')}/received?entry={row['custody_seq']}"
    return RedirectResponse(path, HTTPStatus.SEE_OTHER)


def shown(
    request: Request,
    archive: Archive,
    *,
    number: int = 1,
    entry: int | None = None,
    values: Mapping[str, str] = NO_VALUES,
    refused: str | None = None,
) -> Response:
    """The page with the form and the list."""
    viewer, desk = viewer_of(request), request.app.state.receiving
    first = (number - 1) * PAGE_OF_RECEIVED
    rows = received.received_rows(archive, viewer=viewer, most=PAGE_OF_RECEIVED + 1, offset=first)
    content = {
        "may_bring": desk is not None and viewer.may(Role.COLLECTOR),
        "limit_mb": 0 if desk is None else desk.limit_bytes() >> 20,
        "cases": own_cases(archive, viewer),
        "values": values,
        "refused": refused,
        "rows": rows[:PAGE_OF_RECEIVED],
        "receipt": next((each for each in rows if each["custody_seq"] == entry), None),
        "more": len(rows) > PAGE_OF_RECEIVED,
        "number": number,
    }
    status = HTTPStatus.OK if refused is None else HTTPStatus.UNPROCESSABLE_ENTITY
    return page(request, "received.html", content, here="received", status=status)
