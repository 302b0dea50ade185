"""The pace figures of a crawl's report count what left without a turn."""

from collections.abc import Mapping
from datetime import UTC, datetime

from crawlers.model.capture import Captured, Note, NoteKind
from crawlers.model.report import HostStatistics
from crawlers.watchlist.source import source_for_urls
from pipeline.crawl import job_for
from pipeline.crawl.report_builder import ReportBuilder
from processors.pages.outcome import Outcome
from tests.storage.crawled_files import exchange, response

AT = datetime(2026, 11, 20, 21, tzinfo=UTC)
KEPT = HostStatistics(requests=2, delay_s=1.5, shortest_gap_s=1.6, waited_s=1.6, held_s=0.0)


class Nowhere:
    """Keeps nothing."""

    def keep(self, item: Captured) -> None:
        """Let go of it."""


def pace_of(*items: Captured) -> Mapping[str, HostStatistics]:
    job = job_for(source_for_urls(("https://a.test/",), engine="browser"), user_agent="any", collector="any")
    tally = ReportBuilder(job, Nowhere(), AT, lambda: {"a.test": KEPT})
    for item in items:
        tally.keep(item)
    return tally.report((), AT, None).pace


def loaded(*urls: str) -> list[Captured]:
    return [exchange(url, response(b"x")) for url in urls]


def test_what_a_browser_loads_a_page_with_is_counted_apart_from_what_took_a_turn() -> None:
    pace = pace_of(
        *loaded("https://a.test/", "https://a.test/b", "https://a.test/c.png", "https://cdn.test/d.png")
    )
    assert (pace["a.test"].requests, pace["a.test"].without_turn) == (2, 1)
    assert pace["a.test"].shortest_gap_s == KEPT.shortest_gap_s
    assert (pace["cdn.test"].requests, pace["cdn.test"].without_turn) == (0, 1)


def test_requests_without_an_answer_left_all_the_same_and_refused_ones_did_not() -> None:
    def unanswered(outcome: Outcome) -> Note:
        return Note(NoteKind.NO_RESPONSE, None, "https://a.test/x", AT, "why", outcome)

    asked = loaded("https://a.test/", "https://a.test/b")
    assert pace_of(*asked, unanswered(Outcome.UNREACHABLE))["a.test"].without_turn == 1
    assert pace_of(*asked, unanswered(Outcome.REFUSED_BY_POLICY))["a.test"].without_turn == 0


def test_a_crawl_whose_requests_all_took_turns_says_so() -> None:
    assert pace_of(*loaded("https://a.test/", "https://a.test/b")) == {"a.test": KEPT}
