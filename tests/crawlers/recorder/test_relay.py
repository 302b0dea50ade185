"""What the site sent is what the engine gets and what is kept, byte for byte, whatever it is."""

import gzip
import zlib
from dataclasses import dataclass

import brotli
import pytest

from crawlers.capture import Truncation
from processors.digest import sha256
from processors.http_message import parse_response
from tests.crawlers.recorder.engine import RunningRecorder, block_of, read_all, read_exactly
from tests.crawlers.recorder.origin import Origin, answer

PAGE = "<html><p>Суд Центральнага раёна</p></html>".encode() * 40


def chunks(*parts: bytes, extension: bytes = b"", trailers: bytes = b"") -> bytes:
    body = b"".join(b"%X%s\r\n%s\r\n" % (len(part), extension, part) for part in parts)
    return body + b"0\r\n" + trailers + b"\r\n"


@dataclass(frozen=True)
class Kind:
    """One kind of resource: how it is sent, what the payload is, what the capture says."""

    pieces: tuple[bytes, ...]
    payload: bytes
    status: int | None = 200
    method: bytes = b"GET"
    request_fields: bytes = b""
    request_body: bytes = b""
    keep: bool = True
    truncated: Truncation | None = None
    problem: str | None = None
    interim: tuple[bytes, ...] = ()


def sized(body: bytes, fields: bytes = b"") -> tuple[bytes, bytes]:
    return OK + fields + b"Content-Length: %d\r\n\r\n" % len(body), body


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
SQUEEZED = gzip.compress(PAGE, mtime=0)
BOMB = zlib.compress(bytes(9 << 20))
LARGE = b"0123456789abcdef" * (3 << 16)
LETTERS = OK + CHUNKED + b"\r\n" + chunks(b"abc", b"de")
KINDS = {
    "a plain page": Kind(sized(PAGE), PAGE),
    "chunks, extensions, trailers": Kind(
        (
            OK + b"Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n",
            chunks(b"ab", b"cde", extension=b";n=1", trailers=b"X-Sum: 5\r\n"),
        ),
        b"abcde",
    ),
    "gzip in chunks": Kind(
        (
            OK + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n",
            chunks(gzip.compress(PAGE, mtime=0)),
        ),
        gzip.compress(PAGE, mtime=0),
    ),
    "brotli": Kind(
        (
            OK + b"content-encoding: br\r\nContent-Length: %d\r\n\r\n" % len(brotli.compress(PAGE)),
            brotli.compress(PAGE),
        ),
        brotli.compress(PAGE),
    ),
    "an unknown content-encoding": Kind(
        (OK + b"Content-Encoding: x-secret\r\nContent-Length: 4\r\n\r\n\x00\xff\x00\xff",), b"\x00\xff\x00\xff"
    ),
    "odd heads": Kind(
        (
            b"HTTP/1.1 200   \r\nX-ODD : spaced\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nX-Fold: one\r\n\ttwo\r\n"
            b"no colon here\r\nX-\xd0\x9a: \xff\r\nContent-Length:2\r\n\r\nhi",
        ),
        b"hi",
    ),
    "line feeds alone": Kind((b"HTTP/1.1 200 OK\nContent-Length: 2\n\nhi",), b"hi"),
    "a reason of its own": Kind(
        (b"HTTP/1.1 404 \xd0\x9d\xd1\x8f\xd0\xbc\xd0\xb0\r\nContent-Length: 3\r\n\r\nabc",), b"abc", status=404
    ),
    "a redirect with a body": Kind(
        (b"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 5\r\n\r\nmoved",), b"moved", status=302
    ),
    "HEAD": Kind((OK + b"Content-Length: 4711\r\n\r\n",), b"", method=b"HEAD"),
    "204": Kind((b"HTTP/1.1 204 No Content\r\nX: y\r\n\r\n",), b"", status=204),
    "304": Kind((b'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\nContent-Length: 10\r\n\r\n',), b"", status=304),
    "1xx before the answer": Kind(
        (b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n", OK + b"Content-Length: 2\r\n\r\nhi"),
        b"hi",
        interim=(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n",),
    ),
    "a range": Kind(
        (b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 2-3/9\r\nContent-Length: 2\r\n\r\nhi",),
        b"hi",
        status=206,
        request_fields=b"Range: bytes=2-3\r\n",
    ),
    "a POST": Kind(
        (OK + b"Content-Length: 2\r\n\r\nhi",),
        b"hi",
        method=b"POST",
        request_fields=b"Content-Length: 9\r\n",
        request_body=b"a=1&b=2&c",
    ),
    "a POST in chunks": Kind(
        (OK + b"Content-Length: 2\r\n\r\nhi",),
        b"hi",
        method=b"POST",
        request_fields=b"Transfer-Encoding: chunked\r\n",
        request_body=chunks(b"a=1"),
    ),
    "a body that ends with the connection": Kind((OK + b"\r\n", PAGE), PAGE, keep=False),
    "HTTP/1.0": Kind((b"HTTP/1.0 200 OK\r\nServer: old\r\n\r\n", PAGE), PAGE, keep=False),
    "events": Kind(
        (
            OK + b"Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n",
            chunks(b"data: 1\n\n", b"data: 2\n\n"),
        ),
        b"data: 1\n\ndata: 2\n\n",
    ),
    "a body cut by the site": Kind(
        (OK + b"Content-Length: 100\r\n\r\nonly this",), b"only this", keep=False, truncated=Truncation.DISCONNECT
    ),
    "chunks cut by the site": Kind(
        (OK + b"Transfer-Encoding: chunked\r\n\r\n9\r\nonly",),
        b"only",
        keep=False,
        truncated=Truncation.DISCONNECT,
    ),
    "garbage": Kind(
        (b"\x00\x01not http at all\r\n\r\n",),
        b"\x00\x01not http at all\r\n\r\n",
        status=None,
        keep=False,
        problem="the bytes do not begin like HTTP",
    ),
    "a head cut by the site": Kind(
        (b"HTTP/1.1 200 OK\r\nContent-Ty",), b"", keep=False, truncated=Truncation.DISCONNECT
    ),
    "broken chunks": Kind(
        (OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nZZ\r\nrest",),
        b"abc",
        keep=False,
        truncated=Truncation.DISCONNECT,
        problem="chunked body: expected a chunk size, found b'ZZ\\r\\n'",
    ),
    "two lengths": Kind(
        (OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nhi!",),
        b"hi!",
        keep=False,
        problem="several values of Content-Length: 2, 3",
    ),
    "a bomb": Kind(sized(BOMB, b"Content-Encoding: deflate\r\n"), BOMB),
    "a large body": Kind(sized(LARGE), LARGE),
    "one byte at a time": Kind(tuple(bytes([byte]) for byte in LETTERS), b"abcde"),
}


@pytest.mark.parametrize("secure", [True, False], ids=["https", "http"])
@pytest.mark.parametrize("name", KINDS)
def test_the_engine_and_the_capture_get_the_bytes_of_the_wire(
    name: str, secure: bool, recorder: RunningRecorder, secure_origin: Origin, plain_origin: Origin
) -> None:
    kind = KINDS[name]
    origin = secure_origin if secure else plain_origin
    origin.handlers["/p?q=1"] = answer(*kind.pieces, keep=kind.keep)
    sent = b"".join(kind.pieces)
    fields = b"hOsT: site.example\r\nX-Odd : kept\r\n" + kind.request_fields
    for_site = kind.method + b" /p?q=1 HTTP/1.1\r\n" + fields + b"\r\n" + kind.request_body
    if secure:
        sock = recorder.tunnel("site.example:443")
        sock.sendall(for_site)
    else:
        sock = recorder.connect()
        authorisation = b"Proxy-Authorization: " + recorder.credentials() + b"\r\nPROXY-Connection: keep-alive\r\n"
        sock.sendall(
            kind.method
            + b" http://site.example/p?q=1 HTTP/1.1\r\n"
            + authorisation
            + fields
            + b"\r\n"
            + kind.request_body
        )

    got = read_exactly(sock, len(sent)) if kind.keep else read_all(sock)
    sock.close()
    recorder.close()

    assert got == sent
    [served] = origin.log
    assert served.request == for_site
    [exchange] = recorder.sink.exchanges
    assert recorder.sink.notes == []
    assert block_of(exchange.request) == for_site
    assert b"".join(exchange.interim) + block_of(exchange.response) == sent
    assert exchange.interim == kind.interim
    assert exchange.response.block_digest == sha256(block_of(exchange.response))
    assert exchange.response.payload_digest == sha256(kind.payload)
    assert exchange.response.payload_length == len(kind.payload)
    assert parse_response(block_of(exchange.response)).body == kind.payload
    assert exchange.status == kind.status
    assert exchange.truncated == kind.truncated
    assert exchange.problem == kind.problem
    assert exchange.url == ("https" if secure else "http") + "://site.example/p?q=1"
    assert exchange.page_id == "page-1"
    assert exchange.peer_ip == "127.0.0.1"
    assert exchange.peer_port == origin.port
    assert (exchange.tls is not None) == secure
    assert exchange.started_at <= exchange.first_byte_at <= exchange.ended_at
