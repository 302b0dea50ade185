"""The page parsers in a worker process that a hostile page may kill but not leave.

In: pages. Out: what the parsers make of them, or `PageNotRead` with the reason. One worker serves all pages, one
at a time, and starts when the first comes; a page that goes beyond `PageLimits` ends it, and the next page gets
another. No page is tried again and again: one on which the worker crashed or lacked memory is read once more by a
fresh worker, since pages before it may have left that one short, and then never. Raises ``DecoderUnavailable``
where no worker can be started.
"""

import json
import threading
from dataclasses import asdict, replace
from types import TracebackType
from typing import Self, TypeVar

from processors.kinds import PageKind
from processors.pages.feeds import Feed
from processors.pages.outcome import Classification
from processors.pages.page import Page
from processors.pages.parse_result import Reading
from processors.pages.sitemaps import Sitemap
from processors.parsing.limits import PageLimits
from processors.parsing.page_frame import Task, Work, framed
from processors.parsing.parsers import PageNotRead
from processors.parsing.result_json import from_json
from processors.sandbox.process import SandboxDied, SandboxedProcess
from processors.tables.layout import Layout

_Value = TypeVar("_Value")


class ConfinedParsers:
    """`Parsers` for pages of strangers; used as a ``with`` block, by any number of threads."""

    def __init__(self, limits: PageLimits | None = None) -> None:
        self.limits = limits or PageLimits()
        self._worker: SandboxedProcess | None = None
        self._one_at_a_time = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the worker; the next page starts another."""
        with self._one_at_a_time:
            self._end()

    def read_page(self, page: Page, kind: PageKind, *, layout: Layout | None = None) -> Reading:
        """The page's outcome and records."""
        work = Work(task=Task.READ, page=page, kind=kind, layout=layout)
        if kind != "telegram_export":
            return self._done(work, Reading)
        large = replace(self.limits, memory_bytes=self.limits.export_memory_bytes)
        with ConfinedParsers(large) as once:  # what a whole channel takes is given back at once
            return once._done(work, Reading)

    def classify(self, page: Page) -> Classification:
        """The page's outcome alone."""
        return self._done(Work(task=Task.CLASSIFY, page=page), Classification)

    def read_feed(self, page: Page) -> Feed:
        """What a feed lists."""
        return self._done(Work(task=Task.FEED, page=page), Feed)

    def read_sitemap(self, page: Page) -> Sitemap:
        """What a sitemap lists."""
        return self._done(Work(task=Task.SITEMAP, page=page), Sitemap)

    def requisites(self, page: Page) -> tuple[str, ...]:
        """What it takes to show the page."""
        return self._done(Work(task=Task.REQUISITES, page=page), tuple[str, ...])

    def links(self, page: Page) -> tuple[str, ...]:
        """Where the page's links lead."""
        return self._done(Work(task=Task.LINKS, page=page), tuple[str, ...])

    def readable_text(self, page: Page) -> str:
        """What the page says to a reader."""
        return self._done(Work(task=Task.TEXT, page=page), str)

    def _done(self, work: Work, of: type[_Value]) -> _Value:
        frame = framed(work)
        with self._one_at_a_time:
            fresh = self._worker is None
            try:
                return self._asked(frame, of)
            except PageNotRead as why:
                if fresh or not why.limit or str(why) == self._too_long(frame):
                    raise
            return self._asked(frame, of)

    def _asked(self, frame: bytes, of: type[_Value]) -> _Value:
        try:
            if self._worker is None:
                self._worker = self._started()
            self._worker.seconds = self.limits.patience * self.limits.seconds_for(len(frame))
            answer = self._worker.ask(frame)
            if answer[:1] == b"=":
                return from_json(answer[1:], of)
            lacked_memory, reason = json.loads(answer[1:])
        except (SandboxDied, ValueError, TypeError, KeyError, RecursionError) as gone:
            self._end()
            if isinstance(gone, SandboxDied) and gone.out_of_time:
                raise PageNotRead(self._too_long(frame), limit=True) from None
            raise PageNotRead(f"reading the page ended its worker: {gone}", limit=True) from None
        if lacked_memory:
            self._end()
            most = self.limits.memory_bytes >> 20
            raise PageNotRead(f"reading the page takes more than {most} MB of memory", limit=True)
        raise PageNotRead(str(reason), limit=False)

    def _too_long(self, frame: bytes) -> str:
        seconds = self.limits.seconds_for(len(frame))
        return f"reading the page takes more than {seconds:g} s of processor time"

    def _started(self) -> SandboxedProcess:
        limits = self.limits
        return SandboxedProcess(
            "processors.parsing.parser_worker",
            json.dumps(asdict(limits)),
            limits.seconds,
            longest_answer_bytes=limits.answer_bytes,
        )

    def _end(self) -> None:
        if self._worker is not None:
            self._worker.end()
            self._worker = None
