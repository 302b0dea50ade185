"""Shows one capture in Chromium as the replay gives it, and takes of it what the crawl took.

In: a program, the replay, a page. Out: `ReplayedPage`. The window, language, time zone, scrolling, consent rules
and steps are those of a crawl (`crawlers.browser`). Guaranteed: the browser reaches the replay's own port and
nothing else: names are not resolved, and all else goes to `way_out`, which passes nothing on. Raises
Playwright's ``Error`` where the browser does not start, ``TabFailed`` where it shows nothing.
"""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from playwright.async_api import Browser, async_playwright

from access.replay.response_policy import OLDEST_CHROMIUM
from crawlers.browser.chromium import DEAD_PROXY, VIEWPORT_HEIGHT, VIEWPORT_WIDTH, close, end, process_id_of
from crawlers.browser.page_handling import PageHandling
from crawlers.browser.page_loader import Loaded, TabLost, load
from crawlers.browser.step_results import StepResult
from crawlers.model.capture import RenderingKind
from crawlers.watchlist.page_step import PageStep
from pipeline.replay.own_replay import OwnReplay
from pipeline.replay_quality.seen import SeenPage
from pipeline.replay_quality.way_out import way_out
from storage.catalogue.captures import Capture

PAGE_S: Final = 240.0
"""As long as loading, rejecting, scrolling and pictures may take together; steps have their time besides."""


SWITCHED_OFF: Final = (
    "AutofillServerCommunication",  # asks a server of its own about every form, which is no leak of the page
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
    "MediaRouter",
    "OptimizationHints",
    "PaintHolding",
    "ThirdPartyStoragePartitioning",
    "NetworkTimeServiceQuerying",
    "PreconnectToSearch",
)
"""What Playwright switches off as far as it matters here (read 2026-11-30): of this switch the last one counts."""


@dataclass(frozen=True, slots=True)
class ReplayedPage:
    """``text`` and ``screenshot`` are None where none could be made; ``leaks``: where it wanted to go."""

    text: str | None
    screenshot: bytes | None
    scripts_ran: bool
    steps_done: bool
    """Each step that was to be done again was done as often as at capture."""
    leaks: tuple[str, ...]
    browser_version: str


def replay_page(program: Path, replay: OwnReplay, seen: SeenPage, page: Capture) -> ReplayedPage:
    """Show it once."""
    return asyncio.run(_replay_page(program, replay, seen, page))


async def _replay_page(program: Path, replay: OwnReplay, seen: SeenPage, page: Capture) -> ReplayedPage:
    netloc = urlsplit(replay.url).netloc
    async with asyncio.timeout(PAGE_S + seen.again.longest_s), way_out() as out, async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program,
            args=[
                f"--host-resolver-rules=MAP {urlsplit(replay.url).hostname} 127.0.0.1, MAP * ~NOTFOUND, "
                "EXCLUDE 127.0.0.1",
                "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
                "--webrtc-ip-handling-policy=disable_non_proxied_udp",
                "--disable-quic",
                "--disable-background-networking",
                "--disable-component-update",
                f"--disable-features={','.join(SWITCHED_OFF)}",
            ],
            proxy={"server": DEAD_PROXY},
            # Chromium's sandbox does not work for root; for everyone else it stays on.
            chromium_sandbox=os.geteuid() != 0,
        )
        process_id = await process_id_of(browser)
        try:
            proxy = {"server": f"http://127.0.0.1:{out.port}", "bypass": f"<-loopback>,{netloc}"}
            scripts_ran = int(browser.version.partition(".")[0]) >= OLDEST_CHROMIUM
            address = replay.address(page, "allowed" if scripts_ran else "none")
            loaded = await _loaded(browser, proxy, address, seen)
            return ReplayedPage(
                text=_text(loaded),
                screenshot=_content(loaded, seen.pictured),
                scripts_ran=scripts_ran,
                steps_done=_done_again(seen.again.steps, loaded.steps),
                leaks=tuple(out.wanted),
                browser_version=browser.version,
            )
        finally:
            await end(browser, process_id)


async def _loaded(browser: Browser, proxy: dict[str, str], address: str, seen: SeenPage) -> Loaded:
    context = await browser.new_context(
        proxy={"server": proxy["server"], "bypass": proxy["bypass"]},
        viewport={"width": VIEWPORT_WIDTH, "height": VIEWPORT_HEIGHT},
        locale="en-US",
        timezone_id="UTC",
        service_workers="block",
        accept_downloads=False,
    )
    wanted = {RenderingKind.TEXT} | ({seen.pictured} if seen.pictured is not None else set())
    handling = PageHandling(
        renderings=frozenset(wanted), reject_consent=seen.consent_rejected, steps=seen.again.steps
    )
    try:
        return await load(await context.new_page(), address, _no_wait, handling)
    except TabLost as loss:
        return loss.had
    finally:
        await close(context)


async def _no_wait(_host: str) -> bool:
    """Our own replay needs no pause."""
    return True


def _done_again(steps: Sequence[PageStep], results: Sequence[StepResult]) -> bool:
    """``at_most`` of a step is how often it was done at capture."""
    if len(results) != len(steps):
        return False
    return all(result.times >= step.at_most for step, result in zip(steps, results, strict=True))


def _text(loaded: Loaded) -> str | None:
    content = _content(loaded, RenderingKind.TEXT)
    return None if content is None else content.decode("utf-8", "replace")


def _content(loaded: Loaded, kind: RenderingKind | None) -> bytes | None:
    return next((made.content for made in loaded.renderings if made.kind is kind), None)
