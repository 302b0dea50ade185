"""A report as plain text: headings, sentences and values, one below the other, for a terminal or a letter.

In: a `ReportDocument`. Out: text. Pictures stand as their captions.
"""

from collections.abc import Iterator

from pipeline.handover.report.document import (
    Block,
    Bullets,
    Figure,
    GridTable,
    Paragraph,
    Quote,
    ReportDocument,
    SideBySide,
    Subsection,
    ValueList,
)


def report_text(document: ReportDocument) -> str:
    """The whole text."""
    lines = [document.title, "=" * len(document.title), ""]
    for section in document.sections:
        lines += [section.title, "-" * min(len(section.title), 100), ""]
        for block in section.blocks:
            lines += [*_lines(block), ""]
    return "\n".join(lines).rstrip() + "\n"


def _lines(block: Block) -> Iterator[str]:
    match block:
        case Paragraph():
            yield block.text
        case Quote():
            yield f"{block.name}:"
            yield from (f"> {line}" for line in block.text.split("\n"))
        case Bullets():
            yield from (f"- {item}" for item in block.items)
        case ValueList():
            yield from (f"{row.label}: {row.value}" for row in block.rows)
        case GridTable():
            yield from (" | ".join(row) for row in (block.headings, *block.rows))
        case Figure():
            yield f"[{block.caption}]"
        case Subsection():
            yield block.title
            for inner in block.blocks:
                yield from _lines(inner)
        case SideBySide():
            yield from _lines(block.left)
            yield from _lines(block.right)
