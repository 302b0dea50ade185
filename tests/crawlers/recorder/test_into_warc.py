"""From a site's socket into a WARC file that readers which are not ours read to the byte."""

import hashlib
import io
import json
import ssl
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
import trustme
from fastwarc.warc import ArchiveIterator as FastIterator
from fastwarc.warc import WarcRecordType
from warcio.archiveiterator import ArchiveIterator
from warcio.checker import Checker
from warcio.recordloader import ArcWarcRecord

from storage.spool.spool import Spool
from tests.crawlers.recorder.origin_server import Origin, answer
from tests.crawlers.recorder.running_recorder import RunningRecorder, read_exactly

# without trailers: warcio 1.8.1 takes them for a part of the body
CHUNKED = b"HTTP/1.1 200 Fine\r\nX-ODD : 1\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\n\r\n"
SIZED = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\n<p>hi"
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"


@pytest.fixture
def warc(
    start_recorder: Callable[..., RunningRecorder],
    secure_origin: Origin,
    site_authority_file: Path,
    tmp_path: Path,
) -> Path:
    """A crawl of two resources and one that does not resolve."""
    spool = Spool(tmp_path / "spool", "01JNKZ5V0000000000000000CR", {"software": "letapis/0.1.0"})
    rule = f"site.example:443:127.0.0.1:{secure_origin.port}"
    recorder = start_recorder(sink=spool, connect_to=(rule,), upstream_ca=site_authority_file)
    secure_origin.handlers["/chunked"] = answer(CHUNKED)
    secure_origin.handlers["/sized"] = answer(HINTS + SIZED)
    sock = recorder.tunnel("site.example:443")
    for path, length in ((b"/chunked", len(CHUNKED)), (b"/sized", len(HINTS + SIZED))):
        sock.sendall(b"GET %s HTTP/1.1\r\nhost: site.example\r\n\r\n" % path)
        read_exactly(sock, length)
    away = recorder.tunnel("away.invalid:443")
    away.sendall(b"GET /gone HTTP/1.1\r\nHost: away.invalid\r\n\r\n")
    assert away.recv(1) == b""
    recorder.close()
    [file] = spool.close()
    return file.path


def records(warc: Path) -> list[tuple[ArcWarcRecord, bytes]]:
    with warc.open("rb") as stream:
        return [(record, record.raw_stream.read()) for record in ArchiveIterator(stream, no_record_parse=True)]


def test_the_records_of_a_crawl_in_their_order(warc: Path) -> None:
    kinds = [(record.rec_type, record.rec_headers["WARC-Target-URI"]) for record, _ in records(warc)]
    certificates = [kind for kind in kinds if kind[0] == "resource"]
    assert all(uri.startswith("urn:x509:sha256:") for _, uri in certificates)
    assert [kind for kind in kinds if kind[0] != "resource"] == [
        ("warcinfo", None),
        ("response", "https://site.example/chunked"),
        ("request", "https://site.example/chunked"),
        ("metadata", "urn:exchange:https://site.example/chunked"),
        ("response", "https://site.example/sized"),
        ("request", "https://site.example/sized"),
        ("metadata", "urn:exchange:https://site.example/sized"),
        ("metadata", "urn:note:https://away.invalid/gone"),
    ]


def test_blocks_are_the_bytes_of_the_wire(warc: Path) -> None:
    blocks = [block for record, block in records(warc) if record.rec_type in ("response", "request")]
    assert blocks == [
        CHUNKED,
        b"GET /chunked HTTP/1.1\r\nhost: site.example\r\n\r\n",
        SIZED,
        b"GET /sized HTTP/1.1\r\nhost: site.example\r\n\r\n",
    ]


def test_requests_and_facts_point_at_their_response(warc: Path) -> None:
    found = [record.rec_headers for record, _ in records(warc)]
    responses = [head["WARC-Record-ID"] for head in found if head["WARC-Type"] == "response"]
    pointing = [head["WARC-Concurrent-To"] for head in found if head["WARC-Type"] in ("request", "metadata")]
    assert pointing == [responses[0], responses[0], responses[1], responses[1], None]


def test_block_digests_hold_for_both_readers(warc: Path) -> None:
    for record, block in records(warc):
        assert record.rec_headers["WARC-Block-Digest"] == "sha256:" + hashlib.sha256(block).hexdigest()
    with warc.open("rb") as stream:
        read = FastIterator(stream, record_types=WarcRecordType.any_type, parse_http=False)
        verified = [record.verify_block_digest() for record in read]
    assert verified == [True] * len(records(warc))
    assert len(verified) > 6


def test_payload_digests_hold_over_the_stream_without_its_chunks(warc: Path) -> None:
    with warc.open("rb") as stream:
        payloads = {
            record.rec_headers["WARC-Payload-Digest"]: record.content_stream().read()
            for record in ArchiveIterator(stream)
            if record.rec_type == "response"
        }
    assert list(payloads.values()) == [b"abc", b"<p>hi"]
    for digest, payload in payloads.items():
        assert digest == "sha256:" + hashlib.sha256(payload).hexdigest()


def test_warcio_check_faults_chunked_payloads_alone_as_its_limits_have_it(
    warc: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    class Arguments:
        verbose = True
        inputs = (str(warc),)

    Checker(Arguments()).process_all()
    said = capsys.readouterr().out
    assert said.count("payload digest failed") == 1
    assert "block digest failed" not in said


def test_the_facts_of_the_socket_are_kept(warc: Path, site_authority: trustme.CA) -> None:
    [first, second] = [
        json.loads(block)
        for record, block in records(warc)
        if record.rec_type == "metadata" and b'"kind": "exchange"' in block
    ]
    assert (first["peer_ip"], first["page_id"], first["interim_base64"]) == ("127.0.0.1", "page-1", [])
    assert len(second["interim_base64"]) == 1
    assert (first["tls"]["protocol"], first["tls"]["problem"]) == ("TLSv1.3", None)
    moments = [datetime.fromisoformat(first[name]) for name in ("started_at", "first_byte_at", "ended_at")]
    assert moments == sorted(moments)

    shown = {
        record.rec_headers["WARC-Target-URI"]: block
        for record, block in records(warc)
        if record.rec_type == "resource"
    }
    chain = [shown[uri] for uri in first["tls"]["certificates"]]
    assert len(shown) == len(set(first["tls"]["certificates"]))
    assert "BEGIN CERTIFICATE" in ssl.DER_cert_to_PEM_cert(chain[0])
    assert first["tls"]["certificates"] == second["tls"]["certificates"]


def test_a_request_without_an_answer_says_why(warc: Path) -> None:
    record, block = records(warc)[-1]
    facts = json.loads(block)
    assert record.rec_type == "metadata"
    assert (facts["kind"], facts["outcome"]) == ("no_response", "unreachable")
    assert facts["reason"].startswith("the name away.invalid does not resolve")


def test_each_record_can_be_read_from_its_offset_alone(warc: Path) -> None:
    content = warc.read_bytes()
    with warc.open("rb") as stream:
        walk = ArchiveIterator(stream)
        places = [(walk.get_record_offset(), record.rec_headers["WARC-Record-ID"]) for record in walk]
    for offset, record_id in places:
        record = next(iter(ArchiveIterator(io.BytesIO(content[offset:]))))
        assert record.rec_headers["WARC-Record-ID"] == record_id
