"""Siblings in sheets (XLSX, ODS): number formats, formulas, crossed-out and hidden cells, comments and links."""

from collections.abc import Callable
from xml.sax.saxutils import escape

from tests.processors.documents.packed_documents import packed
from tests.processors.tables.sibling import Sibling, hearing

HEADINGS = ("Дата", "Время", "Дело №", "Стороны", "Судья", "Зал")
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
# styles by number: general, ISO day, clock, then what a sibling adds
DAY, CLOCK, STRUCK = 1, 2, 3
FORMULA = "it holds a formula whose value is not stored in the file"


def text(words: str, style: int = 0) -> str:
    """The inside of a text cell."""
    return f'<c{{}} s="{style}" t="inlineStr"><is><t xml:space="preserve">{escape(words)}</t></is></c>'


def number(value: str, style: int = 0) -> str:
    """A cell of a number."""
    return f'<c{{}} s="{style}"><v>{value}</v></c>'


USUAL = (
    number("46084", DAY), number("0.4166666666666667", CLOCK), text("1-12/2026"), text("Пряник Г. Г."),
    text("Узор А. А."), number("3"),
)  # fmt: skip
SECOND = (number("46084", DAY), number("0.4583333333333333", CLOCK), text("1-13/2026"), *USUAL[3:])
OF_USUAL = hearing(court=None, starts_raw="03.03.2026 10:00")
OF_SECOND = hearing(
    court=None, case_number="1-13/2026", starts_at="2026-03-03T08:00:00Z", starts_raw="03.03.2026 11:00"
)


def rows_xml(*rows: tuple[str, ...], attributes: dict[int, str] | None = None) -> str:
    """The rows of a sheet below its headings; attributes of rows by their number in the sheet."""
    made = ""
    for place, cells in enumerate((tuple(map(text, HEADINGS)), *rows), 1):
        inside = "".join(
            cell.format(f' r="{chr(65 + column)}{place}"') for column, cell in enumerate(cells) if cell
        )
        made += f'<row r="{place}" {(attributes or {}).get(place, "")}>{inside}</row>'
    return made


def xlsx(
    rows: str,
    *,
    formats: tuple[str, ...] = (),
    before: str = "",
    after: str = "",
    hidden: str | None = None,
    beside: dict[str, str] | None = None,
    settings: str = "",
) -> Callable[[], bytes]:
    """A workbook of one sheet, and perhaps of a hidden one."""
    codes = ("dd.mm.yyyy", "hh:mm", *formats)
    listed = "".join(
        f'<numFmt numFmtId="{164 + place}" formatCode="{escape(code, {chr(34): "&quot;"})}"/>'
        for place, code in enumerate(codes)
    )
    styles = '<xf numFmtId="0" fontId="0"/><xf numFmtId="164" fontId="0"/><xf numFmtId="165" fontId="0"/>'
    styles += '<xf numFmtId="0" fontId="1"/>'
    styles += "".join(f'<xf numFmtId="{166 + place}" fontId="0"/>' for place in range(len(formats)))
    sheets = '<sheet name="Список" sheetId="1" r:id="rId1"/>'
    parts = {"xl/worksheets/sheet1.xml": _sheet(before + f"<sheetData>{rows}</sheetData>" + after)}
    if hidden is not None:
        sheets += '<sheet name="Черновик" sheetId="2" state="hidden" r:id="rId2"/>'
        parts["xl/worksheets/sheet2.xml"] = _sheet(f"<sheetData>{hidden}</sheetData>")
    related = "".join(
        f'<Relationship Id="rId{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in (1, 2)
    )
    return lambda: packed(
        {
            "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
            "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="rId1" '
            f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
            "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">{settings}'
            f"<sheets>{sheets}</sheets></workbook>",
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}">{related}</Relationships>',
            "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><numFmts>{listed}</numFmts><fonts><font/>'
            f"<font><strike/></font></fonts><cellXfs>{styles}</cellXfs></styleSheet>",
            **parts,
            **(beside or {}),
        }
    )


def _sheet(inside: str) -> str:
    return f'<worksheet xmlns="{_MAIN}" xmlns:r="{_OFFICE}">{inside}</worksheet>'


def shown(name: str, value: str, code: str, wording: str) -> Sibling:
    """A case number that a format shows in its own way."""
    cells = (*USUAL[:2], number(value, 4), *USUAL[3:])
    return Sibling(
        kind=7,
        name=name,
        content=xlsx(rows_xml(cells), formats=(code,)),
        records=(hearing(court=None, case_number=wording),),
    )


STRUCK_RUNS = (
    '<c{} t="inlineStr"><is><r><rPr><strike/></rPr><t>Узор А. А.</t></r><r><t xml:space="preserve"> Кружева Ж. Ж.'
    "</t></r></is></c>"
)

SHEETS = (
    shown("a format of zeros keeps leading zeros", "12", "0000", "0012"),
    shown("a format of digits and hyphens puts them in", "120260012", "0-0000-0000", "1-2026-0012"),
    shown("a format with a word before the number keeps it", "12", '"№ "0', "№ 12"),
    shown("a format with an escaped stroke keeps it", "122026", r"0\-00\/0000", "0-12/2026"),
    shown("a number of 17 digits is shown whole", "20260000000001234", "General", "20260000000001234"),
    shown("a format of thousands parts them", "1202612", "#,##0", "1,202,612"),
    shown("a format of a day and month shows these alone", "46082", "d-m", "1-3"),
    shown("a format of a month in Russian names it so", "46084", "[$-419]d mmmm yyyy", "3 марта 2026"),
    shown("a percentage is shown as one", "0.125", "0.0%", "12.5%"),
    shown("colours and widths of a format are not shown", "12", "[Red]_-0000_)", "0012"),
    Sibling(
        kind=7,
        name="a day shown month first is still that day",
        content=xlsx(rows_xml((number("46085", 4), *USUAL[1:])), formats=("mm/dd/yyyy",)),
        records=(hearing(court=None, starts_at="2026-03-04T07:00:00Z", starts_raw="03/04/2026 10:00"),),
    ),
    Sibling(
        kind=7,
        name="a clock of twelve hours is shown so and read as what it means",
        content=xlsx(rows_xml((USUAL[0], number("0.5833333333333334", 4), *USUAL[2:])), formats=("h:mm AM/PM",)),
        records=(hearing(court=None, starts_at="2026-03-03T11:00:00Z", starts_raw="03.03.2026 2:00 PM"),),
    ),
    Sibling(
        kind=7,
        name="a workbook of the calendar of 1904 gives the day that it shows",
        content=xlsx(
            rows_xml((number("44622", DAY), *USUAL[1:])), settings='<workbookPr date1904="1"/>'
        ),
        records=(OF_USUAL,),
    ),
    Sibling(
        kind=7,
        name="a formula without a stored value is null with a remark",
        content=xlsx(rows_xml(USUAL, (*SECOND[:2], "<c{}><f>C2+1</f></c>", *SECOND[3:]))),
        records=(OF_USUAL, {key: value for key, value in OF_SECOND.items() if key != "case_number"}),
        remarked=(f"Дело №: {FORMULA}",),
    ),
    Sibling(
        kind=7,
        name="a formula with a stored text is that text",
        content=xlsx(
            rows_xml((*USUAL[:2], '<c{} t="str"><f>"1-12/"&amp;2026</f><v>1-12/2026</v></c>', *USUAL[3:]))
        ),
        records=(OF_USUAL,),
    ),
    Sibling(
        kind=1,
        name="a crossed-out run of a cell in a sheet is not its value",
        content=xlsx(rows_xml((*USUAL[:4], STRUCK_RUNS, USUAL[5]))),
        records=(
            hearing(
                court=None, judge="Кружева Ж. Ж.", struck=[{"field": "judge", "text": "Узор А. А."}]
            ),
        ),
    ),
    Sibling(
        kind=1,
        name="a day in a crossed-out font is no start",
        content=xlsx(rows_xml((text("03.03.2026", STRUCK), *USUAL[1:]))),
        records=(
            hearing(
                court=None, starts_at=None, starts_raw="10:00",
                struck=[{"field": "starts_raw", "text": "03.03.2026"}],
            ),
        ),
        remarked=("its day is crossed out and no other is named",),
    ),
    Sibling(
        kind=1,
        name="a row of a sheet whose cells are all crossed out is marked",
        content=xlsx(
            rows_xml(
                USUAL,
                (
                    "", text("03.03.2026 11:00", STRUCK), text("1-13/2026", STRUCK), text("Спица Д. Д.", STRUCK),
                ),
            )
        ),
        records=(
            OF_USUAL,
            hearing(
                court=None, room=None, judge=None, case_number="1-13/2026", parties_raw="Спица Д. Д.",
                starts_at="2026-03-03T08:00:00Z", starts_raw="03.03.2026 11:00", status_raw="crossed out",
                struck=[
                    {"field": "starts_raw", "text": "03.03.2026 11:00"},
                    {"field": "case_number", "text": "1-13/2026"},
                    {"field": "parties_raw", "text": "Спица Д. Д."},
                ],
            ),
        ),
        remarked=("the whole row is crossed out on the page",),
    ),
    Sibling(
        kind=2,
        name="a hidden row of a sheet gives no hearing and is told of",
        content=xlsx(rows_xml(USUAL, SECOND, attributes={3: 'hidden="1"'})),
        records=(OF_USUAL,),
        remarked=("row 3 is hidden",),
    ),
    Sibling(
        kind=2,
        name="a hidden column of a sheet enters no field and is told of",
        content=xlsx(rows_xml(USUAL), before='<cols><col min="5" max="5" width="9" hidden="1"/></cols>'),
        records=(hearing(court=None, judge=None),),
        remarked=("column E is hidden",),
    ),
    Sibling(
        kind=2,
        name="a hidden sheet gives no hearing and is told of",
        content=xlsx(rows_xml(USUAL), hidden=rows_xml(SECOND)),
        records=(OF_USUAL,),
        remarked=("sheet 'Черновик' is hidden",),
    ),
    Sibling(
        kind=3,
        name="comments and links of cells of a sheet are kept",
        content=xlsx(
            rows_xml(USUAL),
            after='<hyperlinks><hyperlink ref="C2" r:id="rId1"/></hyperlinks>',
            beside={
                "xl/worksheets/_rels/sheet1.xml.rels": f'<Relationships xmlns="{_PACKAGE}">'
                f'<Relationship Id="rId1" Type="{_OFFICE}/hyperlink" TargetMode="External" '
                'Target="https://sud.example.by/d/12"/>'
                f'<Relationship Id="rId2" Type="{_OFFICE}/comments" Target="../comments1.xml"/></Relationships>',
                "xl/comments1.xml": f'<comments xmlns="{_MAIN}"><authors><author>х</author></authors><commentList>'
                '<comment ref="E2" authorId="0"><text><r><t>заменён</t></r></text></comment></commentList>'
                "</comments>",
            },
        ),
        records=(
            hearing(
                court=None, extra={"Судья (comment)": "заменён"},
                documents=[{"url": "https://sud.example.by/d/12", "title": "1-12/2026"}],
            ),
        ),
    ),
    Sibling(
        kind=3,
        name="an address in a formula of a sheet is a link",
        content=xlsx(
            rows_xml(
                (
                    *USUAL[:2],
                    '<c{} t="str"><f>HYPERLINK("https://sud.example.by/d/12","1-12/2026")</f><v>1-12/2026</v></c>',
                    *USUAL[3:],
                )
            )
        ),
        records=(
            hearing(
                court=None, documents=[{"url": "https://sud.example.by/d/12", "title": "1-12/2026"}]
            ),
        ),
    ),
)  # fmt: skip
