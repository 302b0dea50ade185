"""The index of captures for other archives' tools: the CDX server API with pywb's parameters.

In: requests of a known user; ``url`` and what narrows it. Out: lines of text, JSON or links; only captures that
the user may see. A parameter that is not understood is refused with a sentence, never ignored. Source: pywb, CDX
Server API (version 2.10, read 2026-11).
"""

import re
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from access import query_parameters
from access.dependencies import ArchiveDependency
from access.query_parameters import Address
from access.rendering.templates import viewer_of
from access.rendering.translations import gettext
from access.routes.memento import addresses_of
from access.views.index_of_captures import as_cdxj, as_json_lines, as_links, as_text
from storage.queries.cdx import (
    FIELDS,
    CdxFilter,
    CdxOrder,
    CdxPatternError,
    CdxQuestion,
    MatchType,
    cdx_captures,
    cdx_count,
)

CDX: Final = APIRouter()

MOST_ROWS: Final = 10_000
PAGE_ROWS: Final = 1000

_FILTER = re.compile(r"(!?)([=~]?)([a-z]+):(.*)", re.DOTALL)
_COLLAPSE = re.compile(r"([a-z]+)(?::(\d{1,3}))?")

Digits = Annotated[str, Query(max_length=14, pattern=r"^\d*$")]
Output = Literal["cdxj", "json", "text", "link"]
TYPES: Final = {
    "cdxj": "text/x-cdxj",
    "json": "application/x-ndjson",
    "text": "text/plain",
    "link": "application/link-format",
}


@CDX.get("/cdx")
def cdx(
    request: Request,
    archive: ArchiveDependency,
    url: Address,
    since: Annotated[str, Query(alias="from", max_length=14, pattern=r"^\d*$")] = "",
    until: Annotated[str, Query(alias="to", max_length=14, pattern=r"^\d*$")] = "",
    match: Annotated[MatchType, Query(alias="matchType")] = "exact",
    filters: Annotated[tuple[str, ...], Query(alias="filter", max_length=20)] = (),
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = PAGE_ROWS,
    sort: Literal["", "reverse", "closest"] = "",
    closest: Digits = "",
    output: Output = "cdxj",
    fl: Annotated[str, Query(max_length=300)] = "",
    fields: Annotated[str, Query(max_length=300)] = "",
    collapse: Annotated[str, Query(max_length=40)] = "",
    collapse_time: Annotated[int | None, Query(alias="collapseTime", ge=1, le=14)] = None,
    number: Annotated[int, Query(alias="page", ge=0, le=100_000)] = 0,
    page_size: Annotated[int, Query(alias="pageSize", ge=1, le=MOST_ROWS)] = PAGE_ROWS,
    show_num_pages: Annotated[bool, Query(alias="showNumPages")] = False,
) -> Response:
    """Captures of an address, or of all below it."""
    viewer = viewer_of(request)
    bare = url.strip()
    if bare.endswith("*"):
        bare, match = bare[:-1], "prefix"
    elif bare.startswith("*."):
        bare, match = bare[2:], "domain"
    query_parameters.valid_url(bare)
    order: CdxOrder = "closest" if sort == "closest" or closest else "newest" if sort == "reverse" else "oldest"
    question = CdxQuestion(
        url=bare,
        match=match,
        since=earliest(since) if since else None,
        until=latest(until) if until else None,
        filters=tuple(_filter(each) for each in filters),
        order=order,
        closest=earliest(closest) if closest else datetime.now(UTC),
        collapse=_collapse(collapse)
        if collapse
        else None
        if collapse_time is None
        else ("timestamp", collapse_time),
    )
    names = _names(fl or fields)
    most, offset = min(limit, page_size), number * page_size
    if "page" not in request.query_params:
        most = limit
    try:
        with archive.reader.connect() as connection:
            if show_num_pages:
                pages = -(-cdx_count(connection, question, viewer=viewer) // page_size)
                return JSONResponse({"pages": pages, "pageSize": page_size, "blocks": pages})
            found = list(cdx_captures(connection, question, viewer=viewer, most=most, offset=offset))
    except CdxPatternError as problem:
        raise HTTPException(HTTPStatus.BAD_REQUEST, str(problem)) from problem
    if output == "link":
        where = addresses_of(request)
        text = as_links(
            found, bare, timegate=where.timegate(bare), timemap=where.timemap(bare), memento=where.memento
        )
    else:
        text = {"cdxj": as_cdxj, "json": as_json_lines, "text": as_text}[output](found, names)
    return Response(text, media_type=TYPES[output])


def earliest(digits: str) -> datetime:
    """The first moment of up to 14 digits; raises ``HTTPException`` (422)."""
    return _moment(digits, "00000101000000")


def latest(digits: str) -> datetime:
    """The last second of up to 14 digits; raises ``HTTPException`` (422)."""
    padded = digits + "99991231235959"[len(digits) :]
    if len(digits) == 6:  # a month, whose last day is not always the 31st
        for day in ("31", "30", "29", "28"):
            try:
                return _moment(f"{digits}{day}235959", padded).replace(microsecond=999_999)
            except HTTPException:
                continue
    return _moment(padded, padded).replace(microsecond=999_999)


def _moment(digits: str, pattern: str) -> datetime:
    try:
        return datetime.strptime(digits + pattern[len(digits) :], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        words = gettext("%(text)s is no moment. Write 4 to 14 digits: 2026 or 20261123201507.", text=digits)
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, words) from None


def _filter(text: str) -> CdxFilter:
    found = _FILTER.fullmatch(text)
    if found is None or found[3] not in FIELDS or len(text) > 500:
        words = gettext(
            "This is not a filter: %(text)s. Write [!][=|~]FIELD:VALUE, as `!=status:200` or `~mime:text/.*`, "
            "with a field of %(fields)s.",
            text=text[:200],
            fields=", ".join(FIELDS),
        )
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, words)
    operator = {"": "contains", "=": "is", "~": "matches"}[found[2]]
    return CdxFilter(found[3], operator, found[4], bool(found[1]))  # type: ignore[arg-type]  # one of the three


def _collapse(text: str) -> tuple[str, int | None]:
    found = _COLLAPSE.fullmatch(text)
    if found is None or found[1] not in FIELDS:
        words = gettext(
            "%(text)s cannot be collapsed on. Write FIELD or FIELD:LENGTH, as `timestamp:8`.", text=text
        )
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, words)
    return found[1], None if found[2] is None else int(found[2])


def _names(text: str) -> tuple[str, ...]:
    wanted = tuple(filter(None, (name.strip() for name in text.split(",")))) or tuple(FIELDS)
    if unknown := [name for name in wanted if name not in FIELDS]:
        words = gettext(
            "There is no field %(name)s. The fields are %(fields)s.", name=unknown[0], fields=", ".join(FIELDS)
        )
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, words)
    return wanted
