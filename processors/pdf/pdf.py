"""PDF documents: tables with and without ruling lines, over several pages, and the lines outside them.

In: the file's bytes. Out: `Document`. Pages are laid out by pdfplumber (pdfminer.six). A page of pictures without
letters is read by tesseract where that is installed, and otherwise named as unread. Raises ``UnreadDocument``.
"""

import io
import logging
from dataclasses import replace
from typing import Any

import pdfplumber
from pdfminer.pdfdocument import PDFPasswordIncorrect
from pdfminer.pdfparser import PDFSyntaxError
from pdfplumber.utils.exceptions import PdfminerException

from processors.pdf.letter_marks import mark_letters, unmarked
from processors.pdf.page_parts import PagePart, joined
from processors.pdf.ruled_tables import ruled_tables
from processors.pdf.scanned_page import Scan, read_by, read_scan
from processors.pdf.unruled_tables import BLANK_OF_HEIGHT, Word, WordLine, lines_of, outside_of, unruled_table
from processors.tables.document import Document, DocumentLimits, UnreadDocument
from processors.tables.document_type import PDF
from processors.tables.struck_words import outside_tables
from processors.tables.table import Cell, Table

_PICTURE_COVERS = 0.4
_RULE_SHARE = 0.4
_BEFORE_AT_MOST = 6

logging.getLogger("pdfminer").setLevel(logging.ERROR)


def read_pdf(content: bytes, limits: DocumentLimits) -> Document:
    """All tables, those that go on over pages put together, and the lines outside them."""
    try:
        with pdfplumber.open(io.BytesIO(content)) as pdf:
            return _document(pdf, limits)
    except PdfminerException as error:
        cause = error.args[0] if error.args else error
        if isinstance(cause, PDFPasswordIncorrect):
            raise UnreadDocument("locked with a password") from error
        raise UnreadDocument(f"damaged: {cause or type(cause).__name__}") from error
    except PDFPasswordIncorrect as error:
        raise UnreadDocument("locked with a password") from error
    except PDFSyntaxError as error:
        raise UnreadDocument(f"damaged: {error}") from error


def _document(pdf: Any, limits: DocumentLimits) -> Document:
    parts: list[PagePart] = []
    text: list[str] = []
    remarks: list[str] = []
    unread: list[int] = []
    scans: list[tuple[int, Scan]] = []
    cells = 0
    for number, page in enumerate(pdf.pages, 1):
        if number > limits.pages:
            remarks.append(f"the pages after the first {limits.pages} were not read")
            break
        scan = read_scan(page, limits.tesseract) if limits.tesseract and _is_picture(page) else None
        if scan is not None:
            scans.append((number, scan))
        elif _is_picture(page):
            unread.append(number)
        found = _of_scan(scan) if scan is not None else _of_letters(page)
        page.close()
        cells += sum(len(row) for part in found[0] for row in part.rows)
        if cells > limits.cells:
            raise UnreadDocument(f"its tables go beyond {limits.cells} cells")
        parts += [replace(part, page=number) for part in found[0]]
        text += found[1]
    if unread and not parts and not text:
        raise UnreadDocument(_why_unread(unread, limits))
    if unread:
        remarks.append(_why_unread(unread, limits))
    if scans and limits.tesseract:
        remarks.append(read_by(scans, limits.tesseract))
    tables = tuple(_unmarked_table(table) for table in joined(parts, len(pdf.pages)))
    lines = [unmarked(line) for line in text]
    struck = tuple(words for line in lines for words in line.struck)
    covered = tuple(words for line in lines for words in line.covered)
    remarks += outside_tables(struck)
    if covered:
        remarks.append(f"a bar is drawn over words outside tables, which are left out ({len(covered)} places)")
    return Document(
        media_type=PDF,
        tables=tables,
        text=tuple(line.text for line in lines if line.text),
        struck=struck,
        covered=covered,
        remarks=tuple(remarks),
    )


def _unmarked_table(table: Table) -> Table:
    """The table with what is crossed out or covered kept apart from what stands in its cells."""
    return replace(
        table,
        rows=tuple(tuple(map(_unmarked_cell, row)) for row in table.rows),
        before=tuple(text for line in table.before if (text := unmarked(line).text)),
    )


def _unmarked_cell(cell: Cell) -> Cell:
    found = unmarked(cell.text)
    return (
        cell
        if found.text == cell.text
        else replace(cell, text=found.text, struck=found.struck, covered=found.covered)
    )


def _why_unread(scanned: list[int], limits: DocumentLimits) -> str:
    pages = f"page {scanned[0]} is" if len(scanned) == 1 else f"{len(scanned)} pages (first {scanned[0]}) are"
    why = (
        "tesseract, which reads pictures of text, is not installed (see `letapis doctor`)"
        if limits.tesseract is None
        else "tesseract found no letters in it"
    )
    return f"{pages} a scanned picture: {why}"


def _of_scan(scan: Scan) -> tuple[list[PagePart], list[str]]:
    boxes = {box for _, box in scan.ruled}
    return _laid_out([part for part, _ in scan.ruled], lines_of(outside_of(scan.words, boxes)), [])


def _of_letters(page: Any) -> tuple[list[PagePart], list[str]]:
    """Tables and lines of a page; none of one that has no letters."""
    if not page.chars:
        return [], []
    mark_letters(page)
    if _printed_twice(page.chars):
        page = page.dedupe_chars()
    words = _words(page)
    ruled = ruled_tables(page, words)
    across = [edge["top"] for edge in page.horizontal_edges if edge["width"] > _RULE_SHARE * page.width]
    outside = outside_of(words, {box for _, box in ruled})
    return _laid_out([part for part, _ in ruled], lines_of(outside), across)


def _laid_out(
    ruled: list[PagePart], lines: list[WordLine], rules: list[float]
) -> tuple[list[PagePart], list[str]]:
    """The page's parts of tables, each with the lines above it; between ruled ones may stand others."""
    parts: list[PagePart] = []
    text: list[str] = []
    rest = list(lines)
    for table in [*ruled, None]:
        above = [line for line in rest if table is None or line.top < table.top]
        rest = rest[len(above) :]
        found = unruled_table(above, rules)
        if found is not None:
            part, over = found
            parts.append(replace(part, above=tuple(line.text for line in over)))
            text += [line.text for line in over]
            above = [line for line in above if line.top > part.bottom]
        text += [line.text for line in above]
        if table is not None:
            parts.append(replace(table, above=tuple(line.text for line in above[-_BEFORE_AT_MOST:])))
    return parts, text


def _words(page: Any) -> list[Word]:
    return [
        Word(word["text"], word["x0"], word["x1"], word["top"], word["bottom"])
        for word in page.extract_words(x_tolerance_ratio=BLANK_OF_HEIGHT)
    ]


def _is_picture(page: Any) -> bool:
    """Whether pictures cover much of the page, and no letters stand on it."""
    if page.chars:
        return False
    covered = sum(float(image["width"]) * float(image["height"]) for image in page.images)
    return covered > _PICTURE_COVERS * float(page.width) * float(page.height)


def _printed_twice(chars: list[dict[str, Any]]) -> bool:
    """Bold made by printing each letter twice, hardly apart."""
    sample = chars[:500]
    return len({(char["text"], round(char["x0"]), round(char["top"])) for char in sample}) < 0.7 * len(sample)
