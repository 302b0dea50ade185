"""Memento: the TimeGate, TimeMaps, and addresses of a page at a moment, for tools that go through time.

In: requests of a known user, the original address behind ours. Out: redirects, link lists, and our frame around
the page with the headers of a memento; only captures that the user may see. Source: RFC 7089 (pattern 2.1: a
TimeGate apart from the original, which answers 302).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from access import query_parameters
from access.dependencies import ArchiveDependency, ReplayDependency
from access.rendering.templates import or_404, viewer_of
from access.rendering.translations import gettext
from access.replay.index_lines import moment
from access.replay.pywb_source import time_of
from access.routes.replay import view_page
from access.views.index_of_captures import as_cdxj, as_json_lines, as_links, http_time, safe_address
from access.views.replayed_page import nearest_capture
from storage.catalogue.captures import Capture
from storage.queries.cdx import FIELDS, CdxQuestion, cdx_captures

MEMENTO: Final = APIRouter()

MOST_MEMENTOS: Final = 10_000
LONGEST: Final = 8000

_ONE_SLASH = re.compile(r"^(https?):/(?!/)", re.IGNORECASE)
Digits = Annotated[str, Path(max_length=14, pattern=r"^\d{4,14}$")]


@dataclass(frozen=True, slots=True)
class MementoAddresses:
    """Where TimeGate, TimeMap and mementos stand; ``base`` is the archive's own address, without a slash behind
    it.
    """

    base: str

    def timegate(self, url: str) -> str:
        """The TimeGate of an address."""
        return f"{self.base}/timegate/{url}"

    def timemap(self, url: str) -> str:
        """The TimeMap of an address."""
        return f"{self.base}/timemap/link/{url}"

    def memento(self, capture: Capture) -> str:
        """The page at the moment of a capture."""
        return f"{self.base}/web/{moment(capture.captured_at)}/{capture.url}"


def addresses_of(request: Request) -> MementoAddresses:
    """The addresses under which this request reached the archive."""
    return MementoAddresses(str(request.base_url).rstrip("/"))


@MEMENTO.get("/timegate/{url:path}")
def timegate(request: Request, archive: ArchiveDependency, url: str) -> Response:
    """To the memento nearest to ``Accept-Datetime``, by default the newest."""
    original = original_of(request, "/timegate/")
    wanted = _accepted(request.headers.get("accept-datetime"))
    found = or_404(nearest_capture(archive, original, wanted, viewer=viewer_of(request)))
    where = addresses_of(request)
    answer = RedirectResponse(safe_address(where.memento(found)), HTTPStatus.FOUND)
    answer.headers["Vary"] = "accept-datetime"
    answer.headers["Link"] = _links(where, original)
    return answer


@MEMENTO.get("/timemap/{form}/{url:path}")
def timemap(
    request: Request, archive: ArchiveDependency, form: Literal["link", "json", "cdxj"], url: str
) -> Response:
    """Every memento of an address, the oldest first."""
    original = original_of(request, f"/timemap/{form}/")
    with archive.reader.connect() as connection:
        question = CdxQuestion(url=original)
        found = list(cdx_captures(connection, question, viewer=viewer_of(request), most=MOST_MEMENTOS))
    or_404(found or None)
    if form == "json":
        return Response(as_json_lines(found, tuple(FIELDS)), media_type="application/x-ndjson")
    if form == "cdxj":
        return Response(as_cdxj(found, tuple(FIELDS)), media_type="text/x-cdxj")
    where = addresses_of(request)
    text = as_links(
        found,
        original,
        timegate=where.timegate(original),
        timemap=where.timemap(original),
        memento=where.memento,
    )
    return Response(text, media_type="application/link-format")


@MEMENTO.get("/web/{digits}/{url:path}")
def memento(
    request: Request, archive: ArchiveDependency, door: ReplayDependency, digits: Digits, url: str
) -> Response:
    """The page at a moment: of exactly that moment shown, of another sent on to the nearest."""
    original = original_of(request, f"/web/{digits}/")
    found = or_404(nearest_capture(archive, original, time_of(digits), viewer=viewer_of(request)))
    where = addresses_of(request)
    if moment(found.captured_at) != digits:
        answer: Response = RedirectResponse(safe_address(where.memento(found)), HTTPStatus.FOUND)
        answer.headers["Link"] = _links(where, original)
        return answer
    answer = view_page(request, archive, door, found.id)
    answer.headers["Memento-Datetime"] = http_time(found.captured_at)
    answer.headers["Link"] = _links(where, original, found)
    return answer


def original_of(request: Request, behind: str) -> str:
    """The address behind ours, as it was asked for, its query included; raises ``HTTPException`` (422)."""
    scope: Mapping[str, bytes] = request.scope
    path = scope["raw_path"].decode("latin-1").partition(behind)[2]
    query = scope["query_string"].decode("latin-1")
    found = _ONE_SLASH.sub(r"\1://", path + (f"?{query}" if query else ""))  # proxies make one slash of two
    if len(found) > LONGEST:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, gettext("The address is too long."))
    return query_parameters.valid_url(found)


def _accepted(header: str | None) -> datetime:
    if header is None:
        return datetime.now(UTC)
    try:
        found = parsedate_to_datetime(header)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        words = gettext("Accept-Datetime is no date. Write it like this: Mon, 23 Nov 2026 20:15:07 GMT.")
        raise HTTPException(HTTPStatus.BAD_REQUEST, words) from None


def _links(where: MementoAddresses, url: str, shown: Capture | None = None) -> str:
    links = [
        f'<{safe_address(url)}>; rel="original"',
        f'<{safe_address(where.timegate(url))}>; rel="timegate"',
        f'<{safe_address(where.timemap(url))}>; rel="timemap"; type="application/link-format"',
    ]
    if shown is not None:
        when = http_time(shown.captured_at)
        links.append(f'<{safe_address(where.memento(shown))}>; rel="memento"; datetime="{when}"')
    return ", ".join(links)
