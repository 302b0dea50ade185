"""A document as an article: its lines as paragraphs, then its tables.

In: what a confined reader found in a document (`processors.documents.sandboxed_reader`). Out: `ReadablePage`. The
lines outside tables stand before the tables, since readers keep the two apart. Words under a bar are left out
(decision 34), and so are words that no reader of the document sees; crossed-out words are marked. Pure.
"""

from processors.pages.readable_page import (
    MOST_CELLS,
    MOST_CHARACTERS,
    ReadableBlock,
    ReadableCell,
    ReadablePage,
    ReadableRow,
    TextRun,
)
from processors.tables.document import Document
from processors.tables.table import Cell, Table


def readable_document(document: Document) -> ReadablePage:
    """The document as an article; ``remarks`` has its own, and why nothing was read."""
    blocks: list[ReadableBlock] = []
    left = MOST_CHARACTERS
    for line in document.text:
        left -= len(line)
        if left < 0:
            break
        blocks.append(ReadableBlock(kind="paragraph", runs=(TextRun(_encodable(line)),)))
    blocks += [
        ReadableBlock(kind="paragraph", runs=(TextRun(_encodable(words), struck=True),))
        for words in document.struck[:1_000]
    ]
    cells = MOST_CELLS
    for table in document.tables:
        rows = []
        for row in (*table.rows, *table.footers):
            cells -= len(row)
            left -= sum(len(cell.text) for cell in row)
            if cells < 0 or left < 0:
                break
            rows.append(ReadableRow(cells=_merged(row)))
        blocks.append(ReadableBlock(kind="table", runs=_caption(table), rows=tuple(rows)))
    hidden = sum(len(cell.hidden) for table in document.tables for row in table.rows for cell in row)
    return ReadablePage(
        title=None,
        language=None,
        direction="auto",
        blocks=tuple(blocks),
        hidden=hidden,
        cut=left < 0 or cells < 0,
        remarks=tuple(filter(None, (document.unread, *document.remarks))),
    )


def _caption(table: Table) -> tuple[TextRun, ...]:
    return (TextRun(_encodable(table.before[-1])),) if table.before else ()


def _merged(row: tuple[Cell, ...]) -> tuple[ReadableCell, ...]:
    """The cells of a row; what a cell fills in to its right counts as its width."""
    cells: list[ReadableCell] = []
    for cell in row:
        if cell.copied and not cell.hangs and cells:
            last = cells[-1]
            cells[-1] = ReadableCell(last.runs, last.heading, last.columns + 1)
            continue
        runs = [TextRun(_encodable(cell.text))] if cell.text else []
        runs += [TextRun(_encodable(words), struck=True) for words in cell.struck]
        runs += [
            TextRun("" if cell.text else _encodable(link.title or ""), address=_encodable(link.url))
            for link in cell.links
        ]
        runs += [TextRun(_encodable(f" ({words})")) for words in cell.comments]
        if cell.unread:
            runs.append(TextRun(f"[{cell.unread}]"))
        cells.append(ReadableCell(tuple(runs), cell.heading))
    return tuple(cells)


def _encodable(text: str) -> str:
    """The text with halves of surrogate pairs, which no page can show, written out."""
    return text.encode("utf-8", "backslashreplace").decode()
