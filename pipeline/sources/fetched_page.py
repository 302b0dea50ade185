"""Fetches one page as a crawl does, for a person who wants to look at it: nothing of it is kept as evidence.

In: settings, an address. Out: the `Page`, where redirects led. It goes through the recorder, so that the address
policy and robots.txt hold. Raises `PageNotFetched`, also for a page that is no content where that is refused.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from crawlers.watchlist.source import SourceLimits, source_for_urls
from pipeline.config.settings import Settings
from pipeline.crawl import job_for, run_crawl
from processors.http.message import UndecodableEntity, entity, header, parse_response
from processors.pages.outcome import Outcome, classify
from processors.pages.page import Page
from storage.warc.reader import WarcReader

LARGEST_BYTES: Final = 16 << 20
SECONDS: Final = 120.0
OPENED_NETWORKS: Final = "LETAPIS_ALLOW_ADDRESSES names the networks that are open besides public addresses"


class PageNotFetched(Exception):
    """The page could not be had; the message says why."""


def fetch_page(settings: Settings, url: str) -> Page:
    """The page at an address, with its own character encoding and without transfer or content coding."""
    source = replace(
        source_for_urls((url,), source_id="new-source", follow="nothing"),
        robots="obey",
        limits=SourceLimits(pages=1, seconds=SECONDS),
    )
    job = job_for(
        source,
        user_agent=settings.user_agent,
        collector=settings.collector,
        connect_to=settings.connect_to,
        allow_addresses=settings.allow_addresses,
        upstream_ca=settings.upstream_ca,
        follow_links=False,
    )
    with tempfile.TemporaryDirectory(prefix="letapis-new-") as folder:
        report = run_crawl(job, Path(folder))
        found = [page for file in report.files for page in _pages(file.path)]
    if not found or report.problem is not None:
        sentences = (*filter(None, (report.problem,)), *report.failures, *report.remarks)
        reasons = dict.fromkeys(each.removeprefix(f"{url}: ") for each in sentences)
        setting = f"; {OPENED_NETWORKS}" if report.refused else ""
        raise PageNotFetched(f"{url}: {'; '.join(reasons) or 'nothing was fetched'}{setting}")
    return found[-1]


def refuse_no_content(page: Page) -> None:
    """Raise `PageNotFetched` for what came in the place of a page: an error, a login wall, a challenge."""
    verdict = classify(page)
    if verdict.outcome is not Outcome.CONTENT:
        raise PageNotFetched(
            f"{page.url}: {verdict.outcome.value}: {verdict.reason} (--force takes it all the same)"
        )


def _pages(path: Path) -> Iterator[Page]:
    """Every response of a WARC file but those that only lead elsewhere, and robots.txt."""
    with path.open("rb") as stream:
        reader = WarcReader(stream, path.name)
        while (head := reader.next_record()) is not None:
            block = b"".join(reader.block())
            reader.end_record()
            url = head.url or ""
            if head.record_type != "response" or url.endswith("/robots.txt"):
                continue
            message = parse_response(block)
            if message.status in (301, 302, 303, 307, 308):
                continue
            try:
                body = entity(message, LARGEST_BYTES)
            except UndecodableEntity as damage:
                raise PageNotFetched(f"{url}: {damage.reason}") from damage
            yield Page(url, body, head.at, message.status, header(message, "content-type"))
