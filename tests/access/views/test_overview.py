"""The first page: counts, sources, what the last night brought, and what stands out."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient

from access.app import create_app
from storage.archive import Archive
from storage.ledger.crawl_facts import Fact, begin_collection, end_collection
from storage.ledger.harvests import DAY, begin_harvest, end_harvest, newest_due
from tests.access.conftest import Filled, user_of_header


@pytest.fixture
def a_source_that_failed(filled: Filled) -> str:
    crawl_id = "01JD5PZ4T2V8M6Q3R9S7W1X0ZZ"
    begin_collection(
        filled.archive,
        crawl_id=crawl_id,
        source_id="zlamany",
        actor="collector-1",
        facts={"collector": Fact("collector-1")},
    )
    failures = {"failures": ["https://zlamany.example/ <b>timed out</b>"], "problem": None, "pages": 0}
    end_collection(filled.archive, crawl_id=crawl_id, actor="collector-1", details=failures)
    return "zlamany"


def test_it_counts_what_the_archive_holds(analyst: TestClient) -> None:
    seen = analyst.get("/api/overview").json()
    assert seen["held"] | {"file_bytes": 0} == {
        "captures": 6,
        "exact": True,
        "records": {"article": 1},
        "media": 3,
        "groups": 1,
        "files": 1,
        "file_bytes": 0,
        "unread_files": 1,
        "sources": len(seen["sources"]),
    }
    assert "1 WARC file is deposited but not processed yet" in analyst.get("/").text


def test_a_crawl_that_never_ended_stands_out(analyst: TestClient) -> None:
    (row,) = [row for row in analyst.get("/api/overview").json()["sources"] if row["source"] == "kanal"]
    assert row["last_crawl"]["state"] == "not ended"
    assert row["attention"] == ["Its last crawl started and has not ended. It is still running, or it was killed."]


def test_each_of_the_last_nights_says_how_it_went_and_a_missed_one_stands_out(filled: Filled) -> None:
    newest = newest_due(datetime.now(UTC))
    archive = replace(filled.archive, nights_since=newest - 2 * DAY)
    two = ("kanal", "sud")
    begin_harvest(archive, "scheduled__1", actor="c", due_at=newest - DAY, sources=two, covers_watchlist=True)
    end_harvest(archive, "scheduled__1", actor="c", failures={"sud": "blocked"}, network=None)
    begin_harvest(archive, "scheduled__2", actor="c", due_at=newest, sources=two, covers_watchlist=True)
    end_harvest(archive, "scheduled__2", actor="c", failures={}, network=None)
    with TestClient(create_app(lambda: archive, user_of_header), headers={"X-User": "analyst"}) as analyst:
        nights = analyst.get("/api/overview").json()["nights"]
        page, home = analyst.get("/sources").text, analyst.get("/").text

    assert [(night["state"], night["bad"], night["failed"]) for night in nights] == [
        ("came through", False, 0),
        ("sources failed", True, 1),
        ("did not run", True, None),
    ]
    assert nights[1]["sentence"].startswith("1 of 2 sources failed.")
    tag = '<span class="tag bad">Problem</span>'
    assert page.count(f"{newest - 2 * DAY:%Y-%m-%d} {tag} This night did not run. Content that was removed") == 1
    assert '<p class="warn">The night of' not in home, "the newest one was not missed"


def test_where_the_newest_night_did_not_run_the_page_says_so_at_its_head(archive: Archive) -> None:
    nobody_collected = replace(archive, nights_since=newest_due(datetime.now(UTC)) - DAY)
    with TestClient(
        create_app(lambda: nobody_collected, user_of_header), headers={"X-User": "analyst"}
    ) as analyst:
        nights = analyst.get("/api/overview").json()["nights"]
        page = analyst.get("/").text

    assert [night["state"] for night in nights][-1] == "did not run"
    at_head = f'<p class="warn">The night of {nights[0]["due_at"][:10]}: This night has not run.'
    assert (at_head in page) == (nights[0]["state"] == "did not run"), "not while it is only waited for"


def test_a_source_that_failed_says_why_and_stands_first(analyst: TestClient, a_source_that_failed: str) -> None:
    page = analyst.get("/sources").text
    assert "Its last crawl failed: https://zlamany.example/ &lt;b&gt;timed out&lt;/b&gt;" in page
    rows = analyst.get("/api/overview").json()["sources"]
    assert [bool(row["attention"]) for row in rows] == sorted(
        (bool(row["attention"]) for row in rows), reverse=True
    )
