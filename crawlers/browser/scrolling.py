"""Scrolls a page as a patient reader would, so that pictures that load when seen are loaded.

What a page asks for because it was scrolled is asked by us: the next step waits for a turn at the same hosts.
Raises `PageHangs` where the page does not answer.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from playwright.async_api import Page, Request

from crawlers.browser.page_answers import answer_of
from processors.urls import host_of

MOST_SCREENS: Final = 40
"""How far down a page is scrolled: 36,000 pixels; pages that grow without end are left there."""

MOST_S: Final = 120.0
"""How long a page may take for that, turns at its hosts not counted."""

PAUSE_S: Final = 0.12
DURING: Final = "while it was scrolled"
AT_END: Final = "() => window.scrollY + window.innerHeight >= document.documentElement.scrollHeight - 2"
FETCHED_BY_SCRIPT: Final = ("xhr", "fetch")
"""Requests by which pages that are scrolled ask for more; pictures are loaded as by any reader."""

WaitForSlot = Callable[[str], Awaitable[bool]]
"""Waits for a slot at a host; False: none can be had."""


async def scroll(
    tab: Page, wait_for_slot: WaitForSlot, remarks: list[str], *, most_screens: int = MOST_SCREENS
) -> None:
    """Down in steps of a screen, then up again; ``remarks`` gets a sentence where it ended early."""
    requested_hosts: set[str] = set()

    def note(request: Request) -> None:
        if request.resource_type in FETCHED_BY_SCRIPT:
            requested_hosts.add(host_of(request.url))

    clock = asyncio.get_running_loop()
    took_s = 0.0
    tab.on("request", note)
    try:
        for _ in range(most_screens):
            began = clock.time()
            await answer_of(tab.evaluate("() => window.scrollBy(0, window.innerHeight)"), DURING)
            await asyncio.sleep(PAUSE_S)
            took_s += clock.time() - began
            hosts = sorted(requested_hosts)
            requested_hosts.clear()
            without = [host for host in hosts if not await wait_for_slot(host)]
            if without:
                remarks.append(f"scrolling ended where {without[0]} could not be asked any more")
                break
            if took_s > MOST_S:
                remarks.append(f"scrolling ended after {MOST_S:g} s, before the end of the page")
                break
            # only now: what the page asked for may have made it longer
            if await answer_of(tab.evaluate(AT_END), DURING):
                break
    finally:
        tab.remove_listener("request", note)
    await answer_of(tab.evaluate("() => window.scrollTo(0, 0)"), DURING)
