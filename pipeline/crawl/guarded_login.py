"""The login of one crawl, and the guard that lets nothing of it pass into files and reports."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from crawlers.engine.messages import CrawlNote, EngineEvent
from crawlers.model.exchange import Exchange
from crawlers.model.login import BrowserLogin
from crawlers.model.protocols import CaptureSink
from crawlers.model.report import CrawlReport
from pipeline.crawl.report_builder import ReportBuilder
from pipeline.login.clearance import cleared
from pipeline.login.credential_guard import CredentialGuard, head_of
from pipeline.login.kept_apart import KeptApart
from pipeline.login.loan import LoginLoan
from pipeline.login.secret_values import SecretValues
from processors.http.message import header, parse_response
from processors.urls import resolve_location
from storage.warc.writer import ClosedFile

WORDS: Final = ("url", "text", "reason", "problem")
"""Fields of events that hold addresses and sentences; a value that covered any other would break the event."""


class GuardedLogin:
    """What a crawl was lent, from its first byte to the last look at its files.

    The recorder's thread learns values while events are read in another: one at a time.
    """

    def __init__(self, loan: LoginLoan, crawl_id: str) -> None:
        self.login: BrowserLogin = loan.login
        self._values = SecretValues(loan.login.state)
        self._kept = KeptApart(loan.kept, loan.key, crawl_id)
        self._lock = threading.Lock()

    def before(self, builder: ReportBuilder) -> CaptureSink:
        """The guard in front of the crawl's account.

        What is withheld of a page that the job names, behind redirects, too, makes the source fail.
        """
        named = {_of_document(seed) for seed in builder.seeds}

        def withheld(url: str, sentence: str) -> None:
            is_failure = url in map(self._values.covered_text, named)
            builder.on_engine_event(CrawlNote(f"{url}: {sentence}", is_failure=is_failure))

        def follow(exchange: Exchange) -> None:
            if exchange.url in named and (onward := _sent_on_to(exchange)) is not None:
                named.add(_of_document(onward))

        return _OneAtATime(CredentialGuard(builder, self._values, self._kept, withheld), self._lock, follow)

    def cleared(self, files: tuple[ClosedFile, ...], builder: ReportBuilder) -> tuple[ClosedFile, ...]:
        """The closed files that show no value; called once, when nothing more comes."""
        try:
            return cleared(
                files,
                self._values,
                self._kept,
                lambda text: builder.on_engine_event(CrawlNote(text, is_failure=True)),
            )
        finally:
            self._kept.close()

    def covered_text(self, text: str) -> str:
        """A text of the engine's with every value covered."""
        with self._lock:
            return self._values.covered_text(text)

    def covered_event(self, event: EngineEvent) -> EngineEvent:
        """The same for its words."""
        words = {name: getattr(event, name, None) for name in WORDS}
        shown: dict[str, Any] = {
            name: self.covered_text(text) for name, text in words.items() if isinstance(text, str)
        }
        return replace(event, **shown)

    def covered_report(self, report: CrawlReport) -> CrawlReport:
        """The same for the report, of which earlier events may hold what became known later."""
        cover = self.covered_text
        pace = {
            host: each if each.given_up is None else replace(each, given_up=cover(each.given_up))
            for host, each in report.pace.items()
        }
        return replace(
            report,
            problem=None if report.problem is None else cover(report.problem),
            failures=tuple(map(cover, report.failures)),
            remarks=tuple(map(cover, report.remarks)),
            pace=pace,
        )


def _of_document(url: str) -> str:
    """The address as it is requested."""
    return url.partition("#")[0]


def _sent_on_to(exchange: Exchange) -> str | None:
    if exchange.status is None or not 300 <= exchange.status < 400:
        return None
    location = header(parse_response(head_of(exchange.response)), "Location")
    return None if location is None else resolve_location(exchange.url, location.encode("latin-1"))


class _OneAtATime:
    def __init__(self, guard: CredentialGuard, lock: threading.Lock, follow: Callable[[Exchange], None]) -> None:
        self._guard, self._lock, self._follow = guard, lock, follow

    def keep(self, item: Any) -> None:
        """As `CredentialGuard.keep`."""
        with self._lock:
            if isinstance(item, Exchange):
                self._follow(item)
            self._guard.keep(item)
