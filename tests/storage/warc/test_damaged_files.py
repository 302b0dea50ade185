"""One fault ends no file: whatever is damaged is named with its place, and every record that is certain is found.

The faults are those that writers of WARC files are known for, and damage at any byte of any record.
"""

import gzip
import io
import re
import secrets
import struct
import zipfile
import zlib
from base64 import b32encode
from collections.abc import Callable
from hashlib import sha1
from itertools import accumulate
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.digest import sha256
from processors.http.message import parse_response
from storage.deposit.inspection import FileFaults, FileInspection, inspect_stream
from storage.warc.reader import WarcDamageError

PAGE = b"<html><head><title>t</title></head><body><p>The court has heard the case.</p></body></html>"


def answer(body: bytes = PAGE, head: bytes = b"Content-Type: text/html\r\n", *, length: bool = True) -> bytes:
    stated = b"Content-Length: %d\r\n" % len(body) if length else b""
    return b"HTTP/1.1 200 OK\r\n" + head + stated + b"\r\n" + body


def record(
    name: str,
    block: bytes = answer(),
    *,
    off_by: int = 0,
    digest: bytes | None = None,
    date: str = "2026-03-01T10:00:00Z",
    end: bytes = b"\r\n\r\n",
    line: bytes = b"\r\n",
    start: bytes = b"",
    kind: str = "response",
    more: tuple[str, ...] = (),
) -> bytes:
    """A record of ``http://site.example/NAME``, with one thing wrong where that is asked for."""
    lines = [
        "WARC/1.0",
        f"WARC-Type: {kind}",
        f"WARC-Target-URI: http://site.example/{name}",
        f"WARC-Date: {date}",
        f"WARC-Record-ID: <urn:test:{name}>",
        "Content-Type: " + ("application/http; msgtype=response" if kind == "response" else "application/warc"),
        *more,
        f"Content-Length: {len(block) + off_by}",
    ]
    if digest is not None:
        lines.append("WARC-Block-Digest: sha1:" + b32encode(sha1(digest).digest()).decode())
    return start + line.join([*(each.encode() for each in lines), b"", b""]) + block + end


INFO = (
    b"WARC/1.0\r\nWARC-Type: warcinfo\r\nWARC-Date: 2026-03-01T10:00:00Z\r\nWARC-Record-ID: <urn:test:info>\r\n"
    b"Content-Type: application/warc-fields\r\nContent-Length: 22\r\n\r\nsoftware: another tool\r\n\r\n"
)


def plain(*records: bytes) -> bytes:
    return b"".join(records)


def members(*records: bytes) -> bytes:
    return b"".join(gzip.compress(each, mtime=0) for each in records)


def one_member(*records: bytes) -> bytes:
    return gzip.compress(plain(*records), mtime=0)


def frames(*records: bytes) -> bytes:
    return b"".join(map(zstandard.compress, records))


def look(content: bytes, faults: FileFaults = FileFaults.NAMED) -> FileInspection:
    return inspect_stream(io.BytesIO(content), "other.warc", faults=faults)


def names(found: FileInspection) -> list[str]:
    return [row.url.removeprefix("http://site.example/") for row in found.rows]


def faults(found: FileInspection) -> list[tuple[int, int, int | None]]:
    return [(fault.record, fault.offset, fault.resumed_at) for fault in found.faults]


FORMS = [plain, members, one_member, frames]

BAD = {
    "a length one short": record("bad", off_by=-1),
    "a length one long": record("bad", off_by=1),
    "a length two short behind a line end": record("bad", answer(PAGE + b"\r\n"), off_by=-2),
    "a length two long": record("bad", off_by=2),
    "a length four long": record("bad", off_by=4),
    "a length that reaches into the next record": record("bad", off_by=300),
    "a length of half": record("bad", off_by=-60),
    "a length beyond the file": record("bad", off_by=10**9),
    "a length that is none": record("bad").replace(b"Content-Length: ", b"Content-Length: x", 1),
    "a wrong digest": record("bad", digest=b"other"),
    "a date of words": record("bad", date="yesterday"),
    "a date without its zone": record("bad", date="2026-03-01T10:00:00"),
    "a month that is none": record("bad", date="2026-13-01T10:00:00Z"),
    "no id": record("bad").replace(b"WARC-Record-ID", b"X-Record-ID"),
    "a line that is no field": record("bad").replace(b"WARC-Date: ", b"WARC-Date "),
    "another version": record("bad").replace(b"WARC/1.0", b"WARC/9.0"),
    "bytes that are no head": b"\x01\x02\x03 nothing that anybody could read\r\n\r\n" * 5,
    "letters for line ends": record("bad", end=b"xxxx"),
}
"""What one record between others is, where its compressed member is whole."""


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
@pytest.mark.parametrize("bad", BAD)
def test_one_bad_record_leaves_the_others_found(bad: str, form: Callable[..., bytes]) -> None:
    parts = [INFO, record("one", digest=answer()), BAD[bad], record("two"), record("three", digest=answer())]
    content = form(*parts)
    found = look(content)
    assert names(found) == ["one", "two", "three"]
    assert len(found.faults) == 1 and found.damage is None
    (fault,) = found.faults
    assert fault.record == 3
    places = list(accumulate(map(len, parts), initial=0))
    if form is one_member:
        assert (fault.offset, fault.within, fault.resumed_at) == (0, places[2], 0)
    else:
        starts = places if form is plain else list(accumulate((len(form(each)) for each in parts), initial=0))
        assert (fault.offset, fault.within, fault.resumed_at) == (starts[2], 0, starts[3])
    assert found.sha256 == sha256(content)
    with pytest.raises(WarcDamageError):
        look(content, FileFaults.REFUSED)


def test_two_bad_records_are_two_faults() -> None:
    for form in (plain, members, frames):
        bad = (record("bad", off_by=-1), record("worse", digest=b"other"), record("worst", date="yesterday"))
        found = look(form(INFO, record("one"), *bad, record("two")))
        assert names(found) == ["one", "two"]
        assert [fault.record for fault in found.faults] == [3, 4, 5]


@pytest.mark.parametrize("form", [plain, members, frames], ids=lambda form: form.__name__)
def test_a_bad_first_or_last_record_leaves_the_others_found(form: Callable[..., bytes]) -> None:
    for bad in (record("bad", off_by=-1), record("bad", digest=b"other"), record("bad", date="yesterday")):
        assert names(look(form(bad, record("one"), record("two")))) == ["one", "two"]
        assert names(look(form(record("one"), record("two"), bad))) == ["one", "two"]


TAKEN_IN: dict[str, tuple[bytes, str | None]] = {
    "LF alone in heads and ends": (
        plain(INFO, *(record(name, line=b"\n", end=b"\n\n") for name in ("one", "two"))),
        "2 records end in other line ends than two CRLF",
    ),
    "LF alone, a resource": (
        plain(INFO, *(record(n, b"text", line=b"\n", end=b"\n\n", kind="resource") for n in ("one", "two"))),
        "2 records end in other line ends than two CRLF",
    ),
    "one line end between records": (
        plain(INFO, record("one", end=b"\r\n"), record("two", end=b"\r\n")),
        "2 records end in other line ends than two CRLF",
    ),
    "one LF between records": (
        plain(INFO, record("one", end=b"\n"), record("two")),
        "1 records end in other line ends than two CRLF",
    ),
    "no line end before the next record, a digest": (
        plain(INFO, record("one", answer(length=False), digest=answer(length=False), end=b""), record("two")),
        "1 records end in other line ends than two CRLF",
    ),
    "a byte order mark": (b"\xef\xbb\xbf" + plain(INFO, record("one"), record("two")), "1 records begin behind"),
    "a byte order mark in a member": (
        members(b"\xef\xbb\xbf" + INFO, record("one"), record("two")),
        "1 records begin behind",
    ),
    "empty lines before a record": (
        plain(INFO, record("one"), record("two", start=b"\r\n\r\n")),
        "1 records end in",
    ),
    "empty lines before a record of a member": (
        members(INFO, record("one", start=b"\r\n"), record("two")),
        "1 records begin behind",
    ),
    "zeros behind the last member": (
        members(INFO, record("one"), record("two")) + bytes(512),
        "512 zero bytes behind the last record",
    ),
    "zeros behind the last record": (
        plain(INFO, record("one"), record("two")) + bytes(10_240),
        "10240 zero bytes behind the last record",
    ),
    "zeros behind the last frame": (
        frames(INFO, record("one"), record("two")) + bytes(7),
        "7 zero bytes behind the last record",
    ),
    "a date with an offset": (
        members(
            INFO, record("one", date="2026-03-01T13:00:00+03:00"), record("two", date="2026-03-01T05:00:00-0500")
        ),
        "2 dates with an offset from UTC, read as the moment they name",
    ),
    "a CRLF before the status line": (plain(INFO, record("one", b"\r\n" + answer()), record("two")), None),
    "100 Continue before the answer": (
        plain(INFO, record("one", b"HTTP/1.1 100 Continue\r\n\r\n" + answer()), record("two")),
        None,
    ),
    "early hints before the answer": (
        members(INFO, record("one", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + answer()), record("two")),
        None,
    ),
    "line ends left out": (members(INFO, record("one", end=b""), record("two", end=b"")), "2 records without"),
}


@pytest.mark.parametrize("way", TAKEN_IN)
def test_what_real_writers_wrote_is_taken_in(way: str) -> None:
    content, remark = TAKEN_IN[way]
    found = look(content)
    assert (names(found), found.faults, found.damage) == (["one", "two"], (), None)
    assert all(remark is None or sentence.startswith(remark) for sentence in found.remarks)
    assert bool(found.remarks) == (remark is not None)
    assert {str(row.captured_at) for row in found.rows} == {"2026-03-01 10:00:00+00:00"}
    if "resource" not in way:
        assert [(row.status, row.payload_digest) for row in found.rows] == [(200, sha256(PAGE))] * 2


@pytest.mark.parametrize("before", [b"", b"\r\n", b"\n\n", b"HTTP/1.1 100 Continue\r\n\r\n"])
def test_page_and_index_see_the_same_body_behind_what_stands_before_the_head(before: bytes) -> None:
    message = parse_response(before + answer())
    assert (message.status, message.body) == (200, PAGE)
    assert message.head_length == len(before) + len(answer()) - len(PAGE)


def test_a_lone_interim_answer_is_the_answer() -> None:
    assert parse_response(b"HTTP/1.1 100 Continue\r\n\r\n").status == 100
    assert parse_response(b"HTTP/1.1 101 Switching Protocols\r\n\r\nHTTP/1.1 200 OK\r\n\r\n").status == 101


def test_an_end_that_nothing_proves_is_a_fault_and_ends_nothing() -> None:
    """Two bytes too many in the block look like a writer that leaves out a line end."""
    long = record("bad", answer(length=False), off_by=2)
    found = look(plain(INFO, record("one"), long, record("two")))
    assert names(found) == ["one", "two"]
    assert found.faults[0].expected.startswith("two line ends after the block, or a digest")


def crc_wrong(content: bytes) -> bytes:
    return content[:-8] + struct.pack("<I", zlib.crc32(content) ^ 1) + content[-4:]


def torn(content: bytes) -> bytes:
    return content[: len(content) // 2]


def zeroed(content: bytes) -> bytes:
    return content[:20] + bytes(len(content) - 20)


def header_lost(content: bytes) -> bytes:
    return b"\x00\x00" + content[2:]


HARMED = [
    (form, harm)
    for form in (members, frames)
    for harm in (crc_wrong, torn, zeroed, header_lost)
    if (form, harm) != (frames, crc_wrong)  # frames of this writer have no check sum
]


@pytest.mark.parametrize(("form", "harm"), HARMED, ids=lambda each: each.__name__)
def test_a_damaged_member_in_the_middle_leaves_the_others_found(
    form: Callable[..., bytes], harm: Callable[[bytes], bytes]
) -> None:
    before, bad, behind = (
        form(INFO, record("one")),
        harm(form(record("bad"))),
        form(record("two"), record("three")),
    )
    found = look(before + bad + behind)
    assert names(found) == ["one", "two", "three"]
    assert faults(found) == [(3, len(before), len(before) + len(bad))]


def test_records_of_a_shared_member_that_does_not_agree_are_in_doubt_unless_a_digest_proves_them() -> None:
    noise = secrets.token_bytes(100_000)
    shared = crc_wrong(one_member(record("doubt"), record("proven", digest=answer()), record("last", noise)))
    found = look(members(INFO, record("one")) + shared + members(record("two")))
    assert names(found) == ["one", "proven", "two"]
    assert "1 records before it in that member name no digest, and are in doubt" in found.faults[0].found


def test_records_inside_a_damaged_record_that_holds_an_archive_are_not_this_files() -> None:
    inner = plain(INFO.replace(b"urn:test:info", b"urn:test:inner"), record("inner"), record("inner-too"))
    own = ("WARC-Warcinfo-ID: <urn:test:info>",)
    held = record("held", answer(inner, b"Content-Type: application/warc\r\n"), off_by=-70, more=own)
    resource = record("held", inner, off_by=-200, kind="resource", more=own)
    for bad in (held, resource):
        for form in (plain, members, one_member):
            content = form(INFO, record("one", more=own), bad, record("two", more=own))
            assert names(look(content)) == ["one", "two"], form
    packed = members(INFO, record("inner"), record("inner-too"))
    stored = io.BytesIO()
    with gzip.GzipFile(fileobj=stored, mode="wb", compresslevel=0, mtime=0) as file:
        file.write(record("held", answer(packed, b"Content-Type: application/warc\r\n"), more=own))
    bad_member = bytearray(stored.getvalue())
    bad_member[-100] ^= 0xFF
    bad_member[-8:] = bytes(8)
    content = members(INFO, record("one", more=own)) + bytes(bad_member) + members(record("two", more=own))
    assert names(look(content)) == ["one", "two"]


def test_a_file_that_is_cut_off_is_refused_unless_that_is_accepted() -> None:
    for form in (plain, members, frames):
        whole = form(INFO, record("one", digest=answer()), record("two", digest=answer()))
        with pytest.raises(WarcDamageError):
            look(whole[:-30])
        taken = look(whole[:-30], FileFaults.NAMED_WITH_CUT)
        assert names(taken) == ["one"]
        assert taken.damage is not None and taken.faults[-1].resumed_at is None


def test_a_text_that_quotes_a_record_is_no_archive() -> None:
    quoting = b"A record looks like this:\r\n\r\n" + record("quoted") + b"and so on, and so on. " * 100
    with pytest.raises(WarcDamageError, match="record 1 at offset 0"):
        look(quoting)


def test_heads_that_lie_about_their_lengths_cost_no_more_than_the_file() -> None:
    lying = b"".join(record(str(number), b"", off_by=100_000_000) for number in range(3000))
    with pytest.raises(WarcDamageError):
        look(lying)


def test_a_wacz_whose_digests_agree_is_read_on_behind_a_fault_in_a_file_of_it(tmp_path: Path) -> None:
    path = tmp_path / "faulty.wacz"
    inner = members(INFO, record("one")) + crc_wrong(members(record("bad"))) + members(record("two"))
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("datapackage.json", '{"resources": []}')
        file.writestr("archive/data.warc.gz", inner)
    with path.open("rb") as stream:
        found = inspect_stream(stream, path.name, faults=FileFaults.NAMED)
    start = path.read_bytes().find(inner)
    assert names(found) == ["one", "two"]
    first = len(members(INFO, record("one")))
    assert faults(found) == [(3, start + first, start + first + len(members(record("bad"))))]
    for row in found.rows:
        alone = path.read_bytes()[row.offset_bytes : row.offset_bytes + row.length_bytes]
        assert [each.url for each in look(alone).rows] == [row.url]


BODY = st.binary(max_size=200).filter(lambda body: b"WARC/" not in body)


@given(
    bodies=st.lists(BODY, min_size=3, max_size=6),
    place=st.integers(1, 4),
    share=st.floats(0, 0.999),
    change=st.one_of(st.binary(min_size=1, max_size=40), st.none()),
    length=st.integers(1, 60),
    form=st.sampled_from(FORMS[:2] + FORMS[3:]),
)
@settings(max_examples=300, deadline=None)
def test_any_damage_inside_one_record_leaves_all_others_found(
    bodies: list[bytes], place: int, share: float, change: bytes | None, length: int, form: Callable[..., bytes]
) -> None:
    own = ("WARC-Warcinfo-ID: <urn:test:info>",)  # else damage can make of a page what may hold an archive
    parts = [
        form(record(str(number), answer(body), digest=answer(body), more=own))
        for number, body in enumerate(bodies)
    ]
    bad = min(place, len(parts) - 2)
    at = int(share * len(parts[bad]))
    harmed = parts[bad][:at] + (b"" if change is None else change) + parts[bad][at + length :]
    found = look(form(INFO) + b"".join([*parts[:bad], harmed, *parts[bad + 1 :]]))
    others = [str(number) for number in range(len(bodies)) if number != bad]
    assert [name for name in names(found) if name != str(bad)] == others
    payloads = {row.url: row.payload_digest for row in found.rows}
    for number, body in enumerate(bodies):
        if number != bad:  # of that one even the field with its digest may be gone
            assert payloads[f"http://site.example/{number}"] in (None, sha256(body))


@given(content=st.binary(max_size=2000), start=st.sampled_from([b"", b"WARC/1.0\r\n", b"\x1f\x8b\x08\x00", INFO]))
@settings(max_examples=200, deadline=None)
def test_whatever_the_bytes_are_they_are_taken_or_refused(content: bytes, start: bytes) -> None:
    try:
        found = look(start + content, FileFaults.NAMED_WITH_CUT)
    except WarcDamageError as refused:
        assert refused.expected and refused.found
    else:
        assert found.sha256 == sha256(start + content)
        assert found.records >= 1


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("file", "captures", "remark", "fault"),
    [
        ("01-wget-len-minus1.warc", ["good2"], None, (2, 305, 745)),
        ("01b-wget-len-minus1.warc.gz", ["good2"], None, (2, 242, 555)),
        ("02-lf-only-018.warc", ["a", "b"], "3 records end in other line ends than two CRLF", None),
        ("14-gzip-crc.warc.gz", ["good1", "good2"], None, (3, 607, 969)),
        ("16-trailing-zeros.warc.gz", ["good2"], "512 zero bytes behind the last record", None),
        ("19b-date-offset.warc.gz", ["d4", "good2"], "1 dates with an offset from UTC", None),
    ],
)
def test_files_after_public_reports_give_every_record_that_is_certain(
    shared_cases: Path, file: str, captures: list[str], remark: str | None, fault: tuple[int, int, int] | None
) -> None:
    with (shared_cases / "80-deposit" / file).open("rb") as stream:
        found = inspect_stream(stream, file, faults=FileFaults.NAMED)
    assert names(found) == captures
    assert faults(found) == ([] if fault is None else [fault])
    assert {str(row.captured_at) for row in found.rows} == {"2026-03-01 10:00:00+00:00"}
    assert remark is None or re.match(remark, found.remarks[0])
    assert (found.records, found.damage) == (len(captures) + 1, None)
