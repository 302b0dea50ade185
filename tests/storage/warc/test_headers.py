"""Heads of records are read alike by the quick way and by the plain one, whatever their bytes are."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.warc.arc import read_arc_head
from storage.warc.headers import DRAFTS, VERSIONS, HeadProblem, read_warc_head, warc_time
from storage.warc.reader import arc_head_end, warc_head_end

FOUR = b"WARC-Record-ID: <urn:x>\r\nWARC-Type: response\r\nWARC-Date: 2026-11-27T20:24:17Z\r\nContent-Length: 5"

names = st.sampled_from(
    [b"WARC-Target-URI", b"warc-target-uri", b"X", b" X", b"\tX", b"", b"WARC-Date", b"Content-Length"]
)
texts = st.sampled_from(
    [b"", b" ", b"a", b" a b\t", "\u00e9".encode(), b"\xe9", b"\x00", b"2026", b"\xc2\xa0", b"a:b", b"12"]
)
colons = st.sampled_from([b":", b": ", b" :", b""])
line_ends = st.sampled_from([b"\r\n", b"\n", b"\r\r\n"])
lines = st.lists(st.tuples(names, colons, texts, line_ends).map(b"".join), max_size=6).map(b"".join)
versions = st.sampled_from([b"WARC/1.1", b"WARC/1.0", b"warc/0.18", b"WARC/2.0", b""])


def plainly(content: bytes) -> tuple[str, list[tuple[str, str]]]:
    """Version and fields, one line after the other; raises ``ValueError`` on a line that is neither."""
    first, *others = content.split(b"\n")
    version = text_of(first).rstrip("\r")
    if version.upper() not in (*VERSIONS, *DRAFTS):
        raise ValueError(version)
    fields: list[tuple[str, str]] = []
    for raw in others:
        line = text_of(raw)
        if "\x00" in line:
            raise ValueError(line)
        if line.startswith((" ", "\t")) and fields:
            fields[-1] = (fields[-1][0], f"{fields[-1][1]} {line.strip()}")
        elif ":" in line:
            name, value = line.split(":", 1)
            fields.append((name.strip(), value.strip()))
        else:
            raise ValueError(line)
    return version, fields


def text_of(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


@given(versions, lines, lines)
@settings(max_examples=400, deadline=None)
def test_a_head_is_read_line_by_line_or_refused(version: bytes, before: bytes, behind: bytes) -> None:
    # The lines of a head as they are joined in a file, without the line end that its empty line follows.
    content = re.sub(rb"\r?\n\Z", b"", version + b"\r\n" + before + FOUR + b"\r\n" + behind)
    try:
        wanted = plainly(content)
    except ValueError:
        with pytest.raises(HeadProblem):
            read_warc_head(content)
        return
    firsts: dict[str, str] = {}
    for name, value in wanted[1]:
        firsts.setdefault(name.lower(), value)
    try:
        found = read_warc_head(content)
    except HeadProblem as problem:
        assert problem.expected in (
            "the field WARC-Date",
            "the field Content-Length",
            "a WARC-Date",
            "a Content-Length in digits",
        )
        return
    assert (found.version, list(found.fields), dict(found.firsts)) == (*wanted, firsts)
    assert found.at == warc_time(firsts["warc-date"])


@given(st.lists(st.sampled_from([b"\r\n", b"\n", b"\r", b"a"]), max_size=9).map(b"".join), st.integers(0, 9))
@settings(max_examples=600, deadline=None)
def test_the_end_of_a_head_is_where_the_first_empty_line_is(content: bytes, start: int) -> None:
    wanted = re.compile(rb"\r?\n\r?\n").search(content, start)
    assert warc_head_end(content, start) == (None if wanted is None else wanted.span())
    wanted = re.compile(rb"\n").search(content, start)
    assert arc_head_end(content, start) == (None if wanted is None else wanted.span())


@given(st.datetimes().filter(lambda moment: moment.year >= 1000), st.sampled_from([0, 1, 3, 6, 7, 9]))
def test_a_date_is_read_with_as_many_digits_as_it_has(moment: datetime, digits: int) -> None:
    fraction = f"{moment.microsecond:06}000"[:digits]
    text = moment.strftime("%Y-%m-%dT%H:%M:%S") + (f".{fraction}" if digits else "") + "Z"
    assert warc_time(text) == moment.replace(microsecond=int(fraction[:6].ljust(6, "0")), tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:00:60.000000Z"]
)
def test_a_moment_that_no_calendar_has_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"must be in|out of range"):
        warc_time(text)


def test_a_length_that_no_file_has_is_refused() -> None:
    content = b"WARC/1.1\r\n" + FOUR[:-1] + b"9" * 5000
    with pytest.raises(HeadProblem, match="a Content-Length in digits"):
        read_warc_head(content)


def test_a_line_of_an_arc_file_is_read_whatever_its_year_and_refused_with_a_length_that_no_file_has() -> None:
    head = read_arc_head(b"http://a.example/ 192.0.2.1 00010203040506 text/html 12")
    assert (head.at, head.firsts["warc-date"]) == (datetime(1, 2, 3, 4, 5, 6, tzinfo=UTC), "0001-02-03T04:05:06Z")
    with pytest.raises(HeadProblem, match="a length in digits"):
        read_arc_head(b"http://a.example/ 192.0.2.1 20010203040506 text/html " + b"9" * 5000)
