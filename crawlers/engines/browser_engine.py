"""Runs a spider with Chromium, for pages that show themselves to a browser alone.

Each page is loaded through the recorder; its screenshot and its final DOM are handed over as renderings. The
spider reads the final DOM. What Chromium does not show but downloads, and what pages hand out beside
(documents), is fetched like everywhere else. A crashed tab is noted and tried once more; a dead browser is
started again.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Playwright, async_playwright
from playwright.async_api import Error as PlaywrightError

from crawlers.engines.chromium import launch, open_context
from crawlers.engines.context import CrawlContext
from crawlers.engines.frontier import Frontier
from crawlers.engines.messages import CrawlNote, visit_of
from crawlers.engines.page_loader import Loaded, TabCrashed, TabFailed, TurnAt, load
from crawlers.engines.response_decoding import TOO_LONG, page_of
from crawlers.engines.robots import RobotsGate
from crawlers.engines.scrapy_settings import READ_BYTES, request_headers
from crawlers.http_client import CrawlLimitReached, FetchFailed
from crawlers.model.capture import Note, NoteKind, Rendering, RenderingKind
from crawlers.model.job import CrawlLimits
from crawlers.recorder.proxy import RecorderAddress
from crawlers.spiders.base import PageRequest, PageResult, Role, Spider, findings_on
from processors.pages.outcome import Outcome
from processors.pages.page import Page
from processors.urls import host_of

SHOWN_TYPES = ("text/html", "application/xhtml+xml", "text/plain")
"""What Chromium shows as a page of its own; the rest it hands to viewers whose DOM says nothing."""

NOT_SHOWN = ("Download is starting", "ERR_HTTP_RESPONSE_CODE_FAILURE", "ERR_ABORTED")
"""What Chromium says where an answer came and it shows none: a download, an error without a body, a 204."""


class BrowserCrawl:
    """One crawl in one browser, one context per page id."""

    def __init__(
        self, asking: Spider, means: CrawlContext, limits: CrawlLimits, door: RecorderAddress, program: Path | None
    ) -> None:
        self._asking = asking
        self._means = means
        self._door = door
        self._program = program
        self._itinerary = Frontier(limits.pages, lambda text: means.tell(CrawlNote(text)))
        self._gate = RobotsGate(means) if means.obey_robots else None
        self._browser: Browser | None = None
        self._contexts: dict[str, BrowserContext] = {}

    async def run(self) -> None:
        """Visit what the spider asks for until it asks for nothing more."""
        async with async_playwright() as playwright:
            waiting = deque(self._itinerary.admit(self._asking.start()))
            while waiting:
                ask = waiting.popleft()
                try:
                    findings = await self._visit(playwright, ask)
                except CrawlLimitReached as over:
                    self._means.tell(CrawlNote(f"{over.reason}; what still waited was not asked for"))
                    if ask.seed:
                        self._ended(ask, PageResult(over.outcome, over.reason))
                    break
                asks = list(self._itinerary.admit(findings.asks))
                # Documents first: their links may expire.
                waiting.extendleft(reversed([each for each in asks if each.role is Role.SUBRESOURCE]))
                waiting.extend(each for each in asks if each.role is not Role.SUBRESOURCE)
            if self._browser is not None:
                await self._browser.close()
        await self._means.fetcher.close()

    async def _visit(self, playwright: Playwright, ask: PageRequest) -> PageResult:
        refusal = None if self._gate is None else await self._gate.refusal(ask.url, ask.page_id, named=ask.seed)
        if refusal is not None:
            return self._ended(ask, PageResult(Outcome.REFUSED_BY_POLICY, refusal))
        try:
            async with AsyncExitStack() as turn:
                await turn.enter_async_context(self._means.pace.slot(host_of(ask.url)))
                shown = ask.role in (Role.PAGE, Role.START)
                turn_at = partial(self._turn_at, turn.aclose)
                findings = await (self._show(playwright, ask, turn_at) if shown else self._fetch(ask))
            return self._ended(ask, findings)
        except CrawlLimitReached:
            raise
        except FetchFailed as failure:
            return self._ended(ask, PageResult(failure.outcome, failure.reason))
        except TabFailed as failure:
            return self._ended(ask, PageResult(Outcome.UNREACHABLE, failure.reason))

    def _ended(self, ask: PageRequest, findings: PageResult) -> PageResult:
        if ask.role is not Role.SUBRESOURCE:
            self._means.tell(visit_of(ask, findings))
        elif findings.reason is not None:
            self._means.tell(CrawlNote(f"{ask.url}: {findings.outcome}: {findings.reason}"))
        for remark in findings.remarks:
            self._means.tell(CrawlNote(f"{ask.url}: {remark}"))
        return findings

    async def _show(self, playwright: Playwright, ask: PageRequest, turn_at: TurnAt) -> PageResult:
        try:
            loaded = await self._load(playwright, ask, turn_at)
        except TabFailed as failure:
            if not any(sign in failure.reason for sign in NOT_SHOWN):
                raise
            return await self._fetch(ask)
        for remark in loaded.remarks:
            self._means.tell(CrawlNote(f"{ask.url}: {remark}"))
        kind = (loaded.content_type or "text/html").partition(";")[0].strip().lower()
        if kind not in SHOWN_TYPES:
            return await self._fetch(ask)
        made_at = datetime.now(UTC)
        await self._hand_over(ask, loaded, made_at)
        page = Page(
            loaded.url, loaded.dom.encode("utf-8", "replace"), made_at, loaded.status, f"{kind}; charset=utf-8"
        )
        return findings_on(self._asking, ask, page)

    async def _load(self, playwright: Playwright, ask: PageRequest, turn_at: TurnAt) -> Loaded:
        try:
            return await load(await self._context(playwright, ask.page_id), ask.url, turn_at)
        except TabCrashed as crash:
            reason = f"{crash.reason} and was opened once more"
            self._means.note(Note(NoteKind.OUTCOME, ask.page_id, ask.url, datetime.now(UTC), reason))
            self._means.tell(CrawlNote(f"{ask.url}: {reason}"))
            return await load(await self._context(playwright, ask.page_id), ask.url, turn_at)

    async def _turn_at(self, give_back: Callable[[], Awaitable[None]], host: str) -> bool:
        """Wait for a turn that a request of the page's scripts has used; False where none can be had.

        The page's own turn is given back before: crawls that hold one and wait for another would block a host.
        """
        await give_back()
        try:
            async with self._means.pace.slot(host):
                return True
        except FetchFailed:  # the next page that is asked for hears it, too
            return False

    async def _context(self, playwright: Playwright, page_id: str) -> BrowserContext:
        if self._browser is None or not self._browser.is_connected():
            self._contexts.clear()
            try:
                self._browser = await launch(playwright, self._door, self._program, self._means.user_agent)
            except PlaywrightError as error:
                raise BrowserMissing(f"Chromium does not start: {error}") from error
        if page_id not in self._contexts:
            for other in self._contexts.values():
                await other.close()
            self._contexts.clear()
            context = await open_context(self._browser, self._door, page_id, self._means.user_agent)
            self._contexts[page_id] = context
        return self._contexts[page_id]

    async def _hand_over(self, ask: PageRequest, loaded: Loaded, made_at: datetime) -> None:
        assert self._browser is not None
        made_by = f"Chromium {self._browser.version}"
        kinds = [(RenderingKind.DOM, "text/html; charset=utf-8", loaded.dom.encode("utf-8", "replace"))]
        if loaded.screenshot is not None:
            kinds.append((RenderingKind.FULL_PAGE, "image/png", loaded.screenshot))
        for kind, media_type, content in kinds:
            rendering = Rendering(ask.page_id, loaded.url, kind, media_type, content, made_at, made_by)
            await asyncio.to_thread(self._means.rendering, rendering)

    async def _fetch(self, ask: PageRequest) -> PageResult:
        wanted = ask.role is not Role.SUBRESOURCE
        headers = request_headers(self._means.user_agent) | ({} if wanted else {"Accept": "*/*"})
        answer = await self._means.fetcher.fetch(
            ask.url, [*headers.items()], page_id=ask.page_id, keep_bytes=READ_BYTES if wanted else 0
        )
        if not wanted:
            return PageResult(Outcome.CONTENT, answer.cut)
        page, faults = page_of(ask.url, answer)
        if TOO_LONG in faults:
            return PageResult(Outcome.CONTENT, TOO_LONG)
        findings = findings_on(self._asking, ask, page)
        return replace(findings, remarks=(*faults, *findings.remarks))


class BrowserMissing(Exception):
    """There is no Chromium that starts; the operator installs one (``letapis doctor`` says how)."""


async def run_browser(
    asking: Spider, means: CrawlContext, limits: CrawlLimits, door: RecorderAddress, program: Path | None
) -> None:
    """Run the spider to its end, or to the limit of seconds."""
    try:
        async with asyncio.timeout(limits.seconds):
            await BrowserCrawl(asking, means, limits, door, program).run()
    except TimeoutError:
        means.tell(CrawlNote(f"the limit of {limits.seconds} s was reached; what still waited was not asked for"))
