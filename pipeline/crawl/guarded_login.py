"""The login of one crawl, and the guard that lets nothing of it pass into files and reports."""

import json
import threading
from collections.abc import Mapping
from typing import Any

from crawlers.engine.messages import CrawlNote
from crawlers.model.login import BrowserLogin
from crawlers.model.protocols import CaptureSink
from pipeline.crawl.report_builder import ReportBuilder
from pipeline.login.clearance import cleared
from pipeline.login.credential_guard import CredentialGuard
from pipeline.login.kept_apart import KeptApart
from pipeline.login.loan import LoginLoan
from pipeline.login.secret_values import SecretValues
from storage.warc.writer import ClosedFile


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
        """The guard in front of the crawl's account; what is withheld of a seed makes the source fail."""
        seeds = {*builder.seeds}

        def withheld(url: str, sentence: str) -> None:
            builder.on_engine_event(CrawlNote(f"{url}: {sentence}", is_failure=url in seeds))

        return _OneAtATime(CredentialGuard(builder, self._values, self._kept, withheld), self._lock)

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

    def covered(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The same for what is written as JSON."""
        found: dict[str, Any] = json.loads(self.covered_text(json.dumps(row, ensure_ascii=False)))
        return found


class _OneAtATime:
    def __init__(self, guard: CredentialGuard, lock: threading.Lock) -> None:
        self._guard, self._lock = guard, lock

    def keep(self, item: Any) -> None:
        """As `CredentialGuard.keep`."""
        with self._lock:
            self._guard.keep(item)
