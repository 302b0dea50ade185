"""Which spider goes for which kind of source."""

from collections.abc import Callable, Mapping
from typing import Final

from crawlers.model.job import CrawlJob
from crawlers.spiders.base import Spider
from crawlers.spiders.news import NewsSpider
from crawlers.spiders.published_list import ListSpider
from crawlers.spiders.single_page import PageSpider
from crawlers.spiders.telegram import TelegramSpider
from processors.kinds import KINDS, SourceKind
from processors.parsing.parsers import Parsers

SPIDERS: Final[Mapping[SourceKind, Callable[[CrawlJob, Parsers], Spider]]] = {
    "telegram": TelegramSpider,
    "news": NewsSpider,
    "page": PageSpider,
    **dict.fromkeys((name for name, kind in KINDS.items() if kind.complete_list), ListSpider),
}


def spider_for(job: CrawlJob, parsers: Parsers) -> Spider:
    """A spider for one crawl; ``parsers`` read its pages."""
    return SPIDERS[job.source.kind](job, parsers)
