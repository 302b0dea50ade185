"""HTTP/1.1 on one asyncio connection: requests in, answers out, until one side closes."""

import asyncio
import gzip
import re
from collections.abc import Callable
from dataclasses import replace
from email.utils import formatdate

from samples.messages import Answer, Headers, Request, Response, Site, WireScript

HEAD_LIMIT_BYTES = 64 * 1024
IDLE_S = 75.0  # nginx's keepalive_timeout
CHUNK_BYTES = 4096
COMPRESS_FROM_BYTES = 256
RANGE = re.compile(r"bytes=(\d*)-(\d*)")


async def read_request(reader: asyncio.StreamReader, scheme: str, day: int) -> Request | None:
    """The next request of the connection, its body read and dropped; None when the client has closed it."""
    try:
        # Not `wait_for`: in Python 3.11 it loses a cancellation that arrives together with the head, and a server
        # that is closing would then wait for this connection without end.
        async with asyncio.timeout(IDLE_S):
            head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, TimeoutError, ConnectionError, asyncio.LimitOverrunError):
        return None
    start, *lines = head[:-4].decode("latin-1").split("\r\n")
    method, target, _version = start.split(" ", 2)
    headers = tuple((name, value.strip()) for name, _, value in (line.partition(":") for line in lines))
    host = next((value for name, value in headers if name.lower() == "host"), "")
    request = Request(scheme, method, host.partition(":")[0].lower(), target, headers, day)
    length = request.header("content-length")
    if length is not None:
        await reader.readexactly(int(length))
    return request


def cut_to_range(request: Request, response: Response) -> Response:
    """206 with the one range a request asks for, 416 where it lies outside; other answers pass unchanged."""
    asked = RANGE.fullmatch(request.header("range") or "")
    if asked is None or response.status != 200 or ("Accept-Ranges", "bytes") not in response.headers:
        return response
    whole = len(response.body)
    first, last = asked.groups()
    start = int(first) if first else max(0, whole - int(last or 0))
    end = min(whole - 1, int(last)) if first and last else whole - 1
    if start > end:
        return replace(response, status=416, body=b"").with_headers(("Content-Range", f"bytes */{whole}"))
    part = replace(response, status=206, body=response.body[start : end + 1])
    return part.with_headers(("Content-Range", f"bytes {start}-{end}/{whole}"))


def encoded(request: Request, response: Response) -> Response:
    """The answer in gzip where it may be and the client takes it."""
    accepts = "gzip" in re.split(r"[,;\s]+", (request.header("accept-encoding") or "").lower())
    if not (accepts and response.compress and len(response.body) >= COMPRESS_FROM_BYTES):
        return response
    body = gzip.compress(response.body, mtime=0)
    smaller = replace(response, body=body, chunked=True)
    return smaller.with_headers(("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding"))


def head_bytes(response: Response, keep_open: bool) -> bytes:
    """Status line and headers as nginx orders them."""
    described: Headers = (("Content-Type", response.content_type),) if response.content_type else ()
    framed = ("Transfer-Encoding", "chunked") if response.chunked else ("Content-Length", str(len(response.body)))
    headers: Headers = (
        ("Server", "nginx/1.26.3"),
        ("Date", formatdate(usegmt=True)),
        *described,
        *(() if response.status in (204, 304) else (framed,)),
        ("Connection", "keep-alive" if keep_open else "close"),
        *response.headers,
    )
    lines = (response.status_line, *(f"{name}: {value}" for name, value in headers), "", "")
    return "\r\n".join(lines).encode("latin-1")


def body_bytes(response: Response) -> bytes:
    """The body as it goes over the wire."""
    if not response.chunked:
        return response.body
    pieces = (response.body[at : at + CHUNK_BYTES] for at in range(0, len(response.body), CHUNK_BYTES))
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


async def send(writer: asyncio.StreamWriter, request: Request, answer: Answer) -> bool:
    """Write the answer; True when the connection may carry another request."""
    if isinstance(answer, WireScript):
        await answer.play(writer)
        return False
    keep_open = (request.header("connection") or "").lower() != "close"
    response = encoded(request, cut_to_range(request, answer))
    writer.write(head_bytes(response, keep_open))
    if request.method != "HEAD":
        writer.write(body_bytes(response))
    await writer.drain()
    return keep_open


async def converse(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    day: Callable[[], int],
    site: Site,
    scheme: str,
) -> None:
    """Answer every request of one connection."""
    try:
        while (request := await read_request(reader, scheme, day())) is not None:
            answer = await asyncio.to_thread(site, request)
            if not await send(writer, request, answer):
                break
    except ConnectionError:
        pass  # the client went away; there is nobody left to tell
    finally:
        writer.close()
