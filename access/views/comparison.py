"""Two captures beside each other: text word by word, rows of lists, records, headers, facts, screenshots.

In: the archive, two capture ids, whom the answer is for. Out: JSON-ready values; both captures stand in the access
log first, and where the viewer may see only one of them there is no answer. Where a browser showed both pages, the
DOM that it ended with is compared, else what the server sent. All in bounded time: long texts are cut
(`processors.pages.readable_page`), and texts that differ too oddly are compared coarsely; both is said.
"""

import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final

from access.rendering.word_diff import differences, text_difference
from access.views.captures import ArchivedBytes, logged_capture, timeline
from access.views.readable import ReadableCapture, dom_of, readable_capture, screenshots_of
from access.views.safe_images import may_be_picture, payload_of
from access.views.search import record_row
from processors.http.message import parse_response
from processors.media.picture_difference import picture_difference
from processors.pages.readable_page import ReadablePage, plain_text
from storage.access_labels import EVERYONE, Viewer
from storage.archive import Archive
from storage.catalogue.captures import Capture, capture_by_id, capture_json
from storage.catalogue.dom_renderings import doms_of_exchange
from storage.catalogue.records import records_of_capture
from storage.catalogue.revisits import payload_capture
from storage.deposit.record_reader import BLOCK_LIMIT_BYTES, BlockTooLargeError, read_record

NEWEST: Final = "newest"
MOST_ROWS: Final = 300
"""Rows or records that came, went or changed, of each so many; the counts are of all."""
MOST_RECORDS: Final = 2_000
HEAD_LIMIT_BYTES: Final = 32 << 20
_FACTS: Final = (
    *("url", "captured_at", "outcome", "outcome_reason", "status", "media_type", "payload_digest", "source"),
    *("crawl_id", "peer_address", "record_type", "id"),
)
_SHARED_BY_FEW: Final = 8
"""A cell that more rows have says little about which of them became which."""
_AT_ONCE: Final = threading.Semaphore(2)

Row = tuple[str, ...]


def comparison(archive: Archive, a: str, b: str, *, viewer: Viewer = EVERYONE) -> dict[str, Any] | None:
    """What differs between two captures; None where the viewer may not see both.

    ``b`` may be ``NEWEST``: the newest capture of the address of ``a``.
    """
    if b == NEWEST:
        b = _newest_beside(archive, a, viewer) or b
    before, after = (logged_capture(archive, each, viewer, "compared") for each in (a, b))
    if before is None or after is None:
        return None
    doms = [dom_of(archive, each, viewer=viewer) for each in (before, after)]
    both_shown = doms[0] is not None and doms[1] is not None
    read = [
        readable_capture(archive, (dom or each).id if both_shown else each.id, viewer=viewer, with_media=False)
        for each, dom in zip((before, after), doms, strict=True)
    ]
    if read[0] is None or read[1] is None:
        return None
    return {
        "kind": "comparison",
        "a": capture_json(before),
        "b": capture_json(after),
        "read_from": "dom" if both_shown else "exchange",
        "facts": _facts(capture_json(before), capture_json(after)),
        "text": _text(read[0], read[1]),
        "rows": _rows(read[0].page, read[1].page),
        "records": _records(archive, before, after, viewer),
        "headers": _headers(_head(archive, before), _head(archive, after)),
        "screenshots": {
            "a": _picture_id(archive, before, viewer),
            "b": _picture_id(archive, after, viewer),
        },
    }


def difference_picture(archive: Archive, a: str, b: str, *, viewer: Viewer = EVERYONE) -> ArchivedBytes | None:
    """A picture of ours of where two captured pictures differ; None where the viewer may not see both."""
    contents = []
    for each in (a, b):
        capture = logged_capture(archive, each, viewer, "compared")
        if capture is None:
            return None
        with archive.reader.connect() as connection:
            holder = payload_capture(connection, capture, viewer=viewer)
        content = None if holder is None else payload_of(archive, holder, BLOCK_LIMIT_BYTES)
        if content is None:
            return None
        contents.append(content)
    with _AT_ONCE:
        found = picture_difference(contents[0], contents[1])
    return None if found is None else ArchivedBytes((found.png,), len(found.png), "image/png", "difference.png")


def _newest_beside(archive: Archive, capture_id: str, viewer: Viewer) -> str | None:
    with archive.reader.connect() as connection:
        capture = capture_by_id(connection, capture_id, viewer=viewer)
    if capture is None:
        return None
    rows = timeline(archive, capture.url, viewer=viewer, most=1).rows
    return str(rows[0]["id"]) if rows else None


def _facts(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"field": name, "before": before[name], "after": after[name], "differs": before[name] != after[name]}
        for name in _FACTS
    ]


def _text(before: ReadableCapture, after: ReadableCapture) -> dict[str, Any]:
    """``pieces`` as of versions; ``why_not`` where one of the two has no text."""
    if before.page is None or after.page is None:
        return {
            "pieces": [],
            "same": False,
            "cut": False,
            "coarse": False,
            "why_not": before.why_not or after.why_not,
        }
    old, new = plain_text(before.page), plain_text(after.page)
    found = text_difference(old, new)
    cut = before.page.cut or after.page.cut
    return {
        "pieces": [] if old == new else found.pieces,
        "same": old == new,
        "cut": cut,
        "coarse": found.coarse,
        "why_not": None,
    }


def _rows(before: ReadablePage | None, after: ReadablePage | None) -> dict[str, Any]:
    """Rows of tables that came, went or changed; a row that moved is the same row."""
    old, new = Counter(_table_rows(before)), Counter(_table_rows(after))
    gone, came = list((old - new).elements()), list((new - old).elements())
    changed: list[dict[str, Any]] = []
    by_cell: dict[tuple[int, str], list[int]] = defaultdict(list)
    for place, row in enumerate(gone):
        for cell in enumerate(row):
            by_cell[cell].append(place)
    taken: set[int] = set()
    added: list[Row] = []
    for row in came:
        votes: Counter[int] = Counter()
        for cell in enumerate(row):
            places = by_cell.get(cell, [])
            if cell[1] and len(places) <= _SHARED_BY_FEW:
                votes.update(place for place in places if place not in taken)
        best = votes.most_common(1)
        if best and 2 * best[0][1] >= min(len(row), 4):
            taken.add(best[0][0])
            was = gone[best[0][0]]
            found = text_difference(" | ".join(was), " | ".join(row)) if len(changed) < MOST_ROWS else None
            changed.append(
                {"before": list(was), "after": list(row), "pieces": [] if found is None else found.pieces}
            )
        else:
            added.append(row)
    left = [row for place, row in enumerate(gone) if place not in taken]
    return {
        "before_total": sum(old.values()),
        "after_total": sum(new.values()),
        "added_total": len(added),
        "gone_total": len(left),
        "changed_total": len(changed),
        "added": [list(row) for row in added[:MOST_ROWS]],
        "gone": [list(row) for row in left[:MOST_ROWS]],
        "changed": changed[:MOST_ROWS],
    }


def _table_rows(page: ReadablePage | None) -> Iterable[Row]:
    for block in () if page is None else page.blocks:
        for row in block.rows:
            yield tuple(" ".join("".join(run.text for run in cell.runs).split()) for cell in row.cells)


def _records(archive: Archive, before: Capture, after: Capture, viewer: Viewer) -> dict[str, Any]:
    """Records that only one of the captures shows, and those that both show in different wordings."""
    old, new = (_records_of(archive, each, viewer) for each in (before, after))
    changed = []
    for name in new:
        was, now = _content(old.get(name, {})), _content(new[name])
        if name in old and was != now:
            row = {"record_id": name, "heading": new[name]["heading"], "differences": differences(was, now)}
            changed.append(row)
        if len(changed) == MOST_ROWS:
            break
    return {
        "before_total": len(old),
        "after_total": len(new),
        "added": [row for name, row in new.items() if name not in old][:MOST_ROWS],
        "gone": [row for name, row in old.items() if name not in new][:MOST_ROWS],
        "changed": changed,
    }


def _records_of(archive: Archive, capture: Capture, viewer: Viewer) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    with archive.reader.connect() as connection:
        for each in (capture.id, *doms_of_exchange(connection, capture.id)):
            for sighting in records_of_capture(connection, each, viewer=viewer):
                if len(found) < MOST_RECORDS:
                    found.setdefault(sighting.record_id, record_row(sighting))
    return found


def _content(row: Mapping[str, Any]) -> dict[str, Any]:
    """A record's own keys, without what the archive knows of it and what one sighting alone shows."""
    about = ("record_id", "version_id", "heading", "dated_at", "source", "capture_id", "captured_at", "kind")
    return {name: value for name, value in row.items() if name not in about}


def _head(archive: Archive, capture: Capture) -> dict[str, list[str]] | None:
    """The headers of the response by name in lower case; None where there is none to be read."""
    if capture.record_type not in ("response", "revisit"):
        return None
    try:
        fields = parse_response(read_record(archive, capture, limit_bytes=HEAD_LIMIT_BYTES).block).headers
    except BlockTooLargeError:
        return None
    found: dict[str, list[str]] = defaultdict(list)
    for name, value in fields:
        found[name.lower()].append(value)
    return dict(found)


def _headers(
    before: Mapping[str, list[str]] | None, after: Mapping[str, list[str]] | None
) -> list[dict[str, Any]]:
    """Every header of either, those that differ first."""
    old, new = before or {}, after or {}
    rows = [
        {
            "name": name,
            "before": old.get(name, []),
            "after": new.get(name, []),
            "differs": old.get(name) != new.get(name),
        }
        for name in sorted({*old, *new})
    ]
    return sorted(rows, key=lambda row: not row["differs"])


def _picture_id(archive: Archive, capture: Capture, viewer: Viewer) -> str | None:
    """The screenshot of a capture; of a picture, the capture itself."""
    shots = screenshots_of(archive, capture, viewer=viewer)
    if shots:
        return shots[0].id
    return capture.id if may_be_picture(capture, None) else None
