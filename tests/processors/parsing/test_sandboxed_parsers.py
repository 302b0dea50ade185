"""Page parsers in a process of their own: they read the same, and a page that hurts them hurts nothing else."""

import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from processors.pages.feeds import read_feed
from processors.pages.outcome import Classification, Outcome
from processors.pages.page import Page
from processors.pages.parse_result import Reading
from processors.pages.sitemaps import read_sitemap
from processors.parsing.confined_worker import ConfinedWorker
from processors.parsing.limits import PageLimits
from processors.parsing.parsers import OwnParsers, PageNotRead
from processors.parsing.result_json import from_json, to_json
from processors.parsing.sandboxed_parsers import ConfinedParsers
from processors.sandbox.process import SandboxedProcess
from tests.processors.pages.page_cases import FIXTURES, read_case

pytestmark = pytest.mark.slow

URL = "https://x.example/news/2026/03/01/one-two-three.html"
ARTICLE = b"<html><title>One two three</title><h1>One two three</h1>" + b"<p>Words of an article, in a line. " * 30
SLOW = b"<html><body>" + b"<p>xyz word, and more." * 300_000
"""Some seconds of processor time: more than two to three."""

LEAST = PageLimits(seconds=1, seconds_per_mb=0)


def page(body: bytes, url: str = URL) -> Page:
    return Page(url, body, datetime(2026, 3, 1, tzinfo=UTC), 200, "text/html")


@pytest.fixture(scope="module")
def parsers() -> Iterator[ConfinedParsers]:
    with ConfinedParsers() as confined:
        yield confined


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[SandboxedProcess]:
    """Every worker that was started, in order."""
    workers: list[SandboxedProcess] = []
    start = ConfinedWorker._started

    def remembered(self: ConfinedWorker) -> SandboxedProcess:
        workers.append(start(self))
        return workers[-1]

    monkeypatch.setattr(ConfinedWorker, "_started", remembered)
    return workers


@pytest.mark.parametrize("case", sorted(path.name for path in FIXTURES.iterdir() if path.is_dir()))
def test_a_confined_parser_reads_what_it_reads_unconfined(case: str, parsers: ConfinedParsers) -> None:
    assert read_case(FIXTURES / case, parsers.read_page) == read_case(FIXTURES / case)


def test_feeds_sitemaps_and_links_come_out_the_same(parsers: ConfinedParsers) -> None:
    feed = (
        b"<rss version='2.0'><channel><title>T</title><item><title>A &amp; B</title><link>/a</link>"
        b"<pubDate>Sun, 01 Mar 2026 10:00:00 +0300</pubDate></item></channel></rss>"
    )
    found = parsers.read_feed(page(feed))
    assert found == read_feed(feed, URL, "text/html")
    assert found.entries[0].published_at == datetime(2026, 3, 1, 7, tzinfo=UTC)
    sitemap = b"<urlset><url><loc>https://x.example/a</loc><lastmod>2026-03-01</lastmod></url></urlset>"
    assert parsers.read_sitemap(page(sitemap)) == read_sitemap(sitemap, URL)
    linked = page(b"<a href=/b>b</a><img src=/c.png>")
    assert parsers.links(linked) == ("https://x.example/b",)
    assert parsers.requisites(linked) == ("https://x.example/c.png",)
    assert parsers.classify(linked) == OwnParsers().classify(linked)


def test_one_worker_reads_page_after_page(started: list[SandboxedProcess]) -> None:
    with ConfinedParsers() as parsers:
        for _ in range(3):
            assert parsers.classify(page(ARTICLE)) == Classification(Outcome.CONTENT, None)
    assert len(started) == 1


def test_a_page_beyond_the_time_is_told_once_and_the_next_is_read(started: list[SandboxedProcess]) -> None:
    with ConfinedParsers(LEAST) as parsers:
        before = parsers.read_page(page(ARTICLE), "news")
        with pytest.raises(PageNotRead, match="takes more than 1 s of processor time") as why:
            parsers.read_page(page(SLOW), "news")
        assert why.value.limit
        assert parsers.read_page(page(ARTICLE), "news") == before
    assert len(started) == 2, "the page that was too slow was tried again"


def test_a_page_beyond_the_memory_is_told_and_the_next_is_read() -> None:
    with ConfinedParsers(PageLimits(memory_bytes=256 << 20)) as parsers:
        with pytest.raises(PageNotRead, match="takes more than 256 MB of memory") as why:
            parsers.classify(page(b"<p>word</p>" * 1_500_000))
        assert why.value.limit
        assert parsers.classify(page(ARTICLE)).outcome is Outcome.CONTENT


def test_a_worker_that_was_killed_between_pages_costs_no_page(started: list[SandboxedProcess]) -> None:
    with ConfinedParsers() as parsers:
        parsers.classify(page(ARTICLE))
        os.kill(started[0].process.pid, signal.SIGKILL)
        assert parsers.classify(page(ARTICLE)) == Classification(Outcome.CONTENT, None)
    assert len(started) == 2


def test_a_page_on_which_every_worker_dies_is_given_up(
    started: list[SandboxedProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    with ConfinedParsers() as parsers:
        parsers.classify(page(ARTICLE))
        ask = SandboxedProcess.ask

        def dies(self: SandboxedProcess, content: bytes) -> bytes:
            self.process.kill()
            return ask(self, content)

        with monkeypatch.context() as dying:
            dying.setattr(SandboxedProcess, "ask", dies)
            with pytest.raises(PageNotRead, match="reading the page ended its worker") as why:
                parsers.classify(page(ARTICLE))
        assert why.value.limit
        assert parsers.classify(page(ARTICLE)).outcome is Outcome.CONTENT
    assert len(started) == 3


def test_a_parser_that_trips_says_over_what_and_its_worker_goes_on(started: list[SandboxedProcess]) -> None:
    with ConfinedParsers() as parsers:
        with pytest.raises(PageNotRead, match="LookupError: parsers of knitting") as why:
            parsers.read_page(page(ARTICLE), "knitting")
        assert not why.value.limit
        assert parsers.classify(page(ARTICLE)).outcome is Outcome.CONTENT
    assert len(started) == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"[]",
        b'["Verdict"]',
        b'["Verdict","no outcome",null]',
        b'["Verdict","content",7]',
        b'["Reading","content",null]',
        b"[" * 100_000,
    ],
)
def test_an_answer_of_a_worker_that_was_taken_over_is_no_value(answer: bytes) -> None:
    with pytest.raises((ValueError, TypeError, KeyError, RecursionError)):
        from_json(answer, Classification)


def test_every_character_comes_back() -> None:
    verdict = Classification(Outcome.BLOCKED, "half a pair \ud800, a null \x00, мова")
    assert from_json(to_json(verdict), Classification) == verdict
    with pytest.raises(TypeError, match="expected Reading, found 'Classification'"):
        from_json(to_json(verdict), Reading)
