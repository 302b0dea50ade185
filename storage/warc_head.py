"""The named fields of one record, and how they are read from the lines of a WARC file.

In: the bytes up to the empty line. Out: fields in order. Raises `HeadProblem`. Drafts of the standard that early
crawlers wrote (0.17, 0.18) are read like 1.0, of which they differ in nothing that is read here. Source: WARC 1.1
(IIPC), sections 4 and 5.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

VERSIONS: Final = ("WARC/1.0", "WARC/1.1")
DRAFTS: Final = ("WARC/0.17", "WARC/0.18")
REQUIRED: Final = ("WARC-Record-ID", "WARC-Type", "WARC-Date", "Content-Length")
DATE: Final = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?Z)?)?)?", re.IGNORECASE
)

Fields = tuple[tuple[str, str], ...]


class HeadProblem(Exception):
    """The lines are no head of a record; ``expected`` and ``found`` in words."""

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(f"expected {expected}, found {found}")
        self.expected = expected
        self.found = found


@dataclass(frozen=True, slots=True)
class RecordHead:
    """The named fields of one record, in order, and where the record begins.

    ``offset`` is in the file, at the beginning of a compressed member; ``within`` counts the decompressed bytes of
    that member before the record. ``raw`` is the head as it stands there, with what ends it.
    """

    version: str
    fields: Fields
    number: int
    offset: int
    block_length: int
    within: int
    raw: bytes
    firsts: Mapping[str, str]
    """What ``first_values`` makes of ``fields``: a record is asked for a dozen of them."""

    def value(self, name: str) -> str | None:
        """The first value of a field, whatever the case of its name; None where it is absent."""
        return self.firsts.get(name.lower())

    @property
    def record_type(self) -> str:
        """``response``, ``request`` ..."""
        return (self.value("WARC-Type") or "").lower()

    @property
    def record_id(self) -> str:
        """WARC-Record-ID without its angle brackets; empty in ARC files, which have none."""
        return bare_uri(self.value("WARC-Record-ID") or "")

    @property
    def at(self) -> datetime:
        """WARC-Date, aware UTC, cut to microseconds."""
        return warc_time(self.value("WARC-Date") or "")

    @property
    def url(self) -> str | None:
        """WARC-Target-URI; old tools put it in angle brackets."""
        value = self.value("WARC-Target-URI")
        return None if value is None else bare_uri(value)


def first_values(fields: Fields) -> dict[str, str]:
    """The first value of each field, by its name in small letters."""
    return {name.lower(): value for name, value in reversed(fields)}


def bare_uri(value: str) -> str:
    """A URI without angle brackets."""
    return value[1:-1] if value.startswith("<") and value.endswith(">") else value


def warc_time(value: str) -> datetime:
    """A WARC date; 1.1 allows parts to be missing from the right: then it is the earliest moment it can mean.

    Raises ``ValueError``.
    """
    match = DATE.fullmatch(value)
    if match is None:
        raise ValueError(f"expected a date like 2026-11-23T20:15:00Z, found {value!r}")
    year, month, day, hour, minute, second, fraction = match.groups()
    microsecond = int((fraction or "0")[:6].ljust(6, "0"))
    date = (int(year), int(month or 1), int(day or 1))
    return datetime(*date, int(hour or 0), int(minute or 0), int(second or 0), microsecond, tzinfo=UTC)


def read_warc_head(content: bytes) -> tuple[str, Fields]:
    """Version and fields from the lines of a head without its empty line, checked as far as framing needs it."""
    first, *lines = _lines(content)
    version = first.rstrip("\r")
    if version.upper() not in (*VERSIONS, *DRAFTS):
        raise HeadProblem(" or ".join(VERSIONS), repr(content[:40]))
    fields: list[tuple[str, str]] = []
    for line in lines:
        if line[:1] in (" ", "\t") and fields:
            name, value = fields[-1]
            fields[-1] = (name, f"{value} {line.strip()}")
            continue
        name, colon, value = line.partition(":")
        if not colon or "\x00" in line:
            raise HeadProblem("a field as name and value", repr(line[:40]))
        fields.append((name.strip(), value.strip()))
    read = tuple(fields)
    firsts = first_values(read)
    for name in REQUIRED:
        if not firsts.get(name.lower()):
            raise HeadProblem(f"the field {name}", "none")
    length = firsts["content-length"]
    if not (length.isascii() and length.isdecimal()):
        raise HeadProblem("a Content-Length in digits", repr(length))
    try:
        warc_time(firsts["warc-date"])
    except ValueError as problem:
        raise HeadProblem("a WARC-Date", str(problem)) from problem
    segment = firsts.get("warc-segment-number")
    is_continuation = firsts["warc-type"].lower() == "continuation"
    if segment is not None and segment != "1" and not is_continuation:
        raise HeadProblem("WARC-Segment-Number 1 in a record that continues none", repr(segment))
    return version, read


def _lines(content: bytes) -> list[str]:
    """Lines as UTF-8; one that is not is taken for ISO 8859-1 by itself."""
    try:
        return content.decode("utf-8").split("\n")
    except UnicodeDecodeError:
        return [_text(line) for line in content.split(b"\n")]


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
