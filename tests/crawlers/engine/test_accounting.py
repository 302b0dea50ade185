"""What becomes of answers that are no ordinary pages: each has one outcome, and every request has an end."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import scrapy
from scrapy.http import Response
from scrapy.utils.test import get_crawler
from twisted.python.failure import Failure

from crawlers.engine.context import give_context
from crawlers.engine.messages import CrawlNote, EngineEvent, PageVisited
from crawlers.engine.redirects import TooManyRedirects
from crawlers.engine.responses import CUT, TOO_LONG, read_body, response_of
from crawlers.engine.retries import FIRST_BACKOFF_S, RetryAfterMiddleware
from crawlers.engine.robots_middleware import DisallowedByRobots
from crawlers.engine.settings import READ_BYTES
from crawlers.http_client import FetchedResponse, FetchFailed
from crawlers.rate_limit.limiter import HostRateLimiter
from crawlers.rate_limit.retry_after import LONGEST_HOLD_S
from crawlers.watchlist.source import source_for_urls
from pipeline.crawl import job_for
from processors.pages.outcome import Classification, Outcome
from processors.pages.page import Page
from processors.parsing.parsers import OwnParsers, PageNotRead
from tests.crawlers.spiders.spider_steps import PageResult, SpiderSteps, context_for

URL = "https://a.example/film.mp4"


@pytest.fixture
def spider() -> SpiderSteps:
    return SpiderSteps(job_for(source_for_urls((URL,)), user_agent="any", collector="any"))


def received(spider: SpiderSteps, body: bytes, flags: list[str]) -> PageResult:
    (request,) = spider.start()
    return spider.handle(Response(URL, body=body, flags=flags, request=request))


def test_a_page_too_long_to_read_is_content_all_the_same(spider: SpiderSteps) -> None:
    assert received(spider, b"", [TOO_LONG]).requests == ()
    assert spider.events == [
        CrawlNote(f"{URL}: {TOO_LONG}"),
        PageVisited(URL, "0001", Outcome.CONTENT, TOO_LONG, seed=True),
    ]


def test_a_page_of_which_nothing_can_be_decoded_is_empty(spider: SpiderSteps) -> None:
    fault = "the content cannot be decoded: gzip is damaged after 0 bytes"
    received(spider, b"", [fault])
    assert spider.events[-1] == PageVisited(URL, "0001", Outcome.EMPTY, fault, seed=True)


def test_a_page_that_no_parser_comes_to_the_end_of_is_an_outcome(
    spider: SpiderSteps, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_slow(self: OwnParsers, page: Page) -> Classification:
        raise PageNotRead("too slow", limit=True)

    monkeypatch.setattr(OwnParsers, "classify", too_slow)
    assert received(spider, b"<html>", []).requests == ()
    assert spider.events == [PageVisited(URL, "0001", Outcome.UNREADABLE, "too slow", seed=True)]


def failed(spider: SpiderSteps, error: Exception, errback: Any = None, **meta: Any) -> Any:
    (request,) = spider.start()
    spider.events.clear()
    request = request.replace(meta={**request.meta, **meta})
    failure = Failure(error)  # type: ignore[no-untyped-call] # Twisted has no types
    failure.request = request  # type: ignore[attr-defined] # as Scrapy does
    return spider.accounting.process_failure(failure, errback)


@pytest.mark.parametrize(
    ("error", "outcome", "reason"),
    [
        (FetchFailed("no byte for 90 s"), Outcome.UNREACHABLE, "no byte for 90 s"),
        (DisallowedByRobots("robots.txt disallows it"), Outcome.REFUSED_BY_POLICY, "robots.txt disallows it"),
        (TooManyRedirects("more than 10 redirects"), Outcome.UNREACHABLE, "more than 10 redirects"),
        (KeyError(), Outcome.UNREACHABLE, "KeyError"),
    ],
)
def test_a_request_that_brings_no_page_is_reported_with_the_reason(
    spider: SpiderSteps, error: Exception, outcome: Outcome, reason: str
) -> None:
    failed(spider, error)
    assert spider.events == [PageVisited(URL, "0001", outcome, reason, seed=True)]


def test_a_picture_that_cannot_be_had_is_a_remark_and_no_page(spider: SpiderSteps) -> None:
    failed(spider, FetchFailed("reset"), subresource=True)
    assert spider.events == [CrawlNote(f"{URL}: unreachable: reset")]


def test_what_the_errback_of_a_spider_asks_for_has_a_page_id_and_is_accounted_for(spider: SpiderSteps) -> None:
    def errback(failure: Failure) -> Iterator[scrapy.Request]:
        yield scrapy.Request("https://a.example/mirror")

    (mirror,) = failed(spider, FetchFailed("reset"), errback)
    assert mirror.meta["page_id"] == "0001"
    assert mirror.errback.func == spider.accounting.process_failure


class Generous:
    """A spider's callback that yields requests, and then fails."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    def __call__(self, response: Response) -> Iterator[scrapy.Request]:
        yield response.follow("/next")
        if self.error is not None:
            raise self.error


def outputs(spider: SpiderSteps, callback: Generous) -> list[Any]:
    """As Scrapy does it: an exception goes to the middleware while it still collects."""
    (request,) = spider.start()
    spider.events.clear()
    body = b"<html><p>" + "Тэкст старонкі. ".encode() * 99
    response = response_of(request, FetchedResponse(200, "OK", (("Content-Type", "text/html"),), body, len(body)))

    async def yielded() -> AsyncIterator[Any]:
        try:
            for each in callback(response):
                yield each
        except Exception as error:
            spider.accounting.process_spider_exception(response, error)

    async def collected() -> list[Any]:
        return [each async for each in spider.accounting.process_spider_output(response, yielded())]

    return asyncio.run(collected())


def test_a_page_of_which_the_spider_says_nothing_is_classified(spider: SpiderSteps) -> None:
    (request,) = outputs(spider, Generous())
    assert (request.url, request.meta["page_id"], request.meta["engine"]) == (
        "https://a.example/next",
        "0001",
        "http",
    )
    (visit,) = spider.events
    assert isinstance(visit, PageVisited)
    assert visit.outcome is Outcome.CONTENT


def test_a_spider_that_fails_costs_its_page_and_not_what_it_asked_for_before(spider: SpiderSteps) -> None:
    (request,) = outputs(spider, Generous(ZeroDivisionError("division by zero")))
    assert request.url == "https://a.example/next"
    (visit,) = spider.events
    assert isinstance(visit, PageVisited)
    assert visit.outcome is Outcome.UNREADABLE
    assert visit.reason == "the page could not be read: ZeroDivisionError('division by zero')"


def answer(body: bytes | None, *headers: tuple[str, str], cut: str | None = None) -> FetchedResponse:
    return FetchedResponse(200, "OK", headers, body, 0, cut)


def test_what_is_wrong_with_a_body_is_said_in_a_sentence() -> None:
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
        ("0", FIRST_BACKOFF_S),
        ("", FIRST_BACKOFF_S),
    ],
)
def test_a_host_is_left_alone_as_long_as_it_asks_and_no_longer_than_a_night(
    retry_after: str, held_s: float
) -> None:
    async def respond() -> float:
        crawler = get_crawler(settings_dict={"RETRY_TIMES": 2})
        events: list[EngineEvent] = []
        context = context_for(None, events)
        give_context(crawler, context)
        request = scrapy.Request(URL)
        response = Response(URL, status=503, headers={"Retry-After": retry_after}, request=request)
        middleware = RetryAfterMiddleware.from_crawler(crawler)
        crawler.spider = scrapy.Spider.from_crawler(crawler, name="any")
        middleware.process_response(request, response)
        limiter = context.rate_limiter
        assert isinstance(limiter, HostRateLimiter)
        return limiter._state("a.example").backoff_s

    assert asyncio.run(respond()) == held_s


def test_a_small_body_that_unfolds_beyond_what_is_read_is_cut_there() -> None:
    bomb = gzip.compress(bytes(READ_BYTES + 1), compresslevel=9)
    body, (fault,) = read_body(answer(bomb, ("Content-Encoding", "gzip")), wanted=True)
    assert len(body) <= READ_BYTES
    assert "more than the limit" in fault
