"""The record of what a browser did with a page (``urn:pageinfo:<url>``), in the form of browsertrix-crawler.

Out: JSON with ``pageid``, ``url``, ``ts``, ``tsStatus`` and ``counts`` as browsertrix-crawler writes them, and
``requests`` as the browser made them, ``requestsLeftOut``, ``consent`` (null where dialogs are left),
``engineReason`` (why the page was turned to the browser, null where its source has all loaded by it), ``steps``
(null where the source declares none) and ``remarks``; the recorder's process puts ``urls`` and ``resources`` in
the place of the requests (`crawlers.recorder.page_accounts`). Source: browsertrix-crawler, `PageInfoRecord` in
`src/util/recorder.ts`, read 2026-11-30.
"""

import json
from dataclasses import asdict
from datetime import UTC

from crawlers.browser.page_loader import Loaded
from crawlers.model.iso_time import time_text


def page_info(page_id: str, loaded: Loaded, because: str | None) -> bytes:
    """The record before it is compared with what the recorder kept."""
    row = {
        "pageid": page_id,
        "url": loaded.url,
        "ts": time_text(loaded.taken_at.astimezone(UTC)),
        "tsStatus": loaded.status or 0,
        "counts": {"jsErrors": loaded.script_errors},
        "requests": [asdict(request) for request in loaded.requests],
        "requestsLeftOut": loaded.requests_left_out,
        "consent": None if loaded.consent is None else asdict(loaded.consent),
        "engineReason": because,
        "steps": [asdict(step) for step in loaded.steps] or None,
        "remarks": list(loaded.remarks),
    }
    return json.dumps(row, ensure_ascii=False).encode("utf-8", "replace")
