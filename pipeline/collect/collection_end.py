"""How a crawl's end is entered into custody, once: by the run that led it, or by the one that found what it left.

In: the crawl's report, None of one that died without. Out: the details of `collection_ended`. What only a report
could tell is null, with the reason in ``problem``.
"""

import socket
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from crawlers.model.iso_time import time_text
from crawlers.model.report import CrawlReport
from pipeline.collect.crawl_facts import clock_now
from storage.archive import Archive
from storage.deposit.deposited import keys_of_crawl
from storage.ledger.crawl_facts import begun_and_not_ended, end_collection, never_ended

FORGOTTEN_AFTER: Final = timedelta(minutes=10)
"""From custody's entry to the crawl's folder it takes seconds, even on a loaded machine."""

DIED: Final = (
    "its process ended without a report; what it had written was recovered from the spool, and how much it had "
    "fetched is not known"
)


def collection_summary(report: CrawlReport, keys: Sequence[str]) -> dict[str, Any]:
    """What custody keeps of the crawl's end: counts, keys, what went wrong."""
    return {
        "started_at": time_text(report.started_at),
        "ended_at": time_text(report.ended_at),
        "pages": report.pages,
        "exchanges": report.exchanges,
        "bytes": report.bytes,
        "outcomes": dict(report.outcomes),
        "truncated": report.truncated,
        "refused": report.refused,
        "problem": report.problem,
        "failures": list(report.failures),
        "pace": {host: asdict(kept) for host, kept in report.pace.items()},
        "warc_keys": list(keys),
        "recovered": False,
    }


def ended_without_report(keys: Sequence[str]) -> dict[str, Any]:
    """The same of a crawl that died."""
    unknown = ("started_at", "ended_at", "pages", "exchanges", "bytes", "outcomes", "truncated", "refused")
    said = {"problem": DIED, "failures": [], "pace": {}, "warc_keys": list(keys), "recovered": True}
    return {**dict.fromkeys(unknown), **said}


def end_forgotten(archive: Archive, spool_dir: Path, *, actor: str) -> tuple[str, ...]:
    """End the crawls of this machine that died before they wrote anything, or after all of it was deposited."""
    begun_before = datetime.now(UTC) - FORGOTTEN_AFTER
    with archive.reader.connect() as connection:
        begun = never_ended(connection, socket.gethostname(), begun_before=begun_before)
    forgotten = tuple(crawl_id for crawl_id in begun if not (spool_dir / crawl_id).exists())
    for crawl_id in forgotten:
        end_recovered(archive, crawl_id, None, actor=actor)
    return forgotten


def end_recovered(archive: Archive, crawl_id: str, report: CrawlReport | None, *, actor: str) -> bool:
    """Enter the end of a crawl whose own run did not; False where custody knows of no beginning, or of an end."""
    with archive.reader.connect() as connection:
        if not begun_and_not_ended(connection, crawl_id):
            return False
        keys = keys_of_crawl(connection, crawl_id)
    details = (
        ended_without_report(keys) if report is None else collection_summary(report, keys) | {"recovered": True}
    )
    end_collection(archive, crawl_id=crawl_id, actor=actor, details=details, clock=clock_now())
    return True
