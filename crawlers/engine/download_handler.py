"""Scrapy's one way to the wire: through the recorder, fetched or rendered by Chromium.

Fails closed: the handler knows the fetcher and the browser alone, and both know only the recorder, so a request's
``proxy`` or any other meta key changes nothing.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial

import scrapy
from scrapy.core.downloader.handlers.base import BaseDownloadHandler
from scrapy.crawler import Crawler
from scrapy.http import Response

from crawlers.browser.pages import SHOWN_TYPES
from crawlers.browser.step_results import StepOutcome, StepResult
from crawlers.engine.context import context_of
from crawlers.engine.messages import CrawlNote, StepsDone
from crawlers.engine.responses import RecordedHtml, response_of, response_of_file
from crawlers.engine.settings import READ_BYTES
from crawlers.http_client import FetchFailed, PageNotRendered
from crawlers.watchlist.engines import IN_BROWSER
from processors.urls import host_of

LOGGED_OUT = (
    "the site did not know the login profile any more: pages were captured as they came, and the profile was left "
    "as it is; log in anew with `letapis login`"
)

ONLY_LOGGED_IN = (
    "it is no page that Chromium shows; what came is kept, and nothing else requested it: only the browser is "
    "logged in"
)


class RecorderDownloadHandler(BaseDownloadHandler):
    """Waits for a slot at the host, then fetches or renders. Raises `FetchFailed` and its kinds."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._context = context_of(crawler)

    async def download_request(self, request: scrapy.Request) -> Response:
        """The response, decoded; of a page that Chromium renders, its final DOM."""
        if request.meta.get("engine") in IN_BROWSER and not request.meta.get("subresource"):
            async with self._context.browser.one_page:
                return await self._rendered(request)
        async with self._context.rate_limiter.slot(host_of(request.url)):
            return await self._fetched(request)

    async def _fetched(self, request: scrapy.Request) -> Response:
        headers = [
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, values in request.headers.items()
            for value in values
        ]
        fetched = await self._context.fetcher.fetch(
            request.url,
            headers,
            page_id=request.meta["page_id"],
            keep_bytes=0 if request.meta.get("subresource") else READ_BYTES,
            method=request.method,
            content=request.body,
        )
        return response_of(request, fetched)

    async def _rendered(self, request: scrapy.Request) -> Response:
        url = request.url + request.meta.get("fragment", "")
        async with AsyncExitStack() as slot:
            await slot.enter_async_context(self._context.rate_limiter.slot(host_of(url)))
            wait_for_slot = partial(self._wait_for_slot, slot.aclose)
            page = await self._context.browser.render(
                url, request.meta["page_id"], wait_for_slot, because=request.meta.get("browser_reason")
            )
            if page is None and self._context.browser.is_logged_in:
                raise PageNotRendered(ONLY_LOGGED_IN)
            if page is None:  # what Chromium downloads rather than shows
                return await self._fetched(request)
        for remark in page.remarks:
            self._context.report(CrawlNote(f"{request.url}: {remark}"))
        self._report_steps(request.url, page.steps)
        if page.logged_out:
            self._context.report(CrawlNote(LOGGED_OUT, is_failure=True))
            self._context.report(CrawlNote(f"{request.url}: does not show the sign of a login"))
        if page.media_type not in SHOWN_TYPES:
            return response_of_file(request, page.url, page.status or 200, page.media_type, page.dom)
        return RecordedHtml(
            page.url,
            status=page.status or 200,
            headers={"Content-Type": f"{page.media_type}; charset=utf-8"},
            body=page.dom,
            encoding="utf-8",
            request=request,
        )

    def _report_steps(self, url: str, steps: Sequence[StepResult]) -> None:
        """Count each outcome, and say what went wrong; what is not on every page is only counted."""
        if not steps:
            return
        outcomes = {f"{number}. {each.step}": each.outcome.value for number, each in enumerate(steps, 1)}
        self._context.report(StepsDone(url, outcomes))
        for number, each in enumerate(steps, 1):
            if each.outcome not in (StepOutcome.DONE, StepOutcome.NOT_FOUND):
                what = f"step {number} ({each.step})"
                self._context.report(
                    CrawlNote(f"{url}: {what}: {each.outcome}, done {each.times} times: {each.reason}")
                )

    async def _wait_for_slot(self, give_back: Callable[[], Awaitable[None]], host: str) -> bool:
        """Wait for a slot that a request of the page's scripts has used; False where none can be had.

        The page's own slot is given back before: crawls that hold one and wait for another would block a host.
        """
        await give_back()
        try:
            async with self._context.rate_limiter.slot(host):
                return True
        except FetchFailed:  # the next request fails for the same reason
            return False

    async def close(self) -> None:
        """Let go of connections and browser."""
        await self._context.fetcher.close()
        await self._context.browser.close()
