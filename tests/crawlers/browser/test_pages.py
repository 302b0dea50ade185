"""Chromium behind the real recorder: what it shows is kept, and nothing it does gets past."""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

import pytest
import scrapy
from PIL import Image
from playwright.async_api import Browser, BrowserContext, Page, async_playwright
from playwright.async_api import Error as PlaywrightError

from crawlers.browser.chromium import launch, open_context
from crawlers.browser.page_loader import Loaded, TabCrashed, load
from crawlers.browser.pages import BrowserPages
from crawlers.engine.context import CrawlContext
from crawlers.engine.messages import CrawlNote, EngineEvent, PageVisited
from crawlers.http_client import Fetcher
from crawlers.model.capture import Note, NoteKind, Rendering, RenderingKind
from crawlers.model.job import CrawlLimits
from crawlers.rate_limit.limiter import HostRateLimiter
from crawlers.spiders.base import SourceSpider
from crawlers.watchlist.source import source_for_urls
from pipeline.chromium import find_chromium
from pipeline.config.settings import Settings
from pipeline.crawl import job_for
from processors.pages.outcome import Outcome
from samples.messages import Response
from samples.sites import SampleSites
from tests.crawlers.engine.crawl_here import crawl_here
from tests.crawlers.recorder.running_recorder import KeptInMemory, RunningRecorder, block_of

pytestmark = pytest.mark.browser

HOST = "bypass.pryklad.example"
USER_AGENT = Settings().user_agent
TALL = "<style>div{height:700px}</style>" + "".join(f"<div>Абзац {number}</div>" for number in range(9))
RESTLESS = TALL + "<script>setInterval(() => fetch('/from-page'), 100)</script>"
LAZY = TALL + '<img loading="lazy" src="/lazy.png" width="10" height="10">'
GROWING = (
    TALL
    + """<script>
let asked = 0, busy = false;
addEventListener('scroll', async () => {
  if (busy || asked > 3 || innerHeight + scrollY < document.documentElement.scrollHeight - 50) return;
  busy = true;
  await fetch('/more/' + ++asked);
  document.body.insertAdjacentHTML('beforeend', '<div>Яшчэ</div><div>Яшчэ</div>');
  busy = false;
});
</script>"""
)
SCRIPTED = (
    TALL
    + """<script>
document.body.insertAdjacentHTML('beforeend', '<p>Напісана скрыптам.</p>');
</script>"""
)
FRAMED = "framed.pryklad.example"
FRAMING = f'<p>Старонка з рамкай.</p><iframe src="https://{FRAMED}/"></iframe>'
FRAME = "<p>Рамка з іншага сайта.</p><script>fetch('/from-frame')</script>"
WORKER = """
self.addEventListener('install', event => event.waitUntil(fetch('/from-worker').then(() => self.skipWaiting())));
"""

ESCAPES = """<!doctype html><title>Спробы</title><link rel="dns-prefetch" href="//dns.{outside}">
<link rel="preconnect" href="http://127.0.0.1:{port}"><link rel="prefetch" href="http://127.0.0.1:{port}/prefetch">
<p>Старонка, якая спрабуе абысці запіс.</p><img src="http://localhost:{port}/image"><script>
const tries = [
  fetch('/from-page'),
  fetch('http://127.0.0.1:{port}/fetch', {{mode: 'no-cors'}}),
  fetch('http://[::1]:{port}/fetch6', {{mode: 'no-cors'}}),
  new Promise(done => {{
    const s = new WebSocket('ws://127.0.0.1:{port}/socket'); s.onclose = done; s.onerror = done;
  }}),
  new WebTransport('https://127.0.0.1:{udp}/').closed,
  navigator.serviceWorker.register('/worker.js').then(() => navigator.serviceWorker.ready),
  new Promise(done => {{
    const c = new RTCPeerConnection({{iceServers: [{{urls: 'stun:127.0.0.1:{udp}'}}]}});
    c.createDataChannel('x'); c.createOffer().then(o => c.setLocalDescription(o));
    c.onicegatheringstatechange = () => c.iceGatheringState === 'complete' && done();
    setTimeout(done, 3000);
  }}),
];
navigator.sendBeacon('http://127.0.0.1:{port}/beacon', 'x');
Promise.allSettled(tries).then(() => document.body.dataset.state = 'tried');
</script>"""


class Outside:
    """A host that must not be reached: counts TCP connections and UDP packets."""

    def __init__(self) -> None:
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", 0))
        self.reached: list[str] = []
        threading.Thread(target=self._accept, daemon=True).start()
        threading.Thread(target=self._receive, daemon=True).start()

    @property
    def port(self) -> int:
        port: int = self.tcp.getsockname()[1]
        return port

    @property
    def udp_port(self) -> int:
        port: int = self.udp.getsockname()[1]
        return port

    def close(self) -> None:
        self.tcp.close()
        self.udp.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self.tcp.accept()
                connection.settimeout(5)
                with suppress(OSError):
                    self.reached.append(f"tcp: {connection.recv(200)!r}")
                connection.close()

    def _receive(self) -> None:
        with suppress(OSError):
            while True:
                self.reached.append(f"udp: {self.udp.recvfrom(2000)[0]!r}")


@dataclass
class Account:
    """What a crawl reported, noted and rendered."""

    events: list[EngineEvent] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    renderings: list[Rendering] = field(default_factory=list)

    @property
    def visits(self) -> list[PageVisited]:
        return [event for event in self.events if isinstance(event, PageVisited)]

    @property
    def remarks(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, CrawlNote)]


@pytest.fixture(scope="module")
def program() -> Path:
    found = find_chromium(Settings().chromium)
    if found is None:
        pytest.skip("no Chromium on this machine")
    return found.program


@pytest.fixture
def outside() -> Iterator[Outside]:
    running = Outside()
    yield running
    running.close()


@pytest.fixture
def sites(outside: Outside) -> Iterator[SampleSites]:
    escapes = ESCAPES.format(port=outside.port, udp=outside.udp_port, outside="outside.example")
    pages = {
        "/": Response(
            body=escapes.encode(), headers=(("Alt-Svc", f'h3="127.0.0.1:{outside.udp_port}"; ma=3600'),)
        ),
        "/from-page": Response(body=b"page", content_type="text/plain"),
        "/from-worker": Response(body=b"worker", content_type="text/plain"),
        "/worker.js": Response(body=WORKER.encode(), content_type="text/javascript"),
        "/lazy": Response(body=LAZY.encode()),
        "/lazy.png": Response(body=b"not really a picture", content_type="image/png"),
        "/endless": Response(body=RESTLESS.encode()),
        "/high": Response(body=b"<div style='height:40000px'>" + b"<p>text</p>" * 100),
        "/growing": Response(body=GROWING.encode()),
        **{f"/more/{number}": Response(body=b"more", content_type="text/plain") for number in (1, 2, 3, 4)},
        "/gone": Response(status=404, body=b""),
        "/nothing": Response(status=204, body=b""),
        "/framing": Response(body=FRAMING.encode()),
        "/shown-by-script": Response(body=SCRIPTED.encode()),
        "/paper.pdf": Response(body=b"%PDF-1.4 not much of one", content_type="application/pdf"),
    }
    extra = {(HOST, path): page for path, page in pages.items()} | {
        (FRAMED, "/"): Response(body=FRAME.encode()),
        (FRAMED, "/from-frame"): Response(body=b"frame", content_type="text/plain"),
    }
    with SampleSites(extra=extra) as running:
        yield running


@pytest.fixture
def recorder(sites: SampleSites, tmp_path: Path) -> Iterator[RunningRecorder]:
    running = RunningRecorder(tmp_path, connect_to=(sites.connect_to,), upstream_ca=sites.authority)
    yield running
    if not running.closed:
        running.close()


def crawl(
    recorder: RunningRecorder,
    program: Path,
    *urls: str,
    limits: CrawlLimits | None = None,
    pace: HostRateLimiter | None = None,
) -> Account:
    made = Account()
    bounds = limits or CrawlLimits()
    job = job_for(source_for_urls(urls, engine="browser"), user_agent=USER_AGENT, collector="any")

    async def run() -> None:
        pages = BrowserPages(
            recorder.address,
            program,
            USER_AGENT,
            note=made.notes.append,
            rendering=made.renderings.append,
            seconds=bounds.seconds,
        )
        limiter = pace or HostRateLimiter(0)
        context = CrawlContext(Fetcher(recorder.address), limiter, pages, made.events.append, robots=None)
        await crawl_here(replace(job, limits=bounds), context)

    asyncio.run(run())
    recorder.close()
    return made


class OnePageRendered(SourceSpider):
    """Fetches what the operator named, and has the page behind it rendered."""

    name = "one-page-rendered"
    read_pages: ClassVar[dict[str, scrapy.http.Response]] = {}

    def parse(self, response: scrapy.http.Response) -> Iterator[Any]:
        self.read_pages[response.url] = response
        if "seed" in response.meta:
            yield response.follow("/shown-by-script", meta={"engine": "browser"})


def test_a_spider_has_one_page_rendered_where_it_needs_to(
    recorder: RunningRecorder, program: Path, sites: SampleSites
) -> None:
    made = Account()
    job = job_for(source_for_urls((f"https://{HOST}/lazy",)), user_agent=USER_AGENT, collector="any")

    async def run() -> None:
        note, rendering = made.notes.append, made.renderings.append
        pages = BrowserPages(recorder.address, program, USER_AGENT, note=note, rendering=rendering)
        context = CrawlContext(
            Fetcher(recorder.address), HostRateLimiter(0), pages, made.events.append, robots=None
        )
        await crawl_here(job, context, OnePageRendered)

    asyncio.run(run())
    recorder.close()

    fetched, rendered = OnePageRendered.read_pages.values()
    assert rendered.css("p::text").getall() == ["Напісана скрыптам."]
    assert fetched.css("p") == []
    assert {rendering.url for rendering in made.renderings} == {f"https://{HOST}/shown-by-script"}
    assert [visit.outcome for visit in made.visits] == [Outcome.CONTENT, Outcome.CONTENT]
    assert f"https://{HOST}/lazy.png" not in kept_urls(recorder), "the page that was fetched was rendered, too"


def kept_urls(recorder: RunningRecorder) -> list[str]:
    sink = recorder.sink
    assert isinstance(sink, KeptInMemory)
    return [exchange.url for exchange in sink.exchanges]


def test_what_a_page_does_passes_the_recorder_or_fails(
    recorder: RunningRecorder, program: Path, sites: SampleSites, outside: Outside
) -> None:
    made = crawl(recorder, program, f"https://{HOST}/")
    (dom,) = [each for each in made.renderings if each.kind is RenderingKind.DOM]
    assert b'data-state="tried"' in dom.content
    kept = kept_urls(recorder)
    assert {f"https://{HOST}{path}" for path in ("/", "/from-page", "/worker.js", "/from-worker")} <= set(kept)
    # Every host is led to the sample sites: what the page asked of the outside came there, by way of the recorder.
    assert f"http://127.0.0.1:{outside.port}/fetch" in kept
    assert f"http://127.0.0.1:{outside.port}/beacon" in kept
    assert outside.reached == []
    asked = [request.target for request in sites.requests_log]
    assert sorted(asked) == sorted(urlsplit(url).path for url in kept)


def test_a_page_is_kept_with_its_picture_and_its_final_dom(
    recorder: RunningRecorder, program: Path, tmp_path: Path
) -> None:
    url = "https://abvestki.pryklad.example/"
    made = crawl(recorder, program, url)
    (visit,) = made.visits
    assert (visit.url, visit.outcome, visit.seed) == (url, Outcome.CONTENT, True)
    kinds = {rendering.kind: rendering for rendering in made.renderings}
    assert set(kinds) == {RenderingKind.DOM, RenderingKind.FULL_PAGE}
    assert {rendering.page_id for rendering in kinds.values()} == {"0001"}
    assert "А-19/2026" in kinds[RenderingKind.DOM].content.decode()
    (tmp_path / "shot.png").write_bytes(kinds[RenderingKind.FULL_PAGE].content)
    with Image.open(tmp_path / "shot.png") as picture:
        assert picture.size == (1366, 900)
    assert all(rendering.made_by.startswith("Chromium ") for rendering in kinds.values())
    kept = {exchange.url: exchange for exchange in recorder.sink.exchanges}
    assert kept["https://abvestki.pryklad.example/api/worker.json"].page_id == "0001"
    lines = [line for exchange in kept.values() for line in block_of(exchange.request).split(b"\r\n")]
    agents = {line for line in lines if line.startswith(b"User-Agent:")}
    assert agents == {f"User-Agent: {USER_AGENT}".encode()}


def test_pictures_that_load_when_seen_are_loaded(recorder: RunningRecorder, program: Path) -> None:
    made = crawl(recorder, program, f"https://{HOST}/lazy")
    assert f"https://{HOST}/lazy.png" in kept_urls(recorder)
    (shot,) = [each for each in made.renderings if each.kind is RenderingKind.FULL_PAGE]
    assert png_size(shot.content)[1] > 6000


def png_size(content: bytes) -> tuple[int, int]:
    return int.from_bytes(content[16:20]), int.from_bytes(content[20:24])


def test_a_page_that_never_rests_is_taken_as_it_stands(recorder: RunningRecorder, program: Path) -> None:
    made = crawl(recorder, program, f"https://{HOST}/endless")
    assert [visit.outcome for visit in made.visits] == [Outcome.CONTENT]
    assert any("did not rest" in remark for remark in made.remarks)
    assert len(made.renderings) == 2


def test_what_a_page_asks_for_because_it_was_scrolled_takes_turns(
    recorder: RunningRecorder, program: Path
) -> None:
    pace = HostRateLimiter(0.4)
    crawl(recorder, program, f"https://{HOST}/growing", pace=pace)
    sink = recorder.sink
    assert isinstance(sink, KeptInMemory)
    more = [exchange for exchange in sink.exchanges if "/more/" in exchange.url]
    gaps = [(later.started_at - earlier.started_at).total_seconds() for earlier, later in pairwise(more)]
    assert len(more) == 4
    # the first leaves before anybody knows that the page asks when it is scrolled
    assert min(gaps[1:]) >= 0.3, "the page asked for more, faster than the pace allows"
    kept = pace.statistics()[HOST]
    assert kept.requests == 1 + len(more)
    assert (kept.shortest_gap_s or 0) >= 0.4


def test_a_picture_of_a_page_too_high_says_so(recorder: RunningRecorder, program: Path) -> None:
    made = crawl(recorder, program, f"https://{HOST}/high")
    (shot,) = [each for each in made.renderings if each.kind is RenderingKind.FULL_PAGE]
    assert png_size(shot.content) == (1366, 16_000)
    assert any("pixels high" in remark for remark in made.remarks)


def test_what_a_browser_does_not_show_is_kept_all_the_same(recorder: RunningRecorder, program: Path) -> None:
    made = crawl(recorder, program, f"https://{HOST}/paper.pdf")
    assert [visit.outcome for visit in made.visits] == [Outcome.CONTENT]
    assert f"https://{HOST}/paper.pdf" in kept_urls(recorder)


@pytest.mark.parametrize(("path", "status"), [("/gone", 404), ("/nothing", 204)])
def test_an_answer_that_shows_nothing_is_told_as_the_site_gave_it(
    path: str, status: int, recorder: RunningRecorder, program: Path
) -> None:
    made = crawl(recorder, program, f"https://{HOST}{path}")
    (visit,) = made.visits
    assert visit.outcome is not Outcome.UNREACHABLE
    assert {exchange.status for exchange in recorder.sink.exchanges} == {status}
    assert recorder.sink.notes == []


def test_frames_of_other_sites_ask_as_the_page_does(recorder: RunningRecorder, program: Path) -> None:
    crawl(recorder, program, f"https://{HOST}/framing")
    kept = {exchange.url: exchange for exchange in recorder.sink.exchanges}
    assert {f"https://{FRAMED}/", f"https://{FRAMED}/from-frame"} <= set(kept)
    assert {exchange.page_id for exchange in kept.values()} == {"0001"}
    for exchange in kept.values():
        assert f"\r\nUser-Agent: {USER_AGENT}\r\n".encode() in block_of(exchange.request)


def test_pages_that_fail_have_an_outcome_and_the_others_go_on(recorder: RunningRecorder, program: Path) -> None:
    failing = ("https://reset.pryklad.example/", "https://untrusted.pryklad.example/")
    made = crawl(
        recorder, program, *failing, "https://forbidden.pryklad.example/", "https://abvestki.pryklad.example/"
    )
    assert [visit.outcome for visit in made.visits] == [
        Outcome.UNREACHABLE,
        Outcome.UNREACHABLE,
        Outcome.BLOCKED,
        Outcome.CONTENT,
    ]
    assert {note.url for note in recorder.sink.notes if note.kind is NoteKind.NO_RESPONSE} >= set(failing)


def test_a_limit_of_seconds_ends_a_page_that_never_answers(recorder: RunningRecorder, program: Path) -> None:
    began = datetime.now(UTC)
    made = crawl(recorder, program, "https://silent.pryklad.example/", limits=CrawlLimits(seconds=4.0))
    assert (datetime.now(UTC) - began).total_seconds() < 30
    assert any("limit of 4.0 s" in remark for remark in made.remarks)


def in_browser(
    recorder: RunningRecorder, program: Path, do: Callable[[Browser, BrowserContext], Awaitable[Any]]
) -> Any:
    async def run() -> Any:
        async with async_playwright() as playwright:
            browser = await launch(playwright, recorder.address, program, USER_AGENT)
            try:
                return await do(browser, await open_context(browser, recorder.address, "0001", USER_AGENT))
            finally:
                await browser.close()

    return asyncio.run(run())


async def at_once(_: str) -> bool:
    """A turn without waiting."""
    return True


def test_a_crashed_tab_is_told_and_the_next_one_works(recorder: RunningRecorder, program: Path) -> None:
    restless = f"https://{HOST}/endless"

    async def crash(tab: Page) -> None:
        await tab.wait_for_url(restless, wait_until="commit")
        session = await tab.context.new_cdp_session(tab)
        with suppress(PlaywrightError):
            await session.send("Page.crash")

    async def visit_twice(_: Browser, context: BrowserContext) -> Loaded:
        def crash_soon(tab: Page) -> None:
            crashing.append(asyncio.ensure_future(crash(tab)))

        crashing: list[asyncio.Future[None]] = []
        context.on("page", crash_soon)
        with pytest.raises(TabCrashed):
            await load(context, restless, at_once)
        context.remove_listener("page", crash_soon)
        for each in crashing:
            each.cancel()
        return await load(context, "https://abvestki.pryklad.example/", at_once)

    loaded = in_browser(recorder, program, visit_twice)
    assert "А-19/2026" in loaded.dom


def test_a_context_without_the_recorder_reaches_nothing(
    recorder: RunningRecorder, program: Path, sites: SampleSites
) -> None:
    async def go_past(browser: Browser, _: BrowserContext) -> list[str]:
        failures = []
        bare = await browser.new_context()
        for url in (f"https://{HOST}/", f"http://127.0.0.1:{sites.port}/", f"http://localhost:{sites.port}/"):
            tab = await bare.new_page()
            with pytest.raises(PlaywrightError) as caught:
                await tab.goto(url, timeout=20_000)
            failures.append(str(caught.value))
        return failures

    failures = in_browser(recorder, program, go_past)
    assert all("ERR_" in failure for failure in failures)
    assert sites.requests_log == ()


def test_the_browser_asks_for_nothing_of_its_own(recorder: RunningRecorder, program: Path) -> None:
    async def wait(_: Browser, context: BrowserContext) -> None:
        tab = await context.new_page()
        await tab.goto(f"https://{HOST}/from-page")
        await asyncio.sleep(5)

    in_browser(recorder, program, wait)
    recorder.close()
    hosts = {url.split("/")[2] for url in kept_urls(recorder)}
    assert hosts == {HOST}
