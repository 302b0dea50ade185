"""Tables as readers of every format hand them on: rows of cells, merged cells filled in.

The types from which layouts read: HTML tables (`processors.tables.html_tables`), JSON lists, sheets, documents and
PDF pages make them without the layouts knowing.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Link:
    """An address a cell links to, and the words it stands under."""

    url: str
    title: str | None


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell says.

    ``heading`` as marked up; ``width`` in columns; ``copied`` from a cell above or beside, ``hangs`` from one
    above. ``text`` has no crossed-out words: those are ``struck``, in order, each as it stands together.
    ``comments`` are notes that hang on the cell, ``hidden`` words in it that no reader sees. ``unread`` says why a
    cell that holds something has no text. ``covered`` are words that the page covers with a bar: names that
    somebody wanted hidden; they never go into a record. ``moment``: the day, time of day or both that a cell of a
    sheet means, as ISO 8601.
    """

    text: str
    links: tuple[Link, ...] = ()
    heading: bool = False
    width: int = 1
    copied: bool = False
    hangs: bool = False
    struck: tuple[str, ...] = ()
    comments: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    unread: str | None = None
    moment: str | None = None
    covered: tuple[str, ...] = ()

    @property
    def says_something(self) -> bool:
        """Whether a reader finds anything in it."""
        return bool(self.text or self.links or self.struck or self.comments or self.unread or self.covered)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows in page order; ``before`` holds the headings and lines that stand above the table, nearest last.

    ``footers`` are rows that the page itself marks as the foot of the table.
    """

    rows: tuple[tuple[Cell, ...], ...]
    before: tuple[str, ...] = field(default=())
    footers: tuple[tuple[Cell, ...], ...] = field(default=())
