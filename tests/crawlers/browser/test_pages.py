"""Chromium behind the real recorder: what it shows is kept, and nothing it does gets past."""

import asyncio
import email
import json
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from io import BytesIO
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
from crawlers.browser.consent import GUARD
from crawlers.browser.consent_rules import FOLDER, ConsentRulesDiffer, consent_rules
from crawlers.browser.page_handling import KINDS, PageHandling
from crawlers.browser.page_loader import Loaded, TabLost, load
from crawlers.browser.pages import BrowserPages
from crawlers.engine.context import CrawlContext
from crawlers.http_client import Fetcher
from crawlers.model.capture import NoteKind, Rendering, RenderingKind
from crawlers.model.job import CrawlLimits
from crawlers.model.login import LoginSign
from crawlers.rate_limit.limiter import HostRateLimiter
from crawlers.spiders.base import SourceSpider
from crawlers.watchlist.source import source_for_urls
from pipeline.crawl import job_for
from processors.pages.outcome import Outcome
from samples.messages import Response
from samples.sites import SampleSites
from tests.crawlers.browser.browser_crawl import HOST, USER_AGENT, Account, crawl, kept_urls
from tests.crawlers.engine.crawl_here import crawl_here
from tests.crawlers.recorder.running_recorder import KeptInMemory, RunningRecorder, block_of

pytestmark = pytest.mark.browser

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
UNPRINTABLE = f"""<p style="font-size:90px">Старонка, якую не надрукаваць.</p><iframe src="https://{FRAMED}/"></iframe>
<iframe style="display:none" srcdoc="<p>hidden</p>"></iframe>
<script>addEventListener('beforeprint', () => {{ for (;;); }})</script>"""
FRAME = "<p>Рамка з іншага сайта.</p><script>fetch('/from-frame')</script>"
BANNER = """<!doctype html><title>{title}</title><h1>Навіны дня</h1>{outside}
<style>#onetrust-banner-sdk {{ position: fixed; bottom: 0; left: 0; right: 0; height: 300px; background: #ccc }}
</style>
<div id="onetrust-banner-sdk">
<p>We and our 400 partners store information on your device.</p>
<button id="onetrust-accept-btn-handler" onclick="answer('accepted')">Accept all</button>{reject}</div>
<script>function answer(what) {{
  fetch('/consent/' + what); document.querySelector('#onetrust-banner-sdk').style.display = 'none';
}}</script>"""
OWN = """<p id="own" style="height:3000px" onclick="fetch('/consent/own')">Навіна.</p><script>
addEventListener('scroll', () => document.querySelector('#own').click(), {once: true})</script>"""
COMPLIANZ = """<!doctype html><h1>Навіны дня</h1><div id="cmplz-cookiebanner-container">
<div class="cmplz-cookiebanner" role="dialog">
<button class="cmplz-btn cmplz-accept" onclick="answer('accepted')">Прыняць усё</button>
<button class="cmplz-btn cmplz-deny" onclick="answer('denied')">Адхіліць</button></div></div>
<script>function answer(what) { fetch('/consent/' + what); document.querySelector('[role]').remove() }</script>"""
KLARO = """<!doctype html><div class="klaro"><div class="cookie-notice">We use cookies.</div></div>
<script>const chosen = []; window.klaro = {show() {}, getManager: () => ({
  changeAll(value) { chosen.push(value) }, saveAndApplyConsents() { fetch('/consent/klaro-' + chosen) },
})}</script>"""
NEVER_ANSWERS = """<!doctype html><p>Старонка, якая не адказвае.</p>
<script>window.Cookiebot = {dialog: {visible: true}, withdraw: () => new Promise(() => {})}</script>"""
NEVER_IDLE = """<!doctype html><p>Старонка, якая не адпускае.</p><script>
addEventListener('load', () => { window.requestIdleCallback = () => 0; });
const busy = () => { const until = Date.now() + 900; while (Date.now() < until); setTimeout(busy, 1) };
setTimeout(busy, 300)</script>"""
NEVER_SHOWN = (
    """<!doctype html><p>Згода дадзена раней.</p><div id="onetrust-banner-sdk" style="display:none"></div>"""
)
REJECT = """<button id="onetrust-reject-all-handler" onclick="answer('{what}')">{says}</button>"""
CONSENT = {
    "/banner": BANNER.format(title="1", outside=OWN, reject=REJECT.format(what="rejected", says="Reject all")),
    "/banner-that-lies": BANNER.format(
        title="2", outside="", reject=REJECT.format(what="lied", says="Accept all")
    ),
    "/button-outside": BANNER.format(
        title="3", outside=REJECT.format(what="outside", says="Reject all"), reject=""
    ),
    "/declared": COMPLIANZ,
    "/by-function": KLARO,
}
"""Pages that show what dialogs of three platforms show, as far as rules look at it; two mislead whoever clicks.

OneTrust's rule is built into the script, Complianz's is declared, and Klaro is rejected by its own function.
"""

ACCEPTING = (
    *("Accept all", "I agree", "Allow all cookies", "OK", "Alle akzeptieren", "Zustimmen", "Alle zulassen"),
    *("Tout accepter", "J’accepte", "Tout autoriser", "Aceptar todo", "Acepto", "Permitir todas"),
    *("Accetta tutti", "Accetto", "Consenti tutti", "Akceptuję wszystkie", "Zgadzam się", "Zezwól na wszystkie"),
    *("Принять все", "Согласен", "Разрешить все", "Прыняць усё", "Згодны", "Дазволіць усе"),
    *("Прийняти всі", "Погоджуюся", "Дозволити всі"),
)
REJECTING = (
    *("Reject all", "Accept necessary only", "Alle ablehnen", "Nur notwendige akzeptieren", "Tout refuser"),
    *("Continuer sans accepter", "Rechazar todo", "Continuar sin aceptar", "Rifiuta tutti"),
    *("Continua senza accettare", "Odrzuć wszystkie", "Отклонить все", "Принять только необходимые"),
    *("Адхіліць усе", "Прыняць толькі неабходныя", "Відхилити всі", "Прийняти тільки необхідні", "Save choices"),
)
"""What buttons of consent dialogs say in the nine languages that the guard knows."""

COUNTED = f"""<!doctype html><meta http-equiv="Content-Security-Policy" content="img-src 'self'; connect-src *">
<p>Старонка, чые файлы палічаны.</p><img src="/lazy.png"><img src="/lazy.png"><img src="/missing.png">
<img src="https://forbidden-by-page.example/x.png"><iframe src="https://{FRAMED}/"></iframe><script>
const tries = [
  fetch('https://reset.pryklad.example/'), fetch('https://{FRAMED}/from-frame'),
  navigator.serviceWorker.register('/worker.js').then(() => navigator.serviceWorker.ready),
  new Promise(done => {{
    const s = new WebSocket('wss://{HOST}/socket'); s.onclose = done; s.onerror = done;
  }}),
  new Promise(done => {{
    new Worker(URL.createObjectURL(new Blob(["fetch('https://{HOST}/from-page').then(() => postMessage(1))"])))
      .onmessage = done;
  }}),
];
navigator.sendBeacon('/beacon', 'x');
Promise.allSettled(tries).then(() => document.body.dataset.state = 'tried');
</script>"""
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
        **{path: Response(body=page.encode()) for path, page in CONSENT.items()},
        "/never-idle": Response(body=NEVER_IDLE.encode()),
        "/never-shown": Response(body=NEVER_SHOWN.encode()),
        "/never-answers": Response(body=NEVER_ANSWERS.encode()),
        **{
            f"/consent/{answer}": Response(body=b"noted", content_type="text/plain")
            for answer in ("rejected", "own", "denied", "klaro-false")
        },
        "/counted": Response(body=COUNTED.encode()),
        "/socket": Response(
            status=404, body=b""
        ),  # without a body, or it is cut when the browser has read the head
        "/beacon": Response(status=404, body=b""),
        "/missing.png": Response(status=404, body=b"none"),
        "/unprintable": Response(body=UNPRINTABLE.encode()),
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
    assert set(kinds) == {RenderingKind.DOM, RenderingKind.PAGEINFO, *KINDS.values()}
    assert {rendering.page_id for rendering in kinds.values()} == {"0001"}
    assert "А-19/2026" in kinds[RenderingKind.DOM].content.decode()
    (tmp_path / "shot.png").write_bytes(kinds[RenderingKind.FULL_PAGE].content)
    with Image.open(tmp_path / "shot.png") as picture:
        assert picture.size == (1366, 900)
    assert png_size(kinds[RenderingKind.VIEW].content) == (1366, 900)
    with Image.open(BytesIO(kinds[RenderingKind.THUMBNAIL].content)) as thumbnail:
        assert (thumbnail.format, thumbnail.size) == ("JPEG", (400, 264))
    assert "А-19/2026" in kinds[RenderingKind.TEXT].content.decode()
    assert "<" not in kinds[RenderingKind.TEXT].content.decode()
    assert kinds[RenderingKind.PDF].content.startswith(b"%PDF-")
    assert kinds[RenderingKind.PDF].content.rstrip().endswith(b"%%EOF")
    copy = email.message_from_bytes(kinds[RenderingKind.MHTML].content)
    assert (copy.get_content_type(), copy["Snapshot-Content-Location"]) == ("multipart/related", url)
    _, main, *_ = copy.walk()
    assert main["Content-Location"] == url
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
    assert {made.kind for made in made.renderings} == {RenderingKind.DOM, RenderingKind.PAGEINFO, *KINDS.values()}


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


def test_every_resource_is_listed_with_its_outcome_and_compared_with_what_was_recorded(
    recorder: RunningRecorder, program: Path
) -> None:
    crawl(recorder, program, f"https://{HOST}/counted", handling=PageHandling(renderings=frozenset()))
    (kept,) = [
        each for each in recorder.sink.items if isinstance(each, Rendering) and each.kind is RenderingKind.PAGEINFO
    ]
    info = json.loads(kept.content)
    found = {
        each["url"].removeprefix(f"https://{HOST}"): (
            each["type"],
            each["status"],
            each["outcome"],
            each["reason"],
        )
        for each in info["resources"]
    }
    assert found == {
        "/counted": ("document", 200, "recorded", None),
        f"https://{FRAMED}/": ("document", 200, "recorded", None),
        f"https://{FRAMED}/from-frame": ("fetch", 200, "recorded", None),
        "/lazy.png": ("image", 200, "recorded", None),
        "/missing.png": ("image", 404, "recorded", None),
        "/worker.js": ("script", 200, "recorded", None),
        "/from-worker": ("fetch", 200, "recorded", None),
        "/from-page": ("fetch", 200, "recorded", None),
        "/beacon": ("ping", 404, "recorded", None),
        f"wss://{HOST}/socket": ("websocket", 404, "recorded", None),
        "https://forbidden-by-page.example/x.png": (
            "image",
            None,
            "failed",
            "the request failed in the browser: csp",
        ),
        "https://reset.pryklad.example/": (
            "fetch",
            None,
            "no_response",
            "the site closed the connection without an answer",
        ),
    }
    assert (info["counts"]["resources"], info["counts"]["recorded"], info["tsStatus"]) == (12, 10, 200)
    assert set(info["urls"]) == {each["url"] for each in info["resources"]}
    assert info["urls"][f"https://{HOST}/lazy.png"] == {"status": 200, "mime": "image/png", "type": "image"}
    assert info["urls"]["https://reset.pryklad.example/"] == {
        "status": 0,
        "type": "fetch",
        "error": "net::ERR_EMPTY_RESPONSE",
    }
    every = {exchange.url for exchange in recorder.sink.exchanges}
    listed = {each["url"].replace("wss:", "https:") for each in (*info["resources"], *info["unlisted"])}
    assert every <= listed, "the recorder kept something of the page that its record does not name"


def test_a_consent_dialog_is_rejected_and_nothing_but_the_dialog_is_clicked(
    recorder: RunningRecorder, program: Path
) -> None:
    handling = PageHandling(renderings=frozenset(), reject_consent=True)
    urls = [f"https://{HOST}{path}" for path in (*CONSENT, "/never-shown", "/from-page")]
    crawl(recorder, program, *urls, handling=handling)
    by_url: dict[str, dict[RenderingKind, bytes]] = {}
    for each in recorder.sink.items:
        if isinstance(each, Rendering):
            by_url.setdefault(each.url.removeprefix(f"https://{HOST}"), {})[each.kind] = each.content
    results = {path: json.loads(made[RenderingKind.PAGEINFO])["consent"] for path, made in by_url.items()}
    rules = {"rules": "autoconsent 16.23.0"}
    known = rules | {"platform": "Onetrust"}
    deny = {"element": "button", "text": "Адхіліць", "stopped": None}
    button = {"element": "button#onetrust-reject-all-handler", "text": "Reject all", "stopped": None}
    lie = {"text": "Accept all", "stopped": "it says that it accepts"}
    outside = {"stopped": "it is not part of a dialog"}
    not_clicked = "button#onetrust-reject-all-handler was not clicked: "
    assert results == {
        "/banner": known | {"outcome": "rejected", "reason": None, "clicks": [button]},
        "/banner-that-lies": known
        | {"outcome": "stopped", "reason": not_clicked + lie["stopped"], "clicks": [button | lie]},
        "/button-outside": known
        | {"outcome": "stopped", "reason": not_clicked + outside["stopped"], "clicks": [button | outside]},
        "/declared": rules
        | {"platform": "Complianz banner", "outcome": "rejected", "reason": None, "clicks": [deny]},
        "/by-function": rules | {"platform": "Klaro", "outcome": "rejected", "reason": None, "clicks": []},
        "/never-shown": rules | {"platform": None, "outcome": "no_dialog", "reason": None, "clicks": []},
        "/from-page": rules | {"platform": None, "outcome": "no_dialog", "reason": None, "clicks": []},
    }
    answered = [url.rpartition("/")[2] for url in kept_urls(recorder) if "/consent/" in url]
    assert answered == ["rejected", "own", "denied", "klaro-false"], "a page's own clicks pass after rejecting"
    pictures = by_url["/banner"]
    before, after = (
        pictures[kind] for kind in (RenderingKind.VIEW_BEFORE_CONSENT, RenderingKind.VIEW_AFTER_CONSENT)
    )
    grey = (204, 204, 204)
    pixels = [Image.open(BytesIO(each)).convert("RGB").getpixel((1300, 880)) for each in (before, after)]
    assert pixels == [grey, (255, 255, 255)], "the banner should stand in the picture before, and be gone after"
    assert b"display: none" in pictures[RenderingKind.DOM]
    assert RenderingKind.VIEW_BEFORE_CONSENT not in by_url["/from-page"]


def test_a_page_that_never_answers_whoever_rejects_costs_a_bounded_time_and_is_kept(
    recorder: RunningRecorder, program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crawlers.browser.consent.REJECT_S", 2.0)
    handling = PageHandling(renderings=frozenset(), reject_consent=True)
    made = crawl(recorder, program, f"https://{HOST}/never-answers", handling=handling)
    assert [visit.outcome for visit in made.visits] == [Outcome.CONTENT]
    kinds = {rendering.kind: rendering.content for rendering in made.renderings}
    assert set(kinds) == {RenderingKind.DOM, RenderingKind.PAGEINFO, RenderingKind.VIEW_BEFORE_CONSENT}
    consent = json.loads(kinds[RenderingKind.PAGEINFO])["consent"]
    assert (consent["platform"], consent["outcome"]) == ("Cybotcookiebot", "failed")
    assert consent["reason"] == "rejecting took longer than 2 s"


def test_a_page_whose_rules_were_not_all_tried_in_time_is_no_page_without_a_dialog(
    recorder: RunningRecorder, program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crawlers.browser.consent.LOOK_S", 1.0)
    handling = PageHandling(renderings=frozenset(), reject_consent=True)
    made = crawl(recorder, program, f"https://{HOST}/never-idle", handling=handling)
    info = next(each.content for each in made.renderings if each.kind is RenderingKind.PAGEINFO)
    consent = json.loads(info)["consent"]
    assert (consent["outcome"], consent["reason"]) == (
        "failed",
        "looking for a dialog was not finished within 1 s",
    )


def test_a_script_that_fails_is_no_page_without_a_dialog(
    recorder: RunningRecorder, program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "guard.js").write_text("missing();")
    monkeypatch.setattr("crawlers.browser.consent.GUARD", tmp_path / "guard.js")
    handling = PageHandling(renderings=frozenset(), reject_consent=True)
    made = crawl(recorder, program, f"https://{HOST}/never-answers", handling=handling)
    info = next(each.content for each in made.renderings if each.kind is RenderingKind.PAGEINFO)
    consent = json.loads(info)["consent"]
    assert (consent["outcome"], consent["reason"]) == (
        "failed",
        "the script that rejects failed: ReferenceError: missing is not defined",
    )


def test_no_button_that_says_it_accepts_is_clicked_in_the_languages_that_the_guard_knows(
    recorder: RunningRecorder, program: Path
) -> None:
    buttons = "".join(f"<button>{text}</button>" for text in (*ACCEPTING, *REJECTING))

    async def click_each(_: Browser, context: BrowserContext) -> list[dict[str, Any]]:
        tab = await context.new_page()
        await tab.set_content(f"<dialog open>{buttons}</dialog>")
        await tab.evaluate("window.clicks = []; window.letapisConsent = text => clicks.push(JSON.parse(text)); 0")
        await tab.evaluate(GUARD.read_text("utf-8"))
        await tab.evaluate("letapisReject(); document.querySelectorAll('button').forEach(each => each.click())")
        clicks: list[dict[str, Any]] = await tab.evaluate("clicks")
        return clicks

    clicks = in_browser(recorder, program, click_each)
    assert {each["text"]: each["stopped"] for each in clicks} == dict.fromkeys(
        ACCEPTING, "it says that it accepts"
    ) | dict.fromkeys(REJECTING)


def test_of_the_rules_for_consent_none_hides_or_was_made_by_a_program_and_none_is_read_when_it_differs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = consent_rules().rules
    assert len(rules) == 256
    assert not [rule["name"] for rule in rules if rule["name"].startswith("auto_") or rule.get("cosmetic")]
    changing = ("hide", "removeClass", "setStyle", "addStyle")
    optouts = [json.dumps(rule["optOut"]) for rule in rules]
    assert not [steps for steps in optouts if any(f'"{step}"' in steps for step in changing)]
    assert {"autoAction": None, "enableGeneratedRules": False}.items() <= json.loads(consent_rules().answer)[
        "config"
    ].items()
    (tmp_path / "rules.json").write_bytes((FOLDER / "rules.json").read_bytes() + b" ")
    monkeypatch.setattr("crawlers.browser.consent_rules.FOLDER", tmp_path)
    with pytest.raises(ConsentRulesDiffer, match=r"rules\.json: sha256 expected e4c2a7e8"):
        consent_rules.__wrapped__()


def test_a_rendering_that_fails_is_named_and_costs_nothing_else(recorder: RunningRecorder, program: Path) -> None:
    handling = PageHandling(
        renderings=frozenset({RenderingKind.TEXT, RenderingKind.VIEW, RenderingKind.PDF}),
        rendering_bytes=3000,
        rendering_seconds=3.0,
    )
    made = crawl(recorder, program, f"https://{HOST}/unprintable", handling=handling)
    assert [visit.outcome for visit in made.visits] == [Outcome.CONTENT]
    kinds = {rendering.kind: rendering for rendering in made.renderings}
    assert set(kinds) == {RenderingKind.DOM, RenderingKind.PAGEINFO, RenderingKind.TEXT}
    assert kinds[RenderingKind.TEXT].content.decode() == "Старонка, якую не надрукаваць.\n\nРамка з іншага сайта."
    assert made.remarks == [
        f"https://{HOST}/unprintable: the screenshot of the viewport is larger than 3000 bytes and was left out",
        f"https://{HOST}/unprintable: no PDF could be made within 3 s",
    ]


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
        behind_a_login = PageHandling(login_sign=LoginSign(text="Log out"))
        with pytest.raises(TabLost, match="the tab crashed") as lost:
            await load(await context.new_page(), restless, at_once, behind_a_login)
        assert lost.value.had.logged_out, "it has not shown the sign of the login"
        context.remove_listener("page", crash_soon)
        for each in crashing:
            each.cancel()
        return await load(await context.new_page(), "https://abvestki.pryklad.example/", at_once, PageHandling())

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
