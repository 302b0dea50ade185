"""A site sees the engine's own bytes: the recorder adds nothing, and takes only what was for itself."""

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme
import uvloop
from playwright.async_api import Browser, BrowserContext, async_playwright

from crawlers.browser.chromium import VIEWPORT_HEIGHT, VIEWPORT_WIDTH, launch, open_context
from crawlers.engine.settings import request_headers
from crawlers.http_client import Fetcher
from crawlers.recorder.proxy import RecorderAddress
from pipeline.chromium import find_chromium
from pipeline.config.settings import Settings
from tests.crawlers.recorder.conftest import tls_of
from tests.crawlers.recorder.origin_server import Origin, Served, answer
from tests.crawlers.recorder.running_recorder import RunningRecorder, block_of

USER_AGENT = Settings().user_agent
PAGE = b"""<!doctype html><link rel=icon href=data:,><img src=/picture?a=%C5%82><body><script>
fetch('/data', {method: 'POST', body: 'x'}).then(() => document.body.dataset.state = 'done');
</script>"""
PATHS = ("/page?q=1", "/picture?a=%C5%82", "/data")


def serve(origin: Origin) -> Origin:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n"
    origin.handlers["/page?q=1"] = answer(head % (b"text/html", len(PAGE)) + PAGE)
    origin.handlers["/picture?a=%C5%82"] = answer(head % (b"image/png", 1) + b"x")
    origin.handlers["/data"] = answer(head % (b"text/plain", 2) + b"hi")
    return origin


@pytest.fixture
def origins(site_authority: trustme.CA) -> Iterator[dict[str, Origin]]:
    running = {"http": serve(Origin()), "https": serve(Origin(tls_of(site_authority)))}
    yield running
    for origin in running.values():
        origin.close()


@pytest.fixture
def recorder(origins: dict[str, Origin], site_authority_file: Path, tmp_path: Path) -> RunningRecorder:
    rules = tuple(
        f"site.example:{port}:127.0.0.1:{origins[scheme].port}" for scheme, port in (("http", 80), ("https", 443))
    )
    return RunningRecorder(tmp_path, connect_to=rules, upstream_ca=site_authority_file)


FETCHED = (
    "GET /page?q=1 HTTP/1.1\r\n"
    "Host: site.example\r\n"
    f"User-Agent: {USER_AGENT}\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
    "Accept-Language: en-US,en;q=0.9\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Connection: keep-alive\r\n"
    "\r\n"
).encode()


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_the_fetchers_request_arrives_as_it_was_made_in_origin_form(
    scheme: str, origins: dict[str, Origin], recorder: RunningRecorder
) -> None:
    async def fetch() -> None:
        fetcher = Fetcher(recorder.address)
        headers = [*request_headers(USER_AGENT).items()]
        await fetcher.fetch(f"{scheme}://site.example/page?q=1#part", headers, page_id="1", keep_bytes=1000)
        await fetcher.close()

    uvloop.run(fetch())
    recorder.close()
    assert [served.request for served in origins[scheme].log] == [FETCHED]
    assert [block_of(exchange.request) for exchange in recorder.sink.exchanges] == [FETCHED]


@dataclass(frozen=True)
class Visits:
    """Requests by path of two visits of the same page: with a bare browser, and through the recorder."""

    bare: dict[str, bytes]
    recorded: dict[str, bytes]


def by_path(log: list[Served]) -> dict[str, bytes]:
    assert sorted(served.path for served in log) == sorted(PATHS)
    return {served.path: served.request for served in log}


async def visit(context: BrowserContext, url: str) -> None:
    tab = await context.new_page()
    await tab.goto(url)
    await tab.wait_for_selector("[data-state=done]", state="attached")
    await tab.close()


async def bare(program: Path, ports: dict[str, int], url: str) -> None:
    """The same browser with neither proxy nor recorder."""
    async with async_playwright() as playwright:
        rules = ", ".join(
            f"MAP site.example:{port} 127.0.0.1:{ports[scheme]}" for scheme, port in (("http", 80), ("https", 443))
        )
        browser: Browser = await playwright.chromium.launch(
            executable_path=program,
            args=[f"--host-resolver-rules={rules}", "--ignore-certificate-errors", f"--user-agent={USER_AGENT}"],
            chromium_sandbox=os.geteuid() != 0,
        )
        context = await browser.new_context(
            user_agent=USER_AGENT,
            locale="en-US",
            viewport={"width": VIEWPORT_WIDTH, "height": VIEWPORT_HEIGHT},
            timezone_id="UTC",
            ignore_https_errors=True,
        )
        await visit(context, url)
        await browser.close()


async def recorded(program: Path, door: RecorderAddress, url: str) -> None:
    async with async_playwright() as playwright:
        browser = await launch(playwright, door, program, USER_AGENT)
        await visit(await open_context(browser, door, "0001", USER_AGENT), url)
        await browser.close()


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["https", "http"])
def test_behind_the_recorder_chromium_sends_what_it_sends_without_it(
    scheme: str, origins: dict[str, Origin], recorder: RunningRecorder
) -> None:
    found = find_chromium(Settings().chromium)
    if found is None:
        pytest.skip("no Chromium on this machine")
    url, origin = f"{scheme}://site.example/page?q=1", origins[scheme]
    asyncio.run(bare(found.program, {name: each.port for name, each in origins.items()}, url))
    without = by_path(origin.log)
    origin.log.clear()
    asyncio.run(recorded(found.program, recorder.address, url))
    recorder.close()
    behind = by_path(origin.log)
    if scheme == "http":
        # What a browser says about its connection it says to a proxy, where it uses one: that field ends there.
        without = {path: request.replace(b"Connection: keep-alive\r\n", b"") for path, request in without.items()}
    assert behind == without
    assert sorted(block_of(exchange.request) for exchange in recorder.sink.exchanges) == sorted(behind.values())
