"""Pages by which an administrator sees how the archive runs: its nights in charts, and checks of the machine.

In: requests of a known administrator. Out: HTML. The checks take up to half a minute, so they are a page of their
own that is opened on purpose; nothing is changed by either.
"""

from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from access.dependencies import ArchiveDependency
from access.machine_checks import MachineChecks
from access.rendering.night_charts import night_charts
from access.rendering.templates import page, viewer_of
from access.rendering.translations import gettext
from access.views.backfill import backfill_figures
from access.views.operation import night_figures
from access.views.rereading import reread_figures

OPERATION_PAGES: Final = APIRouter(default_response_class=HTMLResponse)


@OPERATION_PAGES.get("/operation")
def operation_page(request: Request, archive: ArchiveDependency) -> Response:
    """The nights of two months, as charts and as a table, the plan of the backfill, and what is read again."""
    nights = night_figures(archive, viewer=viewer_of(request))
    history = backfill_figures(archive, viewer=viewer_of(request))
    again = reread_figures(archive, viewer=viewer_of(request))
    content = {"nights": nights, "charts": night_charts(nights), "history": history, "again": again}
    return page(request, "operation.html", content, here="operation")


@OPERATION_PAGES.get("/operation/checks")
def checks_page(request: Request) -> Response:
    """What is missing on this machine, and how to get it."""
    checks: MachineChecks | None = request.app.state.machine_checks
    if checks is None:
        reason = gettext("This process only shows the archive. Run letapis doctor on the machine itself.")
        raise HTTPException(HTTPStatus.NOT_FOUND, reason)
    return page(request, "machine_checks.html", {"checked": checks.checked()}, here="operation")
