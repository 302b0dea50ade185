"""The tables of a page, whatever it is made of: HTML, JSON rows, or a document that was opened for it.

In: a page and, where the caller has it, its tree. Out: `PageTables`: tables with the headings and first lines
around them, or the reason why there are none. Pure; opening documents is `processors.documents.sandboxed_reader`'s
matter.
"""

from dataclasses import dataclass

from lxml import html

from processors.markup.html_tree import visible_text
from processors.markup.visibility import Seen, as_seen, hidden_in
from processors.pages.json_tables import json_table, load_json, row_lists
from processors.pages.outcome import ParsedPage, open_page
from processors.pages.page import Page
from processors.tables.document_type import document_type
from processors.tables.html_tables import html_tables
from processors.tables.table import Table
from processors.text import one_line, shortened

_FIRST_LINES = 12
_MOST_SHOWN = 10
_LONGEST_SHOWN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class PageTables:
    """Tables in page order. ``headings`` say what the page is; ``problem`` why nothing could be read."""

    tables: tuple[Table, ...] = ()
    headings: tuple[str, ...] = ()
    problem: str | None = None
    remarks: tuple[str, ...] = ()


def is_json(page: Page) -> bool:
    """Whether the page's bytes are JSON."""
    return page.document is None and page.body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")


def open_tree(page: Page) -> ParsedPage:
    """The page decoded and parsed; nothing to parse where a document was opened for it, or its bytes are one."""
    return ParsedPage("", None) if page.document is not None or document_type(page.body) else open_page(page)


def page_tables(page: Page, tree: html.HtmlElement | None) -> PageTables:
    """All tables of the page; its tree becomes what a reader sees (`processors.markup.visibility`)."""
    document = page.document
    if document is not None:
        lines = tuple(one_line(line) for line in document.text[:_FIRST_LINES] if len(line) < 300)
        return PageTables(
            tables=document.tables, headings=lines, problem=document.unread, remarks=document.remarks
        )
    if is_json(page):
        data = load_json(page)
        if data is None:
            return PageTables(problem="the JSON cannot be read")
        return PageTables(tables=tuple(json_table(rows, page.url) for rows in row_lists(data)))
    kind = document_type(page.body)
    if kind is not None:
        return PageTables(problem=f"a document ({kind}) that was not opened before it was read as a page")
    if tree is None:
        return PageTables()
    seen = as_seen(tree)
    texts = (one_line(visible_text(element)) for element in tree.iter("title", "h1", "h2", "h3", "h4", "h5"))
    return PageTables(
        tables=html_tables(tree, page.url),
        headings=tuple(text for text in texts if text),
        remarks=_about_hidden_rows(tree, seen),
    )


def _about_hidden_rows(tree: html.HtmlElement, seen: Seen) -> tuple[str, ...]:
    hidden = [
        words
        for note in tree.iter("template")
        if (parent := note.getparent()) is not None and parent.tag in ("table", "thead", "tbody", "tfoot")
        for words in hidden_in(note)
    ]
    more = f" and {len(hidden) - _MOST_SHOWN} more" if len(hidden) > _MOST_SHOWN else ""
    shown = "; ".join(repr(shortened(words, _LONGEST_SHOWN)) for words in hidden[:_MOST_SHOWN])
    found = [f"rows that the page hides were not read: {shown}{more}"] if hidden else []
    if seen.kept_rows:
        found.append(f"{seen.kept_rows} rows that the page hides until something shows them were read")
    return tuple(found)
