"""Pages of wanted persons: lists as cards, tables or JSON, and pages of one person.

In: a `Page`. Out: a `Reading` with a ``WantedPerson`` for each card or row that tells of somebody, or for the one
person whom the page is about. Cards that show a name and a picture alone bring no record but the link to the page
that tells more. Rules are for pages of any make; a page on which nothing names a wanted person is empty, with the
reason.
"""

import re
from collections.abc import Iterable
from typing import Final

from lxml import html

from processors.markup.html_tree import attribute, visible_text
from processors.pages.json_tables import load_json
from processors.pages.list_links import document_links, next_pages
from processors.pages.outcome import Classification, Outcome, ParsedPage, classify
from processors.pages.page import Page
from processors.pages.page_tables import PageTables, is_json, open_tree, page_tables
from processors.pages.parse_result import Links, Reading
from processors.pages.timezones import zone_of_layout
from processors.tables.column_names import heading_form
from processors.tables.grid import Grid, read_grids
from processors.tables.grid_rows import Row
from processors.tables.layout import Layout
from processors.text import one_line
from processors.urls import resolve
from processors.wanted_list.entries import Cards, Entry, FieldOf, page_cards, page_entry, photos_in
from processors.wanted_list.json_entries import json_entries, next_of_json
from processors.wanted_list.labels import wanted_field
from processors.wanted_list.person import facts_of, person_of

PARSER_VERSION: Final = "wanted-list-2"

_LEAST_FACTS: Final = 2
_NAMES: Final = frozenset(("name", "surname"))
_SPEAKS_OF_WANTED: Final = re.compile(
    r"wanted|fugitive|red notice|розыск|разыскива|вышук|розшук|poszukiw|преступник|подозреваем", re.IGNORECASE
)
_AUTHORITY: Final = re.compile(
    r"(?<![^\W\d_])(?:мвд|мус|мвс|кгб|кдб|сбу|гувд|увд|гуус|міністэрств\w*|министерств\w*"
    r"|міністерств\w*|поліці\w*|полици\w*"
    r"|міліцы\w*|милици\w*|следственн\w+ комитет\w*|следч\w+ камітэт\w*|упраўленн\w*|управлени\w*"
    r"|управління|interpol"
    r"|інтэрпол\w*|інтерпол\w*|интерпол\w*|police|policja|bureau|agency|fbi|europol|ministry"
    r"|prosecutor\w*|суд)(?![^\W\d_])",
    re.IGNORECASE,
)
_APART: Final = re.compile(r"\s[—–|-]\s|\s*\|\s*|:\s")
_LONGEST_ISSUER: Final = 120


def read_wanted_list(page: Page, layout: Layout | None = None) -> Reading:
    """Read one page of a list of wanted persons."""
    opened = open_tree(page)
    verdict = classify(page, opened)
    if verdict.outcome is not Outcome.CONTENT:
        return _reading(page, verdict, layout)
    # links lead on whether a reader sees them or not
    next_urls = _next_pages(page, opened)
    tree = opened.tree
    documents = () if tree is None else document_links(tree, page.url, opened.encoding)
    source = page_tables(page, opened.tree)
    if source.problem is not None:
        return _reading(page, Classification(Outcome.EMPTY, source.problem), layout)
    field_of = _field_of(layout)
    entries, onward, remarks = _entries(page, opened.tree, source, layout, field_of)
    issuer = _issuer(source.headings, opened.tree)
    zone = zone_of_layout(layout, page.url)
    persons = tuple(
        person
        for entry in entries
        if (
            person := person_of(
                entry,
                page_url=page.url,
                captured_on=page.captured_at.date(),
                issuer=issuer,
                zone=zone,
                field_of=field_of,
            )
        )
        is not None
    )
    if len(persons) < len(entries):
        remarks = (*remarks, f"{len(entries) - len(persons)} of {len(entries)} entries name no person")
    photos = (photo for person in persons for photo in person.photos)
    links = Links(
        next_pages=next_urls,
        articles=_to_fetch(onward, page.url, opened.encoding),
        media=_to_fetch(photos, page.url, opened.encoding),
        documents=documents,
    )
    if not persons and not onward:
        reason = "no wanted person was understood on this page"
        return _reading(page, Classification(Outcome.EMPTY, reason), layout, links=links, remarks=remarks)
    return _reading(page, verdict, layout, records=persons, links=links, remarks=(*source.remarks, *remarks))


def _entries(
    page: Page,
    tree: html.HtmlElement | None,
    source: PageTables,
    layout: Layout | None,
    field_of: FieldOf,
) -> tuple[tuple[Entry, ...], tuple[str, ...], tuple[str, ...]]:
    """Entries that tell of somebody, pages of those of whom only a name is shown, and remarks."""
    if is_json(page):
        return json_entries(load_json(page), page.url, field_of), (), ()
    grids = [grid for grid in read_grids(source.tables, field_of, layout) if grid.across and _names_persons(grid)]
    if grids:
        photos = _photos_of_rows(tree, page.url)
        return tuple(_of_row(row, photos) for grid in grids for row in grid.rows), (), ()
    if tree is None:
        return (), (), ()
    cards = page_cards(tree, page.url, field_of)
    complete_entries = tuple(entry for entry in cards.entries if _is_whole_entry(entry, field_of))
    bare = (
        [entry for entry in cards.entries if entry not in complete_entries] if _is_of_wanted(page, source) else []
    )
    onward = tuple(dict.fromkeys(entry.url for entry in bare if entry.url is not None))
    nameless = tuple(entry for entry in bare if entry.url is None and entry.photos)
    one = _one_person(page, tree, cards, field_of)
    if one is not None:
        return (one,), onward, ()
    remarks = [] if cards.complete else ["the page is too large to be examined whole"]
    if cards.missed and (complete_entries or nameless or onward):
        remarks.append(f"{cards.missed} of {cards.missed + len(cards.entries)} entries were not understood")
    return (*complete_entries, *nameless), onward, tuple(remarks)


def _is_whole_entry(entry: Entry, field_of: FieldOf) -> bool:
    """Whether a card holds enough facts to be an entry by itself."""
    facts = facts_of(entry, field_of)
    return len(facts) >= _LEAST_FACTS or (bool(facts) and entry.url is None)


def _one_person(page: Page, tree: html.HtmlElement, cards: Cards, field_of: FieldOf) -> Entry | None:
    entry = page_entry(tree, page.url, field_of, cards.elements)
    if entry is None or len(facts_of(entry, field_of)) < _LEAST_FACTS:
        return None
    entry.url = page.url
    return entry


def _is_of_wanted(page: Page, source: PageTables) -> bool:
    return any(_SPEAKS_OF_WANTED.search(text) for text in (page.url, *source.headings))


def _names_persons(grid: Grid) -> bool:
    return any(column.field in _NAMES for column in grid.columns)


def _of_row(row: Row, photos: dict[str, tuple[str, ...]]) -> Entry:
    labelled = [(column.heading or column.key, value) for column, value in row.values if value]
    labelled += [(f"{column.key} (comment)", comment) for column, comment in row.comments]
    if row.sections:
        labelled.append(("section", row.sections[-1]))
    url = next((link.url for column, link in row.links if column.field in _NAMES), None)
    found = next(
        (photos[one_line(value)] for name in _NAMES for _, value in row.all(name) if one_line(value) in photos), ()
    )
    return Entry(
        facts=labelled,
        url=url,
        photos=found,
        struck=[(column.heading or column.key, words) for column, words in row.struck],
        crossed_out=row.crossed_out,
        remarks=list(row.remarks),
    )


def _photos_of_rows(tree: html.HtmlElement | None, base: str) -> dict[str, tuple[str, ...]]:
    """Pictures in rows of tables, by the text of each cell beside them that no other row has."""
    found: dict[str, tuple[str, ...]] = {}
    often: set[str] = set()
    for row in tree.iter("tr") if tree is not None else ():
        photos = photos_in(row, base)
        for cell in row if photos else ():
            text = one_line(visible_text(cell)) if cell.tag in ("td", "th") else ""
            if text in found:
                often.add(text)
            elif text:
                found[text] = photos
    return {text: photos for text, photos in found.items() if text not in often}


def _field_of(layout: Layout | None) -> FieldOf:
    columns = {} if layout is None else layout.columns
    declared = {heading_form(heading): name for name, headings in columns.items() for heading in headings}
    return lambda label: declared.get(heading_form(label)) or wanted_field(label)


def _issuer(headings: tuple[str, ...], tree: html.HtmlElement | None) -> str | None:
    """The site's own name where it is an authority's, else the first part of a heading that names one."""
    site = [
        content
        for meta in (tree.iter("meta") if tree is not None else ())
        if (meta.get("property") or meta.get("name")) in ("og:site_name", "application-name")
        and (content := attribute(meta, "content"))
    ]
    for text in (*site, *headings):
        for part in _APART.split(text):
            named = _AUTHORITY.search(part) and not _SPEAKS_OF_WANTED.search(part)
            if 2 < len(part) < _LONGEST_ISSUER and named:
                return one_line(part)
    return None


def _next_pages(page: Page, opened: ParsedPage) -> tuple[str, ...]:
    if is_json(page):
        return next_of_json(load_json(page), page.url)
    return () if opened.tree is None else next_pages(opened.tree, page.url, opened.encoding)


def _to_fetch(urls: Iterable[str], base: str, encoding: str) -> tuple[str, ...]:
    """The addresses that a browser would ask for, each once."""
    addresses = (resolve(base, url, encoding) for url in urls)
    return tuple(dict.fromkeys(address for address in addresses if address is not None))


def _reading(page: Page, verdict: Classification, layout: Layout | None, **parts: object) -> Reading:
    return Reading(
        url=page.url,
        kind="wanted_list",
        outcome=verdict.outcome,
        outcome_reason=verdict.reason,
        layout=layout.name if layout is not None else ("guessed" if parts.get("records") else None),
        parser_version=PARSER_VERSION,
        **parts,  # type: ignore[arg-type]  # the fields of Reading by name
    )
