"""Nothing is asked for twice, and pages end at the limit."""

import pytest
import scrapy
from scrapy.utils.test import get_crawler

from crawlers.engine.context import give_context
from crawlers.engine.messages import CrawlNote, EngineEvent
from crawlers.engine.scheduling import CrawlScheduler, ExactFingerprinter
from crawlers.engine.settings import scrapy_settings
from crawlers.model.job import CrawlLimits
from tests.crawlers.spiders.spider_steps import context_for


@pytest.fixture
def events() -> list[EngineEvent]:
    return []


def scheduler(events: list[EngineEvent], pages: int | None = None) -> CrawlScheduler:
    settings = scrapy_settings(user_agent="any", limits=CrawlLimits(pages=pages))
    # Scrapy's other queue looks at the downloader, which there is only while a crawl runs.
    settings |= {"SCHEDULER_PRIORITY_QUEUE": "scrapy.pqueues.ScrapyPriorityQueue"}
    crawler = get_crawler(settings_dict=settings)
    give_context(crawler, context_for(None, events))
    crawler.spider = scrapy.Spider("any")
    made = CrawlScheduler.from_crawler(crawler)
    made.open(crawler.spider)
    return made


def request(url: str, **meta: object) -> scrapy.Request:
    return scrapy.Request(url, meta={"verbatim_url": True, **meta})


def test_nothing_is_asked_for_twice_and_pages_end_at_the_limit(events: list[EngineEvent]) -> None:
    crawl = scheduler(events, pages=2)
    pages = [request(f"https://a.example/{name}") for name in ("1", "1#part", "2", "3", "4")]
    pictures = [request(f"https://a.example/{name}.png", subresource=True) for name in "121"]

    admitted = [each.url for each in (*pages, *pictures) if crawl.enqueue_request(each)]

    assert admitted == [f"https://a.example/{name}" for name in ("1", "2", "1.png", "2.png")]
    assert events == [CrawlNote("the limit of 2 pages was reached; what lies behind them was not requested")]


def test_a_redirect_and_another_try_belong_to_the_page_they_began_with(events: list[EngineEvent]) -> None:
    crawl = scheduler(events, pages=1)
    page = request("https://a.example/1")
    assert crawl.enqueue_request(page)
    assert crawl.enqueue_request(page.replace(url="https://a.example/2"))
    assert crawl.enqueue_request(page.copy())
    assert events == []


def test_two_seeds_that_are_one_address_are_both_asked_for(events: list[EngineEvent]) -> None:
    crawl = scheduler(events)
    assert crawl.enqueue_request(request("http://127.0.0.1/", seed="http://127.0.0.1/"))
    assert crawl.enqueue_request(request("http://127.0.0.1/", seed="http://0x7f000001/"))
    assert not crawl.enqueue_request(request("http://127.0.0.1/"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://a.example/q?", "http://a.example/q"),
        ("http://a.example/?a&b", "http://a.example/?b&a"),
        ("http://a.example/%7Eme", "http://a.example/~me"),
        ("http://a.example//x", "http://a.example/x"),
    ],
)
def test_addresses_that_a_server_may_answer_otherwise_are_two(one: str, other: str) -> None:
    same = ExactFingerprinter().fingerprint
    assert request(one).url == one
    assert same(request(one)) != same(request(other))
    assert same(request(one)) == same(request(f"{one}#part"))
