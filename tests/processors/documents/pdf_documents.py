"""PDF documents made from lines of text and rules.

Made here and not by the libraries under test, so that both can be wrong only apart. Source: PDF 32000-1.
"""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Row = Sequence[str]


@dataclass(frozen=True)
class Text:
    """A line of text: left and top in points from the page's upper left corner."""

    x: float
    y: float
    text: str
    size: float = 9


@dataclass(frozen=True)
class Rule:
    """A thin line from one point to another."""

    x0: float
    y0: float
    x1: float
    y1: float


def pdf(pages: Iterable[Iterable[Text | Rule]], *, width: int = 595, height: int = 842) -> bytes:
    """Pages of text in a font of even width that says which letters its codes mean."""
    objects: list[bytes] = [b"", b"", _font(), _letters(), _to_unicode()]
    kids: list[int] = []
    for page in pages:
        drawn = "\n".join(_drawn(each, height) for each in page).encode()
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawn), drawn))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Contents %d 0 R"
            b" /Resources << /Font << /F 3 0 R >> >> >>" % (width, height, len(objects))
        )
        kids.append(len(objects))
    objects[0] = b"<< /Type /Catalog /Pages 2 0 R >>"
    named = b" ".join(b"%d 0 R" % kid for kid in kids)
    objects[1] = b"<< /Type /Pages /Count %d /Kids [%s] >>" % (len(kids), named)
    return pdf_file(objects)


def pdf_file(objects: Sequence[bytes]) -> bytes:
    """The objects, numbered from 1, with the table of where they stand."""
    file = io.BytesIO()
    file.write(b"%PDF-1.7\n")
    places = []
    for number, content in enumerate(objects, 1):
        places.append(file.tell())
        file.write(b"%d 0 obj\n%s\nendobj\n" % (number, content))
    start = file.tell()
    file.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    file.writelines(b"%010d 00000 n \n" % place for place in places)
    file.write(b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start))
    return file.getvalue()


def _font() -> bytes:
    return (
        b"<< /Type /Font /Subtype /Type0 /BaseFont /Invented /Encoding /Identity-H"
        b" /DescendantFonts [4 0 R] /ToUnicode 5 0 R >>"
    )


def _letters() -> bytes:
    return (
        b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Invented /DW 500 /W [32 [250]] /CIDSystemInfo"
        b" << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >>"
        b" /FontDescriptor << /Type /FontDescriptor /FontName /Invented /Flags 4 /Ascent 750 /Descent -250"
        b" /FontBBox [0 -250 1000 750] /ItalicAngle 0 /CapHeight 700 /StemV 80 >> >>"
    )


def _to_unicode() -> bytes:
    ranges = b"\n".join(b"<%02X00> <%02XFF> <%02X00>" % (high, high, high) for high in (0, 1, 4, 0x20, 0x21))
    content = (
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /Own def /CMapType 2 def\n"
        b"1 begincodespacerange <0000> <FFFF> endcodespacerange\n5 beginbfrange\n" + ranges + b"\nendbfrange\n"
        b"endcmap CMapName currentdict /CMap defineresource pop end end"
    )
    return b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content)


def _drawn(thing: Text | Rule, height: int) -> str:
    if isinstance(thing, Rule):
        return f"{thing.x0} {height - thing.y0} m {thing.x1} {height - thing.y1} l S"
    codes = thing.text.encode("utf-16-be").hex()
    return f"BT /F {thing.size} Tf {thing.x} {height - thing.y - thing.size} Td <{codes}> Tj ET"


def boxed(
    rows: Sequence[Sequence[str | None]], edges: Sequence[float], top: float, *, line: float = 11
) -> tuple[list[Text | Rule], float]:
    """A table with ruling lines. None: the cell above reaches down into this one. Returns where it ends, too."""
    drawn: list[Text | Rule] = []
    y = top
    for number, row in enumerate(rows):
        height = max(len((cell or "").split("\n")) for cell in row) * line + 4
        for place, cell in enumerate(row):
            left, right = edges[place], edges[place + 1]
            if cell is not None:
                drawn.append(Rule(left, y, right, y))
                drawn += [
                    Text(left + 2, y + 2 + count * line, part)
                    for count, part in enumerate(cell.split("\n"))
                    if part
                ]
        drawn += [Rule(edge, y, edge, y + height) for edge in edges]
        y += height
        if number == len(rows) - 1:
            drawn.append(Rule(edges[0], y, edges[-1], y))
    return drawn, y


def columned(
    rows: Sequence[Row], lefts: Sequence[float], top: float, *, line: float = 11, gap: float = 0
) -> list[Text]:
    """A table without any lines; ``gap``: how much further apart rows are than lines."""
    drawn: list[Text] = []
    y = top
    for row in rows:
        for left, cell in zip(lefts, row, strict=True):
            drawn += [Text(left, y + count * line, part) for count, part in enumerate(cell.split("\n")) if part]
        y += max(len(cell.split("\n")) for cell in row) * line + gap
    return drawn


def scanned_pdf(picture: bytes, size: tuple[int, int]) -> bytes:
    """One page that is nothing but a grey picture."""
    image = (
        b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 8"
        b" /Length %d >>\nstream\n%s\nendstream" % (*size, len(picture), picture)
    )
    drawn = b"595 0 0 842 0 0 cm /I Do"
    return pdf_file(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
            b" /Resources << /XObject << /I 5 0 R >> >> >>",
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawn), drawn),
            image,
        ]
    )
