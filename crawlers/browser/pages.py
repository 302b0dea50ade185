"""Pages as Chromium shows them, one at a time, each loaded through the recorder.

In: an address and the page id that the recorder files exchanges under. Out: the final DOM; it and what else is
made of the page are handed to the recorder's process as renderings. What drives the browser is imported when the
first page is requested, since most crawls do without.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crawlers.browser.direct_mode import DirectMode
from crawlers.browser.page_handling import PageHandling
from crawlers.browser.step_results import StepResult
from crawlers.http_client import CrawlLimitReached
from crawlers.model.capture import Note, Rendering
from crawlers.model.login import BrowserLogin
from crawlers.recorder.proxy import RecorderAddress

if TYPE_CHECKING:
    from crawlers.browser.session import BrowserSession
    from crawlers.browser.started_browser import StartedBrowser


SHOWN_TYPES = ("text/html", "application/xhtml+xml", "text/plain")
"""What Chromium shows as a page of its own; the rest it hands to viewers whose DOM holds nothing."""


@dataclass(frozen=True, slots=True)
class RenderedPage:
    """A page as it stood in the end.

    ``dom`` is UTF-8, in direct mode the file itself where it is not shown; ``url`` is where redirects led;
    ``status`` is None where the page never came to its end; ``remarks`` are sentences on what is missing,
    ``steps`` what came of those that its source declares.
    ``logged_out``: it was loaded with a login, and did not show the sign of it.
    """

    url: str
    status: int | None
    media_type: str
    dom: bytes
    remarks: tuple[str, ...]
    steps: tuple[StepResult, ...] = ()
    logged_out: bool = False


class BrowserPages:
    """The browser of one crawl. ``program`` None is Playwright's own Chromium.

    ``note`` and ``rendering`` hand over to the recorder's process; ``handling`` says what is made. ``seconds`` is
    the crawl's limit, counted from the first page. ``started`` is the browser where one was started beforehand,
    ``login`` with what each context begins, ``direct`` is set where it speaks TLS
    itself. ``one_page`` is to be held while a page is rendered.
    """

    def __init__(
        self,
        recorder: RecorderAddress,
        program: Path | None,
        user_agent: str,
        *,
        note: Callable[[Note], None],
        rendering: Callable[[Rendering], None],
        handling: PageHandling | None = None,
        seconds: float | None = None,
        started: StartedBrowser | None = None,
        login: BrowserLogin | None = None,
        direct: DirectMode | None = None,
    ) -> None:
        self._recorder = recorder
        self._program = program
        self._user_agent = user_agent
        self._note = note
        self._rendering = rendering
        self._handling = handling or PageHandling()
        self._seconds = seconds
        self._login = login
        self._direct = direct
        self._deadline: float | None = None
        self._session: BrowserSession | None = None
        self._started = started
        self.one_page = asyncio.Lock()

    @property
    def is_logged_in(self) -> bool:
        """Whether sites know it by a login, and nothing else of the crawl."""
        return self._login is not None

    async def render(
        self,
        url: str,
        page_id: str,
        wait_for_slot: Callable[[str], Awaitable[bool]],
        *,
        because: str | None = None,
    ) -> RenderedPage | None:
        """Load a page to its end; None where an answer came that Chromium does not show.

        ``wait_for_slot`` waits until a host may be asked once more; False: it may not. ``because`` is why this
        page was turned to the browser, where its source leaves that open. Raises `PageNotRendered`,
        `BrowserMissing`, and `CrawlLimitReached` when the crawl's time is up.
        """
        if self._session is None:
            from crawlers.browser.session import BrowserSession

            self._session = BrowserSession(
                self._recorder,
                self._program,
                self._user_agent,
                self._note,
                self._rendering,
                self._handling,
                self._started,
                self._login,
                self._direct,
            )
            self._started = None
            if self._seconds is not None:
                self._deadline = asyncio.get_running_loop().time() + self._seconds
        try:
            async with asyncio.timeout_at(self._deadline):
                return await self._session.render(url, page_id, wait_for_slot, because)
        except TimeoutError:
            raise CrawlLimitReached(f"the limit of {self._seconds} s was reached") from None

    async def close(self) -> None:
        """End the browser, if there is one."""
        if self._session is not None:
            await self._session.close()
        if self._started is not None:
            await self._started.close()
