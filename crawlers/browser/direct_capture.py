"""Takes what a browser receives while it shows a page in direct mode: each response as the browser decoded it.

In: the browser, a tab of it, the page id. Out: a ``BrowserExchange`` for each response, a ``Note`` for each
request without one, handed over while the page is loaded. All of the browser is listened to, since it shows one
page at a time: frames of other sites, workers and service workers as well. Requests over plain HTTP are left to
the recorder, which reads them itself. Entities are taken where they come from the network, before the page gets
them: the page's own process has decoded texts, and would write them anew (``Network.getResponseBody``). Source:
Chrome DevTools Protocol, domains Fetch and Network.
"""

import asyncio
import base64
import binascii
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

from playwright.async_api import Browser, CDPSession, Page
from playwright.async_api import Error as PlaywrightError

from crawlers.browser.direct_heads import head_text, request_head, response_head
from crawlers.browser.network_events import NetworkEvents
from crawlers.model.browser_exchange import BrowserExchange
from crawlers.model.capture import Note, NoteKind
from processors.pages.outcome import Outcome

MOST_BODY_BYTES: Final = 128 << 20
"""A body that announces more is not taken: the browser holds it in memory, and hands it over whole."""

SETTLE_S: Final = 20.0
"""How long bodies that are still coming are waited for when the page is left."""

STREAMS: Final = ("text/event-stream", "multipart/x-mixed-replace")
"""What has no end: the browser gives bodies whole, and the page would wait for it."""

REDIRECTS: Final = frozenset((301, 302, 303, 307, 308))
NO_BODY: Final = frozenset((204, 205, 304))

HandOver = Callable[[BrowserExchange], None]


class DirectCapture:
    """Listens from ``begin`` until ``settle``, which hands over what is left."""

    def __init__(
        self, browser: Browser, tab: Page, page_id: str, hand_over: HandOver, note: Callable[[Note], None]
    ) -> None:
        self._browser = browser
        self._tab = tab
        self._page_id = page_id
        self._hand_over = hand_over
        self._note = note
        self._events = NetworkEvents()
        self._main_frame = ""
        self._session: CDPSession | None = None
        self._taking: set[asyncio.Task[None]] = set()
        self._failure: Exception | None = None
        self.document: BrowserExchange | None = None
        """The response that the tab itself last went to, redirects aside."""

    async def begin(self) -> None:
        """Listen to all that the browser requests from now on. Raises Playwright's ``Error``."""
        tab = await self._tab.context.new_cdp_session(self._tab)
        await self._events.listen(tab)
        self._main_frame = (await tab.send("Page.getFrameTree"))["frameTree"]["frame"]["id"]
        self._session = session = await self._browser.new_browser_cdp_session()
        session.on("Fetch.requestPaused", self._on_paused)
        await session.send("Fetch.enable", {"patterns": [{"urlPattern": "*", "requestStage": "Response"}]})

    async def settle(self) -> None:
        """Wait for what is still coming, and stop listening. Raises what handing over raised."""
        session, self._session = self._session, None
        if self._taking:
            await asyncio.wait(set(self._taking), timeout=SETTLE_S)
        for task in tuple(self._taking):
            task.cancel()
        await asyncio.gather(*self._taking, return_exceptions=True)
        if session is not None:
            with suppress(PlaywrightError):  # it may have died, with all that it held
                await session.send("Fetch.disable")
                await session.detach()
        if self._failure is not None:
            raise self._failure

    def _on_paused(self, paused: Mapping[str, Any]) -> None:
        task = asyncio.ensure_future(self._pass_on(paused))
        self._taking.add(task)
        task.add_done_callback(self._passed_on)

    def _passed_on(self, task: asyncio.Task[None]) -> None:
        self._taking.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failure = self._failure or (error if isinstance(error, Exception) else None)

    async def _pass_on(self, paused: Mapping[str, Any]) -> None:
        arrived = datetime.now(UTC)
        session = self._session
        if session is None:
            return
        status, url = paused.get("responseStatusCode"), str(paused["request"]["url"])
        ours = url.startswith("https://")
        hop = self._events.next_hop(str(paused.get("networkId")))
        if status is None:
            await self._answer(session, "Fetch.continueRequest", paused)
            if ours:
                await self._hand_over_failure(paused, arrived)
            return
        body: bytes | None = None
        missing: str | None = "the page was left before the body had come to its end"
        try:
            if ours:
                body, missing = await self._body(session, paused)
            await self._answer(session, "Fetch.continueResponse", paused)
            came_at = datetime.now(UTC)
            from_cache = ours and await self._events.is_from_cache(str(paused.get("networkId")), hop)
        except asyncio.CancelledError:
            came_at, from_cache = datetime.now(UTC), False
        if ours and not from_cache:
            taken = self._exchange(paused, hop, body, missing, arrived, came_at)
            if paused["resourceType"] == "Document" and paused.get("frameId") == self._main_frame:
                self.document = taken
            await asyncio.shield(asyncio.to_thread(self._hand_over, taken))

    async def _body(self, session: CDPSession, paused: Mapping[str, Any]) -> tuple[bytes | None, str | None]:
        """The entity; where there is none to be had, why."""
        status, fields = int(paused["responseStatusCode"]), paused.get("responseHeaders") or ()
        if paused["request"]["method"] == "HEAD" or status in NO_BODY:
            return b"", None
        media_type = _value(fields, "content-type").partition(";")[0].strip().lower()
        announced = _value(fields, "content-length")
        if status in REDIRECTS and _value(fields, "location"):
            return (b"", None) if announced == "0" else (None, "browsers do not give the body of a redirect")
        if media_type in STREAMS:
            return None, f"the body of a stream ({media_type}) has no end and was not taken"
        if announced.isdecimal() and int(announced) > MOST_BODY_BYTES:
            return None, f"a body of {announced} bytes is more than is taken of a browser ({MOST_BODY_BYTES})"
        try:
            given = await session.send("Fetch.getResponseBody", {"requestId": paused["requestId"]})
            return base64.b64decode(given["body"]) if given["base64Encoded"] else given["body"].encode(), None
        except (PlaywrightError, binascii.Error) as error:
            return None, f"the browser gives no body: {str(error).splitlines()[0]}"

    def _exchange(
        self,
        paused: Mapping[str, Any],
        hop: int,
        body: bytes | None,
        missing: str | None,
        arrived: datetime,
        came_at: datetime,
    ) -> BrowserExchange:
        network_id, request = str(paused.get("networkId")), paused["request"]
        seen = self._events.seen(network_id, hop)
        sent, unsaid = _sent_body(request)
        head, left_out = response_head(
            int(paused["responseStatusCode"]),
            str(paused.get("responseStatusText") or ""),
            head_text(seen.response, paused.get("responseHeaders") or ()),
            body_length=None if body is None else len(body),
            keeps_length=request["method"] == "HEAD" or int(paused["responseStatusCode"]) in NO_BODY,
        )
        return BrowserExchange(
            page_id=self._page_id,
            url=str(request["url"]),
            request_head=request_head(request["method"], request["url"], seen.request or request["headers"]),
            request_body=sent,
            response_head=head,
            response_body=body,
            status=int(paused["responseStatusCode"]),
            protocol=seen.protocol,
            started_at=min(seen.started_at or arrived, arrived),
            first_byte_at=arrived,
            ended_at=came_at,
            tls=seen.tls,
            left_out=left_out,
            body_missing=missing,
            problem=unsaid,
        )

    async def _hand_over_failure(self, paused: Mapping[str, Any], at: datetime) -> None:
        request, reason = paused["request"], paused.get("responseErrorReason") or "no reason given"
        if reason == "Aborted":  # taken back by the page itself, as those are that it needs no more
            return
        note = Note(
            NoteKind.NO_RESPONSE,
            self._page_id,
            str(request["url"]),
            at,
            f"the browser got no answer: {reason}",
            outcome=Outcome.UNREACHABLE,
            request=request_head(request["method"], request["url"], request["headers"]),
        )
        await asyncio.to_thread(self._note, note)

    @staticmethod
    async def _answer(session: CDPSession, method: str, paused: Mapping[str, Any]) -> None:
        with suppress(PlaywrightError):  # the page may have taken the request back, or be gone
            await session.send(method, {"requestId": paused["requestId"]})


def _value(fields: Any, name: str) -> str:
    return next((str(each["value"]).strip() for each in fields if each["name"].lower() == name), "")


def _sent_body(request: Mapping[str, Any]) -> tuple[bytes, str | None]:
    """The body of a request; a sentence where the browser does not give all of it."""
    if not request.get("hasPostData"):
        return b"", None
    entries = request.get("postDataEntries") or ()
    if not entries or any("bytes" not in each for each in entries):
        return b"", "the browser does not give the body of the request"
    return b"".join(base64.b64decode(each["bytes"]) for each in entries), None
