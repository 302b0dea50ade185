"""Health and figures for machines: the only paths that ask for no user, and so outside the app of the pages.

In: requests below ``/health`` and for ``/metrics``. Out: whether this process lives, which every caller may know
and for which nothing is asked; whether the archive is ready, part by part, from an answer that is at most
`FRESH_S` old, so that nobody can load database and stores by asking; the figures for Prometheus, to whoever
brings the token of the settings. Every other request goes on to the app behind it. Guaranteed: no answer without
the token names a source, a case, a person, an address or a number of the archive.
"""

import hmac
import time
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from threading import Lock
from typing import Any, Final, Protocol

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from access.security_headers import OURS

LIVE: Final = "/health/live"
READY: Final = ("/health", "/health/ready")
METRICS: Final = "/metrics"

FRESH_S: Final = 5.0

NO_FIGURES: Final = (
    "This installation gives no figures: set LETAPIS_METRICS_TOKEN, at the API server and in the settings of the "
    "Prometheus that is to read them.\n"
)
FIGURES_CLOSED: Final = "Send the token of LETAPIS_METRICS_TOKEN as `Authorization: Bearer ...`.\n"


class OperationsDesk(Protocol):
    """What the pipeline knows of its own operation."""

    def readiness(self) -> Sequence[Mapping[str, Any]]:
        """One row a part: ``name``, ``state`` (``ok``, ``degraded``, ``failed``), ``reason``; may take seconds."""

    def metrics_token(self) -> str | None:
        """The token that opens the figures; None where nobody may read them."""

    def metrics(self) -> tuple[bytes, str]:
        """The figures of this moment, and their media type."""


class OperationsGate:
    """Middleware: answers for the machines, and hands every other request to ``app``."""

    def __init__(self, app: ASGIApp, *, desk: OperationsDesk) -> None:
        self.app = app
        self._desk = desk
        self._lock = Lock()
        self._known: tuple[float, Sequence[Mapping[str, Any]]] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        response = await self._response(Request(scope)) if scope["type"] == "http" else None
        await (self.app if response is None else response)(scope, receive, send)

    async def _response(self, request: Request) -> Response | None:
        path = request.url.path.removeprefix(request.scope.get("root_path", ""))
        if path not in (LIVE, *READY, METRICS):
            return None
        if request.method not in ("GET", "HEAD"):
            response: Response = PlainTextResponse(
                "Only GET is answered here.\n", HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": "GET, HEAD"}
            )
        elif path == LIVE:
            response = JSONResponse({"kind": "health", "live": True})
        elif path == METRICS:
            response = await run_in_threadpool(self._metrics, request.headers.get("authorization", ""))
        else:
            response = await run_in_threadpool(self._ready)
        response.headers.update(OURS)
        return response

    def _ready(self) -> Response:
        parts = self._parts()
        ready = all(part["state"] != "failed" for part in parts)
        row = {"kind": "health", "live": True, "ready": ready, "parts": list(parts)}
        return JSONResponse(row, HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE)

    def _parts(self) -> Sequence[Mapping[str, Any]]:
        """One caller looks, and the others wait for what it finds."""
        with self._lock:
            if self._known is None or time.monotonic() - self._known[0] > FRESH_S:
                parts = self._desk.readiness()
                self._known = (time.monotonic(), parts)  # counted from when it was found
            return self._known[1]

    def _metrics(self, header: str) -> Response:
        token = self._desk.metrics_token()
        if token is None:
            return PlainTextResponse(NO_FIGURES, HTTPStatus.NOT_FOUND)
        scheme, _, given = header.partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), token.encode()):
            headers = {"WWW-Authenticate": "Bearer"}
            return PlainTextResponse(FIGURES_CLOSED, HTTPStatus.UNAUTHORIZED, headers=headers)
        content, media_type = self._desk.metrics()
        return Response(content, headers={"Content-Type": media_type})
