"""The same answers as JSON, with the keys of architecture section 7: what was captured, read, and has changed.

In: requests of a known user. Out: the models of `access.answers`: objects ``{"rows": [...]}`` for lists, one
object for one thing.
"""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

from fastapi import APIRouter, Request

from access import query_parameters
from access.answers.captures import AddressRows, CaptureFacts, CaptureRows
from access.answers.home import Home
from access.answers.model import page_of
from access.answers.overview import Me, Overview
from access.answers.records import ChangeRows, FoundRecords, RecordFacts
from access.dependencies import ArchiveDependency
from access.last_visit import Visits
from access.query_parameters import (
    Address,
    CaptureId,
    Change,
    Day,
    Facets,
    HistogramOf,
    Most,
    MostOrAll,
    Offset,
    ParsedSearch,
    RecordId,
    SourceId,
    Window,
)
from access.rendering.templates import or_404, viewer_of
from access.scopes import scopes_of
from access.views import captures, changes, home, overview, search
from access.views.requests import own_cases
from access.views.tokens import SCOPES

Row = dict[str, Any]

MOST_CHANGES: Final = 200
"""Changes over all sources that are answered at once, where nobody asks for another number."""

API: Final = APIRouter()


@API.get("/me", response_model=Me, tags=["Archive"])
def who_is_asking(request: Request, archive: ArchiveDependency) -> Row:
    """Who is asking, in which role and for which cases."""
    viewer = viewer_of(request)
    granted = scopes_of(request)
    return {
        "kind": "user",
        "name": viewer.name,
        "role": viewer.role.name.lower(),
        "scopes": [scope for scope, role in SCOPES.items() if scope in granted and viewer.may(role)],
        "cases": own_cases(archive, viewer),
    }


@API.get("/overview", response_model=Overview, tags=["Archive"])
def overview_row(request: Request, archive: ArchiveDependency) -> Row:
    """What the archive holds and how the last night went."""
    return overview.overview(archive, viewer=viewer_of(request))


@API.get("/home", response_model=Home, tags=["Archive"])
def home_row(request: Request, archive: ArchiveDependency, window: Window = "day") -> Row:
    """What changed at all sources in the last day or week; ``visit`` is for browsers, which remember it."""
    visits = Visits.of_cookie(None, datetime.now(UTC))
    return home.home(archive, visits.since(window), viewer=viewer_of(request))


@API.get("/search", response_model=FoundRecords, tags=["Records"])
def search_rows(
    request: Request,
    archive: ArchiveDependency,
    search_form: ParsedSearch,
    most: Most = 50,
    offset: Offset = 0,
    facet: Facets = (),
    histogram: HistogramOf = None,
) -> Row:
    """Records and pages that match, with their number in all; facets and histogram where they are asked for."""
    query, _ = search_form
    found = search.found(
        archive,
        query,
        viewer=viewer_of(request),
        most=most,
        offset=offset,
        facets=facet,
        histogram=histogram,
    )
    after = offset + len(found.rows)
    next_offset = after if found.rows and after < found.total else None
    return asdict(found) | {"offset": offset, "next_offset": next_offset}


@API.get("/captures", response_model=CaptureRows, tags=["Captures"])
def capture_rows(
    request: Request, archive: ArchiveDependency, url: Address, most: MostOrAll = None, offset: Offset = 0
) -> Row:
    """Every capture of a URL, oldest first; also of forms of the URL that mean the same page."""
    url = query_parameters.valid_url(url)
    found = list(captures.captures_of_page(archive, url, viewer=viewer_of(request)))
    end = None if most is None else offset + most + 1
    return page_of(found[offset:end], most, offset, total=len(found))


@API.get("/addresses", response_model=AddressRows, tags=["Captures"])
def address_rows(
    request: Request, archive: ArchiveDependency, beginning: Address, most: Most = 100, offset: Offset = 0
) -> Row:
    """Captured URLs that begin with a text."""
    found = captures.addresses(archive, beginning, viewer=viewer_of(request), most=most + 1, offset=offset)
    return page_of(found, most, offset)


@API.get("/changes", response_model=ChangeRows, tags=["Records"])
def change_rows(
    request: Request,
    archive: ArchiveDependency,
    source: SourceId = "",
    since: Day = None,
    until: Day = None,
    kind: Change = None,
    most: MostOrAll = None,
    offset: Offset = 0,
) -> Row:
    """What changed: at a ``source`` the oldest first; at all of them the newest first, at most 200 by default."""
    viewer, source = viewer_of(request), source.strip()
    question = query_parameters.change_question(archive, viewer, source, since, until, kind)
    if source:
        rows = list(
            changes.changes_of(archive, source, first_night=since, last_night=until, only=kind, viewer=viewer)
        )
        end = None if most is None else offset + most + 1
        return page_of(rows[offset:end], most, offset, total=len(rows), complete=True, not_compared=[])
    most = most or MOST_CHANGES
    found = changes.newest_changes(archive, question, viewer=viewer, most=most + 1, offset=offset)
    counts = {"total": found.total, "complete": found.complete, "not_compared": list(found.not_compared)}
    return page_of(found.rows, most, offset, **counts)


@API.get("/capture/{capture_id}", response_model=CaptureFacts, tags=["Captures"])
def capture_row(request: Request, archive: ArchiveDependency, capture_id: CaptureId) -> Row:
    """One capture with everything known of it."""
    row: Row = or_404(captures.one_capture(archive, capture_id, viewer=viewer_of(request)))
    return row


@API.get("/record/{record_id}", response_model=RecordFacts, tags=["Records"])
def record_row(request: Request, archive: ArchiveDependency, record_id: RecordId) -> Row:
    """One record with its versions and sightings."""
    row: Row = or_404(search.one_record(archive, record_id, viewer=viewer_of(request)))
    return row
