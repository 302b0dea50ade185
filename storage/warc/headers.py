"""The named fields of one record, and how they are read from the lines of a WARC file.

In: the bytes up to the empty line. Out: `HeaderFields`. Raises `HeadProblem`. Drafts of the standard that early
crawlers wrote (0.17, 0.18) are read like 1.0, of which they differ in nothing that is read here. Source: WARC 1.1
(IIPC), sections 4 and 5.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Final, NamedTuple

VERSIONS: Final = ("WARC/1.0", "WARC/1.1")
DRAFTS: Final = ("WARC/0.17", "WARC/0.18")
READ_VERSIONS: Final = frozenset((*VERSIONS, *DRAFTS))
REQUIRED: Final = tuple(
    (name, name.lower()) for name in ("WARC-Record-ID", "WARC-Type", "WARC-Date", "Content-Length")
)
LENGTH_DIGITS: Final = 19
"""No file is longer than 2^63 bytes."""
PLAIN_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{6})?Z")
"""As nearly every tool writes it; the standard library reads this form, in a third of the time."""
DATE: Final = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(?:Z|([+-])(\d\d):?([0-5]\d)))?)?)?",
    re.IGNORECASE | re.ASCII,
)

Fields = tuple[tuple[str, str], ...]


class HeadProblem(Exception):
    """The lines are no head of a record; ``expected`` and ``found`` in words."""

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(f"expected {expected}, found {found}")
        self.expected = expected
        self.found = found


class HeaderFields(NamedTuple):
    """What the lines of a head say. ``firsts`` is what ``first_values`` makes of ``fields``."""

    version: str
    fields: Fields
    firsts: Mapping[str, str]
    at: datetime


@dataclass(frozen=True, slots=True)
class RecordHead:
    """The named fields of one record, in order, and where the record begins.

    ``offset`` is in the file, at the beginning of a compressed member; ``within`` counts the decompressed bytes of
    that member before the record. ``raw`` is the head as it stands there, with what ends it. ``record_type`` is
    WARC-Type in small letters, ``at`` is WARC-Date, aware UTC, cut to microseconds.
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
    record_type: str
    at: datetime

    def value(self, name: str) -> str | None:
        """The first value of a field, whatever the case of its name; None where it is absent."""
        return self.firsts.get(name.lower())

    @property
    def record_id(self) -> str:
        """WARC-Record-ID without its angle brackets; empty in ARC files, which have none."""
        return bare_uri(self.value("WARC-Record-ID") or "")

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

    The standard asks for UTC. Some tools write another offset, which names the moment just as well; a time without
    any is none. Raises ``ValueError``.
    """
    if PLAIN_DATE.fullmatch(value):
        return datetime.fromisoformat(value)
    match = DATE.fullmatch(value)
    if match is None:
        raise ValueError(f"expected a date like 2026-11-23T20:15:00Z, found {value!r}")
    year, month, day, hour, minute, second, fraction, sign, hours, minutes = match.groups()
    microsecond = int((fraction or "0")[:6].ljust(6, "0"))
    date = (int(year), int(month or 1), int(day or 1))
    zone = UTC
    if sign is not None:
        ahead = timedelta(hours=int(hours), minutes=int(minutes))
        if ahead >= timedelta(days=1):
            raise ValueError(f"expected a date like 2026-11-23T20:15:00Z, found {value!r}")
        zone = timezone(ahead if sign == "+" else -ahead)
    at = datetime(*date, int(hour or 0), int(minute or 0), int(second or 0), microsecond, tzinfo=zone)
    try:
        return at.astimezone(UTC)
    except OverflowError as problem:
        raise ValueError(f"expected a date within the years 1 to 9999, found {value!r}") from problem


def read_warc_head(content: bytes) -> HeaderFields:
    """Read the lines of a head without its empty line, checked as far as framing needs it."""
    text = _text_of(content)
    first, *lines = text.split("\n")
    version = first.rstrip("\r")
    if version.upper() not in READ_VERSIONS:
        raise HeadProblem(" or ".join(VERSIONS), repr(content[:40]))
    is_odd = "\n " in text or "\n\t" in text or "\x00" in text
    fields = _odd_fields(lines) if is_odd else _fields(lines)
    firsts = first_values(fields)
    for name, lower in REQUIRED:
        if not firsts.get(lower):
            raise HeadProblem(f"the field {name}", "none")
    length = firsts["content-length"]
    if not is_length(length):
        raise HeadProblem("a Content-Length in digits", repr(length[:40]))
    try:
        at = warc_time(firsts["warc-date"])
    except ValueError as problem:
        raise HeadProblem("a WARC-Date", str(problem)[:200]) from problem
    segment = firsts.get("warc-segment-number")
    if segment is not None and segment != "1" and firsts["warc-type"].lower() != "continuation":
        raise HeadProblem("WARC-Segment-Number 1 in a record that continues none", repr(segment))
    return HeaderFields(version, fields, firsts, at)


def _fields(lines: Sequence[str]) -> Fields:
    fields = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise HeadProblem("a field as name and value", repr(line[:40]))
        fields.append((name.strip(), value.strip()))
    return tuple(fields)


def _odd_fields(lines: Sequence[str]) -> Fields:
    """The same of lines among which some are folded or hold what no field may."""
    fields: list[tuple[str, str]] = []
    for line in lines:
        if line[:1] in (" ", "\t") and fields and "\x00" not in line:
            name, value = fields[-1]
            fields[-1] = (name, f"{value} {line.strip()}")
            continue
        name, colon, value = line.partition(":")
        if not colon or "\x00" in line:
            raise HeadProblem("a field as name and value", repr(line[:40]))
        fields.append((name.strip(), value.strip()))
    return tuple(fields)


def is_length(text: str) -> bool:
    """Whether this is a number of bytes that a file can have."""
    return text.isascii() and text.isdecimal() and len(text) <= LENGTH_DIGITS


def _text_of(content: bytes) -> str:
    """Text in UTF-8; a line that is not is taken for ISO 8859-1 by itself."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return "\n".join([_text(line) for line in content.split(b"\n")])


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
