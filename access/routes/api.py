"""The same answers as JSON, with the keys of architecture section 7.

In: requests of a known user. Out: objects ``{"rows": [...]}`` for lists, one object for one thing.
"""

from dataclasses import asdict
from typing import Any, Final

from fastapi import APIRouter, Request

from access import query_parameters
from access.dependencies import ArchiveDependency
from access.query_parameters import Address, Change, Day, Facets, HistogramOf, Most, Offset, ParsedSearch, SourceId
from access.rendering.templates import or_404, viewer_of
from access.views import captures, changes, media, overview, search, similar_media

Row = dict[str, Any]
Rows = dict[str, list[Row]]

API: Final = APIRouter()


@API.get("/overview")
def overview_row(request: Request, archive: ArchiveDependency) -> Row:
    """What the archive holds and how the last night went."""
    return overview.overview(archive, viewer=viewer_of(request))


@API.get("/search")
def search_rows(
    request: Request,
    archive: ArchiveDependency,
    search_form: ParsedSearch,
    most: Most = 50,
    offset: Offset = 0,
    facet: Facets = [],  # noqa: B006 - never changed
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
    return asdict(found)


@API.get("/captures")
def capture_rows(request: Request, archive: ArchiveDependency, url: Address) -> Rows:
    """Every capture of a URL, oldest first."""
    url = query_parameters.valid_url(url)
    return {"rows": list(captures.captures_of_page(archive, url, viewer=viewer_of(request)))}


@API.get("/addresses")
def address_rows(
    request: Request, archive: ArchiveDependency, beginning: Address, most: Most = 100, offset: Offset = 0
) -> Rows:
    """Captured URLs that begin with a text."""
    viewer = viewer_of(request)
    return {"rows": captures.addresses(archive, beginning, viewer=viewer, most=most, offset=offset)}


@API.get("/changes")
def change_rows(
    request: Request, archive: ArchiveDependency, source: SourceId, since: Day = None, kind: Change = None
) -> Rows:
    """What changed at a source, oldest first."""
    viewer = viewer_of(request)
    source = query_parameters.known_source(archive, source, viewer)
    return {"rows": list(changes.changes_of(archive, source, first_night=since, only=kind, viewer=viewer))}


@API.get("/capture/{capture_id}")
def capture_row(request: Request, archive: ArchiveDependency, capture_id: str) -> Row:
    """One capture with everything known of it."""
    row: Row = or_404(captures.one_capture(archive, capture_id, viewer=viewer_of(request)))
    return row


@API.get("/record/{record_id}")
def record_row(request: Request, archive: ArchiveDependency, record_id: str) -> Row:
    """One record with its versions and sightings."""
    row: Row = or_404(search.one_record(archive, record_id, viewer=viewer_of(request)))
    return row


@API.get("/medium/{sha256}/similar")
def similar_rows(request: Request, archive: ArchiveDependency, sha256: str) -> Rows:
    """Media that are similar to one of the archive."""
    or_404(media.one_medium(archive, sha256, viewer=viewer_of(request)))
    digest = or_404(media.digest_of(sha256))
    return {"rows": list(similar_media.similar_media(archive, digest, viewer=viewer_of(request)))}
