"""A report as PDF/A-2a and PDF/UA-1: tagged, with its fonts inside, the same bytes for the same document.

In: a `ReportDocument`. Out: the file's bytes. typst reads the document as JSON, so no text of it is ever markup.
It sees a folder with that JSON, our template and the pictures, and no package, font or file besides. Raises
`ReportNotWrittenError`. Sources: ISO 19005-2 (level A), ISO 14289-1.
"""

import io
import json
import re
import tempfile
import unicodedata
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import typst
from PIL import Image

from pipeline.handover.report.document import ReportDocument
from storage.errors import StorageError

HERE: Final = Path(__file__).parent
STANDARDS: "Final[list[typst.PDFStandard]]" = ["a-2a", "ua-1"]
WIDEST_POINTS: Final = 230
TALLEST_POINTS: Final = 330
LONGEST_WEIGHT: Final = 40
"""Characters beyond which a cell asks for no more width."""
NO_GLYPH: Final = "could not be displayed"
"""What typst says of text for which no font has a glyph."""
_PLAIN: Final = ((0x21, 0x7E), (0xA1, 0xAC), (0xAE, 0x17F), (0x400, 0x45F), (0x490, 0x493), (0x2010, 0x203A))
_SPACES: Final = re.compile(r"[^\S\n]+")


class ReportNotWrittenError(StorageError):
    """typst refused the report: a fault of our template, which is to be reported. Nothing was written."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"The report could not be set as PDF: {problem}. Nothing was written.")


def report_pdf(document: ReportDocument) -> bytes:
    """The whole file.

    Letters that each have a glyph may have none together (a digit under a mark of another font). Where typst says
    so, marks are written as numbers, and where that is not enough, all but Latin and Cyrillic.
    """
    *first, last = (drawn_characters(), _without_marks(), _plain())
    for drawn in first:
        try:
            return _compiled(document, drawn)
        except typst.TypstError as problem:
            if NO_GLYPH not in problem.message:
                raise ReportNotWrittenError(problem.message) from problem
    try:
        return _compiled(document, last)
    except typst.TypstError as problem:
        raise ReportNotWrittenError(problem.message) from problem


def _compiled(document: ReportDocument, drawn: frozenset[int]) -> bytes:
    with tempfile.TemporaryDirectory(prefix="report-") as name:
        folder = Path(name)
        content = _for_typst(asdict(document), _Pictures(folder), drawn)
        (folder / "report.json").write_text(json.dumps(content, ensure_ascii=False), "utf-8")
        (folder / "report.typ").write_bytes((HERE / "report.typ").read_bytes())
        made = typst.compile(
            folder / "report.typ",
            root=folder,
            ignore_system_fonts=True,
            package_path=folder / "no-packages",
            package_cache_path=folder / "no-packages",
            format="pdf",
            pdf_standards=STANDARDS,
            timestamp=document.dated.replace(microsecond=0),  # typst takes whole seconds
        )
    assert isinstance(made, bytes)
    return made


class _Pictures:
    """Writes pictures into the folder under names that say nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    def keep(self, jpeg: bytes) -> dict[str, Any]:
        self._count += 1
        name = f"picture-{self._count}.jpg"
        (self._folder / name).write_bytes(jpeg)
        with Image.open(io.BytesIO(jpeg)) as picture:
            width, height = picture.size
        scale = min(WIDEST_POINTS / width, TALLEST_POINTS / height, 1)
        return {"file": name, "width": round(width * scale, 2)}


def _for_typst(value: Any, pictures: _Pictures, drawn: frozenset[int], *, narrow: bool = False) -> Any:
    """The document as JSON with what the template needs besides: files of pictures, widths of columns."""
    match value:
        case str():
            return displayable(value, drawn)
        case datetime():
            at = value.astimezone(UTC)
            return {name: getattr(at, name) for name in ("year", "month", "day", "hour", "minute", "second")}
        case dict():
            beside = narrow or value.get("kind") == "side_by_side"
            known = {
                name: _for_typst(item, pictures, drawn, narrow=beside)
                for name, item in value.items()
                if not isinstance(item, bytes)
            }
            if value.get("kind") == "figure":
                known |= pictures.keep(value["jpeg"])
            if value.get("kind") == "values":
                known["narrow"] = beside
            if value.get("kind") == "table":
                known["columns"] = _shares(value["headings"], value["rows"])
            return known
        case list() | tuple():
            return [_for_typst(item, pictures, drawn, narrow=narrow) for item in value]
    return value


def _shares(headings: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> list[int]:
    """How wide each column is beside the others, by the longest that stands in it."""
    columns = zip(headings, *rows, strict=True)
    return [min(max(max(map(len, column)), 15), LONGEST_WEIGHT) for column in columns]


def displayable(text: str, drawn: frozenset[int] | None = None) -> str:
    """The text with every character that the fonts do not have (is not ``drawn``) as its number: ``‹U+1F600›``.

    A PDF/A in which a letter is missing would be none, and a letter left out would be a wrong quotation. Runs of
    spaces become one, as typst would set them anyway.
    """
    glyphs = drawn_characters() if drawn is None else drawn
    return "".join(
        each if each in "\n " or ord(each) in glyphs else f"‹U+{ord(each):04X}›" for each in _SPACES.sub(" ", text)
    )


@cache
def drawn_characters() -> frozenset[int]:
    """The code points that the fonts in typst draw, from the list beside this module."""
    found: set[int] = set()
    for line in (HERE / "font_coverage.txt").read_text("utf-8").splitlines():
        if not line.startswith("#"):
            first, _, last = line.partition("-")
            found.update(range(int(first, 16), int(last or first, 16) + 1))
    return frozenset(found)


@cache
def _without_marks() -> frozenset[int]:
    return frozenset(code for code in drawn_characters() if not unicodedata.category(chr(code)).startswith("M"))


@cache
def _plain() -> frozenset[int]:
    """Latin, Cyrillic and the punctuation of our own texts."""
    plain = {code for first, last in _PLAIN for code in range(first, last + 1)}
    return _without_marks() & plain
