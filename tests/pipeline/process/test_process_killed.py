"""kill -9 at any moment of reading: afterwards the catalogue is the one that an undisturbed reading makes."""

import random
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from crawlers.model.capture import Captured
from pipeline.config.settings import ROOT, Settings
from pipeline.process.rebuild import rebuild
from pipeline.process.run import READ_WITH, process_pending
from pipeline.supervise.processes import is_alive
from samples.media.files import media_file
from storage.archive import Archive
from storage.deposit.deposit import deposit_file
from tests.pipeline.crawl.test_crawl_process import descendants, wait_until
from tests.pipeline.process.unread_files import count_unread
from tests.storage.catalogue.test_revisits import Crawl
from tests.storage.crawled_files import NIGHT, exchange, no_answer, response
from tests.storage.integrity.test_restore import catalogue
from tests.storage.killed_deposits import environment

KILLS = 8
LONGEST_S = 0.8
PICTURES = ("tram/w800/q82", "tram/c3/w640/q72", "tram/w960/q80")

READER = """
from pathlib import Path
from pipeline.config.archive_factory import opened_archive
from pipeline.process.run import process_pending
from pipeline.config.settings import load_settings
settings = load_settings(dotenv=Path("/nonexistent"))
print("ready", flush=True)
process_pending(settings)
"""


def start(settings: Settings) -> "subprocess.Popen[bytes]":
    child = subprocess.Popen(
        [sys.executable, "-c", READER], cwd=ROOT, env=environment(settings), stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    child.stdout.readline()
    return child


def kill(child: "subprocess.Popen[bytes]") -> None:
    """The reader alone; the decoders it had started must end by themselves."""
    family = descendants(child.pid)
    child.send_signal(signal.SIGKILL)
    child.wait()
    wait_until(lambda: not any(is_alive(pid) for pid in family))


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
        child = start(stored_settings)
        try:
            child.wait(timeout=moments.uniform(0, LONGEST_S))
        except subprocess.TimeoutExpired:
            kills += 1
        kill(child)
    process_pending(archive)

    read_under_fire = catalogue(archive)
    rebuild(archive)
    assert catalogue(archive) == read_under_fire
    assert all(read_under_fire[name] for name in ("outcomes", "records", "media", "occurrences", "links"))
