"""Page in, records out: one test per stored page, and every parser version has one."""

import json
from pathlib import Path

import pytest

from processors.pages.select import PARSERS
from tests.processors.pages.stored_pages import FIXTURES, read_case, said

CASES = sorted(path for path in FIXTURES.iterdir() if path.is_dir())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_stored_page_says_what_a_person_read_on_it(case: Path) -> None:
    expected = json.loads((case / "expected.json").read_text(encoding="utf-8"))
    assert expected.pop("read_by_a_person"), f"{case.name}: read expected.json against the page, then say so in it"
    found = json.loads(json.dumps(said(read_case(case))))
    for field in expected.keys() | found.keys():
        assert found.get(field) == expected.get(field), f"{case.name}: {field}"


def test_every_parser_version_has_a_stored_page() -> None:
    read = {
        json.loads((case / "expected.json").read_text(encoding="utf-8"))["parser_version"]
        for case in CASES
        if json.loads((case / "expected.json").read_text(encoding="utf-8")).get("records")
    }
    assert {parser.name for parser in PARSERS} <= read


def test_pages_that_must_be_refused_are_stored_too() -> None:
    outcomes = {json.loads((case / "expected.json").read_text(encoding="utf-8"))["outcome"] for case in CASES}
    assert outcomes >= {
        "content", "empty", "challenge", "login_wall", "soft_404", "consent", "blocked", "restricted",
    }  # fmt: skip


def test_only_content_brings_records() -> None:
    for case in CASES:
        reading = read_case(case)
        assert reading.outcome == "content" or reading.records == (), case.name
        assert reading.outcome == "content" or reading.outcome_reason, case.name
