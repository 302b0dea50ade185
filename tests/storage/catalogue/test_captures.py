"""The index over WARC files: what a row says, and the records it gives back."""

import gzip
import io
import re
import secrets
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from crawlers.model.capture import Captured
from processors.digest import sha256
from storage.archive import Archive
from storage.catalogue.captures import capture_by_id, capture_json, captures_in, captures_of, captures_of_crawl
from storage.deposit.deposit import deposit_file
from storage.deposit.record_reader import (
    BlockTooLargeError,
    RecordDiffersError,
    iterate_warc,
    read_record,
    stream_record,
)
from storage.warc.declared_digest import declared_digest
from storage.warc.headers import warc_time
from storage.warc.index import WarcIndex, index_warc
from storage.warc.reader import WarcDamageError, WarcReader
from tests.storage.crawled_files import crawl_one, exchange, no_answer, response

pytestmark = pytest.mark.slow

PAGE = "https://t.me/s/kanal"


def written_by_warcio(*bodies: bytes, gz: bool = True, version: str = "WARC/1.1", chunked: bool = False) -> bytes:
    """A file as another tool makes it."""
    out = io.BytesIO()
    writer = WARCWriter(out, gzip=gz, warc_version=version)
    writer.write_record(writer.create_warcinfo_record("other.warc.gz", {"software": "another tool"}))
    for number, body in enumerate(bodies):
        headers = [("Content-Type", "text/html")]
        if chunked:
            headers.append(("Transfer-Encoding", "chunked"))
            half = len(body) // 2
            parts = [part for part in (body[:half], body[half:]) if part]
            body = b"".join(b"%x;x=1\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
        head = StatusAndHeaders("200 OK", headers, protocol="HTTP/1.1")
        url = f"http://example.test/{number}"
        writer.write_record(
            writer.create_warc_record(url, "response", payload=io.BytesIO(body), http_headers=head)
        )
    return out.getvalue()


def indexed(content: bytes) -> WarcIndex:
    return index_warc(io.BytesIO(content), "other.warc")


@given(bodies=st.lists(st.binary(max_size=2000), min_size=1, max_size=5), gz=st.booleans(), chunked=st.booleans())
@settings(max_examples=60, deadline=None)
def test_whatever_another_tool_wrote_is_found_with_its_payload(
    bodies: list[bytes], gz: bool, chunked: bool
) -> None:
    index = indexed(written_by_warcio(*bodies, gz=gz, chunked=chunked))
    assert index.records == len(bodies) + 1
    assert [row.payload_digest for row in index.rows] == [sha256(body) if body else None for body in bodies]
    assert [row.url for row in index.rows] == [f"http://example.test/{number}" for number in range(len(bodies))]


@given(body=st.binary(min_size=1, max_size=600), gz=st.booleans(), share=st.floats(0, 1))
@settings(max_examples=120, deadline=None)
def test_a_file_cut_anywhere_is_damaged_or_ends_between_two_records(body: bytes, gz: bool, share: float) -> None:
    whole = written_by_warcio(body, body, gz=gz)
    ends = {0} | {row.offset_bytes + row.length_bytes for row in indexed(whole).rows}
    ends.add(indexed(whole).rows[0].offset_bytes)
    if not gz:  # a digest proves the block, where only line ends behind it are cut
        ends |= {end - missing for end in ends if end for missing in (2, 3, 4) if end > missing}
    cut = 1 + int(share * (len(whole) - 2))  # record ids are random, and so is the length of what holds them
    if cut in ends:
        indexed(whole[:cut])
    else:
        with pytest.raises(WarcDamageError):
            indexed(whole[:cut])


@given(body=st.binary(min_size=50, max_size=600), data=st.data())
@settings(max_examples=120, deadline=None)
def test_a_flipped_bit_of_a_block_is_found(body: bytes, data: st.DataObject) -> None:
    whole = bytearray(written_by_warcio(body, gz=False))
    at = whole.rindex(body) + data.draw(st.integers(0, len(body) - 1))
    whole[at] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(WarcDamageError, match="block digest"):
        indexed(bytes(whole))


@given(st.binary(max_size=400))
@settings(max_examples=200, deadline=None)
def test_no_bytes_make_the_reader_do_anything_but_name_the_damage(content: bytes) -> None:
    for start in (b"", b"WARC/1.1\r\n", b"\x1f\x8b\x08\x00", b"\x28\xb5\x2f\xfd"):
        with pytest.raises(WarcDamageError):
            indexed(start + content)


def test_a_decompression_bomb_needs_little_memory() -> None:
    head = b"WARC/1.1\r\nWARC-Type: resource\r\nWARC-Record-ID: <urn:x>\r\nWARC-Date: 2026-11-23T00:00:00Z\r\n"
    block = bytes(300 << 20)
    bomb = gzip.compress(head + b"Content-Length: %d\r\n\r\n" % len(block) + block + b"\r\n\r\n", 9)
    length = len(block)
    del block
    reader = WarcReader(io.BytesIO(bomb), "bomb.warc.gz")
    record = reader.next_record()
    assert record is not None and record.block_length == length
    assert max(len(piece) for piece in reader.block()) <= 2 << 20


@pytest.mark.parametrize(
    "text, moment",
    [
        ("2026-11-23T20:15:00Z", datetime(2026, 11, 23, 20, 15, tzinfo=UTC)),
        ("2026-11-23T20:15:00.123456789Z", datetime(2026, 11, 23, 20, 15, 0, 123456, tzinfo=UTC)),
        ("2026-11", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-23T23:15:00+03:00", datetime(2026, 11, 23, 20, 15, tzinfo=UTC)),
        ("2026-11-23T15:15:00.5-0500", datetime(2026, 11, 23, 20, 15, 0, 500_000, tzinfo=UTC)),
    ],
)
def test_dates_of_both_versions_of_the_standard_are_read(text: str, moment: datetime) -> None:
    assert warc_time(text) == moment


@pytest.mark.parametrize(
    "text",
    ["20261123201500", "2026-11-23 20:15:00", "2026-11-23T20:15:00", "2026-11-23T20:15:00+25:00", ""],
)
def test_other_dates_are_refused(text: str) -> None:
    with pytest.raises(
        ValueError, match=f"expected a date like 2026-11-23T20:15:00Z, found {re.escape(repr(text))}"
    ):
        warc_time(text)


def test_declared_digests_are_read_in_both_alphabets() -> None:
    assert declared_digest("sha1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ") == declared_digest(
        "sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709"
    )
    assert declared_digest("sha256:zz") is None
    assert declared_digest(None) is None


@pytest.fixture
def crawl(archive: Archive, tmp_path: Path) -> str:
    """A deposited crawl of three captures; its key."""
    items: list[Captured] = [
        exchange(PAGE, response("Прывітанне".encode())),
        exchange("https://cdn.test/a.bin", response(secrets.token_bytes(300_000), "application/octet-stream")),
        no_answer("https://gone.test/"),
    ]
    return deposit_file(archive, crawl_one(tmp_path, items)).key


def test_a_record_comes_back_as_it_was_sealed(archive: Archive, crawl: str) -> None:
    with archive.reader.connect() as connection:
        (page,) = captures_of(connection, PAGE)
    record = read_record(archive, page)
    assert record.block == response("Прывітанне".encode())
    assert ("WARC-Target-URI", PAGE) in record.fields
    member = b"".join(stream_record(archive, page))
    assert len(member) == page.length_bytes
    assert gzip.decompress(member).endswith(record.block + b"\r\n\r\n")


def test_a_whole_file_comes_back_in_order_with_large_blocks_left_out(archive: Archive, crawl: str) -> None:
    with archive.reader.connect() as connection:
        captures = list(captures_in(connection, crawl))
    read = list(iterate_warc(archive, crawl, captures[0].object_version, limit_bytes=100_000))
    assert [capture.id for capture, _ in read] == [capture.id for capture in captures]
    assert [block is None for _, block in read] == [False, True, False]


def test_a_block_above_the_limit_is_not_read(archive: Archive, crawl: str) -> None:
    with archive.reader.connect() as connection:
        (large,) = captures_of(connection, "https://cdn.test/a.bin")
    with pytest.raises(BlockTooLargeError, match="download"):
        read_record(archive, large, limit_bytes=1000)


def test_a_record_that_is_not_the_indexed_one_is_never_handed_out(archive: Archive, crawl: str) -> None:
    from dataclasses import replace

    with archive.reader.connect() as connection:
        (page,) = captures_of(connection, PAGE)
    with pytest.raises(RecordDiffersError, match="block digest"):
        read_record(archive, replace(page, block_digest=sha256(b"other")))


@pytest.mark.parametrize(
    "file", ["pywb/example.warc.gz", "pywb/valid_example_1.wacz", "derived/example-iana.org-chunked.warc.zst"]
)
def test_records_of_every_kind_of_file_come_back_one_by_one_and_in_order(
    archive: Archive, realdata: Path, file: str
) -> None:
    deposited = deposit_file(archive, realdata / "warc" / file)
    read = list(iterate_warc(archive, deposited.key, deposited.version_id))
    assert len(read) == deposited.captures
    for capture, block in read:
        assert read_record(archive, capture).block == block


def test_a_capture_has_the_keys_of_its_kind(archive: Archive, crawl: str) -> None:
    with archive.reader.connect() as connection:
        (page,) = captures_of(connection, PAGE)
        of_crawl = list(captures_of_crawl(connection, page.crawl_id))
        assert capture_by_id(connection, "urn:uuid:none") is None
    row = capture_json(page)
    promised = (
        "kind id url captured_at status media_type block_digest payload_digest outcome outcome_reason warc_key "
        "object_version offset length_bytes crawl_id"
    )
    assert list(row)[:15] == promised.split()
    assert row["captured_at"] == "2026-11-20T21:00:00.123456Z"
    assert len(of_crawl) == 3


def test_an_address_longer_than_an_index_row_is_found(archive: Archive, tmp_path: Path) -> None:
    url = f"https://a.test/?q={'ў' * 3000}"
    deposit_file(archive, crawl_one(tmp_path, [exchange(url, response(b"long"))]))
    with archive.reader.connect() as connection:
        assert len(list(captures_of(connection, url))) == 1
        assert list(captures_of(connection, url[:-1])) == []
