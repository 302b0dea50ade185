"""The parameters of requests: their types and limits, and one page of a long list of results.

In: query strings. Out: valid values; FastAPI or a function here refuses the others, and `access.app` says so in a
sentence.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from http import HTTPStatus
from typing import Annotated, Any, Final, get_args
from urllib.parse import urlencode

from fastapi import Depends, Query
from fastapi import Path as PathParameter
from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError
from starlette.exceptions import HTTPException

from access.answers.captures import CAPTURE_ID
from access.last_visit import WindowName
from access.rendering.translations import gettext
from access.views.changes import sources_of
from processors.kinds import record_kinds
from processors.records.own_record import is_own_kind
from processors.urls import is_address
from storage.access_labels import Viewer
from storage.archive import Archive
from storage.ledger.assessments import VerificationStatus
from storage.queries.changes import ChangeKind
from storage.queries.stored_changes import ChangeQuestion
from storage.search_index.question import FACETS, PAGE_KIND, Facet, HistogramUnit, Order, SearchQuery

CHANGE_KINDS: Final[tuple[str, ...]] = get_args(ChangeKind)

_OrNone = BeforeValidator(lambda value: value or None)
"""A form that leaves a field empty sends an empty text."""


def _known_kinds(kinds: tuple[str, ...]) -> tuple[str, ...]:
    """Names of kinds of records; an operator's own is taken as it is. The error is that of a ``Literal``."""
    known = (*record_kinds(), PAGE_KIND)
    if any(kind not in known and not is_own_kind(kind) for kind in kinds):
        named = [f"'{name}'" for name in known]
        expected = " or ".join((", ".join(named[:-1]), named[-1]))
        raise PydanticCustomError("literal_error", "Input should be {expected}", {"expected": expected})
    return kinds


def _filled(values: tuple[str, ...]) -> tuple[str, ...]:
    """The values that are not empty: a form that leaves a field empty sends an empty text."""
    return tuple(value.strip() for value in values if value.strip())


Text = Annotated[
    str,
    Query(max_length=500, description='Words, "phrases", -word to exclude, or.', examples=["суд -районный"]),
]
Address = Annotated[
    str,
    Query(
        max_length=8000,
        description="A URL, or the beginning of one; of the access log, the id of what was looked at.",
        examples=["https://news.example/square"],
    ),
]
SourceId = Annotated[str, Query(max_length=64, description="The id of a source.", examples=["kanal"])]
_Dated = Annotated[date, Field(ge=date(1000, 1, 1), le=date(2999, 12, 31))]
"""A source may be old; a day outside is a typing error, and the calendar itself ends soon after."""
Day = Annotated[_Dated | None, _OrNone, Query(description="A day in UTC.", examples=["2026-11-23"])]
Kinds = Annotated[
    tuple[str, ...],
    AfterValidator(_known_kinds),
    AfterValidator(_filled),
    Query(max_length=20, description="Kinds of records: any of them.", examples=[["article", "hearing"]]),
]
Chosen = Annotated[
    tuple[Annotated[str, Field(max_length=500)], ...],
    AfterValidator(_filled),
    Query(max_length=50, description="Chosen values of this facet: any of them."),
]
"""The chosen values of a facet: any of them."""
Facets = Annotated[tuple[Facet, ...], Query(alias="facet", description="Count the values of these facets.")]
HistogramOf = Annotated[HistogramUnit | None, _OrNone, Query(description="Count by time, in this unit.")]
Statuses = Annotated[
    tuple[VerificationStatus, ...],
    Query(description="Verification statuses: any of them.", examples=[["verified", "disputed"]]),
]
Change = Annotated[ChangeKind | None, _OrNone, Query(description="Only changes of this kind.")]
OrderOf = Annotated[Order, Query(description="The best matches first, the newest or the oldest.")]
Markup = Annotated[bool, Query(description="Whether the markup of a page is given instead of its text.")]
Switch = Annotated[bool, Query(description="Switches this way of searching on or off.")]
Window = Annotated[WindowName, Query(description="Since when: the last visit, a day, a week.")]
PageNumber = Annotated[int, Query(alias="page", ge=1, le=100_000)]
RowsOfPage = Annotated[int, Query(alias="rows", ge=1, le=100, description="How many rows a page has.")]
Most = Annotated[int, Query(ge=1, le=1000, description="The largest number of rows to answer with.")]
MostOrAll = Annotated[
    int | None, Query(ge=1, le=100_000, description="The largest number of rows to answer with; without it, all.")
]
"""For lists that are answered whole where nobody asks for a part."""
Offset = Annotated[
    int, Query(ge=0, le=10_000_000, description="How many rows to skip: `next_offset` of the page before.")
]
CaptureId = Annotated[
    str,
    PathParameter(description="The id of a capture.", examples=[CAPTURE_ID]),
]
RecordId = Annotated[str, PathParameter(description="The id of a record.", examples=["9f" * 32])]
RequestId = Annotated[
    str, PathParameter(description="The id of a request.", examples=["01JD5PZ4T2V8M6Q3R9S7W1X0YA"])
]
RepeatId = Annotated[
    str, PathParameter(description="The id of a repeat.", examples=["01JD5PZ4T2V8M6Q3R9S7W1X0YA"])
]
Sha256 = Annotated[
    str, PathParameter(description="The digest of a picture or video.", examples=[f"sha256:{'9f' * 32}"])
]


@dataclass(frozen=True, slots=True)
class Paging:
    """The position of a page in a long list. ``query`` is the query string without the number of the page."""

    number: int
    size: int
    total: int
    query: str

    @property
    def first(self) -> int:
        """Number of the first row shown, from 1."""
        return (self.number - 1) * self.size + 1

    @property
    def last(self) -> int:
        """Number of the last row shown."""
        return min(self.number * self.size, self.total)

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return -(-self.total // self.size)


def query_string(**values: Any) -> str:
    """A query string of the values that are not empty; of several, one parameter for each."""
    given = {
        name: list(map(str, value)) if isinstance(value, tuple) else str(value)
        for name, value in values.items()
        if value
    }
    return urlencode(given, doseq=True)


def parse_search(
    q: Text = "",
    kind: Kinds = (),
    source: Chosen = (),
    court: Chosen = (),
    judge: Chosen = (),
    article: Chosen = (),
    status: Chosen = (),
    outcome: Chosen = (),
    language: Chosen = (),
    media_type: Chosen = (),
    year: Chosen = (),
    verification: Statuses = (),
    since: Day = None,
    until: Day = None,
    order: OrderOf = "best",
    typing_errors: Switch = False,
    names: Switch = False,
    fold_names: Switch = True,
    pages: Switch = True,
) -> tuple[SearchQuery, str]:
    """The search that a form describes, and its query string; raises ``HTTPException`` (422)."""
    days_in_order(since, until)
    query = SearchQuery(
        text=q.strip(),
        kind=kind,
        source=source,
        court=court,
        judge=judge,
        article=article,
        status=status,
        outcome=outcome,
        language=language,
        media_type=media_type,
        year=year,
        verification=tuple(map(str, verification)),
        since=since,
        until=until,
        order=order,
        typing_errors=typing_errors,
        names=names,
        fold_names=fold_names,
        pages=pages,
    )
    return query, search_string(query)


def search_string(query: SearchQuery) -> str:
    """The query string that describes a search: a link that can be shared."""
    return query_string(
        q=query.text,
        **{facet: query.values(facet) for facet in FACETS},
        since=query.since,
        until=query.until,
        order=None if query.order == "best" else query.order,
        typing_errors="true" if query.typing_errors else None,
        names="true" if query.names else None,
        fold_names=None if query.fold_names else "false",
        pages=None if query.pages else "false",
    )


ParsedSearch = Annotated[tuple[SearchQuery, str], Depends(parse_search)]
"""A search and its query string, from the parameters of a request."""


def valid_url(url: str) -> str:
    """The URL; raises ``HTTPException`` (422) for other text: "no capture" would not be a true answer to it."""
    if not is_address(url):
        words = gettext(
            "This is not a URL: %(text)s. Write a URL like this: https://example.org/page", text=url[:200]
        )
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, words)
    return url


def known_source(archive: Archive, source: str, viewer: Viewer) -> str:
    """The source; raises ``HTTPException`` (404) for one of which the archive has nothing, or nothing for them."""
    if source not in sources_of(archive, viewer=viewer):
        words = gettext("The archive has no files of a source %(source)s. Check its name.", source=source)
        raise HTTPException(HTTPStatus.NOT_FOUND, words)
    return source


def change_question(
    archive: Archive, viewer: Viewer, source: str, since: date | None, until: date | None, kind: ChangeKind | None
) -> ChangeQuestion:
    """The changes that a form asks for; raises ``HTTPException``: 404 for an unknown source, 422 for days in a
    wrong order.
    """
    days_in_order(since, until)
    if source:
        known_source(archive, source, viewer)
    return ChangeQuestion(
        source_id=source or None,
        since=None if since is None else datetime.combine(since, time(tzinfo=UTC)),
        until=None if until is None else datetime.combine(until, time(tzinfo=UTC)) + timedelta(days=1),
        kind=kind,
    )


def days_in_order(since: date | None, until: date | None) -> None:
    """Raise ``HTTPException`` (422) where the first day is after the last."""
    if since is not None and until is not None and since > until:
        words = gettext(
            "The first day, %(since)s, is after the last day, %(until)s. Exchange the two.",
            since=since,
            until=until,
        )
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, words)
