"""Real lists in sheets, JSON and PDF are read as docs/quality.md says."""

from pathlib import Path

import pytest

from benchmarks import quality_documents

pytestmark = pytest.mark.realdata


def test_every_value_of_the_hmcts_workbooks_stands_in_its_field(realdata: Path) -> None:
    values = list(quality_documents.hmcts(realdata / "courts"))
    assert len(values) == 818
    assert [value for value in values if not value[2]] == []


def test_american_lists_are_understood_as_far_as_told(realdata: Path) -> None:
    found = quality_documents.us_lists(realdata / "courts")
    assert found["pages_read"] >= 30
    assert found["number"] >= 879
    assert found["name"] >= 909


def test_tables_and_words_of_pdf_pages_are_found(realdata: Path) -> None:
    found = quality_documents.pdf(realdata / "pdf")
    assert found["rows_right"] == found["rows"] == 93
    assert found["words_found"] >= 2155
