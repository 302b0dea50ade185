"""A page of an official register: its table as entries.

The headings say which column is what, as declared or by the lexicon; what no field fits stays under its own
heading.
"""

from lxml import html

from processors.pages.court_json import json_table, load_json, row_lists
from processors.pages.court_page import next_pages
from processors.pages.grid import Grid, Row, read_grid
from processors.pages.headings import register_field
from processors.pages.layout import Layout
from processors.pages.markup import seen_text
from processors.pages.outcome import Outcome, Verdict, classify, open_page
from processors.pages.page import Page
from processors.pages.reading import Links, Reading
from processors.pages.register import RegisterEntry
from processors.pages.tables import html_tables
from processors.text import one_line

PARSER_VERSION = "register-1"
_FIELDS = ("number", "name", "born", "act", "decided_by", "decided_at", "in_force")


def read_register(page: Page, layout: Layout | None = None) -> Reading:
    """Read one page of a register."""
    opened = open_page(page)
    verdict = classify(page, opened)
    if verdict.outcome is not Outcome.CONTENT:
        return _reading(page, verdict, layout)
    links = Links()
    title = layout.register if layout is not None else None
    if page.body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        tables = [json_table(rows, page.url) for rows in row_lists(load_json(page))]
    elif opened.tree is None:
        tables = []
    else:
        tables = list(html_tables(opened.tree, page.url))
        title = title or _title(opened.tree)
        links = Links(next_pages=next_pages(opened.tree, page.url))
    grids = [grid for table in tables if (grid := read_grid(table, register_field, layout)) is not None]
    entries = tuple(_entry(row, page.url, title) for grid in grids for row in grid.rows)
    if not entries:
        reason = (
            "the register has headings and no rows"
            if grids
            else "no table of a register was understood on this page"
        )
        return _reading(page, Verdict(Outcome.EMPTY, reason), layout, links=links)
    return _reading(page, verdict, layout, records=entries, links=links, remarks=_remarks(grids))


def _title(tree: html.HtmlElement) -> str | None:
    texts = (one_line(seen_text(element)) for tag in ("h1", "h2", "title") for element in tree.iter(tag))
    return next((text for text in texts if text), None)


def _entry(row: Row, url: str, title: str | None) -> RegisterEntry:
    extra = {
        column.heading or "column": value for column, value in row.values if column.field not in _FIELDS and value
    }
    if row.sections:
        extra["section"] = row.sections[-1]
    return RegisterEntry(
        url=url,
        register=title,
        number_raw=row.text("number"),
        name_raw=row.text("name"),
        born_raw=row.text("born"),
        act_raw=row.text("act"),
        decided_by_raw=row.text("decided_by"),
        decided_at_raw=row.text("decided_at"),
        in_force_raw=row.text("in_force"),
        extra=extra,
    )


def _remarks(grids: list[Grid]) -> tuple[str, ...]:
    unknown = [
        column.heading for grid in grids for column in grid.columns if column.field is None and column.heading
    ]
    return ("columns no field fits, kept under their own heading: " + ", ".join(unknown),) if unknown else ()


def _reading(page: Page, verdict: Verdict, layout: Layout | None, **parts: object) -> Reading:
    return Reading(
        url=page.url,
        kind="register",
        outcome=verdict.outcome,
        outcome_reason=verdict.reason,
        layout=layout.name if layout is not None else ("guessed" if parts.get("records") else None),
        parser_version=PARSER_VERSION,
        **parts,  # type: ignore[arg-type]  # the fields of Reading by name
    )
