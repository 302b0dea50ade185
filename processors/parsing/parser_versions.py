"""Chooses the parser for a page: by kind, and by the day of capture among a kind's versions."""

from datetime import UTC, date

from processors.kind_declaration import PageKind, ParserVersion
from processors.kinds import KINDS
from processors.pages.clean_text import without_control_characters
from processors.pages.page import Page
from processors.pages.parse_result import Links, Reading, Record
from processors.parsing.record_names import with_names
from processors.tables.layout import Layout

__all__ = ["Layout", "Links", "PageKind", "ParserVersion", "Reading", "Record", "parser_versions", "read_page"]


def parser_versions() -> tuple[ParserVersion, ...]:
    """Every parser version of every kind, in the order of the table of kinds."""
    return tuple(version for kind in KINDS.values() for version in kind.parsers())


def parser_for(kind: PageKind, day: date) -> ParserVersion:
    """The one version of a kind that covers the day; raises ``LookupError`` where none or several do."""
    found = [parser for parser in parser_versions() if parser.kind == kind and parser.covers(day)]
    if len(found) != 1:
        names = ", ".join(parser.name for parser in found) or "none"
        raise LookupError(f"parsers of {kind} for pages of {day.isoformat()}: expected one, found {names}")
    return found[0]


def read_page(page: Page, kind: PageKind, *, layout: Layout | None = None) -> Reading:
    """Read one captured page; only an outcome of content brings records."""
    parser = parser_for(kind, page.captured_at.astimezone(UTC).date())
    return with_names(without_control_characters(parser.read(page, layout)))
