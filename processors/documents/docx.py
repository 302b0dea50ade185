"""Word documents (DOCX): tables with merged cells filled in, and the paragraphs between them.

In: the file's bytes. Out: `Document`. Source: ECMA-376 part 1, §17.4 (tables: ``gridSpan``, ``vMerge``,
``gridBefore``), §17.3.2 (``strike``, ``dstrike``, ``vanish``), §17.13.5 (tracked changes). What was deleted under
change tracking is crossed out, as a reader sees it; hidden text is left out. Raises ``UnreadDocument``.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from lxml import etree

from processors.documents.zip_part import Packed
from processors.tables.document import Document, DocumentLimits, UnreadDocument
from processors.tables.document_type import DOCX
from processors.tables.merged_cells import EMPTY, Span, filled
from processors.tables.struck_words import Piece, outside_tables, parted
from processors.tables.table import Cell, Link, Table

_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_STRICT = "http://purl.oclc.org/ooxml/wordprocessingml/main"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_BEFORE_AT_MOST = 6
_SKIPPED = frozenset(("instrText", "delInstrText", "pPr", "rPr", "tblPr", "Fallback"))
_DELETED = frozenset(("del", "moveFrom"))
_INSERTED = frozenset(("ins", "moveTo"))
_OFF = ("0", "false", "off", "none")


@dataclass(frozen=True, slots=True)
class _Look:
    """What styles and runs say of words."""

    struck: bool = False
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class _Shared:
    """What all parts of the document are read with: where links lead, and how styles look."""

    targets: dict[str, str]
    styles: dict[str, _Look]


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
    shared = _Shared(
        _targets(packed.xml(f"word/_rels/{main.rpartition('/')[2]}.rels")), _styles(packed.xml("word/styles.xml"))
    )
    tables: list[Table] = []
    text: list[str] = []
    crossed: list[str] = []
    above: list[str] = []
    cells = 0
    for block in _blocks(root):
        if _name(block) == "tbl":
            rows = _table(block, shared)
            cells += sum(len(row) for row in rows)
            if cells > limits.cells:
                raise UnreadDocument(f"its tables go beyond {limits.cells} cells")
            if rows:
                tables.append(Table(rows, tuple(above[-_BEFORE_AT_MOST:])))
            above = []
            continue
        line, struck = parted(_pieces(block, shared))
        crossed += struck
        if line:
            text.append(line)
            above.append(line.replace("\n", " "))
    remarks = (*_tracked(root), *_hidden(root, shared), *outside_tables(crossed))
    return Document(
        media_type=DOCX, tables=tuple(tables), text=tuple(text), struck=tuple(crossed), remarks=remarks
    )


def _tracked(root: etree._Element) -> Iterator[str]:
    """That changes are open, which the author has neither accepted nor refused."""
    names = [_name(element) for element in root.iter()]
    deleted, inserted = (sum(name in which for name in names) for which in (_DELETED, _INSERTED))
    if deleted or inserted:
        yield (
            f"the document has open tracked changes ({deleted} deletions, {inserted} insertions): what is deleted "
            "is kept as crossed out, what is inserted is read"
        )


def _hidden(root: etree._Element, shared: _Shared) -> Iterator[str]:
    if any(_name(run) == "r" and _look(run, shared).hidden for run in root.iter()):
        yield "the document has hidden text, which was left out"


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


def _table(table: etree._Element, shared: _Shared) -> tuple[tuple[Cell, ...], ...]:
    rows: list[list[Cell]] = []
    spans: list[Span] = []
    hanging: dict[int, Span] = {}
    for row in (inner for inner in _within(table, "tr")):
        cells = [EMPTY] * _number(row, "trPr", "gridBefore", 0)
        still: dict[int, Span] = {}
        heading = next(_within(row, "tblHeader"), None) is not None
        gone = _property(row, "trPr", "del") is not None
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
            gone_cell = gone or _property(cell, "tcPr", "cellDel") is not None
            text, struck = ("", ()) if goes_on else parted(_pieces_of_cell(cell, shared, gone=gone_cell))
            links = () if goes_on else tuple(_links(cell, shared))
            cells += [Cell(text=text, links=links, heading=heading, struck=struck), *[EMPTY] * (width - 1)]
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
        elif found not in ("tbl", "tc"):
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


def _pieces_of_cell(cell: etree._Element, shared: _Shared, *, gone: bool) -> Iterator[Piece]:
    """The words of a cell; all of them crossed out where the cell or its row is ``gone``."""
    for block in _blocks_of_cell(cell):
        for text, struck in _pieces(block, shared):
            yield text, struck or gone
        yield "\n", gone


def _pieces(paragraph: etree._Element, shared: _Shared) -> Iterator[Piece]:
    pending = [(element, False) for element in reversed(paragraph)]
    while pending:
        element, struck = pending.pop()
        name = _name(element)
        if name in ("t", "delText"):
            yield element.text or "", struck
        elif name == "tab":
            yield " ", struck
        elif name in ("br", "cr"):
            yield "\n", struck
        elif name == "noBreakHyphen":
            yield "-", struck
        elif name not in _SKIPPED and name != "tbl":
            look = _look(element, shared) if name == "r" else _Look(struck=name in _DELETED)
            if not look.hidden:
                pending.extend((inner, struck or look.struck) for inner in reversed(element))


def _look(run: etree._Element, shared: _Shared) -> _Look:
    """How a run looks: by itself, else by its style or that of its paragraph."""
    paragraph = next((each for each in run.iterancestors() if _name(each) == "p"), None)
    named = [_property(run, "rPr", "rStyle")]
    named += [_property(paragraph, "pPr", "pStyle")] if paragraph is not None else []
    styles = [shared.styles.get(_attribute(each, "val") or "", _Look()) for each in named if each is not None]
    own = next((each for each in run if _name(each) == "rPr"), None)
    return _with_properties(own, _either(styles))


def _either(looks: Iterable[_Look]) -> _Look:
    found = list(looks)
    return _Look(any(look.struck for look in found), any(look.hidden for look in found))


def _with_properties(properties: etree._Element | None, look: _Look) -> _Look:
    """The look with what the properties of a run say for themselves."""
    for each in properties if properties is not None else ():
        name, on = _name(each), (_attribute(each, "val") or "1") not in _OFF
        if name in ("strike", "dstrike"):
            look = replace(look, struck=on)
        elif name in ("vanish", "webHidden"):
            look = replace(look, hidden=on)
    return look


def _styles(root: etree._Element | None) -> dict[str, _Look]:
    """How each style looks, with what it takes from the one it is based on."""
    styles = {
        _attribute(each, "styleId") or "": each
        for each in (root if root is not None else ())
        if _name(each) == "style"
    }
    found: dict[str, _Look] = {}
    for name in styles:
        chain: list[etree._Element] = []
        at: str | None = name
        while at in styles and styles[at] not in chain:
            chain.append(styles[at])
            base = next((each for each in styles[at] if _name(each) == "basedOn"), None)
            at = _attribute(base, "val") if base is not None else None
        look = _Look()
        for style in reversed(chain):
            look = _with_properties(next((each for each in style if _name(each) == "rPr"), None), look)
        found[name] = look
    return found


def _targets(relations: etree._Element | None) -> dict[str, str]:
    if relations is None:
        return {}
    return {
        str(each.get("Id")): str(each.get("Target"))
        for each in relations
        if each.get("TargetMode") == "External" and str(each.get("Target")).startswith(("http://", "https://"))
    }


def _links(cell: etree._Element, shared: _Shared) -> Iterator[Link]:
    for element in cell.iter(f"{{{_WORD}}}hyperlink", f"{{{_STRICT}}}hyperlink"):
        target = shared.targets.get(str(element.get(_RELATION)))
        if target:
            yield Link(target, parted(_pieces(element, shared))[0].replace("\n", " ") or None)
