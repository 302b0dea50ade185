"""Says what each WARC/1.1 record of a crawl holds; one function per record type.

Comes in: what the recorder and the engines hand over. Goes out: ``WarcRecord``, headers in order and a block that
is bytes or a stream, to be written by ``warc_file``. Blocks of ``request`` and ``response`` are the bytes of the
wire; where ``WARC-Fidelity`` is ``browser``, they are as a browser reported and decoded them. The block digest
covers the block, the payload digest the entity with transfer-encoding removed and content-encoding kept. Facts
stand in ``metadata`` records as one JSON object with ``kind``: ``exchange`` (TLS, times, 1xx responses) or the
kind of a note. A page's own URI is the target of ``request``, ``response`` and ``revisit`` alone, since programs
that replay a file show whatever stands under it; all else has a ``urn:``.
Source: WARC 1.1 (ISO 28500:2017); architecture, section 5.
"""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from crawlers.model.capture import Note, NoteKind, Rendering
from crawlers.model.exchange import ByteSource, Exchange, Fidelity, Message, RedactedSpan
from crawlers.model.iso_time import time_text
from processors.digest import Digest, sha256

REVISIT_PROFILE = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
CONFORMS_TO = "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/"
NOT_IN_A_URI = re.compile(r"[\x00-\x20\x7f<>\"]")
CERTIFICATES_REMEMBERED = 1 << 10
JSON = json.JSONEncoder(ensure_ascii=False)

EXCHANGE_PREFIX = "urn:exchange:"
NOTE_PREFIX = "urn:note:"
PURGED_PREFIX = "urn:purged:"
"""How the target URIs of facts begin, before the URI they are about; earlier files have that one itself."""

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class WarcRecord:
    """A record to be written. ``compressible`` is False where deflating would cost and gain nothing."""

    warc_type: str
    record_id: str
    headers: Headers
    block: bytes | ByteSource
    block_digest: Digest
    payload_digest: Digest | None
    compressible: bool = True

    def head(self) -> bytes:
        """Version line and named fields, up to and including the empty line."""
        lines = "".join([f"{name}: {value}\r\n" for name, value in self.headers])
        return f"WARC/1.1\r\n{lines}\r\n".encode()


@dataclass(frozen=True, slots=True)
class RecordReceipt:
    """Where a record was written: ``offset`` and ``length`` in bytes of the compressed file."""

    record_id: str
    offset: int
    length: int
    block_digest: Digest
    payload_digest: Digest | None


@dataclass(frozen=True, slots=True)
class DepositedRecord:
    """A record that stands for a payload: deposited, or earlier in the same file."""

    record_id: str
    url: str
    captured_at: datetime


def warcinfo_record(record_id: str, at: datetime, filename: str, facts: Mapping[str, str]) -> WarcRecord:
    """The first record of a file: what made it, by which settings, for which crawl."""
    fields = {"format": "WARC File Format 1.1", "conformsTo": CONFORMS_TO, **facts}
    block = "".join(f"{name}: {_one_line(value)}\r\n" for name, value in fields.items()).encode()
    named = (("WARC-Filename", filename),)
    return _record("warcinfo", record_id, at, named, "application/warc-fields", block, sha256(block), None)


def response_record(exchange: Exchange, record_id: str, info_id: str, *, compressible: bool) -> WarcRecord:
    """What the server sent, to the byte."""
    message = exchange.response
    named = (
        ("WARC-Target-URI", uri(exchange.url)),
        ("WARC-Warcinfo-ID", info_id),
        *_connection(exchange),
        *((("WARC-Truncated", exchange.truncated.value),) if exchange.truncated else ()),
    )
    return _http("response", record_id, exchange, named, message, compressible=compressible)


def request_record(exchange: Exchange, record_id: str, response_id: str, info_id: str) -> WarcRecord:
    """What the server received, to the byte."""
    named = (
        ("WARC-Target-URI", uri(exchange.url)),
        ("WARC-Warcinfo-ID", info_id),
        ("WARC-Concurrent-To", response_id),
        *_connection(exchange),
    )
    return _http("request", record_id, exchange, named, exchange.request, compressible=True)


def revisit_record(exchange: Exchange, record_id: str, info_id: str, sealed: DepositedRecord) -> WarcRecord:
    """A response whose payload stands in another record: its head alone, and where the payload is."""
    head = head_of(exchange.response)
    named = (
        ("WARC-Target-URI", uri(exchange.url)),
        ("WARC-Warcinfo-ID", info_id),
        ("WARC-Profile", REVISIT_PROFILE),
        ("WARC-Refers-To", sealed.record_id),
        ("WARC-Refers-To-Target-URI", uri(sealed.url)),
        ("WARC-Refers-To-Date", time_text(sealed.captured_at)),
        *_connection(exchange),
    )
    content_type = "application/http; msgtype=response"
    digest = exchange.response.payload_digest
    return _record("revisit", record_id, exchange.started_at, named, content_type, head, sha256(head), digest)


def exchange_metadata(exchange: Exchange, record_id: str, response_id: str, info_id: str) -> WarcRecord:
    """What is known of an exchange besides its bytes."""
    tls = exchange.tls
    facts: dict[str, Any] = {
        "kind": "exchange",
        "crawl_id": exchange.crawl_id,
        "page_id": exchange.page_id,
        "started_at": time_text(exchange.started_at),
        "first_byte_at": time_text(exchange.first_byte_at),
        "ended_at": time_text(exchange.ended_at),
        "peer_ip": exchange.peer_ip,
        "peer_port": exchange.peer_port,
        "tls": None
        if tls is None
        else {
            "protocol": tls.protocol,
            "cipher": tls.cipher,
            "certificates": [certificate_uri(certificate) for certificate in tls.chain],
            "problem": tls.problem,
        },
        "interim_base64": [base64.b64encode(message).decode() for message in exchange.interim],
        "problem": exchange.problem,
    }
    if exchange.fidelity is not Fidelity.WIRE:
        facts |= {"fidelity": exchange.fidelity.value, "left_out": [list(each) for each in exchange.left_out]}
    if exchange.redacted:
        facts["redacted"] = [redacted_json(each) for each in exchange.redacted]
    return _facts(facts, record_id, exchange.started_at, EXCHANGE_PREFIX + uri(exchange.url), info_id, response_id)


def redacted_json(span: RedactedSpan) -> dict[str, Any]:
    """A span of credentials as the facts of an exchange name it."""
    return {
        "message": span.message,
        "what": span.what,
        "offset": span.offset,
        "length": span.length,
        "commitment": str(span.commitment),
    }


def certificate_record(certificate: bytes, record_id: str, at: datetime, info_id: str) -> WarcRecord:
    """A certificate as the server sent it (DER)."""
    named = (("WARC-Target-URI", certificate_uri(certificate)), ("WARC-Warcinfo-ID", info_id))
    digest = sha256(certificate)
    return _record("resource", record_id, at, named, "application/pkix-cert", certificate, digest, digest)


def rendering_record(rendering: Rendering, record_id: str, info_id: str, depicted_id: str | None) -> WarcRecord:
    """A thing made from a page, under the name other tools read; ``depicted_id`` is the page's own response."""
    named = (
        ("WARC-Target-URI", f"urn:{rendering.kind.value}:{uri(rendering.url)}"),
        ("WARC-Warcinfo-ID", info_id),
        *((("WARC-Concurrent-To", depicted_id),) if depicted_id else ()),
        *((("WARC-Page-ID", _one_line(rendering.page_id)),) if rendering.page_id else ()),
        ("WARC-Made-By", _one_line(rendering.made_by)),
    )
    digest = sha256(rendering.content)
    media_type = _one_line(rendering.media_type)
    compressible = not media_type.startswith(("image/", "video/"))
    content = rendering.content
    return _record(
        "resource",
        record_id,
        rendering.made_at,
        named,
        media_type,
        content,
        digest,
        digest,
        compressible=compressible,
    )


def user_file_record(
    url: str,
    content: bytes | ByteSource,
    record_id: str,
    info_id: str,
    at: datetime,
    *,
    media_type: str,
    modified_at: str | None,
    compressible: bool,
    identified_type: str | None = None,
    declared_type: str | None = None,
) -> WarcRecord:
    """A file that a person brought, byte for byte; ``modified_at`` is what the file says of itself.

    ``identified_type``: what the bytes are (WARC 1.1, section 5.19); ``declared_type``: what they were called.
    """
    stated = (
        ("WARC-File-Modified", modified_at),
        ("WARC-Identified-Payload-Type", identified_type),
        ("WARC-Declared-Type", declared_type),
    )
    named = (
        ("WARC-Target-URI", uri(url)),
        ("WARC-Warcinfo-ID", info_id),
        *((name, _one_line(value)) for name, value in stated if value is not None),
    )
    digest = sha256(content) if isinstance(content, bytes) else content.digest
    return _record(
        "resource", record_id, at, named, _one_line(media_type), content, digest, digest, compressible=compressible
    )


def redacted_copy_record(
    url: str,
    content: bytes,
    record_id: str,
    info_id: str,
    at: datetime,
    *,
    media_type: str,
    original_id: str,
    made_by: str,
) -> WarcRecord:
    """A redacted copy of what another record holds, made as a rendering is, of the record ``original_id``."""
    named = (
        ("WARC-Target-URI", uri(url)),
        ("WARC-Warcinfo-ID", info_id),
        ("WARC-Concurrent-To", original_id),
        ("WARC-Made-By", _one_line(made_by)),
    )
    digest = sha256(content)
    compressible = not media_type.startswith(("image/", "video/", "audio/"))
    return _record(
        "resource", record_id, at, named, media_type, content, digest, digest, compressible=compressible
    )


def note_record(note: Note, record_id: str, info_id: str) -> WarcRecord:
    """A fact about a URL; of a request without a response, why."""
    facts = {
        "kind": note.kind.value,
        "page_id": note.page_id,
        "outcome": None if note.outcome is None else note.outcome.value,
        "reason": note.reason,
        **({"request_base64": base64.b64encode(note.request).decode()} if note.request is not None else {}),
        **note.details,
    }
    return _facts(facts, record_id, note.at, NOTE_PREFIX + uri(note.url), info_id, None)


def note_content_record(note: Note, record_id: str, note_id: str, info_id: str) -> WarcRecord:
    """The bytes a note speaks of: frames of a WebSocket, an answer to nothing."""
    if note.content is None:
        raise ValueError(f"{note.kind.value} note for {note.url}: expected content, found none")
    name = "websocket" if note.kind is NoteKind.WEBSOCKET else "unsolicited"
    named = (
        ("WARC-Target-URI", f"urn:{name}:{uri(note.url)}"),
        ("WARC-Warcinfo-ID", info_id),
        ("WARC-Concurrent-To", note_id),
    )
    digest = sha256(note.content) if isinstance(note.content, bytes) else note.content.digest
    content_type = note.content_type or "application/octet-stream"
    return _record("resource", record_id, note.at, named, content_type, note.content, digest, digest)


@lru_cache(CERTIFICATES_REMEMBERED)
def certificate_uri(certificate: bytes) -> str:
    """The name of a certificate in WARC files and facts; every exchange of a host has the same ones to name."""
    return f"urn:x509:{sha256(certificate)}"


def tombstone_record(record_id: str, at: datetime, name: str, facts: Mapping[str, Any]) -> WarcRecord:
    """What stands in the place of a record that was purged; ``name`` is the id of its capture."""
    block = JSON.encode({"kind": "purged", **facts}).encode()
    named = (("WARC-Target-URI", PURGED_PREFIX + uri(name)),)
    return _record("metadata", record_id, at, named, "application/json", block, sha256(block), None)


def head_of(message: Message) -> bytes:
    """The head of a message, up to and including its empty line."""
    if isinstance(message.block, bytes):
        return message.block[: message.head_length]
    head = bytearray()
    for chunk in message.block.chunks():
        head += chunk
        if len(head) >= message.head_length:
            break
    return bytes(head[: message.head_length])


def uri(url: str) -> str:
    """The URL fit for a header line: what may not stand in a URI is percent-encoded, nothing else is touched."""
    return NOT_IN_A_URI.sub(lambda found: f"%{ord(found[0]):02X}", url)


def _connection(exchange: Exchange) -> Headers:
    tls = exchange.tls
    return (
        *((("WARC-IP-Address", exchange.peer_ip),) if exchange.peer_ip else ()),
        *((("WARC-Protocol", exchange.protocol),) if exchange.protocol else ()),
        *((("WARC-Protocol", _tls_name(tls.protocol)), ("WARC-Cipher-Suite", tls.cipher)) if tls else ()),
        *((("WARC-Page-ID", _one_line(exchange.page_id)),) if exchange.page_id else ()),
        *((("WARC-Fidelity", exchange.fidelity.value),) if exchange.fidelity is not Fidelity.WIRE else ()),
    )


def _tls_name(protocol: str) -> str:
    """``TLSv1.3`` as the WARC-Protocol proposal writes it: ``tls/1.3``."""
    return "tls/" + (protocol.removeprefix("TLSv") if "." in protocol else "1.0")


def _http(
    msgtype: str, record_id: str, exchange: Exchange, named: Headers, message: Message, *, compressible: bool
) -> WarcRecord:
    return _record(
        msgtype,
        record_id,
        exchange.started_at,
        named,
        f"application/http; msgtype={msgtype}",
        message.block,
        message.block_digest,
        message.payload_digest,
        compressible=compressible,
    )


def _facts(
    facts: Mapping[str, Any], record_id: str, at: datetime, target: str, info_id: str, concurrent_to: str | None
) -> WarcRecord:
    block = JSON.encode(facts).encode()
    named = (
        ("WARC-Target-URI", target),
        ("WARC-Warcinfo-ID", info_id),
        *((("WARC-Concurrent-To", concurrent_to),) if concurrent_to else ()),
    )
    return _record("metadata", record_id, at, named, "application/json", block, sha256(block), None)


def _record(
    warc_type: str,
    record_id: str,
    at: datetime,
    named: Headers,
    content_type: str,
    block: bytes | ByteSource,
    block_digest: Digest,
    payload_digest: Digest | None,
    *,
    compressible: bool = True,
) -> WarcRecord:
    length = len(block) if isinstance(block, bytes) else block.length_bytes
    headers = (
        ("WARC-Type", warc_type),
        ("WARC-Record-ID", record_id),
        ("WARC-Date", time_text(at)),
        *named,
        ("Content-Type", content_type),
        *((("WARC-Payload-Digest", str(payload_digest)),) if payload_digest else ()),
        ("WARC-Block-Digest", str(block_digest)),
        ("Content-Length", str(length)),
    )
    return WarcRecord(warc_type, record_id, headers, block, block_digest, payload_digest, compressible)


def _one_line(text: str) -> str:
    return " ".join(text.split())
