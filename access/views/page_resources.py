"""What a browser requested while it showed a page, and what of it was recorded: from the page's own record.

In: the archive, an exchange, whom the answer is for. Out: a JSON-ready row, None where no browser showed the page.
The record is ours (`crawlers.recorder.page_accounts`) or browsertrix-crawler's, whose form it has; one that is
neither, or larger than is read, counts as none. What it holds comes from the page: hostile, shown as text alone.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from crawlers.model.capture import RenderingKind
from storage.access_labels import EVERYONE, Viewer
from storage.archive import Archive
from storage.catalogue.captures import Capture, captures_of
from storage.deposit.record_reader import BlockTooLargeError, read_record

READ_LIMIT_BYTES: Final = 16 << 20
SHOWN_MISSING: Final = 500
SHOWN_STEPS: Final = 100
SHOWN_CHARACTERS: Final = 2_000
NOT_COUNTED: Final = "inside"


def page_resources(archive: Archive, capture: Capture, *, viewer: Viewer = EVERYONE) -> dict[str, Any] | None:
    """``total``, ``recorded``, ``missing`` (those that were not recorded whole, with the reason, up to 500),
    ``capture_id`` of the record itself, what came of rejecting the page's ``consent`` dialog, of the ``steps``
    that its source declares, and why it was turned to the browser (``browser_reason``).
    """
    with archive.reader.connect() as connection:
        made = [
            each
            for each in captures_of(connection, f"urn:{RenderingKind.PAGEINFO}:{capture.url}", viewer=viewer)
            if each.crawl_id == capture.crawl_id
        ]
    own = [each for each in made if each.refers_to_id == capture.id] or made
    if not own or capture.record_type == "resource":
        return None
    try:
        row = json.loads(read_record(archive, own[-1], limit_bytes=READ_LIMIT_BYTES).block)
    except (BlockTooLargeError, ValueError, RecursionError):
        return None
    if not isinstance(row, Mapping):
        return None
    resources = list(_listed(row))
    missing = [each for each in resources if each["outcome"] != "recorded"]
    return {
        "total": len(resources),
        "recorded": len(resources) - len(missing),
        "missing": missing[:SHOWN_MISSING],
        "capture_id": own[-1].id,
        "consent": _consent(row.get("consent")),
        "steps": _steps(row.get("steps")),
        "browser_reason": _text(row.get("engineReason")),
    }


def _consent(row: Any) -> dict[str, str | None] | None:
    """What came of rejecting a consent dialog; None where dialogs were left as they stand."""
    if not isinstance(row, Mapping) or _text(row.get("outcome")) is None:
        return None
    return {name: _text(row.get(name)) for name in ("outcome", "platform", "reason")}


def _steps(row: Any) -> list[dict[str, Any]]:
    """What came of each step; none where the source declares none."""
    listed = row if isinstance(row, list) else []
    return [
        {
            "step": _text(each.get("step")),
            "outcome": _text(each.get("outcome")),
            "times": each["times"] if isinstance(each.get("times"), int) else 0,
            "reason": _text(each.get("reason")),
        }
        for each in listed[:SHOWN_STEPS]
        if isinstance(each, Mapping)
    ]


def _listed(row: Mapping[str, Any]) -> Iterator[dict[str, str | None]]:
    resources, urls = row.get("resources"), row.get("urls")
    if isinstance(resources, list):
        for each in resources:
            if isinstance(each, Mapping) and each.get("outcome") != NOT_COUNTED:
                yield {name: _text(each.get(name)) for name in ("method", "url", "type", "outcome", "reason")}
    elif isinstance(urls, Mapping):
        for url, each in urls.items():
            if isinstance(each, Mapping):
                came = bool(each.get("status"))
                yield {
                    "method": None,
                    "url": _text(url),
                    "type": _text(each.get("type")),
                    "outcome": "recorded" if came else "failed",
                    "reason": None if came else _text(each.get("error")),
                }


def _text(value: Any) -> str | None:
    return value[:SHOWN_CHARACTERS] if isinstance(value, str) else None
