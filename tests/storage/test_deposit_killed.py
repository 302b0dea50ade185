"""kill -9 at any moment of depositing: afterwards everything in the spool is deposited, exactly once."""

import os
import random
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import select

from pipeline.settings import ROOT, Settings, variable
from processors.digest import Digest, sha256
from storage.archive import Archive
from storage.catalogue_tables import captures, warcs
from storage.chain import read_chain
from storage.copies import bring_copies
from storage.ledger import settle
from tests.storage.crawled import crawl_one, exchange, response

FILES = 10
KILLS = 25
KILLS_WITH_TWO_STORES = 6
LONGEST_S = 0.15


def environment(settings: Settings) -> dict[str, str]:
    told = {
        name: getattr(settings, name)
        for name in (
            "data",
            "s3_endpoint",
            "s3_access_key",
            "s3_secret_key",
            "s3_bucket",
            "lock_mode",
            "lock_days",
        )
    }
    told |= {
        "database_url": settings.database_url,
        "database_writer_url": settings.database_writer_url,
        "database_reader_url": settings.database_reader_url,
    }
    told |= {name: value for name, value in vars(settings).items() if name.startswith("replica_")}
    return os.environ | {variable(name): str(value) for name, value in told.items() if value is not None}


def start(settings: Settings, spool: Path) -> "subprocess.Popen[bytes]":
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.storage.depositing", str(spool)],
        cwd=ROOT,
        env=environment(settings),
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    child.stdout.readline()
    return child


def deposit_and_kill(settings: Settings, tmp_path: Path, kills_wanted: int) -> dict[str, Digest]:
    """Digest by name of every file that went through the spool while its depositing process was killed."""
    moments = random.Random(20261123)
    written: dict[str, Digest] = {}

    def crawl_files(count: int) -> None:
        for number in range(len(written), len(written) + count):
            page = secrets.token_bytes(moments.randrange(1_000, 2_000_000))
            path = crawl_one(tmp_path, [exchange(f"https://t.me/s/kanal?before={number}", response(page))])
            written[path.name] = sha256(path.read_bytes())

    crawl_files(FILES)
    kills = 0
    while kills < kills_wanted or any(tmp_path.rglob("*.warc.gz")):
        if not any(tmp_path.rglob("*.warc.gz")):
            crawl_files(FILES)  # a fast machine deposits all of them before it has been killed often enough
        child = start(settings, tmp_path)
        try:
            child.wait(timeout=moments.uniform(0, LONGEST_S) if kills < kills_wanted else 120)
        except subprocess.TimeoutExpired:
            kills += 1
        child.kill()
        assert child.wait() in (0, -signal.SIGKILL)
        time.sleep(0.01)
    return written


@pytest.mark.timeout(600)
def test_killed_at_many_random_moments_nothing_is_lost_or_deposited_twice(
    archive: Archive, stored_settings: Settings, tmp_path: Path
) -> None:
    written = deposit_and_kill(stored_settings, tmp_path, KILLS)
    settle(archive)
    with archive.reader.connect() as connection:
        deposited = {row.key.rpartition("/")[2]: row.sha256 for row in connection.execute(select(warcs))}
        urls = list(connection.scalars(select(captures.c.url).where(captures.c.record_type == "response")))
    assert deposited == {name: str(digest) for name, digest in written.items()}
    assert sorted(urls) == sorted(f"https://t.me/s/kanal?before={number}" for number in range(len(written)))
    chain = read_chain(archive.objects)
    assert chain.problems == ()
    assert sorted(each.entry.subject_id.rpartition("/")[2] for each in chain.entries) == sorted(written)
    assert len(list(archive.objects.list("warc/"))) == len(written), "no second version of any file"


@pytest.mark.timeout(600)
def test_killed_between_two_stores_each_has_every_file_once(
    copied_archive: Archive, copied_settings: Settings, tmp_path: Path
) -> None:
    written = deposit_and_kill(copied_settings, tmp_path, KILLS_WITH_TWO_STORES)
    report = bring_copies(copied_archive, actor="clock")
    assert (report.owed, report.owed_entries, report.problems) == ((), 0, ())
    assert copied_archive.replica is not None
    for store in (copied_archive.objects, copied_archive.replica):
        listed = [version.key.rpartition("/")[2] for version in store.list("warc/")]
        assert sorted(listed) == sorted(written)
        assert read_chain(store).problems == ()
    told = [each.entry.event for each in read_chain(copied_archive.replica).entries]
    assert (told.count("deposited"), told.count("copied")) == (len(written), len(written))
