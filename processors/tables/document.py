"""A document as its reader hands it on: tables and the lines outside them, whatever the format was.

The one type that leaves this package. It has a JSON form, since documents are read in a process of their own:
``document_from_json(document_to_json(document)) == document``.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from processors.tables.table import Cell, Link, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentLimits:
    """What one document may cost; all of it is told when a document goes beyond.

    ``unpacked_bytes`` bounds everything a packed file unfolds to, ``ratio`` how much larger than the packed part
    one part may be. ``tesseract`` is the program that reads pictures of text, None where there is none.
    """

    content_bytes: int = 128 << 20
    unpacked_bytes: int = 256 << 20
    ratio: int = 200
    pages: int = 5_000
    cells: int = 1_000_000
    seconds: float = 300.0
    memory_bytes: int = 3 << 30
    tesseract: str | None = None


class UnreadDocument(Exception):
    """The bytes give no tables; the message says why, in words for the analyst."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What a document says. ``text`` are its lines outside tables, in order.

    ``struck`` are words crossed out there, ``covered`` words that a bar is drawn over, which no record may take.

    ``unread`` says why nothing of it could be read; ``remarks`` what could not be read of the rest, or was cut.
    """

    media_type: str
    tables: tuple[Table, ...] = ()
    text: tuple[str, ...] = ()
    struck: tuple[str, ...] = ()
    covered: tuple[str, ...] = ()
    unread: str | None = None
    remarks: tuple[str, ...] = ()


def document_to_json(document: Document) -> bytes:
    """The document as JSON: cells as short arrays, since there may be many."""
    return json.dumps(
        {
            "media_type": document.media_type,
            "tables": [
                {
                    "before": table.before,
                    "rows": [[_cell_row(cell) for cell in row] for row in table.rows],
                    "footers": [[_cell_row(cell) for cell in row] for row in table.footers],
                }
                for table in document.tables
            ],
            "text": document.text,
            "struck": document.struck,
            "covered": document.covered,
            "unread": document.unread,
            "remarks": document.remarks,
        }
    ).encode()


def _cell_row(cell: Cell) -> list[object]:
    links = [[link.url, link.title] for link in cell.links]
    usual: list[object] = [cell.text, links, cell.heading, cell.width, cell.copied, cell.hangs]
    if cell.struck or cell.comments or cell.unread or cell.moment or cell.hidden or cell.covered:
        usual += [cell.struck, cell.comments, cell.unread, cell.moment, cell.hidden, cell.covered]
    return usual


def document_from_json(text: bytes) -> Document:
    """The document a worker sent; raises ``ValueError``, ``TypeError`` or ``KeyError`` when it is none."""
    fields = json.loads(text)
    return Document(
        media_type=fields["media_type"],
        tables=tuple(
            Table(
                rows=tuple(tuple(_cell(*cell) for cell in row) for row in table["rows"]),
                before=tuple(table["before"]),
                footers=tuple(tuple(_cell(*cell) for cell in row) for row in table["footers"]),
            )
            for table in fields["tables"]
        ),
        text=tuple(fields["text"]),
        struck=tuple(map(str, fields["struck"])),
        covered=tuple(map(str, fields["covered"])),
        unread=fields["unread"],
        remarks=tuple(fields["remarks"]),
    )


def _cell(
    text: str,
    links: list[list[str | None]],
    heading: bool,
    width: int,
    copied: bool,
    hangs: bool,
    struck: Iterable[str] = (),
    comments: Iterable[str] = (),
    unread: str | None = None,
    moment: str | None = None,
    hidden: Iterable[str] = (),
    covered: Iterable[str] = (),
) -> Cell:
    return Cell(
        text=text,
        links=tuple(Link(str(url), title) for url, title in links),
        heading=heading,
        width=width,
        copied=copied,
        hangs=hangs,
        struck=tuple(map(str, struck)),
        comments=tuple(map(str, comments)),
        unread=unread,
        moment=moment,
        hidden=tuple(map(str, hidden)),
        covered=tuple(map(str, covered)),
    )
