"""A crawl ends with whoever started it, and leaves no process behind, however it ends."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crawlers.model.serialization import job_to_json
from crawlers.watchlist.engines import Engine
from crawlers.watchlist.source import source_for_urls
from pipeline.chromium import find_chromium
from pipeline.config.settings import Settings
from pipeline.crawl import job_for
from pipeline.supervise.processes import children_of, is_alive
from samples.sites import SampleSites
from storage.spool.spool import recover

MARK = "LETAPIS_TEST_CRAWL"

STARTER = """
import json, sys
from pathlib import Path
from crawlers.model.serialization import job_from_json
from pipeline.crawl import run_crawl
from pipeline.chromium import find_chromium
job = job_from_json(json.loads(sys.argv[1]))
found = find_chromium() if job.engine == "browser" else None
say = lambda text: print(text, flush=True)
secret = bytes.fromhex(sys.argv[3]) if len(sys.argv) > 3 else None
report = run_crawl(
    job, Path(sys.argv[2]), chromium=found and found.program, signing_secret=secret, on_progress=say
)
print("REPORT", report.problem, flush=True)
"""


def marked(mark: str) -> list[int]:
    """Living processes that carry the mark in their environment."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                environment = (folder / "environ").read_bytes()
            except OSError:
                continue
            if f"{MARK}={mark}".encode() in environment.split(b"\0") and is_alive(int(folder.name)):
                found.append(int(folder.name))
    return found


def descendants(pid: int) -> list[int]:
    """Every process below this one. Chromium's write over their environment, so that no mark tells them."""
    below = list(children_of(pid))
    return below + [each for child in below for each in descendants(child)]


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    except OSError:
        return ""


def wait_until(true: Callable[[], bool], *, timeout_s: float = 60.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)


class Started:
    """A process that runs one crawl of pages that never end."""

    def __init__(self, sites: SampleSites, spool: Path, engine: Engine) -> None:
        seeds = ("https://vesnik.pryklad.example/naviny/biudzet/", "https://silent.pryklad.example/")
        source = source_for_urls(seeds, follow="nothing", engine=engine)
        job = job_for(
            source,
            user_agent=Settings().user_agent,
            collector="collector-1",
            connect_to=(sites.connect_to,),
            allow_addresses=("127.0.0.0/8",),
            upstream_ca=sites.authority,
        )
        self.folder = spool / job.crawl_id
        self.mark = job.crawl_id
        self.process = subprocess.Popen(
            [sys.executable, "-c", STARTER, json.dumps(job_to_json(job)), str(spool)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, MARK: self.mark},
        )
        assert self.process.stdout is not None
        # The first page is visited; from now on the crawl hangs at the second.
        self.said = self.process.stdout.readline()

    def pids(self, part: str) -> list[int]:
        return [pid for pid in marked(self.mark) if part in command_of(pid)]


@pytest.fixture
def start(sample_sites: SampleSites, tmp_path: Path) -> Iterator[Callable[[Engine], Started]]:
    running: list[Started] = []

    def begin(engine: Engine) -> Started:
        running.append(Started(sample_sites, tmp_path, engine))
        return running[-1]

    yield begin
    for each in running:
        for pid in marked(each.mark):
            os.kill(pid, signal.SIGKILL)
        each.process.wait()


def engines() -> list[object]:
    browser = pytest.param("browser", marks=pytest.mark.browser)
    return ["http", browser]


@pytest.mark.parametrize("engine", engines())
def test_nothing_is_left_when_the_parent_is_killed_and_what_was_seen_is_closed(
    start: Callable[[Engine], Started], engine: Engine
) -> None:
    if engine == "browser" and find_chromium() is None:
        pytest.skip("no Chromium on this machine")
    started = start(engine)
    assert "1 pages" in started.said
    family = descendants(started.process.pid)
    if engine == "browser":
        assert [pid for pid in family if "--type=" in command_of(pid)]
    started.process.kill()
    wait_until(lambda: marked(started.mark) == [] and not [pid for pid in family if is_alive(pid)])
    report = json.loads((started.folder / "report.json").read_text("utf-8"))
    assert report["problem"] == "the crawl was told to stop before its end"
    assert report["outcomes"] == {"content": 1}
    assert [file["records"] > 1 for file in report["files"]] == [True]
    assert not list(started.folder.glob("*.open"))


def test_a_crawl_told_to_stop_closes_its_files_and_reports(start: Callable[[Engine], Started]) -> None:
    started = start("http")
    (leader,) = [pid for pid in started.pids("-m pipeline.crawl ") if "keeper" not in command_of(pid)]
    os.kill(leader, signal.SIGTERM)
    said, _ = started.process.communicate(timeout=60)
    assert said.splitlines()[-1] == "REPORT the crawl was told to stop before its end"
    wait_until(lambda: marked(started.mark) == [])


def test_a_crawl_whose_own_process_dies_is_reported_with_what_it_had(start: Callable[[Engine], Started]) -> None:
    started = start("http")
    (leader,) = [pid for pid in started.pids("-m pipeline.crawl ") if "keeper" not in command_of(pid)]
    os.kill(leader, signal.SIGKILL)
    said, _ = started.process.communicate(timeout=60)
    assert "the crawl's process ended with code 137 and gave no report" in said.splitlines()[-1]
    wait_until(lambda: marked(started.mark) == [])
    recovered = recover(started.folder.parent)
    assert [file.path.parent for file in recovered.files] == [started.folder]


def test_an_engine_that_dies_ends_the_crawl_with_a_reason(start: Callable[[Engine], Started]) -> None:
    started = start("http")
    (engine,) = started.pids("-m crawlers.engine")
    os.kill(engine, signal.SIGKILL)
    said, _ = started.process.communicate(timeout=60)
    assert said.splitlines()[-1] == "REPORT the engine ended early, with code -9"
    wait_until(lambda: marked(started.mark) == [])


def test_nothing_is_left_when_the_keeper_is_killed(start: Callable[[Engine], Started]) -> None:
    started = start("http")
    (keeper,) = started.pids("keeper.py")
    os.kill(keeper, signal.SIGKILL)
    started.process.communicate(timeout=60)
    wait_until(lambda: marked(started.mark) == [])
