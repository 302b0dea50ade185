"""Scrolls a page as a patient reader would, so that pictures that load when seen are loaded.

What a page asks for because it was scrolled is asked by us: the next step waits for a turn at the same hosts.
Raises `PageHangs` where the page does not answer.
"""

import asyncio
from typing import Final

from playwright.async_api import Page

from crawlers.browser.page_answers import answer_of
from crawlers.browser.script_requests import PAUSE_S, ScriptRequests, WaitForSlot

MOST_SCREENS: Final = 40
"""How far down a page is scrolled: 36,000 pixels; pages that grow without end are left there."""

MOST_S: Final = 120.0
"""How long a page may take for that, turns at its hosts not counted."""

DURING: Final = "while it was scrolled"
AT_END: Final = "() => window.scrollY + window.innerHeight >= document.documentElement.scrollHeight - 2"


async def scroll(
    tab: Page,
    wait_for_slot: WaitForSlot,
    remarks: list[str],
    *,
    most_screens: int = MOST_SCREENS,
    most_s: float = MOST_S,
) -> None:
    """Down in steps of a screen, then up again; ``remarks`` gets a sentence where it ended early."""
    requests = ScriptRequests(tab, wait_for_slot)
    clock = asyncio.get_running_loop()
    took_s = 0.0
    try:
        for _ in range(most_screens):
            began = clock.time()
            await answer_of(tab.evaluate("() => window.scrollBy(0, window.innerHeight)"), DURING)
            await asyncio.sleep(PAUSE_S)
            took_s += clock.time() - began
            without = await requests.wait_for_slots()
            if without is not None:
                remarks.append(f"scrolling ended where {without} could not be asked any more")
                break
            if took_s > most_s:
                remarks.append(f"scrolling ended after {most_s:g} s, before the end of the page")
                break
            # only now: what the page asked for may have made it longer
            if await answer_of(tab.evaluate(AT_END), DURING):
                break
    finally:
        requests.close()
    await answer_of(tab.evaluate("() => window.scrollTo(0, 0)"), DURING)
