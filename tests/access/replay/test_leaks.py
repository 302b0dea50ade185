"""Nothing of a replayed page reaches the live web: a hostile page, Chromium's log of its network, and a catcher.

Every way of viewing in one browser, with a control in another that shows that both see what gets out.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import BrowserContext, Page, sync_playwright

from pipeline.chromium import find_chromium
from tests.access.replay.conftest import ANALYST, Replayed
from tests.access.replay.hostile_site import Catcher, HostileSite, contacted

pytestmark = [pytest.mark.browser]

HOME = "http://victim.test/"
TRIES_MS = 1500
"""The page's last attempt is made 500 ms after it has told what it found."""

OUT_OF_A_PAGE = 35
"""So many ways out, at least, must be seen to work where nothing holds the page: the control."""


@contextmanager
def browser(folder: Path, catcher_port: int, *, also: str = "") -> Iterator[tuple[BrowserContext, Path]]:
    """Chromium as an analyst has it, with its log; every ``*.leak.test`` leads to the catcher."""
    found, net_log = find_chromium(), folder / "net-log.json"
    assert found is not None
    rules = f"MAP *.leak.test 127.0.0.2:{catcher_port}, MAP *.localhost 127.0.0.1{also}"
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(folder / "profile"),
            executable_path=str(found.program),
            # left as people have it: Playwright switches off what fetches ahead
            ignore_default_args=["--disable-background-networking", "--disable-features"],
            args=["--no-sandbox", f"--host-resolver-rules={rules}", f"--log-net-log={net_log}"],
        )
        yield context, net_log
        context.close()


def heading(page: Page, name: str = "h") -> str:
    """What the archived page's heading says, in whatever frame it stands."""
    for frame in page.frames:
        if frame != page.main_frame and (found := frame.query_selector(f"#{name}")):
            return found.text_content() or ""
    return ""


def test_the_page_gets_out_where_nothing_holds_it(replayed: Replayed, tmp_path: Path) -> None:
    catcher = Catcher()
    with catcher.listening() as port, HostileSite(replayed.pages_url, with_policies=False) as site:
        with browser(tmp_path, port) as (context, net_log):
            page = context.new_page()
            with page.expect_console_message(lambda message: message.text.startswith("told ")):
                page.goto(f"http://127.0.0.1:{site.port}/", wait_until="commit")
            page.wait_for_timeout(TRIES_MS)
            context.new_page().goto(f"http://127.0.0.1:{site.port}/refresh", wait_until="commit")
            page.wait_for_timeout(800)
        seen = contacted(net_log)
    assert len(seen) >= OUT_OF_A_PAGE, sorted(seen)
    assert {"stun", "topnav", "preconn", "fetch", "linkhead"} <= seen
    assert {"fetch", "img"} <= catcher.caught


def test_nothing_gets_out_in_any_way_of_viewing(replayed: Replayed, tmp_path: Path) -> None:
    capture = replayed.captures[HOME]
    own = f"{replayed.pages_url}/archive/capture/{quote(capture.id, safe='')}"
    catcher = Catcher()
    replayed.asked_of_api.clear()
    with catcher.listening() as port:
        with browser(tmp_path, port) as (context, net_log):
            context.add_cookies([{"name": "_token", "value": "SECRET", "url": replayed.pages_url}])
            page = context.new_page()
            page.goto(replayed.view(HOME))
            page.wait_for_timeout(TRIES_MS)
            assert heading(page) == "static"  # no script has run, and the page is there
            frame = page.frames[1]
            shown = frame.evaluate("() => getComputedStyle(document.getElementById('h')).color")
            assert shown == "rgb(1, 2, 3)"
            assert frame.evaluate("() => document.getElementById('own').naturalWidth") == 1
            assert len(context.pages) == 2  # the one that it began with, and ours
            for link in ("#out", "#mathlink"):
                frame.evaluate("link => document.querySelector(link).dispatchEvent(new MouseEvent('click'))", link)
                page.wait_for_timeout(300)
                page.goto(replayed.view(HOME))
                frame = page.frames[1]
            for path in ("/refresh", "/wide", "/picture.svg", "/away", "/refused"):
                page.goto(replayed.view(f"http://victim.test{path}"))
                page.wait_for_timeout(300)
            with page.expect_console_message(lambda message: message.text.startswith("told ")) as told:
                page.goto(f"{replayed.view(HOME)}?scripts=true")
            page.wait_for_timeout(TRIES_MS)
            found = json.loads(told.value.text.removeprefix("told "))
            assert found["okjs"] == "okjs"
            assert (found.get("ls"), found.get("cookie", "")) == (None, "")
            assert found["api"] in (404, "refused")
            assert replayed.asked_of_api == []
            assert not any(secret in told.value.text for secret in ("SECRET", ANALYST.name, "Letapis"))
            assert len(context.pages) == 2
            for address in (own, f"{own}/text", f"{own}/text?markup=true"):
                page.goto(address)
                page.wait_for_timeout(100)
        seen = contacted(net_log)
    assert seen == set()
    assert catcher.caught == set()
