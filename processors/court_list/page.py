"""A page of a court's list: its tables, JSON or document as hearings, and the list's other pages.

In: a `Page` and perhaps a declared `Layout`. Out: a `Reading`. A list that is there and empty is ``empty``; a
page on which no list is understood is ``empty`` with a reason that says so, never a quiet success.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from lxml import html

from processors.court_list import docket
from processors.court_list.cards import NUMBER_LABEL, card_table
from processors.court_list.docket import case_of_docket, docket_hearings
from processors.court_list.json_lists import json_hearings
from processors.court_list.rows import HEARD_WITHIN_YEARS, TableContext, court_in, day_in, hearings, instance_in
from processors.court_list.text_blocks import REMARK, block_hearings, feed_hearings, is_feed
from processors.markup.html_tree import INNER_MARK, crossed_out_apart, visible_text
from processors.markup.link_base import addresses_by_wording
from processors.pages.labelled_lines import labelled
from processors.pages.list_links import document_links, next_pages
from processors.pages.outcome import Classification, Outcome, classify
from processors.pages.page import Page
from processors.pages.page_tables import PageTables, is_json, open_tree, page_tables
from processors.pages.parse_result import Links, Reading
from processors.pages.timezones import country_of, writes_month_first, zone_of_layout
from processors.records.hearing import Hearing
from processors.tables.column_names import hearing_field
from processors.tables.grid import Grid, read_grid, read_grids
from processors.tables.layout import Layout
from processors.text import one_line
from processors.urls import host_of, resolve

PARSER_VERSION = "court-list-4"
CARDS = "the page has no table: rows were told by lines of a label and a value"
_OF_HEARINGS = frozenset(
    ("case_number", "parties", "starts", "date", "time", "judge", "panel", "room", "hearing_kind", "verdict")
)
_SPEAKS_OF_DOCKET = re.compile(r"docket|case history|history/documents", re.IGNORECASE)
_NOTHING = re.compile(
    r"(?:не назначен|не найден|нет (?:дел|назначенных|данных|записей)|ничего не найдено|не прызначан"
    r"|няма (?:спраў|запісаў|дадзеных)"
    r"|не знойдзена|не призначен|немає (?:справ|даних|записів)|не знайдено|no (?:hearings|cases|results"
    r"|records|information)"
    r"|nothing (?:found|listed)|brak (?:spraw|wyników|wokand))[^.]{0,80}",
    re.IGNORECASE,
)


def read_court_list(page: Page, layout: Layout | None = None) -> Reading:
    """Read one page of a court's list."""
    if is_json(page):
        return _from_json(page, layout)
    opened = open_tree(page)
    verdict = classify(page, opened)
    if verdict.outcome is not Outcome.CONTENT:
        return _reading(page, verdict, layout)
    tree = opened.tree
    held = list(tree.iter()) if tree is not None else []
    # links lead on whether a reader sees them or not
    next_urls = next_pages(tree, page.url, opened.encoding) if tree is not None else ()
    beside = document_links(tree, page.url, opened.encoding) if tree is not None else ()
    source = page_tables(page, tree)
    grids = tuple(filter(_names_hearings, read_grids(source.tables, hearing_field, layout)))
    found: list[Hearing] = []
    remarks: list[str] = list(source.remarks)
    if not grids and source.problem is None:
        found = docket_hearings(source.tables, _lines(page, tree), page.url, court_in(source.headings))
        remarks += [docket.REMARK] if found else []
    if not grids and not found and source.problem is None:
        blocks = _without_table(page, tree, source, layout)
        cards = _cards(page, tree, layout, labelled_only=bool(blocks))
        grids, found = (cards, []) if cards else ((), blocks)
        remarks += [CARDS] if cards else [REMARK] if blocks else []
    once = {} if all(map(_has_numbers, grids)) else labelled(_valid(_lines(page, tree)), hearing_field)
    for grid in grids:
        rows, notes = hearings(grid, _surroundings(page, grid, source.headings, layout, once))
        found += rows
        remarks += notes
    papers = tuple(document.url for hearing in found for document in hearing.documents)
    worded = addresses_by_wording(tree, page.url, opened.encoding) if tree is not None and papers else {}
    addresses = (worded.get(paper) or resolve(page.url, paper, opened.encoding) for paper in papers)
    links = Links(
        next_pages=next_urls,
        documents=tuple(dict.fromkeys((*filter(None, addresses), *beside))),
    )
    held.clear()
    if not found:
        of_case = (
            case_of_docket(_lines(page, tree)) if _SPEAKS_OF_DOCKET.search(" ".join(source.headings)) else None
        )
        why = _nothing(tree, source, understood=bool(grids), documents=len(links.documents), of_case=of_case)
        return _reading(page, why, layout, links=links, remarks=tuple(dict.fromkeys(remarks)))
    return _reading(
        page, verdict, layout, records=tuple(found), links=links, remarks=tuple(dict.fromkeys(remarks))
    )


def _from_json(page: Page, layout: Layout | None) -> Reading:
    verdict = classify(page)
    if verdict.outcome is not Outcome.CONTENT:
        return _reading(page, verdict, layout)
    found, remarks = json_hearings(page, layout, zone_of_layout(layout, page.url))
    if not found:
        reason = remarks[0] if remarks else "the JSON lists no hearing"
        return _reading(page, Classification(Outcome.EMPTY, reason), layout)
    return _reading(page, verdict, layout, records=tuple(found), remarks=tuple(remarks))


def _surroundings(
    page: Page, grid: Grid, headings: tuple[str, ...], layout: Layout | None, shared_fields: Mapping[str, str]
) -> TableContext:
    day = day_in(grid.before) or day_in(headings)
    declared = layout.court if layout is not None else None
    return TableContext(
        url=page.url,
        court=declared or court_in((*headings, *grid.before)),
        instance=instance_in((*headings, *grid.before)),
        day=day[0] if day else None,
        day_raw=day[1] if day else None,
        zone=zone_of_layout(layout, page.url),
        language="en" if writes_month_first(host_of(page.url)) else None,
        country=country_of(host_of(page.url)),
        latest_year=page.captured_at.year + HEARD_WITHIN_YEARS,
        shared_fields={} if _has_numbers(grid) else shared_fields,
    )


def _names_hearings(grid: Grid) -> bool:
    """Whether a column says which case, when or before whom: a table of papers and prices is no list."""
    return any(column.field in _OF_HEARINGS for column in grid.columns)


def _cards(
    page: Page, tree: html.HtmlElement | None, layout: Layout | None, *, labelled_only: bool
) -> tuple[Grid, ...]:
    if page.document is None and is_feed(page.body):
        return ()
    table = card_table(_lines(page, tree), hearing_field)
    grid = read_grid(table, hearing_field, layout) if table is not None else None
    if grid is None or not grid.rows:
        return ()
    recognised_by_look = any(column.heading == NUMBER_LABEL for column in grid.columns)
    return () if labelled_only and recognised_by_look else (grid,)


def _has_numbers(grid: Grid) -> bool:
    return any(column.field == "case_number" for column in grid.columns)


def _without_table(
    page: Page, tree: html.HtmlElement | None, source: PageTables, layout: Layout | None
) -> list[Hearing]:
    zone = zone_of_layout(layout, page.url)
    language = "en" if writes_month_first(host_of(page.url)) else None
    if page.document is None and is_feed(page.body):
        return feed_hearings(page, zone, language)
    return block_hearings(page, tuple(_lines(page, tree)), source.headings, zone, language)


def _lines(page: Page, tree: html.HtmlElement | None) -> Iterable[str]:
    if page.document is not None:
        return page.document.text
    return visible_text(tree, mark=INNER_MARK).split("\n") if tree is not None else ()


def _valid(lines: Iterable[str]) -> Iterator[str]:
    """The lines without what is crossed out."""
    return (crossed_out_apart(line)[0] for line in lines)


def _nothing(
    tree: html.HtmlElement | None, source: PageTables, *, understood: bool, documents: int, of_case: str | None
) -> Classification:
    if source.problem is not None:
        return Classification(Outcome.EMPTY, source.problem)
    text = visible_text(tree) if tree is not None else "\n".join(source.headings)
    nothing_listed = _NOTHING.search(text)
    if nothing_listed:
        return Classification(Outcome.EMPTY, f"the list is empty: {one_line(nothing_listed.group())!r}")
    if of_case is not None:
        return Classification(Outcome.EMPTY, f"the page is the docket of case {of_case} and lists no entry of it")
    if understood:
        return Classification(Outcome.EMPTY, "the list has headings and no rows")
    if documents and not any(len(table.rows) > 2 and len(table.rows[0]) > 2 for table in source.tables):
        return Classification(
            Outcome.CONTENT, f"the page itself lists no hearings; it hands out {documents} documents"
        )
    thing = "page" if tree is not None else "document"
    return Classification(
        Outcome.EMPTY,
        f"no table of hearings was understood on this {thing}: its headings fit no known or declared column",
    )


def _reading(page: Page, verdict: Classification, layout: Layout | None, **parts: object) -> Reading:
    return Reading(
        url=page.url,
        kind="court_list",
        outcome=verdict.outcome,
        outcome_reason=verdict.reason,
        layout=layout.name if layout is not None else ("guessed" if parts.get("records") else None),
        parser_version=PARSER_VERSION,
        **parts,  # type: ignore[arg-type]  # the fields of Reading by name
    )
