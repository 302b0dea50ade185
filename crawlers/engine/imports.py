"""Imports what a crawl loads by name, or when it first needs it, while an engine waits for its job."""

from importlib import import_module
from typing import Final

USED: Final = (
    "crawlers.engine.browser_turn",
    "crawlers.engine.download_handler",
    "crawlers.engine.retries",
    "crawlers.engine.scheduling",
    "encodings.idna",
    "scrapy.core.downloader",
    "scrapy.core.downloader.middleware",
    "scrapy.downloadermiddlewares.defaultheaders",
    "scrapy.downloadermiddlewares.downloadtimeout",
    "scrapy.downloadermiddlewares.offsite",
    "scrapy.downloadermiddlewares.stats",
    "scrapy.downloadermiddlewares.useragent",
    "scrapy.dupefilters",
    "scrapy.extensions.closespider",
    "scrapy.extensions.corestats",
    "scrapy.extensions.logcount",
    "scrapy.pqueues",
    "scrapy.resolver",
    "scrapy.spidermiddlewares.depth",
    "scrapy.spidermiddlewares.httperror",
    "scrapy.spidermiddlewares.metacopy",
    "scrapy.spidermiddlewares.start",
    "scrapy.spidermiddlewares.urllength",
    "scrapy.squeues",
    "scrapy.statscollectors",
)
"""What a crawl over HTTP had loaded beyond its first imports (Scrapy 2.19)."""

USED_WITH_BROWSER: Final = ("crawlers.browser.session",)


def import_what_crawls_use(*, browser: bool) -> None:
    """Import all of it, and what drives a browser where there is one."""
    for name in (*USED, *(USED_WITH_BROWSER if browser else ())):
        import_module(name)
