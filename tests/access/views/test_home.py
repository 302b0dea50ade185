"""The first page: what changed at all sources, pictures that came again, and where a search went."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from access.app import create_app
from access.last_visit import VISITS_COOKIE
from access.views import home
from pipeline.process.run import process_pending
from storage.access_labels import EVERYONE, Viewer
from storage.archive import Archive
from storage.deposit.deposit import deposit_file
from storage.queries.recurring_media import recurring_media
from tests.access.conftest import Filled, picture, user_of_header
from tests.access.views.test_changes import COMES_AND_GOES, COURT, LIST, MOVED_AFTER, MOVED_BEFORE, STAYS, page
from tests.storage.crawled_files import crawl_one, exchange, response
from tests.storage.queries.test_stored_changes import OTHER, label

YESTERDAY = datetime.now(UTC) - timedelta(hours=30)
LATELY = datetime.now(UTC) - timedelta(hours=2)


@pytest.fixture
def two_nights(archive: Archive, tmp_path: Path) -> Archive:
    """A court of which a case vanished and another moved in the last hours; and a picture that came again."""
    first = [
        exchange(LIST, page(MOVED_BEFORE, STAYS, COMES_AND_GOES), at=YESTERDAY),
        exchange("https://sud.example/foto.png", response(picture("PNG"), "image/png"), at=YESTERDAY),
    ]
    second = [
        exchange(LIST, page(MOVED_AFTER, STAYS), at=LATELY),
        exchange("https://sud.example/foto.png?sig=2", response(picture("PNG"), "image/png"), at=LATELY),
    ]
    elsewhere = [exchange("https://inshy.example/x.png", response(picture("PNG"), "image/png"), at=LATELY)]
    for items, source in ((first, COURT), (second, COURT), (elsewhere, OTHER)):
        deposit_file(archive, crawl_one(tmp_path, items, source=source))
    process_pending(archive)
    return archive


@pytest.fixture
def analyst_of_two_nights(two_nights: Archive) -> Iterator[TestClient]:
    with TestClient(create_app(lambda: two_nights, user_of_header), headers={"X-User": "analyst"}) as client:
        yield client


def test_it_shows_what_vanished_and_moved_last_night_with_both_captures(
    two_nights: Archive, analyst_of_two_nights: TestClient
) -> None:
    found = analyst_of_two_nights.get("/api/home").json()
    assert {group["change"]: group["count"] for group in found["changes"]} == {
        "missing": 1,
        "moved": 1,
        "edited": 0,
        "added": 0,
        "returned": 0,
    }
    (vanished,) = found["changes"][0]["rows"]
    assert (vanished["source"], vanished["heading"]) == (COURT.id, "1-13/2026, Бэз Б.Б.")
    shown = analyst_of_two_nights.get("/").text
    for capture in vanished["captures"]:
        assert f"/capture/{capture['id'].replace(':', '%3A')}" in shown
    assert shown.index("vanished") < shown.index("moved")
    assert found["not_compared"] == []


def test_a_change_before_the_period_is_not_in_it(two_nights: Archive) -> None:
    rows = home.home(two_nights, LATELY + timedelta(minutes=1))["changes"]
    assert [group["count"] for group in rows] == [0, 0, 0, 0, 0]


def test_a_picture_that_came_to_another_source_is_shown_with_where_it_was_before(two_nights: Archive) -> None:
    (again,) = home.home(two_nights, YESTERDAY + timedelta(hours=1))["media"]
    assert (again["source"], again["earlier"]["source"], again["earlier"]["same_file"]) == (
        OTHER.id,
        COURT.id,
        True,
    )
    assert again["earlier"]["captured_at"] < again["captured_at"]


def test_of_captures_that_a_viewer_may_not_see_nothing_is_told(two_nights: Archive) -> None:
    with two_nights.reader.connect() as connection:
        everything = recurring_media(connection, YESTERDAY, viewer=EVERYONE, limit=9)
    assert len(everything) == 1
    with two_nights.reader.connect() as connection:
        crawls = {
            row.source_id: row.crawl_id
            for row in connection.exec_driver_sql(
                "SELECT source_id, crawl_id FROM catalogue.captures ORDER BY captured_at DESC, source_id"
            )
        }
    label(two_nights, crawls[COURT.id], "secret")
    with two_nights.reader.connect() as connection:
        assert recurring_media(connection, YESTERDAY, viewer=Viewer("чытач"), limit=9) == ()


def test_a_search_under_the_address_of_the_first_page_is_sent_on(analyst: TestClient) -> None:
    answer = analyst.get("/", params={"q": "затрыманні", "order": "newest"}, follow_redirects=False)
    assert answer.status_code == 307
    assert answer.headers["location"].startswith("/search?q=%D0%B7")
    assert answer.headers["location"].endswith("&order=newest")
    assert analyst.get("/search", params={"q": "затрыманні"}).status_code == 200


@pytest.mark.parametrize("query", ["window=always", "window=", "window=%F0%9F%98%80"])
def test_a_period_that_is_none_is_refused_in_words(analyst: TestClient, query: str) -> None:
    answer = analyst.get(f"/?{query}")
    assert answer.status_code == 422
    assert "The period" in answer.text


def test_the_browser_keeps_when_it_looked_and_only_for_these_pages(analyst: TestClient, filled: Filled) -> None:
    answer = analyst.get("/")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{VISITS_COOKIE}=")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "has not opened this page before" in analyst.get("/?window=visit").text
    yesterday = int((datetime.now(UTC) - timedelta(days=3)).timestamp())
    analyst.cookies.clear()
    since = analyst.get("/?window=visit", headers={"Cookie": f"{VISITS_COOKIE}={yesterday}."}).text
    assert "Since your last visit" in since
    assert f"{datetime.fromtimestamp(yesterday, UTC):%Y-%m-%d %H:%M}" in since
