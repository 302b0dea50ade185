"""One document to its tables, in the calling process, by the reader of its kind.

Limits on bytes, cells, pages and ratio hold here; those on memory and time need a process of their own, so
everything that holds anything of value asks ``processors.documents.sandboxed_reader.DocumentReader``.
"""

from processors.documents.delimited_text import read_delimited
from processors.documents.docx import read_docx
from processors.documents.odt import read_ods, read_odt
from processors.documents.rtf import read_rtf
from processors.documents.spreadsheets import read_sheets
from processors.documents.word97 import read_doc
from processors.pdf.pdf import read_pdf
from processors.tables.document import Document, DocumentLimits, UnreadDocument
from processors.tables.document_type import CSV, DOC, DOCX, ODS, ODT, PDF, RTF, XLS, XLSX, document_type

READERS = {PDF: read_pdf, DOCX: read_docx, ODT: read_odt, ODS: read_ods, RTF: read_rtf, DOC: read_doc}
_NAMES = {
    PDF: "PDF", DOCX: "DOCX", ODT: "ODT", RTF: "RTF", DOC: "DOC", XLSX: "XLSX", XLS: "XLS", ODS: "ODS", CSV: "CSV",
}  # fmt: skip


def read_document(
    content: bytes, limits: DocumentLimits | None = None, content_type: str | None = None
) -> Document | None:
    """What the document holds; ``unread`` has the reason where it cannot be read. None for what is no document."""
    limits = limits or DocumentLimits()
    media_type = document_type(content, content_type)
    if media_type is None:
        return None
    try:
        if len(content) > limits.content_bytes:
            raise UnreadDocument(f"too large: {len(content)} bytes, the limit is {limits.content_bytes}")
        if media_type in (XLSX, XLS):
            return read_sheets(content, media_type, limits)
        if media_type == CSV:
            return read_delimited(content, content_type, limits)
        return READERS[media_type](content, limits)
    except UnreadDocument as reason:
        return unread(media_type, str(reason))
    except MemoryError:
        return unread(media_type, f"too large: needs more memory than {limits.memory_bytes >> 20} MB")
    except Exception as error:  # a reader raises whatever a damaged file makes it trip over
        return unread(media_type, f"damaged: {str(error) or type(error).__name__}"[:300])


def unread(media_type: str, reason: str) -> Document:
    """A document of which nothing could be read, and why."""
    return Document(
        media_type=media_type, unread=f"the {_NAMES.get(media_type, media_type)} was not read: {reason}"
    )
