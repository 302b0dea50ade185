"""One crawl of the benchmarks' site, measured in its own processes: ``python -m benchmarks.crawling ORDERS``.

ORDERS is a JSON object: ``way``, ``base`` (the site's address), ``authority`` (its certificate or null),
``pages``, ``folder``, ``crawl_id``. Ways: ``recorded`` runs engine, recorder, pace and spool as ``letapis``
does, the engine in a process of its own, ``recorded, turns in the engine`` without the line for turns;
``unrecorded`` is the same spider and settings with Scrapy's own downloads over Twisted, as Scrapy comes, and
``unrecorded, on asyncio alone`` with those that Scrapy has without it; ``direct`` the same with our fetcher
going to the site. The spider asks for a list of pages and reads nothing in them, so that nothing but the
fetching is measured. Pages count from the spider's opening on; CPU counts all processes, wall the engine until
its last page.
"""

import asyncio
import json
import resource
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import scrapy
import uvloop
from scrapy import signals
from scrapy.crawler import AsyncCrawlerProcess
from scrapy.http import Response

from crawlers.address_policy import AddressPolicy
from crawlers.browser.pages import BrowserPages
from crawlers.engine.context import CrawlContext, give_context
from crawlers.engine.settings import scrapy_settings
from crawlers.http_client import Fetcher, _Connection, _Key
from crawlers.model.job import CrawlLimits
from crawlers.rate_limit.limiter import HostRateLimiter
from crawlers.rate_limit.socket import RateLimitClient, RateLimitServer
from crawlers.recorder.egress import ConnectTo, DirectEgress
from crawlers.recorder.proxy import Recorder, RecorderAddress
from crawlers.spiders.base import SourceSpider
from crawlers.spiders.items import PageOutcome
from crawlers.watchlist.source import source_for_urls
from pipeline.crawl import job_for
from processors.pages.outcome import Outcome
from processors.parsing.parsers import OwnParsers
from storage.spool.spool import Spool

RETRY = "scrapy.downloadermiddlewares.retry.RetryMiddleware"
REDIRECT = "scrapy.downloadermiddlewares.redirect.RedirectMiddleware"
USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64)"


class ListedPages(SourceSpider):
    """Asks for so many pages and counts them."""

    name = "listed"
    read_pages = 0

    def __init__(self, *, base: str, pages: int, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.base = base
        self.pages = pages

    async def start(self) -> AsyncIterator[Any]:
        for number in range(self.pages):
            meta = {"verbatim_url": True, "page_id": "0001"}
            yield scrapy.Request(f"{self.base}/p{number}.html", meta=meta)

    def parse(self, response: Response) -> Iterator[Any]:
        assert response.status == 200 and len(response.body) > 1000
        self.read_pages += 1
        yield PageOutcome(Outcome.CONTENT)


class DirectFetcher(Fetcher):
    """The same client without a recorder."""

    def __init__(self, authority: str | None) -> None:
        super().__init__(RecorderAddress("", 0, "", authority or "", "", ""))

    async def _connect(self, key: _Key, url: str) -> _Connection:
        scheme, host, port, _ = key
        trust = self._trust if scheme == "https" else None
        return _Connection(*await asyncio.open_connection(host, port, ssl=trust))

    def _to_recorder(self, url: str, page_id: str) -> list[tuple[str, str]]:
        return []


def used() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def crawl(orders: dict[str, Any]) -> None:
    """The engine's part; prints what it took."""
    way = orders["way"]
    settings = scrapy_settings(user_agent=USER_AGENT, limits=CrawlLimits())
    authority = None if orders["authority"] is None else Path(orders["authority"]).read_text()
    if way.startswith("unrecorded"):
        settings["TWISTED_REACTOR_ENABLED"] = way == "unrecorded"
        del settings["DOWNLOAD_HANDLERS"]
        settings["DOWNLOADER_MIDDLEWARES"] = {RETRY: 550, REDIRECT: 600}
        del settings["LOG_FORMATTER"]
    if way.startswith("recorded"):
        fetcher = Fetcher(RecorderAddress(**orders["door"]))
    elif authority is not None:
        fetcher = DirectFetcher(authority)
    else:
        fetcher = DirectFetcher(Path(ssl.get_default_verify_paths().cafile or "").read_text())
    nothing = lambda said: None  # noqa: E731 - three callbacks of one line
    pace = RateLimitClient(Path(orders["turns"])) if way == "recorded" else HostRateLimiter(0.0)
    nowhere = RecorderAddress("", 0, "", "", "", "")
    browser = BrowserPages(nowhere, None, USER_AGENT, note=nothing, rendering=nothing)
    process = AsyncCrawlerProcess(settings)
    crawler = process.create_crawler(ListedPages)
    give_context(crawler, CrawlContext(fetcher, pace, browser, nothing, robots=None))
    marks: dict[str, float] = {}
    spiders: list[ListedPages] = []

    def opened(spider: ListedPages) -> None:
        spiders.append(spider)
        marks.update(cpu=used(), wall=time.perf_counter())

    def closed(spider: ListedPages, reason: str) -> None:
        marks.update(ended=time.perf_counter())

    crawler.signals.connect(opened, signals.spider_opened)
    crawler.signals.connect(closed, signals.spider_closed)
    source = source_for_urls((orders["base"],))
    job = job_for(source, user_agent=USER_AGENT, collector="benchmark")
    process.crawl(crawler, job=job, parsers=OwnParsers(), base=orders["base"], pages=orders["pages"])
    process.start()
    (asking,) = spiders
    assert asking.read_pages == orders["pages"], asking.read_pages
    cost = {"cpu_s": used() - marks["cpu"], "wall_s": marks["ended"] - marks["wall"], "units": asking.read_pages}
    print(json.dumps({**cost, "facts": {}}))


async def record(orders: dict[str, Any]) -> dict[str, Any]:
    """The lead's part: recorder and spool here, the engine beside it."""
    spool = Spool(Path(orders["folder"]), orders["crawl_id"], {"software": "benchmark"})
    machine = Recorder(
        spool,
        crawl_id=orders["crawl_id"],
        folder=spool.folder,
        egress=DirectEgress(AddressPolicy(["127.0.0.0/8"]), ConnectTo([])),
        limits=CrawlLimits(),
        upstream_ca=None if orders["authority"] is None else Path(orders["authority"]),
    )
    address = await machine.start()
    turns = RateLimitServer(spool.folder, HostRateLimiter(0.0))
    await turns.start()
    before = used()
    door = {name: getattr(address, name) for name in RecorderAddress.__dataclass_fields__}
    told = json.dumps({**orders, "engine": True, "door": door, "turns": str(spool.folder)})
    engine = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.crawling", told, stdout=subprocess.PIPE
    )
    said, _ = await engine.communicate()
    cost: dict[str, Any] = json.loads(said.strip().splitlines()[-1])
    await turns.close()
    await machine.close()
    files = spool.close()
    cost["facts"] = {
        "recorder_ms": (used() - before) / cost["units"] * 1000,
        "engine_ms": cost["cpu_s"] / cost["units"] * 1000,
        "warc_kb": sum(file.bytes for file in files) / cost["units"] / 1000,
    }
    cost["cpu_s"] += used() - before
    return cost


def main() -> None:
    orders = json.loads(sys.argv[1])
    if orders["way"].startswith("recorded") and not orders.get("engine"):
        print(json.dumps(uvloop.run(record(orders))))
    else:
        crawl(orders)


if __name__ == "__main__":
    main()
