"""OpenDocument texts and sheets (ODT, ODS): tables with merged and repeated cells filled in, and the paragraphs.

A cell of a sheet says what the file stores as shown. Crossed-out words, and what was deleted under change
tracking, are kept apart; hidden rows, columns, sheets and words are left out with a remark. Source: ODF 1.3 part
3, §6 (text), §9 (tables), §19 (attributes), §20 (formatting). Raises ``UnreadDocument``.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from processors.documents.zip_part import Packed
from processors.tables.document import Document, DocumentLimits, UnreadDocument
from processors.tables.document_type import ODS, ODT
from processors.tables.merged_cells import EMPTY, Span, filled
from processors.tables.struck_words import Piece, outside_tables, parted
from processors.tables.table import Cell, Link, Table
from processors.text import lines

_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_XML_ID = "{http://www.w3.org/XML/1998/namespace}id"
NOT_STORED = "it holds a formula whose value is not stored in the file"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_CLOCK = re.compile(r"PT(\d+)H(\d{2})M")
_HREF = "{http://www.w3.org/1999/xlink}href"
_BEFORE_AT_MOST = 6
_MOST_COLUMNS = 200


@dataclass(frozen=True, slots=True)
class _Look:
    """What a style says of words, rows and tables."""

    struck: bool = False
    hidden: bool = False


@dataclass(slots=True)
class _Shared:
    """Looks of styles, words deleted under change tracking by the name of the change, and what was left out."""

    styles: dict[str, _Look]
    deleted: dict[str, str]
    left_out: dict[str, int] = field(default_factory=dict)

    def look(self, name: str | None) -> _Look:
        """How a style looks; an unknown one changes nothing."""
        return self.styles.get(name or "", _Look())

    def leave_out(self, thing: str) -> None:
        """Count something hidden."""
        self.left_out[thing] = self.left_out.get(thing, 0) + 1


def read_odt(content: bytes, limits: DocumentLimits) -> Document:
    """Tables and lines of a text, in order."""
    return _read(content, limits, ODT)


def read_ods(content: bytes, limits: DocumentLimits) -> Document:
    """Every sheet that is shown."""
    return _read(content, limits, ODS)


def _read(content: bytes, limits: DocumentLimits, media_type: str) -> Document:
    packed = Packed(content, limits)
    manifest = packed.read("META-INF/manifest.xml") or b""
    if b"encryption-data" in manifest:
        raise UnreadDocument("locked with a password")
    root = packed.xml("content.xml")
    if root is None:
        raise UnreadDocument("damaged: the document has no content")
    shared = _Shared(_styles(packed.xml("styles.xml"), root), _deleted(root))
    tables: list[Table] = []
    text: list[str] = []
    crossed: list[str] = []
    above: list[str] = []
    cells = 0
    for block in _blocks(root):
        if block.tag == f"{_TABLE}table":
            name = block.get(f"{_TABLE}name")
            if shared.look(block.get(f"{_TABLE}style-name")).hidden:
                shared.leave_out(f"sheet {name!r}")
                continue
            rows = _table(block, shared)
            cells += sum(len(row) for row in rows)
            if cells > limits.cells:
                raise UnreadDocument(f"its tables go beyond {limits.cells} cells")
            if rows:
                before = (name,) if media_type == ODS and name else tuple(above[-_BEFORE_AT_MOST:])
                tables.append(Table(rows, before))
            above = []
            continue
        line, struck = parted(_pieces(block, shared))
        crossed += struck
        if line:
            text.append(line)
            above.append(line.replace("\n", " "))
    remarks = [
        f"hidden in the document and left out: {thing}" + (f" ({count} times)" if count > 1 else "")
        for thing, count in shared.left_out.items()
    ]
    if shared.deleted or next(root.iter(f"{_TEXT}changed-region"), None) is not None:
        remarks.append("the document has open tracked changes: what is deleted is kept as crossed out")
    return Document(
        media_type=media_type,
        tables=tuple(tables),
        text=tuple(text),
        struck=tuple(crossed),
        remarks=(*remarks, *outside_tables(crossed)),
    )


def _styles(shared: etree._Element | None, root: etree._Element) -> dict[str, _Look]:
    """How each style looks, with what it takes from its parent."""
    styles = {
        str(style.get(f"{_STYLE}name")): style
        for part in (shared, root)
        for style in (part.iter(f"{_STYLE}style") if part is not None else ())
    }
    found: dict[str, _Look] = {}
    for name in styles:
        chain: list[etree._Element] = []
        at: str | None = name
        while at in styles and styles[at] not in chain:
            chain.append(styles[at])
            at = styles[at].get(f"{_STYLE}parent-style-name")
        look = _Look()
        for style in reversed(chain):
            for each in style:
                through = each.get(f"{_STYLE}text-line-through-style") or each.get(
                    f"{_STYLE}text-line-through-type"
                )
                shown = each.get(f"{_TEXT}display") or each.get(f"{_TABLE}display")
                look = _Look(
                    look.struck if through is None else through != "none",
                    look.hidden if shown is None else shown in ("none", "false"),
                )
        found[name] = look
    return found


def _deleted(root: etree._Element) -> dict[str, str]:
    """The words of each deletion under change tracking."""
    return {
        str(region.get(f"{_TEXT}id") or region.get(_XML_ID)): "\n".join(
            "".join(str(part) for part in block.itertext()) for block in deletion.iter(f"{_TEXT}p", f"{_TEXT}h")
        )
        for region in root.iter(f"{_TEXT}changed-region")
        for deletion in region.iter(f"{_TEXT}deletion")
    }


def _blocks(root: etree._Element) -> Iterator[etree._Element]:
    pending = [root]
    while pending:
        element = pending.pop()
        if element.tag in (f"{_TABLE}table", f"{_TEXT}p", f"{_TEXT}h"):
            yield element
        elif element.tag not in (f"{_TEXT}tracked-changes", f"{_OFFICE}annotation"):
            pending.extend(reversed(element))


def _table(table: etree._Element, shared: _Shared) -> tuple[tuple[Cell, ...], ...]:
    rows: list[list[Cell]] = []
    spans: list[Span] = []
    hidden, struck = _columns(table, shared)
    for row, heading in _rows(table):
        cells: list[Cell] = []
        look = shared.look(row.get(f"{_TABLE}default-cell-style-name"))
        for element in row:
            if element.tag not in (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
                continue
            place = len(cells)
            width, height = _number(element, "number-columns-spanned"), _number(element, "number-rows-spanned")
            if width > 1 or height > 1:
                spans.append(Span(len(rows), place, len(rows) + height - 1, place + width - 1))
            covered = element.tag == f"{_TABLE}covered-table-cell"
            own = element.get(f"{_TABLE}style-name")
            crossed = shared.look(own).struck if own else look.struck or place in struck
            cell = EMPTY if covered else _cell(element, shared, heading=heading, struck=crossed)
            cells += [cell] * min(_number(element, "number-columns-repeated"), _MOST_COLUMNS - place)
        says = any(cell.says_something for cell in cells)
        if row.get(f"{_TABLE}visibility", "visible") != "visible":
            if says:
                shared.leave_out("a row")
            cells = []
        for place in hidden:
            if place < len(cells) and cells[place].says_something:
                shared.leave_out("a cell of a column")
                cells[place] = EMPTY
        again = _number(row, "number-rows-repeated") if says else 1
        rows += [list(cells) for _ in range(min(again, 1000))]
    width = max((place + 1 for row in rows for place, cell in enumerate(row) if cell.says_something), default=0)
    return filled([row[:width] for row in rows], spans)


def _columns(table: etree._Element, shared: _Shared) -> tuple[set[int], set[int]]:
    """Places of columns that are hidden, and of those whose cells are crossed out by default."""
    hidden: set[int] = set()
    struck: set[int] = set()
    place = 0
    for column in table.iter(f"{_TABLE}table-column"):
        covered = range(place, min(place + _number(column, "number-columns-repeated"), _MOST_COLUMNS))
        if column.get(f"{_TABLE}visibility", "visible") != "visible":
            hidden.update(covered)
        if shared.look(column.get(f"{_TABLE}default-cell-style-name")).struck:
            struck.update(covered)
        place += _number(column, "number-columns-repeated")
    return hidden, struck


def _rows(table: etree._Element) -> Iterator[tuple[etree._Element, bool]]:
    pending = [(element, False) for element in reversed(table)]
    while pending:
        element, heading = pending.pop()
        if element.tag == f"{_TABLE}table-row":
            yield element, heading
        elif isinstance(element.tag, str) and element.tag.startswith(f"{_TABLE}table-"):
            inside = heading or element.tag == f"{_TABLE}table-header-rows"
            pending.extend((inner, inside) for inner in reversed(element))


def _cell(element: etree._Element, shared: _Shared, *, heading: bool, struck: bool) -> Cell:
    pieces: list[Piece] = []
    for block in _blocks(element):
        if block.tag != f"{_TABLE}table":
            pieces += [(text, crossed or struck) for text, crossed in _pieces(block, shared)]
            pieces.append(("\n", struck))
    text, crossed_out = parted(pieces)
    links = tuple(
        Link(str(link.get(_HREF)), parted(_pieces(link, shared))[0].replace("\n", " ") or None)
        for link in element.iter(f"{_TEXT}a")
        if str(link.get(_HREF)).startswith(("http://", "https://"))
    )
    comments = tuple(
        words
        for note in element.iter(f"{_OFFICE}annotation")
        if (words := lines("\n".join("".join(map(str, each.itertext())) for each in note.iter(f"{_TEXT}p"))))
    )
    formula = element.get(f"{_TABLE}formula") is not None
    stored = any(str(key).startswith(_OFFICE) for key in element.attrib)
    return Cell(
        text=text,
        links=links,
        heading=heading,
        struck=crossed_out,
        comments=comments,
        unread=NOT_STORED if formula and not stored and not text and not crossed_out else None,
        moment=_moment(element) if text else None,
    )


def _moment(element: etree._Element) -> str | None:
    """The day or time of day that a cell of a sheet means."""
    day, clock = element.get(f"{_OFFICE}date-value"), element.get(f"{_OFFICE}time-value")
    if day is not None and _DAY.match(day):
        return day.replace("T", " ")[:16]
    told = _CLOCK.match(clock or "")
    return f"{int(told.group(1)):02d}:{told.group(2)}" if told is not None and int(told.group(1)) < 24 else None


def _number(element: etree._Element, name: str) -> int:
    stated = element.get(f"{_TABLE}{name}")
    return min(max(int(stated), 1), 10_000) if stated is not None and stated.isdecimal() else 1


def _pieces(block: etree._Element, shared: _Shared) -> Iterator[Piece]:
    crossed = [shared.look(block.get(f"{_TEXT}style-name")).struck]
    yield block.text or "", crossed[-1]
    walk = etree.iterwalk(block, events=("start", "end"))
    for event, element in walk:
        if element is block:
            continue
        if event == "end":
            crossed.pop()
            yield element.tail or "", crossed[-1]
            continue
        look = shared.look(element.get(f"{_TEXT}style-name"))
        crossed.append(crossed[-1] or look.struck)
        if look.hidden:
            shared.leave_out("words")
        if look.hidden or element.tag in (f"{_TEXT}note", f"{_OFFICE}annotation", f"{_TEXT}hidden-text"):
            walk.skip_subtree()
            continue
        if element.tag == f"{_TEXT}line-break":
            yield "\n", crossed[-1]
        elif element.tag in (f"{_TEXT}tab", f"{_TEXT}s"):
            yield " ", crossed[-1]
        elif element.tag == f"{_TEXT}change":
            yield shared.deleted.get(str(element.get(f"{_TEXT}change-id")), ""), True
        yield element.text or "", crossed[-1]
