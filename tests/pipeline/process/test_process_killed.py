"""kill -9 at any moment of reading: afterwards the catalogue is the one that an undisturbed reading makes."""

import random
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from crawlers.model.capture import Captured
from pipeline.config.settings import Settings
from pipeline.process.rebuild import rebuild
from pipeline.process.run import READ_WITH, process_pending
from samples.media.files import media_file
from storage.archive import Archive
from storage.deposit.deposit import deposit_file
from tests.pipeline.process.killed_readers import kill_reader, start_reader
from tests.pipeline.process.unread_files import count_unread
from tests.storage.catalogue.test_revisits import Crawl
from tests.storage.crawled_files import NIGHT, exchange, no_answer, response
from tests.storage.integrity.test_restore import catalogue

KILLS = 8
LONGEST_S = 0.8
PICTURES = ("tram/w800/q82", "tram/c3/w640/q72", "tram/w960/q80")


@pytest.mark.timeout(600)
@pytest.mark.realdata
def test_reading_killed_at_random_moments_ends_as_if_it_had_not_been(
    archive: Archive, stored_settings: Settings, realdata: Path, tmp_path: Path
) -> None:
    moments = random.Random(20261124)
    pages = [page.read_bytes() for page in sorted((realdata / "telegram" / "layout-2026").rglob("*.html"))[:3]]
    nights = 0

    def deposit_night() -> None:
        """The same pictures every night, so that all but the first are revisits, and a picture of its own."""
        nonlocal nights
        nights += 1
        at = NIGHT + timedelta(days=nights)
        pictures = [media_file(name).content for name in PICTURES]
        items: list[Captured] = [
            *(
                exchange(f"https://t.me/s/kanal?before={number}", response(page), at=at)
                for number, page in enumerate(pages)
            ),
            *(
                exchange(f"https://cdn.test/{nights}/{number}.jpg", response(picture, "image/jpeg"), at=at)
                for number, picture in enumerate(pictures)
            ),
            no_answer("https://gone.test/", at=at),
        ]
        deposit_file(archive, Crawl(archive, tmp_path).sees(*items).ends())

    kills = 0
    while kills < KILLS:
        if count_unread(archive, READ_WITH) == 0:
            deposit_night()  # a fast machine has read all before it was killed often enough
            deposit_night()
        child = start_reader("pipeline.process.run", "process_pending", stored_settings)
        try:
            child.wait(timeout=moments.uniform(0, LONGEST_S))
        except subprocess.TimeoutExpired:
            kills += 1
        kill_reader(child)
    process_pending(archive)

    read_under_fire = catalogue(archive)
    rebuild(archive)
    assert catalogue(archive) == read_under_fire
    assert all(read_under_fire[name] for name in ("outcomes", "records", "media", "occurrences", "links"))
