"""Word 97 to 2003 documents (DOC): text, tables and their rows out of the binary format.

In: the file's bytes. Out: `Document`. Source: [MS-DOC] (Microsoft, 2024): §2.4.1 retrieving text by the piece
table, §2.4.3 overview of tables, §2.9.178 the paragraph properties of a row's end. Fast-saved, encrypted and
older files (Word 6 and 95) are told apart; the last two are refused. Raises ``UnreadDocument``.
"""

import io
import re
import struct
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

import olefile

from processors.documents.cell_edges import EdgedCell, table_by_edges
from processors.tables.document import Document, DocumentLimits, UnreadDocument
from processors.tables.document_type import DOC
from processors.tables.table import Cell, Table
from processors.text import lines

_WORD_97 = 0x00C1
_ENCRYPTED, _SECOND_TABLE_STREAM = 0x0100, 0x0200
_PARAGRAPHS_AT, _PIECES_AT = 13, 33  # fcPlcfBtePapx and fcClx among the pairs of FibRgFcLcb97
_IN_TABLE, _ROW_END, _ROW_SHAPE = 0x2416, 0x2417, 0xD608  # sprmPFInTable, sprmPFTtp, sprmTDefTable
_CELL = "\x07"
_ENDS = re.compile("[\r\x07\x0c\x0e]")
_FIELD_CODE = re.compile("\x13[^\x13-\x15]*\x14?")
_UNSEEN = re.compile("[\x01-\x06\x08\x13-\x15]")
_VERTICAL_GOES_ON = 0x0020
_PAGE_BYTES = 512
_BEFORE_AT_MOST = 6


@dataclass(frozen=True, slots=True)
class _Piece:
    """A run of characters: where it begins in the text, where its bytes lie, how wide each character is."""

    start: int
    end: int
    place: int
    width: int


@dataclass(frozen=True, slots=True)
class _Shape:
    """A row's cells as its end describes them: right edges in twips, and whether a merge hangs into each."""

    edges: tuple[int, ...]
    hangs: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class _Mark:
    """The end of a paragraph in a table, perhaps of its row."""

    ends_row: bool
    shape: _Shape


def read_doc(content: bytes, limits: DocumentLimits) -> Document:
    """Tables and lines of the main text, in order."""
    try:
        with olefile.OleFileIO(io.BytesIO(content)) as file:
            main = file.openstream("WordDocument").read()
            flags = struct.unpack_from("<H", main, 0x0A)[0]
            if struct.unpack_from("<H", main, 2)[0] < _WORD_97:
                raise UnreadDocument("written by Word 95 or older, for which there is no reader here")
            if flags & _ENCRYPTED:
                raise UnreadDocument("locked with a password")
            beside = file.openstream("1Table" if flags & _SECOND_TABLE_STREAM else "0Table").read()
        pieces, text = _text(main, beside)
        marks = _marks(main, beside)
    except UnreadDocument:
        raise
    except (OSError, struct.error, IndexError, ValueError, TypeError, AttributeError) as error:
        raise UnreadDocument(f"damaged: {str(error) or type(error).__name__}") from error
    return _document(text, pieces, marks, limits)


def _pair(main: bytes, place: int) -> tuple[int, int]:
    """The n-th pair of offset and length, behind the three counted parts of the file's head."""
    at = 32
    at += 2 + 2 * struct.unpack_from("<H", main, at)[0]
    at += 2 + 4 * struct.unpack_from("<H", main, at)[0]
    return struct.unpack_from("<II", main, at + 2 + 8 * place)


def _text(main: bytes, beside: bytes) -> tuple[list[_Piece], str]:
    length = struct.unpack_from("<i", main, 32 + 2 + 2 * struct.unpack_from("<H", main, 32)[0] + 2 + 4 * 3)[0]
    offset, size = _pair(main, _PIECES_AT)
    table = beside[offset : offset + size]
    at = 0
    while at < len(table) and table[at] == 1:  # properties of pieces stand before the table itself
        at += 3 + struct.unpack_from("<H", table, at + 1)[0]
    count = (struct.unpack_from("<I", table, at + 1)[0] - 4) // 12
    places = struct.unpack_from(f"<{count + 1}I", table, at + 5)
    pieces: list[_Piece] = []
    text: list[str] = []
    for number in range(count):
        start, end = places[number], min(places[number + 1], max(length, 0))
        if end <= start:
            continue
        fc = struct.unpack_from("<I", table, at + 5 + 4 * (count + 1) + 8 * number + 2)[0]
        narrow = bool(fc & 0x40000000)
        place = (fc & 0x3FFFFFFF) // 2 if narrow else fc & 0x3FFFFFFF
        width = 1 if narrow else 2
        raw = main[place : place + (end - start) * width]
        pieces.append(_Piece(start, end, place, width))
        text.append(raw.decode("cp1252" if narrow else "utf-16-le", "replace").ljust(end - start, "\ufffd"))
    return pieces, "".join(text)


def _marks(main: bytes, beside: bytes) -> dict[int, _Mark]:
    """Paragraphs of tables, by where their bytes end in the main stream."""
    offset, size = _pair(main, _PARAGRAPHS_AT)
    count = (size - 4) // 8
    pages = struct.unpack_from(f"<{count}I", beside, offset + 4 * (count + 1)) if count > 0 else ()
    found: dict[int, _Mark] = {}
    for number in pages:
        page = main[(number & 0x3FFFFF) * _PAGE_BYTES :][:_PAGE_BYTES]
        if len(page) < _PAGE_BYTES:
            continue
        runs = page[-1]
        if 4 * (runs + 1) + 13 * runs > _PAGE_BYTES:
            continue
        bounds = struct.unpack_from(f"<{runs + 1}I", page, 0)
        for run in range(runs):
            place = 2 * page[4 * (runs + 1) + 13 * run]
            if not place:
                continue
            short = page[place] != 0
            length = 2 * page[place] - 1 if short else 2 * page[place + 1]
            start = place + (1 if short else 2)
            mark = _mark(page[start + 2 : start + length])
            if mark is not None:
                found[bounds[run + 1]] = mark
    return found


def _mark(properties: bytes) -> _Mark | None:
    """What the properties of a paragraph say of tables; None where it stands in none."""
    in_table = ends_row = False
    shape = _Shape((), ())
    at = 0
    while at + 2 <= len(properties):
        code = struct.unpack_from("<H", properties, at)[0]
        at += 2
        if code == _ROW_SHAPE:
            size = struct.unpack_from("<H", properties, at)[0] if at + 2 <= len(properties) else 0
            shape = _cells(properties[at + 2 : at + 1 + size])
            at += 1 + size
            continue
        kind = code >> 13
        size = 1 + properties[at] if kind == 6 and at < len(properties) else (1, 1, 2, 4, 2, 2, 0, 3)[kind]
        stated = at < len(properties) and properties[at] != 0
        in_table = stated if code == _IN_TABLE else in_table
        ends_row = stated if code == _ROW_END else ends_row
        at += max(size, 1)
    return _Mark(ends_row, shape) if in_table or ends_row else None


def _cells(operand: bytes) -> _Shape:
    count = operand[0] if operand else 0
    if not 0 < count <= 63 or len(operand) < 1 + 2 * (count + 1):
        return _Shape((), ())
    edges = struct.unpack_from(f"<{count + 1}h", operand, 1)[1:]
    flags = [
        struct.unpack_from("<H", operand, at)[0] if at + 2 <= len(operand) else 0
        for at in range(1 + 2 * (count + 1), 1 + 2 * (count + 1) + 20 * count, 20)
    ]
    return _Shape(edges, tuple((flag & 0x0060) == _VERTICAL_GOES_ON for flag in flags))


def _document(text: str, pieces: list[_Piece], marks: dict[int, _Mark], limits: DocumentLimits) -> Document:
    tables: list[Table] = []
    stated: list[str] = []
    above: list[str] = []
    rows: list[list[EdgedCell]] = []
    cells: list[str] = []
    waiting: list[str] = []
    count = 0

    def end_table() -> None:
        if rows:
            tables.append(Table(table_by_edges(rows), tuple(above[-_BEFORE_AT_MOST:])))
            rows.clear()
            above.clear()

    for words, place in _paragraphs(text):
        mark = marks.get(_byte_after(place, pieces))
        ended = text[place] == _CELL
        if ended and mark is not None and mark.ends_row:
            rows.append(_row(cells, mark.shape))
            cells, waiting = [], []
        elif ended:
            cells.append(_seen("\n".join([*waiting, words])))
            waiting = []
            count += 1
            if count > limits.cells:
                raise UnreadDocument(f"its tables go beyond {limits.cells} cells")
        elif mark is not None:
            waiting.append(words)
        elif line := _seen(words):
            end_table()
            stated.append(line)
            above.append(line.replace("\n", " "))
    end_table()
    return Document(media_type=DOC, tables=tuple(tables), text=tuple(stated))


def _paragraphs(text: str) -> Iterator[tuple[str, int]]:
    """Each paragraph without its mark, and where the mark stands."""
    start = 0
    for found in _ENDS.finditer(text):
        yield text[start : found.start()], found.start()
        start = found.end()


def _byte_after(place: int, pieces: list[_Piece]) -> int:
    """Where the bytes of the character end in the main stream."""
    piece = pieces[max(bisect_right(pieces, place, key=lambda each: each.start) - 1, 0)]
    return piece.place + (place - piece.start + 1) * piece.width


def _row(cells: list[str], shape: _Shape) -> list[EdgedCell]:
    """The cells at their edges; at even distances where the row does not say them."""
    if len(shape.edges) < len(cells):
        shape = _Shape(tuple(1000 * place for place in range(1, len(cells) + 1)), (False,) * len(cells))
    hangs = shape.hangs + (False,) * len(cells)
    return [
        EdgedCell(Cell(text=text), edge, hang) for text, edge, hang in zip(cells, shape.edges, hangs, strict=False)
    ]


def _seen(words: str) -> str:
    """Without codes of fields, pictures and notes; line breaks as such."""
    text = _FIELD_CODE.sub("", words)
    text = _UNSEEN.sub("", text).replace("\x1e", "-").replace("\x1f", "").replace("\t", " ")
    return lines(text.replace("\x0b", "\n"))
