"""The pages: the first one, search, captures of an address, changes at a source, one capture, one record.

In: requests of a known user. Out: HTML with every value escaped, or archived bytes to save. Each function asks one
question of `access.views.overview`, `access.views.search`, `access.views.captures` or `access.views.changes`, and
shows the answer.
"""

from collections.abc import Callable
from http import HTTPStatus
from itertools import groupby
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from access import query_parameters
from access.query_parameters import (
    Address,
    Change,
    Day,
    Kind,
    Markup,
    OrderOf,
    PageNumber,
    Paging,
    SourceId,
    Text,
    query_string,
)
from access.rendering import csv_export
from access.rendering.templates import or_404, page, viewer_of
from access.security_headers import archived
from access.views import captures as snapshots
from access.views import changes, overview, payload, search
from access.views.captures import ArchivedBytes
from access.views.media import media_of_record
from storage.archive import Archive
from storage.deposit.record_reader import BlockTooLargeError

PAGE_OF_RESULTS: Final = 50
PAGE_OF_CAPTURES: Final = 100
PAGE_OF_CHANGES: Final = 200


def page_routes(archive: Callable[[], Archive]) -> APIRouter:
    """The routes, over an archive that is opened when the first of them is asked."""
    routes = APIRouter(default_response_class=HTMLResponse)

    @routes.get("/")
    def first_page(
        request: Request,
        q: Text = "",
        kind: Kind = None,
        source: SourceId = "",
        since: Day = None,
        until: Day = None,
        order: OrderOf = "best",
        number: PageNumber = 1,
    ) -> Response:
        viewer = viewer_of(request)
        question, query = query_parameters.parse_search(q, kind, source, since, until, order)
        form: dict[str, Any] = {"asked": query_parameters.form_values(question), "kinds": query_parameters.KINDS}
        form["sources"] = changes.sources_of(archive(), viewer=viewer)
        if not query:
            seen = overview.overview(archive(), viewer=viewer)
            return page(request, "overview.html", form | {"overview": seen}, here="search")
        offset = (number - 1) * PAGE_OF_RESULTS
        found = search.found(archive(), question, viewer=viewer, most=PAGE_OF_RESULTS, offset=offset)
        paging = Paging(number, PAGE_OF_RESULTS, found.total, query)
        return page(request, "search.html", form | {"found": found, "paging": paging}, here="search")

    @routes.get("/search.csv")
    def search_csv(
        request: Request,
        q: Text = "",
        kind: Kind = None,
        source: SourceId = "",
        since: Day = None,
        until: Day = None,
        order: OrderOf = "best",
    ) -> Response:
        question, _ = query_parameters.parse_search(q, kind, source, since, until, order)
        found = search.found(archive(), question, viewer=viewer_of(request), most=csv_export.MOST_ROWS)
        return csv_export.as_csv(found.rows, csv_export.FOUND, name="search")

    @routes.get("/captures")
    def captures(request: Request, url: Address = "", number: PageNumber = 1) -> Response:
        url, viewer = url.strip(), viewer_of(request)
        offset = (number - 1) * PAGE_OF_CAPTURES
        if url.endswith("*"):
            rows = snapshots.addresses(
                archive(), url.rstrip("*"), viewer=viewer, most=PAGE_OF_CAPTURES + 1, offset=offset
            )
            more, rows = len(rows) > PAGE_OF_CAPTURES, rows[:PAGE_OF_CAPTURES]
            content = {
                "url": url,
                "addresses": rows,
                "more": more,
                "number": number,
                "query": query_string(url=url),
            }
            return page(request, "addresses.html", content, here="captures")
        if url:
            query_parameters.captured_under(url)
        found = snapshots.timeline(archive(), url, viewer=viewer, most=PAGE_OF_CAPTURES, offset=offset)
        paging = Paging(number, PAGE_OF_CAPTURES, found.total, query_string(url=url))
        return page(request, "captures.html", {"url": url, "timeline": found, "paging": paging}, here="captures")

    @routes.get("/captures.csv")
    def captures_csv(request: Request, url: Address = "") -> Response:
        url = query_parameters.captured_under(url.strip())
        found = snapshots.timeline(archive(), url, viewer=viewer_of(request), most=csv_export.MOST_ROWS)
        return csv_export.as_csv(found.rows, csv_export.CAPTURES, name="captures")

    @routes.get("/changes")
    def changed(
        request: Request, source: SourceId = "", since: Day = None, kind: Change = None, number: PageNumber = 1
    ) -> Response:
        viewer, source = viewer_of(request), source.strip()
        if source:
            query_parameters.known_source(archive(), source, viewer)
        rows = list(
            changes.changes_of(archive(), source, first_night=since, only=kind, viewer=viewer) if source else ()
        )[::-1]
        paging = Paging(number, PAGE_OF_CHANGES, len(rows), query_string(source=source, since=since, kind=kind))
        shown = rows[paging.first - 1 : paging.last]
        content = {
            "source": source,
            "since": since.isoformat() if since else "",
            "kind": kind or "",
            "kinds": query_parameters.CHANGE_KINDS,
            "sources": changes.sources_of(archive(), viewer=viewer),
            "nights": [
                {"name": name, "rows": list(group)} for name, group in groupby(shown, key=lambda row: row["night"])
            ],
            "paging": paging,
        }
        return page(request, "changes.html", content, here="changes")

    @routes.get("/changes.csv")
    def changes_csv(request: Request, source: SourceId, since: Day = None, kind: Change = None) -> Response:
        viewer, source = (
            viewer_of(request),
            query_parameters.known_source(archive(), source.strip(), viewer_of(request)),
        )
        rows = changes.changes_of(archive(), source, first_night=since, only=kind, viewer=viewer)
        return csv_export.as_csv(rows, csv_export.CHANGES, name="changes")

    @routes.get("/capture/{capture_id}")
    def capture(request: Request, capture_id: str) -> Response:
        facts = or_404(snapshots.one_capture(archive(), capture_id, viewer=viewer_of(request)))
        return page(request, "capture.html", facts)

    @routes.get("/capture/{capture_id}/text")
    def as_text(request: Request, capture_id: str, markup: Markup = False) -> Response:
        shown = or_404(payload.payload_text(archive(), capture_id, as_markup=markup, viewer=viewer_of(request)))
        return page(request, "payload.html", {"shown": shown})

    @routes.get("/capture/{capture_id}/raw")
    def raw_record(request: Request, capture_id: str) -> Response:
        return to_save(or_404(snapshots.raw_record(archive(), capture_id, viewer=viewer_of(request))))

    @routes.get("/capture/{capture_id}/payload")
    def payload_alone(request: Request, capture_id: str) -> Response:
        try:
            return to_save(or_404(payload.payload_file(archive(), capture_id, viewer=viewer_of(request))))
        except BlockTooLargeError as problem:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, str(problem)) from problem

    @routes.get("/capture/{capture_id}/picture")
    def picture(request: Request, capture_id: str) -> Response:
        return to_save(or_404(snapshots.picture(archive(), capture_id, viewer=viewer_of(request))))

    @routes.get("/record/{record_id}")
    def record(request: Request, record_id: str) -> Response:
        viewer = viewer_of(request)
        found = or_404(search.one_record(archive(), record_id, viewer=viewer))
        newest = found["versions"][-1]["sightings"][-1]
        media = media_of_record(
            archive(), newest["content"], newest["exchange_capture_id"] or newest["capture_id"], viewer=viewer
        )
        return page(request, "record.html", {"record": found, "media": media})

    return routes


def to_save(held: ArchivedBytes) -> Response:
    """Archived bytes under the headers that keep them harmless."""
    return archived(
        held.content, media_type=held.media_type, file_name=held.file_name, length_bytes=held.length_bytes
    )
