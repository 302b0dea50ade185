"""Shows a browser that runs on a machine without a display, on a page of loopback that one person can open once.

In: a context with its pages, and what is waited for. Out: what that gives. The newest tab is shown as Chromium
draws it (CDP, `Page.startScreencast`); clicks and keys of the viewer go to it. The link holds a token that
opens the page once; from then on a cookie of that one viewer is needed for every picture and key. Whoever sits
elsewhere reaches loopback through a tunnel of their own (`ssh -L`).
"""

import asyncio
import base64
import json
import secrets
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import uvicorn
from playwright.async_api import BrowserContext, CDPSession, Page
from playwright.async_api import Error as PlaywrightError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from crawlers.browser.chromium import VIEWPORT_HEIGHT, VIEWPORT_WIDTH

LOOPBACK: Final = "127.0.0.1"
COOKIE: Final = "letapis_login_view"
VIEWER: Final = Path(__file__).with_name("streamed_browser.html")
FRAME_S: Final = 10.0
"""How long a request for the next picture waits for one."""

MOST_INPUT_BYTES: Final = 4096
BUTTONS: Final = ("left", "middle", "right")
CLOSED: Final = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class StreamedBrowser:
    """The pages of one context, for one viewer."""

    def __init__(self, context: BrowserContext) -> None:
        self._context = context
        self._page: Page | None = None
        self._session: CDPSession | None = None
        self._frame, self._number = b"", 0
        self._drawn = asyncio.Event()
        self._token, self._cookie = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        self._used = False
        self._acting = asyncio.Lock()

    async def while_shown(self, until: Awaitable[str], on_progress: Callable[[str], None], port: int = 0) -> str:
        """Serve the viewer until the awaitable is done; gives what that gives."""
        routes = [
            Route("/", self._view),
            Route("/frame", self._next_frame),
            Route("/input", self._input, methods=["POST"]),
        ]
        config = uvicorn.Config(Starlette(routes=routes), log_level="critical", access_log=False, lifespan="off")
        server = uvicorn.Server(config)
        with socket.socket() as listening:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((LOOPBACK, port))
            self._context.on("page", self._follow)
            for page in self._context.pages:
                await self._show(page)
            address = f"http://{LOOPBACK}:{listening.getsockname()[1]}"
            on_progress(
                f"Open {address}/?token={self._token} on this machine, and log in there. The link works once."
            )
            serving = asyncio.ensure_future(server.serve(sockets=[listening]))
            waiting = asyncio.ensure_future(until)
            try:
                await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
                if not waiting.done():
                    raise KeyboardInterrupt  # the server takes the signal first
                return waiting.result()
            finally:
                waiting.cancel()
                server.should_exit = True
                self._drawn.set()
                await asyncio.gather(serving, waiting, return_exceptions=True)

    def _follow(self, page: Page) -> None:
        task = asyncio.ensure_future(self._show(page))
        page.on("close", lambda _: asyncio.ensure_future(self._show_another()))
        task.add_done_callback(lambda done: done.exception())

    async def _show_another(self) -> None:
        for page in self._context.pages[-1:]:
            await self._show(page)

    async def _show(self, page: Page) -> None:
        """Draw this tab from now on."""
        with suppress(PlaywrightError):
            if self._session is not None:
                with suppress(PlaywrightError):
                    await self._session.detach()
            session = self._session = await self._context.new_cdp_session(page)
            self._page = page
            session.on("Page.screencastFrame", lambda frame: asyncio.ensure_future(self._take(session, frame)))
            size = {"maxWidth": VIEWPORT_WIDTH, "maxHeight": VIEWPORT_HEIGHT}
            await session.send("Page.startScreencast", {"format": "jpeg", "quality": 70, **size})
            await page.bring_to_front()

    async def _take(self, session: CDPSession, frame: dict[str, Any]) -> None:
        self._frame, self._number = base64.b64decode(frame["data"]), self._number + 1
        self._drawn.set()
        self._drawn = asyncio.Event()
        with suppress(PlaywrightError):
            await session.send("Page.screencastFrameAck", {"sessionId": frame["sessionId"]})

    async def _view(self, request: Request) -> Response:
        token = request.query_params.get("token")
        if token is not None:
            if self._used or not self._is_local(request) or not secrets.compare_digest(token, self._token):
                return PlainTextResponse("This link was used, or is not of this login.", 403, CLOSED)
            self._used = True
            answer = RedirectResponse("/", 303, CLOSED)
            answer.set_cookie(COOKIE, self._cookie, httponly=True, samesite="strict")
            return answer
        if not self._is_viewer(request):
            return PlainTextResponse("Open the link that the command has printed.", 403, CLOSED)
        nonce = secrets.token_urlsafe(16)
        policy = f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src blob:; " + (
            "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        text = VIEWER.read_text("utf-8").replace("NONCE", nonce)
        return HTMLResponse(text, headers={**CLOSED, "Content-Security-Policy": policy})

    async def _next_frame(self, request: Request) -> Response:
        if not self._is_viewer(request):
            return Response(status_code=403, headers=CLOSED)
        seen = request.query_params.get("after", "0")
        if seen == str(self._number):
            with suppress(TimeoutError):
                async with asyncio.timeout(FRAME_S):
                    await self._drawn.wait()
        if seen == str(self._number):
            return Response(status_code=204, headers=CLOSED)
        return Response(self._frame, media_type="image/jpeg", headers={**CLOSED, "X-Frame": str(self._number)})

    async def _input(self, request: Request) -> Response:
        # a page of another origin cannot send this type without asking first, which is not answered
        if not self._is_viewer(request) or request.headers.get("content-type") != "application/json":
            return Response(status_code=403, headers=CLOSED)
        content = b""
        async for piece in request.stream():
            content += piece
            if len(content) > MOST_INPUT_BYTES:
                return Response(status_code=413, headers=CLOSED)
        page = self._page
        try:
            row = json.loads(content)
            if page is not None and not page.is_closed():
                async with self._acting:
                    await _act(page, row)
        except (ValueError, KeyError, TypeError, AttributeError):
            return Response(status_code=400, headers=CLOSED)
        except PlaywrightError:
            pass  # the tab closed, or knows no such key
        return Response(status_code=204, headers=CLOSED)

    def _is_viewer(self, request: Request) -> bool:
        return self._is_local(request) and secrets.compare_digest(request.cookies.get(COOKIE, ""), self._cookie)

    @staticmethod
    def _is_local(request: Request) -> bool:
        """Whether it was called by a name of loopback: another name may have been made to lead here."""
        return urlsplit(f"//{request.headers.get('host', '')}").hostname in (LOOPBACK, "localhost")


async def _act(page: Page, row: dict[str, Any]) -> None:
    kind = row["type"]
    if kind in ("down", "up", "move"):
        await page.mouse.move(float(row["x"]), float(row["y"]))
        if kind != "move":
            press = page.mouse.down if kind == "down" else page.mouse.up
            await press(button=BUTTONS[int(row["button"])])
    elif kind == "wheel":
        await page.mouse.wheel(float(row["dx"]), float(row["dy"]))
    elif kind == "text":
        await page.keyboard.insert_text(str(row["text"]))
    elif kind == "key":
        await page.keyboard.press(str(row["key"]))
    else:
        raise ValueError(kind)
