"""Trying again: only what may pass, and only after leaving the host alone for as long as it asks.

`RetryAfterMiddleware` is Scrapy's retry middleware with ``Retry-After`` (RFC 9110, section 10.2.3) and the crawl's
rate limiter. Settings are Scrapy's: ``RETRY_TIMES``, ``RETRY_HTTP_CODES``, ``RETRY_EXCEPTIONS``.
"""

import logging
from datetime import UTC, datetime

import scrapy
from scrapy.downloadermiddlewares.retry import RetryMiddleware
from scrapy.http import Response
from scrapy.logformatter import LogFormatter, LogFormatterResult
from twisted.python.failure import Failure

from crawlers.engine.context import context_of
from crawlers.engine.responses import CUT
from crawlers.http_client import (
    AddressNotAllowed,
    BrowserMissing,
    CrawlLimitReached,
    FetchFailed,
    PageNotRendered,
)
from crawlers.rate_limit.limiter import HostAbandoned
from crawlers.rate_limit.retry_after import LONGEST_HOLD_S, retry_after_s
from processors.urls import host_of

FIRST_BACKOFF_S = 1.0
LONGEST_BACKOFF_S = 120.0
"""How long a host that fails or asks for patience is left alone before the next try: doubled each time, up to
this. A host that asks for more is left alone for as long as it asks, and not tried again.
"""

FINAL = (AddressNotAllowed, BrowserMissing, CrawlLimitReached, HostAbandoned, PageNotRendered)
"""Failures that another try would only repeat."""


class RetryAfterMiddleware(RetryMiddleware):
    """Tries again after leaving the host alone for a while: as long as it asks for, or longer with each failure.

    A response that was cut short is tried again, too; the last try stands as it is.
    """

    def process_response(
        self, request: scrapy.Request, response: Response, spider: scrapy.Spider | None = None
    ) -> scrapy.Request | Response:
        """Try again on statuses that may pass and on cut responses."""
        cut = any(flag.startswith(CUT) for flag in response.flags)
        if request.meta.get("dont_retry") or (response.status not in self.retry_http_codes and not cut):
            return response
        if cut:
            request.meta["cut_response"] = response
        requested_s = retry_after_s(
            (response.headers.get("Retry-After") or b"").decode("latin-1"), datetime.now(UTC)
        )
        self._back_off(request, requested_s or 0.0)
        if (requested_s or 0.0) > LONGEST_BACKOFF_S:
            return response
        return self._retry(request, f"status {response.status}") or response

    def process_exception(
        self, request: scrapy.Request, exception: Exception, spider: scrapy.Spider | None = None
    ) -> scrapy.Request | Response | None:
        """Try again where the fault may pass; what a policy refuses stays refused."""
        if "cut_response" in request.meta:
            request.meta["dont_retry"] = True
            response: Response = request.meta["cut_response"]
            return response
        if isinstance(exception, FINAL) or not isinstance(exception, FetchFailed):
            return None
        self._back_off(request, 0.0)
        return self._retry(request, exception)

    def _back_off(self, request: scrapy.Request, requested_s: float) -> None:
        own_s = min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2 ** request.meta.get("retry_times", 0))
        limiter = context_of(self.crawler).rate_limiter
        limiter.back_off(host_of(request.url), min(LONGEST_HOLD_S, max(requested_s, own_s)))


class SiteErrorLogFormatter(LogFormatter):
    """Failures of sites are outcomes that the report holds; the log is for faults of our own."""

    def download_error(
        self, failure: Failure, request: scrapy.Request, spider: scrapy.Spider, errmsg: str | None = None
    ) -> LogFormatterResult:
        """What Scrapy logs of a request that failed."""
        line = super().download_error(failure, request, spider, errmsg)
        if isinstance(failure.value, FetchFailed):
            line["level"] = logging.INFO
        return line
