"""The decoded body of a capture: what is whole, and what is only a range or a part of it."""

import gzip
from datetime import UTC, datetime

import pytest

from pipeline.process.body import decode_body
from processors.digest import sha256
from storage.catalogue.captures import Capture

AT = datetime(2026, 11, 23, 20, 15, tzinfo=UTC)


def captured(block: bytes, status: int | None, record_type: str = "response") -> Capture:
    return Capture(
        url="https://a.example/1.jpg",
        captured_at=AT,
        record_type=record_type,
        record_id="urn:uuid:1",
        status=status,
        media_type="image/jpeg",
        block_digest=sha256(block),
        payload_digest=None,
        payload_length_bytes=None,
        transport_outcome=None,
        transport_reason=None,
        truncated=None,
        peer_address=None,
        refers_to_id=None,
        refers_to_url=None,
        refers_to_at=None,
        offset_bytes=0,
        length_bytes=len(block),
        within_bytes=None,
        id="urn:uuid:1",
        warc_key="warc/1",
        object_version="1",
        crawl_id="1",
        source_id="a",
        access_label="default",
    )


@pytest.mark.parametrize(
    ("status", "content_range", "is_complete"),
    [
        (200, "", True),
        (206, "Content-Range: bytes 0-4/5\r\n", True),
        (206, "Content-Range: bytes 0-4/9\r\n", False),
        (206, "Content-Range: bytes 0-4/*\r\n", False),
        (206, "", False),
        (304, "", False),
    ],
)
def test_a_range_is_the_whole_only_where_it_covers_all_of_it(
    status: int, content_range: str, is_complete: bool
) -> None:
    block = f"HTTP/1.1 {status} X\r\nContent-Type: image/jpeg\r\n{content_range}\r\nabcde".encode()
    body = decode_body(captured(block, status), block)
    assert (body.content, body.is_complete, body.damage) == (b"abcde", is_complete, None)


def test_a_resource_is_its_own_body() -> None:
    body = decode_body(captured(b"abc", None, "resource"), b"abc")
    assert (body.content, body.content_type, body.is_complete) == (b"abc", "image/jpeg", True)


def test_a_body_that_ends_too_early_is_given_as_far_as_it_goes_with_the_reason() -> None:
    packed = gzip.compress(b"abcde" * 1000)[:-8]
    block = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + packed
    body = decode_body(captured(block, 200), block)
    assert body.damage
    assert b"abcde" * 10 in body.content
