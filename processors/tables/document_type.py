"""Which kind of document the bytes are: told by the bytes alone, since names and headers of lists often lie.

In: bytes. Out: a media type that `processors.documents.readers` has a reader for, or None. Signatures after PDF
32000-1 §7.5.2, RTF 1.9, [MS-CFB] 2.2, OPC (ECMA-376 part 2) and ODF 1.3 part 2 §2.2.4; read 2026-11-23.
"""

import csv
import io
import re
import zipfile

PDF = "application/pdf"
RTF = "application/rtf"
DOC = "application/msword"
XLS = "application/vnd.ms-excel"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ODT = "application/vnd.oasis.opendocument.text"
ODS = "application/vnd.oasis.opendocument.spreadsheet"
CSV = "text/csv"

_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PDF_WITHIN = 1024
_SEPARATORS = (";", "\t", ",", "|")
_LINES = 12
_TITLE_LINES = 3
_LEAST_PARTS = 3
_TEXT_HEAD_BYTES = 20_000
_MARKUP = re.compile(r"^\s*(?:<[!?a-zA-Z]|[{\[])")
_DECLARED_SEPARATOR = re.compile(r"^\"?sep=(\t|[^\w\s\"])\"?\1*$", re.IGNORECASE)
_TEXT_TYPES = ("text/csv", "text/tab-separated-values", "application/csv", "text/comma-separated-values")


def document_type(content: bytes, declared: str | None = None) -> str | None:
    """The kind of document, None for pages, JSON, pictures and all else.

    ``declared`` (a Content-Type) decides only whether lines of text are a table: bytes cannot tell.
    """
    if b"%PDF-" in content[:_PDF_WITHIN]:
        return PDF
    if content.lstrip()[:5] == b"{\\rtf":
        return RTF
    if content.startswith(_COMPOUND):
        return _compound(content)
    if content.startswith(b"PK\x03\x04"):
        return _packed(content)
    stated = (declared or "").partition(";")[0].strip().lower()
    return CSV if _is_delimited(content, sure=stated in _TEXT_TYPES) else None


def _compound(content: bytes) -> str | None:
    """Names of streams stand in the directory as UTF-16; Excel's outlive Word's in embedded objects."""
    found = [
        (place, kind)
        for name, kind in (("WordDocument", DOC), ("Workbook", XLS), ("Book", XLS))
        if (place := content.find(name.encode("utf-16-le") + b"\0\0")) >= 0
    ]
    return min(found)[1] if found else None


def _packed(content: bytes) -> str | None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            names = set(packed.namelist()[:10_000])
            if "mimetype" in names and packed.getinfo("mimetype").file_size < 200:
                stated = packed.read("mimetype").decode("ascii", "replace").strip().removesuffix("-template")
                if stated in (ODT, ODS):
                    return stated
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, NotImplementedError):
        return None
    if "word/document.xml" in names or any(name.startswith("word/document") for name in names):
        return DOCX
    if any(name.startswith("xl/") for name in names):
        return XLSX
    return None


def declared_separator(line: str) -> str | None:
    """The separator that spreadsheet programs write into a first line of its own, ``sep=;``."""
    found = _DECLARED_SEPARATOR.match(line.strip("\r\n "))
    return found.group(1) if found else None


def _is_delimited(content: bytes, *, sure: bool) -> bool:
    """Lines that fall into the same number of parts, three at least where no header says that it is a table."""
    head = content[:_TEXT_HEAD_BYTES]
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    if b"\0" in head and not wide:
        return False
    text = head.decode("utf-16" if wide else "latin-1", "replace").removeprefix("\xef\xbb\xbf")
    if _MARKUP.match(text):
        return False
    lines = [line for line in text.splitlines() if line.strip()]
    if len(content) > _TEXT_HEAD_BYTES:
        lines = lines[:-1]
    if lines and declared_separator(lines[0]) is not None:
        return len(lines) > 1
    for mark in _SEPARATORS:
        try:
            widths = [len(row) for row in csv.reader(lines[:_LINES], delimiter=mark)]
        except csv.Error:
            continue
        split = [width for width in widths if width > 1]
        if sure and split:
            return True
        alike = len(set(split)) == 1 and split[0] >= _LEAST_PARTS and len(split) > 1
        if alike and len(widths) - len(split) <= _TITLE_LINES and widths[-1] > 1:
            return True
    return False
