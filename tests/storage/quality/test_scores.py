"""Quality scores in the database: the newest of each capture, and what is to be measured next."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from crawlers.model.capture import Captured, Rendering, RenderingKind
from crawlers.watchlist.source import Source
from storage.access_labels import Role, Viewer
from storage.archive import Archive
from storage.catalogue.captures import captures_in
from storage.deposit.deposit import deposit_file
from storage.quality.scores import (
    QualityScore,
    keep_score,
    score_of,
    scores_measured,
    unscored_page_records,
)
from tests.storage.crawled_files import KANAL, NIGHT, crawl_one, exchange, response

MEASURED = datetime(2026, 11, 21, 5, 0, 0, 123456, UTC)
SCORE = QualityScore(
    capture_id="",
    score=0.75,
    reason=None,
    parts=({"name": "text", "value": 0.75, "reason": None},),
    scripts="ran",
    leaks=("http://elsewhere.test/",),
    tools={"method": "1", "chromium": "156.0"},
    measured_at=MEASURED,
)


def shown(archive: Archive, folder: Path, *urls: str, source: Source = KANAL) -> dict[str, str]:
    """Pages that a browser has shown, by their addresses; each has a record of its own."""
    items: list[Captured] = []
    for number, url in enumerate(urls):
        items.append(exchange(url, response(b"<p>words</p>"), page_id=str(number)))
        kind = RenderingKind.PAGEINFO
        items.append(Rendering(str(number), url, kind, "application/json", b"{}", NIGHT, "Chromium"))
    key = deposit_file(archive, crawl_one(folder, items, source=source)).key
    with archive.reader.connect() as connection:
        return {capture.url: capture.id for capture in captures_in(connection, key)}


def keep(archive: Archive, score: QualityScore) -> None:
    with archive.writer.begin() as connection:
        keep_score(connection, score)


def test_a_score_comes_back_as_it_was_kept_and_the_newest_counts(archive: Archive, tmp_path: Path) -> None:
    capture_id = shown(archive, tmp_path, "http://a.test/")["http://a.test/"]
    first = replace(SCORE, capture_id=capture_id)
    newest = replace(
        first, score=None, reason="the replay could not be shown", measured_at=MEASURED + timedelta(1)
    )
    for score in (first, newest):
        keep(archive, score)
        with archive.reader.connect() as connection:
            assert score_of(connection, capture_id) == score


def test_a_score_is_given_only_to_who_may_see_its_capture(archive: Archive, tmp_path: Path) -> None:
    source = replace(KANAL, id="closed", access_label="closed")
    capture_id = shown(archive, tmp_path, "http://a.test/", source=source)["http://a.test/"]
    keep(archive, replace(SCORE, capture_id=capture_id))
    with archive.reader.connect() as connection:
        assert score_of(connection, capture_id, viewer=Viewer("somebody", Role.ADMINISTRATOR)) is None
        assert score_of(connection, capture_id) is not None


@pytest.mark.parametrize("wrong", [{"score": 1.1}, {"score": -0.1}, {"score": None}, {"scripts": "maybe"}])
def test_the_database_takes_no_score_that_is_none(archive: Archive, wrong: dict[str, object]) -> None:
    with pytest.raises(IntegrityError):
        keep(archive, replace(SCORE, capture_id="x", **wrong))  # type: ignore[arg-type]  # that is what is tried


def test_pages_are_drawn_evenly_over_the_sources_and_each_once(archive: Archive, tmp_path: Path) -> None:
    many = shown(archive, tmp_path / "a", *(f"http://a.test/{number}" for number in range(5)))
    few = shown(archive, tmp_path / "b", "http://b.test/", source=replace(KANAL, id="few"))
    with archive.reader.connect() as connection:
        drawn = unscored_page_records(connection, since=NIGHT, most=2, method="1")
        assert drawn == unscored_page_records(connection, since=NIGHT, most=2, method="1")
        assert unscored_page_records(connection, since=NIGHT + timedelta(1), method="1") == ()
        only = unscored_page_records(connection, since=NIGHT, method="1", only_source="few")
        without = unscored_page_records(connection, since=NIGHT, method="1", without_source="few")
    assert {capture.source_id for capture in drawn} == {KANAL.id, "few"}
    assert [capture.id for capture in only] == [few["urn:pageinfo:http://b.test/"]]
    assert len(without) == 5
    keep(archive, replace(SCORE, capture_id=few["http://b.test/"]))
    keep(archive, replace(SCORE, capture_id=many["http://a.test/3"]))
    with archive.reader.connect() as connection:
        left = unscored_page_records(connection, since=NIGHT, method="1")
        again = unscored_page_records(connection, since=NIGHT, method="2")
        measured = scores_measured(connection, since=MEASURED, without_source="few")
        later = scores_measured(connection, since=MEASURED + timedelta(1), without_source="few")
    assert {capture.url for capture in left} == {f"urn:pageinfo:http://a.test/{number}" for number in (0, 1, 2, 4)}
    assert len(again) == 6
    assert (measured, later) == (1, 0)
