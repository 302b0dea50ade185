"""Court lists published as JSON: plain lists of rows, and HMCTS lists whose facts stand at several depths.

In: a `Page` holding JSON (or one object a line). Out: hearings and remarks. Rows are read by the words of their
keys, as tables are by their headings. HMCTS: a case takes court, room, judges and start from the objects around
it. Source: schemas of hmcts/pip-data-management, revision b762605948f3 (2026-11). Never raises.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import tzinfo
from typing import Any

from processors.court_list.hmcts import hmcts_hearings, is_hmcts
from processors.court_list.rows import HEARD_WITHIN_YEARS, TableContext, hearings
from processors.pages.json_tables import json_table, load_json, row_lists
from processors.pages.labelled_lines import SAID_ONCE
from processors.pages.page import Page
from processors.pages.timezones import country_of, writes_month_first
from processors.records.hearing import Hearing
from processors.tables.column_names import hearing_field
from processors.tables.grid import read_grid
from processors.tables.layout import Layout
from processors.text import one_line
from processors.urls import host_of


def json_hearings(page: Page, layout: Layout | None, zone: tzinfo | None) -> tuple[list[Hearing], list[str]]:
    """All hearings that the JSON lists."""
    data = load_json(page)
    if data is None:
        return [], ["the JSON cannot be read"]
    if is_hmcts(data):
        return hmcts_hearings(data, page.url)
    found: list[Hearing] = []
    remarks: list[str] = []
    around = TableContext(
        url=page.url,
        court=layout.court if layout else None,
        instance=None,
        day=None,
        day_raw=None,
        zone=zone,
        language="en" if writes_month_first(host_of(page.url)) else None,
        country=country_of(host_of(page.url)),
        latest_year=page.captured_at.year + HEARD_WITHIN_YEARS,
    )
    once = _shared_fields(data)
    for rows in row_lists(data):
        grid = read_grid(json_table(rows, page.url), hearing_field, layout)
        if grid is not None:
            numbered = any(column.field == "case_number" for column in grid.columns)
            some, notes = hearings(grid, around if numbered else replace(around, shared_fields=once))
            found += some
            remarks += notes
    return found, list(dict.fromkeys(remarks)) if found else ["no list of hearings was understood in the JSON"]


def _shared_fields(data: Any) -> Mapping[str, str]:
    """What the outermost object says of all its rows: the case they belong to, its court and judge."""
    found: dict[str, set[str]] = {}
    for key, value in data.items() if isinstance(data, dict) else ():
        field = hearing_field(str(key))
        if field in SAID_ONCE and isinstance(value, str | int) and (text := one_line(str(value))):
            found.setdefault(field, set()).add(text)
    return {field: values.pop() for field, values in found.items() if len(values) == 1}
