"""The page as a parser gets it: the decoded entity and the few facts of its capture that reading needs."""

from dataclasses import dataclass
from datetime import datetime

from processors.tables.document import Document


@dataclass(frozen=True, slots=True)
class Page:
    """One captured page.

    ``body`` is the entity with transfer- and content-encoding removed, still in the page's own character
    encoding. ``captured_at`` is aware UTC. ``status`` and ``content_type`` (the header value) are None where
    they are not known, as for a file somebody hands us. ``document`` is what a confined reader found in a body
    that is no page but a PDF, a sheet or the like (``processors.documents.sandboxed_reader``).
    """

    url: str
    body: bytes
    captured_at: datetime
    status: int | None = None
    content_type: str | None = None
    document: Document | None = None
