"""How engines hand renderings and notes to the recorder's process: a Unix socket in the crawl's spool folder.

In direct mode, the exchanges that the browser reports pass here as well.

Each item is a JSON header and its bytes, both with their lengths before them; it is kept when ``send`` returns.
The folder is closed to others, and so is the socket. Its path is reached through the folder's descriptor, since
socket addresses hold 108 bytes and spool folders are longer. Raises ``CaptureNotStored`` where the recorder could
not keep the item.
"""

import asyncio
import json
import os
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from crawlers.model.browser_exchange import BrowserExchange
from crawlers.model.capture import Note, NoteKind, Rendering, RenderingKind
from crawlers.model.iso_time import time_text
from processors.pages.outcome import Outcome

SOCKET_NAME = "handover"
LENGTHS = struct.Struct(">IQ")
MAX_HEADER_BYTES = 16 << 20
MAX_CONTENT_BYTES = 1 << 30
TIMEOUT_SECONDS = 120.0

CaptureItem = Rendering | Note | BrowserExchange


class CaptureNotStored(Exception):
    """The recorder did not keep what it was handed; the crawl cannot go on. The text says why."""


class CaptureClient:
    """The engine's end. One connection, made at the first item; safe for several threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    def send(self, item: CaptureItem) -> None:
        """Hand over one item; returns when it is kept. Raises ``CaptureNotStored`` or ``OSError``."""
        header, content = item_to_wire(item)
        with self._lock:
            sock = self._connected()
            with suppress(BrokenPipeError):  # it may refuse before it has read all, and says why
                sock.sendall(b"".join((LENGTHS.pack(len(header), len(content)), header, content)))
            length = struct.unpack(">I", _exactly(sock, 4))[0]
            problem = _exactly(sock, length).decode()
        if problem:
            raise CaptureNotStored(problem)

    def rendering(self, rendering: Rendering) -> None:
        """Hand over a rendering."""
        self.send(rendering)

    def note(self, note: Note) -> None:
        """Hand over a note."""
        self.send(note)

    def exchange(self, exchange: BrowserExchange) -> None:
        """Hand over what the browser reports of an exchange; only in direct mode is it taken."""
        self.send(exchange)

    def close(self) -> None:
        """End the connection."""
        with self._lock:
            if self._socket is not None:
                self._socket.close()
                self._socket = None

    def _connected(self) -> socket.socket:
        if self._socket is None:
            sock = socket.socket(socket.AF_UNIX)
            sock.settimeout(TIMEOUT_SECONDS)
            with short_path(self._folder, SOCKET_NAME) as path:
                sock.connect(path)
            self._socket = sock
        return self._socket


class CaptureServer:
    """The recorder's end: gives each item to ``keep`` and answers the engine with the result."""

    def __init__(self, folder: Path, keep: Callable[[CaptureItem], Awaitable[None]]) -> None:
        self._folder = folder
        self._keep = keep
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Open the socket; raises ``OSError`` where one is there already."""
        listener = socket.socket(socket.AF_UNIX)
        with short_path(self._folder, SOCKET_NAME) as path:
            listener.bind(path)
        (self._folder / SOCKET_NAME).chmod(0o600)
        self._server = await asyncio.start_unix_server(self._serve, sock=listener)

    async def close(self) -> None:
        """Take no more."""
        if self._server is not None:
            self._server.close()
            (self._folder / SOCKET_NAME).unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                try:
                    header_length, content_length = LENGTHS.unpack(await reader.readexactly(LENGTHS.size))
                except asyncio.IncompleteReadError:
                    return
                problem = await self._receive(reader, header_length, content_length)
                answer = problem.encode()
                writer.write(struct.pack(">I", len(answer)) + answer)
                await writer.drain()
                if problem:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return  # the engine ended within an item, which is thereby not handed over
        finally:
            writer.close()

    async def _receive(self, reader: asyncio.StreamReader, header_length: int, content_length: int) -> str:
        if header_length > MAX_HEADER_BYTES or content_length > MAX_CONTENT_BYTES:
            return f"an item of {header_length} + {content_length} bytes is more than a hand-over takes"
        header = await reader.readexactly(header_length)
        content = await reader.readexactly(content_length)
        try:
            await self._keep(item_from_wire(header, content))
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        return ""


def item_to_wire(item: CaptureItem) -> tuple[bytes, bytes]:
    """Header and content of an item; raises ``TypeError`` where its content is not bytes in memory."""
    if isinstance(item, Rendering):
        row: dict[str, Any] = {
            "is": "rendering",
            "page_id": item.page_id,
            "url": item.url,
            "kind": item.kind.value,
            "media_type": item.media_type,
            "made_at": time_text(item.made_at),
            "made_by": item.made_by,
        }
        return json.dumps(row).encode(), item.content
    if isinstance(item, BrowserExchange):
        return _browser_exchange_to_wire(item)
    if item.content is not None and not isinstance(item.content, bytes):
        raise TypeError(f"a note's content to hand over must be bytes, found {type(item.content).__name__}")
    row = {
        "is": "note",
        "page_id": item.page_id,
        "url": item.url,
        "kind": item.kind.value,
        "at": time_text(item.at),
        "reason": item.reason,
        "outcome": None if item.outcome is None else item.outcome.value,
        "details": dict(item.details),
        "has_content": item.content is not None,
        "content_type": item.content_type,
        "request": None if item.request is None else item.request.decode("latin-1"),
    }
    return json.dumps(row).encode(), item.content or b""


def item_from_wire(header: bytes, content: bytes) -> CaptureItem:
    """The item that ``item_to_wire`` wrote; raises ``KeyError`` or ``ValueError`` on anything else."""
    row = json.loads(header)
    if row["is"] == "rendering":
        return Rendering(
            page_id=row["page_id"],
            url=row["url"],
            kind=RenderingKind(row["kind"]),
            media_type=row["media_type"],
            content=content,
            made_at=datetime.fromisoformat(row["made_at"]),
            made_by=row["made_by"],
        )
    if row["is"] == "exchange":
        return _browser_exchange_from_wire(row, content)
    return Note(
        kind=NoteKind(row["kind"]),
        page_id=row["page_id"],
        url=row["url"],
        at=datetime.fromisoformat(row["at"]),
        reason=row["reason"],
        outcome=None if row["outcome"] is None else Outcome(row["outcome"]),
        details=row["details"],
        content=content if row["has_content"] else None,
        content_type=row["content_type"],
        request=None if row["request"] is None else row["request"].encode("latin-1"),
    )


def _browser_exchange_to_wire(item: BrowserExchange) -> tuple[bytes, bytes]:
    parts = (item.request_head, item.request_body, item.response_head, item.response_body or b"")
    row = {
        "is": "exchange",
        "page_id": item.page_id,
        "url": item.url,
        "lengths": [len(part) for part in parts],
        "has_body": item.response_body is not None,
        "status": item.status,
        "protocol": item.protocol,
        "started_at": time_text(item.started_at),
        "first_byte_at": time_text(item.first_byte_at),
        "ended_at": time_text(item.ended_at),
        "tls": item.tls,
        "left_out": item.left_out,
        "body_missing": item.body_missing,
        "problem": item.problem,
    }
    return json.dumps(row).encode(), b"".join(parts)


def _browser_exchange_from_wire(row: dict[str, Any], content: bytes) -> BrowserExchange:
    if sum(row["lengths"]) != len(content):
        raise ValueError(f"an exchange of {len(content)} bytes, whose parts are {row['lengths']}")
    parts: list[bytes] = []
    for length in row["lengths"]:
        parts.append(content[:length])
        content = content[length:]
    request_head, request_body, response_head, body = parts
    return BrowserExchange(
        page_id=row["page_id"],
        url=row["url"],
        request_head=request_head,
        request_body=request_body,
        response_head=response_head,
        response_body=body if row["has_body"] else None,
        status=row["status"],
        protocol=row["protocol"],
        started_at=datetime.fromisoformat(row["started_at"]),
        first_byte_at=datetime.fromisoformat(row["first_byte_at"]),
        ended_at=datetime.fromisoformat(row["ended_at"]),
        tls=None if row["tls"] is None else (row["tls"][0], row["tls"][1]),
        left_out=tuple((name, value) for name, value in row["left_out"]),
        body_missing=row["body_missing"],
        problem=row["problem"],
    )


@contextmanager
def short_path(folder: Path, name: str) -> Iterator[str]:
    """The path of a socket in the folder by the folder's descriptor, however long its own is."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{name}"
    finally:
        os.close(descriptor)


def _exactly(sock: socket.socket, length: int) -> bytes:
    content = bytearray()
    while len(content) < length:
        piece = sock.recv(length - len(content))
        if not piece:
            raise CaptureNotStored("the recorder ended the connection")
        content += piece
    return bytes(content)
