"""A page and what is to be done with it as bytes: the form in which both reach a confined worker.

``unframed(framed(work))`` equals ``work``. Four bytes of length, big-endian, and the task, the page's facts and
the layout as JSON; the same for the document of the page; then the page's bytes as they are.
"""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum

from processors.kinds import PageKind
from processors.pages.page import Page
from processors.tables.document import document_from_json, document_to_json
from processors.tables.layout import Layout

LENGTH_BYTES = 4


class Task(StrEnum):
    """What a worker does with a page."""

    READ = "read"
    CLASSIFY = "classify"
    BROWSER_NEED = "browser_need"
    FEED = "feed"
    SITEMAP = "sitemap"
    REQUISITES = "requisites"
    LINKS = "links"
    TEXT = "text"
    READABLE = "readable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One task for one page; ``kind`` and ``layout`` belong to ``Task.READ``."""

    task: Task
    page: Page
    kind: PageKind | None = None
    layout: Layout | None = None


def framed(work: Work) -> bytes:
    """The work as bytes."""
    page = work.page
    head = json.dumps(
        {
            "task": work.task,
            "kind": work.kind,
            "layout": None if work.layout is None else asdict(work.layout),
            "url": page.url,
            "captured_at": page.captured_at.isoformat(),
            "status": page.status,
            "content_type": page.content_type,
        }
    ).encode()
    document = b"" if page.document is None else document_to_json(page.document)
    return b"".join((_length(head), head, _length(document), document, page.body))


def _length(part: bytes) -> bytes:
    return len(part).to_bytes(LENGTH_BYTES, "big")


def unframed(frame: bytes) -> Work:
    """The work that ``framed`` wrote."""
    head, rest = _part(frame, 0)
    document, rest = _part(frame, rest)
    row = json.loads(head)
    layout = row["layout"]
    if layout is not None:
        columns = {name: tuple(headings) for name, headings in layout["columns"].items()}
        layout = Layout(**layout | {"columns": columns})
    page = Page(
        url=row["url"],
        body=frame[rest:],
        captured_at=datetime.fromisoformat(row["captured_at"]),
        status=row["status"],
        content_type=row["content_type"],
        document=document_from_json(document) if document else None,
    )
    return Work(task=Task(row["task"]), page=page, kind=row["kind"], layout=layout)


def _part(frame: bytes, start: int) -> tuple[bytes, int]:
    begin = start + LENGTH_BYTES
    end = begin + int.from_bytes(frame[start:begin], "big")
    return frame[begin:end], end
