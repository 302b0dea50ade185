"""What a crawl with a login reports: withheld pages count, and no value that a site gives breaks a report."""

import asyncio
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crawlers.engine.messages import CrawlNote, EngineFinished, PageVisited
from crawlers.model.capture import Captured
from crawlers.model.login import BrowserLogin, LoginSign
from crawlers.model.report import CrawlReport
from crawlers.model.serialization import report_from_json, report_to_json
from crawlers.watchlist.source import source_for_urls
from pipeline.crawl import job_for
from pipeline.crawl.crawl_process import _pass_on_log
from pipeline.crawl.guarded_login import GuardedLogin
from pipeline.crawl.report_builder import ReportBuilder
from pipeline.login.loan import LoginLoan
from processors.pages.outcome import Outcome
from tests.pipeline.login.test_credential_guard import exchange

AT = datetime(2026, 11, 30, 12, tzinfo=UTC)
SESSION = "Xy7-session-0815-4711"
KEYS = ("is_failure", "login_wall", '"event": "remark', ', "known": 0', "sealing_at", '"failures": [')
"""What a hostile site may give as cookies: keys and values of what we write about the crawl."""


class Dropped:
    def keep(self, item: Captured) -> None:
        """Nothing is done with it."""


class Crawl:
    """A crawl with a login whose captures and events the tests give."""

    def __init__(self, folder: Path, *seeds: str) -> None:
        state = {"cookies": [{"name": "session", "value": SESSION}], "origins": []}
        login = BrowserLogin("board", LoginSign("#logout", None), state)
        self.guarded = GuardedLogin(LoginLoan(login, bytes(32), folder / "kept"), "crawl")
        source = source_for_urls(seeds, engine="browser")
        job = replace(job_for(source, user_agent="any", collector="any"), crawl_id="crawl")
        self.builder = ReportBuilder(job, Dropped(), AT)
        self.sink = self.guarded.before(self.builder)
        for seed in seeds:
            self.builder.on_engine_event(PageVisited(seed, "0001", Outcome.CONTENT, seed=True))

    def answer(self, url: str, status: int, head: str = "", body: str = "") -> None:
        response = f"HTTP/1.1 {status} As-It-Is\r\n{head}\r\n{body}".encode()
        self.sink.keep(exchange(b"GET / HTTP/1.1\r\n\r\n", response, url, status=status))

    def report(self) -> CrawlReport:
        return self.guarded.covered_report(self.builder.report((), AT, None))


@pytest.mark.parametrize("seed", ["https://board.test/notices", "https://board.test/notices#newest"])
def test_a_page_that_was_named_and_is_withheld_fails_the_source(tmp_path: Path, seed: str) -> None:
    crawl = Crawl(tmp_path, seed)
    crawl.answer("https://board.test/notices", 200, body=SESSION)

    [failure] = crawl.report().failures
    assert failure.startswith("https://board.test/notices: the answer was withheld")


def test_a_page_behind_redirects_of_one_that_was_named_fails_the_source_too(tmp_path: Path) -> None:
    crawl = Crawl(tmp_path, "https://board.test/")
    crawl.answer("https://board.test/", 302, "Location: /home\r\n")
    crawl.answer("https://board.test/home", 307, f"Location: https://members.board.test/?s={SESSION}#top\r\n")
    crawl.answer(f"https://members.board.test/?s={SESSION}", 200, body=SESSION)
    crawl.answer("https://members.board.test/other", 200, body=SESSION)

    report = crawl.report()
    assert [each.partition(": ")[0] for each in report.failures] == [f"https://members.board.test/?s={'*' * 21}"]
    assert [each.partition(": ")[0] for each in report.remarks] == ["https://members.board.test/other"]


@pytest.mark.parametrize("value", KEYS)
def test_no_cookie_of_a_site_breaks_events_or_the_report(tmp_path: Path, value: str) -> None:
    crawl = Crawl(tmp_path, "https://board.test/")
    crawl.answer("https://board.test/", 200, f"Set-Cookie: a={value}\r\n", "nothing")
    events = (
        CrawlNote(f"the site showed {SESSION}", is_failure=True),
        PageVisited("https://board.test/", "0001", Outcome.LOGIN_WALL, f"of {SESSION}", seed=True),
        EngineFinished(None),
    )

    covered = [crawl.guarded.covered_event(each) for each in events]

    assert covered == [
        CrawlNote(f"the site showed {'*' * 21}", is_failure=True),
        PageVisited("https://board.test/", "0001", Outcome.LOGIN_WALL, f"of {'*' * 21}", seed=True),
        EngineFinished(None),
    ]
    for each in covered:
        crawl.builder.on_engine_event(each)
    report = crawl.report()
    assert report_from_json(report_to_json(report)) == report
    assert report.outcomes == {"content": 1, "login_wall": 1}


def test_what_becomes_known_later_is_covered_in_earlier_words(tmp_path: Path) -> None:
    crawl = Crawl(tmp_path, "https://board.test/")
    crawl.builder.on_engine_event(CrawlNote("https://board.test/?t=Later-Known-99: broken"))
    crawl.answer("https://board.test/", 200, "Set-Cookie: t=Later-Known-99\r\n", "nothing")

    assert crawl.report().remarks == (f"https://board.test/?t={'*' * 14}: broken",)


def test_what_the_engine_logs_is_covered_and_passed_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    guarded = Crawl(tmp_path, "https://board.test/").guarded
    program = f"import sys; sys.stderr.write('a spider broke at ?s={SESSION}\\nthe end')"

    async def run() -> None:
        engine = await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, stderr=asyncio.subprocess.PIPE
        )
        await _pass_on_log(engine, guarded)
        await engine.wait()

    asyncio.run(run())

    assert capsys.readouterr().err == f"a spider broke at ?s={'*' * 21}\nthe end"
