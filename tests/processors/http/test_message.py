"""Stored messages are read as they were written, and decoded within a limit."""

import gzip
import zlib

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from processors.http.message import (
    ResponseMessage,
    UndecodableEntity,
    entity,
    header,
    parse_request,
    parse_response,
)

LIMIT = 1 << 20


def response(body: bytes, *codings: str) -> ResponseMessage:
    fields = tuple(("Content-Encoding", coding) for coding in codings)
    return ResponseMessage(200, "OK", fields, body, 0)


def raw_deflate(content: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(content) + compressor.flush()


ENCODERS = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.ZstdCompressor().compress,
    "identity": bytes,
}


def test_a_response_is_read() -> None:
    read = parse_response(b"HTTP/1.1 404 Not  here\r\nX-A: 1\r\nx-a : 2\r\nFold: one\r\n two\r\nodd\r\n\r\nbody")
    assert (read.status, read.reason, read.body, read.head_length) == (404, "Not  here", b"body", 65)
    assert read.headers == (("X-A", "1"), ("x-a", "2"), ("Fold", "one two"))
    assert header(read, "X-a") == "1"
    assert header(read, "absent") is None


@pytest.mark.parametrize("line", [b"HTTP/2 200", b"HTTP/1.1 200", b"HTTP/1.1 200 ", b"http/1.0  200 OK"])
def test_status_lines_other_archives_hold_are_read(line: bytes) -> None:
    assert parse_response(line + b"\r\nA: b\r\n\r\nx").status == 200


@given(st.binary(max_size=200))
def test_any_bytes_are_read_as_some_response(block: bytes) -> None:
    read = parse_response(block)
    assert read.status is not None or read.body == block


def test_chunks_that_were_removed_before_storing_do_not_matter() -> None:
    assert parse_response(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n<p>x</p>").body == b"<p>x</p>"


def test_a_request_is_read() -> None:
    read = parse_request(b"POST /a?b HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc")
    assert (read.method, read.target, read.body) == ("POST", "/a?b", b"abc")


@pytest.mark.parametrize("coding", ENCODERS)
@given(content=st.binary(max_size=3000))
def test_every_known_coding_is_removed(coding: str, content: bytes) -> None:
    assert entity(response(ENCODERS[coding](content), coding), LIMIT) == content


def test_codings_are_removed_in_reverse_order() -> None:
    assert entity(response(brotli.compress(gzip.compress(b"hi")), "gzip, BR"), LIMIT) == b"hi"
    assert entity(response(brotli.compress(gzip.compress(b"hi")), "gzip", "br"), LIMIT) == b"hi"


def test_deflate_without_its_wrapper_is_removed_too() -> None:
    assert entity(response(raw_deflate(b"hi there"), "deflate"), LIMIT) == b"hi there"


def test_gzip_members_one_after_the_other_are_one_entity() -> None:
    assert entity(response(gzip.compress(b"a") + gzip.compress(b"b") + b"rubbish", "gzip"), LIMIT) == b"ab"


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_what_was_decoded_before_it_was_stored_is_taken_as_it_is(coding: str) -> None:
    assert entity(response(b"<html>", coding), LIMIT) == b"<html>"


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_a_bomb_is_refused_at_the_limit(coding: str) -> None:
    bomb = ENCODERS[coding](bytes(40 << 20))
    with pytest.raises(UndecodableEntity, match="more than the limit of 1048576 bytes") as refusal:
        entity(response(bomb, coding), LIMIT)
    assert len(refusal.value.partial) == LIMIT


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_what_ends_early_says_so_and_gives_what_it_could(coding: str) -> None:
    content = b"".join(b"%d " % number for number in range(50_000))
    whole = ENCODERS[coding](content)
    with pytest.raises(UndecodableEntity, match="ends early") as refusal:
        entity(response(whole[: len(whole) // 2], coding), LIMIT)
    assert content.startswith(refusal.value.partial)


@pytest.mark.parametrize(("coding", "start"), [("gzip", b"\x1f\x8b"), ("br", b""), ("zstd", b"\x28\xb5\x2f\xfd")])
def test_damaged_bytes_say_so(coding: str, start: bytes) -> None:
    with pytest.raises(UndecodableEntity, match=f"{coding} is damaged"):
        entity(response(start + b"\xff" * 40, coding), LIMIT)


def test_an_unknown_coding_is_named() -> None:
    with pytest.raises(UndecodableEntity, match="unknown content-encoding 'x-secret'"):
        entity(response(b"?", "x-secret"), LIMIT)


def test_a_plain_entity_has_a_limit_too() -> None:
    with pytest.raises(UndecodableEntity, match="the limit is 3"):
        entity(response(b"four"), 3)
