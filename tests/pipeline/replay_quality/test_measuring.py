"""Captures of the sample sites, replayed and compared: whole ones, broken ones, and pages that are not there."""

from pathlib import Path

import pytest

from pipeline.config.settings import Settings
from pipeline.replay_quality.measuring import measure, score_line
from pipeline.replay_quality.seen import record_of
from samples.sites import SampleSites
from storage.archive import Archive
from storage.quality.scores import score_of
from tests.pipeline.replay_quality.conftest import NOTICES, PAGES, crawled, deposited, without

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

MOST_BROKEN = 0.5
LEAST_WHOLE = 0.97


@pytest.fixture(scope="module")
def notices(sample_sites: SampleSites, tmp_path_factory: pytest.TempPathFactory) -> Path:
    (path,) = crawled(tmp_path_factory.mktemp("notices"), sample_sites, NOTICES)
    return path


def test_captures_of_the_sample_sites_are_replayed_as_they_were(
    quality_settings: Settings, quality_archive: Archive, sample_sites: SampleSites, tmp_path: Path
) -> None:
    ids = deposited(quality_archive, *crawled(tmp_path, sample_sites, *PAGES))
    records = [record_of(quality_archive, ids[url]) for url in PAGES]
    scores = list(measure(quality_settings, quality_archive, records))
    assert [score.capture_id for score in scores] == [ids[url] for url in PAGES]
    assert all(score.scripts == "ran" and score.leaks == () for score in scores), scores
    low = [score_line(score.as_json()) for score in scores if (score.score or 0) < LEAST_WHOLE]
    assert low == []
    with quality_archive.reader.connect() as connection:
        assert [score_of(connection, ids[url]) for url in PAGES] == scores


def test_a_capture_without_its_style_sheet_and_pictures_is_below_half(
    quality_settings: Settings, quality_archive: Archive, notices: Path, tmp_path: Path
) -> None:
    broken = without(notices, tmp_path / "broken.warc.gz", lambda url, _: url.endswith((".css", ".png", ".js")))
    ids = deposited(quality_archive, broken)
    (score,) = measure(quality_settings, quality_archive, [record_of(quality_archive, ids[NOTICES])])
    assert score.score is not None and score.score < MOST_BROKEN, score
    parts = {part["name"]: part["value"] for part in score.parts}
    assert parts["resources"] == 0, parts


def test_a_page_whose_exchange_is_missing_is_zero(
    quality_settings: Settings, quality_archive: Archive, notices: Path, tmp_path: Path
) -> None:
    gone = without(notices, tmp_path / "gone.warc.gz", lambda url, _: url == NOTICES)
    ids = deposited(quality_archive, gone)
    record = record_of(quality_archive, ids[f"urn:pageinfo:{NOTICES}"])
    (score,) = measure(quality_settings, quality_archive, [record])
    assert (score.score, score.capture_id) == (0, record.id)
    assert score.reason == "the exchange that holds the page is not in the archive"
