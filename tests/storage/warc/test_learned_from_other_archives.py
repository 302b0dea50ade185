"""What went wrong in other archives' files, and does not here.

Each case is one that another project paid for: payloads digested with their chunks (heritrix3#769, warcio#74),
chunks removed and the header left (pywb#584), status lines of HTTP/2 (stormcrawler#1998), a 1.0 profile in a 1.1
file (warcio#94), addresses lost (heritrix3#396), bodies of one address taken for one (browsertrix-crawler).
"""

import io
from dataclasses import replace
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

from crawlers.model.exchange import Exchange
from processors.digest import sha256
from storage.archive import Archive
from storage.catalogue.captures import captures_of
from storage.warc.index import IndexedRecord, index_warc
from tests.storage.catalogue.test_revisits import AGAIN, FIRST, PICTURE, Crawl, deposit_night, picture, types
from tests.storage.crawled_files import exchange, response


def of_another_tool(block: bytes) -> IndexedRecord:
    head = (
        "WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-000000000001>\r\n"
        "WARC-Target-URI: http://a.test/\r\nWARC-Date: 2026-11-23T00:00:00Z\r\n"
        f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(block)}\r\n\r\n"
    )
    (row,) = index_warc(io.BytesIO(head.encode() + block + b"\r\n\r\n"), "other.warc").rows
    return row


@pytest.mark.parametrize(
    "body", [b"<p>hello</p>", b"<p>hello</p>\n<p>more</p>\n", b"{}", b"\x89PNG\r\n\x1a\n1234"]
)
def test_a_body_whose_chunks_were_removed_and_the_header_left_is_the_payload_as_it_stands(body: bytes) -> None:
    row = of_another_tool(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
    assert (row.payload_digest, row.payload_length_bytes) == (sha256(body), len(body))


def test_the_same_entity_has_one_payload_digest_however_it_was_chunked() -> None:
    whole = of_another_tool(response(b"hello, world", "text/plain"))
    chunked = of_another_tool(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"5;a=b\r\nhello\r\n7\r\n, world\r\n0\r\nTrailer: x\r\n\r\n"
    )
    assert chunked.payload_digest == whole.payload_digest == sha256(b"hello, world")
    assert chunked.block_digest != whole.block_digest


@pytest.mark.parametrize("line", [b"HTTP/2 200", b"HTTP/2.0 200 OK", b"HTTP/3 200", b"HTTP/1.1 200"])
def test_status_lines_of_any_version_are_read_with_and_without_a_reason(line: bytes) -> None:
    row = of_another_tool(line + b"\r\nContent-Type: text/html\r\n\r\nx")
    assert (row.status, row.media_type, row.payload_digest) == (200, "text/html", sha256(b"x"))


def test_a_status_that_is_none_is_told_as_none() -> None:
    """Browsertrix writes 0 where the browser gave no answer."""
    assert of_another_tool(b"HTTP/1.1 0 \r\n\r\n").status is None


def test_every_record_of_an_exchange_names_the_address_and_a_revisit_the_profile_of_its_version(
    archive: Archive, tmp_path: Path
) -> None:
    deposit_night(archive, tmp_path, [picture(FIRST)])
    path = Crawl(archive, tmp_path).sees(picture(AGAIN), exchange("https://a.test/", response(b"page"))).ends()
    with path.open("rb") as stream:
        heads = [record.rec_headers for record in ArchiveIterator(stream)]
    of_the_wire = [head for head in heads if head["WARC-Type"] in ("request", "response", "revisit")]
    assert [head["WARC-IP-Address"] for head in of_the_wire] == ["127.0.0.1"] * 4
    assert {head.protocol for head in heads} == {"WARC/1.1"}
    assert [head["WARC-Profile"] for head in heads if head["WARC-Type"] == "revisit"] == [
        "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
    ]


def test_another_body_at_an_address_that_was_seen_is_kept_whole(archive: Archive, tmp_path: Path) -> None:
    deposit_night(archive, tmp_path, [picture(FIRST)])
    path = Crawl(archive, tmp_path).sees(picture(FIRST, content=PICTURE + b"!"), picture(FIRST)).ends()
    assert types(path) == ["response", "revisit"]


def test_answers_without_a_body_are_kept_and_never_stand_for_each_other(archive: Archive, tmp_path: Path) -> None:
    empty = [without_body(f"https://a.test/{number}", status="404 Not Found") for number in range(2)]
    path = Crawl(archive, tmp_path).sees(*empty, without_body("https://a.test/2", status="204 No Content")).ends()
    assert types(path) == ["response"] * 3


def without_body(url: str, *, status: str) -> Exchange:
    made = exchange(url, response(b"", "image/jpeg", status=status))
    return replace(made, response=replace(made.response, payload_digest=None))


def test_a_payload_seen_in_one_night_twice_is_two_captures_of_two_addresses(
    archive: Archive, tmp_path: Path
) -> None:
    deposit_night(archive, tmp_path, [picture(FIRST), picture(AGAIN)])
    with archive.reader.connect() as connection:
        assert [len(list(captures_of(connection, url))) for url in (FIRST, AGAIN)] == [1, 1]
