"""RTF documents: tables by their cell edges, and the paragraphs between them.

In: the file's bytes. Out: `Document`. Source: Rich Text Format 1.9.1 (Microsoft, 2008): code pages of fonts,
``\\uN`` with its fallback, ``\\trowd`` to ``\\row``, vertical merges; nested tables become lines of their cell.
Pictures, objects and all other destinations are passed over. Raises ``UnreadDocument``.
"""

import codecs
import re
from dataclasses import dataclass, field, replace

from processors.documents.cell_edges import EdgedCell, table_by_edges
from processors.tables.document import Document, DocumentLimits, UnreadDocument
from processors.tables.document_type import RTF
from processors.tables.table import Cell, Table
from processors.text import lines

_TOKEN = re.compile(
    rb"\\(?:'([0-9a-fA-F]{2})|([a-zA-Z]{1,32})(-?\d{1,10})?[ ]?|([^a-zA-Z]))|([{}])|[\r\n]+|([^\\{}\r\n]+)",
    re.DOTALL,
)
# groups that hold no text of the document (RTF 1.9.1, "Destinations")
_PASSED_OVER = frozenset(
    b"fonttbl colortbl stylesheet info pict object header headerl headerr headerf footer footerl footerr footerf "
    b"themedata colorschememapping datastore latentstyles listtable listoverridetable rsidtbl generator xmlnstbl "
    b"fldinst nonshppict shp bkmkstart bkmkend pgdsctbl mmathPr wgrffmtfilter filetbl revtbl annotation atnid "
    b"atnauthor footnote nesttableprops".split()
)
# Windows character sets of fonts (RTF 1.9.1, \fcharset) as Python names the code pages
_CHARSETS = {
    0: "cp1252", 77: "mac_roman", 128: "cp932", 134: "gbk", 136: "big5", 161: "cp1253", 162: "cp1254",
    177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 238: "cp1250", 255: "cp437",
}  # fmt: skip
_SIGNS = {
    b"par": "\n", b"line": "\n", b"sect": "\n", b"page": "\n", b"tab": " ", b"emdash": "—", b"endash": "–",
    b"lquote": "‘", b"rquote": "’", b"ldblquote": "“", b"rdblquote": "”", b"bullet": "•", b"nestcell": "\n",
    b"nestrow": "\n",
}  # fmt: skip
_DEEPEST = 500
_BEFORE_AT_MOST = 6


@dataclass(frozen=True, slots=True)
class _State:
    """What a group inherits."""

    silent: bool = False
    font: int = 0
    fallback: int = 1
    in_table: bool = False
    deleted: bool = False


@dataclass(slots=True)
class _Reader:
    limits: DocumentLimits
    codepage: str = "cp1252"
    fonts: dict[int, str] = field(default_factory=dict)
    pieces: list[str] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)
    edges: list[tuple[int, bool]] = field(default_factory=list)
    hangs: bool = False
    rows: list[list[EdgedCell]] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    above: list[str] = field(default_factory=list)
    count: int = 0

    def end_cell(self) -> None:
        self.cells.append(_joined(self.pieces))
        self.pieces.clear()
        self.count += 1
        if self.count > self.limits.cells:
            raise UnreadDocument(f"its tables go beyond {self.limits.cells} cells")

    def end_row(self) -> None:
        edges = self.edges or [(place * 1000, False) for place in range(1, len(self.cells) + 1)]
        last = edges[-1][0] if edges else 0
        edges += [(last + 1000 * extra, False) for extra in range(1, len(self.cells) - len(edges) + 1)]
        self.rows.append(
            [
                EdgedCell(Cell(text=text), edge, hangs)
                for text, (edge, hangs) in zip(self.cells, edges, strict=False)
            ]
        )
        self.cells, self.pieces = [], []

    def end_paragraph(self) -> None:
        line = _joined(self.pieces)
        self.pieces.clear()
        if line:
            self.end_table()
            self.text.append(line)
            self.above.append(line.replace("\n", " "))

    def end_table(self) -> None:
        if self.rows:
            self.tables.append(Table(table_by_edges(self.rows), tuple(self.above[-_BEFORE_AT_MOST:])))
            self.rows, self.above = [], []


def read_rtf(content: bytes, limits: DocumentLimits) -> Document:
    """Tables and lines of the text, in order."""
    reader = _Reader(limits)
    states = [_State()]
    skip = 0
    font_of_table: int | None = None
    raw = bytearray()

    def flush() -> None:
        if raw:
            page = reader.fonts.get(states[-1].font, reader.codepage)
            reader.pieces.append(raw.decode(page, "replace"))
            raw.clear()

    opened = False
    in_fonts = 0
    position = max(content.find(b"{\\rtf"), 0)
    for token in _TOKEN.finditer(content, position):
        byte, word, number, sign, brace, plain = token.groups()
        state = states[-1]
        if byte is not None:
            if skip:
                skip -= 1
            elif not state.silent and not state.deleted:
                raw.append(int(byte, 16))
            continue
        if plain is not None:
            kept = plain[skip:]
            skip = max(skip - len(plain), 0)
            if not state.silent and not state.deleted:
                raw += kept
            continue
        flush()
        if brace == b"{":
            if len(states) > _DEEPEST:
                raise UnreadDocument("its groups are nested deeper than any program writes")
            states.append(state)
            opened = True
            skip = 0
            continue
        if brace == b"}":
            if len(states) > 1:
                states.pop()
            in_fonts = min(in_fonts, len(states))
            skip = 0
            continue
        value = int(number) if number is not None else None
        if sign is not None:
            if sign == b"*" and opened:
                states[-1] = replace(state, silent=True)
            elif not state.silent and not state.deleted:
                reader.pieces.append({b"~": "\u00a0", b"_": "-", b"\\": "\\", b"{": "{", b"}": "}"}.get(sign, ""))
            continue
        if word is None:
            continue
        first, opened = opened, False
        if word == b"fonttbl":
            in_fonts = len(states)
        if word in _PASSED_OVER and (first or word in (b"fonttbl", b"pict")):
            states[-1] = replace(state, silent=True)
        elif in_fonts and len(states) >= in_fonts and word in (b"f", b"fcharset"):
            if word == b"f":
                font_of_table = value
            elif font_of_table is not None and value in _CHARSETS:
                reader.fonts[font_of_table] = _CHARSETS[value]
        elif word == b"ansicpg" and value is not None:
            reader.codepage = _known(f"cp{value}") or reader.codepage
        elif word == b"uc" and value is not None:
            states[-1] = replace(state, fallback=min(max(value, 0), 8))
        elif word == b"f" and value is not None:
            states[-1] = replace(state, font=value)
        elif word == b"plain":
            states[-1] = replace(state, deleted=False)
        elif word in (b"v", b"deleted"):
            states[-1] = replace(state, deleted=value != 0)
        elif state.silent or state.deleted:
            continue
        elif word == b"u" and value is not None:
            reader.pieces.append(_character(value))
            skip = state.fallback
        else:
            _control(reader, states, word, value)
    flush()
    reader.end_paragraph()
    reader.end_table()
    return Document(media_type=RTF, tables=tuple(reader.tables), text=tuple(reader.text))


def _control(reader: _Reader, states: list[_State], word: bytes, value: int | None) -> None:
    """Words that shape paragraphs and tables."""
    if word == b"trowd":
        reader.edges, reader.hangs = [], False
    elif word == b"clvmrg":
        reader.hangs = True
    elif word == b"cellx" and value is not None:
        reader.edges.append((value, reader.hangs))
        reader.hangs = False
    elif word == b"intbl":
        if not states[-1].in_table and not reader.cells:
            reader.end_paragraph()
        states[-1] = replace(states[-1], in_table=True)
    elif word == b"pard":
        states[-1] = replace(states[-1], in_table=False)
    elif word == b"cell":
        reader.end_cell()
    elif word == b"row":
        reader.end_row()
    elif word == b"par" and not states[-1].in_table and not reader.cells:
        reader.end_paragraph()
    elif word in _SIGNS:
        reader.pieces.append(_SIGNS[word])


def _character(value: int) -> str:
    """``\\u`` counts above 32767 as negative; what lies beyond 65535 comes as two halves."""
    code = value + 65536 if value < 0 else value
    return chr(code) if 0 < code < 0x110000 else "\ufffd"


def _joined(pieces: list[str]) -> str:
    """The pieces as lines, halves of characters put together."""
    return lines("".join(pieces).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"))


def _known(codepage: str) -> str | None:
    try:
        codecs.lookup(codepage)
    except LookupError:
        return None
    return codepage
