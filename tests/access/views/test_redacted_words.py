"""Words under a bar that a PDF draws over them: no page, search or export of the product gives them."""

from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from fastapi.testclient import TestClient

from processors.documents.readers import read_document
from processors.pages.page import Page
from processors.parsing.page_frame import Task, Work, framed, unframed
from processors.parsing.parser_versions import read_page
from processors.record_keys import record_id, record_keys, sighting_content, version_content
from storage.catalogue.records import replace_reading
from tests.access.conftest import HOSTILE, Filled

NAME = "Пряник"
REMARK = "Стороны: a bar is drawn over words, which are left out of the record"


def test_a_name_under_a_black_bar_is_in_no_page_search_or_export_and_the_record_says_that_it_lacks(
    analyst: TestClient, filled: Filled, shared_cases: Path
) -> None:
    content = (shared_cases / "75-pdf-redacted/p_redacted.pdf").read_bytes()
    capture = filled.one(HOSTILE)
    document = read_document(content)
    assert document is not None
    assert [cell.covered for row in document.tables[0].rows for cell in row if cell.covered] == [("Пряник Г. Г.",)]
    page = Page(capture.url, content, datetime(2026, 3, 10, tzinfo=UTC), 200, "application/pdf", document)
    reading = read_page(unframed(framed(Work(task=Task.READ, page=page, kind="court_list"))).page, "court_list")
    (hearing,) = reading.records
    with filled.archive.writer.begin() as connection:
        replace_reading(connection, capture, reading)
    found = record_id(hearing.kind, record_keys((hearing,), capture.source_id)[0])

    given = {
        "version": str(version_content(hearing)),
        "sighting": str(sighting_content(hearing)),
        "record page": analyst.get(f"/record/{found}").text,
        "record JSON": analyst.get(f"/api/record/{found}").text,
        "capture page": analyst.get(f"/capture/{quote(capture.id)}").text,
        "capture JSON": analyst.get(f"/api/capture/{quote(capture.id)}").text,
        "list": analyst.get("/search", params={"kind": "hearing"}).text,
        "list CSV": analyst.get("/search.csv", params={"kind": "hearing"}).text,
        "list JSON": analyst.get("/api/search", params={"kind": "hearing"}).text,
    }
    assert [name for name, text in given.items() if NAME in text] == []
    assert "1-12/2026" in given["list CSV"]
    assert REMARK in given["record page"]
    assert analyst.get("/api/search", params={"q": "1-12/2026"}).json()["rows"] != []
    assert analyst.get("/api/search", params={"q": NAME}).json()["rows"] == []
