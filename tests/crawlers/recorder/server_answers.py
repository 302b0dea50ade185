"""Answers as servers give them, good and bad: how each is sent, what its payload is, what a capture says."""

import gzip
import zlib
from dataclasses import dataclass

import brotli
import zstandard

from crawlers.model.exchange import Truncation

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
RANGES = b"--B\r\nContent-Range: bytes 0-1/9\r\n\r\nab\r\n--B\r\nContent-Range: bytes 4-5/9\r\n\r\nef\r\n--B--\r\n"
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
    "zstandard": Kind(sized(zstandard.compress(PAGE), b"Content-Encoding: zstd\r\n"), zstandard.compress(PAGE)),
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
    "zero bytes in a head": Kind((OK + b"X: a\x00b\r\nContent-Length: 2\r\n\r\nhi",), b"hi"),
    "a large head": Kind(
        (
            OK + b"".join(b"X-Set: c%d=%s\r\n" % (n, b"v" * 1000) for n in range(90)),
            b"Content-Length: 2\r\n\r\nhi",
        ),
        b"hi",
    ),
    "an empty line before the answer": Kind(
        (b"\r\n" + OK + b"Content-Length: 2\r\n\r\nhi",), b"hi", interim=(b"\r\n",)
    ),
    "line feeds alone": Kind((b"HTTP/1.1 200 OK\nContent-Length: 2\n\nhi",), b"hi"),
    "a reason of its own": Kind(
        (b"HTTP/1.1 404 \xd0\x9d\xd1\x8f\xd0\xbc\xd0\xb0\r\nContent-Length: 3\r\n\r\nabc",), b"abc", status=404
    ),
    "a 404 without a body": Kind((b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",), b"", status=404),
    "no reason at all": Kind((b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nhi",), b"hi"),
    "a status line of another version": Kind(
        (b"HTTP/2 200 OK\r\nContent-Length: 2\r\n\r\nhi",), b"hi", keep=False
    ),
    "a redirect without a body": Kind(
        (b"HTTP/1.1 301 Moved\r\nlocation: /b\r\nContent-Length: 0\r\n\r\n",), b"", status=301
    ),
    "a redirect whose body ends with the connection": Kind(
        (b"HTTP/1.1 303 See Other\r\nLocation: /b\r\n\r\n", b"<a href='/b'>"),
        b"<a href='/b'>",
        status=303,
        keep=False,
    ),
    "a redirect with a body": Kind(
        (b"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 5\r\n\r\nmoved",), b"moved", status=302
    ),
    "HEAD": Kind((OK + b"Content-Length: 4711\r\n\r\n",), b"", method=b"HEAD"),
    "HEAD of chunks": Kind((OK + CHUNKED + b"\r\n",), b"", method=b"HEAD"),
    "204": Kind((b"HTTP/1.1 204 No Content\r\nX: y\r\n\r\n",), b"", status=204),
    "304": Kind((b'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\nContent-Length: 10\r\n\r\n',), b"", status=304),
    "1xx before the answer": Kind(
        (b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n", OK + b"Content-Length: 2\r\n\r\nhi"),
        b"hi",
        interim=(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n",),
    ),
    "several 1xx before the answer": Kind(
        (
            b"HTTP/1.1 102 Processing\r\n\r\n",
            b"HTTP/1.1 103 Early Hints\r\nLINK: </b.css>\r\n\r\n",
            OK + b"Content-Length: 2\r\n\r\nhi",
        ),
        b"hi",
        interim=(
            b"HTTP/1.1 102 Processing\r\n\r\n",
            b"HTTP/1.1 103 Early Hints\r\nLINK: </b.css>\r\n\r\n",
        ),
    ),
    "a range that cannot be": Kind(
        (b"HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */9\r\nContent-Length: 0\r\n\r\n",),
        b"",
        status=416,
        request_fields=b"Range: bytes=20-\r\n",
    ),
    "several ranges": Kind(
        (
            b"HTTP/1.1 206 Partial Content\r\nContent-Type: multipart/byteranges; boundary=B\r\n"
            b"Content-Length: %d\r\n\r\n" % len(RANGES),
            RANGES,
        ),
        RANGES,
        status=206,
        request_fields=b"Range: bytes=0-1,4-5\r\n",
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
    "HTTP/1.0 that keeps the connection": Kind(
        (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi",), b"hi"
    ),
    "chunks although a length is said": Kind(
        (OK + b"Content-Length: 4\r\n" + CHUNKED + b"\r\n", chunks(b"abc", b"de")), b"abcde"
    ),
    "chunk sizes as they come": Kind(
        (OK + CHUNKED + b"\r\n", b'0003 ;a="b"\r\nabc\r\n0a\r\n0123456789\r\n0A\n9876543210\n000;last\r\n\r\n'),
        b"abc01234567899876543210",
    ),
    "a transfer-encoding nobody asked for": Kind(
        (OK + b"Transfer-Encoding: identity\r\nContent-Length: 2\r\n\r\nhi",), b"hi"
    ),
    "events": Kind(
        (
            OK + b"Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n",
            chunks(b"data: 1\n\n", b"data: 2\n\n"),
        ),
        b"data: 1\n\ndata: 2\n\n",
    ),
    "events cut by the site": Kind(
        (OK + b"Content-Type: text/event-stream\r\n\r\n", b"data: 1\n\n", b": still here"),
        b"data: 1\n\n: still here",
        keep=False,
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
    "another protocol": Kind(
        (b"ICY 200 OK\r\nicy-name: radio\r\n\r\nsound",),
        b"ICY 200 OK\r\nicy-name: radio\r\n\r\nsound",
        status=None,
        keep=False,
        problem="the bytes do not begin like HTTP",
    ),
    "a length that is no number": Kind(
        (OK + b"Content-Length: all\r\n\r\nhi",), b"hi", keep=False, problem="Content-Length is no number: 'all'"
    ),
    "a chunk beyond all bounds": Kind(
        (OK + CHUNKED + b"\r\n3\r\nabc\r\n11111111111111111\r\nrest",),
        b"abc",
        keep=False,
        truncated=Truncation.DISCONNECT,
        problem="chunked body: expected a chunk size, found b'11111111111111111\\r\\n'",
    ),
    "trailers cut by the site": Kind(
        (OK + CHUNKED + b"\r\n3\r\nabc\r\n0\r\nX-Su",), b"abc", keep=False, truncated=Truncation.DISCONNECT
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
