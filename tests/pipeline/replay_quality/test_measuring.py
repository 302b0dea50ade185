"""Captures of the sample sites, replayed and compared: whole ones, broken ones, and pages that are not there."""

import os
import signal
from pathlib import Path

import pytest
from sqlalchemy import update

from pipeline.config.settings import Settings
from pipeline.replay_quality.measuring import QualityUnavailableError, measure, score_line
from pipeline.replay_quality.seen import record_of
from samples.sites import SampleSites
from storage.archive import Archive
from storage.catalogue.tables import captures
from storage.errors import StorageError
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


def test_a_replay_that_is_killed_gives_no_score_and_the_page_stays_due(
    quality_settings: Settings, quality_archive: Archive, sample_sites: SampleSites, tmp_path: Path
) -> None:
    ids = deposited(quality_archive, *crawled(tmp_path, sample_sites, *PAGES[:2]))
    first, second = (record_of(quality_archive, ids[url]) for url in PAGES[:2])
    scores = measure(quality_settings, quality_archive, [first, second])
    next(scores)
    killed = kill_pywb(quality_settings.data)

    with pytest.raises(QualityUnavailableError, match="No score was stored of this page"):
        next(scores)

    assert killed
    with quality_archive.reader.connect() as connection:
        assert score_of(connection, ids[PAGES[1]]) is None


def test_a_record_that_cannot_be_read_costs_its_own_page_alone(
    quality_settings: Settings, quality_archive: Archive, sample_sites: SampleSites, tmp_path: Path
) -> None:
    ids = deposited(quality_archive, *crawled(tmp_path, sample_sites, *PAGES[:2]))
    lost = record_of(quality_archive, ids[PAGES[0]])
    with quality_archive.writer.begin() as connection:
        moved = update(captures).where(captures.c.id == lost.id).values(offset_bytes=captures.c.offset_bytes + 1)
        connection.execute(moved)
    scores = measure(
        quality_settings, quality_archive, [record_of(quality_archive, ids[url]) for url in PAGES[:2]]
    )

    assert next(scores).capture_id == ids[PAGES[1]]
    with pytest.raises(StorageError):
        next(scores)


def kill_pywb(data: Path) -> list[int]:
    """Kill -9 the processes of the replay whose folder lies in this data folder."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
                place = (folder / "cwd").readlink()
            except OSError:
                continue
            if any(b"wayback" in word for word in words) and place.is_relative_to(data / "replay"):
                os.kill(int(folder.name), signal.SIGKILL)
                found.append(int(folder.name))
    return found
