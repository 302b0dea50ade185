"""What Scrapy's side makes of answers that are no ordinary pages."""

import asyncio
import gzip
from pathlib import Path

import pytest
import scrapy
from scrapy.http import Response
from scrapy.utils.test import get_crawler

from crawlers.engines.context import CrawlContext
from crawlers.engines.frontier import Frontier
from crawlers.engines.messages import CrawlNote, EngineEvent, PageVisited
from crawlers.engines.response_decoding import CUT, TOO_LONG, read_body
from crawlers.engines.scrapy_download import FIRST_PATIENCE_S, LONGEST_HOLD_S, RetryAfterMiddleware
from crawlers.engines.scrapy_engine import SourceCrawl
from crawlers.engines.scrapy_settings import READ_BYTES
from crawlers.http_client import FetchedResponse, Fetcher
from crawlers.rate_limit.limiter import HostRateLimiter
from crawlers.spiders.base import PageRequest, Role
from crawlers.spiders.registry import spider_for
from crawlers.watchlist.source import source_for_urls
from pipeline.crawl import job_for
from processors.pages.outcome import Classification, Outcome
from processors.pages.page import Page
from processors.parsing.parsers import OwnParsers, PageNotRead
from tests.crawlers.recorder.engine import RunningRecorder

pytestmark = pytest.mark.slow

URL = "https://a.example/film.mp4"


@pytest.fixture
def events() -> list[EngineEvent]:
    return []


@pytest.fixture
def crawl(events: list[EngineEvent], tmp_path: Path) -> SourceCrawl:
    recorder = RunningRecorder(tmp_path)
    recorder.close()
    means = CrawlContext(
        fetcher=Fetcher(recorder.address),
        pace=HostRateLimiter(0),
        tell=events.append,
        note=lambda note: None,
        rendering=lambda rendering: None,
        user_agent="any",
        obey_robots=False,
    )
    job = job_for(source_for_urls((URL,)), user_agent="any", collector="any")
    return SourceCrawl(asking=spider_for(job, OwnParsers()), itinerary=Frontier(None, print), means=means)


def got(crawl: SourceCrawl, body: bytes, flags: list[str]) -> list[scrapy.Request]:
    request = scrapy.Request(URL, meta={"ask": PageRequest(URL, Role.PAGE, "0001", seed=True)})
    return list(crawl.got(Response(URL, body=body, flags=flags, request=request)))


def test_a_page_too_long_to_read_is_content_all_the_same(crawl: SourceCrawl, events: list[EngineEvent]) -> None:
    assert got(crawl, b"", [TOO_LONG]) == []
    assert events == [
        CrawlNote(f"{URL}: {TOO_LONG}"),
        PageVisited(URL, "0001", Outcome.CONTENT, TOO_LONG, seed=True),
    ]


def test_a_page_of_which_nothing_can_be_decoded_is_empty(crawl: SourceCrawl, events: list[EngineEvent]) -> None:
    fault = "the content cannot be decoded: gzip is damaged after 0 bytes"
    got(crawl, b"", [fault])
    assert events[-1] == PageVisited(URL, "0001", Outcome.EMPTY, fault, seed=True)


def test_a_page_that_no_parser_comes_to_the_end_of_is_an_outcome(
    crawl: SourceCrawl, events: list[EngineEvent], monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_slow(self: OwnParsers, page: Page) -> Classification:
        raise PageNotRead("too slow", limit=True)

    monkeypatch.setattr(OwnParsers, "classify", too_slow)
    assert got(crawl, b"<html>", []) == []
    assert events == [PageVisited(URL, "0001", Outcome.UNREADABLE, "too slow", seed=True)]


def answer(body: bytes | None, *headers: tuple[str, str], cut: str | None = None) -> FetchedResponse:
    return FetchedResponse(200, "OK", headers, body, 0, cut)


def test_what_is_wrong_with_a_body_is_told() -> None:
    packed = gzip.compress(b"text" * 1000)
    coded = ("Content-Encoding", "gzip")
    assert read_body(answer(packed, coded), wanted=True) == (b"text" * 1000, [])
    body, (fault,) = read_body(answer(packed[:-8], coded), wanted=True)
    assert body.startswith(b"text")
    assert fault.startswith("the content cannot be decoded: gzip ends early")
    assert read_body(answer(None), wanted=True) == (b"", [TOO_LONG])
    assert read_body(answer(b"part", cut="gone"), wanted=False) == (b"", [f"{CUT}gone"])


@pytest.mark.parametrize(
    ("retry_after", "held_s"),
    [
        (str(10 * 365 * 86_400), LONGEST_HOLD_S),
        ("600", 600.0),
        ("7", 7.0),
        ("0", FIRST_PATIENCE_S),
        ("", FIRST_PATIENCE_S),
    ],
)
def test_a_host_is_left_alone_as_long_as_it_asks_and_no_longer_than_a_night(
    crawl: SourceCrawl, retry_after: str, held_s: float
) -> None:
    async def respond() -> float:
        crawler = get_crawler(settings_dict={"RETRY_TIMES": 2})
        crawler.spider = crawl
        crawl.crawler = crawler
        request = scrapy.Request(URL)
        response = Response(URL, status=503, headers={"Retry-After": retry_after}, request=request)
        RetryAfterMiddleware.from_crawler(crawler).process_response(request, response)
        pace = crawl.means.pace
        assert isinstance(pace, HostRateLimiter)
        return pace._state("a.example").backoff_s

    assert asyncio.run(respond()) == held_s


def test_a_small_body_that_unfolds_beyond_what_is_read_is_cut_there() -> None:
    bomb = gzip.compress(bytes(READ_BYTES + 1), compresslevel=9)
    body, (fault,) = read_body(answer(bomb, ("Content-Encoding", "gzip")), wanted=True)
    assert len(body) <= READ_BYTES
    assert "more than the limit" in fault
