"""Tries sources: one page of each, through the recorder, read as a crawl would read it; nothing of it is kept.

In: sources of the watch-list. Out: `Trial` per source: what the page came to, what was understood of it, and which
yield to expect. All sources are tried by one process, so that each host is asked once for its robots.txt and each
source costs one request, two where feeds and such lead to a first article. Pictures and documents are not fetched.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import scrapy
from scrapy import signals
from scrapy.crawler import AsyncCrawlerRunner
from scrapy.http import Response

from crawlers.address_policy import AddressPolicy
from crawlers.browser.pages import BrowserPages
from crawlers.engine.context import CrawlContext
from crawlers.engine.messages import CrawlNote, EngineEvent, PageVisited
from crawlers.engine.robots import RobotsRules
from crawlers.engine.run import connect
from crawlers.engine.scheduling import CrawlScheduler
from crawlers.engine.settings import READ_BYTES, scrapy_settings
from crawlers.extensions.crawl_code import code_of_source, parsers_for
from crawlers.http_client import Fetcher
from crawlers.model.capture import Captured
from crawlers.model.job import CrawlLimits
from crawlers.rate_limit.limiter import HostRateLimiter
from crawlers.rate_limit.slots import LocalSlots, SlotSource
from crawlers.recorder.egress import ConnectTo, egress_for
from crawlers.recorder.proxy import Recorder
from crawlers.spiders.registry import spider_class
from crawlers.watchlist.engines import IN_BROWSER
from crawlers.watchlist.source import Source
from pipeline.config.settings import Settings
from pipeline.crawl import job_for
from processors.kinds import is_complete_list
from processors.pages.outcome import Outcome
from processors.parsing.parsers import Parsers
from processors.urls import host_of

AT_ONCE: Final = 24
"""Sources that wait for their hosts at the same time."""

LEADS_TO: Final = "trial/leads_to"
"""In Scrapy's statistics: articles and further pages that the first page names."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What trying one source came to.

    ``leads_to`` counts the articles or further pages that the page names; ``filled`` the records in which a field
    says something; ``expect`` is the yield to expect, for the watch-list, empty where one page cannot tell.
    """

    source_id: str
    kind: str
    url: str | None
    outcome: str
    reason: str | None
    records: int = 0
    leads_to: int = 0
    filled: Mapping[str, int] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    expect: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The row of kind ``source_trial``."""
        return {"kind": "source_trial", "source_kind": self.kind} | {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
            if name != "kind"
        }


class _Nothing:
    """A sink that keeps nothing: a trial is no evidence."""

    def keep(self, item: Captured) -> None:
        """Let it go."""


class TrialScheduler(CrawlScheduler):
    """Lets the first address of a source pass and, of a news site, the first article that it leads to."""

    _seed_passed = False
    _article_passed = False

    def enqueue_request(self, request: scrapy.Request) -> bool:
        """Whether the request was scheduled; pages that the first one leads to are counted."""
        if "seed" in request.meta:
            wanted, self._seed_passed = not self._seed_passed, True
        elif request.meta.get("subresource") or request.meta["depth"] > 1:
            wanted = False
        else:
            assert self.crawler is not None
            self.crawler.stats.inc_value(LEADS_TO)
            is_article = self.spider.name == "news" and request.callback == self.spider.parse
            wanted = is_article and not self._article_passed
            self._article_passed |= wanted
        return super().enqueue_request(request) if wanted else False


def try_sources(
    settings: Settings,
    sources: Sequence[Source],
    *,
    slots: SlotSource | None = None,
    on_trial: Callable[[Trial], None],
) -> tuple[Trial, ...]:
    """Try each source; ``on_trial`` is called with each as it is done, the result has them in the given order."""
    with ExitStack() as opened:
        parsers = opened.enter_context(parsers_for(None, None))
        own = {
            source.id: opened.enter_context(parsers_for(source.parser, code))
            for source in sources
            if (code := code_of_source(settings.extension_folder, source.parser, source.spider)) is not None
        }
        of_sources = {source.id: own.get(source.id, parsers) for source in sources}
        return asyncio.run(_try_all(settings, sources, slots or LocalSlots(), of_sources, on_trial))


async def _try_all(
    settings: Settings,
    sources: Sequence[Source],
    slots: SlotSource,
    parsers: Mapping[str, Parsers],
    on_trial: Callable[[Trial], None],
) -> tuple[Trial, ...]:
    rate_limiter = HostRateLimiter(0.0, slots)
    by_egress: dict[tuple[str | None, bool], list[Source]] = {}
    for source in sources:
        by_egress.setdefault((source.egress, source.allow_invalid_certificate), []).append(source)
    done: dict[str, Trial] = {}
    for (profile, lenient), those in by_egress.items():
        async with _context(settings, profile, rate_limiter, lenient=lenient) as context:
            free = asyncio.Semaphore(AT_ONCE)

            async def one(source: Source, context: CrawlContext = context) -> None:
                async with free:  # noqa: B023 - every task of this turn ends within it
                    done[source.id] = await _try_one(settings, source, context, parsers[source.id])
                on_trial(done[source.id])

            await asyncio.gather(*map(one, those))
    await rate_limiter.close()
    return tuple(done[source.id] for source in sources)


@asynccontextmanager
async def _context(
    settings: Settings, profile: str | None, rate_limiter: HostRateLimiter, *, lenient: bool
) -> AsyncIterator[CrawlContext]:
    """A recorder that keeps nothing, and what shares it; robots.txt of a host is asked for once."""
    with tempfile.TemporaryDirectory(prefix="letapis-try-") as folder:
        recorder = Recorder(
            _Nothing(),
            crawl_id="trial",
            folder=Path(folder),
            egress=egress_for(
                settings.egress_url(profile),
                AddressPolicy(settings.allow_addresses),
                ConnectTo(settings.connect_to),
            ),
            limits=CrawlLimits(exchange_bytes=READ_BYTES),
            upstream_ca=settings.upstream_ca,
            allow_invalid_certificate=lenient,
        )
        address = await recorder.start()
        fetcher = Fetcher(address)
        nothing: Callable[[Any], None] = lambda item: None  # noqa: E731 - a trial is no evidence
        try:
            yield CrawlContext(
                fetcher=fetcher,
                rate_limiter=rate_limiter,
                browser=BrowserPages(address, None, settings.user_agent, note=nothing, rendering=nothing),
                report=nothing,
                robots=RobotsRules(fetcher, rate_limiter, nothing, settings.user_agent),
            )
        finally:
            await fetcher.close()
            await recorder.close()


async def _try_one(settings: Settings, source: Source, shared: CrawlContext, parsers: Parsers) -> Trial:
    job = job_for(source, user_agent=settings.user_agent, collector=settings.collector, engine="http")
    events: list[EngineEvent] = []
    robots = shared.robots if source.robots == "obey" else None
    for host in {host_of(url) for url in job.seeds[:1]}:
        shared.rate_limiter.raise_delay(host, source.delay_s)
    crawler = AsyncCrawlerRunner(_trial_settings(settings)).create_crawler(
        spider_class(replace(source, spider=None))
    )
    connect(crawler, job, replace(shared, report=events.append, robots=robots))
    came_from: list[str] = []

    def received(response: Response, request: scrapy.Request, spider: scrapy.Spider) -> None:
        came_from.append(response.url)

    crawler.signals.connect(received, signals.response_received)
    await crawler.crawl_async(job=job, parsers=parsers)
    visits = [event for event in events if isinstance(event, PageVisited)]
    if not visits:
        return Trial(source.id, source.kind, None, Outcome.EMPTY, "nothing to fetch")
    seed, last = visits[0], visits[-1]
    remarks = [_remark(event.text, visits) for event in events if isinstance(event, CrawlNote)]
    if source.spider is not None:
        remarks.append("tried without its own spider, which runs in a crawl alone")
    if source.engine in IN_BROWSER:
        remarks.append("tried without a browser: what its scripts show was not seen")
    return Trial(
        source_id=source.id,
        kind=source.kind,
        url=came_from[-1] if came_from else seed.url,
        outcome=last.outcome.value,
        reason=last.reason,
        records=last.records,
        leads_to=crawler.stats.get_value(LEADS_TO, 0),
        filled=dict(sorted(last.filled.items())),
        remarks=tuple(remarks),
        expect=suggested(source.kind, last.records),
    )


def _trial_settings(settings: Settings) -> dict[str, Any]:
    """Of a crawl, without tries again: an answer is what the operator waits for."""
    own = {
        "SCHEDULER": "pipeline.sources.trial.TrialScheduler",
        "RETRY_ENABLED": False,
        "ASYNCIO_EVENT_LOOP": None,
    }
    return scrapy_settings(user_agent=settings.user_agent, limits=CrawlLimits()) | own


def _remark(text: str, visits: Sequence[PageVisited]) -> str:
    """The sentence without the address that it is about, which the trial names already."""
    for visit in visits:
        text = text.removeprefix(f"{visit.url}: ")
    return text


def suggested(kind: str, records: int) -> dict[str, Any]:
    """The yield to expect of a source whose first page gave so many records: half of it, twice of it."""
    if not records:
        return {}
    if is_complete_list(kind):
        return {"min": max(1, records // 2), "max": 2 * records, "understood": 0.8}
    if kind == "telegram":
        return {"min": max(1, records // 2), "understood": 0.8}
    return {"understood": 0.5} if kind == "news" else {}
