"""Deposits to be killed at random moments; shared by the tests and `benchmarks.kills`."""

import os
import random
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path

from pipeline.config.settings import ROOT, Settings, variable
from processors.digest import Digest, sha256
from tests.storage.crawled_files import crawl_one, exchange, response

FILES = 10
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
            "sealing_keys",
        )
    }
    told |= {
        "database_url": settings.database_url,
        "database_writer_url": settings.database_writer_url,
        "database_reader_url": settings.database_reader_url,
        "database_access_url": settings.database_access_url,
    }
    told |= {name: value for name, value in vars(settings).items() if name.startswith("replica_")}
    return os.environ | {variable(name): str(value) for name, value in told.items() if value is not None}


def start(settings: Settings, spool: Path) -> "subprocess.Popen[bytes]":
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.storage.deposit_program", str(spool)],
        cwd=ROOT,
        env=environment(settings),
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    child.stdout.readline()
    return child


def deposit_and_kill(
    settings: Settings, tmp_path: Path, kills_wanted: int, *, seed: int = 20261123
) -> dict[str, Digest]:
    """Digest by name of every file that went through the spool while its depositing process was killed."""
    moments = random.Random(seed)
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
