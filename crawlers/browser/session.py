"""Drives one Chromium through the pages of a crawl, with a context of its own for each page id.

A crashed tab is noted and tried once more; a dead browser is started again.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Playwright, async_playwright
from playwright.async_api import Error as PlaywrightError

from crawlers.browser.chromium import launch, open_context
from crawlers.browser.page_loader import Loaded, TabCrashed, TabFailed, WaitForSlot, load
from crawlers.browser.pages import RenderedPage
from crawlers.http_client import BrowserMissing, PageNotRendered
from crawlers.model.capture import Note, NoteKind, Rendering, RenderingKind
from crawlers.recorder.proxy import RecorderAddress

SHOWN_TYPES = ("text/html", "application/xhtml+xml", "text/plain")
"""What Chromium shows as a page of its own; the rest it hands to viewers whose DOM holds nothing."""

NOT_SHOWN = ("Download is starting", "ERR_HTTP_RESPONSE_CODE_FAILURE", "ERR_ABORTED")
"""Chromium's words where an answer came and it shows none: a download, an error without a body, a 204."""


class BrowserSession:
    """One browser, started when the first page is requested, and one context of its own per page id."""

    def __init__(
        self,
        recorder: RecorderAddress,
        program: Path | None,
        user_agent: str,
        note: Callable[[Note], None],
        rendering: Callable[[Rendering], None],
    ) -> None:
        self._recorder = recorder
        self._program = program
        self._user_agent = user_agent
        self._note = note
        self._rendering = rendering
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None
        self._contexts: dict[str, BrowserContext] = {}

    async def close(self) -> None:
        """End the browser."""
        if self._browser is not None:
            await self._browser.close()
            self._browser = None
        if self._playwright is not None:
            await self._playwright.stop()
            self._playwright = None

    async def render(self, url: str, page_id: str, wait_for_slot: WaitForSlot) -> RenderedPage | None:
        """As `crawlers.browser.pages.BrowserPages.render`, without a limit of time."""
        remarks: list[str] = []
        try:
            loaded = await self._load(url, page_id, wait_for_slot, remarks)
        except TabFailed as failure:
            if any(sign in failure.reason for sign in NOT_SHOWN):
                return None
            raise PageNotRendered(failure.reason) from failure
        media_type = (loaded.content_type or "text/html").partition(";")[0].strip().lower()
        remarks += loaded.remarks
        if media_type not in SHOWN_TYPES:
            return None
        dom = loaded.dom.encode("utf-8", "replace")
        await self._hand_over(page_id, loaded, dom)
        return RenderedPage(loaded.url, loaded.status, media_type, dom, tuple(remarks))

    async def _load(self, url: str, page_id: str, wait_for_slot: WaitForSlot, remarks: list[str]) -> Loaded:
        try:
            return await load(await self._context(page_id), url, wait_for_slot)
        except TabCrashed as crash:
            reason = f"{crash.reason} and was opened once more"
            self._note(Note(NoteKind.OUTCOME, page_id, url, datetime.now(UTC), reason))
            remarks.append(reason)
            return await load(await self._context(page_id), url, wait_for_slot)

    async def _context(self, page_id: str) -> BrowserContext:
        if self._browser is None or not self._browser.is_connected():
            self._contexts.clear()
            self._browser = await self._started()
        if page_id not in self._contexts:
            for other in self._contexts.values():
                await other.close()
            self._contexts.clear()
            context = await open_context(self._browser, self._recorder, page_id, self._user_agent)
            self._contexts[page_id] = context
        return self._contexts[page_id]

    async def _started(self) -> Browser:
        try:
            if self._playwright is None:
                self._playwright = await async_playwright().start()
            return await launch(self._playwright, self._recorder, self._program, self._user_agent)
        except PlaywrightError as error:
            raise BrowserMissing(f"Chromium does not start: {error}") from error

    async def _hand_over(self, page_id: str, loaded: Loaded, dom: bytes) -> None:
        assert self._browser is not None
        made_at, made_by = datetime.now(UTC), f"Chromium {self._browser.version}"
        kinds = [(RenderingKind.DOM, "text/html; charset=utf-8", dom)]
        if loaded.screenshot is not None:
            kinds.append((RenderingKind.FULL_PAGE, "image/png", loaded.screenshot))
        for kind, media_type, content in kinds:
            rendering = Rendering(page_id, loaded.url, kind, media_type, content, made_at, made_by)
            await asyncio.to_thread(self._rendering, rendering)
