"""How Chromium is started: with all that its driver turns off, and with no process that nobody sees."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Playwright, async_playwright

from crawlers.browser.chromium import LEFT_OUT_PROCESSES, launch, open_context, process_id_of
from samples.messages import Response
from samples.sites import SampleSites
from tests.crawlers.browser.browser_crawl import HOST, USER_AGENT
from tests.crawlers.recorder.running_recorder import RunningRecorder

pytestmark = pytest.mark.browser


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[RunningRecorder]:
    extra = {(HOST, "/"): Response(body="<p>Старонка.</p>".encode())}
    with SampleSites(extra=extra) as sites:
        running = RunningRecorder(tmp_path, connect_to=(sites.connect_to,), upstream_ca=sites.authority)
        yield running
        running.close()


async def features_left_out(browser: Browser) -> set[str]:
    """What the last switch of its kind says, which is the one that counts."""
    words = Path(f"/proc/{await process_id_of(browser)}/cmdline").read_bytes().decode().split("\0")
    given = [word for word in words if word.startswith("--disable-features=")]
    return set(given[-1].partition("=")[2].split(","))


def test_what_the_driver_turns_off_stays_off(recorder: RunningRecorder, program: Path) -> None:
    async def both(playwright: Playwright) -> tuple[set[str], set[str]]:
        plain = await playwright.chromium.launch(executable_path=program)
        ours = await launch(playwright, recorder.address, program, USER_AGENT)
        try:
            return await features_left_out(plain), await features_left_out(ours)
        finally:
            await plain.close()
            await ours.close()

    async def run() -> tuple[set[str], set[str]]:
        async with async_playwright() as playwright:
            return await both(playwright)

    plain, ours = asyncio.run(run())
    assert plain, "the driver should turn something off"
    assert plain - ours == set()
    assert set(LEFT_OUT_PROCESSES) <= ours


def test_a_page_has_one_process_and_nothing_behind_it(recorder: RunningRecorder, program: Path) -> None:
    async def run() -> tuple[list[int], str, int]:
        async with async_playwright() as playwright:
            browser = await launch(playwright, recorder.address, program, USER_AGENT)
            try:
                context = await open_context(browser, recorder.address, "0001", USER_AGENT)
                (tab,) = context.pages
                await tab.goto(f"https://{HOST}/")
                session = await browser.new_browser_cdp_session()
                processes = (await session.send("SystemInfo.getProcessInfo"))["processInfo"]
                renderers = [each["id"] for each in processes if each["type"] == "renderer"]
                url_before = await (await context.new_cdp_session(tab)).send("Page.getNavigationHistory")
                return renderers, url_before["entries"][0]["url"], len(url_before["entries"])
            finally:
                await browser.close()

    renderers, first, entries = asyncio.run(run())
    assert len(renderers) == 1
    assert (first, entries) == ("about:blank", 2), "what greets the recorder should be no page to go back to"
