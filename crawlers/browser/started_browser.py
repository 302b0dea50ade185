"""A browser that is started before the job of its crawl is known, with the key of that crawl's own authority.

In: what its command line says (`BrowserWanted`). Out: `StartedBrowser`, which serves the one crawl whose recorder
has that key, and no other: its certificates would not be accepted from any other recorder.
"""

from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, Playwright, async_playwright
from playwright.async_api import Error as PlaywrightError

from crawlers.browser.browser_wanted import BrowserWanted
from crawlers.browser.chromium import end, launch, process_id_of
from crawlers.browser.temporary_folder import TemporaryFolder


@dataclass(frozen=True, slots=True)
class StartedBrowser:
    """One that runs and has shown nothing yet."""

    wanted: BrowserWanted
    temporary: TemporaryFolder
    playwright: Playwright
    browser: Browser
    process_id: int

    async def close(self) -> None:
        """End it, where its crawl showed no page."""
        await end(self.browser, self.process_id)
        await self.playwright.stop()
        self.temporary.remove()


async def start_browser(wanted: BrowserWanted) -> StartedBrowser | None:
    """Start it; None where it does not start, which its crawl will find and say by itself."""
    temporary = TemporaryFolder()
    with temporary.for_programs():
        playwright = await async_playwright().start()
    try:
        program = None if wanted.program is None else Path(wanted.program)
        browser = await launch(playwright, wanted, program, wanted.user_agent)
        return StartedBrowser(wanted, temporary, playwright, browser, await process_id_of(browser))
    except PlaywrightError:
        await playwright.stop()
        temporary.remove()
        return None
