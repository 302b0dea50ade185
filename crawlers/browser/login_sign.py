"""Looks whether a page shows the sign by which those who are logged in are known."""

import asyncio
from typing import Final

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page

from crawlers.model.login import LoginSign

LOOK_S: Final = 10.0
"""How long a page that has loaded may take to show it."""

EVERY_S: Final = 0.2


async def shows_sign(page: Page, sign: LoginSign, within_s: float = LOOK_S) -> bool:
    """Whether the sign can be seen now or within so many seconds; False of a page that does not answer."""
    try:
        async with asyncio.timeout(within_s):
            while not await _shown_now(page, sign):
                await asyncio.sleep(EVERY_S)
    except (TimeoutError, PlaywrightError):
        return False
    return True


async def _shown_now(page: Page, sign: LoginSign) -> bool:
    wanted = []
    if sign.selector:
        wanted.append(page.locator(sign.selector))
    if sign.text:
        wanted.append(page.get_by_text(sign.text))
    for each in wanted:
        if await each.filter(visible=True).count() == 0:
            return False
    return True
