"""Receipts as files: what the archive states, signed, to whoever requested a capture or received a package.

In: requests of a known user. Out: PDF or JSON. A receipt follows the rights of the page that it hangs on.
"""

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from starlette.exceptions import HTTPException

from access.dependencies import ArchiveDependency
from access.query_parameters import RequestId
from access.receipt_desk import ReceiptDesk, ReceiptFile, ReceiptForm, ReceiptLanguage
from access.rendering.templates import or_404, viewer_of
from access.rendering.translations import gettext
from access.views import archiving

RECEIPTS: Final = APIRouter()
Package = Annotated[str, Query(max_length=200, description="The id of a package.")]


@RECEIPTS.get("/request/{request_id}/receipt")
def receipt_of_request(
    request: Request,
    archive: ArchiveDependency,
    request_id: RequestId,
    form: ReceiptForm = ReceiptForm.PDF,
    language: ReceiptLanguage = ReceiptLanguage.EN,
    without_name: bool = False,
) -> Response:
    """The receipt of a request, to be printed or signed for programs."""
    viewer = viewer_of(request)
    or_404(archiving.one_of(archive, request_id, viewer=viewer))
    desk = receipt_desk_of(request)
    return as_file(
        or_404(desk.of_request(archive, request_id, form, language, viewer=viewer, with_name=not without_name))
    )


@RECEIPTS.get("/handover/receipt")
def receipt_of_package(
    request: Request,
    archive: ArchiveDependency,
    package: Package,
    form: ReceiptForm = ReceiptForm.PDF,
    language: ReceiptLanguage | None = None,
) -> Response:
    """The receipt of a package that was handed over, for its recipient to check and to sign."""
    desk, viewer = receipt_desk_of(request), viewer_of(request)
    return as_file(or_404(desk.of_package(archive, package, form, language, viewer=viewer)))


def receipt_desk_of(request: Request) -> ReceiptDesk:
    """The desk of this app; raises ``HTTPException`` (503) where it has none."""
    desk: ReceiptDesk | None = request.app.state.receipts
    if desk is None:
        raise HTTPException(
            HTTPStatus.SERVICE_UNAVAILABLE, gettext("This server shows the archive and makes no receipts.")
        )
    return desk


def as_file(made: ReceiptFile) -> Response:
    """The receipt as a download."""
    headers = {"Content-Disposition": f'attachment; filename="{made.name}"'}
    return Response(made.content, media_type=made.media_type, headers=headers)
