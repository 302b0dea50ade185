"""How Scrapy is set for every crawl: all requests through the recorder, nothing of its own towards the outside.

Settings whose reason is not plain stand with it. What differs per crawl (limits, delay, user agent) comes in as
values.
"""

from collections.abc import Collection, Mapping
from typing import Any, Final

from scrapy.settings.default_settings import DOWNLOADER_MIDDLEWARES_BASE, EXTENSIONS_BASE

from crawlers.log_lines import are_json
from crawlers.model.job import CrawlLimits
from crawlers.watchlist.engines import IN_BROWSER, Engine

BROWSER_ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

READ_BYTES = 64 << 20
"""Pages larger than this are kept by the recorder and not read by spiders."""


LEFT_OUT_MIDDLEWARES: Final = (
    # decided by crawlers.engine.robots, and recorded
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware",
    "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware",
    "scrapy.downloadermiddlewares.retry.RetryMiddleware",
    "scrapy.downloadermiddlewares.redirect.RedirectMiddleware",
    # Pages that refresh themselves are what they are; a challenge is no way to content.
    "scrapy.downloadermiddlewares.redirect.MetaRefreshMiddleware",
    # The body is decoded once, where it arrives, by the code that decodes it again from the archive.
    "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware",
    # Would ask the network for a list of public suffixes.
    "scrapy.downloadermiddlewares.cookies.CookiesMiddleware",
    # The proxy is the handler's matter: neither a request nor a variable of the environment has a say.
    "scrapy.downloadermiddlewares.httpproxy.HttpProxyMiddleware",
    "scrapy.downloadermiddlewares.httpcache.HttpCacheMiddleware",
)

LEFT_OUT_EXTENSIONS: Final = (
    # Ports that run whatever they are sent.
    "scrapy.extensions.remote_control.RemoteControl",
    "scrapy.extensions.telnet.TelnetConsole",
    "scrapy.extensions.memusage.MemoryUsage",
    "scrapy.extensions.memdebug.MemoryDebugger",
    "scrapy.extensions.feedexport.FeedExporter",
    "scrapy.extensions.logstats.LogStats",
    "scrapy.extensions.spiderstate.SpiderState",
    "scrapy.extensions.throttle.AutoThrottle",
)


def without(base: Mapping[str, int], left_out: Collection[str]) -> dict[str, int]:
    """Scrapy's own components but for these: one that is turned off by None is imported all the same.

    Which costs each crawl 0.3 s of CPU. Raises `KeyError` where Scrapy has no such component any more.
    """
    kept = dict(base)
    for name in left_out:
        del kept[name]
    return kept


def request_headers(user_agent: str) -> dict[str, str]:
    """What an ordinary browser sends with a page, in its order."""
    return {
        "User-Agent": user_agent,
        "Accept": BROWSER_ACCEPT,
        "Accept-Language": "en-US,en;q=0.9",
        "Accept-Encoding": "gzip, deflate, br, zstd",
        "Connection": "keep-alive",
    }


def scrapy_settings(*, user_agent: str, limits: CrawlLimits, engine: Engine = "http") -> dict[str, Any]:
    """Settings for one crawl through the recorder."""
    handler = "crawlers.engine.download_handler.RecorderDownloadHandler"
    # A browser shows one page at a time, in the order of the seeds. What a page leads to is fetched right after
    # it, since links may expire.
    one_by_one = {"CONCURRENT_REQUESTS": 1, "SCHEDULER_PRIORITY_QUEUE": "scrapy.pqueues.ScrapyPriorityQueue"}
    return {
        # One handler for the web, whose only address is the recorder's; no other scheme leaves the process.
        "DOWNLOAD_HANDLERS": {
            "http": handler,
            "https": handler,
            "ftp": None,
            "file": None,
            "data": None,
            "s3": None,
        },
        "HTTPERROR_ALLOW_ALL": True,
        "DOWNLOADER_MIDDLEWARES": {
            "crawlers.engine.robots_middleware.RobotsMiddleware": 100,
            "crawlers.engine.browser_turn.BrowserTurnMiddleware": 500,
            "crawlers.engine.retries.RetryAfterMiddleware": 550,
            "crawlers.engine.redirects.ExactRedirectMiddleware": 600,
        },
        # Nearest to the spider: what it yields is counted before anything else may leave it out.
        "SPIDER_MIDDLEWARES": {"crawlers.engine.accounting.CrawlAccounting": 950},
        "DOWNLOADER_MIDDLEWARES_BASE": without(DOWNLOADER_MIDDLEWARES_BASE, LEFT_OUT_MIDDLEWARES),
        "EXTENSIONS_BASE": without(EXTENSIONS_BASE, LEFT_OUT_EXTENSIONS),
        "SCHEDULER": "crawlers.engine.scheduling.CrawlScheduler",
        "REQUEST_FINGERPRINTER_CLASS": "crawlers.engine.scheduling.ExactFingerprinter",
        "PAGE_LIMIT": limits.pages or 0,
        "RETRY_TIMES": 2,
        "RETRY_HTTP_CODES": [408, 429, 500, 502, 503, 504, 522, 524],
        "RETRY_EXCEPTIONS": ["crawlers.http_client.FetchFailed"],
        "RETRY_GIVE_UP_LOG_LEVEL": "INFO",
        "REDIRECT_MAX_TIMES": 10,
        "REFERRER_POLICY": "strict-origin-when-cross-origin",
        "DEFAULT_REQUEST_HEADERS": request_headers(user_agent),
        "USER_AGENT": user_agent,
        # The pause between requests to a host is kept by crawlers.rate_limit.limiter, shared with everything that
        # does not pass through Scrapy.
        "DOWNLOAD_DELAY": 0,
        "CONCURRENT_REQUESTS": 16,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 4,
        # Pages in the order in which they were found.
        "SCHEDULER_MEMORY_QUEUE": "scrapy.squeues.FifoMemoryQueue",
        "URLLENGTH_LIMIT": 16_384,
        "CLOSESPIDER_TIMEOUT": limits.seconds or 0,
        # Scrapy on asyncio alone, without Twisted's reactor.
        "TWISTED_REACTOR_ENABLED": False,
        "ASYNCIO_EVENT_LOOP": "uvloop.Loop",
        "STATS_DUMP": False,
        "LOG_INSTALL_ROOT_HANDLER": not are_json(),
        "LOG_LEVEL": "WARNING",
        "LOG_FORMATTER": "crawlers.engine.retries.SiteErrorLogFormatter",
        **(one_by_one if engine in IN_BROWSER else {}),
    }
