"""A crawl whose process was started before its job was known does what any crawl does, and leaves nothing."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crawlers.model.job import CrawlJob
from crawlers.watchlist.engines import Engine
from crawlers.watchlist.source import source_for_urls
from pipeline.chromium import find_chromium
from pipeline.collect.confidential_work import unlogged
from pipeline.config.settings import Settings
from pipeline.crawl import job_for, run_crawl
from pipeline.crawl.files import REPORT_NAME
from pipeline.crawl.fork_server import ForkServer
from pipeline.crawl.prepared_crawl import PreparedCrawl, PreparedCrawls
from pipeline.supervise.processes import is_alive
from samples.sites import SampleSites
from storage.signing import CrawlKey
from storage.spool.signature_journal import signatures_beside
from tests.pipeline.crawl.test_crawl_process import command_of, descendants

PAGE = "https://oblsud.pryklad.example/modules.php?name=sud_delo&srv_num=1"
USER_AGENT = Settings().user_agent


def job_of(sites: SampleSites, engine: Engine = "http", url: str = PAGE) -> CrawlJob:
    return job_for(
        source_for_urls((url,), engine=engine),
        user_agent=USER_AGENT,
        collector="collector-1",
        connect_to=(sites.connect_to,),
        allow_addresses=("127.0.0.0/8",),
        upstream_ca=sites.authority,
        one_warc_per_url=True,
    )


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)


def kill_below(crawl: PreparedCrawl) -> None:
    """End its processes but for the keeper, which ends then."""
    wait_until(lambda: descendants(crawl.process.pid) != [])
    for pid in descendants(crawl.process.pid):
        os.kill(pid, signal.SIGKILL)
    wait_until(crawl.process.poll)


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    server = ForkServer(grace_s=3.0)
    yield server
    server.end()


@pytest.fixture
def prepared(server: ForkServer) -> Iterator[PreparedCrawls]:
    crawls = PreparedCrawls(server, user_agent=USER_AGENT, grace_s=3.0)
    yield crawls
    crawls.end()


def test_a_prepared_crawl_does_one_job_as_any_crawl_and_is_gone_then(
    sample_sites: SampleSites, prepared: PreparedCrawls, tmp_path: Path
) -> None:
    prepared.prepare()
    crawl = prepared.take(None)
    assert crawl is not None
    assert prepared.take(None) is None, "each serves one crawl"
    wait_until(lambda: len(descendants(crawl.process.pid)) == 3)  # the crawl, its engine, its parsers
    family = descendants(crawl.process.pid)
    job, secret = job_of(sample_sites), CrawlKey.new_secret()

    report = run_crawl(job, tmp_path, prepared=lambda: crawl, signing_secret=secret)

    assert (report.problem, report.failures, report.exchanges) == (None, (), 1)
    (file,) = report.files
    assert any(each.is_by(CrawlKey(secret).public) for each in signatures_beside(file.path, job.crawl_id))
    said = "".join(command_of(pid) for pid in family)
    assert job.crawl_id not in said
    assert [pid for pid in (crawl.process.pid, *family) if is_alive(pid)] == []


@pytest.mark.browser
def test_a_browser_that_runs_before_its_crawl_shows_that_crawls_page_and_ends_with_it(
    sample_sites: SampleSites, prepared: PreparedCrawls, tmp_path: Path
) -> None:
    found = find_chromium()
    assert found is not None
    assert prepared.take(found.program) is None, "only once somebody wanted one"
    prepared.prepare()
    crawl = prepared.take(found.program)
    assert crawl is not None
    wait_until(lambda: browsers_below(crawl.process.pid) != [])
    before, family = browsers_below(crawl.process.pid), set[int]()

    def watch(_: str) -> None:
        family.update(browsers_below(crawl.process.pid))

    report = run_crawl(
        job_of(sample_sites, "browser"),
        tmp_path,
        chromium=found.program,
        prepared=lambda: crawl,
        on_progress=watch,
    )

    assert (report.problem, report.failures) == (None, ())
    assert report.exchanges >= 1
    assert family <= set(before), "it needed no other browser"
    assert [pid for pid in before if is_alive(pid)] == []


def browsers_below(pid: int) -> list[int]:
    """Browser processes of Chromium themselves, not their children."""
    return [
        each
        for each in descendants(pid)
        if "--ignore-certificate-errors-spki-list=" in command_of(each) and "--type=" not in command_of(each)
    ]


def test_one_that_dies_while_it_waits_is_not_used_and_not_started_again_at_once(
    sample_sites: SampleSites, prepared: PreparedCrawls, tmp_path: Path
) -> None:
    prepared.prepare()
    (waiting,) = prepared._waiting.values()
    kill_below(waiting)

    prepared.prepare()

    assert prepared.take(None) is None
    assert prepared._waiting == {}


def test_one_that_dies_with_its_job_is_reported_as_any_crawl_that_crashed(
    sample_sites: SampleSites, server: ForkServer, tmp_path: Path
) -> None:
    crawl = PreparedCrawl(server, chromium=None, user_agent=USER_AGENT, grace_s=3.0)
    kill_below(crawl)
    job = job_of(sample_sites)

    report = run_crawl(job, tmp_path, prepared=lambda: crawl)

    assert "the crawl's process ended with code" in str(report.problem)
    assert not (tmp_path / job.crawl_id / REPORT_NAME).exists()


@pytest.mark.parametrize("confidential", [False, True])
def test_what_it_logs_goes_where_the_process_logs_that_hands_over_the_job(
    sample_sites: SampleSites,
    server: ForkServer,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    confidential: bool,
) -> None:
    crawl = PreparedCrawl(server, chromium=None, user_agent=USER_AGENT, grace_s=3.0)
    job = job_of(sample_sites)
    os.write(crawl._log.fileno(), b"a warning of its engine\n")
    if confidential:
        with unlogged():
            run_crawl(job, tmp_path, prepared=lambda: crawl)
    else:
        run_crawl(job, tmp_path, prepared=lambda: crawl)
    sys.stderr.flush()
    assert ("a warning of its engine" in capfd.readouterr().err) is not confidential
