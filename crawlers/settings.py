"""How Scrapy is set for every crawl: all requests through the recorder, nothing of its own towards the outside.

Settings whose reason is not plain stand with it. What differs per crawl (limits, delay, user agent) comes in as
values.
"""

from typing import Any

BROWSER_ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

READ_BYTES = 64 << 20
"""Pages larger than this are kept by the recorder and not read by spiders."""


def request_headers(user_agent: str) -> dict[str, str]:
    """What an ordinary browser sends with a page, in its order."""
    return {
        "User-Agent": user_agent,
        "Accept": BROWSER_ACCEPT,
        "Accept-Language": "en-US,en;q=0.9",
        "Accept-Encoding": "gzip, deflate, br, zstd",
        "Connection": "keep-alive",
    }


def scrapy_settings(*, user_agent: str, seconds: float | None) -> dict[str, Any]:
    """Settings for one crawl through the recorder."""
    return {
        # One handler for the web, whose only address is the recorder's; no other scheme leaves the process.
        "DOWNLOAD_HANDLERS": {
            "http": "crawlers.downloads.RecordedDownloads",
            "https": "crawlers.downloads.RecordedDownloads",
            "ftp": None,
            "file": None,
            "data": None,
            "s3": None,
        },
        # The proxy is the handler's matter: neither a request nor a variable of the environment has a say.
        "HTTPPROXY_ENABLED": False,
        # A port that runs whatever it is sent.
        "REMOTE_CONTROL_ENABLED": False,
        "TELNETCONSOLE_ENABLED": False,
        # Would ask the network for a list of public suffixes.
        "COOKIES_ENABLED": False,
        # The body is decoded once, where it arrives, by the code that decodes it again from the archive.
        "COMPRESSION_ENABLED": False,
        # Pages that refresh themselves are what they are; a challenge is no way to content.
        "METAREFRESH_ENABLED": False,
        "HTTPERROR_ALLOW_ALL": True,
        "ROBOTSTXT_OBEY": False,  # decided by crawlers.robots, and recorded
        "DOWNLOADER_MIDDLEWARES": {
            "crawlers.downloads.ObeyRobots": 100,
            "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,
            "crawlers.downloads.PatientRetry": 550,
        },
        "RETRY_TIMES": 2,
        "RETRY_HTTP_CODES": [408, 429, 500, 502, 503, 504, 522, 524],
        "RETRY_EXCEPTIONS": ["crawlers.fetch.FetchFailed"],
        "RETRY_GIVE_UP_LOG_LEVEL": "INFO",
        "REDIRECT_MAX_TIMES": 10,
        "REFERRER_POLICY": "strict-origin-when-cross-origin",
        "DEFAULT_REQUEST_HEADERS": request_headers(user_agent),
        "USER_AGENT": user_agent,
        # The pace per host is kept by crawlers.pace, shared with everything that does not pass through Scrapy.
        "DOWNLOAD_DELAY": 0,
        "CONCURRENT_REQUESTS": 16,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 4,
        # Pages in the order in which they were found.
        "SCHEDULER_MEMORY_QUEUE": "scrapy.squeues.FifoMemoryQueue",
        "URLLENGTH_LIMIT": 16_384,
        "CLOSESPIDER_TIMEOUT": seconds or 0,
        "ASYNCIO_EVENT_LOOP": "uvloop.Loop",
        "MEMUSAGE_ENABLED": False,
        "STATS_DUMP": False,
        "LOGSTATS_INTERVAL": 0,
        "LOG_LEVEL": "WARNING",
        "LOG_FORMATTER": "crawlers.downloads.QuietAboutSites",
    }
