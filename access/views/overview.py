"""The first page: what the archive holds, how the last night went source by source, the newest requests.

In: the archive, whom the answer is for. Out: one JSON-ready object. How a crawl ended is read from custody, what
it brought from the catalogue; a source that is silent or was not crawled at all stands out, since nothing else
shows it. Whether a source gave what it usually gives is checked by the DAG ``process``.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

from access.rendering.translations import gettext
from access.views.nights import last_nights
from crawlers.model.iso_time import time_text
from crawlers.watchlist.source import review_is_due
from storage.access_labels import EVERYONE, Viewer
from storage.archive import Archive
from storage.deposit.replication import pending_copies
from storage.deposit.timestamps import pending_timestamps
from storage.ledger.last_crawls import LastCrawl, last_crawls
from storage.queries.nightly_counts import SourceCounts, counts_json, remembered_counts_since
from storage.queries.overview import ON_DEMAND, archive_counts, last_night, newest_requests, source_holdings
from storage.queries.source_history import declared_reviews

REQUESTS_SHOWN: Final = 5


def overview(archive: Archive, *, viewer: Viewer = EVERYONE) -> dict[str, Any]:
    """Counts, the last nights, every source, the newest requests, and what is pending.

    A source has ``attention``: sentences about what went wrong or is missing, none where all is well.
    """
    with archive.reader.connect() as connection:
        whole = archive_counts(connection, viewer=viewer)
        sources = source_holdings(connection, viewer=viewer)
        night = last_night(connection)
        crawls = last_crawls(connection, viewer=viewer)
        figures = () if night is None else remembered_counts_since(connection, night.after_seq)
        reviews = declared_reviews(connection, viewer=viewer)
        requests = newest_requests(connection, REQUESTS_SHOWN, viewer=viewer)
        pending = {
            "copies": 0 if archive.replica is None else len(pending_copies(connection)),
            "time_tokens": len(pending_timestamps(connection)),
        }
    brought = {row.source_id: row for row in figures}
    held_by_id = {row.source_id: row for row in sources}
    began_at = None if night is None else night.began_at.astimezone(UTC)
    rows = [
        {
            "source": name,
            "source_kind": held_by_id[name].source_kind if name in held_by_id else None,
            "files": held_by_id[name].files if name in held_by_id else 0,
            "file_bytes": held_by_id[name].file_bytes if name in held_by_id else 0,
            "last_captured_at": _text(held_by_id[name].last_at) if name in held_by_id else None,
            "last_crawl": last_crawl_row(crawls[name]) if name in crawls else None,
            "night": _night_row(brought[name]) if name in brought else None,
            "attention": [
                *_attention(name, crawls.get(name), brought.get(name), began_at),
                *_review(reviews.get(name)),
            ],
        }
        for name in sorted({*held_by_id, *crawls} - {ON_DEMAND})
    ]
    return {
        "kind": "overview",
        "held": asdict(whole) | {"sources": len(rows)},
        "night": None if began_at is None else {"name": began_at.date().isoformat(), "began_at": _text(began_at)},
        "nights": last_nights(archive),
        "sources": sorted(rows, key=lambda row: (not row["attention"], row["source"])),
        "requests": [asdict(each) | {"at": time_text(each.at), "urls": list(each.urls)} for each in requests],
        "outlets": list(archive.outlets),
        "owed": pending,
    }


def last_crawl_row(last: LastCrawl) -> dict[str, Any]:
    """How a crawl ended: ``state`` is ``came through``, ``failed`` or ``not ended``."""
    ended: Mapping[str, Any] = last.ended or {}
    failures = [*filter(None, [ended.get("problem")]), *ended.get("failures", [])]
    state = "not ended" if last.ended is None else "failed" if failures else "came through"
    return {
        "crawl_id": last.crawl_id,
        "began_at": time_text(last.began_at),
        "state": state,
        "pages": ended.get("pages"),
        "outcomes": ended.get("outcomes"),
        "failures": failures,
    }


def _attention(name: str, crawl: LastCrawl | None, brought: SourceCounts | None, night_began_at: Any) -> list[str]:
    if crawl is None:
        return []  # files of other tools: nobody crawls their source
    row = last_crawl_row(crawl)
    if row["state"] == "not ended":
        return [gettext("Its last crawl started and has not ended. It is still running, or it was killed.")]
    problems = [gettext("Its last crawl failed: %(reason)s", reason=each) for each in row["failures"]]
    if night_began_at is not None and crawl.began_at < night_began_at:
        problems.append(gettext("It was not crawled in the last night."))
    elif brought is None:
        problems.append(gettext("Nothing from this source was deposited in the last night."))
    elif not (_records(brought) or brought.media or brought.pages):
        problems.append(gettext("No content could be read from what was collected in the last night."))
    return problems


def _review(declared: tuple[str | None, str] | None) -> list[str]:
    """A sentence where the legal basis was to be reviewed by a day that has passed."""
    if declared is None or not review_is_due(declared[1], datetime.now(UTC).date()):
        return []
    return [
        gettext(
            "Its legal basis (%(basis)s) was to be reviewed by %(day)s. Review it, and set `review_by` anew in "
            "the watch-list; the next crawl takes the new day along.",
            basis=declared[0] or gettext("not named"),
            day=declared[1],
        )
    ]


def _night_row(brought: SourceCounts) -> dict[str, Any]:
    return counts_json(brought) | {"records": _records(brought)}


def _records(brought: SourceCounts) -> int:
    return sum(brought.records.values())


def _text(at: Any) -> str | None:
    return None if at is None else time_text(at)
