"""The JSON form of jobs and reports, in which a crawl's own process is told what to do and says what it did.

``job_to_json`` and ``report_to_json`` give JSON-ready values; reading them back gives an equal object.
"""

import base64
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from crawlers.model.iso_time import time_text
from crawlers.model.job import CachedFeed, CrawlJob, CrawlLimits, KnownContent
from crawlers.model.report import CrawledFile, CrawlReport, HostStatistics
from crawlers.watchlist.source import source_from_json, source_to_json
from processors.digest import Digest


def job_to_json(job: CrawlJob) -> dict[str, Any]:
    """The job as JSON-ready values; ``job_from_json`` gives an equal job back."""
    known = job.known
    plain = {each.name: getattr(job, each.name) for each in fields(job)}
    return plain | {
        "source": source_to_json(job.source),
        "seeds": list(job.seeds),
        "limits": asdict(job.limits),
        "known": {
            "newest_post_id": known.newest_post_id,
            "reread_since": None if known.reread_since is None else time_text(known.reread_since),
            "unseen_posts": [list(each) for each in known.unseen_posts],
            "article_urls": sorted(known.article_urls),
            "other_urls": sorted(known.other_urls),
            "listings": [_listing_to_json(each) for each in known.listings],
        },
        "connect_to": list(job.connect_to),
        "allow_addresses": list(job.allow_addresses),
        "upstream_ca": None if job.upstream_ca is None else str(job.upstream_ca),
        "commitments": dict(job.commitments),
    }


def job_from_json(row: Mapping[str, Any]) -> CrawlJob:
    """The job that ``job_to_json`` wrote; raises ``KeyError`` or ``TypeError`` on anything else."""
    known = row["known"]
    since = known["reread_since"]
    return CrawlJob(
        **dict(row)
        | {
            "source": source_from_json(row["source"]),
            "seeds": tuple(row["seeds"]),
            "limits": CrawlLimits(**row["limits"]),
            "known": KnownContent(
                newest_post_id=known["newest_post_id"],
                reread_since=None if since is None else datetime.fromisoformat(since),
                unseen_posts=tuple((first, last) for first, last in known["unseen_posts"]),
                article_urls=frozenset(known["article_urls"]),
                other_urls=frozenset(known["other_urls"]),
                listings=tuple(map(_listing_from_json, known["listings"])),
            ),
            "connect_to": tuple(row["connect_to"]),
            "allow_addresses": tuple(row["allow_addresses"]),
            "upstream_ca": None if row["upstream_ca"] is None else Path(row["upstream_ca"]),
        }
    )


def _listing_to_json(listing: CachedFeed) -> dict[str, Any]:
    return asdict(listing) | {
        "content": base64.b64encode(listing.content).decode(),
        "captured_at": time_text(listing.captured_at),
    }


def _listing_from_json(row: Mapping[str, Any]) -> CachedFeed:
    return CachedFeed(
        **dict(row)
        | {
            "content": base64.b64decode(row["content"]),
            "captured_at": datetime.fromisoformat(row["captured_at"]),
        }
    )


def report_to_json(report: CrawlReport) -> dict[str, Any]:
    """The report with the JSON keys of kind ``crawl`` (architecture, section 7)."""
    return {
        "kind": "crawl",
        "crawl_id": report.crawl_id,
        "source": report.source,
        "started_at": time_text(report.started_at),
        "ended_at": time_text(report.ended_at),
        "exchanges": report.exchanges,
        "bytes": report.bytes,
        "outcomes": dict(report.outcomes),
        "files": [
            {"path": str(file.path), "sha256": file.sha256.hex, "records": file.records, "bytes": file.bytes}
            for file in report.files
        ],
        "truncated": report.truncated,
        "refused": report.refused,
        "pages": report.pages,
        "problem": report.problem,
        "records": report.records,
        "failures": list(report.failures),
        "remarks": list(report.remarks),
        "records_read": report.records_read,
        "filled": dict(report.filled),
        "pace": {host: asdict(kept) for host, kept in report.pace.items()},
    }


def report_from_json(row: Mapping[str, Any]) -> CrawlReport:
    """The report that ``report_to_json`` wrote."""
    return CrawlReport(
        crawl_id=row["crawl_id"],
        source=row["source"],
        started_at=datetime.fromisoformat(row["started_at"]),
        ended_at=datetime.fromisoformat(row["ended_at"]),
        exchanges=row["exchanges"],
        bytes=row["bytes"],
        outcomes=dict(row["outcomes"]),
        files=tuple(
            CrawledFile(
                path=Path(file["path"]),
                sha256=Digest("sha256", bytes.fromhex(file["sha256"])),
                records=file["records"],
                bytes=file["bytes"],
            )
            for file in row["files"]
        ),
        truncated=row["truncated"],
        refused=row["refused"],
        pages=row["pages"],
        problem=row["problem"],
        records=row["records"],
        failures=tuple(row["failures"]),
        remarks=tuple(row["remarks"]),
        records_read=row["records_read"],
        filled=row["filled"],
        pace={host: HostStatistics(**kept) for host, kept in row["pace"].items()},
    )
