"""Document in, records out: one test for each invented list."""

import json

import pytest

from processors.tables.document_type import CSV, DOC, DOCX, ODT, PDF, RTF, XLS, XLSX, document_type
from tests.processors.documents.invented_documents import DOCUMENTS, EXPECTED, expectation

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_document_says_what_a_person_read_in_it(name: str) -> None:
    expected = json.loads((EXPECTED / f"{name}.json").read_text(encoding="utf-8"))
    assert expected.pop("read_by_a_person"), f"{name}: read it against the document, then say so in it"
    found = expectation(name)
    for field in expected.keys() | found.keys():
        assert found.get(field) == expected.get(field), f"{name}: {field}"


def test_every_format_has_a_document() -> None:
    made = {document_type(make()) for _, _, make in DOCUMENTS.values()}
    assert made == {PDF, DOCX, DOC, XLS, XLSX, RTF, ODT, CSV}
