"""Captures in the forms of other archives' tools: CDXJ, JSON lines, text, and the links of a Memento TimeMap.

In: captures, and where a memento stands. Out: text whose lines no captured address can break. Sources: pywb, CDX
Server API (version 2.10, read 2026-11); RFC 7089, section 5 (TimeMaps) and RFC 6690 (link format).
"""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final
from urllib.parse import quote

from access.replay.index_lines import moment
from storage.catalogue.captures import Capture

ADDRESS_CHARACTERS: Final = "!#$%&'()*+,/:;=?@[]~"
"""What stands in an address as it is; white space, quotes, angle brackets and letters outside ASCII do not."""

MementoAddress = Callable[[Capture], str]


def safe_address(url: str) -> str:
    """An address that can stand in a header, a line and between angle brackets."""
    return quote(url.encode("utf-8", "surrogateescape"), safe=ADDRESS_CHARACTERS)


def capture_fields(capture: Capture) -> dict[str, str]:
    """A capture under pywb's names, and three of ours, each a text without white space."""
    mime = (capture.media_type or "unk").partition(";")[0].strip() or "unk"
    values = {
        "urlkey": capture.surt,
        "timestamp": moment(capture.captured_at),
        "url": capture.url,
        "mime": "warc/revisit" if capture.record_type == "revisit" else mime,
        "status": "-" if capture.status is None else str(capture.status),
        "digest": str(capture.payload_digest or capture.block_digest),
        "length": str(capture.length_bytes),
        "offset": str(capture.offset_bytes),
        "filename": capture.warc_key,
        "id": capture.id,
        "source": capture.source_id,
        "outcome": capture.outcome or "-",
    }
    return {name: safe_address(value) for name, value in values.items()}


def as_cdxj(captures: Iterable[Capture], names: Sequence[str]) -> str:
    """Key, moment, and the rest as JSON."""
    lines = []
    for capture in captures:
        fields = capture_fields(capture)
        rest = {name: fields[name] for name in names if name not in ("urlkey", "timestamp")}
        lines.append(f"{fields['urlkey']} {fields['timestamp']} {json.dumps(rest)}\n")
    return "".join(lines)


def as_json_lines(captures: Iterable[Capture], names: Sequence[str]) -> str:
    """A JSON object for each."""
    rows: list[dict[str, Any]] = [capture_fields(capture) for capture in captures]
    return "".join(json.dumps({name: row[name] for name in names}) + "\n" for row in rows)


def as_text(captures: Iterable[Capture], names: Sequence[str]) -> str:
    """Fields with a space between them."""
    rows = [capture_fields(capture) for capture in captures]
    return "".join(" ".join(row[name] for name in names) + "\n" for row in rows)


def as_links(
    captures: Sequence[Capture], url: str, *, timegate: str, timemap: str, memento: MementoAddress
) -> str:
    """A TimeMap: the original, the TimeGate, itself, and each memento with its time, the oldest first."""
    oldest = min((each.captured_at for each in captures), default=None)
    newest = max((each.captured_at for each in captures), default=None)
    span = "" if oldest is None or newest is None else f'; from="{http_time(oldest)}"; until="{http_time(newest)}"'
    links = [
        f'<{safe_address(url)}>; rel="original"',
        f'<{safe_address(timegate)}>; rel="timegate"',
        f'<{safe_address(timemap)}>; rel="self"; type="application/link-format"{span}',
    ]
    for number, capture in enumerate(captures, start=1):
        where = {1: "first ", len(captures): "last "}.get(number, "")
        where = "first last " if len(captures) == 1 else where
        when = http_time(capture.captured_at)
        links.append(f'<{safe_address(memento(capture))}>; rel="{where}memento"; datetime="{when}"')
    return ",\n".join(links) + "\n"


def http_time(at: datetime) -> str:
    """A time as HTTP headers have it (RFC 9110, section 5.6.7)."""
    return format_datetime(at.astimezone(UTC).replace(microsecond=0), usegmt=True)
