"""A login on a machine without a display: somebody else's browser shows the one that logs in, and types in it."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.async_api import async_playwright, expect

from crawlers.model.login import LoginSign
from pipeline.chromium import find_chromium
from pipeline.config.settings import Settings
from pipeline.login.browser_login import LoggedIn, LoginBrowser, login_by_stream
from tests.pipeline.login.login_site import PASSWORD, USER, LoginSite, login_site

pytestmark = pytest.mark.slow


@pytest.fixture
def site() -> Iterator[LoginSite]:
    with login_site() as served:
        yield served


async def log_in(site: LoginSite, program: Path) -> tuple[LoggedIn, list[int], str]:
    """What came of it, the answers to strangers, and what the viewer's page says in the end."""
    links: asyncio.Queue[str] = asyncio.Queue()
    how = LoginBrowser(program, "any")
    sign = LoginSign(selector="#logout")
    streamed = login_by_stream(how, f"{site.url}/login", sign, port=0, on_progress=links.put_nowait)
    logging_in = asyncio.ensure_future(streamed)
    link = re.findall(r"http://\S+", await links.get())[0]
    place = link.partition("?")[0]
    async with httpx.AsyncClient(trust_env=False) as stranger:
        answers = [
            (await stranger.get(place)).status_code,
            (await stranger.get(f"{place}?token=guessed")).status_code,
            (await stranger.get(link, headers={"Host": "rebound.example"})).status_code,
            (await stranger.get(f"{place}frame?after=0")).status_code,
            (await stranger.post(f"{place}input", json={"type": "key", "key": "Enter"})).status_code,
        ]
        async with async_playwright() as playwright:
            viewer = await playwright.chromium.launch(executable_path=program, chromium_sandbox=False)
            page = await viewer.new_page(viewport={"width": 1400, "height": 1000})
            await page.goto(link)
            answers.append((await stranger.get(link)).status_code)
            while not await page.locator("#page").evaluate("picture => picture.naturalWidth"):
                await asyncio.sleep(0.05)  # the page's policy lets no function wait in it
            await page.locator("#page").click(position={"x": 60, "y": 18})
            await page.keyboard.type(USER)
            await page.keyboard.press("Tab")
            await page.keyboard.type(PASSWORD)
            await page.keyboard.press("Enter")
            seen = await logging_in
            await expect(page.locator("#state")).to_contain_text("has ended")
            state = await page.locator("#state").text_content()
            await viewer.close()
    return seen, answers, state or ""


def test_who_has_the_link_logs_in_once_and_nobody_else_sees_or_types_anything(site: LoginSite) -> None:
    found = find_chromium(Settings().chromium)
    assert found is not None

    seen, answers, state = asyncio.run(log_in(site, found.program))

    assert answers == [403, 403, 403, 403, 403, 403]
    assert seen.url == f"{site.url}/notices"
    assert {each["name"] for each in seen.state["cookies"]} == {"session", "visit"}
    assert "has ended" in state
