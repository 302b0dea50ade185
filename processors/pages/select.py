"""Chooses the parser for a page: by kind, and by the day of capture among a kind's versions."""

from processors.pages.layout import Layout
from processors.pages.outcome import Outcome
from processors.pages.page import Page
from processors.pages.reading import Links, PageKind, Reading, Record

__all__ = ["Layout", "Links", "PageKind", "Reading", "Record", "read_page"]


def read_page(page: Page, kind: PageKind, *, layout: Layout | None = None) -> Reading:
    """Read one captured page; only an outcome of content brings records."""
    del layout
    return Reading(
        url=page.url, kind=kind, outcome=Outcome.EMPTY, outcome_reason="no reader yet", parser_version="none"
    )
