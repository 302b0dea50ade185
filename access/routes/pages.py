"""The pages: the first one, search, captures of a URL, changes at a source, one capture, one record.

In: requests of a known user. Out: HTML with every value escaped, or archived bytes to save. Each function gets its
values from `access.views.overview`, `access.views.search`, `access.views.captures` or `access.views.changes`, and
shows them.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus
from itertools import groupby
from typing import Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from access import query_parameters
from access.dependencies import ArchiveDependency
from access.query_parameters import (
    Address,
    Change,
    Day,
    Markup,
    PageNumber,
    Paging,
    ParsedSearch,
    SourceId,
    query_string,
)
from access.rendering import csv_export
from access.rendering.citation import citation
from access.rendering.templates import or_404, page, viewer_of
from access.rendering.translations import gettext
from access.security_headers import archived
from access.views import captures, changes, overview, payload, search
from access.views.captures import ArchivedBytes
from access.views.custody_proof import capture_proof
from access.views.media import media_of_record
from access.views.surroundings import around_capture, around_record, cited_facts
from storage.archive import Archive
from storage.deposit.record_reader import BlockTooLargeError
from storage.log.custody_proof import NotYetProvedError

PAGE_OF_RESULTS: Final = 50
PAGE_OF_CAPTURES: Final = 100
PAGE_OF_CHANGES: Final = 200

PAGES: Final = APIRouter(default_response_class=HTMLResponse)


@PAGES.get("/")
def first_page(
    request: Request,
    archive: ArchiveDependency,
    search_form: ParsedSearch,
    number: PageNumber = 1,
) -> Response:
    """The results of a search; without one, what the archive holds and how the last night went."""
    viewer = viewer_of(request)
    asked, query = search_form
    form: dict[str, Any] = {
        "values": query_parameters.form_values(asked),
        "kinds": search.kinds_of(archive, viewer=viewer),
        "sources": changes.sources_of(archive, viewer=viewer),
    }
    if not query:
        content = form | {"overview": overview.overview(archive, viewer=viewer)}
        return page(request, "overview.html", content, here="home")
    offset = (number - 1) * PAGE_OF_RESULTS
    found = search.found(archive, asked, viewer=viewer, most=PAGE_OF_RESULTS, offset=offset)
    paging = Paging(number, PAGE_OF_RESULTS, found.total, query)
    return page(request, "search.html", form | {"found": found, "paging": paging}, here="search")


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
    return page(request, "captures.html", {"url": url, "timeline": found, "paging": paging}, here="captures")


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
    kind: Change = None,
    number: PageNumber = 1,
) -> Response:
    """What changed at a source, the newest night first; without a source, the form."""
    viewer, source = viewer_of(request), source.strip()
    rows: list[dict[str, Any]] = []
    if source:
        query_parameters.known_source(archive, source, viewer)
        rows = list(changes.changes_of(archive, source, first_night=since, only=kind, viewer=viewer))[::-1]
    paging = Paging(number, PAGE_OF_CHANGES, len(rows), query_string(source=source, since=since, kind=kind))
    nights = groupby(rows[paging.first - 1 : paging.last], key=lambda row: row["night"])
    content = {
        "source": source,
        "since": since.isoformat() if since else "",
        "kind": kind or "",
        "kinds": query_parameters.CHANGE_KINDS,
        "sources": changes.sources_of(archive, viewer=viewer),
        "nights": [{"name": name, "rows": list(group)} for name, group in nights],
        "paging": paging,
    }
    return page(request, "changes.html", content, here="changes")


@PAGES.get("/changes.csv")
def changes_csv(
    request: Request, archive: ArchiveDependency, source: SourceId, since: Day = None, kind: Change = None
) -> Response:
    """What changed at a source as CSV."""
    viewer = viewer_of(request)
    source = query_parameters.known_source(archive, source.strip(), viewer)
    rows = changes.changes_of(archive, source, first_night=since, only=kind, viewer=viewer)
    return csv_export.as_csv(rows, csv_export.CHANGES, name="changes")


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
