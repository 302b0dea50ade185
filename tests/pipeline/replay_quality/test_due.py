"""What is to be compared now: all that was captured on demand, and a sample of the night once it is over."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from pipeline.replay_quality.due import ON_DEMAND, SAMPLE_HOUR_UTC, due_pages
from processors.quality.score import METHOD
from storage.archive import Archive
from tests.storage.crawled_files import KANAL, NIGHT
from tests.storage.quality.test_scores import SCORE as OF_ANY_METHOD
from tests.storage.quality.test_scores import keep, shown

EARLY = (NIGHT + timedelta(days=1)).replace(hour=SAMPLE_HOUR_UTC - 1, minute=59)
LATER = EARLY.replace(hour=SAMPLE_HOUR_UTC)
PERSON = replace(KANAL, id=ON_DEMAND)
SCORE = replace(OF_ANY_METHOD, tools={"method": METHOD})


def due(archive: Archive, now: datetime, sample: int = 3) -> list[str]:
    return [capture.url for capture in due_pages(archive, sample=sample, now=now)]


def test_what_was_captured_on_demand_is_due_at_once_and_the_sample_after_the_night(
    archive: Archive, tmp_path: Path
) -> None:
    asked = shown(archive, tmp_path / "a", "http://asked.test/", source=PERSON)
    night = shown(archive, tmp_path / "b", *(f"http://night.test/{number}" for number in range(5)))
    assert due(archive, EARLY) == ["urn:pageinfo:http://asked.test/"]
    assert len(due(archive, LATER)) == 4
    assert due(archive, LATER, sample=0) == ["urn:pageinfo:http://asked.test/"]

    keep(archive, replace(SCORE, capture_id=asked["http://asked.test/"], measured_at=LATER))
    drawn = due(archive, LATER)
    assert len(drawn) == 3
    first = night[drawn[0].removeprefix("urn:pageinfo:")]
    keep(archive, replace(SCORE, capture_id=first, measured_at=LATER))
    assert due(archive, LATER) == drawn[1:], "a run that was ended is made up for"
    for url in drawn[1:]:
        keep(archive, replace(SCORE, capture_id=night[url.removeprefix("urn:pageinfo:")], measured_at=LATER))
    assert due(archive, LATER) == [], "two are left, and were not drawn"


def test_a_day_later_nothing_is_due_any_more(archive: Archive, tmp_path: Path) -> None:
    shown(archive, tmp_path / "a", "http://asked.test/", source=PERSON)
    shown(archive, tmp_path / "b", "http://night.test/")
    assert due(archive, LATER + timedelta(days=1)) == []
