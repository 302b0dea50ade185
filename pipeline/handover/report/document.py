"""A report as a tree of plain values: sections of blocks, which the PDF and the HTML write out alike.

Texts in it are texts and never markup; the writers escape them. A `Quote` is the source's wording, everything else
is ours.
"""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A sentence or more of ours."""

    text: str
    kind: str = field(default="paragraph", init=False)


@dataclass(frozen=True, slots=True)
class Quote:
    """Words of the source, unchanged, with the name of the field they stand in."""

    name: str
    text: str
    kind: str = field(default="quote", init=False)


@dataclass(frozen=True, slots=True)
class Bullets:
    """Sentences, one below the other."""

    items: tuple[str, ...]
    kind: str = field(default="bullets", init=False)


@dataclass(frozen=True, slots=True)
class LabelledValue:
    """A value and what it is; ``code``: a digest, an id or an address, to be broken anywhere."""

    label: str
    value: str
    code: bool = False


@dataclass(frozen=True, slots=True)
class ValueList:
    """Values with their labels."""

    rows: tuple[LabelledValue, ...]
    kind: str = field(default="values", init=False)


@dataclass(frozen=True, slots=True)
class GridTable:
    """Rows of cells under headings. ``target``: of each row, the anchor that its first cell leads to, or empty."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    targets: tuple[str, ...] = ()
    kind: str = field(default="table", init=False)


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture (JPEG) with its alternative text and caption."""

    jpeg: bytes
    alternative: str
    caption: str
    kind: str = field(default="figure", init=False)


@dataclass(frozen=True, slots=True)
class Subsection:
    """Blocks under a heading of their own."""

    title: str
    blocks: tuple["Block", ...]
    kind: str = field(default="subsection", init=False)


@dataclass(frozen=True, slots=True)
class SideBySide:
    """Two subsections beside each other: the source on the left, we on the right."""

    left: Subsection
    right: Subsection
    kind: str = field(default="side_by_side", init=False)


Block = Paragraph | Quote | Bullets | ValueList | GridTable | Figure | Subsection | SideBySide


@dataclass(frozen=True, slots=True)
class ReportSection:
    """A part of a report with its heading; ``new_page``: it begins one."""

    title: str
    blocks: tuple[Block, ...]
    anchor: str = ""
    new_page: bool = False


@dataclass(frozen=True, slots=True)
class ReportDocument:
    """A whole report: its language, its heading, its sections, and the only time that it bears."""

    language: str
    title: str
    page_word: str
    dated: datetime
    sections: tuple[ReportSection, ...]
