"""RTF documents: tables by their cell edges, and the paragraphs between them.

In: the file's bytes. Out: `Document`. Source: Rich Text Format 1.9.1 (Microsoft, 2008): code pages of fonts,
``\\uN`` with its fallback, ``\\trowd`` to ``\\row``, vertical merges; nested tables become lines of their cell.
What is crossed out or deleted under change tracking is kept apart. Pictures, objects and all other destinations
are passed over. A word that is in no table here changes nothing. Raises ``UnreadDocument``.
"""

import codecs
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

from processors.documents.cell_edges import EdgedCell, table_by_edges
from processors.documents.rtf_tokens import ControlSymbol, ControlWord, Mark, TextBytes, tokens
from processors.tables.document import Document, DocumentLimits, UnreadDocument
from processors.tables.document_type import RTF
from processors.tables.struck_words import Piece, outside_tables, parted
from processors.tables.table import Cell, Table

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
_CHARACTERS = {
    b"line": "\n", b"sect": "\n", b"page": "\n", b"tab": " ", b"emdash": "—", b"endash": "–",
    b"lquote": "‘", b"rquote": "’", b"ldblquote": "“", b"rdblquote": "”", b"bullet": "•", b"nestcell": "\n",
    b"nestrow": "\n",
}  # fmt: skip
_SYMBOLS = {b"~": "\u00a0", b"_": "-", b"\\": "\\", b"{": "{", b"}": "}"}
_DEEPEST = 500
_BEFORE_AT_MOST = 6


@dataclass(frozen=True, slots=True)
class _State:
    """What a group inherits. Text is left out where it is ``silent`` (no text of the document) or ``hidden``.

    ``crossed`` are the ways in which text is crossed out: by its font, once or twice, or under change tracking.
    """

    silent: bool = False
    font: int = 0
    fallback: int = 1
    in_table: bool = False
    hidden: bool = False
    crossed: frozenset[str] = frozenset()


@dataclass(slots=True)
class _RtfReader:
    """Takes the tokens of a file one by one and puts its document together."""

    limits: DocumentLimits
    codepage: str = "cp1252"
    fonts: dict[int, str] = field(default_factory=dict)
    states: list[_State] = field(default_factory=lambda: [_State()])
    group_just_opened: bool = False
    font_table_depth: int = 0
    """How many groups were open where the font table began, as far as they still are; 0 before it.

    It does not return to 0 behind the table: ``\\f`` in the text chooses no font, and the text is read in the
    document's code page.
    """
    font_of_table: int | None = None
    """The font that the font table describes at the moment."""
    to_skip: int = 0
    """Bytes of text that repeat the character before them, for readers without Unicode."""
    undecoded: bytearray = field(default_factory=bytearray)
    pieces: list[Piece] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)
    struck: list[str] = field(default_factory=list)
    remarks: dict[str, None] = field(default_factory=dict)
    edges: list[tuple[int, bool]] = field(default_factory=list)
    hangs: bool = False
    rows: list[list[EdgedCell]] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    above: list[str] = field(default_factory=list)
    count: int = 0

    @property
    def state(self) -> _State:
        return self.states[-1]

    @property
    def is_hidden(self) -> bool:
        return self.state.silent or self.state.hidden

    def change(self, **values: Any) -> None:
        self.states[-1] = replace(self.state, **values)

    def add_bytes(self, content: bytes) -> None:
        kept = content[self.to_skip :]
        self.to_skip = max(self.to_skip - len(content), 0)
        if not self.is_hidden:
            self.undecoded += kept

    def decode(self) -> None:
        """Bytes wait until something else follows, since a character may have several of them."""
        if self.undecoded:
            page = self.fonts.get(self.state.font, self.codepage)
            self.add_text(self.undecoded.decode(page, "replace"))
            self.undecoded.clear()

    def add_text(self, text: str) -> None:
        self.pieces.append((text, bool(self.state.crossed)))

    def start_group(self) -> None:
        if len(self.states) > _DEEPEST:
            raise UnreadDocument("its groups are nested deeper than any program writes")
        self.states.append(self.state)
        self.group_just_opened = True
        self.to_skip = 0

    def end_group(self) -> None:
        if len(self.states) > 1:
            self.states.pop()
        self.font_table_depth = min(self.font_table_depth, len(self.states))
        self.to_skip = 0

    def take_symbol(self, sign: bytes) -> None:
        if sign == b"*" and self.group_just_opened:
            self.change(silent=True)
        elif not self.is_hidden:
            self.add_text(_SYMBOLS.get(sign, ""))

    def take_word(self, word: bytes, value: int | None) -> None:
        is_first, self.group_just_opened = self.group_just_opened, False
        if word == b"fonttbl":
            self.font_table_depth = len(self.states)
        if word in _PASSED_OVER and (is_first or word in (b"fonttbl", b"pict")):
            self.change(silent=True)
        elif self.font_table_depth and word in _FONT_TABLE_WORDS:
            _FONT_TABLE_WORDS[word](self, value)
        elif word in _STATE_WORDS:
            _STATE_WORDS[word](self, value)
        elif self.is_hidden:
            return
        elif word in _TEXT_WORDS:
            _TEXT_WORDS[word](self, value)
        elif word in _CHARACTERS:
            self.add_text(_CHARACTERS[word])

    def end_cell(self) -> None:
        text, struck = _joined(self.pieces)
        self.cells.append(Cell(text=text, struck=struck))
        self.pieces.clear()
        self.count += 1
        if self.count > self.limits.cells:
            raise UnreadDocument(f"its tables go beyond {self.limits.cells} cells")

    def end_row(self) -> None:
        edges = self.edges or [(place * 1000, False) for place in range(1, len(self.cells) + 1)]
        last = edges[-1][0] if edges else 0
        edges += [(last + 1000 * extra, False) for extra in range(1, len(self.cells) - len(edges) + 1)]
        self.rows.append(
            [EdgedCell(cell, edge, hangs) for cell, (edge, hangs) in zip(self.cells, edges, strict=False)]
        )
        self.cells, self.pieces = [], []

    def end_paragraph(self) -> None:
        line, struck = _joined(self.pieces)
        self.struck += struck
        self.pieces.clear()
        if line:
            self.end_table()
            self.text.append(line)
            self.above.append(line.replace("\n", " "))

    def end_table(self) -> None:
        if self.rows:
            self.tables.append(Table(table_by_edges(self.rows), tuple(self.above[-_BEFORE_AT_MOST:])))
            self.rows, self.above = [], []

    def finish(self) -> Document:
        self.decode()
        self.end_paragraph()
        self.end_table()
        return Document(
            media_type=RTF,
            tables=tuple(self.tables),
            text=tuple(self.text),
            struck=tuple(self.struck),
            remarks=(*self.remarks, *outside_tables(self.struck)),
        )


def read_rtf(content: bytes, limits: DocumentLimits) -> Document:
    """Tables and lines of the text, in order."""
    reader = _RtfReader(limits)
    for token in tokens(content):
        if isinstance(token, TextBytes):
            reader.add_bytes(token.content)
            continue
        reader.decode()
        match token:
            case Mark.GROUP_START:
                reader.start_group()
            case Mark.GROUP_END:
                reader.end_group()
            case ControlSymbol(sign):
                reader.take_symbol(sign)
            case ControlWord(word, value):
                reader.take_word(word, value)
    return reader.finish()


_Action = Callable[[_RtfReader, int | None], None]


def _name_font(reader: _RtfReader, value: int | None) -> None:
    reader.font_of_table = value


def _set_charset(reader: _RtfReader, value: int | None) -> None:
    if reader.font_of_table is not None and value in _CHARSETS:
        reader.fonts[reader.font_of_table] = _CHARSETS[value]


def _set_codepage(reader: _RtfReader, value: int | None) -> None:
    if value is not None:
        reader.codepage = _known(f"cp{value}") or reader.codepage


def _set_fallback(reader: _RtfReader, value: int | None) -> None:
    if value is not None:
        reader.change(fallback=min(max(value, 0), 8))


def _set_font(reader: _RtfReader, value: int | None) -> None:
    if value is not None:
        reader.change(font=value)


def _reset_character_format(reader: _RtfReader, value: int | None) -> None:
    reader.change(hidden=False, crossed=frozenset())


def _set_hidden(reader: _RtfReader, value: int | None) -> None:
    reader.change(hidden=value != 0)
    if value != 0:
        reader.remarks.setdefault("the document has hidden text, which was left out")


def _cross_out(way: str) -> _Action:
    """The action of a word that switches one way of crossing out on or off."""

    def switch(reader: _RtfReader, value: int | None) -> None:
        crossed = reader.state.crossed
        reader.change(crossed=crossed | {way} if value != 0 else crossed - {way})
        if way == "deleted" and value != 0 and not reader.state.silent:
            reader.remarks.setdefault(
                "the document has open tracked changes: what is deleted is kept as crossed out"
            )

    return switch


def _add_character(reader: _RtfReader, value: int | None) -> None:
    if value is not None:
        reader.add_text(_character(value))
        reader.to_skip = reader.state.fallback


def _start_row(reader: _RtfReader, value: int | None) -> None:
    reader.edges, reader.hangs = [], False


def _merge_with_cell_above(reader: _RtfReader, value: int | None) -> None:
    reader.hangs = True


def _add_cell_edge(reader: _RtfReader, value: int | None) -> None:
    if value is not None:
        reader.edges.append((value, reader.hangs))
        reader.hangs = False


def _enter_table(reader: _RtfReader, value: int | None) -> None:
    if not reader.state.in_table and not reader.cells:
        reader.end_paragraph()
    reader.change(in_table=True)


def _reset_paragraph_format(reader: _RtfReader, value: int | None) -> None:
    reader.change(in_table=False)


def _end_cell(reader: _RtfReader, value: int | None) -> None:
    reader.end_cell()


def _end_row(reader: _RtfReader, value: int | None) -> None:
    reader.end_row()


def _end_paragraph(reader: _RtfReader, value: int | None) -> None:
    if reader.state.in_table or reader.cells:
        reader.add_text("\n")
    else:
        reader.end_paragraph()


_FONT_TABLE_WORDS: Mapping[bytes, _Action] = {b"f": _name_font, b"fcharset": _set_charset}
"""What words mean within the font table."""

_STATE_WORDS: Mapping[bytes, _Action] = {
    b"ansicpg": _set_codepage,
    b"uc": _set_fallback,
    b"f": _set_font,
    b"plain": _reset_character_format,
    b"v": _set_hidden,
    b"deleted": _cross_out("deleted"),
    b"strike": _cross_out("once"),
    b"striked": _cross_out("twice"),
}
"""Words that hold also where text is left out."""

_TEXT_WORDS: Mapping[bytes, _Action] = {
    b"u": _add_character,
    b"trowd": _start_row,
    b"clvmrg": _merge_with_cell_above,
    b"cellx": _add_cell_edge,
    b"intbl": _enter_table,
    b"pard": _reset_paragraph_format,
    b"cell": _end_cell,
    b"row": _end_row,
    b"par": _end_paragraph,
}
"""Words of the text itself: characters, paragraphs and tables."""


def _character(value: int) -> str:
    """``\\u`` counts above 32767 as negative; what lies beyond 65535 comes as two halves."""
    code = value + 65536 if value < 0 else value
    return chr(code) if 0 < code < 0x110000 else "\ufffd"


def _joined(pieces: list[Piece]) -> tuple[str, tuple[str, ...]]:
    """The pieces as lines, and those crossed out; halves of characters are put together."""
    whole: list[Piece] = []
    for struck, group in groupby(pieces, key=lambda piece: piece[1]):
        text = "".join(part for part, _ in group)
        whole.append((text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"), struck))
    return parted(whole)


def _known(codepage: str) -> str | None:
    try:
        codecs.lookup(codepage)
    except LookupError:
        return None
    return codepage
