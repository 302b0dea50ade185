"""What a crawl captures: an ``Exchange`` from the server, a ``Rendering`` that we made, a ``Note`` about a URL.

Intercepted and derived never mix: an ``Exchange`` is what the server sent, to the byte, or, in direct mode and
labelled so, as a browser decoded it; a ``Rendering`` is what we
made from it; a ``Note`` is a fact about it, above all why there is no response. All times are aware UTC with
microseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from crawlers.model.exchange import ByteSource, Exchange
from processors.pages.outcome import Outcome


class RenderingKind(StrEnum):
    """What was made of a page; the values are the names other tools read as ``urn:<name>:<url>``."""

    FULL_PAGE = "fullPage"
    VIEW = "view"
    THUMBNAIL = "thumbnail"
    TEXT = "text"
    DOM = "dom"
    PDF = "pdf"
    MHTML = "mhtml"
    PAGEINFO = "pageinfo"
    VIEW_BEFORE_CONSENT = "viewBeforeConsent"
    VIEW_AFTER_CONSENT = "viewAfterConsent"
    VIDEOINFO = "videoinfo"


@dataclass(frozen=True, slots=True)
class Rendering:
    """A thing we made from the page at ``url``: its screenshots, its final DOM, its text, a print of it."""

    page_id: str | None
    url: str
    kind: RenderingKind
    media_type: str
    content: bytes
    made_at: datetime
    made_by: str


class NoteKind(StrEnum):
    """What a note is about."""

    NO_RESPONSE = "no_response"
    """A request that got no response; ``outcome`` is ``unreachable`` or ``refused_by_policy``."""
    OUTCOME = "outcome"
    """What a visit to a page came to, where the engine knows."""
    ROBOTS = "robots"
    """A decision taken because of robots.txt."""
    SKIPPED = "skipped"
    """A link in scope that was not followed, and why."""
    WEBSOCKET = "websocket"
    """The frames of a WebSocket; ``content`` is one JSON object per line and frame."""
    UNSOLICITED = "unsolicited"
    """Bytes a server sent that answer no request; they are the ``content``."""


@dataclass(frozen=True, slots=True)
class Note:
    """A fact about a URL. ``reason`` is a sentence for people, ``details`` are JSON-ready values.

    ``request`` holds the request bytes that were sent or would have been sent, where there were any.
    """

    kind: NoteKind
    page_id: str | None
    url: str
    at: datetime
    reason: str
    outcome: Outcome | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    content: bytes | ByteSource | None = None
    content_type: str | None = None
    request: bytes | None = None


Captured = Exchange | Rendering | Note
