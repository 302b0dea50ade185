"""A capture to read: as an article, and its screenshots large.

In: requests of a known user. Out: HTML of which every element is our template's own; of what was captured only
text stands in it, escaped, and pictures by the routes that serve them harmless.
"""

from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from access.dependencies import ArchiveDependency
from access.rendering.templates import or_404, page, viewer_of
from access.views.captures import logged_capture
from access.views.readable import addresses_in, dom_of, parts_of, readable_capture, screenshots_of
from storage.catalogue.captures import capture_json

READABLE_PAGES: Final = APIRouter(default_response_class=HTMLResponse)


@READABLE_PAGES.get("/capture/{capture_id}/readable")
def readable_view(request: Request, archive: ArchiveDependency, capture_id: str) -> Response:
    """The text of a capture as an article."""
    viewer = viewer_of(request)
    shown = or_404(readable_capture(archive, capture_id, viewer=viewer))
    dom = dom_of(archive, shown.capture, viewer=viewer)
    content = {
        "capture": capture_json(shown.capture),
        "shown": shown,
        "parts": [] if shown.page is None else parts_of(shown.page.blocks),
        "addresses": {} if shown.page is None else addresses_in(shown.page),
        "dom": None if dom is None else dom.id,
        "screenshots": [each.id for each in screenshots_of(archive, shown.capture, viewer=viewer)],
    }
    return page(request, "readable.html", content, here="captures")


@READABLE_PAGES.get("/capture/{capture_id}/screenshot")
def screenshot_page(request: Request, archive: ArchiveDependency, capture_id: str) -> Response:
    """The screenshots of a capture, as large as the window allows."""
    viewer = viewer_of(request)
    capture = or_404(logged_capture(archive, capture_id, viewer, "shown"))
    dom = dom_of(archive, capture, viewer=viewer)
    content = {
        "capture": capture_json(capture),
        "dom": None if dom is None else dom.id,
        "screenshots": [each.id for each in screenshots_of(archive, capture, viewer=viewer)],
    }
    return page(request, "screenshot.html", content, here="captures")
