"""The line before each document of an ARC file, read as the fields of a WARC record.

In: the line. Out: the fields that a WARC record of the same document would have, as far as the line tells them
(`HeaderFields`); an ARC record has no id. The first line describes the file itself and becomes ``warcinfo``.
Raises `HeadProblem`. Source: "ARC File Format" (Internet Archive, 1996), versions 1 and 2.
"""

import re
from datetime import UTC, datetime
from typing import Final

from storage.warc.headers import HeaderFields, HeadProblem, first_values, is_length

FILE_DESCRIPTION: Final = "filedesc:"
DATE: Final = re.compile(r"\d{14}")
FEWEST_PARTS: Final = 5
"""URL, address, date, type, length; version 2 has more between type and length."""


def read_arc_head(line: bytes) -> HeaderFields:
    """Read the line; the length stands last whatever the version, and no other part may hold a space."""
    text = line.rstrip(b"\r").decode("utf-8", "replace")
    parts = text.split(" ")
    if len(parts) < FEWEST_PARTS:
        raise HeadProblem("URL, address, date, type and length of an ARC record", repr(text[:60]))
    url, address, date, media_type, length = parts[0], parts[1], parts[2], parts[3], parts[-1]
    if not is_length(length):
        raise HeadProblem("a length in digits at the end of the ARC record's line", repr(length[:40]))
    if "\x00" in text:
        raise HeadProblem("an ARC record's line without U+0000", repr(text[:60]))
    is_file = url.startswith(FILE_DESCRIPTION)
    is_http = url.startswith(("http:", "https:"))
    kind = "warcinfo" if is_file else "response" if is_http else "resource"
    content_type = "application/http; msgtype=response" if is_http else media_type
    at = _moment(date)
    fields = (
        ("WARC-Type", kind),
        *((("WARC-Filename", url.removeprefix("filedesc://")),) if is_file else (("WARC-Target-URI", url),)),
        ("WARC-Date", at.isoformat().replace("+00:00", "Z")),
        *((("WARC-IP-Address", address),) if address not in ("", "-", "0.0.0.0") else ()),  # noqa: S104  not known
        ("Content-Type", content_type),
        ("Content-Length", length),
    )
    return HeaderFields("ARC", fields, first_values(fields), at)


def _moment(date: str) -> datetime:
    try:
        if not DATE.fullmatch(date):
            raise ValueError(date)
        return datetime.strptime(date, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        raise HeadProblem("a date of 14 digits in the ARC record's line", repr(date)) from None
