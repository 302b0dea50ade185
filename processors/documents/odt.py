"""OpenDocument texts (ODT): tables with merged and repeated cells filled in, and the paragraphs between them.

Source: ODF 1.3 part 3, §9 (tables) and §6 (text). Tracked changes that were deleted are left out. Raises
``UnreadDocument``.
"""

from collections.abc import Iterator

from lxml import etree

from processors.documents.zip_part import Packed
from processors.tables.document import Document, DocumentLimits, UnreadDocument
from processors.tables.document_type import ODT
from processors.tables.merged_cells import EMPTY, Span, filled
from processors.tables.table import Cell, Link, Table
from processors.text import lines

_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_HREF = "{http://www.w3.org/1999/xlink}href"
_BEFORE_AT_MOST = 6
_MOST_COLUMNS = 200


def read_odt(content: bytes, limits: DocumentLimits) -> Document:
    """Tables and lines of the text, in order."""
    packed = Packed(content, limits)
    manifest = packed.read("META-INF/manifest.xml") or b""
    if b"encryption-data" in manifest:
        raise UnreadDocument("locked with a password")
    root = packed.xml("content.xml")
    if root is None:
        raise UnreadDocument("damaged: the document has no content")
    tables: list[Table] = []
    text: list[str] = []
    above: list[str] = []
    cells = 0
    for block in _blocks(root):
        if block.tag == f"{_TABLE}table":
            rows = _table(block)
            cells += sum(len(row) for row in rows)
            if cells > limits.cells:
                raise UnreadDocument(f"its tables go beyond {limits.cells} cells")
            if rows:
                tables.append(Table(rows, tuple(above[-_BEFORE_AT_MOST:])))
            above = []
        elif line := lines(_words(block)):
            text.append(line)
            above.append(line.replace("\n", " "))
    return Document(media_type=ODT, tables=tuple(tables), text=tuple(text))


def _blocks(root: etree._Element) -> Iterator[etree._Element]:
    pending = [root]
    while pending:
        element = pending.pop()
        if element.tag in (f"{_TABLE}table", f"{_TEXT}p", f"{_TEXT}h"):
            yield element
        elif element.tag not in (f"{_TEXT}tracked-changes", f"{_OFFICE}annotation"):
            pending.extend(reversed(element))


def _table(table: etree._Element) -> tuple[tuple[Cell, ...], ...]:
    rows: list[list[Cell]] = []
    spans: list[Span] = []
    for row, heading in _rows(table):
        cells: list[Cell] = []
        for element in row:
            if element.tag not in (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
                continue
            place = len(cells)
            width, height = _number(element, "number-columns-spanned"), _number(element, "number-rows-spanned")
            if width > 1 or height > 1:
                spans.append(Span(len(rows), place, len(rows) + height - 1, place + width - 1))
            covered = element.tag == f"{_TABLE}covered-table-cell"
            cell = EMPTY if covered else _cell(element, heading=heading)
            cells += [cell] * min(_number(element, "number-columns-repeated"), _MOST_COLUMNS - place)
        again = _number(row, "number-rows-repeated") if any(cell.text for cell in cells) else 1
        rows += [list(cells) for _ in range(min(again, 1000))]
    return filled(rows, spans)


def _rows(table: etree._Element) -> Iterator[tuple[etree._Element, bool]]:
    pending = [(element, False) for element in reversed(table)]
    while pending:
        element, heading = pending.pop()
        if element.tag == f"{_TABLE}table-row":
            yield element, heading
        elif isinstance(element.tag, str) and element.tag.startswith(f"{_TABLE}table-"):
            inside = heading or element.tag == f"{_TABLE}table-header-rows"
            pending.extend((inner, inside) for inner in reversed(element))


def _cell(element: etree._Element, *, heading: bool) -> Cell:
    text = lines("\n".join(_words(block) for block in _blocks(element) if block.tag != f"{_TABLE}table"))
    links = tuple(
        Link(str(link.get(_HREF)), lines(_words(link)).replace("\n", " ") or None)
        for link in element.iter(f"{_TEXT}a")
        if str(link.get(_HREF)).startswith(("http://", "https://"))
    )
    return Cell(text=text, links=links, heading=heading)


def _number(element: etree._Element, name: str) -> int:
    stated = element.get(f"{_TABLE}{name}")
    return min(max(int(stated), 1), 10_000) if stated is not None and stated.isdecimal() else 1


def _words(block: etree._Element) -> str:
    pieces: list[str] = [block.text or ""]
    walk = etree.iterwalk(block, events=("start", "end"))
    for event, element in walk:
        if element is block:
            continue
        if event == "start":
            if element.tag in (f"{_TEXT}note", f"{_OFFICE}annotation"):
                walk.skip_subtree()
                continue
            if element.tag == f"{_TEXT}line-break":
                pieces.append("\n")
            elif element.tag in (f"{_TEXT}tab", f"{_TEXT}s"):
                pieces.append(" ")
            pieces.append(element.text or "")
        else:
            pieces.append(element.tail or "")
    return "".join(pieces)
