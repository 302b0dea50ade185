"""Chooses the parser for a page: by kind, and by the day of capture among a kind's versions."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date
from functools import partial

from processors.court_list.page import PARSER_VERSION as COURT_VERSION
from processors.court_list.page import read_court_list
from processors.kinds import PageKind
from processors.news.page import PARSER_VERSION as NEWS_VERSION
from processors.news.page import read_news
from processors.notice.page import PARSER_VERSION as NOTICE_VERSION
from processors.notice.page import read_notices
from processors.pages.clean_text import without_control_characters
from processors.pages.page import Page
from processors.pages.parse_result import Links, Reading, Record
from processors.register.page import PARSER_VERSION as REGISTER_VERSION
from processors.register.page import read_register
from processors.tables.layout import Layout
from processors.telegram.desktop_export import PARSER_VERSION as TELEGRAM_EXPORT_VERSION
from processors.telegram.desktop_export import read_telegram_export
from processors.telegram.layouts import LAYOUTS as TELEGRAM_LAYOUTS
from processors.telegram.page import read_telegram

__all__ = ["PARSERS", "Layout", "Links", "PageKind", "ParserVersion", "Reading", "Record", "read_page"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParserVersion:
    """A parser and the days of capture it is valid for, both ends included; None is open.

    When a site changes its layout, a new version is added from that day on and the old one keeps its fixture and
    gets a ``valid_until``, so that old captures stay readable. Telegram is one site and has had three layouts. The
    readers of news, lists and notices are for sites of any make: no site's day is theirs, and theirs are open.
    """

    kind: PageKind
    name: str
    read: Callable[[Page, Layout | None], Reading]
    valid_from: date | None = None
    valid_until: date | None = None

    def covers(self, day: date) -> bool:
        """Whether a page captured on this day is to be read by this version."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_until is None or day <= self.valid_until
        )


PARSERS: tuple[ParserVersion, ...] = (
    *(
        ParserVersion(
            kind="telegram",
            name=drawn.parser_version,
            read=partial(read_telegram, of_day=drawn),
            valid_from=drawn.valid_from,
            valid_until=drawn.valid_until,
        )
        for drawn in TELEGRAM_LAYOUTS
    ),
    ParserVersion(kind="telegram_export", name=TELEGRAM_EXPORT_VERSION, read=read_telegram_export),
    ParserVersion(kind="news", name=NEWS_VERSION, read=read_news),
    ParserVersion(kind="court_list", name=COURT_VERSION, read=read_court_list),
    ParserVersion(kind="register", name=REGISTER_VERSION, read=read_register),
    ParserVersion(kind="notice", name=NOTICE_VERSION, read=read_notices),
)


def parser_for(kind: PageKind, day: date) -> ParserVersion:
    """The one version of a kind that covers the day; raises ``LookupError`` where none or several do."""
    found = [parser for parser in PARSERS if parser.kind == kind and parser.covers(day)]
    if len(found) != 1:
        names = ", ".join(parser.name for parser in found) or "none"
        raise LookupError(f"parsers of {kind} for pages of {day.isoformat()}: expected one, found {names}")
    return found[0]


def read_page(page: Page, kind: PageKind, *, layout: Layout | None = None) -> Reading:
    """Read one captured page; only an outcome of content brings records."""
    return without_control_characters(parser_for(kind, page.captured_at.astimezone(UTC).date()).read(page, layout))
