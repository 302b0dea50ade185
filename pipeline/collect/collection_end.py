"""How a crawl's end is entered into custody, once: by the run that led it, or by the one that found what it left.

In: the crawl's report, None of one that died without. Out: the details of `collection_ended`. What only a report
could tell is null, with the reason in ``problem``.
"""

import socket
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from crawlers.model.json_form import to_json
from crawlers.model.report import CrawlReport
from storage.archive import Archive
from storage.deposit.deposited import keys_of_crawl
from storage.ledger.crawl_facts import begun_and_not_ended, end_collection, never_ended
from storage.ledger.entry import MeasureClock

FORGOTTEN_AFTER: Final = timedelta(minutes=10)
"""From custody's entry to the crawl's folder it takes seconds, even on a loaded machine."""

DIED: Final = (
    "its process ended without a report; what it had written was recovered from the spool, and how much it had "
    "fetched is not known"
)


TIMES: Final = ("started_at", "ended_at")
COUNTS: Final = ("pages", "exchanges", "bytes", "outcomes", "truncated", "refused")
"""Fields of a report that its summaries hold as well: in custody, and in what a harvest returns."""


def counts_of_report(report: CrawlReport) -> dict[str, Any]:
    """What the crawl fetched, in numbers, as JSON-ready values."""
    row = to_json(report)
    return {name: row[name] for name in COUNTS}


def collection_summary(report: CrawlReport, keys: Sequence[str]) -> dict[str, Any]:
    """What custody keeps of the crawl's end: times, counts, what went wrong, the keys of the WARC files."""
    row = to_json(report)
    kept = {name: row[name] for name in (*TIMES, *COUNTS, "problem", "failures", "pace")}
    if report.engine_choices:  # by which the next crawls of a source with `engine: auto` go on
        kept["engine_choices"] = row["engine_choices"]
    return {**kept, "warc_keys": list(keys), "recovered": False}


def ended_without_report(keys: Sequence[str]) -> dict[str, Any]:
    """The same for a crawl that died: what only its report could tell is null."""
    known = {"problem": DIED, "failures": [], "pace": {}, "warc_keys": list(keys), "recovered": True}
    return {**dict.fromkeys((*TIMES, *COUNTS)), **known}


def end_forgotten(
    archive: Archive, spool_dir: Path, *, actor: str, measure_clock: MeasureClock
) -> tuple[str, ...]:
    """End the crawls of this machine that died before they wrote anything, or after all of it was deposited."""
    begun_before = datetime.now(UTC) - FORGOTTEN_AFTER
    with archive.reader.connect() as connection:
        begun = never_ended(connection, socket.gethostname(), begun_before=begun_before)
    forgotten = tuple(crawl_id for crawl_id in begun if not (spool_dir / crawl_id).exists())
    for crawl_id in forgotten:
        end_recovered(archive, crawl_id, None, actor=actor, measure_clock=measure_clock)
    return forgotten


def end_recovered(
    archive: Archive, crawl_id: str, report: CrawlReport | None, *, actor: str, measure_clock: MeasureClock
) -> bool:
    """Enter the end of a crawl whose own run did not; False where custody knows of no beginning, or of an end."""
    with archive.reader.connect() as connection:
        if not begun_and_not_ended(connection, crawl_id):
            return False
        keys = keys_of_crawl(connection, crawl_id)
    details = (
        ended_without_report(keys) if report is None else collection_summary(report, keys) | {"recovered": True}
    )
    end_collection(archive, crawl_id=crawl_id, actor=actor, details=details, clock=measure_clock())
    return True
