"""Workbooks (XLSX): each visible sheet as a table, its cells as the sheet shows them.

In: the file's bytes. Out: `Document`. Number formats are applied; crossed-out fonts, comments and links are kept
with their cells; hidden rows, columns and sheets are left out, and a remark says which. Source: ECMA-376 part 1,
§18 (SpreadsheetML). Raises ``UnreadDocument``.
"""

import io
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from lxml import etree

from processors.documents.number_format import BUILT_IN, shown_number
from processors.documents.zip_part import Packed
from processors.tables.document import Document, DocumentLimits, UnreadDocument
from processors.tables.document_type import XLSX
from processors.tables.merged_cells import EMPTY, Span, filled
from processors.tables.struck_words import parted
from processors.tables.table import Cell, Link, Table
from processors.text import lines

_MOST_COLUMNS = 200
_MOST_ROWS = 1_048_576
_MOST_NAMED = 10
_FALSE = ("0", "false", "off")
_REFERENCE = re.compile(r"^\$?([A-Z]{1,3})\$?(\d{1,7})$")
_HYPERLINK = re.compile(r'^\s*HYPERLINK\(\s*"(https?://[^"]+)"', re.IGNORECASE)
_COMMENTS = re.compile(r"(?:^|/)comments?\d*\.xml$", re.IGNORECASE)
NOT_STORED = "it holds a formula whose value is not stored in the file"


@dataclass(frozen=True, slots=True)
class _Run:
    """Words of a cell; ``struck`` None where the cell's own font decides."""

    text: str
    struck: bool | None = None


@dataclass(frozen=True, slots=True)
class _Style:
    """The number format of cells of a style, and whether their font is crossed out."""

    code: str = "General"
    struck: bool = False


@dataclass(slots=True)
class _Sheet:
    """What hangs on the cells of a sheet, by row and column from 0."""

    links: dict[tuple[int, int], list[str]] = field(default_factory=dict)
    comments: dict[tuple[int, int], list[str]] = field(default_factory=dict)
    spans: list[Span] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Book:
    """What all sheets share."""

    packed: Packed
    strings: tuple[tuple[_Run, ...], ...]
    styles: tuple[_Style, ...]
    from_1904: bool


def is_spreadsheet_xml(packed: Packed) -> bool:
    """Whether the workbook is written in XML: binary ones (XLSB) are named alike and are not."""
    return "xl/workbook.xml" in packed.names()


def read_xlsx(content: bytes, limits: DocumentLimits) -> Document:
    """Every visible sheet that holds something."""
    packed = Packed(content, limits)
    root = packed.xml("xl/workbook.xml")
    if root is None:
        raise UnreadDocument("damaged: the workbook has no list of its sheets")
    related = _relations(packed, "xl/workbook.xml")
    settings = next(_named(root, "workbookPr"), None)
    book = _Book(
        packed,
        _strings(packed),
        _styles(packed),
        settings is not None and settings.get("date1904", "0") not in _FALSE,
    )
    tables: list[Table] = []
    remarks: list[str] = []
    left = limits.cells
    for sheet in _named(root, "sheet"):
        name = str(sheet.get("name"))
        if sheet.get("state", "visible") != "visible":
            remarks.append(f"sheet {name!r} is hidden in the document and was left out")
            continue
        path = related.get(_relation_id(sheet))
        if path is None or path not in packed.names():
            remarks.append(f"sheet {name!r} cannot be read: the file has no part of it")
            continue
        rows, notes = _rows(book, path, left)
        left -= sum(len(row) for row in rows)
        remarks += [f"sheet {name!r}: {note}" for note in notes]
        if rows:
            tables.append(Table(rows, (name,)))
    return Document(media_type=XLSX, tables=tuple(tables), remarks=tuple(remarks))


def _name(element: etree._Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _named(element: etree._Element, *names: str) -> Iterator[etree._Element]:
    return (each for each in element.iter() if _name(each) in names)


def _relation_id(element: etree._Element) -> str:
    return next((str(value) for key, value in element.attrib.items() if str(key).endswith("}id")), "")


def _relations(packed: Packed, part: str) -> dict[str, str]:
    """Where the relations of a part lead: parts of the file by path, pages by address."""
    folder, _, name = part.rpartition("/")
    root = packed.xml(f"{folder}/_rels/{name}.rels")
    found: dict[str, str] = {}
    for each in root if root is not None else ():
        target = str(each.get("Target"))
        if each.get("TargetMode") != "External":
            target = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
        found[str(each.get("Id"))] = target
    return found


def _is_on(element: etree._Element | None) -> bool:
    return element is not None and element.get("val", "1") not in _FALSE


def _strings(packed: Packed) -> tuple[tuple[_Run, ...], ...]:
    root = packed.xml("xl/sharedStrings.xml")
    return () if root is None else tuple(tuple(_runs(each)) for each in root if _name(each) == "si")


def _runs(item: etree._Element) -> Iterator[_Run]:
    """The runs of a text; how it is pronounced is no part of it."""
    for each in item:
        if _name(each) == "t":
            yield _Run(each.text or "")
        elif _name(each) == "r":
            text = "".join(part.text or "" for part in each if _name(part) == "t")
            properties = next((part for part in each if _name(part) == "rPr"), None)
            struck = None if properties is None else _is_on(next(_named(properties, "strike"), None))
            yield _Run(text, struck)


def _styles(packed: Packed) -> tuple[_Style, ...]:
    root = packed.xml("xl/styles.xml")
    if root is None:
        return ()
    codes = {str(each.get("numFmtId")): str(each.get("formatCode")) for each in _named(root, "numFmt")}
    fonts = [_is_on(next(_named(font, "strike"), None)) for each in _direct(root, "fonts") for font in each]
    return tuple(
        _Style(_code(codes, style.get("numFmtId", "0")), _at(fonts, style.get("fontId", "0")))
        for each in _direct(root, "cellXfs")
        for style in each
    )


def _direct(root: etree._Element, name: str) -> Iterator[etree._Element]:
    return (each for each in root if _name(each) == name)


def _code(codes: Mapping[str, str], number: str) -> str:
    return codes.get(number) or BUILT_IN.get(int(number) if number.isdecimal() else 0, "General")


def _at(fonts: list[bool], number: str) -> bool:
    return number.isdecimal() and int(number) < len(fonts) and fonts[int(number)]


def _place(reference: str | None) -> tuple[int, int] | None:
    """Row and column from 0 of a reference like ``B3``."""
    found = _REFERENCE.match(reference or "")
    if found is None:
        return None
    column = 0
    for letter in found.group(1):
        column = column * 26 + ord(letter) - 64
    return int(found.group(2)) - 1, column - 1


def _rows(book: _Book, path: str, left: int) -> tuple[tuple[tuple[Cell, ...], ...], list[str]]:
    content = book.packed.read(path) or b""
    hanging = _hanging(book.packed, path, content)
    rows: dict[int, dict[int, Cell]] = {}
    hidden_rows: list[int] = []
    hidden_columns: set[int] = set()
    count = at = 0
    for element in _elements(path, content, ("row", "col")):
        if _name(element) == "col":
            if element.get("hidden", "0") not in _FALSE or element.get("width") == "0":
                first, last = (int(element.get(name, "1")) for name in ("min", "max"))
                hidden_columns.update(range(first - 1, min(last, _MOST_COLUMNS)))
            continue
        at = int(element.get("r", str(at + 1)))
        cells = _cells(book, element, at - 1, hanging)
        count += len(cells)
        if count > left:
            raise UnreadDocument("its sheets go beyond the limit of cells")
        if element.get("hidden", "0") not in _FALSE or element.get("ht") == "0":
            if any(cell.says_something for cell in cells.values()):
                hidden_rows.append(at)
            continue
        if 0 < at <= _MOST_ROWS:
            rows[at - 1] = cells
    table = _visible(rows, hidden_columns, hanging.spans)
    concealed = sorted(
        place for place in hidden_columns if any(row.get(place, EMPTY).says_something for row in rows.values())
    )
    return table, [
        *_hidden_remarks("row", hidden_rows),
        *_hidden_remarks("column", [_letters(place) for place in concealed]),
    ]


def _hidden_remarks(thing: str, places: list[int] | list[str]) -> Iterator[str]:
    if places:
        named = ", ".join(map(str, places[:_MOST_NAMED])) + (" ..." if len(places) > _MOST_NAMED else "")
        many = len(places) > 1
        yield f"{thing}{'s' * many} {named} {'are' if many else 'is'} hidden in the document and left out"


def _letters(column: int) -> str:
    text = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text


def _elements(path: str, content: bytes, names: tuple[str, ...]) -> Iterator[etree._Element]:
    """Elements of these names, each forgotten when the next one comes: sheets may be long."""
    wanted = tuple(f"{{*}}{name}" for name in names)
    try:
        for _, element in etree.iterparse(
            io.BytesIO(content),
            tag=wanted,
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=True,
        ):
            yield element
            element.clear()
    except etree.XMLSyntaxError as error:
        raise UnreadDocument(f"{path}: not well-formed XML ({error})") from error


def _visible(
    rows: Mapping[int, Mapping[int, Cell]], hidden: set[int], spans: list[Span]
) -> tuple[tuple[Cell, ...], ...]:
    """Rows and columns that are not hidden, with merged ranges as far as these show them."""
    places = sorted(rows)
    width = max((place + 1 for row in rows.values() for place in row if row[place].says_something), default=0)
    columns = [place for place in range(width) if place not in hidden]
    made = [[rows[place].get(column, EMPTY) for column in columns] for place in places]
    shown: list[Span] = []
    for span in spans:
        down = [number for number, place in enumerate(places) if span.top <= place <= span.bottom]
        across = [number for number, column in enumerate(columns) if span.left <= column <= span.right]
        if down and across and len(down) * len(across) > 1:
            first = rows.get(span.top, {}).get(span.left, EMPTY)
            made[down[0]][across[0]] = first
            shown.append(Span(down[0], across[0], down[-1], across[-1]))
    return filled(made, shown)


def _hanging(packed: Packed, path: str, content: bytes) -> _Sheet:
    """Links, comments and merged ranges of a sheet."""
    related = _relations(packed, path)
    found = _Sheet()
    for element in _elements(path, content, ("hyperlink", "mergeCell")):
        first, _, last = element.get("ref", "").partition(":")
        start, end = _place(first), _place(last or first)
        if start is None or end is None:
            continue
        if _name(element) == "mergeCell":
            found.spans.append(Span(start[0], start[1], end[0], end[1]))
            continue
        target = related.get(_relation_id(element), "")
        if target.startswith(("http://", "https://")):
            found.links.setdefault(start, []).append(target)
    for part in related.values():
        threaded = "threadedComment" in part
        root = packed.xml(part) if threaded or _COMMENTS.search(part) else None
        for comment in _named(root, "comment", "threadedComment") if root is not None else ():
            place = _place(comment.get("ref"))
            text = lines("".join(each.text or "" for each in _named(comment, "t", "text")))
            if place is not None and text and not text.startswith("[Threaded comment]"):
                found.comments.setdefault(place, []).append(text)
    return found


def _cells(book: _Book, row: etree._Element, number: int, hanging: _Sheet) -> dict[int, Cell]:
    found: dict[int, Cell] = {}
    column = -1
    for element in row:
        if _name(element) != "c":
            continue
        place = _place(element.get("r"))
        column = place[1] if place is not None else column + 1
        if column >= _MOST_COLUMNS:
            break
        cell = _cell(book, element)
        links = [
            Link(url, cell.text.replace("\n", " ") or None) for url in hanging.links.get((number, column), ())
        ]
        comments = tuple(hanging.comments.get((number, column), ()))
        cell = replace(cell, links=(*cell.links, *links), comments=comments)
        if cell.says_something:
            found[column] = cell
    return found


def _cell(book: _Book, element: etree._Element) -> Cell:
    number = element.get("s", "0")
    style = book.styles[int(number)] if number.isdecimal() and int(number) < len(book.styles) else _Style()
    parts = {_name(each): each for each in element}
    formula, value = parts.get("f"), parts.get("v")
    stored = (value.text or "") if value is not None else ""
    kind = element.get("t", "n")
    if formula is not None and not stored and kind != "str" and "is" not in parts:
        return Cell(text="", unread=NOT_STORED)
    runs, moment = _content(book, parts, kind, stored, style)
    kept, struck = parted((run.text, style.struck if run.struck is None else run.struck) for run in runs)
    address = _HYPERLINK.match((formula.text or "") if formula is not None else "")
    links = (Link(address.group(1), kept.replace("\n", " ") or None),) if address else ()
    return Cell(text=kept, links=links, struck=struck, moment=moment if kept else None)


def _content(
    book: _Book, parts: Mapping[str, etree._Element], kind: str, stored: str, style: _Style
) -> tuple[tuple[_Run, ...], str | None]:
    """The words of a cell, and the moment it means where it is one."""
    if kind == "s":
        known = stored.isdecimal() and int(stored) < len(book.strings)
        return (book.strings[int(stored)] if known else ()), None
    if kind == "inlineStr":
        return (tuple(_runs(parts["is"])) if "is" in parts else ()), None
    if kind == "b":
        return (_Run("TRUE" if stored == "1" else "FALSE"),), None
    if kind == "n" and stored:
        try:
            shown = shown_number(stored, style.code, from_1904=book.from_1904)
        except ValueError:
            return (_Run(stored),), None
        return (_Run(shown.text),), shown.moment
    return (_Run(stored),), None
