"""Sheets (XLS, binary workbooks) as tables, one of each sheet, by calamine.

Workbooks in XML are read by `xlsx`. Of others values are written as a reader of the sheet sees them where the file
says enough: dates as ISO days, whole numbers without a point. Merged ranges are filled. Number formats of one's
own are not applied, and hidden sheets are read and said to be hidden. Raises ``UnreadDocument``.
"""

import io
from datetime import date, datetime, time, timedelta

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError, SheetVisibleEnum

from processors.documents.xlsx import is_spreadsheet_xml, read_xlsx
from processors.documents.zip_part import Packed
from processors.tables.document import Document, DocumentLimits, UnreadDocument
from processors.tables.document_type import XLS, XLSX
from processors.tables.merged_cells import EMPTY, Span, filled
from processors.tables.table import Cell, Table
from processors.text import lines

_MOST_COLUMNS = 200


def read_sheets(content: bytes, media_type: str, limits: DocumentLimits) -> Document:
    """Every sheet that holds something."""
    if media_type != XLS:
        packed = Packed(content, limits)
        packed.check()
        if media_type == XLSX and is_spreadsheet_xml(packed):
            return read_xlsx(content, limits)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    except PasswordError as error:
        raise UnreadDocument("locked with a password") from error
    except CalamineError as error:
        raise UnreadDocument(f"damaged: {error}") from error
    tables: list[Table] = []
    remarks: list[str] = []
    left = limits.cells
    for number, about in enumerate(book.sheets_metadata):
        try:
            sheet = book.get_sheet_by_index(number)
        except CalamineError as error:
            remarks.append(f"sheet {about.name!r} cannot be read: {error}")
            continue
        if sheet.end is None or sheet.start is None:
            continue
        left -= sheet.height * min(sheet.width, _MOST_COLUMNS)
        if left < 0:
            raise UnreadDocument(f"sheet {about.name!r} goes beyond {limits.cells} cells")
        if about.visible is not SheetVisibleEnum.Visible:
            remarks.append(f"sheet {about.name!r} is hidden in the document")
        rows = _rows(sheet)
        if rows:
            tables.append(Table(rows, (about.name,)))
    return Document(media_type=media_type, tables=tuple(tables), remarks=tuple(remarks))


def _rows(sheet: CalamineSheet) -> tuple[tuple[Cell, ...], ...]:
    top, left = sheet.start or (0, 0)
    rows: list[list[Cell]] = []
    for values in sheet.to_python(skip_empty_area=True):
        cells = [Cell(text=text) if (text := _text(value)) else EMPTY for value in values[:_MOST_COLUMNS]]
        rows.append(cells)
    spans = [
        Span(first[0] - top, first[1] - left, last[0] - top, last[1] - left)
        for first, last in sheet.merged_cell_ranges or ()
        if first[0] >= top and first[1] >= left
    ]
    return filled(_without_empty_edge(rows), spans)


def _without_empty_edge(rows: list[list[Cell]]) -> list[list[Cell]]:
    """Without the columns behind the last that says anything in any row."""
    width = max((place + 1 for row in rows for place, cell in enumerate(row) if cell.text), default=0)
    return [row[:width] for row in rows]


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M") if value.time() != time() else value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.strftime("%H:%M")
    if isinstance(value, timedelta):
        minutes = round(value.total_seconds() / 60)
        return f"{minutes // 60:02d}:{minutes % 60:02d}"
    return lines(str(value))
