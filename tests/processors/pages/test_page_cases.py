"""Page in, records out: one test per stored page, and every parser version has one."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from processors.parsing.parser_versions import ParserVersion, parser_versions
from tests.processors.pages.page_cases import FIXTURES, read_case, reading_json

pytestmark = pytest.mark.slow

CASES = sorted(path for path in FIXTURES.iterdir() if path.is_dir())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_stored_page_says_what_a_person_read_on_it(case: Path) -> None:
    expected = json.loads((case / "expected.json").read_text(encoding="utf-8"))
    assert expected.pop("read_by_a_person"), f"{case.name}: read expected.json against the page, then say so in it"
    found = json.loads(json.dumps(reading_json(read_case(case))))
    for field in expected.keys() | found.keys():
        assert found.get(field) == expected.get(field), f"{case.name}: {field}"


@pytest.mark.parametrize("parser", parser_versions(), ids=lambda parser: parser.name)
def test_every_parser_version_has_a_stored_page_of_its_days(parser: ParserVersion) -> None:
    assert any(
        source["kind"] == parser.kind
        and parser.covers(datetime.fromisoformat(source["captured_at"]).astimezone(UTC).date())
        and expected["parser_version"] == parser.name
        and expected.get("records")
        for source, expected in ((_json(case / "source.json"), _json(case / "expected.json")) for case in CASES)
    ), f"{parser.name}: no stored page of its days"


def _json(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return content


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
