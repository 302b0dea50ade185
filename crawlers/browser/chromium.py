"""Starts Chromium so that nothing of it reaches the network except through the recorder.

The browser as a whole gets a proxy at a dead port and no name to resolve; each context gets the recorder as its
proxy, loopback addresses included. Certificates are accepted from the crawl's own authority, named by its key.
"""

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, Protocol, cast

from playwright.async_api import Browser, BrowserContext, Page, Playwright, ProxySettings, StorageState
from playwright.async_api import Error as PlaywrightError

from crawlers.recorder.proxy import RecorderAddress
from crawlers.recorder.proxy_responses import PROOF_FIELD, greeting_url, is_greeting

DEAD_PROXY = "http://127.0.0.1:9"
"""The discard port: what Chromium asks for on its own account (updates, lists) ends here."""

GREETING_S = 30.0
"""How long the recorder, a neighbour on loopback, may take to know a browser on a busy machine."""

CLOSE_S = 10.0
"""How long a tab, a context or a browser may take to close."""

GREET: Final = "url => { fetch(url, {mode: 'no-cors', cache: 'no-store'}).catch(() => {}); }"

VIEWPORT_WIDTH, VIEWPORT_HEIGHT = 1366, 900

NAMES_LEFT_TO_PROXY: Final = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
"""The browser would ask the machine's own resolver, also for what it requests by itself."""

PAST_NO_PROXY: Final = (
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",  # WebRTC would send UDP past any proxy
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
)

LEFT_OUT_BY_PLAYWRIGHT: Final = (
    "AimEnabled",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "TcpPortRandomizationWin",
    "ThirdPartyStoragePartitioning",
    "msEdgeUpdateLaunchServicesPreferredVersion",
    "msForceBrowserSignIn",
)
"""Chromium reads the last switch of a name alone, so ours has to repeat what Playwright 1.65 turns off."""

LEFT_OUT_PROCESSES: Final = (
    "SpareRendererForSitePerProcess",
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    "WebUIOmniboxFullPopup",
)
"""With these, each context of Chromium 156 starts two processes for parts of its window that nobody sees."""


class Trusted(Protocol):
    """Whom a browser trusts: a recorder's address, or what is known of one that does not listen yet."""

    @property
    def authority_spki_sha256(self) -> str:
        """The sha256 of the key of the crawl's authority, as base64."""


def arguments(trusted: Trusted, user_agent: str, trusted_keys: Sequence[str] = ()) -> list[str]:
    """Command-line switches of the browser; ``trusted_keys`` as in `crawlers.browser.direct_mode`."""
    return [
        f"--ignore-certificate-errors-spki-list={','.join((trusted.authority_spki_sha256, *trusted_keys))}",
        NAMES_LEFT_TO_PROXY,
        *PAST_NO_PROXY,
        f"--disable-features={','.join((*LEFT_OUT_BY_PLAYWRIGHT, *LEFT_OUT_PROCESSES))}",
        # Service workers ask with this one, whatever a context says.
        f"--user-agent={user_agent}",
    ]


async def launch(
    playwright: Playwright,
    trusted: Trusted,
    program: Path | None,
    user_agent: str,
    trusted_keys: Sequence[str] = (),
) -> Browser:
    """Start the browser; ``program`` None is Playwright's own. Raises Playwright's ``Error`` where it does not
    start.
    """
    return await playwright.chromium.launch(
        executable_path=program,
        args=arguments(trusted, user_agent, trusted_keys),
        proxy={"server": DEAD_PROXY},
        # Chromium's sandbox does not work for root; for everyone else it stays on.
        chromium_sandbox=os.geteuid() != 0,
        # The crawl's own process decides when the browser ends.
        handle_sigint=False,
        handle_sigterm=False,
        handle_sighup=False,
    )


async def process_id_of(browser: Browser) -> int:
    """The process of a browser that runs on this machine. Raises Playwright's ``Error`` where it does not say."""
    session = await browser.new_browser_cdp_session()
    processes = (await session.send("SystemInfo.getProcessInfo"))["processInfo"]
    await session.detach()
    return next(int(each["id"]) for each in processes if each["type"] == "browser")


async def close(part: Page | BrowserContext | Browser) -> bool:
    """Close it; False where it does not close in time. Chromium gives scripts that run then half a second."""
    # A task of its own: what the driver waits for is then given up with it.
    closing = asyncio.ensure_future(part.close())
    try:
        async with asyncio.timeout(CLOSE_S):
            await closing
    except TimeoutError:
        return False
    except PlaywrightError:
        pass  # it is gone already, with what it was part of
    return True


async def end(browser: Browser, process_id: int) -> None:
    """Close the browser; one that does not close is killed, and its other processes end with it."""
    gone = asyncio.Event()
    browser.once("disconnected", lambda _: gone.set())
    if not browser.is_connected() or await close(browser):
        return
    with suppress(ProcessLookupError):
        os.kill(process_id, signal.SIGKILL)
    with suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_S):
            await gone.wait()


async def new_context_like_a_crawls(
    browser: Browser,
    user_agent: str,
    *,
    proxy: ProxySettings | None = None,
    state: Mapping[str, Any] | None = None,
) -> BrowserContext:
    """A context as sites see those of all crawls; ``state`` is what it holds from the beginning."""
    return await browser.new_context(
        proxy=proxy,
        user_agent=user_agent,
        viewport={"width": VIEWPORT_WIDTH, "height": VIEWPORT_HEIGHT},
        locale="en-US",
        timezone_id="UTC",
        service_workers="allow",
        accept_downloads=False,
        storage_state=cast("StorageState | None", state),
    )


async def open_context(
    browser: Browser,
    recorder: RecorderAddress,
    page_id: str,
    user_agent: str,
    *,
    state: Mapping[str, Any] | None = None,
) -> BrowserContext:
    """A context of its own storage, whose exchanges the recorder files under ``page_id``, with one empty tab.

    ``state`` is that of a login, None for a visitor whom the site does not know.

    Were Playwright told the password, it would stop every request to say it, and turn off the cache for that,
    which sites see (``Pragma: no-cache`` in every request). So the browser says it once, and remembers.
    """
    proxy: ProxySettings = {"server": f"http://{recorder.host}:{recorder.port}", "bypass": "<-loopback>"}
    context = await new_context_like_a_crawls(browser, user_agent, proxy=proxy, state=state)
    try:
        await _introduce(context, recorder, page_id)
    except BaseException:
        await close(context)
        raise
    return context


async def _introduce(context: BrowserContext, recorder: RecorderAddress, page_id: str) -> None:
    """Have the context say page id and password to the recorder, which it then does by itself.

    The empty tab fetches the greeting and goes nowhere: a page that is shown in it later has no history, and no
    second process was started for a tab of its own.
    """
    tab = await context.new_page()
    session = await context.new_cdp_session(tab)
    credentials = {"response": "ProvideCredentials", "username": page_id, "password": recorder.password}

    answers: set[asyncio.Task[None]] = set()

    async def send(method: str, answer: dict[str, Any]) -> None:
        with suppress(PlaywrightError):  # of a request that nobody waits for any more
            await session.send(method, answer)

    def go_on(paused: dict[str, Any]) -> None:
        answer = {"requestId": paused["requestId"]}
        answers.add(asyncio.ensure_future(send("Fetch.continueRequest", answer)))

    def authenticate(challenge: dict[str, Any]) -> None:
        answer = {"requestId": challenge["requestId"], "authChallengeResponse": credentials}
        answers.add(asyncio.ensure_future(send("Fetch.continueWithAuth", answer)))

    session.on("Fetch.requestPaused", go_on)
    session.on("Fetch.authRequired", authenticate)
    await session.send("Fetch.enable", {"handleAuthRequests": True, "patterns": [{"urlPattern": "*"}]})
    async with tab.expect_response(lambda _: True, timeout=GREETING_S * 1000) as greeting:  # the tab's only one
        await tab.evaluate(GREET, greeting_url(recorder.proof_key))
    greeted = await greeting.value
    await asyncio.gather(*answers)
    if greeted.status != HTTPStatus.OK:
        raise PlaywrightError(f"the recorder does not know the browser: {greeted.status}")
    if not is_greeting(greeted.headers.get(PROOF_FIELD.lower()), recorder.proof_key):
        raise PlaywrightError("what greets the browser is not the recorder: it does not give the recorder's proof")
    await session.detach()
