"""A page of an official register: its table as entries.

The headings say which column is what, as declared or by the lexicon; what no field fits stays under its own
heading.
"""

from lxml import html

from processors.markup.html_tree import visible_text
from processors.pages.list_links import document_links, next_pages
from processors.pages.outcome import Classification, Outcome, classify
from processors.pages.page import Page
from processors.pages.page_tables import open_tree, page_tables
from processors.pages.parse_result import Links, Reading
from processors.records.register_entry import RegisterEntry
from processors.records.struck import Struck
from processors.tables.column_names import register_field
from processors.tables.grid import read_grids
from processors.tables.grid_rows import Row, free_key, json_key
from processors.tables.layout import Layout
from processors.text import one_line

PARSER_VERSION = "register-4"
_FIELDS = ("number", "name", "born", "act", "decided_by", "decided_at", "in_force")


_KEYS = {name: f"{name}_raw" for name in _FIELDS}


def read_register(page: Page, layout: Layout | None = None) -> Reading:
    """Read one page of a register."""
    opened = open_tree(page)
    verdict = classify(page, opened)
    if verdict.outcome is not Outcome.CONTENT:
        return _reading(page, verdict, layout)
    # links lead on whether a reader sees them or not
    links = (
        Links(
            next_pages=next_pages(opened.tree, page.url, opened.encoding),
            documents=document_links(opened.tree, page.url, opened.encoding),
        )
        if opened.tree is not None
        else Links()
    )
    source = page_tables(page, opened.tree)
    if source.problem is not None:
        return _reading(page, Classification(Outcome.EMPTY, source.problem), layout)
    declared = layout.register if layout is not None else None
    title = declared or (_title(opened.tree) if opened.tree is not None else _first(source.headings))
    grids = read_grids(source.tables, register_field, layout)
    title = title or _first(tuple(line for grid in grids for line in grid.before))
    entries = tuple(_entry(row, page.url, title) for grid in grids for row in grid.rows)
    remarks = (*source.remarks, *(remark for grid in grids for remark in grid.remarks))
    if not entries:
        reason = (
            "the register has headings and no rows"
            if grids
            else "no table of a register was understood on this page"
        )
        return _reading(page, Classification(Outcome.EMPTY, reason), layout, links=links)
    return _reading(
        page,
        verdict,
        layout,
        records=entries,
        links=links,
        remarks=remarks,
    )


def _first(headings: tuple[str, ...]) -> str | None:
    return next((heading for heading in headings if any(letter.isalpha() for letter in heading)), None)


def _title(tree: html.HtmlElement) -> str | None:
    texts = (one_line(visible_text(element)) for tag in ("h1", "h2", "title") for element in tree.iter(tag))
    return next((text for text in texts if text), None)


def _entry(row: Row, url: str, title: str | None) -> RegisterEntry:
    extra = row.unfitted(_FIELDS)
    for column, link in row.links:
        extra[free_key(extra, f"{column.key} (link)")] = link.url
    if row.sections:
        extra[free_key(extra, "section")] = row.sections[-1]
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
        struck=tuple(Struck(field=json_key(column, _KEYS, _FIELDS), text=words) for column, words in row.struck),
        remarks=row.remarks,
    )


def _reading(page: Page, verdict: Classification, layout: Layout | None, **parts: object) -> Reading:
    return Reading(
        url=page.url,
        kind="register",
        outcome=verdict.outcome,
        outcome_reason=verdict.reason,
        layout=layout.name if layout is not None else ("guessed" if parts.get("records") else None),
        parser_version=PARSER_VERSION,
        **parts,  # type: ignore[arg-type]  # the fields of Reading by name
    )
