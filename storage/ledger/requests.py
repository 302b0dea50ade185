"""Requests of people to archive something: who, which addresses, why, for which case; and what came of each.

In: a connection of the writer or reader, and whom the answer is for. Out: `Request`, `RequestResult`. Guaranteed:
appended to the ledger in the caller's transaction, never changed; nothing of it is ever written into a WARC. A
confidential request has its case's label, and so has whatever is captured for it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select
from ulid import ULID

from storage.access_labels import DEFAULT_LABEL, EVERYONE, Viewer, visible_to
from storage.errors import StorageError
from storage.ledger.refused_lines import KEY, RefusedLine, insert_refused
from storage.ledger.tables import request_results, requests

WITH_VIDEO: Final = "+video"
"""Ends the engine of a request in the ledger that is to be fetched with video and audio behind players, so that
rows, sealed batches and views of requests keep their form.
"""

WITH_PROFILE: Final = "+profile:"
"""Stands between the engine in the ledger and the name of the login profile with which it is to be fetched."""


FOLLOWING: Final = "+follow"
"""Stands behind that, with a number: so many pages to which each page links were wanted, too."""


class RequestUnknownError(StorageError):
    """No request has this id; whoever passes it on looks up where it came from."""

    def __init__(self, request_id: str) -> None:
        super().__init__(f"Request {request_id}: not in the ledger; nothing was fetched for it.")
        self.request_id = request_id


@dataclass(frozen=True, slots=True)
class Request:
    """What ``actor`` requested at ``at``; ``reason`` and ``case_reference`` are None where none was given.

    ``engine`` and ``egress`` say how it is fetched; ``egress`` is None for going directly. ``video``: with video
    and audio behind players. ``profile`` is the name of the login profile with which the browser loads the pages.
    and audio behind players. ``follow``: with so many pages of its host to which each page links.
    """

    id: str
    at: datetime
    actor: str
    urls: tuple[str, ...]
    reason: str | None
    case_reference: str | None
    access_label: str = DEFAULT_LABEL
    engine: str = "http"
    egress: str | None = None
    video: bool = False
    profile: str | None = None
    follow: int = 0

    @property
    def confidential(self) -> bool:
        """Whether only those find it to whom its label is granted."""
        return self.access_label != DEFAULT_LABEL


@dataclass(frozen=True, slots=True)
class RequestResult:
    """What came of the address ``number`` (from 0) of a request.

    ``capture_id`` is None where the page was not captured; ``problem`` then says why. ``details`` are the keys of
    `pipeline.collect.archived.Archived`, empty where the work broke off.
    """

    request_id: str
    number: int
    at: datetime
    crawl_id: str | None
    capture_id: str | None
    problem: str | None
    details: Mapping[str, Any]


def insert_request(
    connection: Connection,
    *,
    actor: str,
    urls: Sequence[str],
    reason: str | None = None,
    case_reference: str | None = None,
    access_label: str = DEFAULT_LABEL,
    engine: str = "http",
    egress: str | None = None,
    video: bool = False,
    profile: str | None = None,
    follow: int = 0,
    request_id: str | None = None,
    refused: Sequence[RefusedLine] = (),
) -> Request:
    """Append the request, under a new id (ULID) where ``request_id`` gives none, and what was refused of it."""
    request = Request(
        request_id or str(ULID()),
        datetime.now(UTC),
        actor,
        tuple(urls),
        reason,
        case_reference,
        access_label,
        engine,
        egress,
        video,
        profile,
        follow,
    )
    connection.execute(
        insert(requests).values(
            id=request.id,
            at=request.at,
            actor=request.actor,
            urls=list(request.urls),
            reason=request.reason,
            case_reference=request.case_reference,
            access_label=request.access_label,
            engine=ledger_engine(engine, video=video, profile=profile)
            + (f"{FOLLOWING}{follow}" if follow else ""),
            egress=request.egress,
        )
    )
    insert_refused(connection, request.id, len(request.urls), refused)
    return request


def request_by_id(connection: Connection, request_id: str, *, viewer: Viewer = EVERYONE) -> Request:
    """The request; raises `RequestUnknownError`, also for one of which the viewer may not know."""
    query = select(requests).where(requests.c.id == request_id, visible_to(viewer, requests.c.access_label))
    row = connection.execute(query).first()
    if row is None:
        raise RequestUnknownError(request_id)
    return _request_of(row)


def requests_seen(connection: Connection, *, viewer: Viewer, limit: int, offset: int = 0) -> tuple[Request, ...]:
    """Requests of which the viewer may know, the newest first."""
    query = select(requests).where(visible_to(viewer, requests.c.access_label))
    query = query.order_by(requests.c.at.desc(), requests.c.id.desc()).limit(limit).offset(offset)
    return tuple(_request_of(row) for row in connection.execute(query))


def insert_result(
    connection: Connection,
    request_id: str,
    number: int,
    *,
    crawl_id: str | None = None,
    capture_id: str | None = None,
    problem: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Append what came of one address; a second try appends a second row."""
    connection.execute(
        insert(request_results).values(
            id=str(ULID()),
            request_id=request_id,
            number=number,
            at=datetime.now(UTC),
            crawl_id=crawl_id,
            capture_id=capture_id,
            problem=problem,
            details=dict(details or {}),
        )
    )


def results_of_request(connection: Connection, request_id: str) -> Mapping[int, RequestResult]:
    """The newest result of each address that has one, by its number; ask for the request itself first."""
    query = select(request_results).where(
        request_results.c.request_id == request_id, ~request_results.c.details.has_key(KEY)
    )
    rows = connection.execute(query.order_by(request_results.c.at, request_results.c.id))
    return {
        row.number: RequestResult(
            row.request_id, row.number, row.at, row.crawl_id, row.capture_id, row.problem, row.details
        )
        for row in rows
    }


def ledger_engine(engine: str, *, video: bool = False, profile: str | None = None) -> str:
    """The engine as the ledger has it, with what else was chosen."""
    with_profile = "" if profile is None else f"{WITH_PROFILE}{profile}"
    return f"{engine}{with_profile}{WITH_VIDEO if video else ''}"


def chosen_engine(written: str) -> tuple[str, bool, str | None]:
    """What `ledger_engine` has written: the engine, whether with video, the login profile or None."""
    engine, _, profile = written.removesuffix(WITH_VIDEO).partition(WITH_PROFILE)
    return engine, written.endswith(WITH_VIDEO), profile or None


def _request_of(row: Row[Any]) -> Request:
    chosen, _, follow = row.engine.partition(FOLLOWING)
    engine, video, profile = chosen_engine(chosen)
    return Request(
        row.id,
        row.at,
        row.actor,
        tuple(row.urls),
        row.reason,
        row.case_reference,
        row.access_label,
        engine,
        row.egress,
        video,
        profile,
        int(follow or 0),
    )
