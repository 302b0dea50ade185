"""Every kind of answer asked for through one recorder by a real engine: what the site saw, what was kept."""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import uvloop
from playwright.async_api import async_playwright

from crawlers.browser.chromium import launch, open_context
from crawlers.http_client import FetchedResponse, Fetcher, FetchFailed
from crawlers.model.exchange import Exchange
from crawlers.recorder.proxy import RecorderAddress
from tests.crawlers.recorder.origin_server import Origin, Served, answer
from tests.crawlers.recorder.running_recorder import KeptInMemory, RunningRecorder
from tests.crawlers.recorder.server_answers import KINDS

HOST = "site.example"
USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64) Letters/1"
PATHS = {name: f"/k/{number}?q=%D0%B0&z" for number, name in enumerate(KINDS)}
NOTHING = b"HTTP/1.1 204 No Content\r\n\r\n"
ASK_FOR_ALL = """<!doctype html><title>kinds</title><body><script>
(async () => {
  for (const [path, init] of %s) {
    try { await (await fetch(path, {cache: 'no-store', ...init})).arrayBuffer(); } catch (error) { }
  }
  document.body.dataset.state = 'done';
})();
</script>"""


@dataclass(frozen=True)
class Passed:
    """What came of it, by URL. ``answers`` is what the engine made of each."""

    served: dict[str, Served]
    kept: dict[str, Exchange]
    answers: dict[str, FetchedResponse | FetchFailed]
    notes: list[str]


def url_of(scheme: str, name: str) -> str:
    return f"{scheme}://{HOST}{PATHS[name]}"


def pass_all(
    folder: Path, plain: Origin, secure: Origin, authority: Path, ask: Callable[[RecorderAddress], object]
) -> Passed:
    for origin in (plain, secure):
        for name, kind in KINDS.items():
            origin.handlers[PATHS[name]] = answer(*kind.pieces, keep=kind.keep)
        origin.handlers |= {
            "/b": answer(NOTHING),
            "/favicon.ico": answer(NOTHING),
            "/start": answer(*start_page()),
        }
    sink = KeptInMemory()
    recorder = RunningRecorder(
        folder,
        sink=sink,
        connect_to=(f"{HOST}:443:127.0.0.1:{secure.port}", f"{HOST}:80:127.0.0.1:{plain.port}"),
        upstream_ca=authority,
    )
    answers = ask(recorder.address)
    recorder.close()
    served = {
        f"{scheme}://{HOST}{each.path}": each
        for scheme, origin in (("http", plain), ("https", secure))
        for each in origin.log
    }
    kept = {exchange.url: exchange for exchange in sink.exchanges}
    assert len(sink.exchanges) == len(plain.log) + len(secure.log)
    assert set(kept) == set(served)
    return Passed(served, kept, answers if isinstance(answers, dict) else {}, [note.reason for note in sink.notes])


def start_page() -> tuple[bytes, bytes]:
    """A page whose script asks for every kind, one after the other."""
    inits = []
    for name, kind in KINDS.items():
        init: dict[str, object] = {"method": kind.method.decode()}
        if kind.request_body:
            init["body"] = "a=1&b=2&c"
        if kind.request_fields.startswith(b"Range"):
            init["headers"] = {"Range": kind.request_fields.decode().partition(": ")[2].strip()}
        inits.append([PATHS[name], init])
    page = (ASK_FOR_ALL % json.dumps(inits)).encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(page)
    return head, page


def by_fetcher(address: RecorderAddress) -> dict[str, FetchedResponse | FetchFailed]:
    async def fetch_all() -> dict[str, FetchedResponse | FetchFailed]:
        fetcher = Fetcher(address, silence_s=20)
        answers: dict[str, FetchedResponse | FetchFailed] = {}
        for scheme in ("https", "http"):
            for name, kind in KINDS.items():
                said = kind.request_fields.decode().strip().partition(": ")
                headers = [("User-Agent", USER_AGENT)] + ([(said[0], said[2])] if said[0] == "Range" else [])
                url = url_of(scheme, name)
                try:
                    answers[url] = await fetcher.fetch(
                        url,
                        headers,
                        page_id="0001",
                        keep_bytes=32 << 20,
                        method=kind.method.decode(),
                        content=kind.request_body,
                    )
                except FetchFailed as failure:
                    answers[url] = failure
        await fetcher.close()
        return answers

    return uvloop.run(fetch_all())


def by_chromium(program: Path) -> Callable[[RecorderAddress], None]:
    async def browse(address: RecorderAddress) -> None:
        async with async_playwright() as playwright:
            browser = await launch(playwright, address, program, USER_AGENT)
            context = await open_context(browser, address, "0001", USER_AGENT)
            for scheme in ("https", "http"):
                tab = await context.new_page()
                await tab.goto(f"{scheme}://{HOST}/start")
                await tab.wait_for_selector("[data-state=done]", state="attached", timeout=60_000)
                with suppress(Exception):
                    await tab.close()
            await browser.close()

    return lambda address: asyncio.run(browse(address))
