"""Sources over time: nights, what is expected, gaps, the last good night, and what to do."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from access.app import create_app
from access.rendering.day_chart import outlines
from access.rendering.source_chart import HEIGHT, source_chart
from access.views.sources import one_source, sources
from crawlers.watchlist.source import Expectation
from pipeline.process.run import process_pending
from storage.access_labels import Viewer
from storage.archive import Archive
from storage.deposit.deposit import deposit_file
from storage.ledger.crawl_facts import begin_collection, end_collection
from tests.access.conftest import user_of_header
from tests.access.views.test_changes import COURT, LIST, MOVED_AFTER, STAYS, page
from tests.storage.crawled_files import crawl_one, exchange, response
from tests.storage.queries.test_stored_changes import OTHER, label

NOW = datetime.now(UTC).replace(microsecond=0)
REFUSED = response(b"<title>403</title><h1>Forbidden</h1>", status="403 Forbidden")


def deposit_crawl(archive: Archive, spool: Path, block: bytes, days_ago: int, source: object = COURT) -> str:
    at = NOW - timedelta(days=days_ago)
    path = crawl_one(spool, [exchange(LIST, block, at=at)], source=source)  # type: ignore[arg-type]  # a Source
    deposit_file(archive, path)
    return path.name[:26]


@pytest.fixture
def five_nights(archive: Archive, tmp_path: Path) -> Archive:
    """A court that was read on three nights, missed one, and was refused by its site in the last."""
    for days_ago in (5, 4, 3):
        deposit_crawl(archive, tmp_path, page(MOVED_AFTER, STAYS), days_ago)
    deposit_crawl(archive, tmp_path, page(STAYS), 2, OTHER)
    deposit_crawl(archive, tmp_path, REFUSED, 1)
    process_pending(archive)
    return archive


def test_each_night_has_its_yield_and_its_outcomes(five_nights: Archive) -> None:
    row = one_source(five_nights, COURT.id, now=NOW)
    assert row is not None
    nights = [(night["records"], night["outcomes"], night["state"]) for night in row["nights"][-6:-1]]
    two = (2, {"content": 1}, "good")
    assert nights == [two, two, two, (0, {}, "none"), (0, {"blocked": 1}, "problem")]
    assert row["expected"] == {"records": 2, "because": "usual"}
    assert row["last_good_at"].startswith(f"{NOW - timedelta(days=3):%Y-%m-%d}")
    assert any("The site refuses the collector" in each for each in row["advice"])
    assert any("less than half" in each for each in row["advice"])


def test_a_night_in_which_others_were_crawled_is_a_gap_and_what_is_declared_is_expected(
    archive: Archive, tmp_path: Path
) -> None:
    from dataclasses import replace

    declared = replace(COURT, expect=Expectation(min=7))
    begin_collection(archive, crawl_id="01JD5PZ4T2V8M6Q3R9S7W1X0AA", source_id=OTHER.id, actor="c", facts={})
    deposit_crawl(archive, tmp_path, page(STAYS), 2, declared)
    process_pending(archive)
    row = one_source(archive, COURT.id, now=NOW)
    assert row is not None
    assert row["expected"] == {"records": 7, "because": "declared"}
    assert row["gaps"] == [f"{datetime.now(UTC):%Y-%m-%d}"]


def test_a_crawl_that_failed_says_so_only_to_those_who_may_know_of_its_source(
    archive: Archive, tmp_path: Path
) -> None:
    crawl_id = deposit_crawl(archive, tmp_path, page(STAYS), 0)
    process_pending(archive)
    begin_collection(archive, crawl_id=crawl_id, source_id=COURT.id, actor="c", facts={}, access_label="case-1")
    failures = {"failures": ["https://sud.example/ timed out"], "problem": None, "pages": 1}
    end_collection(archive, crawl_id=crawl_id, actor="c", details=failures)
    whole = one_source(archive, COURT.id, now=datetime.now(UTC))
    assert whole is not None
    assert whole["nights"][-1]["state"] == "problem"
    (for_reader,) = sources(archive, viewer=Viewer("чытач"))["sources"]
    assert (for_reader["last_crawl"], for_reader["attention"]) == (None, [])
    label(archive, crawl_id, "case-1")
    assert sources(archive, viewer=Viewer("чытач"))["sources"] == []
    assert one_source(archive, COURT.id, viewer=Viewer("чытач")) is None


@pytest.fixture
def analyst_of_nights(five_nights: Archive) -> Iterator[TestClient]:
    with TestClient(create_app(lambda: five_nights, user_of_header), headers={"X-User": "analyst"}) as client:
        yield client


def test_the_pages_draw_what_the_api_says(analyst_of_nights: TestClient) -> None:
    found = analyst_of_nights.get("/api/sources").json()
    assert {row["source"] for row in found["rows"]} == {COURT.id, OTHER.id}
    shown = analyst_of_nights.get("/sources").text
    day = f"{NOW - timedelta(days=3):%Y-%m-%d}"
    assert shown.count('<path class="bar good"') == 2
    one = analyst_of_nights.get(f"/sources/{COURT.id}").text
    assert "What to do" in one
    assert f"<title>{day}: 2 records; content 1</title>" in one
    assert "about 2 records, the median of its last crawls" in one
    assert analyst_of_nights.get(f"/api/sources/{COURT.id}").json()["last_good_at"].startswith(day)
    for name in ("nothing", "%00", "..%2Fapi", "'--", "%3Cscript%3E"):
        assert analyst_of_nights.get(f"/sources/{name}").status_code in (400, 404)


def test_bars_are_as_high_as_the_figures_and_stay_in_the_drawing() -> None:
    def night(day: int, records: int, state: str = "good") -> dict[str, object]:
        outcomes = {"content": 3, "blocked": 1} if state == "problem" else {}
        crawl = None if state in ("gap", "none") else f"crawl-{day}"
        return {
            "day": f"2026-11-{day:02}",
            "crawl_id": crawl,
            "state": state,
            "records": records,
            "outcomes": outcomes,
        }

    assert source_chart([night(1, 0, "none"), night(2, 0, "gap")], None) is None
    chart = source_chart([night(1, 10), night(2, 40), night(3, 0, "gap"), night(4, 20, "problem")], 80)
    assert chart is not None
    records = [
        [(part.tone, part.height) for part in column.parts if part.y < chart.base_y] for column in chart.columns
    ]
    assert records == [[("plain", HEIGHT / 8)], [("plain", HEIGHT / 2)], [], [("bad", HEIGHT / 4)]]
    assert [column.hole is not None for column in chart.columns] == [True, True, True, False]
    assert chart.expected_y == chart.base_y - HEIGHT
    (_, good, bad) = chart.columns[3].parts
    assert (good.tone, bad.tone, good.height) == ("good", "bad", 3 * bad.height)
    assert bad.y + bad.height <= chart.foot_y
    assert chart.columns[2].description == "2026-11-03: not crawled"
    assert outlines(chart)[0] == ("bar plain", "M44 92.0h8v12.0h-8zM54 56.0h8v48.0h-8z")
    assert [classes for classes, _ in outlines(chart)] == ["bar plain", "hole", "bar bad", "bar good"]
