"""A page of a court's list: its tables or JSON as hearings, and the list's other pages.

In: a `Page` and perhaps a declared `Layout`. Out: a `Reading`. A list that is there and empty is ``empty``; a
page on which no list is understood is ``empty`` with a reason that says so, never a quiet success.
"""

import re
from datetime import tzinfo
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from lxml import html

from processors.pages.court_json import json_hearings
from processors.pages.court_list import Hearing
from processors.pages.court_rows import Surroundings, court_in, day_in, hearings, instance_in
from processors.pages.grid import Grid, read_grid
from processors.pages.headings import hearing_field
from processors.pages.layout import Layout
from processors.pages.markup import attribute, seen_text
from processors.pages.outcome import Outcome, Verdict, classify, open_page
from processors.pages.page import Page
from processors.pages.reading import Links, Reading
from processors.pages.tables import html_tables
from processors.pages.zones import zone_of_country
from processors.text import one_line
from processors.urls import absolute, host_of

PARSER_VERSION = "court-list-1"
_NOTHING = re.compile(
    r"(?:не назначен|не найден|нет (?:дел|назначенных|данных|записей)|ничего не найдено|не прызначан"
    r"|няма (?:спраў|запісаў|дадзеных)"
    r"|не знойдзена|не призначен|немає (?:справ|даних|записів)|не знайдено|no (?:hearings|cases|results"
    r"|records|information)"
    r"|nothing (?:found|listed)|brak (?:spraw|wyników|wokand))[^.]{0,80}",
    re.IGNORECASE,
)
_NEXT = re.compile(
    r"^(?:\d{1,4}|>{1,2}|»|›|→|next(?: page)?|дал(?:ее|ей|і)|след(?:ующая|\.)?(?: страница)?|вперед"
    r"|наступная(?: старонка)?|наступна(?: сторінка)?"
    r"|następna|dalej)\s*[>»›→]?$",
    re.IGNORECASE,
)


def read_court_list(page: Page, layout: Layout | None = None) -> Reading:
    """Read one page of a court's list."""
    if page.body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        return _from_json(page, layout)
    opened = open_page(page)
    verdict = classify(page, opened)
    if opened.tree is None or verdict.outcome is not Outcome.CONTENT:
        return _reading(page, verdict, layout)
    tree = opened.tree
    held = list(tree.iter())
    tables = html_tables(tree, page.url)
    grids = [grid for table in tables if (grid := read_grid(table, hearing_field, layout)) is not None]
    headings = _headings(tree)
    found: list[Hearing] = []
    remarks: list[str] = []
    for grid in grids:
        rows, notes = hearings(grid, _surroundings(page, grid, headings, layout))
        found += rows
        remarks += notes
    links = Links(
        next_pages=next_pages(tree, page.url),
        documents=tuple(dict.fromkeys(document.url for hearing in found for document in hearing.documents)),
    )
    held.clear()
    if not found:
        return _reading(page, _nothing(tree, bool(grids)), layout, links=links)
    return _reading(
        page, verdict, layout, records=tuple(found), links=links, remarks=tuple(dict.fromkeys(remarks))
    )


def _from_json(page: Page, layout: Layout | None) -> Reading:
    verdict = classify(page)
    if verdict.outcome is not Outcome.CONTENT:
        return _reading(page, verdict, layout)
    found, remarks = json_hearings(page, layout, _zone(page, layout))
    if not found:
        reason = remarks[0] if remarks else "the JSON lists no hearing"
        return _reading(page, Verdict(Outcome.EMPTY, reason), layout)
    return _reading(page, verdict, layout, records=tuple(found), remarks=tuple(remarks))


def _headings(tree: html.HtmlElement) -> tuple[str, ...]:
    texts = (one_line(seen_text(element)) for element in tree.iter("title", "h1", "h2", "h3", "h4", "h5"))
    return tuple(text for text in texts if text)


def _surroundings(page: Page, grid: Grid, headings: tuple[str, ...], layout: Layout | None) -> Surroundings:
    day = day_in(grid.before) or day_in(headings)
    declared = layout.court if layout is not None else None
    return Surroundings(
        url=page.url,
        court=declared or court_in((*headings, *grid.before)),
        instance=instance_in((*headings, *grid.before)),
        day=day[0] if day else None,
        day_raw=day[1] if day else None,
        zone=_zone(page, layout),
    )


def _zone(page: Page, layout: Layout | None) -> tzinfo | None:
    """The declared zone, else that of a country with one zone only; several zones and no declaration: unknown."""
    if layout is not None and layout.timezone:
        try:
            return ZoneInfo(layout.timezone)
        except (ZoneInfoNotFoundError, ValueError):
            return None
    return zone_of_country(host_of(page.url))


def _nothing(tree: html.HtmlElement, understood: bool) -> Verdict:
    said = _NOTHING.search(seen_text(tree))
    if said:
        return Verdict(Outcome.EMPTY, f"the list is empty: {one_line(said.group())!r}")
    if understood:
        return Verdict(Outcome.EMPTY, "the list has headings and no rows")
    return Verdict(
        Outcome.EMPTY,
        "no table of hearings was understood on this page: its headings fit no known or declared column",
    )


def next_pages(tree: html.HtmlElement, url: str) -> tuple[str, ...]:
    """Other pages of the same list: links that look like page numbers or "next" and stay on the same path."""
    here = urlsplit(url)
    found: dict[str, None] = {}
    for link in tree.iter("a", "link"):
        target = absolute(url, attribute(link, "href") or "")
        if target is None:
            continue
        there = urlsplit(target)
        relation = (attribute(link, "rel") or "").lower().split()
        if there.hostname != here.hostname or target.partition("#")[0] == url.partition("#")[0]:
            continue
        words = one_line(seen_text(link)) or attribute(link, "title") or attribute(link, "aria-label") or ""
        if "next" in relation or (link.tag == "a" and _NEXT.match(words) and _same_list(url, target)):
            found.setdefault(target.partition("#")[0])
    return tuple(found)


def _same_list(url: str, target: str) -> bool:
    """The same path with another query, or paths that differ in one number."""
    here, there = urlsplit(url), urlsplit(target)
    if here.path.lstrip("./") == there.path.lstrip("./") or there.path.endswith(
        here.path.rpartition("/")[2] or "\n"
    ):
        changed = set(parse_qsl(here.query)) ^ set(parse_qsl(there.query))
        return bool(changed)
    without = re.sub(r"\d+", "", there.path).strip("/")
    return without == re.sub(r"\d+", "", here.path).strip("/") or re.sub(
        r"/?page/?$", "", without
    ) == here.path.strip("/")


def _reading(page: Page, verdict: Verdict, layout: Layout | None, **parts: object) -> Reading:
    return Reading(
        url=page.url,
        kind="court_list",
        outcome=verdict.outcome,
        outcome_reason=verdict.reason,
        layout=layout.name if layout is not None else ("guessed" if parts.get("records") else None),
        parser_version=PARSER_VERSION,
        **parts,  # type: ignore[arg-type]  # the fields of Reading by name
    )
