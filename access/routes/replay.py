"""A capture shown as the page it was: our frame around the replay host, and links straight to a moment.

In: requests of a known user. Out: HTML of ours with a frame in it; the frame's address is a capability for this
user and the captures of one crawl (`access.replay.door`). Of what was captured this page shows the address alone,
escaped.
"""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.exceptions import HTTPException

from access import query_parameters
from access.dependencies import ArchiveDependency, ReplayDependency
from access.query_parameters import Address
from access.rendering.templates import not_in_archive, or_404, page, viewer_of
from access.rendering.translations import gettext
from access.replay.pywb_source import time_of
from access.replay.response_policy import obeys_allowlist
from access.security_headers import OURS
from access.views.replayed_page import nearest_capture, replayed_page
from storage.catalogue.captures import capture_json

REPLAY_PAGES: Final = APIRouter(default_response_class=HTMLResponse)

Moment = Annotated[str, Query(max_length=14, pattern=r"^\d*$")]
Scripts = Annotated[bool, Query()]


@REPLAY_PAGES.get("/view")
def view_of_moment(request: Request, archive: ArchiveDependency, url: Address, at: Moment = "") -> Response:
    """To the capture of a URL that is nearest to a moment: 4 to 14 digits of year, month, day, hour, minute,
    second.
    """
    url = query_parameters.valid_url(url.strip())
    if at and len(at) < 4:
        words = gettext("The moment needs at least a year, as 4 digits: 2026 or 20261123201507.")
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, words)
    moment = time_of(at) if at else datetime.now(UTC)
    found = or_404(nearest_capture(archive, url, moment, viewer=viewer_of(request)))
    base = request.scope.get("root_path", "")
    return RedirectResponse(f"{base}/view/{quote(found.id, safe='')}", HTTPStatus.SEE_OTHER)


@REPLAY_PAGES.get("/view/{capture_id}")
def view_page(
    request: Request, archive: ArchiveDependency, door: ReplayDependency, capture_id: str, scripts: Scripts = False
) -> Response:
    """The frame, and above it when this was captured, from where, and what came of it."""
    viewer = viewer_of(request)
    shown = replayed_page(archive, capture_id, viewer=viewer)
    if shown is None:
        raise not_in_archive()
    may_run = obeys_allowlist(request.headers)
    address = None
    if door is not None and shown.why_not is None:
        origin = f"{request.url.scheme}://{request.url.netloc}"
        with_scripts = scripts and may_run
        address = door.address(shown.capture, viewer, archive_origin=origin, with_scripts=with_scripts)
    content = {
        "capture": capture_json(shown.capture),
        "before": None if shown.before is None else capture_json(shown.before),
        "after": None if shown.after is None else capture_json(shown.after),
        "imported": shown.holding is not None and shown.holding["origin"] != "crawl",
        "address": address,
        "why_not": shown.why_not,
        "off": door is None,
        "scripts": scripts and may_run,
        "scripts_refused": scripts and not may_run,
        "may_run": may_run,
    }
    answer = page(request, "view.html", content, here="captures")
    if door is not None:
        answer.headers["Content-Security-Policy"] = f"{OURS['Content-Security-Policy']}; frame-src {door.url}"
    return answer
