"""Answers as files for spreadsheets and other programs.

In: JSON-ready rows and the columns wanted of them. Out: CSV (RFC 4180, UTF-8 with a byte order mark, which
spreadsheets need to read Cyrillic). A cell that a spreadsheet would take for a formula begins with an apostrophe:
what stands in an archived post must compute nothing on an analyst's machine. JSON has the cells as they are.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from starlette.responses import StreamingResponse

from access.rendering.formatting import format_value

MOST_ROWS: Final = 10_000
"""More is asked for in parts, by source or by date: nobody reads more in a spreadsheet."""

FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
"""OWASP, CSV Injection, read 2026-11."""

FOUND: Final = (
    "kind",
    "heading",
    "dated_at",
    "source",
    "captured_at",
    "url",
    "excerpt",
    "verification",
    "record_id",
    "capture_id",
)
CAPTURES: Final = (
    "captured_at",
    "url",
    "outcome",
    "outcome_reason",
    "status",
    "media_type",
    "payload_change",
    "source",
    "id",
    "payload_digest",
    "block_digest",
    "warc_key",
    "offset",
    "length_bytes",
    "crawl_id",
)
CHANGES: Final = (
    "night",
    "change",
    "source",
    "record_kind",
    "heading",
    "fields",
    "since",
    "at",
    "record_id",
    "capture_ids",
)


def as_csv(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], *, name: str) -> StreamingResponse:
    """The rows as a file to save under ``name``."""
    return StreamingResponse(
        csv_lines(rows, columns),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )


def csv_lines(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> Iterator[bytes]:
    """The file line by line, the columns' names first."""
    yield b"\xef\xbb\xbf" + _line(columns)
    for row in rows:
        yield _line([_cell(row.get(column)) for column in columns])


def _cell(value: Any) -> str:
    text = format_value(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def _line(cells: Sequence[str]) -> bytes:
    line = io.StringIO(newline="")
    csv.writer(line).writerow(cells)
    return line.getvalue().encode()
