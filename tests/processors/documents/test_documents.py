"""Documents that are damaged, locked, scanned or meant to hurt: each is unread with its reason, nothing raises."""

import os
import signal
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.documents.readers import read_document
from processors.documents.sandboxed_reader import DocumentReader
from processors.pages.outcome import Outcome
from processors.pages.page import Page
from processors.parsing.parser_versions import read_page
from processors.tables.document import Document, DocumentLimits, document_from_json, document_to_json
from processors.tables.document_type import CSV, DOCX, XLSX, document_type
from processors.tables.table import Cell, Link, Table
from tests.processors.documents import packed_documents as making_packed
from tests.processors.documents import pdf_documents as making_pdf
from tests.processors.documents.invented_documents import DOCUMENTS

pytestmark = pytest.mark.slow

ROWS = [["Час", "Справа", "Суддзя"], ["10:00", "2-1/2026", "Узорны П. Р."]]
GREY = bytes([200]) * (200 * 280)


def read(content: bytes, **limits: int) -> Document:
    found = read_document(content, replace(DocumentLimits(), **limits) if limits else None)  # type: ignore[arg-type]  # fields by name
    assert found is not None
    return found


def test_a_part_that_unfolds_a_thousandfold_is_not_opened() -> None:
    body = making_packed.docx_paragraph("а" * 40_000_000)
    found = read(making_packed.docx(body))
    assert found.unread is not None
    assert "word/document.xml: unfolds from" in found.unread


def test_a_sheet_that_unfolds_a_thousandfold_is_not_opened() -> None:
    found = read(making_packed.packed({"xl/workbook.xml": "<w/>", "xl/worksheets/sheet1.xml": " " * 40_000_000}))
    assert found.unread is not None
    assert "xl/worksheets/sheet1.xml: unfolds from" in found.unread


def test_entities_in_xml_are_not_unfolded() -> None:
    laughs = '<!DOCTYPE d [<!ENTITY a "ха"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    main = f"{laughs}<w:document {space}><w:body><w:p><w:r><w:t>&b;</w:t></w:r></w:p></w:body></w:document>"
    found = read(making_packed.packed({"word/document.xml": main}))
    assert "хаха" not in "".join(found.text)


def test_more_cells_than_allowed_are_told() -> None:
    found = read(making_packed.docx(making_packed.docx_table(ROWS * 20)), cells=50)
    assert found.unread == "the DOCX was not read: its tables go beyond 50 cells"


def test_more_pages_than_allowed_are_told_and_the_first_are_read() -> None:
    drawn, _ = making_pdf.boxed(ROWS, [40, 100, 200, 300], 50)
    found = read(making_pdf.pdf([drawn, drawn, drawn]), pages=2)
    assert found.remarks == ("the pages after the first 2 were not read",)
    assert len(found.tables) == 1


def test_more_bytes_than_allowed_are_told() -> None:
    found = read(making_packed.docx(""), content_bytes=100)
    assert found.unread is not None
    assert "too large" in found.unread


def test_a_scanned_page_is_named_where_no_program_reads_pictures() -> None:
    found = read(making_pdf.scanned_pdf(GREY, (200, 280)))
    assert found.unread == (
        "the PDF was not read: page 1 is a scanned picture: tesseract, which reads pictures of text, "
        "is not installed (see `letapis doctor`)"
    )


SAYS = """#!/bin/sh
[ "$1" = --list-langs ] && printf 'rus\\nbel\\n' && exit
cat > /dev/null
printf 'left\\ttop\\twidth\\theight\\tconf\\ttext\\n'
printf '%s\\t%s\\t200\\t40\\t90\\t%s\\n' 200 200 Час 800 200 Справа 1400 200 Суддзя
printf '%s\\t%s\\t200\\t40\\t90\\t%s\\n' 200 300 10:00 800 300 2-1/2026 1400 300 Узорны
printf '%s\\t%s\\t200\\t40\\t90\\t%s\\n' 200 400 11:00 800 400 2-2/2026 1400 400 Умоўная
printf '200\\t500\\t200\\t40\\t5\\tпляма\\n'
"""


def test_what_a_program_reads_from_a_scanned_page_becomes_its_table(tmp_path: Path) -> None:
    # a program that answers as tesseract does (tesseract(1), ``tsv``), started by the real worker
    program = tmp_path / "tesseract"
    program.write_text(SAYS, encoding="utf-8")
    program.chmod(0o755)
    with DocumentReader(DocumentLimits(tesseract=str(program))) as reader:
        found = reader.read(making_pdf.scanned_pdf(GREY, (200, 280)))
    assert found is not None
    assert found.unread is None
    assert [[cell.text for cell in row] for table in found.tables for row in table.rows] == [
        ["Час", "Справа", "Суддзя"],
        ["10:00", "2-1/2026", "Узорны"],
        ["11:00", "2-2/2026", "Умоўная"],
    ]


def test_a_scanned_list_is_no_quiet_day() -> None:
    content = making_pdf.scanned_pdf(GREY, (200, 280))
    page = Page("https://sud.by/1.pdf", content, datetime(2026, 11, 1, tzinfo=UTC), document=read(content))
    reading = read_page(page, "court_list")
    assert (reading.outcome, reading.records) == (Outcome.EMPTY, ())
    assert reading.outcome_reason is not None
    assert "is a scanned picture" in reading.outcome_reason


def test_a_document_that_nobody_opened_is_no_quiet_day() -> None:
    page = Page("https://sud.by/1.pdf", making_pdf.pdf([[]]), datetime(2026, 11, 1, tzinfo=UTC))
    reading = read_page(page, "court_list")
    assert reading.outcome is Outcome.EMPTY
    assert (
        reading.outcome_reason == "a document (application/pdf) that was not opened before it was read as a page"
    )


@pytest.mark.parametrize("name", DOCUMENTS)
def test_half_a_document_is_read_as_far_as_it_goes_or_refused(name: str) -> None:
    content = DOCUMENTS[name][2]()
    found = read_document(content[: len(content) * 2 // 3])
    assert found is None or found.unread is not None or found.media_type == document_type(content)


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(sorted(DOCUMENTS)), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=30))
def test_damage_never_raises(name: str, damage: list[tuple[float, int]]) -> None:
    content = bytearray(DOCUMENTS[name][2]())
    for place, byte in damage:
        content[min(int(place * len(content)), len(content) - 1)] = byte
    found = read_document(bytes(content))
    if not damage:
        assert found == read_document(DOCUMENTS[name][2]())
        assert found is not None
        assert found.unread is None
    elif found is not None:
        assert found.media_type == document_type(bytes(content))
        assert found.unread is None or found.unread.startswith("the "), found.unread
        assert not (found.unread and found.tables), "what was not read has no tables"


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=400))
def test_any_bytes_behind_the_mark_of_a_format_are_answered_for(content: bytes) -> None:
    for mark in (b"%PDF-1.4\n", b"{\\rtf1 ", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PK\x03\x04"):
        found = read_document(mark + content)
        assert found is None or found.unread or not found.tables, "a table was read from nothing"


def test_markup_json_and_prose_are_no_tables_of_text() -> None:
    for content in (
        b"<html><body>a;b;c\nd;e;f</body></html>",
        b'{"a": 1,\n "b": 2,\n "c": 3}',
        "Сёння, учора і заўтра.\nНе, не так.".encode(),
        b"User-agent: *\nDisallow: /a\n",
    ):
        assert document_type(content) is None, content
    assert document_type(b"a;b\n1;2\n", "text/csv; charset=utf-8") == CSV


def test_the_name_and_header_of_a_document_decide_nothing() -> None:
    assert document_type(making_packed.docx(""), "application/pdf") == DOCX
    assert document_type(making_packed.xlsx({"a": (ROWS, [])}), "text/html") == XLSX


def test_a_document_survives_the_way_from_a_worker() -> None:
    cell = Cell(text="а\nб", links=(Link("https://a.by/", None),), heading=True, width=2)
    document = Document(
        media_type=DOCX,
        tables=(Table(((cell, replace(cell, copied=True)),), ("над",)),),
        text=("т",),
        remarks=("р",),
    )
    assert document_from_json(document_to_json(document)) == document


def test_a_worker_reads_as_this_process_does() -> None:
    with DocumentReader() as reader:
        for _, _, make in DOCUMENTS.values():
            content = make()
            assert reader.read(content) == read_document(content)
        assert reader.read(b"<html></html>") is None


def test_a_document_that_takes_too_long_is_refused_and_the_next_is_read() -> None:
    drawn, _ = making_pdf.boxed(ROWS * 20, [40, 100, 200, 300], 50)
    long = making_pdf.pdf([drawn] * 60)
    with DocumentReader(DocumentLimits(seconds=0.5)) as reader:
        found = reader.read(long)
        assert found is not None
        assert found.unread == "the PDF was not read: reading took longer than 0.5 s"
        reader.limits = DocumentLimits()
        again = reader.read(making_packed.docx(making_packed.docx_table(ROWS)))
        assert again is not None
        assert again.unread is None


def test_a_worker_that_is_killed_is_replaced() -> None:
    content = making_packed.docx(making_packed.docx_table(ROWS))
    with DocumentReader() as reader:
        first = reader.read(content)
        assert reader._worker is not None
        os.kill(reader._worker.process.pid, signal.SIGKILL)
        killed = reader.read(content)
        assert killed is not None
        assert killed.unread == "the DOCX was not read: the reader was killed on it"
        assert reader.read(content) == first
