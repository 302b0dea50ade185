"""DOCX, ODT and XLSX made from rows of text by the few parts that the formats ask for.

Made here and not by the libraries under test, so that both can be wrong only apart. Sources: ECMA-376, ODF 1.3.
"""

import io
import zipfile
from collections.abc import Sequence
from xml.sax.saxutils import escape

Row = Sequence[str]


def packed(parts: dict[str, str | bytes]) -> bytes:
    """A ZIP file of these parts."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in parts.items():
            target.writestr(name, content)
    return file.getvalue()


def docx(body: str, relations: str = "") -> bytes:
    """A Word document of this body."""
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    links = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
    main = f"<w:document {space} {links}><w:body>{body}</w:body></w:document>"
    return packed(
        {
            "[Content_Types].xml": "<Types/>",
            "word/document.xml": f"<?xml version='1.0'?>{main}",
            "word/_rels/document.xml.rels": f"<Relationships>{relations}</Relationships>",
        }
    )


def docx_paragraph(text: str) -> str:
    """A paragraph; line breaks stay such."""
    return f"<w:p><w:r><w:t>{'</w:t><w:br/><w:t>'.join(escape(text).split(chr(10)))}</w:t></w:r></w:p>"


def docx_table(rows: Sequence[Sequence[str | None]]) -> str:
    """A table; a cell ``^`` goes on from above, None belongs to the cell at its left."""
    made = []
    for number, row in enumerate(rows):
        cells = []
        for place, text in enumerate(row):
            if text is None:
                continue
            span = 1 + next((n for n, c in enumerate(row[place + 1 :]) if c is not None), len(row) - place - 1)
            below = number + 1 < len(rows) and rows[number + 1][place] == "^"
            merge = "<w:vMerge/>" if text == "^" else '<w:vMerge w:val="restart"/>' if below else ""
            wide = f'<w:gridSpan w:val="{span}"/>' if span > 1 else ""
            content = "<w:p/>" if text == "^" else "".join(docx_paragraph(part) for part in text.split("\n"))
            cells.append(f"<w:tc><w:tcPr>{wide}{merge}</w:tcPr>{content}</w:tc>")
        made.append(f"<w:tr>{''.join(cells)}</w:tr>")
    return f"<w:tbl>{''.join(made)}</w:tbl>"


def odt(body: str) -> bytes:
    """An OpenDocument text of this body."""
    names = {
        "office": "urn:oasis:names:tc:opendocument:xmlns:office:1.0",
        "table": "urn:oasis:names:tc:opendocument:xmlns:table:1.0",
        "text": "urn:oasis:names:tc:opendocument:xmlns:text:1.0",
        "xlink": "http://www.w3.org/1999/xlink",
    }
    spaces = " ".join(f'xmlns:{name}="{value}"' for name, value in names.items())
    inside = f"<office:body><office:text>{body}</office:text></office:body>"
    content = f"<office:document-content {spaces}>{inside}</office:document-content>"
    return packed(
        {
            "mimetype": "application/vnd.oasis.opendocument.text",
            "content.xml": content,
            "META-INF/manifest.xml": "<m/>",
        }
    )


def xlsx(sheets: dict[str, tuple[Sequence[Row], Sequence[str]]]) -> bytes:
    """A workbook: rows of texts and merged ranges by sheet."""
    parts: dict[str, str | bytes] = {}
    listed, related = "", ""
    for number, (name, (rows, merged)) in enumerate(sheets.items(), 1):
        cells = "".join(
            f'<row r="{row}">'
            + "".join(
                f'<c r="{chr(65 + column)}{row}" t="inlineStr">'
                f'<is><t xml:space="preserve">{escape(text)}</t></is></c>'
                for column, text in enumerate(values)
                if text
            )
            + "</row>"
            for row, values in enumerate(rows, 1)
        )
        ranges = "".join(f'<mergeCell ref="{each}"/>' for each in merged)
        merges = f"<mergeCells>{ranges}</mergeCells>" if merged else ""
        main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
        parts[f"xl/worksheets/sheet{number}.xml"] = (
            f"<worksheet {main}><sheetData>{cells}</sheetData>{merges}</worksheet>"
        )
        listed += f'<sheet name="{escape(name)}" sheetId="{number}" r:id="rId{number}"/>'
        kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"
        related += f'<Relationship Id="rId{number}" Type="{kind}" Target="worksheets/sheet{number}.xml"/>'
    relations = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'
    spaces = (
        'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
        'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
    )
    return packed(
        {
            "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
            "_rels/.rels": f'<Relationships {relations}><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/'
            'officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>',
            "xl/workbook.xml": f"<workbook {spaces}><sheets>{listed}</sheets></workbook>",
            "xl/_rels/workbook.xml.rels": f"<Relationships {relations}>{related}</Relationships>",
            **parts,
        }
    )
