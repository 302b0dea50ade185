"""JSON and times as the files of a package have them: the same bytes for the same values, and read without tools.

In: JSON-ready values, aware moments. Out: UTF-8 with sorted keys and one line per value, and ISO 8601 in UTC.
"""

import json
from datetime import UTC, datetime
from typing import Any

from pipeline.output import plain


def plain_json(value: Any) -> bytes:
    """A file of JSON."""
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True, default=plain).encode() + b"\n"


def json_line(value: Any) -> bytes:
    """The same as one line of a file."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=plain).encode() + b"\n"


def iso_seconds(at: datetime) -> str:
    """A moment in whole seconds: ``2026-11-29T21:00:00Z``."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
