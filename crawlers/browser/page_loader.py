"""Loads one page in a tab as a patient reader would: to the end, with pauses, and takes its picture and its
DOM.

Every wait of its own is bounded: a page that never rests is taken as it stands. What a page asks for because it
was scrolled is asked by us: the next step waits for a turn at the same hosts. Raises ``TabFailed`` where there is
no page to take, ``TabCrashed`` where the tab died.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from playwright.async_api import BrowserContext, Page, Request, Response
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import TimeoutError as PlaywrightTimeout

from crawlers.browser.chromium import VIEWPORT_HEIGHT, VIEWPORT_WIDTH
from processors.urls import host_of

ARRIVE_S = 60.0
LOAD_S = 30.0
REST_S = 8.0
PICTURE_S = 45.0
"""Waits: for the first answer, for the load event, for the network to rest, for the screenshot."""

MOST_SCREENS = 40
"""How far down a page is scrolled: 36,000 pixels; pages that grow without end are left there."""

PAUSE_S = 0.12
AT_END = "() => window.scrollY + window.innerHeight >= document.documentElement.scrollHeight - 2"
FETCHED_BY_SCRIPT = ("xhr", "fetch")
"""Requests by which pages that are scrolled ask for more; pictures are loaded as by any reader."""

MOST_PICTURE_PIXELS = 16_000
"""Chromium draws no higher texture (16,384 pixels)."""


class TabFailed(Exception):
    """No page came; ``reason`` is Chromium's own word for it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TabCrashed(TabFailed):
    """The tab's process died."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A page as it stood in the end. ``screenshot`` is None where none could be taken; ``remarks`` say why."""

    url: str
    status: int | None
    content_type: str | None
    dom: str
    screenshot: bytes | None
    remarks: tuple[str, ...] = field(default=())


WaitForSlot = Callable[[str], Awaitable[bool]]
"""Waits for a slot at a host; False: none can be had."""


async def load(context: BrowserContext, url: str, wait_for_slot: WaitForSlot) -> Loaded:
    """Load ``url`` in a new tab, and close the tab."""
    tab = await context.new_page()
    crashed = asyncio.Event()
    tab.on("crash", lambda _: crashed.set())
    tab.on("popup", lambda popup: asyncio.ensure_future(_close(popup)))
    taking = asyncio.ensure_future(_take(tab, url, wait_for_slot))
    dying = asyncio.ensure_future(crashed.wait())
    try:
        await asyncio.wait({taking, dying}, return_when=asyncio.FIRST_COMPLETED)
        if crashed.is_set():
            raise TabCrashed("the tab crashed")
        return taking.result()
    except PlaywrightError as error:
        if crashed.is_set():
            raise TabCrashed("the tab crashed") from error
        raise TabFailed(_first_line(error)) from error
    finally:
        for task in (taking, dying):
            task.cancel()
        await asyncio.gather(taking, dying, return_exceptions=True)
        await _close(tab)


async def _take(tab: Page, url: str, wait_for_slot: WaitForSlot) -> Loaded:
    remarks: list[str] = []
    response = await _arrive(tab, url)
    try:
        await tab.wait_for_load_state("load", timeout=LOAD_S * 1000)
    except PlaywrightTimeout:
        remarks.append(f"the page was still loading after {LOAD_S:.0f} s and was taken as it stood")
    await _scroll(tab, wait_for_slot, remarks)
    try:
        await tab.wait_for_load_state("networkidle", timeout=REST_S * 1000)
    except PlaywrightTimeout:
        remarks.append(f"the page's network did not rest within {REST_S:.0f} s")
    dom = await tab.content()
    screenshot = await _picture(tab, remarks)
    return Loaded(
        url=tab.url,
        status=None if response is None else response.status,
        content_type=None if response is None else await response.header_value("content-type"),
        dom=dom,
        screenshot=screenshot,
        remarks=tuple(remarks),
    )


async def _arrive(tab: Page, url: str) -> Response | None:
    try:
        return await tab.goto(url, wait_until="domcontentloaded", timeout=ARRIVE_S * 1000)
    except PlaywrightTimeout:
        if tab.url in ("", "about:blank"):
            raise
        return None  # the document has begun and never ends: what there is of it is taken


async def _scroll(tab: Page, wait_for_slot: WaitForSlot, remarks: list[str]) -> None:
    """Down in steps of a screen, so that pictures that load when seen are loaded; then up again."""
    requested_hosts: set[str] = set()

    def note(request: Request) -> None:
        if request.resource_type in FETCHED_BY_SCRIPT:
            requested_hosts.add(host_of(request.url))

    tab.on("request", note)
    for _ in range(MOST_SCREENS):
        await tab.evaluate("() => window.scrollBy(0, window.innerHeight)")
        await asyncio.sleep(PAUSE_S)
        hosts = sorted(requested_hosts)
        requested_hosts.clear()
        without = [host for host in hosts if not await wait_for_slot(host)]
        if without:
            remarks.append(f"scrolling ended where {without[0]} could not be asked any more")
        # only now: what the page asked for may have made it longer
        if without or await tab.evaluate(AT_END):
            break
    tab.remove_listener("request", note)
    await tab.evaluate("() => window.scrollTo(0, 0)")


async def _picture(tab: Page, remarks: list[str]) -> bytes | None:
    height = int(await tab.evaluate("() => document.documentElement.scrollHeight") or VIEWPORT_HEIGHT)
    try:
        if height <= MOST_PICTURE_PIXELS:
            return await tab.screenshot(full_page=True, type="png", timeout=PICTURE_S * 1000)
        remarks.append(f"the page is {height} pixels high; the screenshot shows the first {MOST_PICTURE_PIXELS}")
        return await tab.screenshot(
            full_page=True,
            clip={"x": 0, "y": 0, "width": VIEWPORT_WIDTH, "height": MOST_PICTURE_PIXELS},
            type="png",
            timeout=PICTURE_S * 1000,
        )
    except PlaywrightError as error:
        remarks.append(f"no screenshot could be taken: {_first_line(error)}")
        return None


async def _close(tab: Page) -> None:
    try:
        await tab.close()
    except PlaywrightError:
        return  # it is gone already, with its browser


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
