"""The page parsers in a worker process that a hostile page may kill but not leave.

In: pages. Out: what the parsers make of them, or `PageNotRead` with the reason. One worker serves all pages, one
at a time (`confined_worker`); no page is tried again and again. Raises ``DecoderUnavailable`` where no worker can
be started.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Self, TypeVar

from processors.kinds import PageKind
from processors.pages.feeds import Feed
from processors.pages.outcome import Classification
from processors.pages.page import Page
from processors.pages.parse_result import Reading
from processors.pages.readable_page import ReadablePage
from processors.pages.sitemaps import Sitemap
from processors.parsing.confined_worker import ConfinedWorker
from processors.parsing.limits import PageLimits
from processors.parsing.page_frame import Task, Work, framed
from processors.parsing.parsers import PageNotRead
from processors.sandbox.process import StartedWorker
from processors.tables.layout import Layout

_Value = TypeVar("_Value")

OURS: Final = b"<!doctype html><title>A page</title><h1>A page</h1><p>It has a paragraph.</p>"


def own_page() -> Page:
    """A page of ours: reading it imports all that reading takes."""
    return Page(url="https://ours.invalid/", body=OURS, captured_at=datetime.now(UTC), content_type="text/html")


class ConfinedParsers:
    """`Parsers` for pages of strangers; used as a ``with`` block, by any number of threads.

    ``first`` starts the first worker by other means than as a fresh interpreter.
    """

    def __init__(
        self, limits: PageLimits | None = None, *, first: Callable[[], StartedWorker] | None = None
    ) -> None:
        self.limits = limits or PageLimits()
        self._worker = ConfinedWorker("processors.parsing.parser_worker", self.limits, first=first)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Start the worker before the first page comes, and have it read one of ours: that imports the rest."""
        self._worker.start()
        with suppress(PageNotRead):
            self.read_page(own_page(), "news")

    def close(self) -> None:
        """End the worker; the next page starts another."""
        self._worker.close()

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

    def browser_need(self, page: Page) -> str | None:
        """Why a browser has to show the page."""
        return self._done(Work(task=Task.BROWSER_NEED, page=page), str) or None

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

    def readable_page(self, page: Page) -> ReadablePage:
        """The page as an article (`processors.pages.readable_page`)."""
        return self._done(Work(task=Task.READABLE, page=page), ReadablePage)

    def _done(self, work: Work, of: type[_Value]) -> _Value:
        return self._worker.ask(framed(work), of)
