"""Which spider goes for which kind of source."""

from collections.abc import Mapping
from typing import Final

from crawlers.spiders.base import SourceSpider
from crawlers.spiders.news import NewsSpider
from crawlers.spiders.published_list import ListSpider
from crawlers.spiders.single_page import PageSpider
from crawlers.spiders.telegram import TelegramSpider
from crawlers.watchlist.source import Source
from processors.kinds import KINDS, SourceKind

SPIDERS: Final[Mapping[SourceKind, type[SourceSpider]]] = {
    "telegram": TelegramSpider,
    "news": NewsSpider,
    "page": PageSpider,
    **dict.fromkeys((name for name, kind in KINDS.items() if kind.complete_list), ListSpider),
}


def spider_class(source: Source) -> type[SourceSpider]:
    """The spider for a source."""
    return SPIDERS[source.kind]
