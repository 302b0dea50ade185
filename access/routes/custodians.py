"""The pages of custodians: the access log.

In: requests of a custodian (`access.route_roles`). Out: HTML with every value escaped. Anybody else gets 403, and
learns nothing.
"""

from datetime import UTC, datetime, time
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from access.dependencies import ArchiveDependency
from access.query_parameters import Address, Day, PageNumber, Paging, query_string
from access.rendering.templates import page, viewer_of
from access.views.accesses import logged_accesses
from storage.ledger.access_log import AccessFilter

ROWS: Final = 100
Person = Annotated[str, Query(max_length=200, description="The name of a user.")]

CUSTODIANS: Final = APIRouter(default_response_class=HTMLResponse)


@CUSTODIANS.get("/accesses")
def access_log_page(
    request: Request,
    archive: ArchiveDependency,
    subject: Address = "",
    actor: Person = "",
    since: Day = None,
    number: PageNumber = 1,
) -> Response:
    """Who looked at what, newest first."""
    viewer = viewer_of(request)
    subject, actor = subject.strip(), actor.strip()
    wanted = AccessFilter(
        subject_id=subject or None,
        actor=actor or None,
        since=None if since is None else datetime.combine(since, time(), UTC),
    )
    found = logged_accesses(archive, wanted, viewer=viewer, most=ROWS, offset=(number - 1) * ROWS)
    query = query_string(subject=subject, actor=actor, since=since)
    content = {
        "found": found,
        "paging": Paging(number, ROWS, found.total, query),
        "subject": subject,
        "actor": actor,
        "since": since,
    }
    return page(request, "accesses.html", content, here="accesses")
