"""The pages: search, captures of an address, changes at a source, one capture, one record, one medium.

In: requests of a known user. Out: HTML with every value escaped, or archived bytes to save. Each function asks one
question of `access.search`, `access.snapshots`, `access.changes` or `access.media`, and shows the answer.
"""

from collections.abc import Callable, Mapping
from datetime import date
from http import HTTPStatus
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from pydantic import BeforeValidator
from starlette.exceptions import HTTPException

from access import changes, search, snapshots, wording
from access.headers import archived
from storage.archive import Archive
from storage.visibility import Viewer

PAGE_OF_RESULTS: Final = 50
EXCERPT_LENGTH: Final = 200
NOT_THERE: Final = "Nothing with this name is in the archive. It may not have been read yet."

TEMPLATES: Final = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=select_autoescape(default=True, default_for_string=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
TEMPLATES.filters |= {
    "moment": wording.moment,
    "exactly": wording.exactly,
    "counted": wording.counted,
    "short": wording.short,
    "brief": wording.brief,
    "filled": wording.filled,
    "clock": wording.clock,
    "percent": wording.percent,
    "said": lambda value: wording.shortened(wording.plain(value), EXCERPT_LENGTH) or "nothing",
}

Text = Annotated[str, Query(max_length=500)]
Address = Annotated[str, Query(max_length=8000)]
SourceId = Annotated[str, Query(max_length=64)]
Day = Annotated[date | None, BeforeValidator(lambda value: value or None), Query()]
"""A form that leaves a day empty sends an empty text."""


def page(
    request: Request, template: str, content: Mapping[str, Any], *, here: str = "", status: int = HTTPStatus.OK
) -> HTMLResponse:
    """A template filled; ``base`` is the prefix under which the app is mounted."""
    html = TEMPLATES.get_template(template).render(
        base=request.scope.get("root_path", ""),
        viewer=getattr(request.state, "viewer", None),
        here=here,
        **content,
    )
    return HTMLResponse(html, status_code=status)


def page_routes(archive: Callable[[], Archive]) -> APIRouter:
    """The routes, over an archive that is opened when the first of them is asked."""
    routes = APIRouter(default_response_class=HTMLResponse)

    @routes.get("/")
    def searched(request: Request, q: Text = "") -> Response:
        text = q.strip()
        rows = search.found(archive(), text, viewer=viewer_of(request), most=PAGE_OF_RESULTS) if text else ()
        found = list(rows)
        content = {"text": text, "found": found, "more": len(found) == PAGE_OF_RESULTS}
        return page(request, "search.html", content, here="search")

    @routes.get("/captures")
    def captures(request: Request, url: Address = "") -> Response:
        url = url.strip()
        rows = list(snapshots.captures_of_page(archive(), url, viewer=viewer_of(request))) if url else []
        return page(request, "captures.html", {"url": url, "captures": rows[::-1]}, here="captures")

    @routes.get("/changes")
    def changed(request: Request, source: SourceId = "", since: Day = None) -> Response:
        viewer = viewer_of(request)
        asked = source.strip()
        rows = changes.changes_of(archive(), asked, first_night=since, viewer=viewer) if asked else ()
        nights = [
            {"name": name, "rows": list(group)} for name, group in groupby(rows, key=lambda row: row["night"])
        ]
        there = changes.sources_of(archive(), viewer=viewer)
        content = {
            "source": asked,
            "since": since.isoformat() if since else "",
            "sources": there,
            "nights": nights,
        }
        return page(request, "changes.html", content, here="changes")

    @routes.get("/capture/{capture_id}")
    def capture(request: Request, capture_id: str) -> Response:
        facts = one(snapshots.one_capture(archive(), capture_id, viewer=viewer_of(request)))
        return page(request, "capture.html", facts)

    @routes.get("/capture/{capture_id}/raw")
    def raw_record(request: Request, capture_id: str) -> Response:
        raw = one(snapshots.raw_record(archive(), capture_id, viewer=viewer_of(request)))
        return archived(
            raw.content, media_type=raw.media_type, file_name=raw.file_name, length_bytes=raw.length_bytes
        )

    @routes.get("/capture/{capture_id}/picture")
    def picture(request: Request, capture_id: str) -> Response:
        shown = one(snapshots.picture(archive(), capture_id, viewer=viewer_of(request)))
        return archived(
            shown.content, media_type=shown.media_type, file_name=shown.file_name, length_bytes=shown.length_bytes
        )

    @routes.get("/record/{record_id}")
    def record(request: Request, record_id: str) -> Response:
        found = one(search.one_record(archive(), record_id, viewer=viewer_of(request)))
        return page(request, "record.html", {"record": found})

    return routes


def viewer_of(request: Request) -> Viewer:
    """Who asks; the app's own dependency has put it there."""
    viewer = request.state.viewer
    assert isinstance(viewer, Viewer)
    return viewer


def one(answer: Any) -> Any:
    """The answer, or 404 where there is none that this user may see."""
    if answer is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, NOT_THERE)
    return answer
