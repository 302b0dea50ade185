"""Judges crawls by what they gave, once when they end and once more when what they brought has been read.

In: the archive, the crawl's report or its id. Out: sentences about the source, none where all is as it should be.
When a crawl ends, its pages are known as the spider read them; documents, and whether there was anything new, are
known only after reading.
"""

from collections.abc import Collection

from sqlalchemy import Connection

from crawlers.model.report import CrawlReport
from crawlers.watchlist.source import Expectation, Source
from pipeline.quality.yield_rules import EARLIER_CRAWLS, CrawlUnderReview, silence_problems, yield_problems
from processors.kinds import KINDS, is_complete_list
from storage.archive import Archive
from storage.queries.crawl_yields import CrawlYield, declarations_of, publishing_pattern, recent_crawl_yields


def check_crawl(connection: Connection, source: Source, report: CrawlReport) -> list[str]:
    """What the crawl gave as it ended, beside the source's earlier crawls."""
    kind = KINDS.get(source.kind)
    if kind is None or report.problem is not None or not report.pages:
        return []
    now = CrawlYield(
        crawl_id=report.crawl_id,
        at=report.ended_at,
        pages=report.pages,
        understood=_understood(source, report),
        kind=kind.record.name,
        records=report.records_read,
        filled=report.filled,
    )
    earlier = [each for each in _crawls(connection, source.id) if each.crawl_id != report.crawl_id]
    return yield_problems(CrawlUnderReview(source.kind, source.expect, now, earlier[:EARLIER_CRAWLS]))


def check_read_crawls(archive: Archive, crawl_ids: Collection[str]) -> dict[str, list[str]]:
    """Sentences by source, about each source whose newest crawl is among these and has been read."""
    found: dict[str, list[str]] = {}
    with archive.reader.connect() as connection:
        for source_id, declaration in declarations_of(connection, crawl_ids):
            crawls = _crawls(connection, source_id)
            if declaration["kind"] not in KINDS or not crawls or crawls[0].crawl_id not in crawl_ids:
                continue  # an old file that a better parser has read again says nothing about tonight
            expect = Expectation(**declaration.get("expect") or {})
            kind, (now, *earlier) = declaration["kind"], crawls
            sentences = yield_problems(CrawlUnderReview(kind, expect, now, earlier[:EARLIER_CRAWLS]))
            sentences += expect.outside(now.records) if is_complete_list(kind) else []
            sentences += silence_problems(expect, publishing_pattern(connection, source_id), now.at)
            if sentences:
                found[source_id] = sentences
    return found


def _crawls(connection: Connection, source_id: str) -> tuple[CrawlYield, ...]:
    return recent_crawl_yields(connection, source_id, most=EARLIER_CRAWLS + 1)


def _understood(source: Source, report: CrawlReport) -> int:
    understood = report.outcomes.get("content", 0)
    return understood + (report.outcomes.get("empty", 0) if is_complete_list(source.kind) else 0)
