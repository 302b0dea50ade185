"""Runs one spider with Scrapy, from its seeds to its end."""

import scrapy
from scrapy import signals
from scrapy.crawler import AsyncCrawlerProcess, Crawler

from crawlers.engine.accounting import CrawlAccounting
from crawlers.engine.context import CrawlContext, give_context
from crawlers.engine.messages import CrawlNote
from crawlers.engine.settings import scrapy_settings
from crawlers.model.job import CrawlJob
from crawlers.spiders.base import SourceSpider
from processors.parsing.parsers import Parsers


def run_spider(spider: type[SourceSpider], job: CrawlJob, parsers: Parsers, context: CrawlContext) -> str | None:
    """Return when Scrapy has stopped: why the engine could not work, None where it could.

    To be called once in a process: Scrapy takes its event loop.
    """
    settings = scrapy_settings(user_agent=job.user_agent, limits=job.limits, engine=job.engine)
    process = AsyncCrawlerProcess(settings)
    crawler = process.create_crawler(spider)
    connect(crawler, job, context)
    process.crawl(crawler, job=job, parsers=parsers)
    process.start()
    accounting = crawler.get_spider_middleware(CrawlAccounting)
    return None if accounting is None else accounting.problem


def connect(crawler: Crawler, job: CrawlJob, context: CrawlContext) -> None:
    """Give a crawler its context, and have it report when the limit of seconds ends it."""
    give_context(crawler, context)

    def closed(spider: scrapy.Spider, reason: str) -> None:
        if reason == "closespider_timeout":
            sentence = f"the limit of {job.limits.seconds} s was reached; what still waited was not requested"
            context.report(CrawlNote(sentence))

    crawler.signals.connect(closed, signals.spider_closed, weak=False)
