"""A page as an article: headings, paragraphs, items of lists, quotes, preformatted text, tables, pictures.

In: a page. Out: `ReadablePage`, made of text and of a small closed set of kinds of blocks, so that whoever shows
it makes every element anew and no markup of the page can come through. What the page hides from every reader is
left out and counted, crossed-out words are marked (`processors.markup.visibility`). What surrounds the article
(navigation, foot, forms) stays, marked as such: a judgement of what is the article would drop evidence. Bounded:
beyond ``MOST_CHARACTERS``, ``MOST_CELLS`` or ``MOST_PICTURES`` it is ``cut``. Raises ``MemoryError`` alone.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from lxml import etree, html

from processors.markup.encoding import decode
from processors.markup.html_tree import BLOCKS, INNER_MARK, STRUCK_TAGS, UNSEEN, attribute, parse, visible_text
from processors.markup.link_base import LinkBase, link_base
from processors.markup.visibility import as_seen, hidden_in
from processors.pages.page import Page
from processors.tables.cell_spans import CellSpans
from processors.text import one_line

MOST_CHARACTERS = 300_000
MOST_CELLS = 20_000
MOST_PICTURES = 300

BlockKind = Literal["heading", "paragraph", "item", "quote", "preformatted", "table", "picture"]

_AROUND = frozenset(("nav", "footer", "aside", "form"))
_AROUND_ROLES = frozenset(("navigation", "contentinfo", "search", "complementary"))
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_SPACE = re.compile(r"[ \t\r\n\f]+")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}")
_SMALL = re.compile(r"[0-3](?:px)?")


@dataclass(frozen=True, slots=True)
class TextRun:
    """Words that are alike: crossed out or not, with the address that they link to or without."""

    text: str
    struck: bool = False
    address: str | None = None


@dataclass(frozen=True, slots=True)
class ReadableCell:
    """A cell of a table; ``columns`` and ``rows`` say how far it reaches."""

    runs: tuple[TextRun, ...]
    heading: bool = False
    columns: int = 1
    rows: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadableRow:
    """A row of a table."""

    cells: tuple[ReadableCell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadableBlock:
    """One block. ``level``: of a heading 1 to 6, of an item how deep its list lies.

    ``marker`` stands before an item (None where it goes on); ``address`` is that of a picture, whose description
    is in ``runs``, as is the caption of a table. ``around``: it belongs to what surrounds the article.
    """

    kind: BlockKind
    runs: tuple[TextRun, ...] = ()
    level: int = 0
    marker: str | None = None
    rows: tuple[ReadableRow, ...] = ()
    address: str | None = None
    around: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadablePage:
    """``hidden``: how many passages with words are left out because the page hides them; ``kept``: the beginnings
    of those that the page hides at first and are shown all the same. ``remarks``: what could not be read.
    """

    title: str | None
    language: str | None
    direction: Literal["ltr", "rtl", "auto"]
    blocks: tuple[ReadableBlock, ...]
    hidden: int = 0
    kept: tuple[str, ...] = ()
    cut: bool = False
    remarks: tuple[str, ...] = ()


NOTHING = ReadablePage(title=None, language=None, direction="auto", blocks=())


def readable_page(page: Page) -> ReadablePage:
    """The page as an article."""
    decoded = decode(page.body, page.content_type)
    tree = parse(decoded.text)
    if tree is None:
        return NOTHING
    title = one_line("".join(tree.xpath("string((//title)[1])"))) or None
    seen = as_seen(tree)
    builder = _Builder(link_base(tree, page.url, decoded.encoding))
    builder.walk(tree)
    language = (tree.get("lang") or "").strip()
    direction = (tree.get("dir") or "").strip().lower()
    return ReadablePage(
        title=title,
        language=language if _LANGUAGE.fullmatch(language) else None,
        direction="rtl" if direction == "rtl" else "ltr" if direction == "ltr" else "auto",
        blocks=tuple(builder.blocks),
        hidden=len(hidden_in(tree)),
        kept=seen.kept[:20],
        cut=builder.cut,
    )


def preformatted_page(text: str) -> ReadablePage:
    """Text that is no page, as it stands; halves of surrogate pairs, which no page can show, are written out."""
    text = text[: MOST_CHARACTERS + 1].encode("utf-8", "backslashreplace").decode()
    block = ReadableBlock(kind="preformatted", runs=(TextRun(text[:MOST_CHARACTERS]),))
    return ReadablePage(
        title=None,
        language=None,
        direction="auto",
        blocks=(block,) if text else (),
        cut=len(text) > MOST_CHARACTERS,
    )


def plain_lines(page: ReadablePage) -> Iterator[str]:
    """The page as lines of text, one for each block, item or row; crossed-out words stand between ``~~``."""
    for block in page.blocks:
        if block.kind == "picture":
            continue
        if text := _plain(block.runs):
            yield f"{block.marker} {text}" if block.marker else text
        for row in block.rows:
            if any(cells := [_plain(cell.runs) for cell in row.cells]):
                yield " | ".join(one_line(cell) for cell in cells)


def plain_text(page: ReadablePage) -> str:
    """The page as text, one line for each block, item or row."""
    return "\n".join(plain_lines(page))


def _plain(runs: tuple[TextRun, ...]) -> str:
    return "".join(f"~~{run.text}~~" if run.struck and run.text else run.text for run in runs).strip()


class _Builder:
    """Blocks on their way, in one walk over the tree; each element is looked at once."""

    def __init__(self, base: LinkBase) -> None:
        self.blocks: list[ReadableBlock] = []
        self.cut = False
        self._base = base
        self._runs: list[TextRun] = []
        self._pictures: list[ReadableBlock] = []
        self._characters = 0
        self._cells = 0
        self._shown_pictures = 0
        self._heading = 0
        self._quotes = 0
        self._preformatted = 0
        self._struck = 0
        self._around = 0
        self._links: list[str | None] = []
        self._lists: list[int | None] = []
        self._marker: str | None = None

    def walk(self, tree: html.HtmlElement) -> None:
        """Take in the whole tree."""
        walk = etree.iterwalk(tree, events=("start", "end"))
        for event, node in walk:
            if self._characters > MOST_CHARACTERS:
                self.cut = True
                break
            if event == "start":
                if node.tag in UNSEEN:
                    walk.skip_subtree()
                elif node.tag == "table" and _is_data(node):
                    self._flush()
                    self._table(node)
                    walk.skip_subtree()
                else:
                    self._start(node)
                continue
            if node.tag not in UNSEEN and not (node.tag == "table" and _is_data(node)):
                self._end(node)
            self._text(node.tail)
        self._flush()

    def _start(self, node: html.HtmlElement) -> None:
        tag = node.tag
        if tag in BLOCKS or tag in ("td", "th"):
            self._flush()
        self._around += _is_around(node)
        self._quotes += tag == "blockquote"
        self._preformatted += tag == "pre"
        self._struck += tag in STRUCK_TAGS
        if tag in _HEADINGS:
            self._heading = _HEADINGS[tag]
        elif tag in ("ul", "ol"):
            self._lists.append(0 if tag == "ol" else None)
        elif tag == "li":
            self._begin_item()
        elif tag == "a":
            self._links.append(self._base.resolve(attribute(node, "href")))
        elif tag == "br":
            self._add("\n")
        elif tag in ("img", "video", "audio"):
            self._picture(node)
        self._text(node.text)

    def _end(self, node: html.HtmlElement) -> None:
        tag = node.tag
        if tag in BLOCKS or tag in ("td", "th"):
            self._flush()
        self._around -= _is_around(node)
        self._quotes -= tag == "blockquote"
        self._preformatted -= tag == "pre"
        self._struck -= tag in STRUCK_TAGS
        if tag in _HEADINGS:
            self._heading = 0
        elif tag in ("ul", "ol") and self._lists:
            self._lists.pop()
        elif tag == "a" and self._links:
            self._links.pop()

    def _begin_item(self) -> None:
        number = self._lists[-1] if self._lists else None
        if number is None:
            self._marker = "•"
        else:
            self._lists[-1] = number + 1
            self._marker = f"{number + 1}."

    def _text(self, text: str | None) -> None:
        if text:
            self._add(text if self._preformatted else _SPACE.sub(" ", text))

    def _add(self, text: str) -> None:
        last = self._runs[-1] if self._runs else None
        if not self._preformatted and (last is None or last.text.endswith((" ", "\n"))):
            text = text.lstrip(" ")
        if not text:
            return
        self._characters += len(text)
        address = self._links[-1] if self._links else None
        self._runs.append(TextRun(text, self._struck > 0, address))

    def _flush(self) -> None:
        runs = trimmed(self._runs)
        self._runs = []
        if runs:
            self.blocks.append(self._block(runs))
        self.blocks += self._pictures
        self._pictures = []

    def _block(self, runs: tuple[TextRun, ...]) -> ReadableBlock:
        around = self._around > 0
        if self._heading:
            return ReadableBlock(kind="heading", runs=runs, level=self._heading, around=around)
        if self._preformatted:
            return ReadableBlock(kind="preformatted", runs=runs, around=around)
        if self._lists:
            marker, self._marker = self._marker, None
            depth = min(len(self._lists), 6)
            return ReadableBlock(kind="item", runs=runs, level=depth, marker=marker, around=around)
        return ReadableBlock(kind="quote" if self._quotes else "paragraph", runs=runs, around=around)

    def _picture(self, node: html.HtmlElement) -> None:
        names = ("src", "data-src", "poster")
        address = next((found for name in names if (found := self._base.resolve(attribute(node, name)))), None)
        described = one_line(attribute(node, "alt") or "")[:2_000]
        small = any(_SMALL.fullmatch((node.get(side) or "").strip()) for side in ("width", "height"))
        if address is None or small:
            return
        self._shown_pictures += 1
        if self._shown_pictures > MOST_PICTURES:
            self.cut = True
            return
        runs = (TextRun(described),) if described else ()
        block = ReadableBlock(kind="picture", runs=runs, address=address, around=self._around > 0)
        self._pictures.append(block)

    def _table(self, table: html.HtmlElement) -> None:
        own = [row for row in table.iter("tr") if row is not table]
        spans = CellSpans(sum(len(row) for row in own))
        rows: list[ReadableRow] = []
        for row in own:
            elements = [cell for cell in row if cell.tag in ("td", "th")]
            self._cells += len(elements)
            if self._cells > MOST_CELLS or self._characters > MOST_CHARACTERS:
                self.cut = True
                break
            cells = tuple(self._cell(cell, spans) for cell in elements)
            if any(cell.runs for cell in cells):
                rows.append(ReadableRow(cells=cells))
        for picture in table.iter("img"):
            self._picture(picture)
        caption = next(table.iter("caption"), None)
        words = "" if caption is None else one_line(visible_text(caption))
        if rows:
            runs = (TextRun(words),) if words else ()
            block = ReadableBlock(kind="table", runs=runs, rows=tuple(rows), around=self._around > 0)
            self.blocks.append(block)
        self._flush()

    def _cell(self, cell: html.HtmlElement, spans: CellSpans) -> ReadableCell:
        parts = visible_text(cell, mark=INNER_MARK).split(INNER_MARK)
        runs = [TextRun(part, struck=place % 2 == 1) for place, part in enumerate(parts) if part]
        self._characters += sum(len(run.text) for run in runs)
        addresses = (self._base.resolve(attribute(link, "href")) for link in cell.iter("a"))
        runs += [TextRun("", address=address) for address in dict.fromkeys(filter(None, addresses))]
        columns, height = spans.of(cell)
        return ReadableCell(tuple(runs), cell.tag == "th", columns, height)


def trimmed(runs: list[TextRun]) -> tuple[TextRun, ...]:
    """The runs that say something, without blanks at either end; neighbours that are alike become one."""
    merged: list[TextRun] = []
    for run in runs:
        last = merged[-1] if merged else None
        if last is not None and (last.struck, last.address) == (run.struck, run.address):
            merged[-1] = TextRun(last.text + run.text, run.struck, run.address)
        else:
            merged.append(run)
    while merged and not merged[0].text.strip():
        merged.pop(0)
    while merged and not merged[-1].text.strip():
        merged.pop()
    if merged:
        merged[0] = TextRun(merged[0].text.lstrip(" \n"), merged[0].struck, merged[0].address)
        merged[-1] = TextRun(merged[-1].text.rstrip(), merged[-1].struck, merged[-1].address)
    return tuple(merged)


def _is_around(node: html.HtmlElement) -> bool:
    return node.tag in _AROUND or (node.get("role") or "").strip().lower() in _AROUND_ROLES


def _is_data(table: html.HtmlElement) -> bool:
    """Whether a table holds data; one that only puts a page's parts in place is walked through."""
    if (table.get("role") or "").lower() in ("presentation", "none"):
        return False
    if next(table.iterdescendants("table"), None) is not None:
        return False
    return any(sum(1 for cell in row if cell.tag in ("td", "th")) > 1 for row in table.iter("tr"))
