"""What a capture holds of a page as a browser saw it: text, screenshot, resources, and whether a dialog was
rejected.

In: the archive, the page's own record (``urn:pageinfo:``). Out: `SeenPage`. What it holds comes from the page:
what cannot be read counts as not there. Raises what `storage.deposit.record_reader` raises where the store
differs.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from crawlers.model.capture import RenderingKind
from pipeline.replay_quality.steps_again import StepsAgain, steps_again
from processors.quality.resources import Resource
from processors.quality.score import Seen
from processors.surt import surt_key
from storage.archive import Archive
from storage.catalogue.captures import Capture, capture_by_id, captures_of
from storage.catalogue.dom_renderings import renderings_of
from storage.deposit.record_reader import BlockTooLargeError, read_record
from storage.queries.replay import captures_near

RECORD: Final = f"urn:{RenderingKind.PAGEINFO}:"
RECORD_BYTES: Final = 16 << 20
RENDERING_BYTES: Final = 64 << 20
"""As large as a crawl makes a rendering (`crawlers.browser.page_handling`)."""

SCREENSHOTS: Final = (RenderingKind.FULL_PAGE, RenderingKind.VIEW)


class NoBrowserCaptureError(Exception):
    """There is nothing to compare: the name is of no capture that a browser has made."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name}: expected a page that was captured with the browser, found none of this name. Nothing was "
            "measured; `letapis captures URL` lists the captures of an address."
        )
        self.name = name


@dataclass(frozen=True, slots=True)
class SeenPage:
    """``page`` is the exchange that the record describes, None where the archive does not have it.

    ``pictured`` is the kind of screenshot that is compared; ``consent_rejected``: the crawl looked for a dialog,
    and rejected what it found; ``again`` is what was done on the page before it was taken.
    """

    record: Capture
    page: Capture | None
    seen: Seen
    pictured: RenderingKind | None
    consent_rejected: bool
    again: StepsAgain

    @property
    def subject_id(self) -> str:
        """Whose score it is: the page's, or where that is not there, that of its record."""
        return self.record.id if self.page is None else self.page.id


def record_of(archive: Archive, name: str) -> Capture:
    """The record of the page that a capture is, or that a rendering shows.

    Raises `NoBrowserCaptureError`.
    """
    with archive.reader.connect() as connection:
        capture = capture_by_id(connection, name)
        if capture is not None and capture.url.startswith("urn:") and not capture.url.startswith(RECORD):
            capture = capture_by_id(connection, capture.refers_to_id or "")
        if capture is None:
            raise NoBrowserCaptureError(name)
        if capture.url.startswith(RECORD):
            return capture
        made = [
            each
            for each in captures_of(connection, f"{RECORD}{capture.url}")
            if each.crawl_id == capture.crawl_id and each.refers_to_id in (None, capture.record_id)
        ]
    if not made:
        raise NoBrowserCaptureError(name)
    return made[-1]


def seen_page(archive: Archive, record: Capture) -> SeenPage:
    """The page of a record, and what was made of it."""
    row = _row(archive, record)
    page, made = _page_and_renderings(archive, record)
    pictured = next((kind for kind in SCREENSHOTS if kind in made), None)
    text = _content(archive, made.get(RenderingKind.TEXT))
    url = record.url.removeprefix(RECORD) if page is None else page.url
    seen = Seen(
        text=None if text is None else text.decode("utf-8", "replace"),
        screenshot=None if pictured is None else _content(archive, made[pictured]),
        resources=None if row is None else tuple(_resources(row, surt_key(url))),
    )
    consent = row is not None and isinstance(row.get("consent"), Mapping)
    return SeenPage(record, page, seen, pictured, consent, steps_again(row))


def _page_and_renderings(archive: Archive, record: Capture) -> tuple[Capture | None, dict[RenderingKind, Capture]]:
    url = record.url.removeprefix(RECORD)
    with archive.reader.connect() as connection:
        near = captures_near(connection, url, record.captured_at, crawl_id=record.crawl_id, most=50)
        page = next((each for each in near if record.refers_to_id in (None, each.record_id)), None)
        if page is not None and record.refers_to_id is not None:
            found: Sequence[Capture] = renderings_of(connection, [page.id])
        else:
            found = [
                each
                for kind in (*SCREENSHOTS, RenderingKind.TEXT)
                for each in captures_of(connection, f"urn:{kind}:{url}")
                if each.crawl_id == record.crawl_id
            ]
    kinds = {f"urn:{kind}:{url}": kind for kind in (*SCREENSHOTS, RenderingKind.TEXT)}
    return page, {kinds[each.url]: each for each in found if each.url in kinds}


def _row(archive: Archive, record: Capture) -> Mapping[str, Any] | None:
    content = _content(archive, record, RECORD_BYTES)
    try:
        row = None if content is None else json.loads(content)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, Mapping) else None


def _content(archive: Archive, capture: Capture | None, limit_bytes: int = RENDERING_BYTES) -> bytes | None:
    if capture is None:
        return None
    try:
        return read_record(archive, capture, limit_bytes=limit_bytes).block
    except BlockTooLargeError:
        return None


def _resources(row: Mapping[str, Any], page_key: str) -> Iterator[Resource]:
    """The resources besides the page itself; of browsertrix-crawler's record those that have a status."""
    resources, urls = row.get("resources"), row.get("urls")
    if isinstance(resources, list):
        rows = [
            # no replay serves service workers (`access.replay.gateway`), nor what only they request
            (each, each.get("outcome") == "recorded" and each.get("byServiceWorker") is not True)
            for each in resources
            if isinstance(each, Mapping)
        ]
    elif isinstance(urls, Mapping):
        rows = [
            ({"url": url, "method": "GET", **each}, True)
            for url, each in urls.items()
            if isinstance(each, Mapping)
        ]
    else:
        return
    for each, recorded in rows:
        url, method, kind, status = (each.get(name) for name in ("url", "method", "type", "status"))
        if not (isinstance(url, str) and isinstance(method, str) and isinstance(kind, str)):
            continue
        key = surt_key(url)
        if key != page_key:
            yield Resource(key, method, kind, status if isinstance(status, int) else None, recorded)
