"""Which spider goes for which kind of source."""

from collections.abc import Mapping
from typing import Final

from crawlers.spiders.base import SourceSpider
from crawlers.spiders.news import NewsSpider
from crawlers.spiders.published_list import ListSpider
from crawlers.spiders.single_page import PageSpider
from crawlers.spiders.telegram import TelegramSpider
from crawlers.watchlist.source import Source
from processors.extension.code import ExtensionCode, ExtensionFault, parse_reference
from processors.extension.loading import load_class
from processors.kinds import KINDS, SourceKind

SPIDERS: Final[Mapping[SourceKind, type[SourceSpider]]] = {
    "telegram": TelegramSpider,
    "news": NewsSpider,
    "page": PageSpider,
    **dict.fromkeys((name for name, kind in KINDS.items() if kind.complete_list), ListSpider),
}


def spider_class(source: Source, code: ExtensionCode | None = None) -> type[SourceSpider]:
    """The spider for a source; ``code`` is the extension that its own spider is of, which runs from now on.

    Raises ``ExtensionFault`` for a class that is no spider.
    """
    if source.spider is not None and code is not None:
        found = load_class(parse_reference(source.spider), code)
        if not issubclass(found, SourceSpider):
            raise ExtensionFault(f"{source.spider}: expected a subclass of crawlers.spiders.base.SourceSpider")
        return found
    return SPIDERS[source.kind]
