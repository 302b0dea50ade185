"""The same answers as JSON, with the keys of architecture section 7.

In: requests of a known user. Out: objects ``{"rows": [...]}`` for lists, one object for one thing.
"""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from access import changes, media, search, snapshots
from access import similar as similar_to
from access.pages import Address, SourceId, one, viewer_of
from storage.archive import Archive

Words = Annotated[str, Query(min_length=1, max_length=500)]
Most = Annotated[int, Query(ge=1, le=1000)]
Rows = dict[str, list[dict[str, Any]]]


def api_routes(archive: Callable[[], Archive]) -> APIRouter:
    """The routes, over an archive that is opened when the first of them is asked."""
    routes = APIRouter()

    @routes.get("/search")
    def searched(request: Request, q: Words, most: Most = 50) -> Rows:
        return {"rows": list(search.found(archive(), q, viewer=viewer_of(request), most=most))}

    @routes.get("/captures")
    def captures(request: Request, url: Address) -> Rows:
        return {"rows": list(snapshots.captures_of_page(archive(), url, viewer=viewer_of(request)))}

    @routes.get("/changes")
    def changed(request: Request, source: SourceId, since: date | None = None) -> Rows:
        rows = changes.changes_of(archive(), source, first_night=since, viewer=viewer_of(request))
        return {"rows": list(rows)}

    @routes.get("/capture/{capture_id}")
    def capture(request: Request, capture_id: str) -> dict[str, Any]:
        facts: dict[str, Any] = one(snapshots.one_capture(archive(), capture_id, viewer=viewer_of(request)))
        return facts

    @routes.get("/record/{record_id}")
    def record(request: Request, record_id: str) -> dict[str, Any]:
        found: dict[str, Any] = one(search.one_record(archive(), record_id, viewer=viewer_of(request)))
        return found

    @routes.get("/medium/{sha256}/similar")
    def similar(request: Request, sha256: str) -> Rows:
        one(media.one_medium(archive(), sha256, viewer=viewer_of(request)))
        digest = one(media.digest_of(sha256))
        return {"rows": list(similar_to.similar_media(archive(), digest, viewer=viewer_of(request)))}

    return routes
