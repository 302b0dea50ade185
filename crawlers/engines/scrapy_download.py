"""Scrapy's way to the wire: one handler and two middlewares, for requests that carry an ``PageRequest``.

Fails closed: the handler knows the fetcher alone, and the fetcher the recorder alone, so a request's ``proxy``
or any other meta key changes nothing.
"""

import logging
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import scrapy
from scrapy.core.downloader.handlers.base import BaseDownloadHandler
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.retry import RetryMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Headers, Response
from scrapy.logformatter import LogFormatter, LogFormatterResult
from twisted.python.failure import Failure

from crawlers.engines.context import CrawlContext
from crawlers.engines.response_decoding import CUT, read_body
from crawlers.engines.robots import RobotsGate
from crawlers.engines.scrapy_settings import READ_BYTES
from crawlers.http_client import AddressNotAllowed, CrawlLimitReached, FetchedResponse, FetchFailed
from crawlers.rate_limit.limiter import HostAbandoned
from crawlers.spiders.base import PageRequest, Role
from processors.urls import host_of

FIRST_PATIENCE_S = 1.0
MOST_PATIENCE_S = 120.0
"""How long a host that fails or asks for patience is left alone before the next try: doubled each time, up to
this. A host that asks for more is left alone for as long as it asks, and not tried again.
"""

LONGEST_HOLD_S = 86_400.0
"""No host is left alone for more than a night because it once said so."""


def retry_after_s(value: str, now: datetime) -> float | None:
    """How long ``Retry-After`` asks for, a number or a date (RFC 9110, section 10.2.3); None for neither."""
    if value.strip().isdecimal():
        return float(value)
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return None
    # "-0000" says that the zone is not known, which for HTTP dates is UTC
    return max(0.0, ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds())


class DisallowedByRobots(IgnoreRequest):
    """robots.txt forbids the page; the text says which."""


class RecorderDownloadHandler(BaseDownloadHandler):
    """The one way of a request to the wire, whatever its meta says."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._means = crawl_context(crawler)

    async def download_request(self, request: scrapy.Request) -> Response:
        """Wait for the host's turn, fetch, decode."""
        means = self._means
        ask: PageRequest = request.meta["ask"]
        headers = [
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, values in request.headers.items()
            for value in values
        ]
        async with means.pace.slot(host_of(request.url)):
            answer = await means.fetcher.fetch(
                request.url,
                headers,
                page_id=ask.page_id,
                keep_bytes=0 if ask.role is Role.SUBRESOURCE else READ_BYTES,
                method=request.method,
                content=request.body,
            )
        body, flags = read_body(answer, wanted=ask.role is not Role.SUBRESOURCE)
        return Response(
            request.url,
            status=answer.status,
            headers=decoded_headers(answer),
            body=body,
            flags=flags,
            request=request,
        )

    async def close(self) -> None:
        """Let go of the connections."""
        await self._means.fetcher.close()


class RobotsMiddleware:
    """Asks robots.txt before each request."""

    def __init__(self, means: CrawlContext) -> None:
        self._gate = RobotsGate(means) if means.obey_robots else None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "RobotsMiddleware":
        """Scrapy's way of making one."""
        return cls(crawl_context(crawler))

    async def process_request(self, request: scrapy.Request) -> None:
        """Let the request go on, or end it."""
        ask: PageRequest = request.meta["ask"]
        if self._gate is None:
            return
        refusal = await self._gate.refusal(request.url, ask.page_id, named=ask.seed)
        if refusal is not None:
            raise DisallowedByRobots(refusal)


class SiteErrorLogFormatter(LogFormatter):
    """Failures of sites are accounted for as visits; the log is for faults of our own."""

    def download_error(
        self, failure: Failure, request: scrapy.Request, spider: scrapy.Spider, errmsg: str | None = None
    ) -> LogFormatterResult:
        """What Scrapy logs of a request that failed."""
        said = super().download_error(failure, request, spider, errmsg)
        if isinstance(failure.value, FetchFailed):
            said["level"] = logging.INFO
        return said


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
            request.meta["as_far_as_it_came"] = response
        asked = (response.headers.get("Retry-After") or b"").decode("latin-1")
        asked_s = retry_after_s(asked, datetime.now(UTC)) or 0.0
        self._hold(request, asked_s)
        if asked_s > MOST_PATIENCE_S:
            return response
        return self._retry(request, f"status {response.status}") or response

    def process_exception(
        self, request: scrapy.Request, exception: Exception, spider: scrapy.Spider | None = None
    ) -> scrapy.Request | Response | None:
        """Try again where the fault may pass; what a policy refuses stays refused."""
        if "as_far_as_it_came" in request.meta:
            request.meta["dont_retry"] = True
            response: Response = request.meta["as_far_as_it_came"]
            return response
        if isinstance(exception, (AddressNotAllowed, CrawlLimitReached, HostAbandoned)) or not isinstance(
            exception, FetchFailed
        ):
            return None
        self._hold(request, 0.0)
        return self._retry(request, exception)

    def _hold(self, request: scrapy.Request, asked_s: float) -> None:
        patience_s = min(MOST_PATIENCE_S, FIRST_PATIENCE_S * 2 ** request.meta.get("retry_times", 0))
        crawl_context(self.crawler).pace.back_off(
            host_of(request.url), min(LONGEST_HOLD_S, max(asked_s, patience_s))
        )


def decoded_headers(answer: FetchedResponse) -> Headers:
    """The response's header fields, without those that the decoding has used up."""
    used = {"content-encoding", "transfer-encoding", "content-length"}
    headers = Headers()
    for name, value in answer.headers:
        if name.lower() not in used:
            headers.appendlist(name, value)
    return headers


def crawl_context(crawler: Crawler) -> CrawlContext:
    """The means of the crawl that a component of Scrapy belongs to."""
    means = getattr(crawler.spider, "means", None)
    if not isinstance(means, CrawlContext):
        raise TypeError(f"expected a spider with means, found {crawler.spider!r}")
    return means
