"""The pages: search, captures of an address, one capture, one record, one medium.

In: requests of a known user. Out: HTML with every value escaped, or archived bytes to save. Each function asks one
question of `access.search`, `access.snapshots` or `access.media`, and shows the answer.
"""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.exceptions import HTTPException

from access import media, search, snapshots, wording
from access.headers import archived
from storage.archive import Archive
from storage.visibility import Viewer

PAGE_OF_RESULTS: Final = 50
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
}

Text = Annotated[str, Query(max_length=500)]
Address = Annotated[str, Query(max_length=8000)]


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

    @routes.get("/medium/{sha256}")
    def medium(request: Request, sha256: str) -> Response:
        found = one(media.one_medium(archive(), sha256, viewer=viewer_of(request)))
        similar = media.by_medium(media.similar_media(archive(), sha256, viewer=viewer_of(request)))
        return page(request, "medium.html", {"medium": found, "similar": similar})

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
