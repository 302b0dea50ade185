"""Two captures beside each other, as a page, as JSON, and as a picture of where their screenshots differ.

In: requests of a known user with two capture ids. Out: what `access.views.comparison` found; 404 where the user
may not see both.
"""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from access.answers.captures import CAPTURE_ID
from access.answers.comparison import Comparison
from access.dependencies import ArchiveDependency
from access.rendering.templates import or_404, page, viewer_of
from access.routes.pages import to_save
from access.views.comparison import comparison, difference_picture

COMPARE_PAGES: Final = APIRouter(default_response_class=HTMLResponse)
COMPARE_API: Final = APIRouter(tags=["Captures"])

First = Annotated[str, Query(max_length=500, description="The id of a capture.", examples=[CAPTURE_ID])]
Second = Annotated[
    str, Query(max_length=500, description="The id of another capture, or `newest`.", examples=[CAPTURE_ID])
]


@COMPARE_PAGES.get("/compare")
def compare_page(request: Request, archive: ArchiveDependency, a: First, b: Second) -> Response:
    """What differs between two captures."""
    found = or_404(comparison(archive, a, b, viewer=viewer_of(request)))
    return page(request, "compare.html", {"found": found}, here="captures")


@COMPARE_PAGES.get("/compare/difference")
def difference_image(request: Request, archive: ArchiveDependency, a: First, b: Second) -> Response:
    """A picture of ours: the second capture's picture in pale grey, with what differs from the first's in red."""
    return to_save(or_404(difference_picture(archive, a, b, viewer=viewer_of(request))))


@COMPARE_API.get("/compare", response_model=Comparison)
def compare_row(request: Request, archive: ArchiveDependency, a: First, b: Second) -> dict[str, Any]:
    """What differs between two captures: text, rows of lists, records, headers, facts."""
    row: dict[str, Any] = or_404(comparison(archive, a, b, viewer=viewer_of(request)))
    return row
