"""Tries sources: one page of each, through the recorder, read as a crawl would read it; nothing of it is kept.

In: sources of the watch-list. Out: `Trial` per source: what the page came to, what was understood of it, and which
yield to expect. All sources are tried by one process, so that each host is asked once for its robots.txt and each
source costs one request, two where feeds and such lead to a first article. Pictures and documents are not fetched.
"""

import asyncio
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin

from crawlers.address_policy import AddressPolicy
from crawlers.engines.context import CrawlContext
from crawlers.engines.response_decoding import page_of
from crawlers.engines.robots import RobotsGate
from crawlers.engines.scrapy_settings import READ_BYTES, request_headers
from crawlers.http_client import Fetcher, FetchFailed
from crawlers.model.capture import Captured
from crawlers.model.job import CrawlJob, CrawlLimits
from crawlers.rate_limit.limiter import HostRateLimiter
from crawlers.rate_limit.slots import LocalSlots, SlotSource
from crawlers.recorder.egress import ConnectTo, egress_for
from crawlers.recorder.proxy import Recorder
from crawlers.spiders.base import PageRequest, PageResult, Role, Spider, findings_on
from crawlers.spiders.registry import spider_for
from crawlers.watchlist.source import Source
from pipeline.config.settings import Settings
from pipeline.crawl import job_for
from processors.http.head import head_value
from processors.kinds import is_complete_list
from processors.pages.outcome import Outcome
from processors.parsing.parsers import Parsers
from processors.parsing.sandboxed_parsers import ConfinedParsers
from processors.urls import host_of

AT_ONCE: Final = 24
"""Sources that wait for their hosts at the same time."""

MOST_REDIRECTS: Final = 10


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


def try_sources(
    settings: Settings,
    sources: Sequence[Source],
    *,
    turns: SlotSource | None = None,
    told: Callable[[Trial], None],
) -> tuple[Trial, ...]:
    """Try each source; ``told`` hears of each as it is done, the result has them in the order asked."""
    with ConfinedParsers() as parsers:
        return asyncio.run(_try_all(settings, sources, turns or LocalSlots(), parsers, told))


async def _try_all(
    settings: Settings,
    sources: Sequence[Source],
    turns: SlotSource,
    parsers: Parsers,
    told: Callable[[Trial], None],
) -> tuple[Trial, ...]:
    pace = HostRateLimiter(0.0, turns)
    doors: dict[tuple[str | None, bool], list[Source]] = {}
    for source in sources:
        doors.setdefault((source.egress, source.allow_invalid_certificate), []).append(source)
    done: dict[str, Trial] = {}
    for (profile, lenient), behind in doors.items():
        async with _means(settings, profile, pace, lenient=lenient) as means:
            gate = RobotsGate(means)
            free = asyncio.Semaphore(AT_ONCE)

            async def one(source: Source, means: CrawlContext = means, gate: RobotsGate = gate) -> None:
                async with free:  # noqa: B023 - every task of this turn ends within it
                    done[source.id] = await _try_one(settings, source, means, gate, parsers)
                told(done[source.id])

            await asyncio.gather(*(one(source) for source in behind))
    await pace.close()
    return tuple(done[source.id] for source in sources)


@asynccontextmanager
async def _means(
    settings: Settings, profile: str | None, pace: HostRateLimiter, *, lenient: bool
) -> AsyncIterator[CrawlContext]:
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
        fetcher = Fetcher(await recorder.start())
        try:
            yield CrawlContext(
                fetcher=fetcher,
                pace=pace,
                tell=lambda event: None,
                note=lambda note: None,
                rendering=lambda rendering: None,
                user_agent=settings.user_agent,
                obey_robots=True,
            )
        finally:
            await fetcher.close()
            await recorder.close()


async def _try_one(
    settings: Settings, source: Source, means: CrawlContext, gate: RobotsGate, parsers: Parsers
) -> Trial:
    job: CrawlJob = job_for(source, user_agent=settings.user_agent, collector=settings.collector)
    spider = spider_for(job, parsers)
    ask = next(iter(spider.start()), None)
    if ask is None:
        return Trial(source.id, source.kind, None, Outcome.EMPTY, "nothing to fetch")
    url, findings = await _visit(source, spider, ask, means, gate)
    leads = [each for each in findings.asks if each.role is not Role.SUBRESOURCE]
    further = next((each for each in leads if source.kind == "news" and each.role is Role.PAGE), None)
    remarks = findings.remarks
    if source.engine == "browser":
        remarks = (*remarks, "tried without a browser: what its scripts show was not seen")
    if further is not None:
        url, article = await _visit(source, spider, further, means, gate)
        outcome, reason = article.outcome, article.reason
        records, filled = article.records, article.filled
        remarks = (*remarks, *article.remarks)
    else:
        outcome, reason, records, filled = findings.outcome, findings.reason, findings.records, findings.filled
    return Trial(
        source_id=source.id,
        kind=source.kind,
        url=url,
        outcome=outcome.value,
        reason=reason,
        records=records,
        leads_to=len(leads),
        filled=dict(sorted(Counter(filled).items())),
        remarks=remarks,
        expect=suggested(source.kind, records),
    )


def suggested(kind: str, records: int) -> dict[str, Any]:
    """The yield to expect of a source whose first page gave so many records: half of it, twice of it."""
    if not records:
        return {}
    if is_complete_list(kind):
        return {"min": max(1, records // 2), "max": 2 * records, "understood": 0.8}
    if kind == "telegram":
        return {"min": max(1, records // 2), "understood": 0.8}
    return {"understood": 0.5} if kind == "news" else {}


async def _visit(
    source: Source, spider: Spider, ask: PageRequest, means: CrawlContext, gate: RobotsGate
) -> tuple[str, PageResult]:
    """Fetch and read one page, redirects followed; returns where it was and what it came to."""
    url = ask.url
    try:
        for _ in range(MOST_REDIRECTS):
            if source.robots == "obey":
                refusal = await gate.refusal(url, ask.page_id, named=ask.seed)
                if refusal is not None:
                    return url, PageResult(Outcome.REFUSED_BY_POLICY, refusal)
            means.pace.raise_delay(host_of(url), source.delay_s)
            async with means.pace.slot(host_of(url)):
                headers = [*request_headers(means.user_agent).items()]
                answer = await means.fetcher.fetch(url, headers, page_id=ask.page_id, keep_bytes=READ_BYTES)
            onward = head_value(answer.headers, "location") if answer.status in (301, 302, 303, 307, 308) else None
            if onward is None:
                page, faults = page_of(url, answer)
                findings = findings_on(spider, ask, page)
                return url, PageResult(
                    findings.outcome,
                    findings.reason,
                    findings.records,
                    findings.known,
                    findings.asks,
                    (*faults, *findings.remarks),
                    findings.filled,
                )
            url = urljoin(url, onward)
    except FetchFailed as failure:
        return url, PageResult(failure.outcome, failure.reason)
    return url, PageResult(Outcome.UNREACHABLE, f"more than {MOST_REDIRECTS} redirects")
