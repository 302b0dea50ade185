"""Drives one Chromium through the pages of a crawl, with a context of its own for each page id.

Where a browser was started beforehand with the key of this crawl's authority, it is the first one.

A page whose tab crashes or hangs is noted and opened once more; lost again, it is handed over as far as it was
taken. A browser that is dead, or whose tabs do not close, is ended and started again; so is one that has shown
many pages, between two page ids, or that holds too much memory, after any page.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Page, Playwright, async_playwright
from playwright.async_api import Error as PlaywrightError

from crawlers.browser.browser_memory import memory_bytes
from crawlers.browser.chromium import close, end, launch, open_context, process_id_of
from crawlers.browser.direct_capture import DirectCapture
from crawlers.browser.direct_mode import DirectMode
from crawlers.browser.page_handling import PageHandling
from crawlers.browser.page_info import page_info
from crawlers.browser.page_loader import Loaded, TabFailed, TabLost, load
from crawlers.browser.pages import SHOWN_TYPES, RenderedPage
from crawlers.browser.renderings import MadeOfPage, first_line
from crawlers.browser.script_requests import WaitForSlot
from crawlers.browser.started_browser import StartedBrowser
from crawlers.browser.step_results import StepOutcome, StepResult
from crawlers.browser.temporary_folder import TemporaryFolder
from crawlers.http_client import BrowserMissing, PageNotRendered
from crawlers.model.browser_exchange import BrowserExchange
from crawlers.model.capture import Note, NoteKind, Rendering, RenderingKind
from crawlers.model.login import BrowserLogin
from crawlers.recorder.http_messages import media_type_of
from crawlers.recorder.proxy import RecorderAddress
from processors.http.head import read_head
from processors.pages.outcome import Outcome

NOT_SHOWN = ("Download is starting", "ERR_HTTP_RESPONSE_CODE_FAILURE", "ERR_ABORTED")
"""Chromium's words where an answer came and it shows none: a download, an error without a body, a 204."""


MOST_PAGES = 200
MOST_MEMORY_BYTES = 3 << 30
"""What one browser is used for; a choice, not a measurement. What pages have left behind in it goes with it."""

DONE_BEFORE = "done before the page was lost; the page was taken without steps"

OPEN_S = 60.0
"""How long a browser may take to open a page that shows nothing yet."""


class BrowserSession:
    """One browser, started when the first page is requested or before, and one context of its own per page id."""

    def __init__(
        self,
        recorder: RecorderAddress,
        program: Path | None,
        user_agent: str,
        note: Callable[[Note], None],
        rendering: Callable[[Rendering], None],
        handling: PageHandling,
        started: StartedBrowser | None = None,
        login: BrowserLogin | None = None,
        direct: DirectMode | None = None,
    ) -> None:
        self._recorder = recorder
        self._program = program
        self._user_agent = user_agent
        self._note = note
        self._rendering = rendering
        self._handling = handling if login is None else replace(handling, login_sign=login.sign)
        self._login = login
        self._direct = direct
        self._document: BrowserExchange | None = None
        self._temporary: TemporaryFolder | None = None if started is None else started.temporary
        self._started_before = started
        self._playwright: Playwright | None = None if started is None else started.playwright
        self._browser: Browser | None = None
        self._process_id: int | None = None
        self._browser_version: str | None = None
        self._contexts: dict[str, BrowserContext] = {}
        self._pages_shown = 0

    async def close(self) -> None:
        """End the browser."""
        before, self._started_before = self._started_before, None
        if before is not None:
            await end(before.browser, before.process_id)
        await self._end_browser()
        if self._playwright is not None:
            await self._playwright.stop()
            self._playwright = None
        if self._temporary is not None:
            self._temporary.remove()
            self._temporary = None

    async def render(
        self, url: str, page_id: str, wait_for_slot: WaitForSlot, because: str | None
    ) -> RenderedPage | None:
        """As `crawlers.browser.pages.BrowserPages.render`, without a limit of time."""
        try:
            loaded = await self._load(url, page_id, wait_for_slot)
        except TabFailed as failure:
            if any(sign in failure.reason for sign in NOT_SHOWN):
                return self._file()
            raise PageNotRendered(failure.reason) from failure
        media_type = (loaded.content_type or "text/html").partition(";")[0].strip().lower()
        if media_type not in SHOWN_TYPES:
            return self._file()
        await self._hand_over(page_id, loaded, because)
        if loaded.logged_out:
            self._note(logged_out_note(page_id, loaded.url))
        if loaded.dom is None:
            raise PageNotRendered("; ".join(loaded.remarks))
        return RenderedPage(
            loaded.url,
            loaded.status,
            media_type,
            _bytes(loaded.dom),
            loaded.remarks,
            loaded.steps,
            loaded.logged_out,
        )

    async def _load(self, url: str, page_id: str, wait_for_slot: WaitForSlot) -> Loaded:
        try:
            return await self._visit(url, page_id, wait_for_slot, self._handling)
        except TabLost as loss:
            first = loss
        handling = self._handling
        again = f"{first.reason} and was opened once more"
        if first.in_steps:  # which would only lose it again
            handling = replace(handling, steps=())
            again += ", without steps"
        self._note(Note(NoteKind.OUTCOME, page_id, url, datetime.now(UTC), again))
        try:
            loaded = await self._visit(url, page_id, wait_for_slot, handling)
        except TabLost as second:
            loaded = first.had if second.had.dom is None and first.had.dom is not None else second.had
            taken = "" if loaded.dom is None else ", and was taken as it stood before"
            loaded = replace(loaded, remarks=(f"once more {second.reason}{taken}", *loaded.remarks))
        steps = loaded.steps or _of_lost(first.had.steps)
        return replace(loaded, remarks=(again, *loaded.remarks), steps=steps)

    async def _visit(self, url: str, page_id: str, wait_for_slot: WaitForSlot, handling: PageHandling) -> Loaded:
        tab = await self._tab(page_id)
        capture = self._capture(tab, page_id)
        try:
            return await load(tab, url, wait_for_slot, handling, capture)
        finally:
            self._document = None if capture is None else capture.document
            self._pages_shown += 1
            # a tab that did not close keeps its process, which may run without end
            if tab.context.pages or self._holds_too_much():
                await self._end_browser()

    def _file(self) -> RenderedPage | None:
        """What the browser does not show, in direct mode as it was taken; else None, since it is fetched then."""
        if self._direct is None:
            return None
        taken = self._document
        if taken is None or taken.response_body is None:
            reason = None if taken is None else taken.body_missing
            raise PageNotRendered(f"the browser does not show it, and it was not taken: {reason or 'no answer'}")
        media_type = media_type_of(read_head(taken.response_head)) or "application/octet-stream"
        return RenderedPage(taken.url, taken.status, media_type, taken.response_body, ())

    def _capture(self, tab: Page, page_id: str) -> DirectCapture | None:
        if self._direct is None:
            return None
        assert self._browser is not None
        return DirectCapture(self._browser, tab, page_id, self._direct.hand_over, self._note)

    async def _tab(self, page_id: str) -> Page:
        try:
            return await self._opened(page_id)
        except (PlaywrightError, TimeoutError):
            await self._end_browser()  # it has died, or does not answer
        try:
            return await self._opened(page_id)
        except PlaywrightError as error:
            raise TabFailed(f"the browser opened no page: {first_line(error)}") from error
        except TimeoutError as error:
            await self._end_browser()
            raise TabFailed(f"the browser opened no page within {OPEN_S:g} s") from error

    async def _opened(self, page_id: str) -> Page:
        used_up = self._pages_shown >= MOST_PAGES and page_id not in self._contexts
        if used_up or self._browser is None or not self._browser.is_connected():
            await self._end_browser()
            self._browser, self._process_id = await self._started()
            self._browser_version = self._browser.version
        if page_id not in self._contexts:
            for other in self._contexts.values():
                if not await close(other):
                    raise TimeoutError
            self._contexts.clear()
        async with asyncio.timeout(OPEN_S):
            if page_id not in self._contexts:
                state = None if self._login is None else self._login.state
                context = await open_context(self._browser, self._recorder, page_id, self._user_agent, state=state)
                self._contexts[page_id] = context
                return context.pages[0]
            return await self._contexts[page_id].new_page()

    async def _started(self) -> tuple[Browser, int]:
        before, self._started_before = self._started_before, None
        if before is not None and before.browser.is_connected():
            if before.wanted.authority_spki_sha256 == self._recorder.authority_spki_sha256:
                return before.browser, before.process_id
            await end(before.browser, before.process_id)  # it would refuse every certificate
        try:
            if self._temporary is None:
                self._temporary = TemporaryFolder()
            if self._playwright is None:
                with self._temporary.for_programs():
                    self._playwright = await async_playwright().start()
            keys = () if self._direct is None else self._direct.trusted_keys
            browser = await launch(self._playwright, self._recorder, self._program, self._user_agent, keys)
            return browser, await process_id_of(browser)
        except PlaywrightError as error:
            raise BrowserMissing(f"Chromium does not start: {error}") from error

    def _holds_too_much(self) -> bool:
        return self._process_id is not None and memory_bytes(self._process_id) > MOST_MEMORY_BYTES

    async def _end_browser(self) -> None:
        self._contexts.clear()
        if self._browser is not None and self._process_id is not None:
            await end(self._browser, self._process_id)
        self._browser = self._process_id = None
        self._pages_shown = 0

    async def _hand_over(self, page_id: str, loaded: Loaded, because: str | None) -> None:
        assert self._browser_version is not None
        made_by = f"Chromium {self._browser_version}"
        info = MadeOfPage(
            RenderingKind.PAGEINFO, "application/json", page_info(page_id, loaded, because), datetime.now(UTC)
        )
        for made in (*_final_dom(loaded), *loaded.renderings, info):
            rendering = Rendering(
                page_id, loaded.url, made.kind, made.media_type, made.content, made.made_at, made_by
            )
            await asyncio.to_thread(self._rendering, rendering)


def logged_out_note(page_id: str, url: str) -> Note:
    """That the site did not know the login on a page."""
    reason = "the page was loaded with a login and does not show the sign of it"
    return Note(NoteKind.OUTCOME, page_id, url, datetime.now(UTC), reason, outcome=Outcome.LOGIN_WALL)


def _of_lost(steps: tuple[StepResult, ...]) -> tuple[StepResult, ...]:
    """Steps of a load that is not kept: on the one that is, none was done."""
    return tuple(
        replace(each, outcome=StepOutcome.NOT_DONE, times=0, reason=DONE_BEFORE)
        if each.outcome is StepOutcome.DONE
        else each
        for each in steps
    )


def _final_dom(loaded: Loaded) -> Iterator[MadeOfPage]:
    if loaded.dom is not None:
        yield MadeOfPage(RenderingKind.DOM, "text/html; charset=utf-8", _bytes(loaded.dom), loaded.taken_at)


def _bytes(dom: str) -> bytes:
    return dom.encode("utf-8", "replace")
