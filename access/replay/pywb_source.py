"""What pywb asks back on loopback: index lines and records, for a slot that a request holds at this moment.

In: a secret in the path that only pywb's configuration has. Out: CDXJ lines of the captures that the slot's user
may see within the slot's crawl, and the records of those lines. Guaranteed: a slot that nobody holds gets nothing,
a record is given only if its line was, the database is asked anew for each request, and each capture is in the
access log of the archive before its bytes leave.
"""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from access.replay.archived_record import ReplayRecord, replay_record
from access.replay.capability import LIFETIME, ReplayCapability
from access.replay.index_lines import index_lines, moment
from access.replay.slots import Slot, Slots
from storage.archive import Archive
from storage.catalogue.captures import Capture
from storage.ledger.access_log import log_access
from storage.queries.replay import captures_beginning, captures_near


class PywbSource:
    """Answers to one pywb. ``secret`` stands first in every path.

    ``given`` is for a replay of our own code that shows nothing to anybody: it gets each capture whose record
    leaves, and the access log, which is about people, does not.
    """

    def __init__(
        self,
        secret: str,
        slots: Slots,
        open_archive: Callable[[], Archive],
        *,
        given: Callable[[Capture], None] | None = None,
    ) -> None:
        self._secret = secret
        self._slots = slots
        self._open_archive = open_archive
        self._given = given
        self._logged: dict[tuple[str, str, datetime], datetime] = {}

    def app(self) -> Starlette:
        """The ASGI application."""
        return Starlette(
            routes=[
                Route("/{secret}/index/{slot}", self.index, methods=["GET"]),
                Route("/{secret}/record/{slot}/{capture_id:path}", self.record, methods=["GET"]),
            ]
        )

    async def index(self, request: Request) -> Response:
        """Lines for the address that pywb looks for."""
        slot = self._slot(request)
        if slot is None or slot.capability is None:
            return _nothing()
        asked = request.query_params
        found = await run_in_threadpool(
            self._captures,
            slot.capability,
            asked.get("url", ""),
            asked.get("closest", ""),
            asked.get("matchType", ""),
        )
        slot.offered |= {capture.id: capture for capture in found}
        return PlainTextResponse(index_lines(found, slot=slot.name))

    async def record(self, request: Request) -> Response:
        """The record of a line that was given."""
        slot = self._slot(request)
        capture = None if slot is None else slot.offered.get(request.path_params["capture_id"])
        if slot is None or slot.capability is None or capture is None:
            return _nothing()
        found = await run_in_threadpool(self._record, slot.capability, capture)
        if found is None:
            return _nothing()
        return StreamingResponse(
            found.pieces, media_type="application/warc", headers={"Content-Length": str(found.length_bytes)}
        )

    def _slot(self, request: Request) -> Slot | None:
        given = request.path_params["secret"].encode()
        is_pywb = secrets.compare_digest(given, self._secret.encode())
        return self._slots.held(request.path_params["slot"]) if is_pywb else None

    def _captures(self, capability: ReplayCapability, url: str, closest: str, match: str) -> list[Capture]:
        at = time_of(closest)
        with self._open_archive().reader.connect() as connection:
            if match not in ("", "exact"):
                return list(
                    captures_beginning(connection, url, crawl_id=capability.crawl_id, viewer=capability.viewer)
                )
            found = list(
                captures_near(connection, url, at, crawl_id=capability.crawl_id, viewer=capability.viewer)
            )
        # what the reader has opened is shown, also where another capture of its address is as near
        first = [
            each for each in found if each.id == capability.capture_id and moment(each.captured_at) == closest
        ]
        return first + [each for each in found if each not in first]

    def _record(self, capability: ReplayCapability, capture: Capture) -> ReplayRecord | None:
        """The record of a capture whose visibility was asked for with its line, within the same request."""
        archive, viewer = self._open_archive(), capability.viewer
        if self._given is None:
            self._log(archive, capability, capture)
        record = replay_record(archive, capture, viewer=viewer)
        if self._given is not None and record is not None:
            self._given(capture)
        return record

    def _log(self, archive: Archive, capability: ReplayCapability, capture: Capture) -> None:
        viewer = capability.viewer
        seen = (viewer.name, capture.id, capability.expires_at)
        if seen not in self._logged:
            details = {"scripts": capability.scripts == "allowed"}
            log_access(archive, actor=viewer.name, action="replayed", subject_id=capture.id, details=details)
            self._remember(seen)

    def _remember(self, seen: tuple[str, str, datetime]) -> None:
        """Once in the log for each view of a page is enough; what has ended is forgotten."""
        now = datetime.now(UTC)
        if len(self._logged) > 10_000:
            self._logged = {key: until for key, until in self._logged.items() if until > now}
        self._logged[seen] = now + LIFETIME


def time_of(timestamp: str) -> datetime:
    """The moment of up to 14 digits, what is missing as early as can be; now for what is no moment."""
    padded = timestamp[:14] + "00000101000000"[len(timestamp) :]
    try:
        return datetime.strptime(padded, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return datetime.now(UTC)


def _nothing() -> Response:
    return PlainTextResponse("", HTTPStatus.NOT_FOUND)
