"""The report of a crawl: what left without a turn, and which pages of a list could not be read."""

from collections.abc import Mapping
from datetime import UTC, datetime

from crawlers.engine.messages import CrawlNote, EngineChosen, PageVisited, StepsDone
from crawlers.model.capture import Captured, Note, NoteKind
from crawlers.model.report import CrawlReport, HostStatistics
from crawlers.watchlist.source import Source, source_for_urls
from pipeline.crawl import job_for
from pipeline.crawl.report_builder import MOST_UNREAD_PAGES, ReportBuilder
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


LIST = "https://court.test/list"


def report_of(*visits: PageVisited, kind: str = "court_list", noted: tuple[Note, ...] = ()) -> CrawlReport:
    source = Source(id="a-court", kind=kind, pages=(LIST,))
    builder = ReportBuilder(job_for(source, user_agent="any", collector="any"), Nowhere(), AT)
    for note in noted:
        builder.keep(note)
    builder.on_engine_event(PageVisited(LIST, "1", Outcome.CONTENT, records=1, seed=True))
    for visit in visits:
        builder.on_engine_event(visit)
    return builder.report((), AT, None)


def gone(number: int, outcome: Outcome = Outcome.SOFT_404, reason: str | None = "status 404") -> PageVisited:
    return PageVisited(f"{LIST}?p={number}", "1", outcome, reason)


def test_a_further_page_of_a_list_that_could_not_be_read_is_a_remark_and_no_failure() -> None:
    report = report_of(gone(2))
    assert report.failures == ()
    assert report.remarks == (
        "https://court.test/list?p=2: this page of the list could not be read: soft_404: status 404; "
        "nothing is called missing from this list tonight",
    )


def test_what_the_recorder_knows_of_an_unread_page_is_in_its_remark() -> None:
    note = Note(NoteKind.NO_RESPONSE, None, f"{LIST}?p=2", AT, "no connection", Outcome.UNREACHABLE)
    (remark,) = report_of(gone(2, Outcome.UNREACHABLE, "the proxy failed"), noted=(note,)).remarks
    assert "unreachable: no connection; nothing is called missing" in remark


def test_each_unread_page_is_named_once_and_not_where_its_last_visit_succeeded() -> None:
    read = PageVisited(f"{LIST}?p=3", "1", Outcome.CONTENT, records=1)
    (remark,) = report_of(gone(2), gone(3), gone(2), read).remarks
    assert remark.startswith(f"{LIST}?p=2: ")


def test_unread_pages_beyond_the_first_are_counted() -> None:
    remarks = report_of(*map(gone, range(2, MOST_UNREAD_PAGES + 5))).remarks
    assert len(remarks) == MOST_UNREAD_PAGES + 1
    assert remarks[-1] == "3 more pages of the list could not be read"


def test_a_page_without_hearings_is_an_answer_of_a_court_and_none_of_a_register() -> None:
    empty = gone(2, Outcome.EMPTY, "no row")
    assert report_of(empty).remarks == ()
    assert len(report_of(empty, kind="register").remarks) == 1


def test_an_article_that_is_gone_makes_no_list_incomplete() -> None:
    assert report_of(gone(2), kind="news").remarks == ()


def test_an_outage_that_left_pages_out_is_a_failure_of_the_source_and_named_once() -> None:
    job = job_for(Source(id="a", kind="news", start_pages=(LIST,)), user_agent="any", collector="any")
    builder = ReportBuilder(job, Nowhere(), AT)
    builder.on_engine_event(PageVisited(LIST, "1", Outcome.CONTENT, known=1, seed=True))
    for _ in range(3):
        builder.on_engine_event(CrawlNote("robots.txt answered 503", is_failure=True))
    report = builder.report((), AT, None)
    assert (report.failures, report.remarks) == (("robots.txt answered 503",), ())


def test_steps_and_engines_are_counted_by_page() -> None:
    builder = ReportBuilder(
        job_for(source_for_urls(("https://a.test/",), engine="browser"), user_agent="any", collector="any"),
        Nowhere(),
        AT,
    )
    for outcome in ("done", "done", "not_found"):
        builder.on_engine_event(StepsDone("https://a.test/", {"1. click: .more": outcome, "2. wait_s: 1": "done"}))
    builder.on_engine_event(EngineChosen("https://a.test/", None))
    builder.on_engine_event(EngineChosen("https://a.test/b", "it shows 0 words"))
    report = builder.report((), AT, None)
    assert report.steps == {"1. click: .more": {"done": 2, "not_found": 1}, "2. wait_s: 1": {"done": 3}}
    assert report.engine_choices == {"browser": 1, "http": 1}
    assert report.remarks == (
        "step 1. click: .more: done on 2 pages, not found on 1 pages",
        "step 2. wait_s: 1: done on 3 pages",
    )
