"""Each record is asserted whole, as bytes, with pinned ids and clock; what was written is read by three
readers."""

import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from fastwarc.warc import ArchiveIterator as FastIterator
from fastwarc.warc import WarcRecordType
from hypothesis import given
from hypothesis import strategies as st
from isal import isal_zlib
from warcio.archiveiterator import ArchiveIterator

from crawlers.model.capture import Note, NoteKind, Rendering, RenderingKind
from crawlers.model.exchange import ByteSource, Exchange, Message, TlsFacts, Truncation
from processors.digest import Digest, sha256
from processors.http.message import parse_response
from processors.pages.outcome import Outcome
from storage.warc.records import (
    DepositedRecord,
    WarcRecord,
    certificate_record,
    exchange_metadata,
    note_content_record,
    note_record,
    rendering_record,
    request_record,
    response_record,
    revisit_record,
    warcinfo_record,
)
from storage.warc.writer import encoded

pytestmark = pytest.mark.slow

AT = datetime(2026, 3, 5, 1, 2, 3, 4, tzinfo=UTC)
LATER = datetime(2026, 3, 5, 1, 2, 3, 900_000, tzinfo=UTC)
ID = "<urn:uuid:00000000-0000-4000-8000-00000000000{}>"
INFO = ID.format(0)


class Streamed:
    """A block that is not in memory."""

    def __init__(self, content: bytes, step: int = 7) -> None:
        self.content = content
        self.step = step
        self.length_bytes = len(content)

    @property
    def digest(self) -> Digest:
        return sha256(self.content)

    def chunks(self) -> Iterator[bytes]:
        for start in range(0, len(self.content), self.step):
            yield self.content[start : start + self.step]


def message(block: bytes, payload: bytes | None, *, streamed: bool = False) -> Message:
    kept: bytes | ByteSource = Streamed(block) if streamed else block
    head = block.find(b"\r\n\r\n") + 4 if b"\r\n\r\n" in block else 0
    digest = None if payload is None else sha256(payload)
    return Message(kept, head, sha256(block), digest, len(payload or b""))


def exchange(
    block: bytes,
    payload: bytes,
    *,
    url: str = "https://навіны.by/a?b=1",
    media_type: str | None = "text/html",
    truncated: Truncation | None = None,
    streamed: bool = False,
    tls: TlsFacts | None = None,
) -> Exchange:
    return Exchange(
        crawl_id="01JNKZ5V0000000000000000CR",
        page_id="page-1",
        url=url,
        request=message(b"GET /a?b=1 HTTP/1.1\r\nhOsT: x\r\n\r\n", None),
        response=message(block, payload, streamed=streamed),
        status=200,
        media_type=media_type,
        content_encoding=None,
        protocol="http/1.1",
        started_at=AT,
        first_byte_at=AT,
        ended_at=LATER,
        peer_ip="192.0.2.7",
        peer_port=443,
        tls=tls,
        truncated=truncated,
    )


BLOCK = b"HTTP/1.1 200 Fine\r\nX-ODD : 1\r\nContent-Length: 2\r\n\r\nhi"
TLS = TlsFacts("TLSv1.3", "TLS_AES_128_GCM_SHA256", (b"leaf", b"root"), problem=None)


def record_bytes(record: WarcRecord) -> bytes:
    member = b"".join(encoded(record))
    inflater = isal_zlib.decompressobj(31)
    content: bytes = inflater.decompress(member)
    assert inflater.eof
    assert not inflater.unused_data
    return content


def test_a_response_record_as_bytes() -> None:
    record = response_record(exchange(BLOCK, b"hi", tls=TLS), ID.format(1), INFO, compressible=True)
    assert record_bytes(record).decode() == (
        "WARC/1.1\r\n"
        "WARC-Type: response\r\n"
        "WARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-000000000001>\r\n"
        "WARC-Date: 2026-03-05T01:02:03.000004Z\r\n"
        "WARC-Target-URI: https://навіны.by/a?b=1\r\n"
        "WARC-Warcinfo-ID: <urn:uuid:00000000-0000-4000-8000-000000000000>\r\n"
        "WARC-IP-Address: 192.0.2.7\r\n"
        "WARC-Protocol: http/1.1\r\n"
        "WARC-Protocol: tls/1.3\r\n"
        "WARC-Cipher-Suite: TLS_AES_128_GCM_SHA256\r\n"
        "WARC-Page-ID: page-1\r\n"
        "Content-Type: application/http; msgtype=response\r\n"
        "WARC-Payload-Digest: sha256:8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4\r\n"
        "WARC-Block-Digest: sha256:f42f10f98c91e33b58cf3b2b80640705c9012892ec002d1f87db952322aa4678\r\n"
        "Content-Length: 53\r\n"
        "\r\n"
        "HTTP/1.1 200 Fine\r\nX-ODD : 1\r\nContent-Length: 2\r\n\r\nhi"
        "\r\n\r\n"
    )


def test_a_request_record_as_bytes() -> None:
    record = request_record(exchange(BLOCK, b"hi"), ID.format(2), ID.format(1), INFO)
    assert record_bytes(record).decode() == (
        "WARC/1.1\r\n"
        "WARC-Type: request\r\n"
        "WARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-000000000002>\r\n"
        "WARC-Date: 2026-03-05T01:02:03.000004Z\r\n"
        "WARC-Target-URI: https://навіны.by/a?b=1\r\n"
        "WARC-Warcinfo-ID: <urn:uuid:00000000-0000-4000-8000-000000000000>\r\n"
        "WARC-Concurrent-To: <urn:uuid:00000000-0000-4000-8000-000000000001>\r\n"
        "WARC-IP-Address: 192.0.2.7\r\n"
        "WARC-Protocol: http/1.1\r\n"
        "WARC-Page-ID: page-1\r\n"
        "Content-Type: application/http; msgtype=request\r\n"
        "WARC-Block-Digest: sha256:46f5e03992e37caaf8ced4c5d238325d43bce2ab34038feac755ba9d9e4a5372\r\n"
        "Content-Length: 32\r\n"
        "\r\n"
        "GET /a?b=1 HTTP/1.1\r\nhOsT: x\r\n\r\n"
        "\r\n\r\n"
    )


def test_a_revisit_record_as_bytes() -> None:
    sealed = DepositedRecord(ID.format(9), "https://elsewhere.example/p.jpg", AT)
    record = revisit_record(exchange(BLOCK, b"hi"), ID.format(1), INFO, sealed)
    assert record_bytes(record).decode() == (
        "WARC/1.1\r\n"
        "WARC-Type: revisit\r\n"
        "WARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-000000000001>\r\n"
        "WARC-Date: 2026-03-05T01:02:03.000004Z\r\n"
        "WARC-Target-URI: https://навіны.by/a?b=1\r\n"
        "WARC-Warcinfo-ID: <urn:uuid:00000000-0000-4000-8000-000000000000>\r\n"
        "WARC-Profile: http://netpreserve.org/warc/1.1/revisit/identical-payload-digest\r\n"
        "WARC-Refers-To: <urn:uuid:00000000-0000-4000-8000-000000000009>\r\n"
        "WARC-Refers-To-Target-URI: https://elsewhere.example/p.jpg\r\n"
        "WARC-Refers-To-Date: 2026-03-05T01:02:03.000004Z\r\n"
        "WARC-IP-Address: 192.0.2.7\r\n"
        "WARC-Protocol: http/1.1\r\n"
        "WARC-Page-ID: page-1\r\n"
        "Content-Type: application/http; msgtype=response\r\n"
        "WARC-Payload-Digest: sha256:8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4\r\n"
        "WARC-Block-Digest: sha256:fa326cfb1ffbcd8b1fc147a89a86bde2e6bce08c4622af477c41c2bc2c9dbbb2\r\n"
        "Content-Length: 51\r\n"
        "\r\n"
        "HTTP/1.1 200 Fine\r\nX-ODD : 1\r\nContent-Length: 2\r\n\r\n"
        "\r\n\r\n"
    )


def test_a_rendering_record_as_bytes() -> None:
    rendering = Rendering(
        page_id="page-1",
        url="https://example.org/",
        kind=RenderingKind.TEXT,
        media_type="text/plain; charset=utf-8",
        content=b"hi",
        made_at=AT,
        made_by="Chromium 156",
    )
    record = rendering_record(rendering, ID.format(3), INFO, ID.format(1))
    assert record_bytes(record).decode() == (
        "WARC/1.1\r\n"
        "WARC-Type: resource\r\n"
        "WARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-000000000003>\r\n"
        "WARC-Date: 2026-03-05T01:02:03.000004Z\r\n"
        "WARC-Target-URI: urn:text:https://example.org/\r\n"
        "WARC-Warcinfo-ID: <urn:uuid:00000000-0000-4000-8000-000000000000>\r\n"
        "WARC-Concurrent-To: <urn:uuid:00000000-0000-4000-8000-000000000001>\r\n"
        "WARC-Page-ID: page-1\r\n"
        "WARC-Made-By: Chromium 156\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        "WARC-Payload-Digest: sha256:8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4\r\n"
        "WARC-Block-Digest: sha256:8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4\r\n"
        "Content-Length: 2\r\n"
        "\r\n"
        "hi"
        "\r\n\r\n"
    )


def test_the_facts_of_an_exchange_name_its_socket_and_its_moments() -> None:
    record = exchange_metadata(exchange(BLOCK, b"hi", tls=TLS), ID.format(4), ID.format(1), INFO)
    assert ("WARC-Concurrent-To", ID.format(1)) in record.headers
    assert isinstance(record.block, bytes)
    assert json.loads(record.block) == {
        "kind": "exchange",
        "crawl_id": "01JNKZ5V0000000000000000CR",
        "page_id": "page-1",
        "started_at": "2026-03-05T01:02:03.000004Z",
        "first_byte_at": "2026-03-05T01:02:03.000004Z",
        "ended_at": "2026-03-05T01:02:03.900000Z",
        "peer_ip": "192.0.2.7",
        "peer_port": 443,
        "tls": {
            "protocol": "TLSv1.3",
            "cipher": "TLS_AES_128_GCM_SHA256",
            "certificates": [
                "urn:x509:sha256:" + hashlib.sha256(b"leaf").hexdigest(),
                "urn:x509:sha256:" + hashlib.sha256(b"root").hexdigest(),
            ],
            "problem": None,
        },
        "interim_base64": [],
        "problem": None,
    }


def test_a_request_without_a_response_says_why() -> None:
    note = Note(
        kind=NoteKind.NO_RESPONSE,
        page_id=None,
        url="http://gone.example/a b",
        at=AT,
        reason="the name gone.example does not resolve",
        outcome=Outcome.UNREACHABLE,
        request=b"GET /a b HTTP/1.1",
    )
    record = note_record(note, ID.format(5), INFO)
    assert ("WARC-Target-URI", "urn:note:http://gone.example/a%20b") in record.headers
    assert isinstance(record.block, bytes)
    assert json.loads(record.block) == {
        "kind": "no_response",
        "page_id": None,
        "outcome": "unreachable",
        "reason": "the name gone.example does not resolve",
        "request_base64": "R0VUIC9hIGIgSFRUUC8xLjE=",
    }


def test_a_certificate_is_a_resource_named_by_its_digest() -> None:
    record = certificate_record(b"leaf", ID.format(6), AT, INFO)
    assert ("WARC-Target-URI", "urn:x509:sha256:" + hashlib.sha256(b"leaf").hexdigest()) in record.headers
    assert record.block == b"leaf"


def test_a_truncated_response_says_so() -> None:
    cut = exchange(BLOCK, b"hi", truncated=Truncation.DISCONNECT)
    record = response_record(cut, ID.format(1), INFO, compressible=True)
    assert ("WARC-Truncated", "disconnect") in record.headers


def test_a_url_cannot_begin_a_header_line_of_its_own() -> None:
    note = Note(NoteKind.SKIPPED, None, "http://a.example/\r\nWARC-Type: response", AT, "x")
    assert b"%0D%0AWARC-Type:%20response\r\n" in note_record(note, ID.format(5), INFO).head()


@pytest.mark.parametrize("step", [1, 7, 50, 51, 52, 1000])
def test_a_revisit_of_a_response_on_disk_holds_its_head_and_no_more(step: int) -> None:
    sealed = DepositedRecord(ID.format(9), "https://elsewhere.example/p.jpg", AT)
    kept = exchange(BLOCK, b"hi")
    on_disk = replace(kept, response=replace(kept.response, block=Streamed(BLOCK, step)))
    assert record_bytes(revisit_record(on_disk, ID.format(1), INFO, sealed)) == record_bytes(
        revisit_record(kept, ID.format(1), INFO, sealed)
    )


@pytest.mark.parametrize(
    ("media_type", "stored_as_it_is"),
    [("image/png", True), ("video/mp4", True), ("text/html", False), ("application/json", False)],
)
def test_pictures_are_not_compressed_again(media_type: str, stored_as_it_is: bool) -> None:
    content = b"\x00" * 10_000
    rendering = Rendering(
        "page-1", "https://example.org/", RenderingKind.VIEW, media_type, content, AT, "Chromium"
    )
    member = b"".join(encoded(rendering_record(rendering, ID.format(3), INFO, None)))
    assert (content in member) is stored_as_it_is


@pytest.mark.parametrize(
    ("kind", "content_type", "streamed", "name", "expected_type"),
    [
        (NoteKind.WEBSOCKET, "application/x-frames", False, "websocket", "application/x-frames"),
        (NoteKind.UNSOLICITED, None, True, "unsolicited", "application/octet-stream"),
    ],
)
def test_what_a_note_speaks_of_as_bytes(
    kind: NoteKind, content_type: str | None, streamed: bool, name: str, expected_type: str
) -> None:
    content: bytes | ByteSource = Streamed(b"hi") if streamed else b"hi"
    note = Note(kind, "page-1", "https://навіны.by/a b", AT, "why", content=content, content_type=content_type)
    record = note_content_record(note, ID.format(5), ID.format(4), INFO)
    assert record_bytes(record).decode() == (
        "WARC/1.1\r\n"
        "WARC-Type: resource\r\n"
        "WARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-000000000005>\r\n"
        "WARC-Date: 2026-03-05T01:02:03.000004Z\r\n"
        f"WARC-Target-URI: urn:{name}:https://навіны.by/a%20b\r\n"
        "WARC-Warcinfo-ID: <urn:uuid:00000000-0000-4000-8000-000000000000>\r\n"
        "WARC-Concurrent-To: <urn:uuid:00000000-0000-4000-8000-000000000004>\r\n"
        f"Content-Type: {expected_type}\r\n"
        "WARC-Payload-Digest: sha256:8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4\r\n"
        "WARC-Block-Digest: sha256:8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4\r\n"
        "Content-Length: 2\r\n"
        "\r\n"
        "hi"
        "\r\n\r\n"
    )


def test_a_note_that_speaks_of_no_bytes_has_no_record_of_them() -> None:
    note = Note(NoteKind.WEBSOCKET, "page-1", "https://example.org/", AT, "why")
    with pytest.raises(ValueError, match="expected content, found none"):
        note_content_record(note, ID.format(5), ID.format(4), INFO)


def test_the_warcinfo_record_as_bytes() -> None:
    record = warcinfo_record(INFO, AT, "c-00000.warc.gz", {"software": "letapis/0.1.0", "crawl-id": "c"})
    block = (
        "format: WARC File Format 1.1\r\n"
        "conformsTo: http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/\r\n"
        "software: letapis/0.1.0\r\n"
        "crawl-id: c\r\n"
    )
    assert record_bytes(record).decode() == (
        "WARC/1.1\r\n"
        "WARC-Type: warcinfo\r\n"
        "WARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-000000000000>\r\n"
        "WARC-Date: 2026-03-05T01:02:03.000004Z\r\n"
        "WARC-Filename: c-00000.warc.gz\r\n"
        "Content-Type: application/warc-fields\r\n"
        f"WARC-Block-Digest: sha256:{hashlib.sha256(block.encode()).hexdigest()}\r\n"
        f"Content-Length: {len(block)}\r\n"
        "\r\n"
        f"{block}\r\n\r\n"
    )


repeated = st.integers(1000, 60_000)
bodies = st.one_of(
    st.binary(max_size=300), st.binary(min_size=5000, max_size=9000), repeated.map(lambda times: b"text " * times)
)


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("compressible", [False, True])
@given(body=bodies)
def test_three_readers_read_what_was_written(*, body: bytes, compressible: bool, streamed: bool) -> None:
    block = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    written = response_record(
        exchange(block, body, streamed=streamed), ID.format(1), INFO, compressible=compressible
    )
    member = b"".join(encoded(written))

    assert record_bytes(written) == written.head() + block + b"\r\n\r\n"

    read = next(iter(ArchiveIterator(io.BytesIO(member), no_record_parse=True, check_digests=False)))
    assert read.rec_headers.get_header("WARC-Record-ID") == ID.format(1)
    assert read.raw_stream.read() == block

    fast = next(iter(FastIterator(io.BytesIO(member), record_types=WarcRecordType.any_type, parse_http=False)))
    assert fast.headers["WARC-Target-URI"] == "https://навіны.by/a?b=1"
    assert fast.reader.read() == block

    assert parse_response(block).body == body
