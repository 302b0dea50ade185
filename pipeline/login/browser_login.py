"""Opens a browser in which a person logs in at a site, or a form is filled in, and keeps what the browser holds.

In: the page to begin at, the sign of a login, the egress profile's proxy. Out: the state of the context, once the
sign can be seen. Nothing of a login is recorded: it is made outside of any crawl. The browser looks as that of
crawls does, since some sites end a session whose browser changes. Raises `LoginFailed`.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import unquote, urlsplit

import yaml
from playwright.async_api import Browser, BrowserContext, Page, ProxySettings, async_playwright
from playwright.async_api import Error as PlaywrightError

from crawlers.browser.chromium import NAMES_LEFT_TO_PROXY, PAST_NO_PROXY, new_context_like_a_crawls
from crawlers.browser.login_sign import shows_sign
from crawlers.model.login import LoginSign
from pipeline.login.streamed_browser import StreamedBrowser
from storage.errors import StorageError

ARRIVE_S: Final = 60.0
FORM_S: Final = 60.0
PERSON_S: Final = 15 * 60.0
"""How long a page may take to come, a form to lead to the sign, and a person to log in."""

AGAIN_S: Final = 0.2
"""Between two looks at all tabs."""


class LoginFailed(StorageError):
    """No login came about, and no profile was written; whoever runs the command looks why."""


@dataclass(frozen=True, slots=True)
class LoginForm:
    """Where a form has its fields, as CSS selectors. ``next_button``, where the password has a page of its own."""

    user: str
    password: str
    submit: str
    next_button: str | None = None


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user name and a password; they are typed into the form and kept nowhere."""

    user: str = field(repr=False)
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """``url`` is the page that showed the sign, ``state`` what the context held then."""

    url: str
    state: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class LoginBrowser:
    """How the browser is started: as that of crawls, by their egress profile."""

    program: Path | None
    user_agent: str
    proxy_url: str | None = field(default=None, repr=False)


def read_form(path: Path) -> LoginForm:
    """The form that a YAML file describes: ``user``, ``password``, ``submit``, and ``next`` where needed.

    Raises `LoginFailed`.
    """
    wanted = "a mapping with user, password and submit (and next), each a CSS selector"
    try:
        row = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as problem:
        raise LoginFailed(
            f"{path}: expected {wanted}, found what cannot be read. No profile was written."
        ) from problem
    names = {"user", "password", "submit", "next"}
    if not isinstance(row, dict) or not {"user", "password", "submit"} <= set(row) <= names:
        found = ", ".join(map(str, row)) if isinstance(row, dict) else type(row).__name__
        raise LoginFailed(f"{path}: expected {wanted}, found {found}. No profile was written.")
    return LoginForm(str(row["user"]), str(row["password"]), str(row["submit"]), row.get("next"))


async def login_by_form(
    browser: LoginBrowser, url: str, sign: LoginSign, form: LoginForm, credentials: Credentials
) -> LoggedIn:
    """Fill in the form, and wait until the sign can be seen."""
    async with _opened(browser, headless=True) as (context, page):
        await _arrive(page, url)
        try:
            await page.locator(form.user).first.fill(credentials.user, timeout=FORM_S * 1000)
            if form.next_button is not None:
                await page.locator(form.next_button).first.click(timeout=FORM_S * 1000)
            await page.locator(form.password).first.fill(credentials.password, timeout=FORM_S * 1000)
            await page.locator(form.submit).first.click(timeout=FORM_S * 1000)
        except PlaywrightError:  # whose words quote what was typed
            raise LoginFailed(
                f"{url}: the form's fields were not found within {FORM_S:g} s ({form.user}, {form.password}, "
                f"{form.submit}). No profile was written."
            ) from None
        if not await shows_sign(page, sign, FORM_S):
            raise LoginFailed(
                f"{url}: expected {sign} after the form was sent, found none of it within {FORM_S:g} s. No "
                "profile was written, and an earlier one stays as it is."
            )
        return LoggedIn(page.url, await _state_of(context))


async def login_by_hand(
    browser: LoginBrowser, url: str, sign: LoginSign, *, on_progress: Callable[[str], None]
) -> LoggedIn:
    """Show the page in a window until somebody has logged in there and the sign can be seen."""
    async with _opened(browser, headless=False) as (context, page):
        on_progress(
            f"A window has opened: log in there. It closes by itself once it shows {sign}; to give up, close it."
        )
        await _arrive(page, url)
        shown_at = await wait_for_sign(context, sign)
        return LoggedIn(shown_at, await _state_of(context))


async def login_by_stream(
    browser: LoginBrowser, url: str, sign: LoginSign, *, port: int, on_progress: Callable[[str], None]
) -> LoggedIn:
    """The same on a machine without a display: the browser is shown on a page of loopback (`streamed_browser`)."""
    async with _opened(browser, headless=True) as (context, page):
        await _arrive(page, url)
        shown = StreamedBrowser(context)
        shown_at = await shown.while_shown(wait_for_sign(context, sign), on_progress, port)
        return LoggedIn(shown_at, await _state_of(context))


async def renewed_state(
    browser: LoginBrowser, url: str, sign: LoginSign, state: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    """The state as the site has renewed it; None where the page does not show the sign any more."""
    async with _opened(browser, headless=True, state=state) as (context, page):
        await _arrive(page, url)
        return await _state_of(context) if await shows_sign(page, sign) else None


async def wait_for_sign(context: BrowserContext, sign: LoginSign, within_s: float = PERSON_S) -> str:
    """The address of the first tab that shows the sign; raises `LoginFailed` once none is left or time is up."""
    try:
        async with asyncio.timeout(within_s):
            while context.pages:
                for page in context.pages:
                    if await shows_sign(page, sign, 1.0):
                        return page.url
                await asyncio.sleep(AGAIN_S)  # a tab that has crashed answers at once
    except TimeoutError:
        pass
    raise LoginFailed(f"Nobody logged in: no page showed {sign}. No profile was written.")


def has_display() -> bool:
    """Whether a window can be opened on this machine."""
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


@asynccontextmanager
async def _opened(
    how: LoginBrowser, *, headless: bool, state: Mapping[str, Any] | None = None
) -> AsyncIterator[tuple[BrowserContext, Page]]:
    async with async_playwright() as playwright:
        try:
            browser: Browser = await playwright.chromium.launch(
                executable_path=how.program,
                headless=headless,
                args=[
                    *PAST_NO_PROXY,
                    f"--user-agent={how.user_agent}",
                    *(() if how.proxy_url is None else (NAMES_LEFT_TO_PROXY,)),
                ],
                proxy=None if how.proxy_url is None else _proxy(how.proxy_url),
                chromium_sandbox=os.geteuid() != 0,
            )
        except PlaywrightError as problem:
            raise LoginFailed(f"Chromium does not start: {problem.message.splitlines()[0]}") from problem
        try:
            context = await new_context_like_a_crawls(browser, how.user_agent, state=state)
            yield context, await context.new_page()
        finally:
            await browser.close()


def _proxy(url: str) -> ProxySettings:
    parts = urlsplit(url)
    if parts.username is not None and parts.scheme == "socks5":
        raise LoginFailed(
            "Chromium cannot log in at a SOCKS proxy that wants a password. No page was opened: use an egress "
            "profile without one, or with an HTTP proxy."
        )
    proxy: ProxySettings = {"server": f"{parts.scheme}://{parts.hostname}:{parts.port}", "bypass": "<-loopback>"}
    if parts.username is not None:
        proxy["username"], proxy["password"] = unquote(parts.username), unquote(parts.password or "")
    return proxy


async def _arrive(page: Page, url: str) -> None:
    try:
        await page.goto(url, wait_until="domcontentloaded", timeout=ARRIVE_S * 1000)
    except PlaywrightError as problem:
        reason = problem.message.splitlines()[0]
        raise LoginFailed(f"{url}: the page did not come ({reason}). No profile was written.") from problem


async def _state_of(context: BrowserContext) -> Mapping[str, Any]:
    return cast(Mapping[str, Any], await context.storage_state(indexed_db=True))
