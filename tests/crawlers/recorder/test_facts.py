"""What a WARC says of each exchange is what that very socket showed: peer, TLS, certificates, moments, crawl."""

import base64
import hashlib
import json
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme
from warcio.archiveiterator import ArchiveIterator

from storage.deposit.exchange_metadata import interim_answers
from storage.spool.spool import Spool
from tests.crawlers.recorder.conftest import tls_of
from tests.crawlers.recorder.origin_server import Channel, Origin
from tests.crawlers.recorder.running_recorder import RunningRecorder, read_all

CRAWL = "01JNKZ5V0000000000000000CR"
OLD_CIPHER = "ECDHE-ECDSA-AES128-GCM-SHA256"
PAUSE_S = 0.05
HINTS = b"HTTP/1.1 103 Early Hints\r\nLINK : </a.css>\r\n\r\n"


@dataclass(frozen=True)
class Site:
    """An origin, the certificates it shows, and what its own side of TLS said of each connection."""

    origin: Origin
    chain: tuple[bytes, ...]
    agreed: list[tuple[str, str, int]]


def site_of(context: ssl.SSLContext, chain: tuple[bytes, ...]) -> Site:
    origin, agreed = Origin(context), list[tuple[str, str, int]]()

    def slowly(channel: Channel) -> bool:
        assert isinstance(channel.sock, ssl.SSLSocket)
        cipher = channel.sock.cipher()
        assert cipher is not None
        agreed.append((channel.sock.version() or "", cipher[0], channel.sock.getpeername()[1]))
        time.sleep(PAUSE_S)
        channel.send(HINTS)
        channel.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\n")
        time.sleep(PAUSE_S)
        channel.send(b"body")
        return False

    origin.handlers["/"] = slowly
    return Site(origin, chain, agreed)


def made_by(authority: trustme.CA, name: str) -> tuple[ssl.SSLContext, tuple[bytes, ...]]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate = authority.issue_cert(name)
    certificate.configure_cert(context)
    pems = [blob.bytes().decode() for blob in certificate.cert_chain_pems]
    return context, tuple(ssl.PEM_cert_to_DER_cert(pem) for pem in pems)


@pytest.fixture
def sites(site_authority: trustme.CA) -> Iterator[dict[str, Site]]:
    """One of today, one of ten years ago behind an intermediate authority."""
    new_context, new_chain = made_by(site_authority, "new.example")
    old_context, old_chain = made_by(site_authority.create_child_ca(), "old.example")
    old_context.maximum_version = ssl.TLSVersion.TLSv1_2
    old_context.set_ciphers(OLD_CIPHER)
    running = {"new.example": site_of(new_context, new_chain), "old.example": site_of(old_context, old_chain)}
    yield running
    for site in running.values():
        site.origin.close()


@pytest.fixture
def rows(
    sites: dict[str, Site],
    start_recorder: Callable[..., RunningRecorder],
    site_authority_file: Path,
    tmp_path: Path,
) -> list[tuple[dict[str, str], bytes]]:
    """Every record of a crawl that asks both sites at once: header fields and block."""
    spool = Spool(tmp_path / "spool", CRAWL, {"crawl-id": CRAWL})
    rules = tuple(f"{name}:443:127.0.0.1:{site.origin.port}" for name, site in sites.items())
    recorder = start_recorder(sink=spool, connect_to=rules, upstream_ca=site_authority_file)
    tunnels = {name: recorder.tunnel(f"{name}:443", page_id=name) for name in sites}
    for name, tunnel in tunnels.items():
        tunnel.sendall(f"GET / HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
    for tunnel in tunnels.values():
        assert read_all(tunnel).endswith(b"body")
    recorder.close()
    [file] = spool.close()
    with file.path.open("rb") as stream:
        return [
            (dict(record.rec_headers.headers), record.raw_stream.read())
            for record in ArchiveIterator(stream, no_record_parse=True)
        ]


def facts_of(rows: list[tuple[dict[str, str], bytes]], name: str) -> dict[str, Any]:
    [block] = [
        block
        for head, block in rows
        if head["WARC-Type"] == "metadata" and head["WARC-Target-URI"] == f"urn:exchange:https://{name}/"
    ]
    facts: dict[str, Any] = json.loads(block)
    return facts


@pytest.mark.parametrize("name", ["new.example", "old.example"])
def test_protocol_cipher_and_chain_are_those_of_the_same_socket(
    name: str, rows: list[tuple[dict[str, str], bytes]], sites: dict[str, Site]
) -> None:
    tls = facts_of(rows, name)["tls"]
    [(version, cipher, _)] = sites[name].agreed
    assert (tls["protocol"], tls["cipher"], tls["problem"]) == (version, cipher, None)
    assert version == ("TLSv1.2" if name == "old.example" else "TLSv1.3")
    shown = {head["WARC-Target-URI"]: block for head, block in rows if head["WARC-Type"] == "resource"}
    assert tuple(shown[uri] for uri in tls["certificates"]) == sites[name].chain
    for uri, block in shown.items():
        assert uri == f"urn:x509:sha256:{hashlib.sha256(block).hexdigest()}"


def test_each_certificate_stands_in_the_file_once(
    rows: list[tuple[dict[str, str], bytes]], sites: dict[str, Site]
) -> None:
    kept = [block for head, block in rows if head["WARC-Type"] == "resource"]
    assert sorted(kept) == sorted({der for site in sites.values() for der in site.chain})


@pytest.mark.parametrize("name", ["new.example", "old.example"])
def test_first_and_last_byte_are_told_apart_to_the_microsecond(
    name: str, rows: list[tuple[dict[str, str], bytes]]
) -> None:
    facts = facts_of(rows, name)
    texts = [facts[key] for key in ("started_at", "first_byte_at", "ended_at")]
    assert all(len(text) == len("2026-03-05T01:02:03.000004Z") and text.endswith("Z") for text in texts)
    started, first, ended = map(datetime.fromisoformat, texts)
    assert (first - started).total_seconds() >= PAUSE_S
    # the first byte may be read a little after it was sent, so a little of the pause is gone by then
    assert (ended - first).total_seconds() >= PAUSE_S / 2
    assert abs((datetime.now(UTC) - ended).total_seconds()) < 300
    [dates] = [
        {head["WARC-Date"] for head, _ in rows if head.get("WARC-Target-URI") == f"https://{name}/"},
    ]
    assert len(dates) == 1
    (date,) = dates
    assert date in texts


@pytest.mark.parametrize("name", ["new.example", "old.example"])
def test_peer_page_crawl_and_interim_answers_are_told(
    name: str, rows: list[tuple[dict[str, str], bytes]], sites: dict[str, Site]
) -> None:
    facts = facts_of(rows, name)
    assert (facts["peer_ip"], facts["peer_port"]) == ("127.0.0.1", sites[name].origin.port)
    assert (facts["crawl_id"], facts["page_id"]) == (CRAWL, name)
    assert [base64.b64decode(each) for each in facts["interim_base64"]] == [HINTS]
    assert interim_answers(facts) == [HINTS.decode().strip().replace("\r\n", "\n")]
    [response] = [
        head
        for head, _ in rows
        if head["WARC-Type"] == "response" and head["WARC-Target-URI"] == f"https://{name}/"
    ]
    assert response["WARC-IP-Address"] == "127.0.0.1"
    [warcinfo] = [block for head, block in rows if head["WARC-Type"] == "warcinfo"]
    assert f"crawl-id: {CRAWL}".encode() in warcinfo
    [info_id] = [head["WARC-Record-ID"] for head, _ in rows if head["WARC-Type"] == "warcinfo"]
    assert {head["WARC-Warcinfo-ID"] for head, _ in rows if head["WARC-Type"] != "warcinfo"} == {info_id}


def test_a_certificate_of_another_site_is_never_shown_for_this_one(
    start_recorder: Callable[..., RunningRecorder], site_authority: trustme.CA, site_authority_file: Path
) -> None:
    """A connection that is asked for another name than it was made for."""
    origin = Origin(tls_of(site_authority, "a.example"))
    recorder = start_recorder(connect_to=(f"::127.0.0.1:{origin.port}",), upstream_ca=site_authority_file)
    sock: socket.socket = recorder.tunnel("b.example:443")
    sock.sendall(b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n")
    assert read_all(sock) == b""
    recorder.close()
    origin.close()
    assert recorder.sink.exchanges == []
    [note] = recorder.sink.notes
    assert note.url == "https://b.example/"
    assert "Hostname mismatch" in note.reason
