"""The pages: the first one, search, captures of a URL, changes, one capture, one record.

In: requests of a known user. Out: HTML with every value escaped, or archived bytes to save. Each function gets its
values from a module of `access.views`, and shows them.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from itertools import groupby
from typing import Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.exceptions import HTTPException

from access import query_parameters
from access.dependencies import ArchiveDependency
from access.last_visit import VISITS_COOKIE, VISITS_KEPT_S, WINDOWS, Visits
from access.query_parameters import (
    Address,
    Change,
    Day,
    Markup,
    PageNumber,
    Paging,
    ParsedSearch,
    RowsOfPage,
    SourceId,
    Window,
    query_string,
)
from access.rendering import csv_export
from access.rendering.citation import citation
from access.rendering.date_histogram import date_histogram
from access.rendering.templates import or_404, page, viewer_of
from access.rendering.translations import gettext
from access.search_links import ROWS, SearchLinks
from access.security_headers import archived
from access.views import captures, changes, home, payload, search
from access.views import search_page as search_page_values
from access.views.captures import ArchivedBytes
from access.views.custody_proof import capture_proof
from access.views.media import media_of_record
from access.views.surroundings import around_capture, around_record, cited_facts
from storage.archive import Archive
from storage.deposit.record_reader import BlockTooLargeError
from storage.log.custody_proof import NotYetProvedError
from storage.search_index.question import FACETS

LAST_PAGED: Final = 10_000
"""Results that can be paged through; what lies behind them is reached by narrowing."""
PAGE_OF_CAPTURES: Final = 100
PAGE_OF_CHANGES: Final = 200

SEARCH_FIELDS: Final = frozenset({"q", "since", "until", "order", "page", *FACETS})
"""The parameters by which a search is known that is asked for under the address of the first page."""

PAGES: Final = APIRouter(default_response_class=HTMLResponse)


@PAGES.get("/")
def home_page(request: Request, archive: ArchiveDependency, window: Window = "day") -> Response:
    """What changed lately at all sources; a search, which had this address before, is sent on to its page."""
    if SEARCH_FIELDS & set(request.query_params):
        return RedirectResponse(
            f"{request.scope.get('root_path', '')}/search?{request.url.query}", HTTPStatus.TEMPORARY_REDIRECT
        )
    viewer = viewer_of(request)
    visits = Visits.of_cookie(request.cookies.get(VISITS_COOKIE), datetime.now(UTC))
    found = home.home(archive, visits.since(window), viewer=viewer)
    content = {
        "home": found,
        "thumbnails": home.thumbnails_of(found),
        "window": window,
        "windows": WINDOWS,
        "visit_known": visits.before is not None,
    }
    answer = page(request, "home.html", content, here="home")
    answer.set_cookie(
        VISITS_COOKIE,
        visits.as_cookie(),
        max_age=VISITS_KEPT_S,
        path=request.scope.get("root_path", "") or "/",
        httponly=True,
        samesite="lax",
    )
    return answer


@PAGES.get("/search")
def search_page(
    request: Request,
    archive: ArchiveDependency,
    search_form: ParsedSearch,
    number: PageNumber = 1,
    rows: RowsOfPage = ROWS[0],
) -> Response:
    """The form of a search, and its results where something is asked for."""
    viewer = viewer_of(request)
    asked, query = search_form
    links = SearchLinks(asked, rows)
    form: dict[str, Any] = {"query": asked, "links": links, "rows_choices": ROWS, "last_paged": LAST_PAGED}
    if not query:
        groups = links.facets(search_page_values.beginnings(archive, viewer=viewer))
        return page(request, "search.html", form | {"found": None, "groups": groups}, here="search")
    offset = (number - 1) * rows
    if offset >= LAST_PAGED:
        raise HTTPException(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            gettext(
                "Only the first %(most)s can be paged through. Narrow the search by date to see the others.",
                most=LAST_PAGED,
            ),
        )
    found = search_page_values.found_with_facets(archive, asked, viewer=viewer, most=rows, offset=offset)
    content = form | {
        "found": found,
        "groups": links.facets(found.facets),
        "drawing": None if found.histogram is None else date_histogram(found.histogram),
        "pictures": search_page_values.small_pictures(archive, found.rows, viewer=viewer),
        "paging": Paging(number, rows, min(found.total, LAST_PAGED), links.to()),
        "exported": query,
    }
    return page(request, "search.html", content, here="search")


@PAGES.get("/search.csv")
def search_csv(
    request: Request,
    archive: ArchiveDependency,
    search_form: ParsedSearch,
) -> Response:
    """The results of a search as CSV."""
    asked, _ = search_form
    found = search.found(archive, asked, viewer=viewer_of(request), most=csv_export.MOST_ROWS)
    return csv_export.as_csv(found.rows, csv_export.FOUND, name="search")


@PAGES.get("/captures")
def captures_page(
    request: Request, archive: ArchiveDependency, url: Address = "", number: PageNumber = 1
) -> Response:
    """The history of a page; with ``*`` at the end, the captured URLs that begin so; without a URL, the form."""
    url, viewer = url.strip(), viewer_of(request)
    if url.endswith("*"):
        return addresses_page(request, archive, url, number)
    if url:
        query_parameters.valid_url(url)
    offset = (number - 1) * PAGE_OF_CAPTURES
    found = captures.timeline(archive, url, viewer=viewer, most=PAGE_OF_CAPTURES, offset=offset)
    paging = Paging(number, PAGE_OF_CAPTURES, found.total, query_string(url=url))
    copies = captures.copies_of_page(archive, url, viewer=viewer) if url and number == 1 else []
    content = {"url": url, "timeline": found, "paging": paging, "copies": copies}
    return page(request, "captures.html", content, here="captures")


def addresses_page(request: Request, archive: Archive, url: str, number: int) -> Response:
    """The captured URLs that begin as ``url`` does before its ``*``."""
    rows = captures.addresses(
        archive,
        url.rstrip("*"),
        viewer=viewer_of(request),
        most=PAGE_OF_CAPTURES + 1,
        offset=(number - 1) * PAGE_OF_CAPTURES,
    )
    content = {
        "url": url,
        "addresses": rows[:PAGE_OF_CAPTURES],
        "more": len(rows) > PAGE_OF_CAPTURES,
        "number": number,
        "query": query_string(url=url),
    }
    return page(request, "addresses.html", content, here="captures")


@PAGES.get("/captures.csv")
def captures_csv(request: Request, archive: ArchiveDependency, url: Address = "") -> Response:
    """The history of a page as CSV."""
    url = query_parameters.valid_url(url.strip())
    found = captures.timeline(archive, url, viewer=viewer_of(request), most=csv_export.MOST_ROWS)
    return csv_export.as_csv(found.rows, csv_export.CAPTURES, name="captures")


@PAGES.get("/changes")
def changes_page(
    request: Request,
    archive: ArchiveDependency,
    source: SourceId = "",
    since: Day = None,
    until: Day = None,
    kind: Change = None,
    number: PageNumber = 1,
) -> Response:
    """What changed at a source or at all of them, the newest night first."""
    viewer, source = viewer_of(request), source.strip()
    question = query_parameters.change_question(archive, viewer, source, since, until, kind)
    found = changes.newest_changes(
        archive, question, viewer=viewer, most=PAGE_OF_CHANGES, offset=(number - 1) * PAGE_OF_CHANGES
    )
    query = query_string(source=source, since=since, until=until, kind=kind)
    nights = groupby(found.rows, key=lambda row: row["night"])
    content = {
        "source": source,
        "since": since.isoformat() if since else "",
        "until": until.isoformat() if until else "",
        "kind": kind or "",
        "kinds": query_parameters.CHANGE_KINDS,
        "sources": changes.sources_of(archive, viewer=viewer),
        "found": found,
        "nights": [{"name": name, "rows": list(group)} for name, group in nights],
        "paging": Paging(number, PAGE_OF_CHANGES, found.total, query),
    }
    return page(request, "changes.html", content, here="changes")


@PAGES.get("/changes.csv")
def changes_csv(
    request: Request,
    archive: ArchiveDependency,
    source: SourceId = "",
    since: Day = None,
    until: Day = None,
    kind: Change = None,
) -> Response:
    """What changed at a source or at all of them as CSV, the newest first."""
    viewer = viewer_of(request)
    question = query_parameters.change_question(archive, viewer, source.strip(), since, until, kind)
    found = changes.newest_changes(archive, question, viewer=viewer, most=csv_export.MOST_ROWS)
    return csv_export.as_csv(found.rows, csv_export.CHANGES, name="changes")


@PAGES.get("/capture/{capture_id}")
def capture_page(request: Request, archive: ArchiveDependency, capture_id: str) -> Response:
    """One capture with everything known of it."""
    viewer = viewer_of(request)
    facts = or_404(captures.one_capture(archive, capture_id, viewer=viewer))
    title = facts["records"][0]["heading"] if len(facts["records"]) == 1 else None
    beside = {"citation": cited(request, facts, title), **around_capture(archive, facts, viewer=viewer)}
    return page(request, "capture.html", facts | beside)


@PAGES.get("/capture/{capture_id}/proof")
def proof_page(request: Request, archive: ArchiveDependency, capture_id: str) -> Response:
    """The entries of custody about one capture with proofs that they are in the log."""
    found = custody_proof_of(request, archive, capture_id)
    return page(request, "custody_proof.html", {"proof": found, "capture_id": capture_id})


@PAGES.get("/capture/{capture_id}/proof/file")
def proof_file(request: Request, archive: ArchiveDependency, capture_id: str) -> Response:
    """The same as the file that is handed over."""
    found = or_404(custody_proof_of(request, archive, capture_id))
    content = json.dumps(found, default=str, ensure_ascii=False).encode()
    name = f"custody-proof-{found['size']}-{found['entries'][0]['index'] + 1}.json"
    return to_save(ArchivedBytes((content,), len(content), "application/json", name))


def custody_proof_of(request: Request, archive: Archive, capture_id: str) -> dict[str, Any] | None:
    """The proof of a capture that this viewer may see; None where no checkpoint covers it yet."""
    or_404(captures.one_capture(archive, capture_id, viewer=viewer_of(request)))
    try:
        return capture_proof(archive, capture_id, viewer=viewer_of(request))
    except NotYetProvedError:
        return None


@PAGES.get("/capture/{capture_id}/text")
def payload_page(
    request: Request, archive: ArchiveDependency, capture_id: str, markup: Markup = False
) -> Response:
    """The content of a capture as text."""
    shown = or_404(payload.payload_text(archive, capture_id, as_markup=markup, viewer=viewer_of(request)))
    return page(request, "payload.html", {"shown": shown})


@PAGES.get("/capture/{capture_id}/raw")
def raw_record(request: Request, archive: ArchiveDependency, capture_id: str) -> Response:
    """The WARC record of a capture, byte for byte."""
    return to_save(or_404(captures.raw_record(archive, capture_id, viewer=viewer_of(request))))


@PAGES.get("/capture/{capture_id}/payload")
def payload_file(request: Request, archive: ArchiveDependency, capture_id: str) -> Response:
    """The content of a capture by itself."""
    try:
        return to_save(or_404(payload.payload_file(archive, capture_id, viewer=viewer_of(request))))
    except BlockTooLargeError as problem:
        words = gettext(
            "The content is larger than %(limit)s MB and cannot be downloaded by itself. Download the raw record.",
            limit=payload.SAVED_LIMIT_BYTES >> 20,
        )
        raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, words) from problem


@PAGES.get("/capture/{capture_id}/picture")
def captured_picture(request: Request, archive: ArchiveDependency, capture_id: str) -> Response:
    """A captured picture, for a page of the archive to show."""
    return to_save(or_404(captures.picture(archive, capture_id, viewer=viewer_of(request))))


@PAGES.get("/record/{record_id}")
def record_page(request: Request, archive: ArchiveDependency, record_id: str) -> Response:
    """One record with its versions and sightings."""
    viewer = viewer_of(request)
    found = or_404(search.one_record(archive, record_id, viewer=viewer))
    newest = found["versions"][-1]["sightings"][-1]
    media = media_of_record(
        archive, newest["content"], newest["exchange_capture_id"] or newest["capture_id"], viewer=viewer
    )
    content = {"record": found, **around_record(archive, found, media, viewer=viewer)}
    shown = or_404(cited_facts(archive, newest["exchange_capture_id"] or newest["capture_id"], viewer=viewer))
    content["citation"] = cited(request, shown, found["heading"])
    return page(request, "record.html", content)


def cited(request: Request, facts: Mapping[str, Any], title: str | None) -> str:
    """The line that cites a capture, with the address of its page in this archive."""
    base = f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}"
    address = f"{base}/capture/{quote(facts['capture']['id'], safe=':')}"
    return citation(facts, title=title, archive=gettext("Letapis archive"), address=address)


def to_save(file: ArchivedBytes) -> Response:
    """Archived bytes under the headers that keep them harmless."""
    return archived(
        file.content, media_type=file.media_type, file_name=file.file_name, length_bytes=file.length_bytes
    )
