"""The same answers as JSON, with the keys of architecture section 7.

In: requests of a known user. Out: objects ``{"rows": [...]}`` for lists, one object for one thing.
"""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request

from access import query_parameters
from access.query_parameters import Address, Change, Day, Kind, Most, Offset, OrderOf, SourceId, Text
from access.rendering.templates import or_404, viewer_of
from access.views import captures as snapshots
from access.views import changes, media, overview, search
from access.views import similar_media as similar_to
from storage.archive import Archive

Rows = dict[str, list[dict[str, Any]]]


def api_routes(archive: Callable[[], Archive]) -> APIRouter:
    """The routes, over an archive that is opened when the first of them is asked."""
    routes = APIRouter()

    @routes.get("/overview")
    def overlooked(request: Request) -> dict[str, Any]:
        return overview.overview(archive(), viewer=viewer_of(request))

    @routes.get("/search")
    def searched(
        request: Request,
        q: Text = "",
        kind: Kind = None,
        source: SourceId = "",
        since: Day = None,
        until: Day = None,
        order: OrderOf = "best",
        most: Most = 50,
        offset: Offset = 0,
    ) -> dict[str, Any]:
        question, _ = query_parameters.parse_search(q, kind, source, since, until, order)
        found = search.found(archive(), question, viewer=viewer_of(request), most=most, offset=offset)
        return {"total": found.total, "complete": found.complete, "rows": found.rows}

    @routes.get("/captures")
    def captures(request: Request, url: Address) -> Rows:
        url = query_parameters.captured_under(url)
        return {"rows": list(snapshots.captures_of_page(archive(), url, viewer=viewer_of(request)))}

    @routes.get("/addresses")
    def addresses(request: Request, beginning: Address, most: Most = 100, offset: Offset = 0) -> Rows:
        viewer = viewer_of(request)
        return {"rows": snapshots.addresses(archive(), beginning, viewer=viewer, most=most, offset=offset)}

    @routes.get("/changes")
    def changed(request: Request, source: SourceId, since: Day = None, kind: Change = None) -> Rows:
        viewer, source = viewer_of(request), query_parameters.known_source(archive(), source, viewer_of(request))
        rows = changes.changes_of(archive(), source, first_night=since, only=kind, viewer=viewer)
        return {"rows": list(rows)}

    @routes.get("/capture/{capture_id}")
    def capture(request: Request, capture_id: str) -> dict[str, Any]:
        facts: dict[str, Any] = or_404(snapshots.one_capture(archive(), capture_id, viewer=viewer_of(request)))
        return facts

    @routes.get("/record/{record_id}")
    def record(request: Request, record_id: str) -> dict[str, Any]:
        found: dict[str, Any] = or_404(search.one_record(archive(), record_id, viewer=viewer_of(request)))
        return found

    @routes.get("/medium/{sha256}/similar")
    def similar(request: Request, sha256: str) -> Rows:
        or_404(media.one_medium(archive(), sha256, viewer=viewer_of(request)))
        digest = or_404(media.digest_of(sha256))
        return {"rows": list(similar_to.similar_media(archive(), digest, viewer=viewer_of(request)))}

    return routes
