"""One crawl by Scrapy in the test's own process and event loop."""

from scrapy.crawler import AsyncCrawlerRunner

from crawlers.engine.accounting import CrawlAccounting
from crawlers.engine.context import CrawlContext
from crawlers.engine.run import connect
from crawlers.engine.settings import scrapy_settings
from crawlers.model.job import CrawlJob
from crawlers.spiders.base import SourceSpider
from crawlers.spiders.registry import spider_class
from processors.parsing.parsers import OwnParsers


async def crawl_here(job: CrawlJob, context: CrawlContext, spider: type[SourceSpider] | None = None) -> str | None:
    """Crawl to the end; returns why the engine could not work, None where it could."""
    settings = scrapy_settings(user_agent=job.user_agent, limits=job.limits, engine=job.engine)
    runner = AsyncCrawlerRunner({**settings, "ASYNCIO_EVENT_LOOP": None})
    crawler = runner.create_crawler(spider or spider_class(job.source))
    connect(crawler, job, context)
    await crawler.crawl_async(job=job, parsers=OwnParsers())
    accounting = crawler.get_spider_middleware(CrawlAccounting)
    assert accounting is not None
    return accounting.problem
