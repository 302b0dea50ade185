"""Requests of people to archive something, and what came of each address, for those who may know of them.

In: the archive, the id of a request, whom the answer is for. Out: JSON-ready rows. That somebody looked at a
request stands in the access log first.
"""

from dataclasses import asdict
from typing import Any, Final

from crawlers.model.iso_time import time_text
from storage.access_labels import EVERYONE, Viewer
from storage.archive import Archive
from storage.ledger.access_log import log_access
from storage.ledger.memberships import cases_of
from storage.ledger.refused_lines import refused_lines
from storage.ledger.requests import (
    Request,
    RequestUnknownError,
    request_by_id,
    requests_seen,
    results_of_request,
)

OF_RESULT: Final = (
    "status",
    "outcome",
    "outcome_reason",
    "captures",
    "preserved",
    "preserved_reason",
    "videos",
    "linked",
)
"""What a row says of a result besides its capture and its problem."""


def newest(
    archive: Archive, *, viewer: Viewer = EVERYONE, most: int = 50, offset: int = 0
) -> list[dict[str, Any]]:
    """Requests, the newest first, without results."""
    with archive.reader.connect() as connection:
        found = requests_seen(connection, viewer=viewer, limit=most, offset=offset)
    return [request_row(each) for each in found]


def one_request(archive: Archive, request_id: str, *, viewer: Viewer = EVERYONE) -> dict[str, Any] | None:
    """One request with ``results``, a row for each address, and ``refused``, one for each line that was not taken;
    None where the viewer may know of no such request.
    """
    try:
        with archive.reader.connect() as connection:
            found = request_by_id(connection, request_id, viewer=viewer)
            results = results_of_request(connection, request_id)
            refused = refused_lines(connection, request_id)
    except RequestUnknownError:
        return None
    log_access(archive, actor=viewer.name, action="viewed", subject_id=found.id)
    rows = []
    for number, url in enumerate(found.urls):
        result = results.get(number)
        details = {} if result is None else result.details
        rows.append(
            {
                "url": url,
                "at": None if result is None else time_text(result.at),
                "crawl_id": None if result is None else result.crawl_id,
                "capture_id": None if result is None else result.capture_id,
                "problem": None if result is None else result.problem,
                **{name: details.get(name) for name in OF_RESULT},
            }
        )
    return request_row(found) | {"results": rows, "refused": [asdict(each) for each in refused]}


def own_cases(archive: Archive, viewer: Viewer) -> list[str]:
    """The cases of which the viewer is a member."""
    with archive.reader.connect() as connection:
        return [case.reference for case in cases_of(connection, viewer.name)]


def request_row(request: Request) -> dict[str, Any]:
    """A request as JSON-ready values."""
    return {
        "kind": "request",
        "id": request.id,
        "at": time_text(request.at),
        "actor": request.actor,
        "urls": list(request.urls),
        "reason": request.reason,
        "case_reference": request.case_reference,
        "confidential": request.confidential,
        "engine": request.engine,
        "egress": request.egress,
        "video": request.video,
        "profile": request.profile,
        "follow": request.follow,
    }
