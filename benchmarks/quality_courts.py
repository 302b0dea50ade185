"""Court lists against LETAPIS_REALDATA/courts: rows found and fields right."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from processors.pages.page import Page
from processors.parsing.parser_versions import read_page
from processors.records.hearing import Hearing

CAPTURED = datetime(2026, 8, 12, tzinfo=UTC)


def sudrf(folder: Path) -> Iterator[tuple[str, bool, Any, Any]]:
    """(field, right, expected, found) for every field of every row of the Russian list."""
    gold = json.loads((folder / "ru-sudrf/case-list-criminal.gold.json").read_text(encoding="utf-8"))
    body = (folder / "ru-sudrf/case-list-criminal.html").read_bytes()
    url = "https://2zovs.msk.sudrf.ru/modules.php?name=sud_delo&srv_num=1&name_op=r"
    reading = read_page(Page(url, body, CAPTURED, 200, "text/html; charset=windows-1251"), "court_list")
    rows = [record for record in reading.records if isinstance(record, Hearing)]
    yield "rows", len(rows) == len(gold["records"]), len(gold["records"]), len(rows)
    yield (
        "next pages",
        any("page=2&" in link for link in reading.links.next_pages),
        "page=2",
        reading.links.next_pages,
    )
    for expected, row in zip(gold["records"], rows, strict=False):
        yield "court", row.court == gold["court"], gold["court"], row.court
        yield "instance", row.instance_raw == gold["section"], gold["section"], row.instance_raw
        yield "case_number", row.case_number == expected["case_number"], expected["case_number"], row.case_number
        yield "judge", row.judge == expected["judge"], expected["judge"], row.judge
        yield "charges", row.charges_raw == expected["articles"], expected["articles"], row.charges_raw
        hidden = row.parties_raw == "<Информация скрыта>"
        yield "parties", hidden == expected["defendant_hidden"], expected["defendant"], row.parties_raw
        received = row.extra.get("Дата поступления")
        yield "received", received == expected["received"], expected["received"], received
        yield "verdict", row.verdict_raw == expected["decision"], expected["decision"], row.verdict_raw
        linked = any(f"case_id={expected['case_id']}" in document.url for document in row.documents)
        yield "document", linked, expected["case_id"], row.documents


def hmcts(folder: Path) -> Iterator[tuple[str, int, int, int, int]]:
    """(file, cases named in it, hearings read, of these with a court, with a start) for the production schemas."""
    for path in sorted((folder / "uk-hmcts-json").glob("*.json")):
        body = path.read_bytes()
        url = "https://www.court-tribunal-hearings.service.gov.uk/list"
        reading = read_page(Page(url, body, CAPTURED, 200, "application/json"), "court_list")
        rows = [record for record in reading.records if isinstance(record, Hearing)]
        named = set(_case_numbers(json.loads(body)))
        found = {row.case_number for row in rows if row.case_number}
        yield path.name, len(named), len(named & found), len(rows), sum(1 for row in rows if row.starts_at)


def _case_numbers(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if (
                key in ("caseNumber", "CaseNumber", "caseUrn")
                and isinstance(value, str | int)
                and str(value).strip()
            ):
                yield " ".join(str(value).split())
            elif key != "LinkedCases":
                yield from _case_numbers(value)
    elif isinstance(node, list):
        for item in node:
            yield from _case_numbers(item)


def measure(folder: Path) -> dict[str, Any]:
    """All figures of the court lists."""
    rows = list(sudrf(folder))
    lists = list(hmcts(folder))
    return {
        "sudrf_fields": len(rows),
        "sudrf_right": sum(row[1] for row in rows),
        "sudrf_wrong": [row for row in rows if not row[1]],
        "hmcts_lists": len(lists),
        "hmcts_cases": sum(row[1] for row in lists),
        "hmcts_cases_found": sum(row[2] for row in lists),
        "hmcts_hearings": sum(row[3] for row in lists),
        "hmcts_missing": [row for row in lists if row[2] < row[1] or not row[3]],
    }
