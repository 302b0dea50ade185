"""What a browser requested for a page: the page, its frames, its workers, its service workers and WebSockets.

In: a context and the tab in it, before the tab goes anywhere. Out: `BrowserRequest` for each request, in the order
in which they were made, with what came of it as the browser saw it. Requests that never leave the browser
(``data:``, ``blob:``) are left out. What the recorder kept of them, `crawlers.recorder.page_accounts` adds.
"""

from dataclasses import dataclass
from typing import Final

from playwright.async_api import BrowserContext, Page, Request, Response, WebSocket

MOST_REQUESTS: Final = 10_000
"""A page that never rests is cut here; ``left_out`` counts the rest."""

SENT: Final = ("http://", "https://", "ws://", "wss://")

REDIRECTED_INSIDE: Final = "non-authoritative-reason"
"""The header of a response that no server gave: the browser itself went to another address, as HSTS demands."""


@dataclass(slots=True)
class BrowserRequest:
    """One request. ``status`` and ``mime`` are None without a response; ``error`` is the browser's word for why.

    ``type`` is the browser's (``document``, ``image``, ``fetch``, ``ping``, ``websocket`` ...). ``inside`` says
    why the response came from the browser itself and no server got the request; ``by_service_worker``: a service
    worker made it, or it is the script of one.
    """

    method: str
    url: str
    type: str
    status: int | None = None
    mime: str | None = None
    error: str | None = None
    inside: str | None = None
    by_service_worker: bool = False
    finished: bool = False


class RequestLog:
    """Listens from now until ``close``."""

    def __init__(self, context: BrowserContext, tab: Page) -> None:
        self.requests: list[BrowserRequest] = []
        self.left_out = 0
        self.script_errors = 0
        self._context = context
        self._of: dict[Request, BrowserRequest] = {}
        context.on("request", self._on_request)
        context.on("response", self._on_response)
        context.on("requestfinished", self._on_finished)
        context.on("requestfailed", self._on_failed)
        tab.on("websocket", self._on_websocket)
        tab.on("pageerror", self._on_script_error)

    def close(self) -> None:
        """Listen no more; what has not come to its end stays as it is."""
        self._context.remove_listener("request", self._on_request)
        self._context.remove_listener("response", self._on_response)
        self._context.remove_listener("requestfinished", self._on_finished)
        self._context.remove_listener("requestfailed", self._on_failed)

    def _on_request(self, request: Request) -> None:
        entry = self._entry(request.method, request.url, request.resource_type)
        if entry is not None:
            entry.by_service_worker = request.service_worker is not None
            self._of[request] = entry

    def _on_response(self, response: Response) -> None:
        entry = self._of.get(response.request)
        if entry is None:
            return
        entry.status = response.status
        entry.mime = response.headers.get("content-type", "").partition(";")[0].strip().lower() or None
        if response.from_service_worker:
            entry.inside = "answered by the page's own service worker"
        elif REDIRECTED_INSIDE in response.headers:
            entry.inside = f"redirected by the browser itself ({response.headers[REDIRECTED_INSIDE]})"

    def _on_finished(self, request: Request) -> None:
        entry = self._of.get(request)
        if entry is not None:
            entry.finished = True

    def _on_failed(self, request: Request) -> None:
        entry = self._of.get(request)
        if entry is not None:
            entry.error, entry.finished = request.failure or "failed without a reason", True

    def _on_websocket(self, socket: WebSocket) -> None:
        entry = self._entry("GET", socket.url, "websocket")
        if entry is None:
            return

        def failed(error: str) -> None:
            entry.error, entry.finished = error, True

        def closed(_: WebSocket) -> None:
            entry.finished = True

        socket.on("socketerror", failed)
        socket.on("close", closed)

    def _on_script_error(self, _: object) -> None:
        self.script_errors += 1

    def _entry(self, method: str, url: str, kind: str) -> BrowserRequest | None:
        if not url.lower().startswith(SENT):
            return None
        if len(self.requests) >= MOST_REQUESTS:
            self.left_out += 1
            return None
        entry = BrowserRequest(method, url.partition("#")[0], kind)
        self.requests.append(entry)
        return entry
