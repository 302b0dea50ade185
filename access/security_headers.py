"""The headers that keep an archived page harmless and our own pages to themselves.

Archived bytes are hostile. They leave the web UI only through `archived`, in an origin of their own that runs
nothing (``Content-Security-Policy: sandbox``), under a type the browser may not change, as something to save.
Our pages run no script but ours, load nothing from elsewhere, and stand in no frame but our host's own. Sources:
CSP Level 3, sections 6.3.2 (sandbox) and 6.4.2 (frame-ancestors); Fetch Standard (nosniff).
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from starlette.responses import StreamingResponse

OURS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

ARCHIVED: Final[Mapping[str, str]] = {
    **OURS,
    "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'self'",
    "Cross-Origin-Resource-Policy": "same-origin",
}

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")


def archived(content: Iterable[bytes], *, media_type: str, file_name: str, length_bytes: int) -> StreamingResponse:
    """Archived bytes as an answer; the browser saves them under ``file_name`` and shows them nowhere by itself."""
    safe_name = _NOT_IN_NAMES.sub("-", file_name).strip("-.") or "archived"
    return StreamingResponse(
        iter(content),
        media_type=media_type,
        headers={
            **ARCHIVED,
            "Content-Disposition": f'attachment; filename="{safe_name}"',
            "Content-Length": str(length_bytes),
        },
    )
