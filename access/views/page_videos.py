"""What the search for video and audio behind a page's players came to: from the page's own record.

In: the archive, an exchange, whom the answer is for. Out: a JSON-ready row, None where no video was looked for.
What the record holds comes from the page and from yt-dlp: hostile, shown as text alone. One that is not ours, or
larger than is read, counts as none.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from crawlers.model.capture import RenderingKind
from crawlers.video.report import VideoOutcome
from storage.access_labels import EVERYONE, Viewer
from storage.archive import Archive
from storage.catalogue.captures import Capture, captures_of
from storage.deposit.record_reader import BlockTooLargeError, read_record

READ_LIMIT_BYTES: Final = 32 << 20
SHOWN_VIDEOS: Final = 50
SHOWN_FILES: Final = 50
SHOWN_CHARACTERS: Final = 1_000
OUTCOMES: Final = frozenset(each.value for each in VideoOutcome)


def page_videos(archive: Archive, capture: Capture, *, viewer: Viewer = EVERYONE) -> dict[str, Any] | None:
    """``outcome`` (`crawlers.video.report.VideoOutcome`), ``reason``, ``found`` (videos), ``found_more``,
    ``bytes``, ``tool`` with its version, ``capture_id`` of the record itself, and ``videos``: of each ``title
    outcome reason duration_s files subtitles``; of each file ``url height taken capture_id``.
    """
    if capture.record_type == "resource":
        return None
    with archive.reader.connect() as connection:
        made = [
            each
            for each in captures_of(connection, f"urn:{RenderingKind.VIDEOINFO}:{capture.url}", viewer=viewer)
            if each.crawl_id == capture.crawl_id
        ]
        own = [each for each in made if each.refers_to_id == capture.id] or made
        if not own:
            return None
        try:
            row = json.loads(read_record(archive, own[-1], limit_bytes=READ_LIMIT_BYTES).block)
        except (BlockTooLargeError, ValueError, RecursionError):
            return None
        if not isinstance(row, Mapping) or _text(row.get("outcome")) not in OUTCOMES:
            return None
        shown = [each for each in _rows(row.get("videos"), SHOWN_VIDEOS) if _text(each.get("outcome")) in OUTCOMES]
        files = {_text(file.get("url")) for each in shown for file in _rows(each.get("formats"), SHOWN_FILES)}
        recorded = {
            url: each.id
            for url in files - {None}
            for each in captures_of(connection, url or "", viewer=viewer)
            if each.crawl_id == capture.crawl_id and each.record_type in ("response", "revisit")
        }
    return {
        "outcome": row["outcome"],
        "reason": _text(row.get("reason")),
        "found": _number(row.get("found")) or 0,
        "found_more": row.get("found_more") is True,
        "bytes": _number(row.get("bytes")) or 0,
        "tool": f"{_text(row.get('tool')) or ''} {_text(row.get('version')) or ''}".strip(),
        "capture_id": own[-1].id,
        "videos": [_video(each, recorded) for each in shown],
    }


def _video(row: Mapping[str, Any], recorded: Mapping[str | None, str]) -> dict[str, Any]:
    """One video; ``recorded`` are the captures of this crawl by address."""
    return {
        "title": _text(row.get("title")),
        "outcome": row["outcome"],
        "reason": _text(row.get("reason")),
        "duration_s": row["duration_s"] if isinstance(row.get("duration_s"), int | float) else None,
        "files": [
            {
                "url": _text(each.get("url")),
                "height": _number(each.get("height")),
                "taken": each.get("taken") is True,
                "capture_id": recorded.get(_text(each.get("url"))),
            }
            for each in _rows(row.get("formats"), SHOWN_FILES)
        ],
        "subtitles": [
            _text(each.get("language")) or ""
            for each in _rows(row.get("subtitles"), SHOWN_FILES)
            if each.get("taken") is True
        ],
    }


def _rows(value: Any, most: int) -> Iterator[Mapping[str, Any]]:
    for each in value[:most] if isinstance(value, list) else ():
        if isinstance(each, Mapping):
            yield each


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _text(value: Any) -> str | None:
    return value[:SHOWN_CHARACTERS] if isinstance(value, str) else None
