"""All siblings, and their count: ``python -m tests.processors.tables.siblings`` prints it, kind by kind."""

from collections import Counter
from sys import stdout

from tests.processors.tables.sibling import Sibling, is_right, read
from tests.processors.tables.siblings_documents import DOCUMENTS, OPEN_DOCUMENTS
from tests.processors.tables.siblings_html import HTML
from tests.processors.tables.siblings_pdf import PDFS
from tests.processors.tables.siblings_sheets import SHEETS

SIBLINGS: tuple[Sibling, ...] = (*HTML, *SHEETS, *DOCUMENTS, *OPEN_DOCUMENTS, *PDFS)


def main() -> None:
    """Of each kind: how many there are, and of how many the records are right."""
    tried: Counter[int] = Counter()
    right: Counter[int] = Counter()
    for sibling in SIBLINGS:
        tried[sibling.kind] += 1
        right[sibling.kind] += is_right(sibling, read(sibling))
    for kind in sorted(tried):
        stdout.write(f"kind {kind}: {tried[kind]} tried, {right[kind]} right\n")


if __name__ == "__main__":
    main()
