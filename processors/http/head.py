"""Reads the head of an HTTP/1 message as servers really write it.

Lenient where the wire is sloppy, never inventive: lines may end in CRLF or LF, names may be followed by spaces,
values may be folded, lines without a colon are skipped here (they stay in the block). Text is decoded as ISO
8859-1, which gives every byte back. Sources: RFC 9110, section 5; RFC 9112, sections 2 to 5.
"""

import re
from dataclasses import dataclass

# More than any server sends in earnest; what has no end by then is no head.
MAX_HEAD_BYTES = 1 << 20

Fields = tuple[tuple[str, str], ...]

HEAD_END = re.compile(rb"\n\r?\n")
USUAL_HEAD_BYTES = 4 << 10
"""So far the quick search looks: if it looked further, many short heads in one piece would cost their square."""
INTERIM_STATUS = re.compile(rb"HTTP/1\.[01] 1(?!01)\d\d")
"""An answer before the answer (RFC 9110, section 15.2); 101 is the last one of its connection."""
STATUS_START = b"HTTP/"
STATUS_LINE = re.compile(r"HTTP/\d+(?:\.\d+)?[ \t]+(\d{3})(?:[ \t]+(.*))?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Head:
    """Start line without its line end, and the header fields in order, names in their own case."""

    start_line: str
    fields: Fields


def head_end(block: bytes | bytearray, start: int = 0) -> int | None:
    """Where the head ends, the empty line included; None while it has not ended."""
    at = block.find(b"\r\n\r\n", start, start + USUAL_HEAD_BYTES)
    if at >= 0 and block.find(b"\n\n", start, at) < 0 and block.find(b"\n\r\n", start, at + 2) < 0:
        return at + 4
    match = HEAD_END.search(block, start)
    return None if match is None else match.end()


def response_head(block: bytes | bytearray, *, is_all: bool) -> tuple[int, int] | None:
    """Where the head of the answer itself begins and ends in a stored response; None while it has not ended.

    Some writers put empty lines before the status line, or kept interim answers such as ``100 Continue``: both lie
    before what is returned. ``is_all`` says that nothing comes behind ``block``.
    """
    start = 0
    while True:
        if block[start : start + 1] in (b"\r", b"\n"):
            found = _behind_empty_lines(block, start)
            if found is None and not is_all:
                return None
            start = start if found is None else found
        end = head_end(block, start)
        if end is None or not INTERIM_STATUS.match(block, start):
            return None if end is None else (start, end)
        behind = bytes(block[end : end + 1024]).lstrip(b"\r\n")[: len(STATUS_START)]
        if behind == STATUS_START:
            start = end
        elif is_all or not STATUS_START.startswith(behind):
            return start, end
        else:
            return None


def _behind_empty_lines(block: bytes | bytearray, start: int) -> int | None:
    """Where a status line begins behind empty lines; ``start`` where none does, None while that is open."""
    ahead = bytes(block[start : start + 1024])
    behind = ahead.lstrip(b"\r\n")
    if behind.startswith(STATUS_START):
        return start + len(ahead) - len(behind)
    return None if STATUS_START.startswith(behind) else start


def read_head(head: bytes) -> Head:
    """Read a head. Folded lines join their field's value with one space; lines without a colon are skipped."""
    text = head.decode("latin-1")
    start_line, *lines = text.split("\n")
    if "\n " in text or "\n\t" in text:
        fields = _folded_fields(lines)
    else:
        parts = [line.partition(":") for line in lines]
        fields = [(name.rstrip(" \t"), value.strip(" \t\r")) for name, colon, value in parts if colon]
    return Head(start_line=start_line.rstrip("\r"), fields=tuple(fields))


def _folded_fields(lines: list[str]) -> list[tuple[str, str]]:
    fields: list[tuple[str, str]] = []
    for line in lines:
        if line[:1] in (" ", "\t"):
            folded = line.strip(" \t\r")
            if fields and folded:
                name, value = fields[-1]
                fields[-1] = (name, f"{value} {folded}" if value else folded)
            continue
        name, colon, value = line.partition(":")
        if colon:
            fields.append((name.rstrip(" \t"), value.strip(" \t\r")))
    return fields


def head_values(fields: Fields, name: str) -> list[str]:
    """Every value of a field, in order."""
    wanted = name.lower()
    return [value for found, value in fields if found.lower() == wanted]


def head_value(fields: Fields, name: str) -> str | None:
    """The first value of a field; None where it is absent."""
    values = head_values(fields, name)
    return values[0] if values else None


def status_of(head: Head) -> tuple[int, str] | None:
    """Status code and reason phrase; None where the line is no status line."""
    match = STATUS_LINE.match(head.start_line)
    return None if match is None else (int(match[1]), match[2] or "")


def is_chunked(fields: Fields) -> bool:
    """Whether the last transfer coding is ``chunked``."""
    codings = [
        coding.strip().lower() for value in head_values(fields, "transfer-encoding") for coding in value.split(",")
    ]
    return bool(codings) and codings[-1] == "chunked"
