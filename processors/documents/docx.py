"""Word documents (DOCX): tables with merged cells filled in, and the paragraphs between them.

In: the file's bytes. Out: `Document`. Source: ECMA-376 part 1, §17.4 (tables: ``gridSpan``, ``vMerge``,
``gridBefore``). What was deleted under change tracking is left out, as a reader sees it. Raises
``UnreadDocument``.
"""

from collections.abc import Iterator

from lxml import etree

from processors.documents.zip_part import Packed
from processors.tables.document import Document, DocumentLimits, UnreadDocument
from processors.tables.document_type import DOCX
from processors.tables.merged_cells import EMPTY, Span, filled
from processors.tables.table import Cell, Link, Table
from processors.text import lines

_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_STRICT = "http://purl.oclc.org/ooxml/wordprocessingml/main"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_BEFORE_AT_MOST = 6
_SKIPPED = frozenset(("del", "moveFrom", "instrText", "pPr", "rPr", "tblPr", "Fallback"))


def read_docx(content: bytes, limits: DocumentLimits) -> Document:
    """Tables and lines of the body, in order."""
    packed = Packed(content, limits)
    names = packed.names()
    main = "word/document.xml" if "word/document.xml" in names else next(
        (name for name in names if name.startswith("word/document") and name.endswith(".xml")), ""
    )  # fmt: skip
    root = packed.xml(main)
    if root is None:
        raise UnreadDocument("damaged: the document has no text part")
    targets = _targets(packed.xml(f"word/_rels/{main.rpartition('/')[2]}.rels"))
    tables: list[Table] = []
    text: list[str] = []
    above: list[str] = []
    cells = 0
    for block in _blocks(root):
        if _name(block) == "tbl":
            rows = _table(block, targets)
            cells += sum(len(row) for row in rows)
            if cells > limits.cells:
                raise UnreadDocument(f"its tables go beyond {limits.cells} cells")
            if rows:
                tables.append(Table(rows, tuple(above[-_BEFORE_AT_MOST:])))
            above = []
        elif line := lines(_text(block)):
            text.append(line)
            above.append(line.replace("\n", " "))
    return Document(media_type=DOCX, tables=tuple(tables), text=tuple(text))


def _name(element: etree._Element) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def _blocks(root: etree._Element) -> Iterator[etree._Element]:
    """Paragraphs and tables that stand in no other table, in order."""
    pending = [root]
    while pending:
        element = pending.pop()
        name = _name(element)
        if name in ("tbl", "p"):
            yield element
        elif name not in _SKIPPED:
            pending.extend(reversed(element))


def _table(table: etree._Element, targets: dict[str, str]) -> tuple[tuple[Cell, ...], ...]:
    rows: list[list[Cell]] = []
    spans: list[Span] = []
    hanging: dict[int, Span] = {}
    for row in (inner for inner in _within(table, "tr")):
        cells = [EMPTY] * _number(row, "trPr", "gridBefore", 0)
        still: dict[int, Span] = {}
        heading = next(_within(row, "tblHeader"), None) is not None
        for cell in _within(row, "tc"):
            width = _number(cell, "tcPr", "gridSpan", 1)
            place = len(cells)
            merge = _property(cell, "tcPr", "vMerge")
            goes_on = merge is not None and _attribute(merge, "val") in (None, "continue")
            span = Span(len(rows), place, len(rows), place + width - 1)
            if goes_on and place in hanging:
                span = Span(hanging[place].top, place, len(rows), hanging[place].right)
            if merge is not None:
                still[place] = span
            elif width > 1:
                spans.append(span)
            text = "" if goes_on else lines("\n".join(_text(block) for block in _blocks_of_cell(cell)))
            links = () if goes_on else tuple(_links(cell, targets))
            cells += [Cell(text=text, links=links, heading=heading), *[EMPTY] * (width - 1)]
        spans += [span for place, span in hanging.items() if place not in still or still[place].top != span.top]
        hanging = still
        rows.append(cells[:200])
    return filled(rows, [*spans, *hanging.values()])


def _within(element: etree._Element, name: str) -> Iterator[etree._Element]:
    """Descendants of that name; what stands in an inner table or cell is that one's own."""
    pending = list(reversed(element))
    while pending:
        inner = pending.pop()
        found = _name(inner)
        if found == name:
            yield inner
        elif found not in ("tbl", "tc", "del", "moveFrom"):
            pending.extend(reversed(inner))


def _blocks_of_cell(cell: etree._Element) -> Iterator[etree._Element]:
    yield from (block for block in cell.iter(f"{{{_WORD}}}p", f"{{{_STRICT}}}p"))


def _property(element: etree._Element, holder: str, name: str) -> etree._Element | None:
    for properties in element:
        if _name(properties) == holder:
            return next((inner for inner in properties if _name(inner) == name), None)
    return None


def _attribute(element: etree._Element, name: str) -> str | None:
    return next((str(value) for key, value in element.attrib.items() if str(key).endswith(f"}}{name}")), None)


def _number(element: etree._Element, holder: str, name: str, default: int) -> int:
    found = _property(element, holder, name)
    stated = _attribute(found, "val") if found is not None else None
    return min(max(int(stated), default), 60) if stated is not None and stated.isdecimal() else default


def _text(paragraph: etree._Element) -> str:
    pieces: list[str] = []
    pending = list(reversed(paragraph))
    while pending:
        element = pending.pop()
        name = _name(element)
        if name == "t":
            pieces.append(element.text or "")
        elif name == "tab":
            pieces.append(" ")
        elif name in ("br", "cr"):
            pieces.append("\n")
        elif name == "noBreakHyphen":
            pieces.append("-")
        elif name not in _SKIPPED and name != "tbl":
            pending.extend(reversed(element))
    return "".join(pieces)


def _targets(relations: etree._Element | None) -> dict[str, str]:
    if relations is None:
        return {}
    return {
        str(each.get("Id")): str(each.get("Target"))
        for each in relations
        if each.get("TargetMode") == "External" and str(each.get("Target")).startswith(("http://", "https://"))
    }


def _links(cell: etree._Element, targets: dict[str, str]) -> Iterator[Link]:
    for element in cell.iter(f"{{{_WORD}}}hyperlink", f"{{{_STRICT}}}hyperlink"):
        target = targets.get(str(element.get(_RELATION)))
        if target:
            yield Link(target, lines(_text(element)).replace("\n", " ") or None)
