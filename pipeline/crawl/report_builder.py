"""Counts what a crawl captures and reads while it runs, and builds its report at the end.

In: each capture, on its way to the spool (``keep``), and each event of the engine (``on_engine_event``). Out: the
``CrawlReport``, which also says where the crawl fell short of what the source declares. What the recorder knows of
a failed request takes precedence over what the engine could see of it: a browser learns only that a tunnel did not
open.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from crawlers.engine.messages import (
    CrawlNote,
    EngineChosen,
    EngineEvent,
    EngineFinished,
    PageVisited,
    StepsDone,
)
from crawlers.model.capture import Captured, Note, NoteKind
from crawlers.model.exchange import Exchange, Fidelity
from crawlers.model.job import CrawlJob
from crawlers.model.protocols import CaptureSink
from crawlers.model.report import CrawledFile, CrawlReport, HostStatistics, LinkedPage, VideoSearch
from crawlers.video.report import VideoOutcome
from processors.kinds import KINDS, is_complete_list
from processors.pages.outcome import Outcome
from processors.urls import host_of

MOST_UNREAD_PAGES = 10
"""Pages of a list that could not be read and are named each by itself; the number of the others is given."""

MOST_REMARKS = 200
"""A crawl of broken links would otherwise fill its report with them; the number left out is given."""

DIRECT = (
    "were taken by the browser without the recorder: the bytes are as the browser decoded them, "
    "not as the server sent them"
)

DOCUMENT_TYPES = (
    "application/pdf",
    "application/vnd.",
    "application/msword",
    "application/rtf",
    "text/csv",
    "text/rtf",
)
"""How the media types of documents that lists stand in begin."""


class ReportBuilder:
    """The account of one crawl; a ``CaptureSink`` in front of another."""

    def __init__(
        self,
        job: CrawlJob,
        sink: CaptureSink,
        started_at: datetime,
        statistics: Callable[[], Mapping[str, HostStatistics]] = dict,
    ) -> None:
        self._job = job
        self._statistics = statistics
        self._sink = sink
        self._started_at = started_at
        self._visits: list[PageVisited] = []
        self._remarks: list[str] = []
        self._failures: list[str] = []
        self._failures_noted: dict[str, tuple[Outcome, str]] = {}
        self._videos: list[VideoSearch] = []
        self._engine_choices: Counter[str] = Counter()
        self._steps: dict[str, Counter[str]] = {}
        self._sent: Counter[str] = Counter()
        self.exchanges = 0
        self.bytes = 0
        self._by_browser = 0
        self._truncated = 0
        self._documents = 0
        self._refused = 0
        self.finished = False
        self.problem: str | None = None

    def keep(self, item: Captured) -> None:
        """Keep the item, then count it: what was not kept was not captured."""
        self._sink.keep(item)
        if isinstance(item, Exchange):
            self.exchanges += 1
            self._by_browser += item.fidelity is Fidelity.BROWSER
            self._sent[host_of(item.url)] += 1
            self.bytes += item.request.length_bytes + item.response.length_bytes
            self._documents += (item.media_type or "").startswith(DOCUMENT_TYPES)
            if item.truncated is not None:
                self._truncated += 1
                self.on_engine_event(CrawlNote(f"{item.url}: the answer was cut short ({item.truncated.value})"))
        elif isinstance(item, Note):
            self._refused += item.outcome is Outcome.REFUSED_BY_POLICY
            if item.kind is NoteKind.NO_RESPONSE and item.outcome is not None:
                self._sent[host_of(item.url)] += item.outcome is Outcome.UNREACHABLE
                self._failures_noted[item.url] = (item.outcome, item.reason)

    def on_engine_event(self, event: EngineEvent) -> None:
        """Take in one event of the engine."""
        if isinstance(event, PageVisited):
            self._visits.append(event)
        elif isinstance(event, CrawlNote):
            kept = self._failures if event.is_failure else self._remarks
            if event.text not in kept:
                kept.append(event.text)
        elif isinstance(event, StepsDone):
            for step, outcome in event.outcomes.items():
                self._steps.setdefault(step, Counter())[outcome] += 1
        elif isinstance(event, EngineChosen):
            self._engine_choices["http" if event.reason is None else "browser"] += 1
        elif isinstance(event, EngineFinished):
            self.finished = True
            self.problem = event.problem

    def on_video_search(self, search: VideoSearch) -> None:
        """Take in what a search for video came to; what was not taken becomes a remark, and no failure."""
        self._videos.append(search)
        if search.outcome in (VideoOutcome.PART, VideoOutcome.OVER_LIMIT, VideoOutcome.FAILED):
            text = f"{search.url}: {search.taken} of {search.found} videos taken: {search.reason}"
            self.on_engine_event(CrawlNote(text))

    def failure_of(self, url: str) -> str | None:
        """What the recorder knows of a request that got no response; None where it got one."""
        found = self._failures_noted.get(url)
        return None if found is None else found[1]

    @property
    def seeds(self) -> tuple[str, ...]:
        """The addresses with which the crawl begins."""
        return self._job.seeds

    @property
    def pages(self) -> int:
        """Pages the engine has visited."""
        return len(self._visits)

    @property
    def records(self) -> int:
        """Records those pages hold or are known to lead to."""
        return sum(visit.records + visit.known for visit in self._visits)

    def report(
        self,
        files: tuple[CrawledFile, ...],
        ended_at: datetime,
        problem: str | None,
        sealing_at: datetime | None = None,
    ) -> CrawlReport:
        """The sum of it all."""
        classified = [(visit, *self._classified(visit)) for visit in self._visits]
        outcomes = Counter(outcome.value for _, outcome, _ in classified)
        direct = [f"{self._by_browser} of {self.exchanges} exchanges {DIRECT}"] if self._by_browser else []
        noted = [*direct, *self._unread_list_pages(classified), *self._steps_in_words(), *self._remarks]
        left_out = len(noted) - MOST_REMARKS
        remarks = noted[:MOST_REMARKS] + ([f"and {left_out} more remarks"] if left_out > 0 else [])
        failures = [
            f"{visit.url}: {outcome.value}: {reason}"
            for visit, outcome, reason in classified
            if visit.seed and self._is_failure(outcome)
        ]
        visited = {visit.url for visit in self._visits}
        failures += [f"{url}: the crawl ended before it was read" for url in self._job.seeds if url not in visited]
        failures += self._failures
        statistics = self._host_statistics()
        failures += [kept.given_up for kept in statistics.values() if kept.given_up is not None]
        return CrawlReport(
            crawl_id=self._job.crawl_id,
            source=self._job.source.id,
            started_at=self._started_at,
            ended_at=ended_at,
            exchanges=self.exchanges,
            bytes=self.bytes,
            outcomes=dict(sorted(outcomes.items())),
            files=files,
            truncated=self._truncated,
            refused=self._refused,
            pages=self.pages,
            problem=problem,
            records=self.records,
            failures=(*failures, *self._yield_problems()),
            remarks=tuple(remarks),
            records_read=sum(visit.records for visit in self._visits),
            filled=dict(sorted(sum((Counter(visit.filled) for visit in self._visits), Counter()).items())),
            pace=statistics,
            videos=tuple(self._videos),
            steps={step: dict(sorted(counted.items())) for step, counted in self._steps.items()},
            engine_choices=dict(sorted(self._engine_choices.items())),
            by_browser=self._by_browser if self._job.engine == "direct" else None,
            sealing_at=sealing_at,
            linked=None
            if self._job.source.linked_pages is None
            else tuple(
                LinkedPage(visit.url, visit.linked_from, outcome.value, reason)
                for visit, outcome, reason in classified
                if visit.linked_from is not None
            ),
        )

    def _steps_in_words(self) -> list[str]:
        """A sentence on each step that the source declares."""
        return [
            f"step {step}: "
            + ", ".join(f"{outcome.replace('_', ' ')} on {n} pages" for outcome, n in sorted(counted.items()))
            for step, counted in self._steps.items()
        ]

    def _unread_list_pages(self, classified: Sequence[tuple[PageVisited, Outcome, str | None]]) -> list[str]:
        """Sentences on pages that a complete list led to and that failed on their last visit: without them all, no
        record of the list is called missing. Seeds that failed are failures already.
        """
        if not is_complete_list(self._job.source.kind):
            return []
        last = {visit.url: (visit, outcome, reason) for visit, outcome, reason in classified}
        unread = [
            f"{url}: this page of the list could not be read: {outcome.value}: {reason}; "
            "nothing is called missing from this list tonight"
            for url, (visit, outcome, reason) in last.items()
            if not visit.seed and self._is_failure(outcome)
        ]
        others = len(unread) - MOST_UNREAD_PAGES
        more = [f"{others} more pages of the list could not be read"] if others > 0 else []
        return [*unread[:MOST_UNREAD_PAGES], *more]

    def _host_statistics(self) -> dict[str, HostStatistics]:
        """The pace that was kept, and what left besides it, by host."""
        kept = dict(self._statistics())
        for host, sent in self._sent.items():
            granted = kept[host].requests if host in kept else 0
            if sent > granted:
                nothing = HostStatistics(
                    requests=0, delay_s=self._job.source.delay_s, shortest_gap_s=None, waited_s=0.0, held_s=0.0
                )
                kept[host] = replace(kept.get(host, nothing), without_turn=sent - granted)
        return dict(sorted(kept.items()))

    def _classified(self, visit: PageVisited) -> tuple[Outcome, str | None]:
        if visit.outcome is Outcome.UNREACHABLE and visit.url in self._failures_noted:
            return self._failures_noted[visit.url]
        return visit.outcome, visit.reason

    def _yield_problems(self) -> list[str]:
        """Fewer records than expected are no problem yet where the list is in documents, which are read later."""
        expect = self._job.source.expect
        return (replace(expect, min=None) if self._documents else expect).outside(self.records)

    def _is_failure(self, outcome: Outcome) -> bool:
        """A court may have no hearings; what the operator named and cannot be read otherwise is a failure."""
        if outcome is Outcome.EMPTY:
            kind = KINDS.get(self._job.source.kind)
            return kind is None or not kind.may_be_empty
        return outcome is not Outcome.CONTENT
