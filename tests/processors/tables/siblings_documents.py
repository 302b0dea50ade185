"""Siblings in documents of words (DOCX, ODT, RTF) and sheets of OpenDocument: crossed-out and hidden words."""

from collections.abc import Callable

from tests.processors.documents.packed_documents import docx, docx_paragraph, packed
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


ODF = {
    "office": "urn:oasis:names:tc:opendocument:xmlns:office:1.0",
    "table": "urn:oasis:names:tc:opendocument:xmlns:table:1.0",
    "text": "urn:oasis:names:tc:opendocument:xmlns:text:1.0",
    "style": "urn:oasis:names:tc:opendocument:xmlns:style:1.0",
    "xlink": "http://www.w3.org/1999/xlink",
}
STYLES = (
    '<style:style style:name="S" style:family="text">'
    '<style:text-properties style:text-line-through-style="solid"/></style:style>'
    '<style:style style:name="V" style:family="text"><style:text-properties text:display="none"/></style:style>'
    '<style:style style:name="H" style:family="table">'
    '<style:table-properties table:display="false"/></style:style>'
)


def odf_row(*cells: str, attributes: str = "") -> str:
    """A row; a cell that begins with a tag is taken as it is."""
    made = (
        each if each.startswith("<table:") else f"<table:table-cell><text:p>{each}</text:p></table:table-cell>"
        for each in cells
    )
    return f"<table:table-row {attributes}>{''.join(made)}</table:table-row>"


def open_document(body: str, kind: str = "spreadsheet") -> Callable[[], bytes]:
    """An OpenDocument file of this body."""
    spaces = " ".join(f'xmlns:{name}="{value}"' for name, value in ODF.items())
    content = (
        f"<office:document-content {spaces}><office:automatic-styles>{STYLES}</office:automatic-styles>"
        f"<office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>"
    )
    return lambda: packed(
        {
            "mimetype": f"application/vnd.oasis.opendocument.{kind}",
            "content.xml": content,
            "META-INF/manifest.xml": "<m/>",
        }
    )


def sheet(*rows: str, columns: str = "", style: str = "") -> str:
    """A sheet with the rows below its headings."""
    return (
        f'<table:table table:name="Список" table:style-name="{style}">{columns}{odf_row(*HEADINGS)}{"".join(rows)}'
        "</table:table>"
    )


def valued(kind: str, value: str, shown: str) -> str:
    """A cell that stores a value beside what it shows."""
    name = {"date": "date-value", "time": "time-value"}.get(kind, "value")
    return (
        f'<table:table-cell office:value-type="{kind}" office:{name}="{value}"><text:p>{shown}</text:p>'
        "</table:table-cell>"
    )


STRUCK_DAY = '<text:span text:style-name="S">03.03.2026</text:span> 10.03.2026'
FORMULA = '<table:table-cell table:formula="of:=[.C2]+1"/>'
NOTED = (
    "<table:table-cell><office:annotation><text:p>заменён</text:p></office:annotation>"
    "<text:p>Узор А. А.</text:p></table:table-cell>"
)
SHEET_MOVED = {key: value for key, value in MOVED.items() if key != "court"}


def rtf_row(*cells: str) -> str:
    """A row of an RTF table."""
    edges = "".join(f"\\cellx{1000 * place}" for place in range(1, len(cells) + 1))
    return f"\\trowd{edges}\\pard\\intbl " + "".join(f"{each}\\cell " for each in cells) + "\\row\n"


def rtf(*rows: str) -> bytes:
    """A list in RTF with the rows below its headings."""
    letters = "".join(
        letter if letter.isascii() else f"\\u{ord(letter)}?" for letter in rtf_row(*HEADINGS) + "".join(rows)
    )
    return f"{{\\rtf1\\ansi\\ansicpg1251 {letters}\\pard\\par}}".encode("ascii")


OPEN_DOCUMENTS = (
    Sibling(
        kind=7, name="a sheet of OpenDocument is read as it is shown",
        content=open_document(
            sheet(
                odf_row(
                    valued("date", "2026-03-03", "03/03/26"), valued("time", "PT10H00M00S", "10:00"),
                    valued("float", "12", "0012"), *USUAL[3:],
                )
            )
        ),
        records=(hearing(court=None, case_number="0012", starts_raw="03/03/26 10:00"),),
    ),
    Sibling(
        kind=7, name="a formula of OpenDocument without a stored value is null with a remark",
        content=open_document(sheet(odf_row(*USUAL[:2], FORMULA, *USUAL[3:]))),
        records=(hearing(court=None, case_number=None),),
        remarked=("Дело №: it holds a formula whose value is not stored in the file",),
    ),
    Sibling(
        kind=1, name="a crossed-out day of an OpenDocument sheet is not the day",
        content=open_document(sheet(odf_row(STRUCK_DAY, *USUAL[1:]))), records=(SHEET_MOVED,),
    ),
    Sibling(
        kind=1, name="a crossed-out day of an OpenDocument text is not the day",
        content=open_document(sheet(odf_row(STRUCK_DAY, *USUAL[1:])), "text"), records=(SHEET_MOVED,),
    ),
    Sibling(
        kind=2, name="a hidden row of an OpenDocument sheet gives no hearing and is told of",
        content=open_document(
            sheet(odf_row(*USUAL), odf_row(*SECOND, attributes='table:visibility="collapse"'))
        ),
        records=(hearing(court=None),), remarked=("left out: a row",),
    ),
    Sibling(
        kind=2, name="a hidden column of an OpenDocument sheet enters no field and is told of",
        content=open_document(
            sheet(
                odf_row(*USUAL),
                columns='<table:table-column table:number-columns-repeated="4"/>'
                '<table:table-column table:visibility="collapse"/><table:table-column/>',
            )
        ),
        records=(hearing(court=None, judge=None),), remarked=("left out: a cell of a column",),
    ),
    Sibling(
        kind=2, name="a hidden sheet of OpenDocument gives no hearing and is told of",
        content=open_document(sheet(odf_row(*USUAL)) + sheet(odf_row(*SECOND), style="H")),
        records=(hearing(court=None),), remarked=("left out: sheet",),
    ),
    Sibling(
        kind=2, name="hidden words of an OpenDocument text enter no field",
        content=open_document(
            sheet(odf_row('<text:span text:style-name="V">20260303</text:span>03.03.2026', *USUAL[1:])), "text"
        ),
        records=(hearing(court=None),), remarked=("left out: words",),
    ),
    Sibling(
        kind=3, name="a comment of an OpenDocument cell is kept",
        content=open_document(sheet(odf_row(*USUAL[:4], NOTED, USUAL[5]))),
        records=(hearing(court=None, extra={"Судья (comment)": "заменён"}),),
    ),
    Sibling(
        kind=1, name="a crossed-out day of an RTF document is not the day",
        content=rtf(rtf_row("{\\strike 03.03.2026} 10.03.2026", *USUAL[1:])), records=(SHEET_MOVED,),
    ),
    Sibling(
        kind=1, name="a day deleted under change tracking in RTF is not the day",
        content=rtf(rtf_row("{\\deleted 03.03.2026} 10.03.2026", *USUAL[1:])), records=(SHEET_MOVED,),
        remarked=("open tracked changes",),
    ),
    Sibling(
        kind=2, name="hidden words of an RTF document enter no field",
        content=rtf(rtf_row("{\\v 20260303}03.03.2026", *USUAL[1:])), records=(hearing(court=None),),
        remarked=("hidden text",),
    ),
)  # fmt: skip
