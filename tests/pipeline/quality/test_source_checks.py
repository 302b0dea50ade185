"""A court's list over three weeks in a real catalogue: its columns, its length and its silence are judged."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from crawlers.model.report import CrawlReport
from crawlers.watchlist.source import Expectation, Source
from pipeline.process.run import process_pending
from pipeline.quality.source_checks import check_crawl, check_read_crawls
from storage.archive import Archive
from storage.deposit.deposit import deposit_file
from tests.storage.crawled_files import NIGHT, crawl_one, exchange, response

COURT = Source(id="sud-prydumany", kind="court_list", pages=("https://sud.example/list",))
JUDGE = "Вярба В.В."


def rows(first: int, count: int, judge: str = JUDGE) -> list[str]:
    return [
        f"<tr><td>1-{number}/2026</td><td>24.11.2026 10:00</td><td>3</td><td>{judge}</td></tr>"
        for number in range(first, first + count)
    ]


def night(archive: Archive, folder: Path, day: int, lines: Sequence[str], source: Source = COURT) -> str:
    """Deposit one night's list; returns the crawl's id."""
    head = "<tr><th>№ справы</th><th>Дата і час</th><th>Зала</th><th>Суддзя</th></tr>"
    page = f"<html><head><title>Спіс</title></head><body><table>{head}{''.join(lines)}</table></body></html>"
    item = exchange("https://sud.example/list", response(page.encode()), at=NIGHT + timedelta(days=day))
    path = crawl_one(folder, [item], source=source)
    deposit_file(archive, path)
    return path.name[:26]


def read(archive: Archive, crawl_id: str) -> list[str]:
    process_pending(archive)
    return check_read_crawls(archive, {crawl_id}).get(COURT.id, [])


def test_a_night_is_judged_by_the_nights_before_it(archive: Archive, tmp_path: Path) -> None:
    for day in range(12):
        crawl_id = night(archive, tmp_path, day, rows(day, 14))
    assert read(archive, crawl_id) == []

    # the layout changes: the column of judges is empty
    assert read(archive, night(archive, tmp_path, 12, rows(12, 14, judge=""))) == [
        "judge filled on 0% of 14 hearings; 100% on the last 12 crawls"
    ]
    # all but two rows are gone
    assert read(archive, night(archive, tmp_path, 13, rows(13, 2))) == [
        "2 records; 14 to 14 on the last 13 crawls"
    ]
    # the list stands still
    for day in range(14, 21):
        crawl_id = night(archive, tmp_path, day, rows(13, 14))
    assert read(archive, crawl_id) == [
        "nothing new since 2026-12-04 (6 days); 95% of its pauses before were no longer than 48 h"
    ]
    assert check_read_crawls(archive, {"another"}) == {}


def test_a_crawl_is_judged_as_it_ends_by_what_its_spider_has_read(archive: Archive, tmp_path: Path) -> None:
    for day in range(4):
        night(archive, tmp_path, day, rows(day, 14))
    process_pending(archive)

    with archive.reader.connect() as connection:
        assert check_crawl(connection, COURT, report(14, judge=14, room=14, case_number=14)) == []
        assert check_crawl(connection, COURT, report(14, judge=1, room=14, case_number=14)) == [
            "judge filled on 7% of 14 hearings; 100% on the last 4 crawls"
        ]
        declared = Source(id=COURT.id, kind="court_list", expect=Expectation(fields={"room": 0.5}))
        assert "room filled on 0% of 14 hearings, expected at least 50%" in check_crawl(
            connection, declared, report(14, judge=14, case_number=14)
        )


def report(records: int, **filled: int) -> CrawlReport:
    at: datetime = NIGHT + timedelta(days=5)
    always = dict.fromkeys(("kind", "url", "starts_raw", "starts_at"), records)
    return CrawlReport(
        crawl_id="now",
        source=COURT.id,
        started_at=at,
        ended_at=at,
        exchanges=1,
        bytes=1,
        outcomes={"content": 1},
        files=(),
        truncated=0,
        refused=0,
        pages=1,
        records=records,
        records_read=records,
        filled={**always, **filled},
    )


def test_what_the_watch_list_expects_of_a_list_is_judged_when_its_documents_are_read(
    archive: Archive, tmp_path: Path
) -> None:
    asks = Source(id=COURT.id, kind="court_list", pages=COURT.pages, expect=Expectation(min=5, silent_days=400))
    assert read(archive, night(archive, tmp_path, 0, rows(0, 3), source=asks)) == [
        "expected at least 5 records, found 3"
    ]
