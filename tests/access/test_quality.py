"""Quality scores on pages and in the API: with the capture, as a list with its filter, as charts of sources."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient

from storage.quality.scores import QualityScore, keep_score
from tests.access.conftest import ARTICLE, HOSTILE, Filled

LEAK = "http://elsewhere.example/<b>"


def score(capture_id: str, value: float | None, reason: str | None = None) -> QualityScore:
    part = {"name": "screenshot", "value": value, "reason": reason}
    tools = {"method": "1", "chromium": "156.0"}
    measured = datetime(2026, 11, 21, 6, 0, 0, 123456, UTC)
    return QualityScore(capture_id, value, reason, (part,), "ran", (LEAK,), tools, measured)


@pytest.fixture
def measured(filled: Filled) -> Filled:
    with filled.archive.writer.begin() as connection:
        keep_score(connection, score(filled.one(ARTICLE).id, 0.9999))
        keep_score(
            connection, score(filled.one(HOSTILE).id, None, "nothing that was seen at capture can be compared")
        )
    return filled


def test_the_page_of_a_capture_says_its_score_and_what_it_tried_to_reach(
    measured: Filled, analyst: TestClient
) -> None:
    html = analyst.get(f"/capture/{measured.one(ARTICLE).id}").text
    assert "Quality of the replay" in html
    assert ">0.99<" in html, "cut, not rounded: it is not whole"
    assert "http://elsewhere.example/&lt;b&gt;" in html
    assert LEAK not in html
    row = analyst.get(f"/api/capture/{measured.one(ARTICLE).id}").json()["quality"]
    assert (row["kind"], row["score"], row["leaks"]) == ("quality", 0.9999, [LEAK])


def test_a_capture_that_was_not_compared_has_no_score(filled: Filled, analyst: TestClient) -> None:
    assert analyst.get(f"/api/capture/{filled.one('https://vesnik.example/a.png').id}").json()["quality"] is None


def test_why_nothing_could_be_compared_is_a_sentence(measured: Filled, analyst: TestClient) -> None:
    html = analyst.get(f"/capture/{measured.one(HOSTILE).id}").text
    assert "The replay could not be compared. Nothing that was seen at capture can be compared." in html


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {ARTICLE, HOSTILE}),
        ("?below=1", {ARTICLE, HOSTILE}),
        ("?below=0.97", {HOSTILE}),
        ("?below=&source=", {ARTICLE, HOSTILE}),
        ("?source=kanal", {ARTICLE, HOSTILE}),
        ("?source=nobody", set()),
    ],
)
def test_the_list_is_by_source_and_below_a_score(
    measured: Filled, analyst: TestClient, query: str, found: set[str]
) -> None:
    answer = analyst.get(f"/api/quality{query}").json()
    assert {row["url"] for row in answer["rows"]} == found
    assert answer["total"] == len(found)
    page = analyst.get(f"/quality{query}")
    assert page.status_code == 200
    assert page.text.count("#quality") == len(found)


@pytest.mark.parametrize("below", ["-1", "1.5", "x"])
def test_a_limit_that_is_none_is_refused(analyst: TestClient, below: str) -> None:
    assert analyst.get(f"/api/quality?below={below}").status_code == 422


def test_what_the_viewer_may_not_see_is_not_in_the_list(
    measured: Filled, analyst: TestClient, as_label: Callable[[str, str], None]
) -> None:
    as_label(measured.one(ARTICLE).id, "closed")
    assert {row["url"] for row in analyst.get("/api/quality").json()["rows"]} == {HOSTILE}
    as_label(measured.one(ARTICLE).id, "default")


@pytest.fixture
def as_label(filled: Filled) -> Callable[[str, str], None]:
    """Gives a capture an access label."""
    from sqlalchemy import update

    from storage.catalogue.tables import captures

    def give(capture_id: str, label: str) -> None:
        with filled.archive.writer.begin() as connection:
            connection.execute(update(captures).where(captures.c.id == capture_id).values(access_label=label))

    return give
