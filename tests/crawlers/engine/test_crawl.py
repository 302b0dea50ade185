"""Whole crawls by Scrapy through the real recorder: addresses keep their spelling; retries and redirects end."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crawlers.browser.pages import BrowserPages
from crawlers.engine.context import CrawlContext
from crawlers.engine.messages import CrawlNote, EngineEvent, PageVisited
from crawlers.engine.robots import RobotsRules
from crawlers.http_client import Fetcher
from crawlers.rate_limit.limiter import HostRateLimiter
from crawlers.watchlist.source import Source
from pipeline.crawl import job_for
from processors.pages.outcome import Outcome
from samples.messages import Response
from samples.sites import SampleSites
from tests.crawlers.engine.crawl_here import crawl_here
from tests.crawlers.recorder.running_recorder import KeptInMemory, RunningRecorder

pytestmark = pytest.mark.slow

HOST = "exact.pryklad.example"
SITE = f"https://{HOST}"
WORDS = "<p>Навіны горада над ракой, якія чытаюць на абодвух берагах.</p>" * 30
OUTAGES = (429, 500, 503)
LINKS = "<a href='/q?'>1</a><a href='?b&a=1'>2</a><a href='/%7Eme'>3</a><a href='/go'>4</a><a href='/q?суд'>5</a>"

LINKED = (
    "<a href='/list#top'>0</a><a href='/l2'>2</a><a href='https://other.example/x'>x</a>"
    "<a href='/l1?a'>1</a><a href='/l2#b'>2</a><a href='/l3'>3</a>"
)


def moved(*locations: bytes) -> Response:
    """A redirect whose ``Location`` has these bytes."""
    return Response(
        status=302, headers=tuple(("Location", each.decode("latin-1")) for each in locations), body=b"moved"
    )


@pytest.fixture
def sites() -> Iterator[SampleSites]:
    first = "<meta charset=windows-1251>" + LINKS + WORDS
    text = Response(body=WORDS.encode(), content_type="text/html; charset=utf-8")
    pages = {
        "/": Response(body=first.encode("cp1251", "replace"), content_type="text/html; charset=windows-1251"),
        "/go": Response(status=302, headers=(("Location", "/there?"),), body=b""),
        "/around": Response(status=302, headers=(("Location", "/around"),), body=b""),
        "/raw": moved("/прысуд?суд".encode()),
        "/raw1251": moved("/\u043f\u0440".encode("cp1251")),
        "/backslash": moved(b"\\there?"),
        "/same": moved(b"/there?", b"/there?"),
        "/two": moved(b"/there?", b"/q?"),
        "/mail": moved(b"mailto:a@pryklad.example"),
        "/script": moved(b"javascript:alert(1)"),
        "/busy": Response(status=503, headers=(("Retry-After", "0"),), body=b"later"),
        **dict.fromkeys(("/%D0%BF%D1%80%D1%8B%D1%81%D1%83%D0%B4?%D1%81%D1%83%D0%B4", "/%EF%F0"), text),
        **dict.fromkeys(("/q?", "/?b&a=1", "/%7Eme", "/there?", "/q?%F1%F3%E4", "/q", "/there"), text),
    }
    for path, links in (
        ("/list", LINKED),
        ("/l2", "<a href='/l4'>4</a>"),
        ("/l1?a", ""),
        ("/l3", ""),
        ("/l4", ""),
    ):
        pages[path] = Response(body=(links + WORDS).encode(), content_type="text/html; charset=utf-8")
    answers = {(HOST, path): page for path, page in pages.items()}
    for status in OUTAGES:
        answers[f"s{status}.{HOST}", "/robots.txt"] = Response(status=status, body=b"later")
        answers[f"s{status}.{HOST}", "/"] = pages["/"]
    with SampleSites(extra=answers) as running:
        yield running


Crawl = Callable[..., tuple[list[EngineEvent], list[str]]]


@pytest.fixture
def crawl(sites: SampleSites, tmp_path: Path) -> Iterator[Crawl]:
    recorder = RunningRecorder(tmp_path, connect_to=(sites.connect_to,), upstream_ca=sites.authority)

    def run(*urls: str, **source: Any) -> tuple[list[EngineEvent], list[str]]:
        events: list[EngineEvent] = []
        job = job_for(Source(id="exact", kind="page", pages=urls, **source), user_agent="any", collector="any")

        async def crawled() -> None:
            nothing: Callable[[Any], None] = lambda item: None  # noqa: E731 - three callbacks of one line
            limiter, fetcher = HostRateLimiter(0), Fetcher(recorder.address)
            browser = BrowserPages(recorder.address, None, "any", note=nothing, rendering=nothing)
            robots = RobotsRules(fetcher, limiter, nothing, "any")
            await crawl_here(job, CrawlContext(fetcher, limiter, browser, events.append, robots))

        asyncio.run(crawled())
        recorder.close()
        sink = recorder.sink
        assert isinstance(sink, KeptInMemory)
        return events, [exchange.url for exchange in sink.exchanges]

    yield run
    if not recorder.closed:
        recorder.close()


def test_pages_to_which_a_named_page_links_are_taken_in_their_order_and_name_it(crawl: Crawl) -> None:
    events, _ = crawl(f"{SITE}/list", linked_pages=2)
    visits = [event for event in events if isinstance(event, PageVisited)]
    assert [(visit.url, visit.linked_from) for visit in visits] == [
        (f"{SITE}/list", None),
        (f"{SITE}/l2", f"{SITE}/list"),
        (f"{SITE}/l1?a", f"{SITE}/list"),
    ]


def test_links_and_redirects_are_asked_for_letter_by_letter(crawl: Crawl, sites: SampleSites) -> None:
    events, kept = crawl(f"{SITE}/", follow="links")

    wanted = ["/q?", "/?b&a=1", "/%7Eme", "/go", "/q?%F1%F3%E4", "/there?"]
    assert set(kept) == {f"{SITE}{path}" for path in ("/robots.txt", "/", *wanted)}
    assert sorted(request.target for request in sites.requests_log) == sorted(
        url.removeprefix(SITE) for url in kept
    )
    visits = {event.url: event.outcome for event in events if isinstance(event, PageVisited)}
    assert visits == {f"{SITE}{path}": Outcome.CONTENT for path in ("/", *wanted[:-1])}


def test_a_redirect_without_end_is_one_page_that_was_not_reached(crawl: Crawl) -> None:
    events, kept = crawl(f"{SITE}/around")

    assert events == [
        PageVisited(f"{SITE}/around", "0001", Outcome.UNREACHABLE, "more than 10 redirects", seed=True)
    ]
    assert kept.count(f"{SITE}/around") == 11


def test_a_host_that_asks_for_patience_is_asked_three_times_and_each_answer_is_kept(crawl: Crawl) -> None:
    events, kept = crawl(f"{SITE}/busy")

    assert kept.count(f"{SITE}/busy") == 3
    (visit,) = [event for event in events if isinstance(event, PageVisited)]
    assert (visit.url, visit.outcome is Outcome.CONTENT) == (f"{SITE}/busy", False)


def test_an_address_that_no_browser_would_ask_for_is_a_remark_and_the_others_go_on(crawl: Crawl) -> None:
    events, kept = crawl("https://[broken/", f"{SITE}/q?")

    assert CrawlNote("https://[broken/ is not a web address") in events
    assert f"{SITE}/q?" in kept


@pytest.mark.parametrize(
    ("begun", "led_to"),
    [
        ("/raw", "/%D0%BF%D1%80%D1%8B%D1%81%D1%83%D0%B4?%D1%81%D1%83%D0%B4"),
        ("/raw1251", "/%EF%F0"),
        ("/backslash", "/there?"),
        ("/same", "/there?"),
    ],
)
def test_a_redirect_is_followed_as_a_browser_would(crawl: Crawl, begun: str, led_to: str) -> None:
    events, kept = crawl(SITE + begun)

    assert kept == [f"{SITE}/robots.txt", SITE + begun, SITE + led_to]
    assert [event.outcome for event in events if isinstance(event, PageVisited)] == [Outcome.CONTENT]


@pytest.mark.parametrize(
    ("begun", "said"),
    [
        ("/two", "status 302 leads to two addresses: '/there?' and '/q?'"),
        ("/mail", "status 302 leads to 'mailto:a@pryklad.example', which is no web address"),
        ("/script", "status 302 leads to 'javascript:alert(1)', which is no web address"),
    ],
)
def test_a_redirect_that_no_browser_would_follow_is_told(crawl: Crawl, begun: str, said: str) -> None:
    events, kept = crawl(SITE + begun)

    assert kept == [f"{SITE}/robots.txt", SITE + begun]
    assert PageVisited(SITE + begun, "0001", Outcome.UNREACHABLE, said, seed=True) in events
    assert CrawlNote(f"{SITE}{begun}: {said}") in events


@pytest.mark.parametrize("status", OUTAGES)
def test_robots_txt_that_is_not_answered_is_an_outage_of_the_source(crawl: Crawl, status: int) -> None:
    site = f"https://s{status}.{HOST}"
    events, kept = crawl(f"{site}/", follow="links")

    why = f"{site}/robots.txt answered {status}, so only pages named in the watch-list are asked for"
    visits = {event.url: (event.outcome, event.reason) for event in events if isinstance(event, PageVisited)}
    assert visits.pop(f"{site}/") == (Outcome.CONTENT, None)
    assert set(visits.values()) == {(Outcome.UNREACHABLE, why)} and len(visits) == 5
    assert {event for event in events if isinstance(event, CrawlNote)} == {CrawlNote(why, is_failure=True)}
    assert kept == [f"{site}/robots.txt", f"{site}/"]
