"""A source whose engine is chosen page by page: fetched, and loaded in Chromium where what came shows nothing."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawlers.browser.page_handling import PageHandling
from crawlers.engine.messages import EngineChosen
from crawlers.http_client import CrawlLimitReached, FetchFailed
from crawlers.model.capture import RenderingKind
from crawlers.rate_limit.limiter import HostAbandoned
from processors.pages.outcome import Outcome
from samples.messages import Response
from samples.sites import SampleSites
from tests.crawlers.browser.browser_crawl import HOST, Account, crawl, kept_urls
from tests.crawlers.recorder.running_recorder import RunningRecorder, block_of

pytestmark = pytest.mark.browser

APP = """<!doctype html><title>Навіны</title><div id="root"></div><script src="/app.js"></script>"""
SCRIPT = """fetch('/api.json').then(answer => answer.text()).then(text => {
  document.querySelector('#root').innerHTML = '<h1>Навіна</h1><p>' + text.repeat(60) + '</p>';
});"""
ARTICLE = "<!doctype html><h1>Навіна</h1><script src='/app.js'></script><p>" + "Тэкст стаіць у старонцы. " * 40
WALL = "<title>Just a moment...</title><noscript>Enable scripts</noscript><script>window._cf_chl_opt={}</script>"
REASON = "it shows 0 words, and the place that scripts are to fill is empty (<div id='root'>)"


@pytest.fixture(scope="module")
def sites() -> Iterator[SampleSites]:
    pages = {
        "/app": Response(body=APP.encode()),
        "/app.js": Response(body=SCRIPT.encode(), content_type="text/javascript; charset=utf-8"),
        "/api.json": Response(body="Слова. ".encode(), content_type="text/plain; charset=utf-8"),
        "/article": Response(body=ARTICLE.encode()),
        "/wall": Response(status=403, body=WALL.encode()),
    }
    with SampleSites(extra={(HOST, path): page for path, page in pages.items()}) as running:
        yield running


@pytest.fixture
def recorder(sites: SampleSites, tmp_path: Path) -> Iterator[RunningRecorder]:
    running = RunningRecorder(tmp_path, connect_to=(sites.connect_to,), upstream_ca=sites.authority)
    yield running
    if not running.closed:
        running.close()


def auto(recorder: RunningRecorder, program: Path, *paths: str) -> Account:
    urls = [f"https://{HOST}{path}" for path in paths]
    return crawl(recorder, program, *urls, handling=PageHandling(renderings=frozenset()), engine="auto")


def test_a_page_that_shows_nothing_is_loaded_by_the_browser_and_both_captures_are_kept(
    recorder: RunningRecorder, program: Path
) -> None:
    made = auto(recorder, program, "/app")
    url = f"https://{HOST}/app"
    kept = kept_urls(recorder)
    assert kept.count(url) == 2
    assert f"https://{HOST}/api.json" in kept
    first, second = [each for each in recorder.sink.exchanges if each.url == url]
    assert b"Sec-Fetch-Mode" not in block_of(first.request)
    assert b"Sec-Fetch-Mode: navigate" in block_of(second.request)
    dom, info = [each for each in made.renderings if each.kind in (RenderingKind.DOM, RenderingKind.PAGEINFO)]
    assert "<h1>Навіна</h1>" in dom.content.decode()
    assert json.loads(info.content)["engineReason"] == REASON
    assert [(visit.url, visit.outcome) for visit in made.visits] == [(url, Outcome.CONTENT)]
    assert EngineChosen(url, REASON) in made.events
    assert f"{url}: loaded by the browser as well: {REASON}" in made.remarks


def test_a_page_that_shows_its_text_and_a_wall_are_left_as_they_were_fetched(
    recorder: RunningRecorder, program: Path
) -> None:
    made = auto(recorder, program, "/article", "/wall")
    assert made.renderings == []
    assert {visit.url.removeprefix(f"https://{HOST}"): visit.outcome for visit in made.visits} == {
        "/article": Outcome.CONTENT,
        "/wall": Outcome.CHALLENGE,
    }
    assert {each.reason for each in made.events if isinstance(each, EngineChosen)} == {None}
    assert kept_urls(recorder).count(f"https://{HOST}/wall") == 1


def test_without_a_browser_the_page_is_taken_as_it_was_fetched_and_the_report_says_so(
    recorder: RunningRecorder, tmp_path: Path
) -> None:
    made = auto(recorder, tmp_path / "no-such-browser", "/app")
    assert [visit.outcome for visit in made.visits] == [Outcome.EMPTY]
    assert any("taken as it was fetched, since Chromium does not start" in remark for remark in made.remarks)
    assert kept_urls(recorder).count(f"https://{HOST}/app") == 1


@pytest.mark.parametrize(
    "failure",
    [
        CrawlLimitReached("the limit of 60 s was reached"),
        HostAbandoned("it asked to be left alone"),
        FetchFailed("the connection was lost"),
    ],
    ids=lambda failure: type(failure).__name__,
)
def test_what_was_fetched_is_taken_whatever_ends_the_browser_s_load(
    recorder: RunningRecorder, program: Path, monkeypatch: pytest.MonkeyPatch, failure: FetchFailed
) -> None:
    async def fails(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr("crawlers.browser.pages.BrowserPages.render", fails)
    made = auto(recorder, program, "/app")
    assert [visit.outcome for visit in made.visits] == [Outcome.EMPTY]
    assert any(f"taken as it was fetched, since {failure.reason}" in each for each in made.remarks)
