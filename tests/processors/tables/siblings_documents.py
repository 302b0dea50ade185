"""Siblings in documents of words (DOCX): crossed-out and hidden words, tracked changes."""

from collections.abc import Callable

from tests.processors.documents.packed_documents import docx, docx_paragraph
from tests.processors.tables.sibling import COURT, Sibling, hearing

HEADINGS = ("Дата", "Время", "Дело №", "Стороны", "Судья", "Зал")
USUAL = ("03.03.2026", "10:00", "1-12/2026", "Пряник Г. Г.", "Узор А. А.", "3")
SECOND = ("03.03.2026", "11:00", "1-13/2026", "Спица Д. Д.", "Узор А. А.", "3")
OF_SECOND = hearing(
    case_number="1-13/2026", parties_raw="Спица Д. Д.", starts_at="2026-03-03T08:00:00Z",
    starts_raw="03.03.2026 11:00",
)  # fmt: skip


def run(words: str, properties: str = "", tag: str = "t") -> str:
    """A run of words."""
    return f'<w:r><w:rPr>{properties}</w:rPr><w:{tag} xml:space="preserve">{words}</w:{tag}></w:r>'


def cell(inside: str) -> str:
    """A cell; words are a paragraph."""
    return f"<w:tc>{inside if inside.startswith('<w:p>') else f'<w:p>{run(inside)}</w:p>'}</w:tc>"


def row(*cells: str, properties: str = "") -> str:
    """A row of cells."""
    return f"<w:tr><w:trPr>{properties}</w:trPr>{''.join(map(cell, cells))}</w:tr>"


def document(*rows: str, beside: str = "") -> Callable[[], bytes]:
    """A court's list with the rows below its headings."""
    body = docx_paragraph(COURT) + beside + f"<w:tbl>{row(*HEADINGS)}{''.join(rows)}</w:tbl>"
    return lambda: docx(body)


def paragraph(*runs: str) -> str:
    """A paragraph of runs."""
    return f"<w:p>{''.join(runs)}</w:p>"


MOVED = hearing(
    starts_at="2026-03-10T07:00:00Z", starts_raw="10.03.2026 10:00",
    struck=[{"field": "starts_raw", "text": "03.03.2026"}],
)  # fmt: skip
OF_STRUCK_SECOND = OF_SECOND | {
    "status_raw": "crossed out",
    "struck": [
        {"field": "starts_raw", "text": "03.03.2026"}, {"field": "starts_raw", "text": "11:00"},
        {"field": "case_number", "text": "1-13/2026"}, {"field": "parties_raw", "text": "Спица Д. Д."},
        {"field": "judge", "text": "Узор А. А."}, {"field": "room", "text": "3"},
    ],
}  # fmt: skip


def struck_row(element: str) -> str:
    """The second row, every word crossed out."""
    return row(*(paragraph(run(words, element)) for words in SECOND))


DOCUMENTS = (
    Sibling(
        kind=1,
        name="a crossed-out day of a Word document is not the day",
        content=document(row(paragraph(run("03.03.2026", "<w:strike/>"), run(" 10.03.2026")), *USUAL[1:])),
        records=(MOVED,),
    ),
    Sibling(
        kind=1,
        name="a day crossed out twice in a Word document is not the day",
        content=document(row(paragraph(run("03.03.2026", "<w:dstrike/>"), run(" 10.03.2026")), *USUAL[1:])),
        records=(MOVED,),
    ),
    Sibling(
        kind=1,
        name="a crossing out that is switched off crosses nothing out",
        content=document(row(paragraph(run("03.03.2026", '<w:strike w:val="0"/>')), *USUAL[1:])),
        records=(hearing(),),
    ),
    Sibling(
        kind=1,
        name="a day deleted under change tracking is not the day",
        content=document(
            row(
                paragraph(
                    f'<w:del w:id="1">{run("03.03.2026", tag="delText")}</w:del>',
                    f'<w:ins w:id="2">{run("10.03.2026")}</w:ins>',
                ),
                *USUAL[1:],
            )
        ),
        records=(MOVED,),
        remarked=("open tracked changes (1 deletions, 1 insertions)",),
    ),
    Sibling(
        kind=1,
        name="a row deleted under change tracking is marked",
        content=document(row(*USUAL), row(*SECOND, properties='<w:del w:id="3"/>')),
        records=(hearing(), OF_STRUCK_SECOND),
        remarked=("the whole row is crossed out on the page", "open tracked changes"),
    ),
    Sibling(
        kind=1,
        name="a row of a Word document whose words are all crossed out is marked",
        content=document(row(*USUAL), struck_row("<w:strike/>")),
        records=(hearing(), OF_STRUCK_SECOND),
        remarked=("the whole row is crossed out on the page",),
    ),
    Sibling(
        kind=1,
        name="words crossed out outside the tables of a Word document are told of",
        content=document(row(*USUAL), beside=paragraph(run("Заседание отменено", "<w:strike/>"))),
        records=(hearing(),),
        remarked=("'Заседание отменено'",),
    ),
    Sibling(
        kind=2,
        name="hidden text of a Word document enters no field",
        content=document(row(paragraph(run("20260303", "<w:vanish/>"), run("03.03.2026")), *USUAL[1:])),
        records=(hearing(),),
        remarked=("hidden text",),
    ),
)  # fmt: skip
